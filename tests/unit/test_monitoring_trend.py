"""Slow drift: what creeps is found, and what does not is left alone."""

from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from drifting import held_against, thirty, with_column
from histories import creeping, history_of, result_of, row_of, watch_of

from assay.monitoring import trend
from assay.monitoring.check import judged
from assay.monitoring.clusters import ClusterTally
from assay.monitoring.inputs import InputTally, feature_facts, input_checks
from assay.monitoring.record import history_row
from assay.monitoring.slope import fitted_slope
from assay.monitoring.trend import trend_checks, trend_facts


def counted(rows, watch):
    """The parts of a tally that inputs need."""
    return SimpleNamespace(
        row_count=len(rows),
        inputs=InputTally.of(rows, watch),
        clusters=ClusterTally.of(rows, watch),
    )


def levels(history, watch, **chosen):
    """Return what is not fine, by its key, and the facts."""
    checks, trends = trend_checks(history, None, watch, **chosen)
    told = judged(checks, watch.params.false_alarm_rate)
    found = {check.key: check.level for check in told if check.level != "fine"}
    return found, trend_facts(trends, told)


def varied(batches, seed=0, **more):
    """Return a history whose every number differs from batch to batch, around nothing that moves."""
    rng = np.random.default_rng(seed)
    names = ("mean_prediction", "flagged_rate", "value", "estimated_value", "outcome_mean")
    rows = []
    for number in range(batches):
        row = row_of(number, features={"signal": rng.normal() / 40, "noise": rng.normal() / 40})
        row |= {name: row[name] + 0.003 * rng.normal() for name in names}
        rows.append(row | {name: values[number] for name, values in more.items()})
    return history_of(rows)


def test_a_slope_is_that_of_least_squares_and_its_p_value_students():
    from scipy.stats import linregress

    places, values = np.array([0.0, 1, 2, 4, 5, 7]), np.array([0.3, 0.1, 0.5, 0.6, 0.4, 0.9])
    found, other = fitted_slope(places, values), linregress(places, values)
    assert found.per_batch == pytest.approx(other.slope)
    assert found.p_value == pytest.approx(other.pvalue)
    assert found.start == pytest.approx(other.intercept)
    assert found.end == pytest.approx(other.intercept + 7 * other.slope)


def test_numbers_that_stand_still_or_lie_on_a_line_have_sound_p_values():
    places = np.arange(6.0)
    assert fitted_slope(places, np.full(6, 0.1)).p_value == 1
    assert fitted_slope(places, np.zeros(6)).p_value == 1
    assert fitted_slope(places, 0.1 * places).p_value < 1e-9


def test_a_creeping_mean_is_found_though_no_batch_is_far_out():
    found, facts = levels(creeping(8, 0.05), watch_of(window=8))
    assert found == {"trend:signal:standardised_mean": "alarm"}
    (told,) = [fact for fact in facts if fact["subject"] == "signal"]
    assert told["change_over_window"] == pytest.approx(0.35, abs=0.06)
    assert told["slope_per_batch"] == pytest.approx(0.05, abs=0.01)
    assert (told["batches"], told["first"], told["last"]) == (8, "batch 0", "batch 7")
    assert [point["batch"] for point in told["series"]] == [f"batch {k}" for k in range(8)]
    ends = [point["value"] for point in told["series"]]
    # What is told as a fact is the first and the last value, and no end of the line.
    assert f"rose from {ends[0]:.3g} to {ends[-1]:.3g} standard deviations off" in told["sentence"]
    assert "about 0.051 standard deviations a batch, along 8 batches" in told["sentence"]
    assert "(batch 0 to batch 7; by 0.3" in told["sentence"]
    assert told["sentence"].endswith("along the line through all, warning from 0.1).")
    # The same, the other way.
    found, _ = levels(creeping(8, -0.05), watch_of(window=8))
    assert found == {"trend:signal:standardised_mean": "alarm"}


def test_what_creeps_past_every_single_batch_is_found_over_eight():
    watch = held_against(thirty(8000, 1), window=8)
    results = []
    for number in range(8):
        rows = thirty(2000, 10 + number)
        moved = rows.features["measure 0"] + 0.05 * (number - 3.5)
        tally = counted(with_column(rows, "measure 0", moved), watch)
        checks = judged(input_checks(tally, watch), watch.params.false_alarm_rate)
        assert {check.level for check in checks} == {"fine"}
        result = result_of(number)
        results.append(result | {"features": feature_facts(tally, watch, checks)})
    history = history_of(history_row(result) for result in results[:-1])
    checks, trends = trend_checks(history, history_row(results[-1]), watch)
    told = judged(checks, watch.params.false_alarm_rate)
    (found,) = [check for check in told if check.level != "fine"]
    assert found.key == "trend:measure 0:standardised_mean"
    assert found.sentence.startswith("measure 0: its mean rose from ")
    assert trend_facts(trends, told)[-1]["first"] == "batch 0"
    assert trend_checks(history.head(4), None, watch) == ([], [])


def test_200_histories_without_drift_raise_no_more_than_the_stated_rate():
    watch = watch_of(window=8)
    # Smaller batches would be stopped by the limits of effects alone: these go beyond them by chance.
    raised = sum(bool(levels(creeping(8, 0.0, 300, seed), watch)[0]) for seed in range(200))
    # 99% of binomial counts of a rate of 0.05 are at most 18.
    assert raised <= 18


def test_a_single_batch_far_out_is_no_trend():
    watch, far_out = (
        watch_of(window=8),
        pd.Series([row_of(features={"signal": 3.0})["features"]] * 8),
    )
    for place in (0, 4, 7):
        history = creeping(8, 0.0)
        history["features"] = history["features"].where(history.index != place, far_out)
        assert levels(history, watch)[0] == {}


def test_a_small_trend_is_beyond_chance_and_below_the_limit():
    assert levels(creeping(8, 0.008, 2_000_000), watch_of(window=8))[0] == {}


def test_a_season_that_the_table_had_itself_is_no_drift():
    ordinary = {"trend:signal:standardised_mean": 0.6}
    assert levels(creeping(8, 0.05), watch_of(ordinary=ordinary, window=8))[0] == {}
    # As steep along twice as many batches goes twice as far.
    watch = watch_of(ordinary=ordinary, window=8)
    assert levels(creeping(15, 0.05), watch, window=15)[0] == {}
    assert levels(creeping(15, 0.1), watch, window=15)[0]


def test_trends_need_five_batches_of_one_reference_with_enough_rows():
    watch = watch_of(window=8)
    assert trend_checks(history_of([]), None, watch) == ([], [])
    assert trend_checks(creeping(4, 0.05), None, watch) == ([], [])
    assert trend_checks(creeping(8, 0.05), None, watch)[0]
    other = creeping(8, 0.05)
    other.loc[:3, "reference_sha256"] = "of another model"
    assert trend_checks(other, None, watch) == ([], [])
    small = creeping(8, 0.05)
    small.loc[2:5, "rows_scored"] = 30
    assert trend_checks(small, None, watch) == ([], [])


def test_window_and_since_choose_the_batches():
    watch = watch_of()
    batches = trend.compared_batches(creeping(12, 0.0), None, watch, None, None)
    assert list(batches["batch"]) == [f"batch {number}" for number in range(6, 12)]
    since = datetime(2024, 7, 1)
    batches = trend.compared_batches(creeping(12, 0.0), None, watch, since, 9)
    assert list(batches["batch"]) == [f"batch {number}" for number in range(7, 12)]
    undated = creeping(12, 0.0).assign(first_time=pd.NaT)
    recorded = datetime(2025, 1, 1, 5)
    batches = trend.compared_batches(undated, None, watch, recorded, 9)
    assert list(batches["batch"]) == [f"batch {number}" for number in range(5, 12)]


def test_this_batch_counts_once_and_later_ones_not():
    watch, history = watch_of(window=20), creeping(10, 0.0)
    row = row_of(6) | {"level": "alarm"}
    batches = trend.compared_batches(history, row, watch, None, None)
    assert list(batches["batch"]) == [f"batch {number}" for number in range(7)]
    assert batches["level"].iloc[-1] == "alarm"


def test_a_metric_that_gets_worse_is_found_and_one_that_gets_better_is_not():
    ends = {"ci_low": np.full(8, 0.6), "ci_high": np.full(8, 0.8)}
    falling = 0.75 - 0.02 * np.arange(8) + np.tile([0.001, -0.001], 4)
    watch = watch_of(window=8)
    found, facts = levels(varied(8, value=falling, **ends), watch)
    assert found == {"trend:performance:roc_auc": "alarm"}
    (told,) = [fact for fact in facts if fact["measure"] == "roc_auc"]
    assert told["series"][0] == {
        "batch": "batch 0",
        "value": falling[0],
        "ci_low": 0.6,
        "ci_high": 0.8,
    }
    assert "The measured ROC AUC fell from 0.751 to 0.609, about 0.02 a batch," in told["sentence"]
    assert levels(varied(8, value=falling[::-1], **ends), watch)[0] == {}
    # An estimate is told as one.
    found, facts = levels(varied(8, estimated_value=falling), watch)
    assert found == {"trend:performance:estimated_roc_auc": "alarm"}
    (told,) = [fact for fact in facts if fact["level"] == "alarm"]
    assert told["sentence"].startswith("The estimated ROC AUC fell")


def test_outcomes_that_are_not_known_yet_are_left_out():
    known = [0.75 - 0.03 * number + 0.001 * (number % 2) for number in range(6)]
    found, facts = levels(varied(8, value=[*known, None, None]), watch_of(window=8))
    assert found == {"trend:performance:roc_auc": "alarm"}
    (told,) = [fact for fact in facts if fact["measure"] == "roc_auc"]
    assert (told["batches"], told["last"]) == (6, "batch 5")
    # A gap between batches is one in time too.
    gaps = [0.75, None, 0.71, None, 0.67, 0.66, 0.63, 0.61]
    _, facts = levels(varied(8, value=gaps), watch_of(window=8))
    (told,) = [fact for fact in facts if fact["measure"] == "roc_auc"]
    assert told["slope_per_batch"] == pytest.approx(-0.02, abs=0.002)
    assert told["series"][1]["value"] is None
    assert levels(varied(8, value=[*known[:4], *[None] * 4]), watch_of(window=8))[0] == {}


def test_numbers_are_judged_relative_to_their_size():
    watch = watch_of("regression", window=8)
    widths = 100 + 5.0 * np.arange(8) + np.tile([0.3, -0.3], 4)
    mean = 1000 + 25.0 * np.arange(8) + np.tile([1, -1], 4)
    rows = varied(8, mean_interval_width=widths, mean_prediction=np.full(8, 1000.0))
    found, facts = levels(rows.assign(flagged_rate=None, metric="mae", value=None), watch)
    assert found == {"trend:predictions:mean_interval_width": "alarm"}
    (told,) = [fact for fact in facts if fact["level"] == "alarm"]
    assert "rose from 100 to 135, about 5 a batch, along" in told["sentence"]
    assert "warning from 10%" in told["sentence"]
    far = rows.assign(flagged_rate=None, metric="mae", value=None, mean_interval_width=100.0)
    found, facts = levels(far.assign(mean_prediction=mean), watch)
    assert found == {"trend:predictions:mean": "alarm"}
    (told,) = [fact for fact in facts if fact["level"] == "alarm"]
    assert "from 1,001 to 1,174, about 25 a batch, along" in told["sentence"]
    _, facts = levels(far.assign(outcome_mean=mean), watch)
    (told,) = [fact for fact in facts if fact["subject"] == "outcomes"]
    assert "The mean outcome rose from 1,001 to 1,174" in told["sentence"]
    assert "by 0.87 standard deviations" in told["sentence"]


def test_the_share_of_a_class_that_creeps_is_found():
    shares = [0.2 + 0.02 * number + 0.001 * (number % 2) for number in range(8)]
    told = [[{"label": "low", "share": s}, {"label": "| high", "share": 1 - s}] for s in shares]
    rows = varied(8, predicted_shares=told).assign(metric="log_loss", flagged_rate=None)
    found, facts = levels(rows, watch_of("multiclass", window=8))
    assert found == {
        "trend:predictions:share of low": "alarm",
        "trend:predictions:share of | high": "alarm",
    }
    assert any(
        "rows predicted as low rose from 20.0% to 34.1%, about 2 points a batch" in f["sentence"]
        for f in facts
    )


def test_a_metric_of_before_is_no_series_of_this_one():
    falling = varied(8, value=0.75 - 0.02 * np.arange(8))
    assert levels(falling.assign(metric="brier"), watch_of(window=8))[0] == {}


def test_features_that_come_and_go_and_wide_tables_are_read():
    history = creeping(8, 0.05)
    history["features"] = [[], *history["features"][1:]]
    found, _ = levels(history, watch_of(window=8))
    assert found == {"trend:signal:standardised_mean": "alarm"}
    wide = {f"column {number}": 0.0 for number in range(1500)}
    history = history_of([row_of(number, features=wide) for number in range(6)])
    assert levels(history, watch_of())[0] == {}
