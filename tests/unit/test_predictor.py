import numpy as np
import pandas as pd
import pytest
from cases import make_case
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LogisticRegression, Ridge

from assay.baselines import build_baselines
from assay.calibration.maps import Identity, Sigmoid
from assay.metrics.catalogue import task_metrics
from assay.predictor import (
    Predictor,
    Recipe,
    fold_metrics,
    fold_scores,
    out_of_fold_predictions,
    raw_predictions,
)

TASKS = ["binary", "multiclass", "regression"]


def linear(case):
    model = Ridge() if case.schema.task == "regression" else LogisticRegression(max_iter=2000)
    return Recipe(case.preprocessor, model)


def prior(case):
    name = "mean" if case.schema.task == "regression" else "prior"
    return build_baselines(case.preprocessor, case.params.baseline, case.params.task)[name]


@pytest.mark.parametrize("task", TASKS)
def test_preprocessing_is_fitted_inside_each_fold(task):
    """A later fold's values, made absurd, must not reach the predictions of an earlier fold."""
    case = make_case(task)
    fit = linear(case).fit
    plain = out_of_fold_predictions(fit, case.features, case.y_true, case.folds)
    spoilt = case.features.copy()
    spoilt.loc[case.folds.fold == case.folds.fold_count, "signal"] = 1e6
    other = out_of_fold_predictions(fit, spoilt, case.y_true, case.folds)
    earlier = case.folds.validated & (case.folds.fold < case.folds.fold_count)
    np.testing.assert_array_equal(plain[earlier], other[earlier])


@pytest.mark.parametrize("task", TASKS)
def test_rows_that_no_fold_validates_have_no_prediction(task):
    case = make_case(task)
    predicted = out_of_fold_predictions(prior(case).fit, case.features, case.y_true, case.folds)
    assert predicted.shape == ((len(case.train), 3) if task == "multiclass" else (len(case.train),))
    missing = np.isnan(predicted).reshape(len(predicted), -1)
    np.testing.assert_array_equal(missing.all(axis=1), ~case.folds.validated)
    np.testing.assert_array_equal(missing.any(axis=1), ~case.folds.validated)


@pytest.mark.parametrize("task", TASKS)
def test_what_a_model_says_has_the_shape_of_its_task(task):
    case = make_case(task)
    model = linear(case).fit(case.features, case.y_true)
    predicted = raw_predictions(model, case.features.head(70))
    assert predicted.dtype == np.float64
    expected = {
        "binary": lambda: model.predict_proba(case.features.head(70))[:, 1],
        "multiclass": lambda: model.predict_proba(case.features.head(70)),
        "regression": lambda: model.predict(case.features.head(70)),
    }[task]()
    np.testing.assert_allclose(predicted, expected, rtol=1e-12)
    none = raw_predictions(model, case.features.iloc[:0])
    assert none.shape == (0, *predicted.shape[1:])


@pytest.mark.parametrize("task", TASKS)
def test_a_row_is_predicted_the_same_in_any_company(task):
    """Bit for bit, for a linear model, whose matrix product is computed in groups of rows."""
    case = make_case(task)
    model = linear(case).fit(case.features, case.y_true)
    whole = raw_predictions(model, case.features)
    rng = np.random.default_rng(0)
    for size in (1, 2, 3, 5, 17, 63, 64, 65, 130, 331):
        rows = rng.permutation(len(case.features))[:size]
        part = raw_predictions(model, case.features.iloc[rows])
        np.testing.assert_array_equal(part, whole[rows])


def test_a_predictor_applies_its_calibrator():
    case = make_case()
    model = linear(case).fit(case.features, case.y_true)
    raw = Predictor(model, Identity()).predict(case.features)
    calibrated = Predictor(model, Sigmoid(0.5, 0.1)).predict(case.features)
    np.testing.assert_array_equal(calibrated, Sigmoid(0.5, 0.1).apply(raw))
    assert len(Predictor(model, Identity()).predict(case.features.iloc[:0])) == 0


def test_a_recipe_fits_clones_and_leaves_its_parts_unfitted():
    case = make_case()
    recipe = linear(case)
    first = recipe.fit(case.features, case.y_true)
    second = recipe.fit(case.features, case.y_true)
    assert first.named_steps["model"] is not second.named_steps["model"]
    assert first.named_steps["features"] is not recipe.preprocessor
    assert not hasattr(recipe.estimator, "coef_")
    assert not hasattr(recipe.preprocessor, "transformers_")


class Noting(RegressorMixin, BaseEstimator):
    """Keeps what it was fitted on."""

    def fit(self, X, y):
        self.matrix_, self.target_ = X, y
        return self

    def predict(self, X):
        return np.zeros(len(X))


class Doubling:
    """A sampler that repeats every row, and gives the repetition another outcome."""

    def get_params(self, deep=True):
        return {}

    def fit_resample(self, X, y):
        return np.r_[X, X], np.r_[y, y + 100]


def test_a_sampler_changes_what_is_fitted_and_nothing_that_is_predicted():
    case = make_case("regression")
    pipeline = Recipe(case.preprocessor, Noting(), Doubling()).fit(case.features, case.y_true)
    model, n = pipeline.named_steps["model"], len(case.train)
    assert len(model.matrix_) == 2 * n
    np.testing.assert_array_equal(model.target_, np.r_[case.y_true, case.y_true + 100])
    assert list(pipeline.named_steps) == ["features", "model"]
    assert len(pipeline.predict(case.features)) == n


def test_the_metrics_of_the_folds_are_their_mean_and_deviation():
    case = make_case("regression")
    predicted = out_of_fold_predictions(linear(case).fit, case.features, case.y_true, case.folds)
    metric = task_metrics("regression")["mae"]
    scores = fold_scores(metric, case.y_true, predicted, case.folds)
    rows = case.folds.fold == 2
    assert scores[1] == pytest.approx(np.abs(case.y_true - predicted)[rows].mean())
    told = fold_metrics("regression", case.y_true, predicted, case.folds, 10)
    assert set(told) == set(task_metrics("regression"))
    assert told["mae"]["cv_mean"] == pytest.approx(np.mean(scores))
    assert told["mae"]["cv_std"] == pytest.approx(pd.Series(scores).std())


def test_a_metric_that_some_fold_cannot_have_is_left_out():
    case = make_case("regression")
    zero = np.where(case.folds.fold == 2, 0.0, case.y_true)
    told = fold_metrics("regression", zero, zero + 1, case.folds, 10)
    assert set(told) == set(task_metrics("regression")) - {"mape", "r2"}
