import numpy as np
import pytest
from cases import make_case
from optuna.distributions import FloatDistribution
from sklearn.base import BaseEstimator, RegressorMixin

from assay.search import sklearn_engine
from assay.search.candidates import CANDIDATES, Candidate
from assay.search.sklearn_engine import SklearnEngine


class Off(RegressorMixin, BaseEstimator):
    """Predicts the mean, and so much more."""

    def __init__(self, by=0.0):
        self.by = by

    def fit(self, X, y):
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_ + self.by)


OFF = Candidate("ridge", None, lambda seed, n_jobs: Off(), {"by": FloatDistribution(-50.0, 50.0)})


def tuned(trials, seconds=None, candidate=OFF):
    case = make_case("regression", split={"fold_count": 4})
    return SklearnEngine(case.problem()).tune(candidate, trials, seconds)


def test_trials_that_start_badly_are_given_up_and_never_win():
    best, history = tuned(40)
    assert [trial.number for trial in history] == list(range(40))
    given_up = [trial for trial in history if trial.fold_count < 4]
    complete = [trial for trial in history if trial.fold_count == 4]
    assert {trial.fold_count for trial in given_up} == {2}
    assert len(given_up) >= 5
    winner = min(complete, key=lambda trial: trial.mean)
    assert best.params == winner.params
    assert best.mean == winner.mean
    assert len(best.scores) == 4


def test_the_first_trials_are_never_given_up():
    _, history = tuned(5)
    assert [trial.fold_count for trial in history] == [4] * 5


def test_the_mean_of_a_trial_is_that_of_the_folds_that_were_scored():
    case = make_case("regression", split={"fold_count": 4})
    engine = SklearnEngine(case.problem())
    _, history = engine.tune(OFF, 30, None)
    metric = case.problem().metric
    for trial in history[-5:]:
        scores = []
        for number, (fitted, judged) in enumerate(case.folds.split(case.features)):
            if number < trial.fold_count:
                level = case.y_true[fitted].mean() + trial.params["by"]
                scores.append(metric.value(case.y_true[judged], np.full(len(judged), level)))
        assert trial.mean == pytest.approx(np.mean(scores))


@pytest.mark.parametrize("seconds", [0.0, 1e-9])
def test_the_smallest_budget_completes_one_trial(seconds):
    best, history = tuned(1000, seconds)
    assert len(history) == 1
    assert best.params == history[0].params


def test_a_budget_that_is_never_reached_changes_nothing():
    assert tuned(12, 1e9) == tuned(12)


def test_folds_that_do_not_fit_in_memory_are_made_anew(monkeypatch):
    case = make_case()
    plain = SklearnEngine(case.problem()).tune(CANDIDATES["logistic"], 3, None)
    monkeypatch.setattr(sklearn_engine, "_CACHE_BYTES", 0)
    engine = SklearnEngine(case.problem())
    assert engine.tune(CANDIDATES["logistic"], 3, None) == plain
    assert engine._cache == {}


def test_a_fold_is_preprocessed_once_for_all_trials(monkeypatch):
    case = make_case()
    engine, fits = SklearnEngine(case.problem()), []
    fit = type(case.preprocessor).fit_transform
    monkeypatch.setattr(
        type(case.preprocessor), "fit_transform", lambda *a, **k: fits.append(1) or fit(*a, **k)
    )
    engine.score(CANDIDATES["logistic"])
    engine.tune(CANDIDATES["logistic"], 4, None)
    engine.score(CANDIDATES["lightgbm"])
    assert len(fits) == 3
