import numpy as np
import pandas as pd
import pytest
from cases import make_case
from watches import watch_of

from assay.metrics.catalogue import primary_metric
from assay.monitoring.retraining import retraining_limit, retraining_of, retraining_reference

METRIC = primary_metric("binary", "roc_auc")


def watch(error=0.01, **told):
    """A model with a ROC AUC of 0.72 [0.70, 0.74] on 4,000 rows."""
    estimate = {"value": 0.72, "ci_low": 0.70, "ci_high": 0.74} | told
    rule = retraining_reference(METRIC, {"row_count": 4000, "model": {"roc_auc": estimate}})
    metrics = {"roc_auc": {"value": 0.72, "standard_error": error}}
    case = make_case()
    return watch_of(case, {"performance": {"metrics": metrics, "retraining": rule}})


def looked(value, n, error=0.01):
    return {"n": n, "metrics": {"roc_auc": {"value": value, "standard_error": error}}}


def told_of(performance, history, watched, first=None, last=None, through=None):
    """The rule's answer for a batch named now."""
    batch = {"name": "now", "first_time": first, "last_time": last}
    result = {"batch": batch, "model": {"data_through": through}}
    return retraining_of(performance, history, watched, result)


def batches(*looks, metric="roc_auc", times=None):
    return pd.DataFrame(
        [
            {
                "batch": f"b{place}",
                "batch_id": f"id {place}",
                "metric": metric,
                "value": value,
                "standard_error": error,
                "metric_rows": n,
                "first_time": pd.Timestamp(times[place][0]) if times else pd.NaT,
                "last_time": pd.Timestamp(times[place][1]) if times else pd.NaT,
            }
            for place, (value, error, n) in enumerate(looks)
        ]
    )


@pytest.mark.parametrize(
    ("name", "told", "limit"),
    [
        ("roc_auc", {"value": 0.7, "ci_low": 0.6, "ci_high": 0.8}, 0.5586),
        ("log_loss", {"value": 0.7, "ci_low": 0.6, "ci_high": 0.8}, 0.8414),
        ("roc_auc", {"value": 1.0}, 1.0),
    ],
)
def test_the_limit_is_sqrt_2_times_as_far_as_the_worse_end(name, told, limit):
    metric = primary_metric("binary", {"log_loss": "neg_log_loss"}.get(name, name))
    assert retraining_limit(metric, told) == pytest.approx(limit, abs=1e-4)


@pytest.mark.parametrize(
    ("value", "n", "met", "words"),
    [
        (
            0.66,
            4000,
            True,
            "Train the model again: ROC AUC over 4,000 rows of now is 0.66, below the limit",
        ),
        (
            0.71,
            4000,
            False,
            "No need to train again: ROC AUC over 4,000 rows of now is 0.71, not below",
        ),
        (
            0.50,
            3999,
            None,
            "cannot be said yet: ROC AUC over 3,999 rows of now is 0.5, and the limit of",
        ),
    ],
)
def test_a_batch_is_held_against_the_limit_on_enough_rows(value, n, met, words):
    told = told_of(looked(value, n), None, watch())
    assert told["met"] is met
    assert words in told["sentence"]
    assert told["limit"] == pytest.approx(0.72 - 0.02 * np.sqrt(2))
    assert (told["rows"], told["rows_needed"], told["batches"]) == (n, 4000, 1)


def test_small_batches_are_pooled_with_the_latest_ones_by_their_rows():
    history = batches(
        (0.99, 0.01, 9000), (0.60, 0.02, 1000), (np.nan, np.nan, 500), (0.70, 0.01, 2000)
    )
    told = told_of(looked(0.64, 1500, 0.03), history, watch())
    assert (told["rows"], told["batches"]) == (4500, 3)
    assert told["value"] == pytest.approx((0.64 * 1500 + 0.7 * 2000 + 0.6 * 1000) / 4500)
    errors = np.array([0.03 * 1500, 0.01 * 2000, 0.02 * 1000]) / 4500
    assert told["standard_error"] == pytest.approx(np.sqrt((errors**2).sum()))
    assert told["met"] is True
    assert "over 4,500 rows of b1, b3 and now is" in told["sentence"]
    assert told["batch_names"] == ["b1", "b3", "now"] and told["includes_batch"] is True
    # What another metric was tells nothing.
    other = told_of(looked(0.64, 1500), batches((0.6, 0.1, 9000), metric="brier"), watch())
    assert other["met"] is None


def test_beyond_the_limit_by_chance_of_shared_days_is_not_enough():
    """With errors of 0.03, a fall by 0.05 is 1.2 standard errors of the difference."""
    told = told_of(looked(0.67, 4000, 0.03), None, watch(error=0.03))
    assert told["met"] is False
    assert "by no more than chance" in told["sentence"]
    assert told_of(looked(0.60, 4000, 0.03), None, watch(error=0.03))["met"] is True


def test_without_outcomes_nothing_can_be_said_and_nothing_is_asked_of_an_older_run():
    told = told_of(None, None, watch())
    assert (told["met"], told["value"], told["rows"]) == (None, None, 0)
    assert "there are none" in told["sentence"]
    assert told_of(None, batches((0.6, 0.01, 5000)), watch())["met"] is True
    assert told_of(looked(0.7, 10), None, watch_of(make_case())) is None
    assert told_of(looked(0.7, 10), None, watch_of(make_case(), {"performance": None})) is None


def test_no_row_counts_twice():
    times = [
        ("2013-08-01", "2013-08-31"),
        ("2013-09-01", "2013-09-30"),
        ("2013-09-15", "2013-10-02"),
    ]
    history = batches(*[(0.7, 0.01, 1000)] * 3, times=times)
    now = {"first": "2013-10-01", "last": "2013-10-31"}
    told = told_of(looked(0.6, 1500), history, watch(), **now)
    # October overlaps the batch that ends on its second day, and not those before.
    assert told["batch_names"] == ["b0", "b1", "now"]
    assert told["rows"] == 3500
    same = history.assign(batch_id="one")
    assert told_of(None, same, watch())["batch_names"] == ["b2"]


def test_rows_that_the_model_may_have_learnt_from_count_neither_way():
    times = [("2013-08-01", "2013-08-31"), ("2013-11-01", "2013-11-30")]
    history = batches((0.9, 0.01, 9000), (0.7, 0.01, 1000), times=times)
    now = {"first": "2013-10-01", "last": "2013-12-31", "through": "2013-10-31T21:50:00"}
    told = told_of(looked(0.1, 9000), history, watch(), **now)
    assert (told["met"], told["includes_batch"], told["batch_names"]) == (None, False, ["b1"])
    assert "This batch does not count: it begins before the model's data ended" in told["sentence"]
    after = told_of(looked(0.1, 9000), history, watch(), **now | {"first": "2013-12-01"})
    assert (after["met"], after["batch_names"]) == (True, ["now"])


def by_month(value=0.68):
    """The same model, whose ROC AUC by month was 0.68."""
    found = watch()
    told = {"cadence": "month", "of": "holdout", "windows": 3, "rows": 4000}
    told["metrics"] = {"roc_auc": {"value": value, "standard_error": 0.01}}
    found.reference["performance"]["by_window"] = told
    return found


def test_batches_of_a_month_are_held_against_the_holdout_by_month():
    months = [("2024-01-01", "2024-01-31"), ("2024-02-01", "2024-02-29")]
    history = batches(*[(0.68, 0.015, 2000)] * 2, times=months)
    told = told_of(None, history, by_month())
    assert (told["met"], told["batches"]) == (False, 2)
    assert told["limit"] == pytest.approx(0.68 - 0.02 * np.sqrt(2))
    assert "(the holdout had 0.68 by month, 0.72 as a whole)" in told["sentence"]
    # Over the holdout as a whole, the same two months would call for training again.
    assert told_of(None, history, watch())["met"] is True
    assert told_of(None, history.assign(value=0.62), by_month())["met"] is True
    # So it is with one batch that is as long as the holdout: it has what the whole has.
    long = batches((0.68, 0.015, 4000), times=[("2024-01-01", "2024-03-31")])
    assert told_of(None, long, by_month())["met"] is True


def test_daily_batches_are_not_pooled_beside_a_month():
    times = [(f"2024-03-{day:02}", f"2024-03-{day:02}") for day in range(1, 13)]
    history = batches(*[(0.6, 0.015, 2000)] * 12, times=times)
    told = told_of(None, history, by_month())
    assert (told["met"], told["rows"]) == (None, 0)
    assert "12 batches of less than half a month do not count" in told["sentence"]
