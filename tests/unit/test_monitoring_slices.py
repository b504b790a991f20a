import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sliced import case_of, clean, wrong_outcomes
from sliced import changed as with_outcomes
from watches import watch_of

from assay.monitoring.check import judged
from assay.monitoring.rows import ScoredRows, row_keys
from assay.monitoring.sample import RowSample
from assay.monitoring.slice_reference import slice_reference
from assay.monitoring.table_rows import times_of
from assay.monitoring.watched_conditions import slice_of_json
from assay.monitoring.watched_slices import SliceTally, slice_checks, slice_facts
from assay.slices.conditions import view_of
from assay.slices.table import examine_slices

NUMERIC = ["signal", "noise", "count"]


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def weak(request):
    """Evidence of a model that fails on one category, the tables of it, and its watched slices."""
    evidence = clean(request.param)
    inside = (evidence.holdout.rows["kind"] == "c").to_numpy()
    wrong = wrong_outcomes(request.param, evidence.holdout)
    evidence = replace(evidence, holdout=with_outcomes(evidence.holdout, inside, wrong))
    slices = examine_slices(evidence, NUMERIC)
    told = slice_reference(evidence, slices.table, slices.found, 3)
    return SimpleNamespace(evidence=evidence, slices=slices, told=told)


def watch_with(weak):
    deviation = float(np.std(weak.evidence.out_of_fold.y_true))
    reference = {"slices": weak.told, "performance": {"target_sd": deviation}}
    return watch_of(case_of(weak.evidence.task.type), reference)


def tally_of(watch, known, schema):
    rows = ScoredRows(
        known.rows[schema.feature_names],
        known.y_predicted,
        row_keys(0, len(known)),
        np.asarray(known.y_true, dtype=float),
        times_of(known.rows, schema),
    )
    some = rows.at(~np.isnan(rows.outcome))
    return SimpleNamespace(
        row_count=len(rows),
        slices=SliceTally.of(rows, watch),
        scored=RowSample.of(rows, watch),
        judged=RowSample.of(some, watch),
    )


def test_slices_that_failed_are_watched_first_and_the_past_is_not(weak):
    told, table = weak.told, weak.slices.table
    json.dumps(told, allow_nan=False)
    first = next(each for each in told if each["text"] == "kind = c")
    assert first["why_watched"].startswith("the model failed on it (")
    assert (first["n"], first["share"]) == (
        int((weak.evidence.holdout.rows["kind"] == "c").sum()),
        pytest.approx((weak.evidence.holdout.rows["kind"] == "c").mean()),
    )
    row = table[(table["feature"] == "kind") & (table["slice"] == "c")].iloc[0]
    assert first["metric"]["value"] == pytest.approx(row[weak.evidence.metric.name])
    assert first["gap"]["value"] == pytest.approx(-row["calibration_gap"])
    parts = {part for each in told for c in each["conditions"] for part in [c["source"][1]]}
    assert parts <= {"", "weekday", "month", "hour"}
    grave = table["verdict"].isin(["fails", "hard"]).sum() + (
        weak.slices.found["verdict"].isin(["fails", "hard"]).sum()
    )
    assert len(told) <= grave + 3
    assert len({each["text"] for each in told}) == len(told)


def test_watched_slices_have_the_rows_that_the_tables_count(weak):
    view = view_of(weak.evidence.holdout.rows, weak.evidence.schema)
    counts = {
        (row["feature"], row["slice"]): row["n"] for row in weak.slices.table.to_dict("records")
    }
    for told in weak.told:
        inside = int(slice_of_json(told).inside(view).sum())
        assert inside == told["n"]
        if told["kind"] != "found":
            assert inside == counts[told["feature"], told["name"]]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_slice_that_got_worse_is_found_and_others_are_not(task):
    """The batch is right, and then wrong on the rows of one watched slice alone."""
    evidence = clean(task)
    slices = examine_slices(evidence, NUMERIC)
    told = slice_reference(evidence, slices.table, slices.found, 5)
    weak = SimpleNamespace(evidence=evidence, slices=slices, told=told)
    watch, schema = watch_with(weak), evidence.schema
    batch = clean(task, n=2000, seed=3).holdout
    tally = tally_of(watch, batch, schema)
    grave = [c for c in judged(slice_checks(tally, watch), 0.05) if c.level != "fine"]
    assert grave == []
    view = view_of(batch.rows, schema)
    inside = [slice_of_json(each).inside(view) for each in told]
    spoilt = max(range(len(told)), key=lambda number: inside[number].sum())
    worse = with_outcomes(batch, inside[spoilt], wrong_outcomes(task, batch))
    tally = tally_of(watch, worse, schema)
    checks = judged(slice_checks(tally, watch), 0.05)
    raised = {c.subject for c in checks if c.measure == "metric_drop" and c.level != "fine"}
    assert told[spoilt]["text"] in raised
    apart = {
        each["text"]
        for each, rows in zip(told, inside, strict=True)
        if not (rows & inside[spoilt]).any()
    }
    assert not raised & apart
    facts = slice_facts(tally, watch, checks)
    json.dumps(facts, allow_nan=False)
    assert [fact["name"] for fact in facts] == [each["text"] for each in told]
    assert facts[spoilt]["level"] in {"warning", "alarm"}


def test_slices_without_outcomes_are_told_by_their_share(weak):
    watch, schema = watch_with(weak), weak.evidence.schema
    batch = clean(schema.task, n=500, seed=4).holdout
    known = replace(batch, y_true=np.full(500, np.nan))
    tally = tally_of(watch, known, schema)
    assert slice_checks(tally, watch) == []
    facts = slice_facts(tally, watch)
    json.dumps(facts, allow_nan=False)
    of_c = next(fact for fact in facts if fact["name"] == "kind = c")
    assert of_c["share"]["now"] == pytest.approx((batch.rows["kind"] == "c").mean())
    assert (of_c["value"], of_c["n"], of_c["level"]) == (None, 0, None)
    assert of_c["mean_prediction"] is not None


def test_small_slices_are_told_and_not_judged(weak):
    watch, schema = watch_with(weak), weak.evidence.schema
    batch = clean(schema.task, n=220, seed=5).holdout
    tally = tally_of(watch, batch, schema)
    facts = slice_facts(tally, watch)
    small = {fact["name"] for fact in facts if fact["n"] < 100}
    assert "kind = c" in small
    assert not small & {check.subject for check in slice_checks(tally, watch)}
    assert all(not fact["judged"] for fact in facts if fact["name"] in small)


def test_tallies_of_slices_merge(weak):
    watch, schema = watch_with(weak), weak.evidence.schema
    known = clean(schema.task, n=300, seed=6).holdout
    whole = tally_of(watch, known, schema).slices
    parts = [
        tally_of(watch, known.at(np.arange(300) % 2 == side), schema).slices for side in (0, 1)
    ]
    parts[0].merge(parts[1])
    assert parts[0].row_count == whole.row_count == 300
    np.testing.assert_array_equal(parts[0].counts, whole.counts)
