import sys
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from explained import TASKS, background_of, candidates_of, case_of, fitted, new_rows, pipeline_of
from sklearn.naive_bayes import GaussianNB

from assay.errors import ArtifactError
from assay.interpretation import contributions
from assay.interpretation.contributions import explained_output, row_explainer
from assay.interpretation.explainers import Columns, _Permutation, explainer_of
from assay.interpretation.shap_values import affordable_rows
from assay.predictor import raw_predictions
from assay.preprocessing import source_features
from assay.skops_files import model_bytes, read_model
from assay.trust import SHIPPED

EACH = [(task, name) for task in TASKS for name in candidates_of(task)]
TREES = [(task, name) for task, name in EACH if name not in {"dummy", "logistic", "ridge"}]
LINEAR = [(task, name) for task, name in EACH if name in {"logistic", "ridge"}]
BLENDS = [
    ("binary", "logistic", "lightgbm"),
    ("binary", "random_forest", "extra_trees"),
    ("multiclass", "lightgbm", "random_forest"),
    ("multiclass", "random_forest", "extra_trees", "dummy"),
    ("regression", "ridge", "lightgbm", "xgboost"),
    ("log1p", "ridge", "lightgbm"),
]


def explainer_for(task, *names, rows=None):
    case = case_of(task)
    background = background_of(case) if rows is None else rows
    return row_explainer(pipeline_of(task, *names), case.schema, background)


def summed(case, preprocessor, values):
    """Add up the columns of each feature another way."""
    names = case.schema.feature_names
    return pd.DataFrame(values.T).groupby(source_features(preprocessor, names)).sum().T[names]


def estimator_of(pipeline):
    model = pipeline.named_steps["model"]
    return getattr(model, "regressor_", model)


@pytest.mark.parametrize(("task", "name"), EACH)
def test_contributions_add_up_and_are_the_same_alone_and_in_company(task, name):
    case, explainer = case_of(task), explainer_for(task, name)
    rows = new_rows(case)
    found, whole = explainer.contributions(rows), explainer.outputs(rows)
    gap = np.abs(found.base + found.values.sum(axis=1) - whole).max()
    assert gap <= 1e-6 * max(1, np.abs(whole).max())
    for part in (rows.iloc[[40]], rows.iloc[::-7], rows.iloc[60:]):
        again = explainer.contributions(part)
        np.testing.assert_array_equal(again.values, found.values[part.index])
        np.testing.assert_array_equal(again.base, found.base[part.index])


@pytest.mark.parametrize(("task", "name"), EACH)
def test_what_is_explained_is_what_the_pipeline_predicts(task, name):
    """Base and contributions, taken from their scale to the prediction's, are the prediction."""
    case, pipeline = case_of(task), pipeline_of(task, name)
    rows = new_rows(case)
    found = explainer_for(task, name).contributions(rows)
    reached = found.base + found.values.sum(axis=1)
    predicted = raw_predictions(pipeline, rows)
    phrase = explained_output(pipeline, case.schema)
    if phrase == "log-odds of outcome = 1":
        reached = 1 / (1 + np.exp(-reached))
    elif phrase == "log1p of outcome":
        reached = np.expm1(reached)
    elif phrase == "score of the predicted class of outcome":
        each = [
            explainer_for(task, name).contributions(rows, np.full(len(rows), code))
            for code in range(3)
        ]
        scores = np.exp([e.base + e.values.sum(axis=1) for e in each])
        reached = (scores / scores.sum(axis=0)).T
    elif phrase == "probability of the predicted class of outcome":
        predicted = predicted.max(axis=1)
    else:
        assert phrase in {"outcome", "probability of outcome = 1"}
    np.testing.assert_allclose(reached, predicted, rtol=1e-5)


def shap_of_trees(monkeypatch, model, matrix):
    """Return what the package shap says of the second class, or of the number."""
    import shap
    from shap.explainers import _tree

    read = _tree.decode_ubjson_buffer

    def read_with_plain_base(stream):
        # shap cannot read XGBoost 3's bases, and needs none.
        content = read(stream)
        content["learner"]["learner_model_param"]["base_score"] = "0.5"
        return content

    monkeypatch.setattr(_tree, "decode_ubjson_buffer", read_with_plain_base)
    explainer = shap.TreeExplainer(model)
    if "CatBoost" not in type(model).__name__:
        # Else shap asks the library, as we do. Of CatBoost's leaves without a row it knows no way.
        explainer.model.model_type = "internal"
    values = explainer.shap_values(matrix, check_additivity=False)
    return values[:, :, 1] if values.ndim == 3 else values


@pytest.mark.parametrize(("task", "name"), TREES)
def test_trees_are_explained_as_shap_explains_them(task, name, monkeypatch):
    case, pipeline = case_of(task), pipeline_of(task, name)
    rows = new_rows(case)
    preprocessor = pipeline.named_steps["features"]
    expected = shap_of_trees(monkeypatch, estimator_of(pipeline), preprocessor.transform(rows))
    found = explainer_for(task, name).contributions(rows, np.ones(len(rows), dtype=int))
    np.testing.assert_allclose(
        found.values, summed(case, preprocessor, expected), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize(("task", "name"), LINEAR)
def test_linear_models_are_explained_as_shap_explains_them(task, name):
    import shap

    case, pipeline = case_of(task), pipeline_of(task, name)
    rows = new_rows(case)
    preprocessor = pipeline.named_steps["features"]
    background = shap.maskers.Independent(preprocessor.transform(background_of(case)))
    explainer = shap.LinearExplainer(estimator_of(pipeline), background)
    expected = explainer(preprocessor.transform(rows)).values
    if expected.ndim == 3:
        expected = expected[:, :, 1]
    found = explainer_for(task, name).contributions(rows, np.ones(len(rows), dtype=int))
    np.testing.assert_allclose(found.values, summed(case, preprocessor, expected), atol=1e-9)


@pytest.mark.parametrize("names", BLENDS, ids="-".join)
def test_a_blend_adds_up_and_its_rows_are_their_own(names):
    task = names[0]
    case, pipeline, explainer = case_of(task), pipeline_of(*names), explainer_for(*names)
    rows = new_rows(case).head(12)
    found = explainer.contributions(rows)
    # Whatever its members are, a blend is explained as what it averages.
    predicted = raw_predictions(pipeline, rows)
    predicted = predicted.max(axis=1) if predicted.ndim == 2 else predicted
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), predicted, rtol=1e-6)
    some = explainer.contributions(rows.iloc[[7, 3]])
    np.testing.assert_array_equal(some.values, found.values[[7, 3]])
    margins = task in {"binary", "multiclass"} and not set(names[1:]) <= {
        "random_forest",
        "extra_trees",
        "dummy",
    }
    slow = margins or task == "log1p"
    assert (affordable_rows(explainer.explainer, 1000) == 200) == slow
    assert explainer.explainer.method.startswith("permutation SHAP" if slow else "mean of ")


def test_a_blend_of_numbers_has_the_mean_of_its_members_contributions():
    task, names = "regression", ("ridge", "lightgbm")
    case, pipeline = case_of(task), pipeline_of(task, *names)
    rows, columns = new_rows(case), explainer_for(task, *names).explainer.columns
    matrix = pipeline.named_steps["features"].transform(rows)
    members = [
        explainer_of(member, columns).added(matrix)[0][:, :, 0]
        for member in pipeline.named_steps["model"].estimators_
    ]
    expected = 0.75 * members[0] + 0.25 * members[1]
    found = explainer_for(task, *names).contributions(rows).values
    np.testing.assert_allclose(found, expected, atol=1e-12)


def shapley(predict, row, background):
    """Return Shapley values from all orders."""
    count = len(row)
    values, orders = np.zeros(count), list(permutations(range(count)))
    for order in orders:
        mixed, before = background.copy(), predict(background).mean()
        for feature in order:
            mixed[:, feature] = row[feature]
            after = predict(mixed).mean()
            values[feature] += (after - before) / len(orders)
            before = after
    return values


@pytest.mark.parametrize(
    "predict",
    [
        lambda x: x @ [1.0, -2.0, 0.0, 0.5],
        lambda x: x[:, 0] * x[:, 1] - 3 * x[:, 2] * x[:, 3] + x[:, 3],
    ],
    ids=["additive", "pairs"],
)
def test_permutation_is_exact_where_no_more_than_two_features_interact(predict):
    rng = np.random.default_rng(5)
    background, rows = rng.normal(size=(9, 4)), rng.normal(size=(3, 4))
    columns = Columns(("d", "a", "c", "b"), np.arange(4), background)
    values, base = _Permutation(SimpleNamespace(predict=predict), columns).added(rows)
    np.testing.assert_allclose(base, predict(background).mean())
    for row, found in zip(rows, values[:, :, 0], strict=True):
        np.testing.assert_allclose(found, shapley(predict, row, background), atol=1e-12)


def test_permutation_does_not_depend_on_the_order_of_features():
    rng = np.random.default_rng(5)
    background, rows = rng.normal(size=(9, 5)), rng.normal(size=(2, 5))
    names, turn = np.array(["e", "a", "d", "b", "c"]), np.array([3, 0, 4, 1, 2])

    def added(order):
        model = SimpleNamespace(predict=lambda x: np.prod(x[:, np.argsort(order)] + 2, axis=1))
        columns = Columns(tuple(names[order]), np.arange(5), background[:, order])
        return _Permutation(model, columns).added(rows[:, order])[0][:, np.argsort(order), 0]

    np.testing.assert_array_equal(added(turn), added(np.arange(5)))


def test_any_other_model_is_explained_through_its_predictions():
    case = case_of("binary")
    pipeline = fitted(case, GaussianNB())
    explainer = row_explainer(pipeline, case.schema, background_of(case))
    rows = new_rows(case).head(8)
    found = explainer.contributions(rows)
    reached = found.base + found.values.sum(axis=1)
    np.testing.assert_allclose(reached, raw_predictions(pipeline, rows), rtol=1e-9)
    again = explainer.contributions(rows.iloc[[5]])
    np.testing.assert_array_equal(again.values, found.values[[5]])
    assert explained_output(pipeline, case.schema) == "probability of outcome = 1"


@pytest.mark.parametrize("name", ["lightgbm", "logistic", "xgboost", "catboost"])
def test_the_order_of_the_columns_of_a_file_changes_nothing(name):
    case, explainer = case_of("multiclass"), explainer_for("multiclass", name)
    rows = new_rows(case)
    np.testing.assert_array_equal(
        explainer.contributions(rows[rows.columns[::-1]]).values,
        explainer.contributions(rows).values,
    )


@pytest.mark.parametrize("name", candidates_of("multiclass"))
def test_rows_are_explained_in_parts(name, monkeypatch):
    case, explainer = case_of("multiclass"), explainer_for("multiclass", name)
    rows = new_rows(case)
    codes = np.arange(len(rows)) % 3
    whole = explainer.contributions(rows, codes)
    width = len(explainer.explainer.columns.source) + 1
    monkeypatch.setattr(contributions, "_NUMBERS_AT_ONCE", 3 * width * 9)
    assert explainer._rows_at_once == 9
    parts = explainer.contributions(rows, codes)
    np.testing.assert_array_equal(parts.values, whole.values)
    np.testing.assert_array_equal(parts.base, whole.base)


@pytest.mark.parametrize("name", candidates_of("multiclass"))
def test_of_many_classes_the_predicted_one_is_explained_unless_another_is_asked_for(name):
    case, explainer = case_of("multiclass"), explainer_for("multiclass", name)
    rows = new_rows(case)
    codes = raw_predictions(pipeline_of("multiclass", name), rows).argmax(axis=1)
    found = explainer.contributions(rows)
    np.testing.assert_array_equal(found.values, explainer.contributions(rows, codes).values)
    other = explainer.contributions(rows, (codes + 1) % 3)
    reached = [f.base + f.values.sum(axis=1) for f in (found, other)]
    assert (reached[0] >= reached[1]).all()


@pytest.mark.parametrize("name", candidates_of("regression"))
def test_no_rows_have_no_contributions(name):
    found = explainer_for("regression", name).contributions(new_rows(case_of("regression")).head(0))
    assert found.values.shape == (0, 4)
    assert found.base.shape == (0,)


@pytest.mark.parametrize("name", candidates_of("binary"))
def test_a_shipped_model_is_explained_as_the_fitted_one(name):
    case, pipeline = case_of("binary"), pipeline_of("binary", name)
    loaded = read_model(model_bytes(pipeline), SHIPPED, "model.skops")
    rows, background = new_rows(case), background_of(case)
    found, expected = (
        row_explainer(one, case.schema, background).contributions(rows).values
        for one in (loaded, pipeline)
    )
    np.testing.assert_array_equal(found, expected)


NATIVE = ["dummy", "logistic", "lightgbm", "xgboost", "catboost"]


def test_without_shap_only_other_peoples_trees_have_no_reasons(monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    rows = new_rows(case_of("binary")).head(3)
    for name in NATIVE:
        assert explainer_for("binary", name).contributions(rows).values.shape == (3, 4)
    assert explainer_for("binary", "logistic", "lightgbm").contributions(rows).values.any()
    for name in sorted(set(candidates_of("binary")) - set(NATIVE)):
        with pytest.raises(ArtifactError, match=r"need the package shap.*scoring-extras\.txt"):
            explainer_for("binary", name)


def test_a_broken_shap_is_not_called_absent(monkeypatch, tmp_path):
    (tmp_path / "shap.py").write_text("import what_shap_needs")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shap", raising=False)
    with pytest.raises(ModuleNotFoundError, match="what_shap_needs"):
        explainer_for("binary", "random_forest")


def test_only_what_compares_with_a_background_needs_one():
    case = case_of("binary")
    none = case.features.head(0)
    rows = new_rows(case)
    for name in set(candidates_of("binary")) - {"logistic"}:
        found = explainer_for("binary", name, rows=none).contributions(rows)
        np.testing.assert_array_equal(
            found.values, explainer_for("binary", name).contributions(rows).values
        )
    for names in (["logistic"], ["logistic", "lightgbm"]):
        with pytest.raises(ArtifactError, match="need training rows to compare with"):
            explainer_for("binary", *names, rows=none)


def test_as_many_rows_of_a_forest_are_explained_as_it_is_small():
    """A tree of 64 leaves has 6 levels: 12 nanoseconds for each leaf and level of a number."""
    from sklearn.ensemble import RandomForestRegressor

    x = np.arange(64.0)[:, None]
    columns = Columns(("x",), np.array([0]), x)
    for trees in (1, 50):
        forest = RandomForestRegressor(trees, bootstrap=False, random_state=0).fit(x, x[:, 0])
        explainer = explainer_of(forest, columns)
        assert explainer.row_seconds == pytest.approx(trees * 64 * 6 * 12e-9)
    assert affordable_rows(explainer, 1000) == 1000
    explainer.row_seconds = 0.1
    assert [affordable_rows(explainer, most) for most in (20, 1000)] == [20, 200]
    explainer.row_seconds = 5.0
    assert affordable_rows(explainer, 1000) == 50
