"""Slices that nobody named: planted interactions are found, by rows that are not those that judge."""

from dataclasses import replace

import numpy as np
import pytest
from sliced import changed, clean, wrong_outcomes

from assay.slices.conditions import view_of
from assay.slices.found import excess_squared_error, search_slices
from assay.slices.judge import AS_ELSEWHERE, FAILS
from assay.slices.table import examine_slices

TASKS = ["binary", "multiclass", "regression"]


def planted(task, known):
    """Contradict predictions where two features meet."""
    rows = (known.rows["kind"] == "b") & (known.rows["noise"] > 0.4)
    return changed(known, rows.to_numpy(), wrong_outcomes(task, known))


@pytest.mark.parametrize("task", TASKS)
def test_an_interaction_that_was_planted_is_found_and_fails(task):
    evidence = clean(task, 1500)
    evidence = replace(
        evidence,
        holdout=planted(task, evidence.holdout),
        out_of_fold=planted(task, evidence.out_of_fold),
    )
    found = examine_slices(evidence, ["signal"]).found
    worst = found.iloc[0]
    assert worst["verdict"] == FAILS
    assert "kind is b" in worst["rule"]
    assert "noise > 0.4" in worst["rule"] or "noise > 0.3" in worst["rule"]
    assert worst["oof_excess"] > 0
    assert worst["look_at"]
    assert worst["next_action"]


def test_what_is_found_does_not_depend_on_the_holdout():
    evidence = clean(n=1500)
    evidence = replace(evidence, out_of_fold=planted("binary", evidence.out_of_fold))
    rng = np.random.default_rng(0)
    other = replace(
        evidence,
        holdout=replace(
            evidence.holdout,
            y_true=rng.permutation(evidence.holdout.y_true),
            rows=evidence.holdout.rows.iloc[rng.permutation(1500)].reset_index(drop=True),
        ),
    )
    first, second = (
        [(each.slice.name, each.oof_n, each.oof_excess) for each in search_slices(each)]
        for each in (evidence, other)
    )
    assert first
    assert first == second


def test_what_the_holdout_does_not_confirm_is_no_failure():
    evidence = clean(n=1500)
    evidence = replace(evidence, out_of_fold=planted("binary", evidence.out_of_fold))
    found = examine_slices(evidence, ["signal"]).found
    assert found["oof_excess"].max() > 0.1
    assert FAILS not in set(found["verdict"])
    assert AS_ELSEWHERE in set(found["verdict"])


@pytest.mark.parametrize("task", TASKS)
def test_right_predictions_have_no_excess_on_average(task):
    evidence = clean(task, 2000)
    excess = excess_squared_error(task, evidence.out_of_fold, evidence.out_of_fold)
    assert abs(excess.mean()) < 4 * excess.std() / np.sqrt(len(excess))
    wrong = changed(evidence.out_of_fold, True, wrong_outcomes(task, evidence.out_of_fold))
    if task != "regression":
        assert excess_squared_error(task, wrong, wrong).mean() > 0.05


def test_a_missing_value_is_a_test_of_its_own_and_the_rule_is_what_was_judged():
    evidence = clean(n=1500)
    known = evidence.out_of_fold
    rows = known.rows["signal"].isna().to_numpy()
    surely = np.where(rows, 0.05, known.y_predicted)
    wrong = changed(replace(known, y_predicted=surely), rows, 1)
    found = search_slices(replace(evidence, out_of_fold=wrong))
    view = view_of(evidence.out_of_fold.rows, evidence.schema)
    assert any("signal is missing" in each.slice.name for each in found)
    for each in found:
        assert each.slice.inside(view).sum() == each.oof_n
        assert each.oof_n >= max(60, 0.02 * len(known))


def test_a_feature_that_tells_a_period_is_not_searched():
    evidence = clean(n=1500)
    known = evidence.out_of_fold
    late = (known.rows["moment"] > known.rows["moment"].median()).to_numpy()
    spoilt = changed(known, late, 1 - known.y_true)
    rows = spoilt.rows.assign(count=np.where(late, 11.0, 10.0))
    found = search_slices(replace(evidence, out_of_fold=replace(spoilt, rows=rows)))
    assert not any("count" in each.slice.name for each in found)
    assert not any("month" in each.slice.name for each in found)


@pytest.mark.parametrize("change", [{"found_slice_depth": 0}, {"slice_min_rows": 4000}])
def test_nothing_is_searched_where_nothing_can_be_found(change):
    assert search_slices(clean(n=300, **change)) == []
