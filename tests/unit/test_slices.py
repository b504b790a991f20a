"""Slices: what fails is named, what is only hard is not called a failure, and clean tables are silent."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr
from sliced import case_of, changed, clean, error_slices, wrong_outcomes

from assay.expected_loss import near_residuals
from assay.metrics.binary import row_log_loss
from assay.periods import periods_of
from assay.plots.slices import slices_figures
from assay.report.rendering import render
from assay.report.slices import slices_facts
from assay.sections import TASK_METRICS
from assay.slices import judge
from assay.slices.conditions import Missing, Slice
from assay.slices.expected import plausible_outcomes
from assay.slices.judge import AS_ELSEWHERE, FAILS, FALLS_SHORT, HARD, TOO_FEW, Judge
from assay.slices.recalibrated import recalibrated
from assay.slices.table import (
    examine_slices,
    found_columns,
    plot_table,
    slice_columns,
    slices_json,
)

TASKS = ["binary", "multiclass", "regression"]
NUMERIC = ["signal", "noise", "count"]


def of(table, feature, name, kind=None):
    rows = table[(table["feature"] == feature) & (table["slice"] == name)]
    if kind:
        rows = rows[rows["kind"] == kind]
    assert len(rows) == 1
    return rows.iloc[0]


def spoilt(evidence, task):
    inside = (evidence.holdout.rows["kind"] == "c").to_numpy()
    wrong = wrong_outcomes(task, evidence.holdout)
    return replace(evidence, holdout=changed(evidence.holdout, inside, wrong))


@pytest.mark.parametrize(
    ("task", "scorer"), [(task, scorer) for task in TASKS for scorer in TASK_METRICS[task]]
)
def test_the_slice_whose_outcomes_contradict_the_model_fails_by_every_metric(task, scorer):
    evidence = spoilt(clean(task, scorer=scorer), task)
    worst = error_slices(evidence, ["noise"]).iloc[0]
    assert (worst["feature"], worst["slice"], worst["verdict"]) == ("kind", "c", FAILS)
    if scorer == "average_precision":
        # It grows with the share of positives, which the contradiction has raised.
        assert worst["why"] == "predicts too little"
    else:
        assert FALLS_SHORT in worst["why"]
        assert worst["shortfall_ci_low"] > 0
        assert worst["shortfall_p_value"] < 1e-3
        assert worst["difference_ci_low"] > 0


@pytest.mark.parametrize("scorer", TASK_METRICS["binary"])
def test_rows_that_the_model_knows_to_be_noise_do_not_fail(scorer):
    """Within c no score tells outcomes apart, and none claims to."""
    evidence = clean(n=2000, scorer=scorer)
    inside = (evidence.holdout.rows["kind"] == "c").to_numpy()
    rng = np.random.default_rng(8)
    score = np.where(inside, 0.5 + rng.uniform(-0.02, 0.02, 2000), evidence.holdout.y_predicted)
    y_true = (rng.uniform(size=2000) < score).astype(int)
    known = changed(replace(evidence.holdout, y_predicted=score), inside, y_true)
    row = of(error_slices(replace(evidence, holdout=known), []), "kind", "c")
    assert row["verdict"] == HARD
    assert row["shortfall_p_value"] > 0.2


def test_a_level_that_is_off_is_a_failure_where_the_order_of_scores_is_right():
    evidence = clean(n=2000)
    inside = (evidence.holdout.rows["kind"] == "c").to_numpy()
    lower = np.where(inside, evidence.holdout.y_predicted * 0.5, evidence.holdout.y_predicted)
    table = error_slices(
        replace(evidence, holdout=replace(evidence.holdout, y_predicted=lower)), []
    )
    row = of(table, "kind", "c")
    assert (row["verdict"], row["why"]) == (FAILS, "predicts too little")
    assert row["gap_ci_high"] < 0
    assert row["calibration_gap"] == pytest.approx(row["mean_prediction"] - row["mean_outcome"])
    assert set(table["verdict"]) >= {AS_ELSEWHERE}


@pytest.mark.parametrize("scorer", ["roc_auc", "neg_log_loss"])
def test_what_is_wrong_everywhere_fails_nowhere_in_particular(scorer):
    """The quantiles of `signal` tell high from low scores, where a slope that is off is seen most."""
    evidence = clean(n=1500, scorer=scorer)
    odds = evidence.holdout.y_predicted / (1 - evidence.holdout.y_predicted)
    for score in (1 / (1 + 0.5 / odds), 1 / (1 + odds**-2.0), 1 / (1 + odds**-0.5)):
        known = replace(evidence.holdout, y_predicted=score)
        table = error_slices(replace(evidence, holdout=known), ["signal", "noise"])
        assert FAILS not in set(table["verdict"])


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_classes_and_numbers_that_are_wrong_everywhere_fail_nowhere_in_particular(task):
    evidence = clean(task, n=1500)
    told = evidence.holdout.y_predicted
    if task == "multiclass":
        wrong = told**2 * [1.0, 2.0, 1.0]
        wrong /= wrong.sum(axis=1, keepdims=True)
    else:
        wrong = 3 + 1.6 * told
    known = replace(evidence.holdout, y_predicted=wrong)
    assert FAILS not in set(
        error_slices(replace(evidence, holdout=known), ["signal", "noise"])["verdict"]
    )


def test_what_is_wrong_everywhere_is_taken_out():
    for task in TASKS:
        known = clean(task, n=2000).holdout
        told = known.y_predicted
        right = recalibrated(task, known).y_predicted
        if task == "regression":
            wrong = 3 + 1.6 * told
        else:
            shares = np.column_stack([1 - told, told]) if task == "binary" else told
            wrong = shares**2 * ([1.0, 3.0] if task == "binary" else [1.0, 3.0, 2.0])
            wrong /= wrong.sum(axis=1, keepdims=True)
            wrong = wrong[:, 1] if task == "binary" else wrong
        mended = recalibrated(task, replace(known, y_predicted=wrong)).y_predicted
        np.testing.assert_allclose(mended, right, atol=0.01)
        assert np.abs(wrong - told).mean() > 0.05
    flat = replace(known, y_predicted=np.full(2000, 4.0))
    np.testing.assert_allclose(recalibrated("regression", flat).y_predicted, known.y_true.mean())


def test_numbers_with_a_long_tail_are_not_off_where_the_tail_is_missed():
    """Predictions are right on average; few rows have most of the sum."""
    failing = 0
    for seed in range(6):
        rng, evidence = np.random.default_rng([9, seed]), quick(clean("regression", 500, seed))
        known = [
            replace(part, y_true=part.y_predicted + np.exp(2 * rng.normal(size=len(part)) - 2) - 1)
            for part in (evidence.holdout, evidence.out_of_fold)
        ]
        table = error_slices(replace(evidence, holdout=known[0], out_of_fold=known[1]), ["signal"])
        failing += (table["verdict"] == FAILS).any()
    assert failing <= 1


def test_numbers_that_are_mostly_predicted_exactly_are_judged_as_far_as_they_can_be():
    evidence = clean("regression", scorer="neg_median_absolute_error")
    for each in (evidence.holdout, evidence.out_of_fold):
        each.y_true[::2] = each.y_predicted[::2]
        each.y_true[1::4] = each.y_predicted[1::4]
    table = error_slices(evidence, ["noise"])
    assert FAILS not in set(table["verdict"])


def test_times_may_be_at_midnight_in_one_part_alone():
    evidence = clean(n=900)
    dates = evidence.holdout.rows["moment"].dt.floor("D")
    holdout = replace(evidence.holdout, rows=evidence.holdout.rows.assign(moment=dates))
    late = (evidence.out_of_fold.rows["moment"].dt.hour > 15).to_numpy()
    known = changed(evidence.out_of_fold, late, 1 - evidence.out_of_fold.y_true)
    found = examine_slices(replace(evidence, holdout=holdout, out_of_fold=known), NUMERIC).found
    assert found["rule"].str.contains("hour of moment").any()


@pytest.mark.parametrize(("task", "clustered"), [("binary", True), ("regression", False)])
def test_clean_tables_raise_no_more_alarms_than_stated(task, clustered):
    """At most 5% of tables may, and 30% at a level of 30%, which many tables show sooner.

    More than 3 of 24, or more than 12, have a chance of 3% and 1% at these rates.
    """
    least = []
    for seed in range(24):
        evidence = clean(task, 400, seed, clustered=clustered, slice_min_rows=70)
        table = error_slices(quick(evidence), ["signal"])
        least.append(table[["shortfall_p_value", "level_p_value"]].min().min())
    assert np.sum(np.array(least) < 0.05) <= 3
    assert np.sum(np.array(least) < 0.3) <= 12


def quick(evidence):
    return replace(evidence, bootstrap=replace(evidence.bootstrap, resamples=60))


def test_slices_that_differ_by_chance_alone_are_seldom_hard():
    """Every score comes from one distribution, whatever the row's noise, count or time."""
    hard = 0
    for seed in range(12):
        rng, evidence = np.random.default_rng([6, seed]), quick(clean(n=500, seed=seed))
        score = rng.uniform(0.1, 0.8, 500)
        y_true = (rng.uniform(size=500) < score).astype(int)
        holdout = replace(evidence.holdout, y_true=y_true, y_predicted=score)
        table = error_slices(replace(evidence, holdout=holdout), ["noise", "count"])
        hard += (table["verdict"] == HARD).any()
    assert hard <= 3


def test_figures_are_what_they_are_called():
    evidence = clean(scorer="neg_log_loss")
    table = error_slices(evidence, [])
    holdout, row = evidence.holdout, of(table, "kind", "b")
    inside = (holdout.rows["kind"] == "b").to_numpy()
    loss = row_log_loss(holdout.y_true, holdout.y_predicted)
    assert row["n"] == inside.sum()
    assert row["log_loss"] == row["mean_loss"] == pytest.approx(loss[inside].mean())
    assert row["ci_low"] < row["log_loss"] < row["ci_high"]
    assert row["difference"] == pytest.approx(loss[inside].mean() - loss.mean())
    score = holdout.y_predicted[inside]
    entropy = -(score * np.log(score) + (1 - score) * np.log(1 - score)).mean()
    every = holdout.y_predicted
    of_all = -(every * np.log(every) + (1 - every) * np.log(1 - every)).mean()
    # As right as on all rows: these miss what is expected of them, too.
    assert row["expected"] == pytest.approx(entropy + loss.mean() - of_all, rel=0.02)
    assert row["shortfall"] == pytest.approx(row["log_loss"] - row["expected"])
    assert row["mean_prediction"] == pytest.approx(score.mean())


def test_residuals_that_are_smaller_everywhere_make_no_slice_fail():
    """As they are where folds expand in time, and the holdout has the most to learn from."""
    evidence = quick(clean("regression", n=900))
    known = evidence.out_of_fold
    worse = replace(known, y_true=known.y_predicted + 2.5 * (known.y_true - known.y_predicted))
    for scorer in TASK_METRICS["regression"]:
        task = evidence.task.model_copy(update={"primary_metric": scorer})
        changed_evidence = replace(evidence, out_of_fold=worse, task=task)
        table = error_slices(changed_evidence, ["signal", "noise"])
        assert FAILS not in set(table["verdict"])
        row = of(table, "kind", "b")
        assert row["expected"] == pytest.approx(row[Judge(changed_evidence).metric.name], rel=0.3)


def test_a_number_may_have_the_residuals_of_the_nearest_predictions():
    evidence = clean("regression")
    near = near_residuals(evidence.holdout.y_predicted, evidence.out_of_fold)
    known, told = evidence.out_of_fold, evidence.holdout.y_predicted[7]
    order = np.argsort(np.abs(known.y_predicted - told))[:100]
    assert set((known.y_true - known.y_predicted)[order]) <= set(near[7])
    plausible = plausible_outcomes(evidence)
    drawn = plausible.outcomes - evidence.holdout.y_predicted[:, None]
    error = evidence.holdout.y_true - evidence.holdout.y_predicted
    near *= np.abs(error).mean() / np.abs(near).mean()
    np.testing.assert_allclose(np.sqrt((drawn**2).mean()), np.sqrt((near**2).mean()), rtol=0.03)


def test_of_many_classes_some_are_taken_as_often_as_they_are_probable():
    evidence, rng = clean("multiclass"), np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(30) / 4, 900)
    plausible = plausible_outcomes(
        replace(evidence, holdout=replace(evidence.holdout, y_predicted=shares))
    )
    counted = np.bincount(plausible.outcomes.ravel(), minlength=30) / plausible.outcomes.size
    np.testing.assert_allclose(counted, shares.mean(axis=0), atol=0.006)
    np.testing.assert_allclose(plausible.shares.sum(axis=1), 1)


@pytest.mark.parametrize("task", TASKS)
def test_levels_are_told_in_the_unit_of_the_task(task):
    evidence = clean(task)
    row = of(error_slices(evidence, []), "kind", "b")
    inside = (evidence.holdout.rows["kind"] == "b").to_numpy()
    y_true, told = evidence.holdout.y_true[inside], evidence.holdout.y_predicted[inside]
    if task == "multiclass":
        y_true, told = told.argmax(axis=1) == y_true, told.max(axis=1)
    assert row["mean_outcome"] == pytest.approx(y_true.mean())
    assert row["mean_prediction"] == pytest.approx(told.mean())


def test_few_rows_of_a_class_are_not_judged_by_their_order():
    evidence = clean()
    rare = (evidence.holdout.rows["kind"] == "b").to_numpy()
    position = np.flatnonzero(rare)[:9]
    holdout = changed(evidence.holdout, rare, np.isin(np.arange(900), position).astype(int))
    low = np.where(rare, 0.03 + 0.001 * np.arange(900) / 900, holdout.y_predicted)
    holdout = replace(holdout, y_predicted=low)
    row = of(error_slices(replace(evidence, holdout=holdout), []), "kind", "b")
    assert row["verdict"] == TOO_FEW
    assert np.isnan(row["shortfall"])
    assert np.isfinite(row["roc_auc"])


def test_a_slice_that_cannot_have_the_metric_is_listed_without():
    evidence = clean("multiclass", scorer="roc_auc_ovr")
    inside = (evidence.holdout.rows["kind"] == "b").to_numpy()
    holdout = changed(evidence.holdout, inside, np.zeros(900, dtype=int))
    row = of(error_slices(replace(evidence, holdout=holdout), []), "kind", "b")
    assert np.isnan(row["roc_auc_ovr"])
    assert row["verdict"] in {TOO_FEW, FAILS}


def card_of(slices):
    facts = slices_facts(slices.table, slices.found)
    return render("card_slices.md.j2", slices=slices_json(slices), **facts)


@pytest.mark.parametrize("task", TASKS)
def test_tables_have_their_columns_also_where_nothing_is_judged(task):
    evidence = clean(task, 200, slice_min_rows=5000, found_slice_depth=0)
    slices = examine_slices(evidence, NUMERIC)
    assert slices.table.empty
    assert slices.found.empty
    assert tuple(slices.table) == slice_columns(slices.metric)
    assert tuple(slices.found) == found_columns(slices.metric)
    assert slices_json(slices)["count"] == 0
    assert plot_table(slices).empty
    assert slices_figures(slices) == {}
    card = card_of(slices)
    assert "No part of the holdout was large enough" in card


@pytest.mark.parametrize("task", TASKS)
def test_the_summary_the_bars_and_the_card_name_the_failing_slice(task):
    slices = examine_slices(spoilt(clean(task), task), NUMERIC)
    summary = slices_json(slices)
    assert summary["worst"]["slice"] == "c"
    assert summary["worst"]["ci_low"] < summary["worst"]["value"] < summary["worst"]["ci_high"]
    assert summary["count"] == len(slices.table) == sum(summary["verdicts"].values())
    assert sum(summary["kinds"].values()) == summary["count"]
    json.dumps(summary, allow_nan=False)
    bars = plot_table(slices)
    assert len(bars) <= 25
    assert bars["slice"].is_unique
    assert bars["slice"][0] == "kind = c"
    assert bars["difference"][0] > 0
    card = card_of(slices)
    assert "| `kind = c` |" in card
    assert "corrected for the number of parts, and also for days that share" in card
    weakest = card.split("The weakest part of each cut")[1]
    assert "| kind | c |" in weakest.splitlines()[4]
    figure = slices_figures(slices)["slices"]
    told = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert told[-1].startswith("kind = c (")
    assert f"n = {900:,}" in figure._suptitle.get_text()
    assert figure.axes[1].get_xlabel().startswith("predicted less actual")
    drawn = {float(x) for line in figure.axes[1].get_lines() for x in line.get_xdata()}
    assert {slices.level, *slices.table["calibration_gap"].head(5)} <= drawn
    unknown = slices.table.assign(ci_low=np.nan, ci_high=np.nan)
    assert slices_figures(replace(slices, table=unknown))


def test_the_card_explains_its_verdicts_also_where_none_is_given():
    slices = examine_slices(clean(), NUMERIC)
    quiet = slices.table.assign(verdict=AS_ELSEWHERE)
    card = card_of(replace(slices, table=quiet))
    assert "none fail and none are hard. A part fails where the model is worse" in card
    assert "no proof that all are good" in card
    assert "\n\nThe weakest part of each cut" in card
    assert "share what happened" not in card_of(replace(slices, period="", periods=0))


def test_actions_are_sentences_whatever_names_stand_in_them():
    slices = examine_slices(spoilt(clean(), "binary"), NUMERIC)
    for action, shown in (
        (
            "collect more rows of pressure > 1026.8 and hour ≤ 13",
            "pressure > 1026.8 and hour ≤ 13 |",
        ),
        ("train on a|b = <b>, _c_ [d](e)", "a&#124;b = &#60;b>, &#95;c&#95; [d&#93;(e) |"),
        ("check `x`\n$y$ & z_1 *&amp;", "&#96;x&#96; &#36;y&#36; & z_1 &#42;&#38;amp; |"),
    ):
        card = card_of(replace(slices, table=slices.table.head(1).assign(next_action=action)))
        assert shown in card


def test_odd_names_stand_in_one_cell_of_the_card():
    slices = examine_slices(spoilt(clean(), "binary"), NUMERIC)
    odd = {"feature": "a|b `c`", "cut": "a|b `c`", "slice": "d\n|e", "next_action": "x | y"}
    card = card_of(replace(slices, table=slices.table.head(1).assign(**odd)))
    rows = [line for line in card.splitlines() if line.startswith("|")]
    assert len(rows) == 6
    for head, row in (rows[0], rows[2]), (rows[3], rows[5]):
        assert row.replace("\\|", "").count("|") == head.count("|")


def test_the_same_evidence_gives_the_same_table():
    first, second = (examine_slices(clean(n=400, seed=3), NUMERIC) for _ in range(2))
    pd.testing.assert_frame_equal(first.table, second.table, check_exact=True)
    pd.testing.assert_frame_equal(first.found, second.found, check_exact=True)


def test_slices_of_few_groups_are_judged_by_groups():
    """Where whole groups agree, what looks sure by rows is not."""
    evidence = spoilt(clean(n=600, clustered=True), "binary")
    by_rows = replace(evidence, bootstrap=replace(evidence.bootstrap, clusters=None))
    few = replace(
        evidence, bootstrap=replace(evidence.bootstrap, clusters=np.arange(600) * 8 // 600)
    )
    rows, groups = (of(error_slices(each, []), "kind", "c") for each in (by_rows, few))
    assert rows["shortfall"] == groups["shortfall"]
    assert rows["shortfall_p_value"] < groups["shortfall_p_value"]


def days_together(evidence, seed):
    """Let the outcomes of a day rise and fall together, as on stormy days; predictions stay right."""
    rng, holdout = np.random.default_rng([77, seed]), evidence.holdout
    day = holdout.rows["moment"].dt.dayofyear.to_numpy()
    shared, own = rng.normal(size=400)[day], rng.normal(size=len(holdout))
    drawn = ndtr(np.sqrt(0.3) * shared + np.sqrt(0.7) * own)
    return replace(evidence, holdout=replace(holdout, y_true=(drawn < holdout.y_predicted) * 1))


def test_days_that_share_what_happened_make_no_slice_fail(monkeypatch):
    """By rows alone, as without a time column, every month or weekday would."""
    robust = naive = 0
    for seed in range(5):
        evidence = days_together(quick(clean(n=1500, seed=seed)), seed)
        robust += (error_slices(evidence, [])["verdict"] == FAILS).any()
        monkeypatch.setattr(judge, "plans_of", lambda each: ([each.bootstrap], None))
        naive += (error_slices(evidence, [])["verdict"] == FAILS).any()
        monkeypatch.undo()
    assert naive >= 3
    assert robust <= 1


def test_a_fault_that_days_do_not_share_is_found_in_spite_of_them():
    evidence = days_together(spoilt(clean(n=1500), "binary"), 1)
    inside = (evidence.holdout.rows["kind"] == "c").to_numpy()
    holdout = changed(evidence.holdout, inside, 1 - evidence.holdout.y_true)
    worst = error_slices(replace(evidence, holdout=holdout), ["noise"]).iloc[0]
    assert (worst["slice"], worst["verdict"]) == ("c", FAILS)


def test_intervals_are_the_wider_of_both_ways_to_draw():
    evidence = days_together(clean(n=1500), 2)
    none = replace(evidence, schema=replace(evidence.schema, time_column=None))
    with_days, by_rows = (of(error_slices(each, []), "kind", "a") for each in (evidence, none))
    for low, high in (("ci_low", "ci_high"), ("gap_ci_low", "gap_ci_high")):
        assert with_days[low] <= by_rows[low] < by_rows[high] <= with_days[high]
    assert with_days["gap_ci_high"] - with_days["gap_ci_low"] > 1.5 * (
        by_rows["gap_ci_high"] - by_rows["gap_ci_low"]
    )


def test_periods_are_days_or_hours_where_there_are_enough():
    start = np.datetime64("2024-03-01T00:30", "us")
    hours = start + np.arange(600) // 2 * np.timedelta64(1, "h")
    assert (periods_of(hours).unit, periods_of(hours).count) == ("hour", 300)
    days = start + np.arange(600) // 2 * np.timedelta64(6, "h")
    assert (periods_of(days).unit, periods_of(days).count) == ("day", 75)
    # Rows without a time are each alone.
    days[[3, 599]] = np.datetime64("NaT")
    found = periods_of(days)
    assert (np.bincount(found.codes)[found.codes[[3, 599]]] == 1).all()
    assert found.count == found.codes.max() + 1 == 77
    assert periods_of(start + np.arange(30) // 2 * np.timedelta64(1, "h")) is None
    assert periods_of(start + np.arange(600) * np.timedelta64(1, "D")) is None
    assert periods_of(np.full(30, np.datetime64("NaT", "us"))) is None


def test_every_slice_is_resampled_with_the_whole():
    examined = Judge(clean(n=300))
    whole = np.ones(300, dtype=bool)
    again = examined.measurer.measured(np.flatnonzero(whole)).resamples
    assert len(again) == 2
    np.testing.assert_allclose(examined.whole.resamples, again)
    assert case_of("binary").schema.time_column == "moment"


def test_a_rule_that_holds_for_every_row_or_for_none_is_told_so():
    evidence = clean(n=300)
    every = np.ones(300, dtype=bool)
    named = Slice("signal", "all", "found", (Missing(("signal", "")),))
    table = Judge(evidence).table([(named, every), (named, ~every)])
    assert table["verdict"].tolist() == [AS_ELSEWHERE, TOO_FEW]
    assert table["why"].tolist() == ["all rows of the holdout", "no row of the holdout"]
