import json
from dataclasses import replace

import numpy as np
import pytest
from cases import make_case
from performances import World, reference_of, tallied
from scipy import stats
from watches import watch_of

from assay.metrics.catalogue import primary_metric, task_metrics
from assay.monitoring.check import judged
from assay.monitoring.clusters import cluster_codes
from assay.monitoring.figures import (
    Figure,
    apart_p_value,
    figure_of_json,
    mean_figure,
    metric_figure,
)
from assay.monitoring.metric_drop import held_against
from assay.monitoring.performance import performance_checks, performance_notes, performance_of

WORLDS = {
    "binary": World(),
    "shocks": World(shock=0.5),
    "multiclass": World("multiclass"),
    "regression": World("regression"),
}


@pytest.fixture(scope="module")
def watches():
    return {name: reference_of(world, n=2_000) for name, world in WORLDS.items()}


def levels_of(watch, tally):
    found = judged(performance_checks(tally, watch), 0.05)
    return {check.measure: check.level for check in found if check.level != "fine"}


@pytest.mark.parametrize("name", WORLDS)
def test_batches_without_change_raise_nothing_but_seldom(watches, name):
    """At a rate of 5%, 3 or more of 8 batches would be raised by chance in 0.6% of runs."""
    watch, world = watches[name], WORLDS[name]
    raised = [
        bool(levels_of(watch, tallied(watch, world.rows(700, 30, 500 + seed)))) for seed in range(8)
    ]
    assert sum(raised) <= 2


@pytest.mark.parametrize(
    ("name", "change", "measure"),
    [
        ("binary", {"blur": 0.42}, "metric_drop"),
        ("binary", {"shift": 0.5}, "outcome_share"),
        ("regression", {"wider": 1.285}, "interval_coverage"),
        ("regression", {"wider": 1.285}, "metric_drop"),
        ("regression", {"shift": 1.0}, "calibration_gap"),
    ],
)
def test_what_is_planted_is_found_on_2000_rows(watches, name, change, measure):
    watch, world = watches[name], WORLDS[name]
    for seed in range(2):
        tally = tallied(watch, world.rows(2_000, 30, 900 + seed, **change))
        assert measure in levels_of(watch, tally)


def test_a_fall_is_an_alarm_beyond_the_limit_of_training_again(watches):
    watch = watches["binary"]
    tally = tallied(watch, WORLDS["binary"].rows(2_000, 30, 3, blur=0.5))
    checks = judged(performance_checks(tally, watch), 0.05)
    drop = next(check for check in checks if check.measure == "metric_drop")
    rule = watch.reference["performance"]["retraining"]
    assert drop.level == "alarm"
    whole = watch.reference["performance"]["metrics"]["roc_auc"]["value"]
    assert drop.alarm_from == pytest.approx(whole - rule["limit"])
    # A tenth of what the model is better than a constant is the least that matters.
    assert drop.warn_from == pytest.approx(watch.params.warn.change * (whole - 0.5))
    # A batch of a month is held against the holdout by month.
    assert drop.before != whole
    assert "on the holdout by month" in drop.sentence
    assert drop.now == pytest.approx(drop.before - drop.effect)
    assert f"ROC AUC is {drop.now:.3f}" in drop.sentence
    told = performance_of(tally, watch, checks)
    assert told["metrics"]["roc_auc"]["level"] == "alarm"
    assert told["metrics"]["roc_auc"]["holdout"]["value"] == drop.before


@pytest.mark.parametrize("name", WORLDS)
def test_what_is_told_is_whole_and_is_json(watches, name):
    watch = watches[name]
    found = WORLDS[name].rows(600, 30, 4)
    found["outcome"][:200] = np.nan
    told = performance_of(tallied(watch, found), watch, unknown={"x": 2})
    json.dumps(told, allow_nan=False)
    assert (told["n"], told["of_rows"], told["drawn"], told["judged"]) == (400, 600, False, True)
    assert told["unknown_labels"] == {"x": 2}
    rows = found["outcome"][200:], found["predicted"][200:]
    y_true = rows[0] if name == "regression" else rows[0].astype(int)
    for metric, figure in told["metrics"].items():
        expected = task_metrics(watch.schema.task)[metric].value(y_true, rows[1])
        assert figure["value"] == pytest.approx(expected)
        assert figure["ci_low"] is None or figure["ci_low"] < expected < figure["ci_high"]
    if name == "regression":
        assert 0.8 < told["coverage"]["value"] < 1
        assert told["outcome_mean"]["now"] == pytest.approx(y_true.mean())


def test_few_outcomes_are_told_and_not_judged(watches):
    watch = watches["binary"]
    tally = tallied(watch, WORLDS["binary"].rows(150, 30, 5, blur=0.9))
    assert performance_checks(tally, watch) == []
    told = performance_of(tally, watch)
    assert not told["judged"]
    assert told["metrics"]["roc_auc"]["value"] is not None
    none = tallied(watch, WORLDS["binary"].rows(150, 30, 5) | {"outcome": np.full(150, np.nan)})
    assert performance_of(none, watch) is None
    assert performance_checks(none, watch) == []


@pytest.mark.parametrize("name", ["binary", "multiclass"])
@pytest.mark.parametrize("n", [1, 2, 400])
def test_a_batch_of_one_class_is_told_without_a_ranking(watches, name, n):
    watch = watches[name]
    found = WORLDS[name].rows(n, 5, 6) | {"outcome": np.zeros(n)}
    tally = tallied(watch, found)
    checks = judged(performance_checks(tally, watch), 0.05)
    assert all(check.measure != "metric_drop" for check in checks)
    told = performance_of(tally, watch, checks)
    json.dumps(told, allow_nan=False)
    if name == "binary":
        assert told["metrics"]["roc_auc"]["value"] is None
    if n == 400:
        assert any(check.measure == "outcome_share" and check.level != "fine" for check in checks)


def test_outcomes_that_are_all_lost_are_an_alarm_however_wide_the_limits(watches):
    watch = watches["binary"]
    (told,) = watch.reference["performance"]["outcomes"]
    share = told["training"]["value"]
    limits = {f"performance:{told['label']}:outcome_share": 0.8 * share}
    wide = replace(
        watch, reference={**watch.reference, "ordinary": {"window_count": 12, "limits": limits}}
    )
    # A share can fall by itself and no further, which is less than a warning and the usual way to an alarm.
    assert 0.8 * share + watch.params.alarm.rate - watch.params.warn.rate > share
    lost = tallied(wide, WORLDS["binary"].rows(2_000, 5, 6) | {"outcome": np.zeros(2_000)})
    assert levels_of(wide, lost)["outcome_share"] == "alarm"


def test_a_batch_of_one_day_has_the_error_of_a_day():
    """Of one day one cannot see how much days differ; the reference knows."""
    rng = np.random.default_rng(0)
    shared = {"day": {"correlation": 0.1, "count": 200.0}}
    values = rng.normal(size=500)
    one = mean_figure(values, {"day": np.zeros(500, dtype=int)}, shared)
    alone = mean_figure(values, {}, {})
    assert one.by == "days"
    assert one.standard_error / alone.standard_error == pytest.approx(np.sqrt(1 + 499 * 0.1))
    metric = primary_metric("regression", "neg_root_mean_squared_error")
    codes = {"day": np.zeros(500, dtype=int)}
    wide = metric_figure(metric, values, values * 0, codes, shared, 0)
    narrow = metric_figure(metric, values, values * 0, {}, {}, 0)
    assert (wide.ci_high - wide.ci_low) / (narrow.ci_high - narrow.ci_low) == pytest.approx(
        np.sqrt(1 + 499 * 0.1)
    )


def test_means_of_clusters_are_as_sure_as_their_clusters():
    times = np.datetime64("2024-01-01", "us") + np.repeat(np.arange(40), 25) * np.timedelta64(
        1, "D"
    )
    codes = cluster_codes(times, None)
    p_values = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        both = [
            mean_figure(rng.normal(size=1_000) + np.repeat(rng.normal(size=40), 25), codes, {})
            for _ in range(2)
        ]
        p_values.append(apart_p_value(*both))
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    assert np.mean(np.array(p_values) < 0.01) < 0.03


def test_skewed_figures_have_a_longer_tail():
    before = Figure(1.0, standard_error=0.01, freedom=1e4)
    now = Figure(2.0, standard_error=0.3, freedom=1e4)
    plain = apart_p_value(now, before, 1)
    assert apart_p_value(replace(now, skewness=0.5), before, 1) > 2 * plain
    assert apart_p_value(now, before) == pytest.approx(2 * plain)
    assert apart_p_value(now, before, -1) == pytest.approx(1 - plain)
    assert apart_p_value(Figure(np.nan), before) == 1


def test_figures_come_back_from_json():
    figure = Figure(1.0, 0.5, 1.5, 0.25, 30.0, 0.1, "days")
    assert figure_of_json(figure.to_json()) == figure
    assert np.isnan(figure_of_json(Figure(np.nan).to_json()).value)


def test_a_reference_without_performance_asks_nothing():
    watch = watch_of(make_case())
    tally = tallied(watch, WORLDS["binary"].rows(300, 5, 1))
    assert performance_checks(tally, watch) == []
    assert performance_of(tally, watch) is None


@pytest.fixture(scope="module")
def moving():
    """A model right about rows whose level moves from day to day, which it knows."""
    return World(level=1.2), reference_of(
        World(level=1.2), n=4_000, days=40, cadence="day", least=80
    )


def test_a_batch_of_one_day_is_held_against_the_holdout_by_day(moving):
    """Part of the whole holdout's AUC is that days differ, which a day does not have."""
    world, watch = moving
    reference = watch.reference["performance"]
    whole, within = (
        told["metrics"]["roc_auc"]["value"] for told in (reference, reference["by_window"])
    )
    assert whole - within > 0.04
    values = []
    for seed in range(8):
        tally = tallied(watch, world.rows(600, 1, 40 + seed))
        told = performance_of(tally, watch)
        assert told["holdout_by"] == "day"
        assert told["metrics"]["roc_auc"]["holdout"]["value"] == within
        assert told["metrics"]["roc_auc"]["whole_holdout"]["value"] == whole
        values.append(told["metrics"]["roc_auc"]["value"])
    assert np.mean(values) == pytest.approx(within, abs=0.02)
    # Many days together have what the whole has.
    assert performance_of(tallied(watch, world.rows(600, 20, 60)), watch)["holdout_by"] is None


def test_windows_of_out_of_fold_rows_stand_in_where_the_holdout_has_too_few():
    world = World(level=1.2)
    watch = reference_of(world, n=1_000, days=40, cadence="day", least=2_000)
    assert watch.reference["performance"]["by_window"]["of"] == "out_of_fold"


def test_without_times_there_are_no_windows(moving):
    world, watch = moving
    found = world.rows(600, 1, 3)
    rows = replace(tallied(watch, found).judged.rows, times=None)
    assert held_against(rows, "roc_auc", watch)[1] is None


def test_an_auc_at_its_end_has_an_error_by_the_rule_of_three():
    metric = primary_metric("binary", "roc_auc")
    y_true = np.repeat([0, 1], [400, 60])
    right = metric_figure(metric, y_true, y_true * 0.8 + 0.1, {}, {}, 0)
    assert (right.value, right.ci_low, right.known) == (1.0, pytest.approx(1 - 3 / 60), True)
    wrong = metric_figure(metric, y_true, 0.9 - y_true * 0.8, {}, {}, 0)
    assert apart_p_value(wrong, right, -1) < 1e-6
    assert apart_p_value(right, right, -1) > 0.4


def test_a_number_that_is_stuck_is_found(watches):
    watch, world = watches["regression"], WORLDS["regression"]
    found = world.rows(600, 30, 8)
    found["outcome"] = np.full(600, 40.0)
    tally = tallied(watch, found)
    assert levels_of(watch, tally)["outcome_mean"] == "alarm"
    found["predicted"] = np.full(600, 20.0)
    assert levels_of(watch, tallied(watch, found))["calibration_gap"] == "alarm"


def test_a_note_says_why_the_metric_is_not_judged(watches):
    watch, world = watches["binary"], WORLDS["binary"]
    (note,) = performance_notes(
        tallied(watch, world.rows(400, 5, 6) | {"outcome": np.zeros(400)}), watch
    )
    assert "ROC AUC of this batch is not judged: its outcomes are of one class" in note
    assert performance_notes(tallied(watch, world.rows(700, 30, 5)), watch) == []
