"""What a sampler adds or drops stays on the fitting side of every fold, with either engine."""

from dataclasses import replace

import numpy as np
import pytest
from cases import make_case
from conftest import make_table
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from assay.errors import DataError
from assay.predictor import out_of_fold_predictions
from assay.search import selection
from assay.search.candidate import train_candidate
from assay.search.candidates import Candidate
from assay.search.selection import engine_factory, search_best

ENGINES = ["pycaret", "sklearn"]
# No honest row of a scaled matrix has such a value.
MARK = 1e6


class Watched(ClassifierMixin, BaseEstimator):
    """Says the prior, and keeps every matrix and outcome that it sees."""

    fitted: list = []  # noqa: RUF012
    predicted: list = []  # noqa: RUF012

    def fit(self, X, y):
        Watched.fitted.append((np.asarray(X), np.asarray(y)))
        self.classes_, counts = np.unique(y, return_counts=True)
        self.rates_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        Watched.predicted.append(np.asarray(X))
        # Not constant, so that an AUC has something to rank.
        tilt = 0.01 * np.tanh(np.asarray(X)[:, 0])
        return np.column_stack([self.rates_[0] - tilt, self.rates_[1] + tilt])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Marking(BaseEstimator):
    """A sampler that adds as many rows as there are, all of them marked, and all positive."""

    def fit_resample(self, X, y):
        X = np.asarray(X)
        return np.r_[X, np.full_like(X, MARK)], np.r_[np.asarray(y), np.ones(len(y), dtype=int)]


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(Watched, "fitted", [])
    monkeypatch.setattr(Watched, "predicted", [])
    candidate = Candidate("logistic", lambda seed, n_jobs: Watched(), None)
    monkeypatch.setitem(selection.CANDIDATES, "logistic", candidate)
    return candidate


def rows_of(matrix) -> set:
    return {tuple(row) for row in np.round(matrix, 9)}


@pytest.mark.parametrize("engine", ENGINES)
def test_no_synthetic_row_reaches_a_validation_fold(engine, watched):
    case = make_case()
    problem = replace(case.problem(), sampler=Marking())
    engine_factory(engine)(problem).score(watched)
    # PyCaret fits once more, on everything, after the folds.
    assert len(Watched.fitted) >= 3
    expected = []
    for (matrix, y_true), (fitted, judged) in zip(
        Watched.fitted, case.folds.split(case.features), strict=False
    ):
        assert len(matrix) == 2 * len(fitted)
        assert (matrix == MARK).all(axis=1).sum() == len(fitted)
        assert y_true.sum() == case.y_true[fitted].sum() + len(fitted)
        preprocessor = clone(case.preprocessor).fit(case.features.iloc[fitted])
        expected.append(rows_of(preprocessor.transform(case.features.iloc[judged])))
    assert not any((matrix == MARK).any() for matrix in Watched.predicted)
    folds_seen = [rows_of(matrix) for matrix in Watched.predicted]
    for rows in expected:
        assert rows in folds_seen
    if engine == "sklearn":
        assert folds_seen == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_the_out_of_fold_rows_are_not_resampled_either(engine, watched):
    case = make_case()
    problem = replace(case.problem(), sampler=Marking())
    recipe = problem.recipe(Watched())
    predicted = out_of_fold_predictions(recipe.fit, case.features, case.y_true, case.folds)
    assert len(predicted) == len(case.train)
    assert not any((matrix == MARK).any() for matrix in Watched.predicted)
    # The engine and the pipeline agree on what a resampled model says.
    params = case.params.train.model_copy(
        update={"engine": engine, "candidates": ["logistic"], "tune_top": 0}
    )
    result = search_best(problem, params, lambda _: None)
    np.testing.assert_array_equal(result.out_of_fold, predicted)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["random_under", "smote"])
def test_fitted_rows_are_balanced(engine, name, watched):
    case = make_case(train={"resampling": name})
    engine_factory(engine)(case.problem()).score(watched)
    for (_, y_true), (fitted, _) in zip(
        Watched.fitted, case.folds.split(case.features), strict=False
    ):
        counts = np.bincount(case.y_true[fitted])
        wanted = counts.min() if name == "random_under" else counts.max()
        assert np.bincount(y_true).tolist() == [wanted, wanted]


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("engine", ENGINES)
def test_with_smote_the_out_of_fold_table_has_the_training_rows_and_no_others(engine, task):
    case = make_case(
        task, train={"engine": engine, "resampling": "smote", "candidates": ["logistic"],
                     "tune_top": 1, "trials": 2},
    )  # fmt: skip
    trained = train_candidate(
        case.problem(), case.train, case.schema, case.params.train, case.params.calibrate, 10,
        lambda _: None,
    )  # fmt: skip
    judged = case.folds.validated
    assert trained.out_of_fold["assay_row"].tolist() == case.train["assay_row"][judged].tolist()
    assert trained.out_of_fold["y_true"].tolist() == case.y_true[judged].tolist()
    assert list(trained.predictor.pipeline.named_steps) == ["features", "model"]


def test_calibration_undoes_what_resampling_does_to_probabilities():
    """A fifth of rows are positive; a balanced model says one half."""
    table = make_table(1500)
    drop = (table["outcome"] == 1) & (np.arange(1500) % 4 > 0)
    case = make_case(
        "binary",
        table[~drop].reset_index(drop=True),
        train={"engine": "sklearn", "resampling": "random_under", "candidates": ["logistic"],
               "tune_top": 0},
    )  # fmt: skip
    trained = train_candidate(
        case.problem(), case.train, case.schema, case.params.train, case.params.calibrate, 10,
        lambda _: None,
    )  # fmt: skip
    rows = trained.out_of_fold
    assert trained.metrics["calibration"]["method"] != "none"
    assert rows["raw_y_score"].mean() > rows["y_true"].mean() + 0.1
    assert rows["y_score"].mean() == pytest.approx(rows["y_true"].mean(), abs=0.02)


def test_smote_asks_for_enough_rows_of_a_class():
    case = make_case(train={"resampling": "smote", "engine": "sklearn"})
    rare = np.zeros(len(case.train), dtype=int)
    # The first fold trains on the rows that no fold validates, which have three of the class.
    rare[np.argsort(case.folds.fold, kind="stable")[[0, 1, 2, -1, -2, -3]]] = 1
    problem = replace(case.problem(), y_true=rare)
    with pytest.raises(DataError, match=r"smote needs 6 rows .* fold 1 has 3.*Use random_under"):
        search_best(problem, case.params.train, lambda _: None)
