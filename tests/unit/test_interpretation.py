import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from assay.calibration.choice import Identity
from assay.interpretation import (
    error_slices,
    explain,
    interpret_model,
    interpretation_json,
    permutation_importance,
)
from assay.metrics import primary_metric
from assay.predictor import Predictor, assemble_pipeline
from assay.preprocessing import build_preprocessor
from assay.schema import infer_schema, typed_table
from assay.search.candidates import CANDIDATES
from assay.uncertainty import Bootstrap

PLAN = Bootstrap(200, 0.95, 0)


@pytest.fixture
def setting(table, params):
    schema = infer_schema(table, params.data, params.task)
    typed = typed_table(table, schema)
    return schema, typed, build_preprocessor(schema, params.preprocess)


def fit(setting, estimator):
    schema, typed, preprocessor = setting
    return assemble_pipeline(preprocessor, estimator).fit(
        typed[schema.feature_names], typed["outcome"].to_numpy()
    )


@pytest.mark.parametrize(
    ("name", "output"),
    [("lightgbm", "log-odds"), ("logistic", "log-odds"), ("random_forest", "probability")],
)
def test_contributions_add_up_to_the_models_output(setting, name, output):
    schema, typed, _ = setting
    pipeline = fit(setting, CANDIDATES[name].build(0, 1))
    explained = explain(pipeline, schema, typed[schema.feature_names], 60, 0)
    assert explained.output == output
    assert explained.additivity_gap < 1e-6
    assert explained.values.shape == (60, 4)
    assert explained.mean_absolute().index[0] == "signal"


def test_a_row_that_the_model_is_certain_of_breaks_nothing(setting):
    """Its probability rounds to 1, whose log-odds would be infinite."""
    schema, typed, _ = setting
    pipeline = fit(setting, CANDIDATES["logistic"].build(0, 1))
    features = typed[schema.feature_names].copy()
    features.loc[0, "signal"] = 400.0
    explained = explain(pipeline, schema, features, len(features), 0)
    assert explained.additivity_gap < 1e-6


def test_any_other_model_is_explained_through_its_probabilities(setting):
    schema, typed, _ = setting
    explained = explain(fit(setting, GaussianNB()), schema, typed[schema.feature_names], 1000, 0)
    assert explained.method == "permutation SHAP"
    assert len(explained.values) == 200
    assert explained.additivity_gap < 1e-6


def test_contributions_of_a_known_additive_model_are_exact(setting):
    """For independent terms a linear model's SHAP value is weight times distance from the mean."""
    schema, typed, _ = setting
    pipeline = fit(setting, CANDIDATES["logistic"].build(0, 1))
    features = typed[schema.feature_names]
    explained = explain(pipeline, schema, features, len(features), 0)
    names = list(pipeline.named_steps["features"].get_feature_names_out())
    weight = pipeline.named_steps["model"].coef_[0][names.index("numeric__noise")]
    scaled = (features["noise"] - features["noise"].mean()) / features["noise"].std(ddof=0)
    np.testing.assert_allclose(explained.values["noise"], weight * scaled, atol=1e-9)


def test_the_sample_names_its_rows(setting):
    schema, typed, _ = setting
    pipeline = fit(setting, CANDIDATES["logistic"].build(0, 1))
    explained = explain(pipeline, schema, typed[schema.feature_names], 25, 3)
    assert (np.diff(explained.positions) > 0).all()
    pd.testing.assert_frame_equal(
        explained.features,
        typed[schema.feature_names].iloc[explained.positions].reset_index(drop=True),
    )


def test_signal_is_important_and_noise_is_not(setting):
    schema, typed, _ = setting
    pipeline = fit(setting, CANDIDATES["logistic"].build(0, 1))
    found = permutation_importance(
        Predictor(pipeline, Identity()).score,
        typed[schema.feature_names],
        typed["outcome"].to_numpy(),
        primary_metric("roc_auc"),
        3,
        PLAN,
    ).set_index("feature")
    assert found.index[0] == "signal"
    assert found.loc["signal", "ci_low"] > 0.1
    assert abs(found.loc["noise", "importance"]) < 0.01
    assert (found["ci_low"] <= found["importance"]).all()
    assert (found["importance"] <= found["ci_high"]).all()


def test_a_feature_that_the_model_ignores_has_no_importance_at_all(setting):
    _, typed, _ = setting
    found = permutation_importance(
        lambda features: features["count"].to_numpy() / 10,
        typed[["count", "noise"]],
        typed["outcome"].to_numpy(),
        primary_metric("neg_log_loss"),
        2,
        PLAN,
    ).set_index("feature")
    assert found.loc["noise", ["importance", "ci_low", "ci_high"]].tolist() == [0, 0, 0]


def test_a_slice_with_flipped_labels_is_the_worst(setting, params):
    schema, typed, _ = setting
    rng = np.random.default_rng(0)
    score = rng.uniform(0.05, 0.95, len(typed))
    y_true = (rng.uniform(size=len(typed)) < score).astype(int)
    flipped = (typed["kind"] == "c").to_numpy()
    y_true[flipped] = 1 - y_true[flipped]
    slices = error_slices(
        typed[schema.feature_names], y_true, score, ["kind"], ["signal"],
        params.interpret, params.task, PLAN,
    )  # fmt: skip
    worst = slices.iloc[0]
    assert (worst["feature"], worst["slice"]) == ("kind", "c")
    assert worst["ci_high"] < 0.5
    by_kind = slices[slices["feature"] == "kind"]
    assert by_kind["n"].sum() == len(typed)
    assert "(missing)" in set(by_kind["slice"])


def test_quantile_slices_hold_every_row_once(setting, params):
    schema, typed, _ = setting
    slices = error_slices(
        typed[schema.feature_names], typed["outcome"].to_numpy(), np.full(len(typed), 0.3), [],
        ["signal", "count"], params.interpret, params.task, PLAN,
    )  # fmt: skip
    assert slices.groupby("feature")["n"].sum().eq(len(typed)).all()


def test_small_slices_are_not_judged(setting, params):
    schema, typed, _ = setting
    limits = params.interpret.model_copy(update={"slice_min_rows": 10_000})
    slices = error_slices(
        typed[schema.feature_names], typed["outcome"].to_numpy(), np.full(len(typed), 0.3),
        ["kind"], ["signal"], limits, params.task, PLAN,
    )  # fmt: skip
    assert slices.empty
    assert "roc_auc" in slices.columns


def test_the_summary_is_made_of_scalars(setting, params):
    schema, typed, _ = setting
    predictor = Predictor(fit(setting, CANDIDATES["lightgbm"].build(0, 1)), Identity())
    found = interpret_model(predictor, schema, typed, params.interpret, params.task, PLAN)
    summary = interpretation_json(found)
    assert summary["top_feature"] == "signal"
    assert summary["feature_count"] == 4
    assert summary["shap"]["additive"]
    assert found.importance["mean_abs_shap"].notna().all()
