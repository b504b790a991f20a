"""Importance, and the summary of all that is known of signals."""

import json

import numpy as np
import pandas as pd
import pytest
from cases import make_case
from conftest import make_table
from examined import PLAN, evidence_of
from explained import TASKS as EXPLAINED
from explained import candidates_of, case_of, pipeline_of
from scipy import stats

from assay.calibration.maps import Identity
from assay.interpretation.importance import permutation_importance, zero_importance_p_values
from assay.interpretation.interpret import interpret_model, interpretation_json
from assay.metrics.catalogue import primary_metric
from assay.predictor import Predictor, Recipe, raw_predictions
from assay.preprocessing import source_features
from assay.search.candidates import CANDIDATES
from assay.used_columns import used_columns

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
        error = np.std(drops[1:], ddof=1) * np.sqrt(len(features) / (len(features) - 1))
        rows.append((name, drops[0], *bootstrap.interval(drops[1:], len(features)), error))
    columns = ["feature", "importance", "ci_low", "ci_high", "standard_error"]
    table = pd.DataFrame(rows, columns=columns)
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


@pytest.mark.parametrize("task", TASKS)
def test_the_summary_is_made_of_scalars(task):
    case = make_case(task)
    found = interpret_model(
        evidence_of(case, predictor(case, "lightgbm"), expected_direction={"signal": "increasing"})
    )
    summary = interpretation_json(found)
    assert summary["top_feature"] == "signal"
    assert summary["feature_count"] == 4
    assert summary["shap"]["additive"]
    assert not summary["groups"]["applicable"]
    assert sum(summary["agreement"]["verdicts"].values()) == 4
    assert summary["directions"]["count"] == 1
    assert found.importance["mean_abs_shap"].notna().all()
    json.dumps(summary, allow_nan=False)


def test_no_feature_is_the_top_one_of_a_model_that_reads_none():
    case = make_case("binary")
    found = interpret_model(evidence_of(case, predictor(case, "dummy")))
    summary = interpretation_json(found)
    assert "top_feature" not in summary
    assert summary["positive_importance_count"] == 0


def test_the_p_value_of_no_importance_is_that_of_a_t_test():
    found = zero_importance_p_values(np.array([2.0, -2.0, 0, 1]), np.array([1, 1, 0, np.inf]), 11)
    expected = 2 * stats.t.sf(2, 10)
    np.testing.assert_allclose(found, [expected, expected, 1, 1])
