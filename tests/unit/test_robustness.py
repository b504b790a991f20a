"""What breaks the model: planted weaknesses are found, and clean tables raise no alarm."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import make_case
from conftest import TASKS, make_table
from examined import evidence_of
from explained import case_of, pipeline_of
from sklearn.linear_model import LinearRegression

from assay.calibration.maps import Identity
from assay.plots.robustness import robustness_figures
from assay.predictor import Predictor, Recipe
from assay.report.rendering import render
from assay.report.robustness import robustness_facts
from assay.robustness.drops import ALL_NUMBERS, metric_drops, noisy_numbers
from assay.robustness.examine import examine_robustness, plot_table, robustness_json
from assay.robustness.later import later_half
from assay.robustness.support import support_of
from assay.uncertainty.bootstrap import Bootstrap, clusters_of


def predictor_of(task, name="lightgbm"):
    return Predictor(pipeline_of(task, name), Identity())


def indexed(drops):
    return drops.set_index(["perturbation", "feature"])


@pytest.fixture(scope="module")
def binary():
    return evidence_of(case_of("binary"), predictor_of("binary"))


@pytest.fixture(scope="module")
def many():
    """The same model judged by 1,600 rows that it never saw."""
    rows = make_case("binary", make_table(2000, seed=5)).train
    return evidence_of(case_of("binary"), predictor_of("binary", "logistic"), holdout=rows)


@pytest.mark.parametrize("task", TASKS)
def test_the_matrix_with_a_feature_replaced_predicts_what_the_table_does(task):
    evidence = evidence_of(case_of(task), predictor_of(task))
    drops, features = indexed(metric_drops(evidence)), evidence.features
    y_true, metric = evidence.holdout.y_true, evidence.metric
    for kind, name, value in (
        ("missing", "signal", np.nan),
        ("missing", "kind", np.nan),
        ("unseen", "kind", "never seen"),
    ):
        column = pd.Series([value] * len(features), dtype=features[name].dtype)
        after = evidence.predictor.predict(features.assign(**{name: column}))
        row = drops.loc[kind, name]
        assert row["after"] == pytest.approx(metric.value(y_true, after), rel=1e-12)
        change = np.abs(after - evidence.holdout.y_predicted)
        expected = change.mean() if change.ndim == 1 else change.sum(axis=1).mean() / 2
        assert row["mean_prediction_change"] == pytest.approx(expected)


def test_the_signal_is_missed_and_noise_is_not(many):
    drops = indexed(metric_drops(many))
    assert drops.loc[("missing", "signal"), "beyond_chance"]
    assert drops.loc[("missing", "signal"), "ci_low"] > 0.1
    assert not drops.loc[("missing", "noise"), "beyond_chance"]
    assert abs(drops.loc[("missing", "noise"), "drop"]) < 0.05
    assert (drops["before"] == drops["before"].iloc[0]).all()
    worse = drops["before"] - drops["after"]
    assert worse.to_numpy() == pytest.approx(drops["drop"].to_numpy())


def test_it_tells_how_often_a_feature_was_missing_in_training(binary):
    drops = indexed(metric_drops(binary))
    rates = binary.train[binary.schema.feature_names].isna().mean()
    told = drops.loc["missing", "training_missing_rate"]
    assert told.to_dict() == pytest.approx(rates.to_dict())
    assert told["count"] == 0 < told["signal"]


def test_noise_leaves_flags_out_and_whole_numbers_whole():
    rng = np.random.default_rng(0)
    table = make_table(task="regression").assign(flag=rng.integers(0, 2, 600))
    case = make_case("regression", table)
    pipeline = Recipe(case.preprocessor, LinearRegression()).fit(case.features, case.y_true)
    evidence = evidence_of(case, Predictor(pipeline, Identity()), noise_sd=0.1)
    assert noisy_numbers(evidence) == ["signal", "noise", "count"]
    noise = indexed(metric_drops(evidence)).loc["noise"]
    assert set(noise.index) == {"signal", "noise", "count", ALL_NUMBERS}
    # A tenth of a standard deviation of 0 to 8 is 0.26: one whole number in twenty is rounded away.
    assert noise.loc["count", "changed_rate"] == pytest.approx(0.053, abs=0.03)
    assert noise.loc["noise", "changed_rate"] == 1


def test_noise_that_breaks_a_model_is_found(many):
    loud = replace(many, params=many.params.model_copy(update={"noise_sd": 2.0}))
    noise = indexed(metric_drops(loud)).loc["noise"]
    assert noise.loc["signal", "beyond_chance"]
    assert noise.loc[ALL_NUMBERS, "beyond_chance"]
    assert noise.loc["noise", "drop"] < 0.2 * noise.loc["signal", "drop"]


def test_a_feature_may_be_called_self():
    table = make_table().rename(columns={"noise": "self", "kind": "index"})
    case = make_case("binary", table)
    pipeline = Recipe(case.preprocessor, LinearRegression()).fit(case.features, case.y_true)
    regression = replace(case.schema, task="regression")
    case = replace(case, schema=regression, params=case_of("regression").params)
    drops = metric_drops(evidence_of(case, Predictor(pipeline, Identity())))
    assert {"self", "index"} <= set(drops["feature"])


def test_a_later_half_with_other_outcomes_is_worse(binary):
    holdout = binary.holdout
    times = holdout.rows["moment"].to_numpy()
    # The holdout's groups are new: planted by time, the labels of the later half are turned around.
    middle = np.sort(times)[len(times) // 2]
    turned = np.where(times >= middle, 1 - holdout.y_true, holdout.y_true)
    evidence = replace(binary, holdout=replace(holdout, y_true=turned))
    later, periods = later_half(evidence)
    assert later.p_value < 0.001
    assert later.drop.ci_low > 0.2
    assert later.slope.value > 0.05
    half = times < middle
    assert later.earlier.value == pytest.approx(
        evidence.metric.value(turned[half], holdout.y_predicted[half])
    )
    assert periods["n"].tolist()[:2] == [half.sum(), (~half).sum()]
    assert periods["period"].tolist() == ["earlier half", "later half", *"12345"]
    clean, _ = later_half(binary)
    assert clean.p_value > 0.01


def test_without_times_there_is_no_later_half(binary):
    evidence = replace(binary, schema=replace(binary.schema, time_column=None))
    found, periods = later_half(evidence)
    assert found is None
    assert len(periods) == 0
    assert "ci_low" in periods.columns


def far_holdout(case, rows, seed=0):
    """Holdout rows of which the first have a signal that training had not, and are always wrong."""
    evidence = evidence_of(case, predictor_of("binary", "logistic"))
    holdout = case.holdout.copy()
    first = holdout.index[:rows]
    rng = np.random.default_rng(seed)
    # One distance for all would be duplicates of each other.
    holdout.loc[first, "signal"] = case.train["signal"].max() + 3 + rng.uniform(size=rows)
    holdout.loc[first, "outcome"] = 0
    predicted = evidence.predictor.predict(holdout[case.schema.feature_names])
    return evidence_of(case, evidence.predictor, holdout=holdout, y_predicted=predicted)


def test_rows_outside_of_training_where_the_model_fails_are_an_alarm():
    table = support_of(far_holdout(case_of("binary"), 25)).table
    rules = table[table["rule"] != "feature"].set_index("rule")
    assert rules.loc["outside", "alarm"]
    assert rules.loc["far", "alarm"]
    assert rules.loc["outside", "n"] >= 25
    assert rules.loc["outside", "excess_loss"] > 1
    first = table[table["rule"] == "feature"].iloc[0]
    assert (first["feature"], first["reason"], first["n"]) == ("signal", "above", 25)


def test_a_feature_that_is_outside_for_most_rows_is_told_once():
    case = case_of("binary")
    holdout = case.holdout.assign(count=case.train["count"].max() + 5.0)
    evidence = evidence_of(case, predictor_of("binary"), holdout=holdout)
    support = support_of(evidence)
    assert support.moved == {"count": 1.0}
    table = support.table
    assert table.loc[table["rule"] == "moved", "feature"].tolist() == ["count"]
    assert table.loc[table["rule"] == "outside", "rate"].iloc[0] < 0.1
    assert table.loc[table["rule"] == "far", "rate"].iloc[0] < 0.1
    assert not table["alarm"].any()


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_finite_metrics_tables_figures_and_a_part_of_the_card(task):
    evidence = evidence_of(case_of(task), predictor_of(task))
    found = examine_robustness(evidence)
    text = json.dumps(robustness_json(found), allow_nan=False)
    assert "null" not in text and "[" not in text
    assert len(plot_table(found)) <= 25
    figures = robustness_figures(found, len(evidence.holdout), 0.1)
    assert set(figures) == {"robustness", "robustness_over_time"}
    feedback = {"item_count": 3, "error_count": 1, "fact_count": 2, "hint_count": 0}
    page = render(
        "card_robustness.md.j2", robustness=robustness_json(found), feedback=feedback,
        primary_name=found.metric, **robustness_facts(found.drops, found.support.table, task),
    )  # fmt: skip
    assert "signal is missing" in page
    assert "1 likely error, 2 facts to judge and 0 hints" in page


def test_it_is_the_same_every_time(binary):
    one, other = (examine_robustness(binary) for _ in range(2))
    pd.testing.assert_frame_equal(one.drops, other.drops)
    pd.testing.assert_frame_equal(one.support.table, other.support.table)


def clean_evidence(seed):
    """A new draw of the tiny table for a model that was fitted on another draw."""
    case = case_of("binary")
    other = make_case("binary", make_table(seed=seed + 1000))
    plan = Bootstrap(100, 0.95, seed, clusters_of(other.holdout, "entity"))
    return evidence_of(case, predictor_of("binary", "logistic"), holdout=other.holdout, plan=plan)


def test_clean_tables_raise_no_more_alarms_than_stated():
    """docs/robustness.md states the rates of many more; 20 tables here."""
    outside = later = noise = 0
    for seed in range(20):
        evidence = clean_evidence(seed)
        outside += support_of(evidence).table["alarm"].any()
        found, _ = later_half(evidence)
        later += found is not None and found.p_value <= 0.05 and found.drop.value > 0
        drops = indexed(metric_drops(evidence))
        noise += drops.loc[("missing", "noise"), "beyond_chance"]
    assert outside == 0
    assert later <= 3
    assert noise <= 1


def test_a_better_later_half_is_called_better_and_days_count_as_units(binary):
    holdout, plan = binary.holdout, Bootstrap(200, 0.95, 0)
    times = pd.to_datetime(holdout.rows["moment"]).to_numpy()
    earlier = times < np.sort(times)[len(times) // 2]
    turned = np.where(earlier, 1 - holdout.y_true, holdout.y_true)
    found = examine_robustness(
        replace(binary, holdout=replace(holdout, y_true=turned), bootstrap=plan)
    )
    told = robustness_json(found)["later"]
    assert told["better"] and not told["worse"]
    assert told["worst_period"]["number"] <= 3
    page = render(
        "card_robustness.md.j2", robustness=robustness_json(found), feedback={"item_count": 0},
        primary_name=found.metric, **robustness_facts(found.drops, found.support.table, "binary"),
    )  # fmt: skip
    assert "better than the earlier one beyond chance" in page
    assert "the worst is the" in page


def test_what_the_model_sees_the_same_of_is_tried_once(binary):
    drops = metric_drops(binary)
    twins = drops[drops["same_as"] == "unseen"]
    unseen = drops.loc[drops["perturbation"] == "unseen", "feature"]
    assert not set(twins["feature"]) & set(unseen)
    assert {"kind"} == set(twins["feature"]) | set(unseen)
