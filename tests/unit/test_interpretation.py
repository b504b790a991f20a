"""Importance, slices, and the summary of both."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import make_case
from conftest import make_table
from explained import TASKS as EXPLAINED
from explained import candidates_of, case_of, pipeline_of

from assay.calibration.maps import Identity
from assay.interpretation.importance import permutation_importance
from assay.interpretation.interpret import interpret_model, interpretation_json
from assay.interpretation.slices import error_slices
from assay.metrics.catalogue import primary_metric
from assay.predictor import Predictor, Recipe, raw_predictions
from assay.preprocessing import source_features
from assay.search.candidates import CANDIDATES
from assay.uncertainty.bootstrap import Bootstrap
from assay.used_columns import used_columns

PLAN = Bootstrap(200, 0.95, 0)
TASKS = ["binary", "multiclass", "regression"]


def linear(case):
    name = "ridge" if case.schema.task == "regression" else "logistic"
    return predictor(case, name)


def predictor(case, name):
    model = case.problem().model(CANDIDATES[name], {})
    pipeline = Recipe(case.preprocessor, model).fit(case.features, case.y_true)
    return Predictor(pipeline, Identity())


@pytest.mark.parametrize("task", TASKS)
def test_signal_is_important_and_noise_is_not(task):
    case = make_case(task)
    metric = primary_metric(task, case.params.task.primary_metric)
    found = permutation_importance(
        linear(case), case.features, case.y_true, metric, 3, PLAN
    ).set_index("feature")
    assert found.index[0] == "signal"
    assert found.loc["signal", "ci_low"] > 0.1
    assert abs(found.loc["noise", "importance"]) < 0.02
    assert (found["ci_low"] <= found["importance"]).all()
    assert (found["importance"] <= found["ci_high"]).all()


def on_the_table(predict, features, y_true, metric, repeats, bootstrap):
    """Permutation importance as it is defined: the table is shuffled, and everything runs again."""
    rng = np.random.default_rng(bootstrap.seed)
    sign = 1.0 if metric.greater_is_better else -1.0
    resamples = np.concatenate([np.ones((1, len(features))), *bootstrap.weights(len(features))])
    before = metric.function(y_true, predict(features), resamples)
    rows = []
    for name in features.columns:
        drops = np.zeros(len(resamples))
        for _ in range(repeats):
            shuffled = features.copy()
            shuffled[name] = features[name].to_numpy()[rng.permutation(len(features))]
            drops += sign * (before - metric.function(y_true, predict(shuffled), resamples))
        drops /= repeats
        rows.append((name, drops[0], *bootstrap.interval(drops[1:], len(features))))
    table = pd.DataFrame(rows, columns=["feature", "importance", "ci_low", "ci_high"])
    return table.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)


@pytest.mark.parametrize(("task", "name"), [(t, n) for t in EXPLAINED for n in candidates_of(t)])
def test_importance_is_that_of_the_shuffled_table_to_the_last_bit(task, name):
    """Also where features are skipped because the model does not read them."""
    case, pipeline = case_of(task), pipeline_of(task, name)
    metric = primary_metric(case.schema.task, case.params.task.primary_metric)
    model, rows = Predictor(pipeline, Identity()), case.holdout
    features, y_true = rows[case.schema.feature_names], rows[case.schema.target].to_numpy()
    pd.testing.assert_frame_equal(
        permutation_importance(model, features, y_true, metric, 2, PLAN),
        on_the_table(model.predict, features, y_true, metric, 2, PLAN),
        check_exact=True,
    )


def test_of_a_blend_the_columns_of_all_members_are_read():
    case = case_of("binary")
    pipeline = pipeline_of("binary", "lightgbm", "dummy")
    width = len(source_features(pipeline.named_steps["features"], case.schema.feature_names))
    alone = pipeline_of("binary", "lightgbm").named_steps["model"]
    read = used_columns(pipeline.named_steps["model"], width)
    np.testing.assert_array_equal(read, used_columns(alone, width))
    assert read.any()


@pytest.mark.parametrize(("task", "name"), [(t, n) for t in EXPLAINED for n in candidates_of(t)])
def test_a_column_that_is_not_read_changes_no_prediction(task, name):
    case, pipeline = case_of(task), pipeline_of(task, name)
    model = pipeline.named_steps["model"]
    matrix = pipeline.named_steps["features"].transform(case.features)
    read = used_columns(model, matrix.shape[1])
    assert read.any() or name == "dummy"
    predicted = raw_predictions(model, matrix)
    rng = np.random.default_rng(0)
    for column in range(matrix.shape[1]):
        changed = matrix.copy()
        changed[:, column] = rng.normal(0, 100, len(matrix))
        same = np.array_equal(raw_predictions(model, changed), predicted)
        assert same or read[column], (column, name)


def test_a_feature_that_no_model_can_use_has_no_importance_at_all():
    case = make_case(table=make_table().assign(constant=1.0))
    model = case.problem().model(CANDIDATES["lightgbm"], {"n_estimators": 5})
    fitted = Predictor(Recipe(case.preprocessor, model).fit(case.features, case.y_true), Identity())
    metric = primary_metric("binary", "roc_auc")
    found = permutation_importance(fitted, case.features, case.y_true, metric, 2, PLAN)
    row = found.set_index("feature").loc["constant"]
    assert row[["importance", "ci_low", "ci_high"]].tolist() == [0, 0, 0]


def slices_of(case, predicted, categorical, numeric, y_true=None, **limits):
    params = case.params.interpret.model_copy(update=limits)
    y_true = case.y_true if y_true is None else y_true
    return error_slices(
        case.features, y_true, predicted, categorical, numeric, params, case.params.task, PLAN
    )


def test_a_slice_with_flipped_labels_is_the_worst():
    case = make_case()
    rng = np.random.default_rng(0)
    score = rng.uniform(0.05, 0.95, len(case.train))
    y_true = (rng.uniform(size=len(score)) < score).astype(int)
    flipped = (case.train["kind"] == "c").to_numpy()
    y_true[flipped] = 1 - y_true[flipped]
    slices = slices_of(case, score, ["kind"], ["signal"], y_true, slice_min_rows=10)
    worst = slices.iloc[0]
    assert (worst["feature"], worst["slice"]) == ("kind", "c")
    assert worst["ci_high"] < 0.5
    by_kind = slices[slices["feature"] == "kind"]
    assert by_kind["n"].sum() == len(case.train)
    assert "(missing)" in set(by_kind["slice"])


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_the_slice_where_the_model_fails_is_the_worst_for_every_task(task):
    case = make_case(task)
    predicted = linear(case).predict(case.features)
    spoilt = (case.train["kind"] == "a").to_numpy()
    predicted[spoilt] = predicted[spoilt][::-1]
    worst = slices_of(case, predicted, ["kind"], []).iloc[0]
    assert worst["slice"] == "a"
    assert worst["mean_loss"] > 1.2 * slices_of(case, predicted, ["kind"], [])["mean_loss"].iloc[-1]


def test_levels_are_told_in_the_unit_of_the_task():
    classes, numbers, binary = (make_case(t) for t in ("multiclass", "regression", "binary"))
    for case in (classes, numbers, binary):
        predicted = linear(case).predict(case.features)
        row = slices_of(case, predicted, ["kind"], []).set_index("slice").loc["b"]
        inside = (case.train["kind"] == "b").to_numpy()
        y_true, told = case.y_true[inside], predicted[inside]
        if case is classes:
            y_true, told = told.argmax(axis=1) == y_true, told.max(axis=1)
        assert row["mean_outcome"] == pytest.approx(y_true.mean())
        assert row["mean_prediction"] == pytest.approx(told.mean())
        assert row["n"] == inside.sum()


@pytest.mark.parametrize("task", TASKS)
def test_quantile_slices_hold_every_row_once(task):
    case = make_case(task)
    slices = slices_of(case, linear(case).predict(case.features), [], ["signal", "count"])
    assert slices.groupby("feature")["n"].sum().eq(len(case.train)).all()
    assert len(slices) >= 8


def test_a_number_that_never_varies_is_one_slice_beside_the_missing_ones():
    case = make_case()
    one = np.where(np.arange(len(case.train)) % 3 == 0, np.nan, 4.5)
    case = replace(case, train=case.train.assign(noise=one))
    slices = slices_of(case, np.full(len(case.train), 0.3), [], ["noise"])
    assert dict(zip(slices["slice"], slices["n"], strict=True)) == {"4.5": 320, "(missing)": 160}


@pytest.mark.parametrize("clustered", [False, True])
def test_the_slice_whose_outcomes_are_shifted_is_found_among_all(clustered):
    case = make_case()
    rng = np.random.default_rng(3)
    n = 4000
    train = case.train.iloc[np.arange(n) % len(case.train)].reset_index(drop=True)
    case = replace(case, train=train)
    score = rng.uniform(0.2, 0.6, n)
    shifted = (train["kind"] == "c").to_numpy()
    y_true = (rng.uniform(size=n) < score + 0.25 * shifted).astype(int)
    groups = rng.permutation(np.arange(n) // 4) if clustered else None
    found = error_slices(
        case.features, y_true, score, ["kind"], ["signal", "count", "noise"],
        case.params.interpret, case.params.task, replace(PLAN, clusters=groups),
    )  # fmt: skip
    # Every other slice holds a few of its rows, too.
    row = found.sort_values("gap_p_value").iloc[0]
    assert (row["feature"], row["slice"]) == ("kind", "c")
    assert row["gap_p_value"] < 1e-9
    assert row["calibration_gap"] == pytest.approx(row["mean_prediction"] - row["mean_outcome"])
    assert row["gap_ci_low"] < -0.25 < row["gap_ci_high"] < 0


def test_of_calibrated_scores_no_slice_is_called_miscalibrated_more_often_than_stated():
    """Of 60 tables with a dozen slices each, 5% may have one that is."""
    case, found = make_case(), 0
    params = case.params.interpret.model_copy(update={"slice_min_rows": 20})
    for seed in range(60):
        rng = np.random.default_rng([4, seed])
        score = rng.uniform(0.1, 0.7, len(case.train))
        y_true = (rng.uniform(size=len(score)) < score).astype(int)
        slices = error_slices(
            case.features, y_true, score, ["kind"], ["signal", "count"], params, case.params.task,
            Bootstrap(2, 0.95, 0),
        )  # fmt: skip
        found += (slices["gap_p_value"] < 0.05).any()
    assert found <= 7


def test_small_slices_are_not_judged():
    case = make_case()
    slices = slices_of(
        case, np.full(len(case.train), 0.3), ["kind"], ["signal"], slice_min_rows=10_000
    )
    assert slices.empty
    assert list(slices) == [
        "feature", "slice", "n", "mean_outcome", "mean_prediction", "calibration_gap",
        "gap_ci_low", "gap_ci_high", "gap_p_value", "roc_auc", "ci_low", "ci_high", "mean_loss",
    ]  # fmt: skip


def test_a_slice_that_cannot_have_the_metric_is_listed_without():
    case = make_case("multiclass", task={"primary_metric": "roc_auc_ovr"})
    y_true = np.where(case.train["kind"] == "b", 0, case.y_true)
    slices = slices_of(case, linear(case).predict(case.features), ["kind"], [], y_true)
    without = slices.set_index("slice")["roc_auc_ovr"].isna()
    assert without["b"]
    assert not without["a"]


@pytest.mark.parametrize("task", TASKS)
def test_the_summary_is_made_of_scalars(task):
    case = make_case(task)
    params = case.params
    found = interpret_model(
        predictor(case, "lightgbm"), case.schema, case.holdout, params.interpret, params.task, PLAN
    )
    summary = interpretation_json(found)
    assert summary["top_feature"] == "signal"
    assert summary["feature_count"] == 4
    assert summary["slice_count"] == len(found.slices)
    assert summary["shap"]["additive"]
    assert found.importance["mean_abs_shap"].notna().all()
    json.dumps(summary, allow_nan=False)
