from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest
from cases import make_case
from examined import evidence_of
from explained import case_of, fitted, model_of, pipeline_of
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVR

from assay.calibration.maps import Identity
from assay.interpretation.background import background_rows
from assay.interpretation.shap_values import explain
from assay.predictor import Predictor
from assay.preprocessing import source_features


def explained(case, pipeline, rows=60, **given):
    given.setdefault("holdout", case.train)
    predictor = Predictor(pipeline, Identity())
    return explain(evidence_of(case, predictor, shap_sample_rows=rows, **given))


def centre(case, values):
    """Return the mean of the rows that ship; there are others too."""
    background = background_rows(case.train, case.schema, case.params.task.seed)
    assert len(background) == 50
    return values.loc[background.index].mean()


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
    rows = case.train.copy()
    rows.loc[0, "signal"] = 400.0
    found = explained(case, pipeline, len(rows), holdout=rows)
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
    noise = scaled(case.features["noise"])
    expected = weight * (noise - centre(case, noise))
    np.testing.assert_allclose(found.values["noise"], expected, atol=1e-9)


def test_of_many_classes_the_predicted_one_is_explained():
    case = case_of("multiclass")
    pipeline = fitted(case, model_of(case, "logistic"))
    found = explained(case, pipeline, rows=len(case.features))
    codes = pipeline.predict(case.features)
    assert set(codes) == {0, 1, 2}
    names = list(pipeline.named_steps["features"].get_feature_names_out())
    weights = pipeline.named_steps["model"].coef_[:, names.index("numeric__noise")]
    noise = scaled(case.features["noise"])
    expected = weights[codes] * (noise - centre(case, noise))
    np.testing.assert_allclose(found.values["noise"], expected, atol=1e-9)


def test_columns_of_one_feature_are_summed():
    case = case_of("regression")
    pipeline = fitted(case, model_of(case, "ridge"))
    preprocessor, model = pipeline.named_steps.values()
    found = explained(case, pipeline, rows=len(case.features))
    matrix = preprocessor.transform(case.features)
    contribution = (matrix - centre(case, pd.DataFrame(matrix)).to_numpy()) * model.coef_
    sources = np.array(source_features(preprocessor, case.schema.feature_names))
    assert (sources == "kind").sum() > 2
    np.testing.assert_allclose(
        found.values["kind"], contribution[:, sources == "kind"].sum(axis=1), atol=1e-9
    )


def test_the_sample_names_its_rows():
    case = case_of("binary")
    found = explained(case, fitted(case, model_of(case, "logistic")), rows=25)
    assert (np.diff(found.positions) > 0).all()
    pd.testing.assert_frame_equal(
        found.features, case.features.iloc[found.positions].reset_index(drop=True)
    )


def test_of_many_classes_the_one_is_explained_that_is_predicted_after_calibration():
    """Here the calibrator names another class than the pipeline, for every row."""
    case = case_of("multiclass")
    pipeline = fitted(case, model_of(case, "logistic"))
    before = pipeline.predict_proba(case.features)
    after = np.roll(before, 1, axis=1)
    found = explained(case, pipeline, rows=len(case.features), y_predicted=after)
    matrix = pipeline.named_steps["features"].transform(case.features)
    scores = pipeline.named_steps["model"].decision_function(matrix)
    names = list(pipeline.named_steps["features"].get_feature_names_out())
    weights = pipeline.named_steps["model"].coef_[:, names.index("numeric__noise")]
    noise = scaled(case.features["noise"])
    codes = (scores.argmax(axis=1) + 1) % 3
    np.testing.assert_allclose(
        found.values["noise"], weights[codes] * (noise - centre(case, noise)), atol=1e-9
    )
    assert found.additivity_gap < 1e-6


def test_the_mean_contributions_to_each_class_are_told():
    case = case_of("multiclass")
    pipeline = fitted(case, model_of(case, "logistic"))
    found = explained(case, pipeline, rows=len(case.features)).by_class
    assert list(found["class"].unique()) == ["high", "low", "mid"]
    names = list(pipeline.named_steps["features"].get_feature_names_out())
    weights = pipeline.named_steps["model"].coef_[:, names.index("numeric__noise")]
    noise = scaled(case.features["noise"])
    expected = np.abs(weights) * np.abs(noise - centre(case, noise)).mean()
    told = found[found["feature"] == "noise"]["mean_abs_shap"]
    np.testing.assert_allclose(told, expected, atol=1e-9)
    assert explained(case_of("binary"), pipeline_of("binary", "logistic")).by_class.empty


LEVELS = {"a": 1.5, "b": -2.0, "c": 4.0}


def additive_case():
    """Return y = 3 x1 - 2 x2 + f(x3), without noise, and what each term adds against the background."""
    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "row_key": [f"k{number:04d}" for number in range(500)],
            "moment": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(500), unit="h"),
            "entity": np.arange(500),
            "x1": rng.normal(5, 2, 500),
            "x2": rng.integers(-4, 9, 500),
            "x3": rng.choice(list(LEVELS), 500),
        }
    )
    table["outcome"] = 3 * table["x1"] - 2 * table["x2"] + table["x3"].map(LEVELS)
    case = make_case("regression", table, data={"passthrough_columns": [], "exclude_columns": {}})
    rows = case.train
    terms = pd.DataFrame(
        {"x1": 3 * rows["x1"], "x2": -2 * rows["x2"], "x3": rows["x3"].map(LEVELS)}
    )
    return case, terms - centre(case, terms)


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (Ridge(alpha=0, solver="svd"), "linear SHAP"),
        # The same model under a name whose inside nobody knows.
        (LinearRegression(), "permutation SHAP"),
    ],
)
def test_the_values_of_an_additive_model_are_its_terms(model, method):
    case, terms = additive_case()
    found = explained(case, fitted(case, model), rows=150)
    assert found.method == method
    assert found.additivity_gap < 1e-9
    expected = terms.iloc[found.positions].to_numpy()
    np.testing.assert_allclose(found.values[["x1", "x2", "x3"]], expected, atol=1e-9, rtol=0)


def expected_of_tree(tree, row, known, node=0):
    """Return a tree's value where only some columns are known: both ways, by their training rows."""
    if tree.children_left[node] < 0:
        return tree.value[node, 0, 0]
    left, right = tree.children_left[node], tree.children_right[node]
    column = tree.feature[node]
    if column in known:
        way = left if np.float32(row[column]) <= tree.threshold[node] else right
        return expected_of_tree(tree, row, known, way)
    weight = tree.weighted_n_node_samples
    parts = [weight[way] * expected_of_tree(tree, row, known, way) for way in (left, right)]
    return sum(parts) / weight[node]


def test_the_values_of_trees_are_shapleys():
    """By brute force over all orders of the columns, against TreeSHAP."""
    case = case_of("regression")
    forest = RandomForestRegressor(3, max_depth=4, max_features=2, random_state=0)
    pipeline = fitted(case, forest)
    found = explained(case, pipeline, rows=4)
    matrix = pipeline.named_steps["features"].transform(found.features)
    sources = source_features(pipeline.named_steps["features"], case.schema.feature_names)
    for place, row in enumerate(matrix):
        values = dict.fromkeys(case.schema.feature_names, 0.0)
        for member in pipeline.named_steps["model"].estimators_:
            read = sorted(set(member.tree_.feature[member.tree_.feature >= 0]))
            for column in read:
                others = [other for other in read if other != column]
                for size in range(len(others) + 1):
                    share = 1 / (len(read) * comb(len(others), size))
                    for known in combinations(others, size):
                        gain = expected_of_tree(member.tree_, row, {*known, column})
                        gain -= expected_of_tree(member.tree_, row, set(known))
                        values[sources[column]] += share * gain / 3
        np.testing.assert_allclose(found.values.iloc[place], list(values.values()), atol=1e-9)
