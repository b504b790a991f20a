from functools import cache

import numpy as np
import pandas as pd
import pytest
from cases import make_case, positive_table
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVR

from assay.interpretation.shap_values import explain
from assay.predictor import Recipe
from assay.preprocessing import source_features
from assay.search.candidates import CANDIDATES
from assay.search.ensemble import Blend, blended_estimator


@cache
def case_of(name):
    if name == "log1p":
        return make_case("regression", positive_table(), task={"target_transform": "log1p"})
    return make_case(name)


def model_of(case, name):
    few = {"n_estimators": 20} if name in {"lightgbm", "random_forest", "extra_trees"} else {}
    return case.problem().model(CANDIDATES[name], few)


def fitted(case, model):
    return Recipe(case.preprocessor, model).fit(case.features, case.y_true)


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
]


@pytest.mark.parametrize(("task", "name", "output"), OUTPUTS)
def test_contributions_add_up_to_the_models_output(task, name, output):
    case = case_of(task)
    found = explained(case, fitted(case, model_of(case, name)))
    assert found.output == output
    assert found.additivity_gap < 1e-6
    assert found.values.shape == (60, 4)
    assert list(found.values) == case.schema.feature_names
    assert found.mean_absolute().index[0] in {"signal", "kind"}
    assert found.method in {"TreeSHAP (LightGBM)", "TreeSHAP (shap)", "linear SHAP"}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "log1p"])
def test_a_blend_is_explained_through_its_predictions(task):
    case = case_of(task)
    names = ("logistic", "lightgbm") if case.schema.labels else ("ridge", "lightgbm")
    models = {name: model_of(case, name) for name in names}
    blended = blended_estimator(
        case.schema.task, models, Blend(dict.fromkeys(names, 0.5), 1.0, 0.0)
    )
    found = explained(case, fitted(case, blended), rows=15)
    assert found.method == "permutation SHAP"
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
