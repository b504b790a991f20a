import json
from dataclasses import replace

import numpy as np
import pytest
from cases import make_case
from outputs_watched import decision_of, held_against, watched
from watches import scored_rows, watch_of

from assay.artifacts import json_text
from assay.monitoring.check import judged
from assay.monitoring.outputs import OutputTally, output_checks, output_facts, output_reference
from assay.monitoring.tally import tally_rows

TASKS = ["binary", "multiclass", "regression"]


def alone(rows):
    """Rows that share neither days nor groups."""
    return replace(rows, times=None, groups=None)


def flat_watch(task="binary", before=4000):
    """A watch whose rows share nothing."""
    case = make_case(task)
    draw = watch_of(case)
    return held_against(
        case, alone(scored_rows(draw, before, 1)), alone(scored_rows(draw, 1000, 2))
    )


def checks_of(watch, rows):
    return {check.measure: check for check in output_checks(tally_rows(rows, watch), watch)}


@pytest.mark.parametrize("task", TASKS)
def test_tallies_of_halves_merge_into_that_of_the_whole(task):
    watch = watched(task)
    rows = scored_rows(watch, 900, 5)
    first = np.arange(900) < 311
    merged = OutputTally.of(rows.at(first), watch)
    merged.merge(OutputTally.of(rows.at(~first), watch))
    whole = OutputTally.of(rows, watch)
    assert merged.row_count == 900 and merged.hits == whole.hits
    assert (merged.bins == whole.bins).all() and (merged.classes == whole.classes).all()
    for name, sums in whole.sums.items():
        assert merged.sums[name] == pytest.approx(sums)


@pytest.mark.parametrize("task", TASKS)
def test_facts_are_those_of_the_rows_and_finite(task):
    watch = watched(task)
    rows = scored_rows(watch, 900, 5)
    facts = output_facts(tally_rows(rows, watch), watch)
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    bins = facts["distribution"]["bins"]
    assert sum(each["now"] for each in bins) == pytest.approx(1)
    assert sum(each["before"] for each in bins) == pytest.approx(1)
    if task == "binary":
        assert facts["mean"]["now"] == pytest.approx(rows.predicted.mean())
        assert facts["flagged_rate"]["now"] == pytest.approx((rows.predicted >= 0.5).mean())
    elif task == "multiclass":
        top = rows.predicted.max(axis=1)
        assert facts["mean_confidence"]["now"] == pytest.approx(top.mean())
        assert facts["decided_rate"]["now"] == pytest.approx((top >= 0.6).mean())
        shares = [each["now"] for each in facts["predicted_shares"]]
        assert shares == pytest.approx(np.bincount(rows.predicted.argmax(axis=1)) / 900)
    else:
        low, high = watch.decision["low"], watch.decision["high"]
        widths = np.subtract(high, low)
        place = np.searchsorted(watch.decision["edges"], rows.predicted, side="right")
        assert facts["mean_interval_width"]["now"] == pytest.approx(widths[place].mean())
        assert facts["mean_prediction_quantile"]["now"] > facts["mean"]["now"]
    for told in facts.values():
        if told and "ci_low" in told:
            assert told["ci_low"] < told["now"] < told["ci_high"]


@pytest.mark.parametrize("task", TASKS)
def test_the_reference_is_the_same_bytes_again_and_holds_no_rows(task):
    case = make_case(task)
    rows, holdout = (scored_rows(watch_of(case), 3000, seed) for seed in (1, 2))
    decision = decision_of(rows, task)
    made = [
        json_text(output_reference(rows, holdout, case.schema, decision, case.params.task))
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert len(made[0]) < 20_000


def test_predictions_that_moved_raise_the_distance_and_the_flagged_rate():
    watch = flat_watch()
    rows = alone(scored_rows(watch, 2000, 5))
    odds = rows.predicted / (1 - rows.predicted) * np.exp(1)
    moved = checks_of(watch, replace(rows, predicted=odds / (1 + odds)))
    level = {check.measure: check.level for check in judged(list(moved.values()), 0.05)}
    assert level["flagged_rate"] == "alarm"
    assert level["js_distance"] in ("warning", "alarm")
    tally = tally_rows(replace(rows, predicted=odds / (1 + odds)), watch)
    facts = output_facts(tally, watch, judged(list(moved.values()), 0.05))
    assert facts["flagged_rate"]["level"] == "alarm"
    sentence = moved["flagged_rate"].sentence
    assert f"{moved['flagged_rate'].now:.1%}" in sentence and "out-of-fold" in sentence


def test_a_class_that_is_predicted_more_often_is_named():
    watch = flat_watch("multiclass")
    rows = alone(scored_rows(watch, 2000, 5))
    shares = rows.predicted * [1, 1, 2.5]
    rows = replace(rows, predicted=shares / shares.sum(axis=1, keepdims=True))
    found = judged(output_checks(tally_rows(rows, watch), watch), 0.05)
    raised = {check.subject for check in found if check.level != "fine"}
    assert f"class {watch.schema.labels[2]}" in raised


def test_wider_intervals_are_told_by_how_much():
    watch = flat_watch("regression")
    rows = alone(scored_rows(watch, 2000, 5))
    decision = dict(watch.decision)
    decision["high"] = [high + 4 for high in decision["high"]]
    check = checks_of(replace(watch, decision=decision), rows)["mean_interval_width"]
    before = watch.reference["outputs"]["out_of_fold"]["means"]["mean_interval_width"][0]
    assert check.effect == pytest.approx(4 / before, rel=0.1)


def test_rows_that_are_all_decided_are_asked_nothing():
    watch = flat_watch("multiclass")
    rows = alone(scored_rows(watch, 500, 5))
    assert "decided_rate" in checks_of(watch, rows)
    every = replace(watch, decision={"min_confidence": 0.0})
    assert "decided_rate" not in checks_of(every, rows)


def test_batches_like_those_before_raise_nothing_more_often_than_stated():
    # Limits so near that only p-values hold alarms back.
    watch = flat_watch()
    nearest = watch.params.warn.model_copy(update={"distance": 1e-6, "rate": 1e-6, "change": 1e-6})
    params = watch.params.model_copy(update={"warn": nearest})
    watch = replace(watch, params=params)
    raised = 0
    for seed in range(300):
        found = output_checks(tally_rows(alone(scored_rows(watch, 400, 100 + seed)), watch), watch)
        raised += judged(found, 0.05)[0].level != "fine"
    # 15 of 300 are expected at most; 27 or more have a chance of 0.3%.
    assert 1 <= raised < 27


def test_an_empty_batch_has_nothing_to_tell():
    watch = watched()
    tally = tally_rows(scored_rows(watch, 100, 5).at(np.zeros(100, dtype=bool)), watch)
    assert output_checks(tally, watch) == []
    assert output_facts(tally, watch) == {}
