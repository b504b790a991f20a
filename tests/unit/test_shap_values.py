import numpy as np
import pandas as pd
import pytest
from explained import case_of, fitted, model_of, pipeline_of
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVR

from assay.interpretation.shap_values import explain
from assay.preprocessing import source_features


def explained(case, pipeline, rows=60, seed=0):
    return explain(pipeline, case.schema, case.features, rows, seed)


LOG_ODDS, CHANCE = "log-odds", "probability"
OUTPUTS = [
    ("binary", "lightgbm", LOG_ODDS),
    ("binary", "logistic", LOG_ODDS),
    ("binary", "random_forest", CHANCE),
    ("binary", "extra_trees", CHANCE),
    ("multiclass", "lightgbm", "score of the predicted class"),
    ("multiclass", "logistic", "score of the predicted class"),
    ("multiclass", "random_forest", f"{CHANCE} of the predicted class"),
    ("multiclass", "extra_trees", f"{CHANCE} of the predicted class"),
    ("regression", "lightgbm", "outcome"),
    ("regression", "ridge", "outcome"),
    ("regression", "random_forest", "outcome"),
    ("log1p", "lightgbm", "log1p of outcome"),
    ("log1p", "ridge", "log1p of outcome"),
    ("log1p", "extra_trees", "log1p of outcome"),
    ("binary", "xgboost", LOG_ODDS),
    ("multiclass", "catboost", "score of the predicted class"),
    ("multiclass", "hist_gradient_boosting", "score of the predicted class"),
    ("regression", "xgboost", "outcome"),
    ("log1p", "catboost", "log1p of outcome"),
]
METHODS = {
    "lightgbm": "TreeSHAP (LightGBM)",
    "xgboost": "TreeSHAP (XGBoost)",
    "catboost": "TreeSHAP (CatBoost)",
    "logistic": "linear SHAP",
    "ridge": "linear SHAP",
}


@pytest.mark.parametrize(("task", "name", "output"), OUTPUTS)
def test_contributions_add_up_to_the_models_output(task, name, output):
    case = case_of(task)
    found = explained(case, fitted(case, model_of(case, name)))
    assert found.output == output
    assert found.additivity_gap < 1e-6
    assert found.values.shape == (60, 4)
    assert list(found.values) == case.schema.feature_names
    assert found.mean_absolute().index[0] in {"signal", "kind"}
    assert found.method == METHODS.get(name, "TreeSHAP (shap)")


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "log1p"])
def test_a_blend_is_explained_in_what_it_averages(task):
    names = ("logistic", "lightgbm") if task in {"binary", "multiclass"} else ("ridge", "lightgbm")
    found = explained(case_of(task), pipeline_of(task, *names), rows=15)
    # Numbers average as their contributions do; log-odds and logarithms do not.
    mean = "mean of linear SHAP and TreeSHAP (LightGBM)"
    assert found.method == (mean if task == "regression" else "permutation SHAP")
    assert found.additivity_gap < 1e-6
    assert found.mean_absolute().index[0] == "signal"
    # A blend of transformed models predicts in the target's own unit.
    expected = {"binary": CHANCE, "multiclass": f"{CHANCE} of the predicted class"}
    assert found.output == expected.get(task, "outcome")


@pytest.mark.parametrize(("task", "model"), [("binary", GaussianNB()), ("regression", SVR())])
def test_any_other_model_is_explained_on_fewer_rows(task, model):
    case = case_of(task)
    found = explained(case, fitted(case, model), rows=1000)
    assert found.method == "permutation SHAP"
    assert len(found.values) == 200
    assert found.additivity_gap < 1e-6


def test_a_row_that_the_model_is_certain_of_breaks_nothing():
    """Its probability rounds to 1, whose log-odds would be infinite."""
    case = case_of("binary")
    pipeline = fitted(case, model_of(case, "logistic"))
    features = case.features.copy()
    features.loc[0, "signal"] = 400.0
    found = explain(pipeline, case.schema, features, len(features), 0)
    assert found.additivity_gap < 1e-6


def scaled(column):
    return (column - column.mean()) / column.std(ddof=0)


def test_contributions_of_a_known_additive_model_are_exact():
    """For independent terms a linear model's SHAP value is weight times distance from the mean."""
    case = case_of("binary")
    pipeline = fitted(case, model_of(case, "logistic"))
    found = explained(case, pipeline, rows=len(case.features))
    names = list(pipeline.named_steps["features"].get_feature_names_out())
    weight = pipeline.named_steps["model"].coef_[0][names.index("numeric__noise")]
    expected = weight * scaled(case.features["noise"])
    np.testing.assert_allclose(found.values["noise"], expected, atol=1e-9)


def test_of_many_classes_the_predicted_one_is_explained():
    case = case_of("multiclass")
    pipeline = fitted(case, model_of(case, "logistic"))
    found = explained(case, pipeline, rows=len(case.features))
    codes = pipeline.predict(case.features)
    assert set(codes) == {0, 1, 2}
    names = list(pipeline.named_steps["features"].get_feature_names_out())
    weights = pipeline.named_steps["model"].coef_[:, names.index("numeric__noise")]
    expected = weights[codes] * scaled(case.features["noise"])
    np.testing.assert_allclose(found.values["noise"], expected, atol=1e-9)


def test_columns_of_one_feature_are_summed():
    case = case_of("regression")
    pipeline = fitted(case, model_of(case, "ridge"))
    preprocessor, model = pipeline.named_steps.values()
    found = explained(case, pipeline, rows=len(case.features))
    matrix = preprocessor.transform(case.features)
    contribution = (matrix - matrix.mean(axis=0)) * model.coef_
    sources = np.array(source_features(preprocessor, case.schema.feature_names))
    assert (sources == "kind").sum() > 2
    np.testing.assert_allclose(
        found.values["kind"], contribution[:, sources == "kind"].sum(axis=1), atol=1e-9
    )


def test_the_sample_names_its_rows():
    case = case_of("binary")
    found = explained(case, fitted(case, model_of(case, "logistic")), rows=25, seed=3)
    assert (np.diff(found.positions) > 0).all()
    pd.testing.assert_frame_equal(
        found.features, case.features.iloc[found.positions].reset_index(drop=True)
    )
