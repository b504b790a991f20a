"""The search with either engine: what it scores, what it chooses, what it refuses."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from cases import make_case, positive_table
from optuna.distributions import FloatDistribution
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import GaussianNB

from assay.errors import DataError
from assay.metrics.catalogue import primary_metric, task_metrics
from assay.predictor import fold_scores
from assay.search import selection
from assay.search.candidates import Candidate
from assay.search.engine import FoldScores, Trial
from assay.search.selection import engine_factory, search_best

ENGINES = ["pycaret", "sklearn"]
TASKS = ["binary", "multiclass", "regression"]
LINEAR = {"binary": "logistic", "multiclass": "logistic", "regression": "ridge"}


def search(case, problem=None, report=lambda _: None):
    return search_best(problem or case.problem(), case.params.train, report)


@cache
def searched(engine, task):
    """A case with the result of its search, and the lines that were reported."""
    case = make_case(task, train={"engine": engine, "tune_top": 2, "trials": 3})
    lines = []
    return case, search(case, report=lines.append), lines


every_search = pytest.mark.parametrize(("engine", "task"), list(product(ENGINES, TASKS)))


@every_search
def test_the_winner_has_the_best_mean_and_everything_is_listed(engine, task):
    case, result, lines = searched(engine, task)
    board, metric = result.leaderboard, case.problem().metric
    assert board["rank"].tolist() == list(range(1, len(board) + 1))
    gains = [metric.gain(mean, than=result.chosen.mean) for mean in board["mean"]]
    assert gains[0] == 0
    assert (np.diff(gains) <= 0).all()
    assert set(board["model"]) == {"dummy", LINEAR[task], "lightgbm"}
    assert sorted(board.loc[board["tuned"], "model"]) == sorted({LINEAR[task], "lightgbm"})
    assert len(result.tuning) == 6
    assert (board["failure"] == "").all()
    assert sum("tuning" in line for line in lines) == 4


@every_search
def test_the_fold_scores_are_those_of_the_pipeline_that_ships(engine, task):
    case, result, _ = searched(engine, task)
    problem = case.problem()
    ours = fold_scores(problem.metric, case.y_true, result.out_of_fold, case.folds)
    np.testing.assert_allclose(result.chosen.scores, ours, atol=1e-6)
    listed = result.leaderboard.iloc[0][["fold_1", "fold_2", "fold_3"]].tolist()
    assert listed == list(result.chosen.scores)


@every_search
def test_a_tuned_model_is_its_best_trial(engine, task):
    case, result, _ = searched(engine, task)
    board, sign = result.leaderboard, -1 if case.problem().metric.greater_is_better else 1
    for name, trials in result.tuning.groupby("model"):
        best = trials.iloc[(sign * trials["mean"]).argmin()]
        row = board[(board["model"] == name) & board["tuned"]].iloc[0]
        assert row["mean"] == pytest.approx(best["mean"], abs=1e-9)
        assert row["params"] == best["params"]


@pytest.mark.parametrize("task", TASKS)
def test_both_engines_give_the_same_scores_to_models_as_delivered(task):
    boards = []
    for engine in ENGINES:
        board = searched(engine, task)[1].leaderboard
        delivered = board[~board["tuned"]].set_index("model").sort_index()
        boards.append(delivered[["mean", "std", "fold_1", "fold_2", "fold_3"]].astype(float))
    assert len(boards[0]) == 3
    np.testing.assert_allclose(boards[0], boards[1], atol=1e-6)
    assert boards[0].index.tolist() == boards[1].index.tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_search_is_the_same_twice(engine):
    case, first, _ = searched(engine, "binary")
    second = search(case)
    assert first.leaderboard.equals(second.leaderboard)
    assert first.tuning.equals(second.tuning)
    np.testing.assert_array_equal(first.out_of_fold, second.out_of_fold)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_number_of_threads_decides_nothing(engine):
    case, first, _ = searched(engine, "multiclass")
    second = search(case, replace(case.problem(), n_jobs=2))
    assert first.leaderboard.equals(second.leaderboard)
    assert first.tuning.equals(second.tuning)
    np.testing.assert_array_equal(first.out_of_fold, second.out_of_fold)


@pytest.mark.parametrize("metric", ["neg_log_loss", "average_precision"])
def test_other_metrics_choose_in_their_own_direction(metric):
    case = make_case(task={"primary_metric": metric}, train={"engine": "sklearn"})
    result = search(case)
    means = result.leaderboard["mean"]
    assert result.chosen.metric == primary_metric("binary", metric).name
    assert (
        means.is_monotonic_increasing if metric == "neg_log_loss" else means.is_monotonic_decreasing
    )


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("name", ["random_forest", "extra_trees"])
def test_forests_agree_with_the_engine(name, task):
    case = make_case(task, train={"candidates": [name]})
    result = search(case)
    assert result.chosen.candidate.name == name
    assert not result.tuned


@pytest.mark.parametrize("engine", ENGINES)
def test_a_transformed_and_clipped_target_is_searched_in_its_own_unit(engine):
    """The limits are part of what is judged; the hyper-parameters are the inner model's."""
    case = make_case(
        "regression",
        positive_table(),
        task={"target_transform": "log1p", "clip_low": 5.0, "clip_high": 12.0},
        train={"engine": engine, "tune_top": 1, "candidates": ["ridge"], "trials": 3},
    )
    result = search(case)
    assert set(result.leaderboard["model"]) == {"ridge"}
    assert result.tuning["params"].str.startswith("alpha=").all()
    judged = case.folds.validated
    y_true, predicted = case.y_true[judged], result.out_of_fold[judged]
    assert predicted.min() < 5
    clipped = np.clip(predicted, 5, 12)
    rmse = [
        np.sqrt(np.mean((clipped - y_true)[case.folds.fold[judged] == k] ** 2)) for k in (1, 2, 3)
    ]
    np.testing.assert_allclose(result.chosen.scores, rmse, atol=1e-6)


class Broken(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise RuntimeError("no luck today")


def instead_of(monkeypatch, name, estimator, space=None):
    candidate = Candidate(name, lambda seed, n_jobs: estimator(), None, space or {})
    monkeypatch.setitem(selection.CANDIDATES, name, candidate)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_candidate_that_fails_is_listed_with_its_reason(engine, monkeypatch):
    instead_of(monkeypatch, "logistic", Broken)
    result = search(make_case(train={"engine": engine, "tune_top": 0}))
    failed = result.leaderboard[result.leaderboard["failure"] != ""]
    assert failed["model"].tolist() == ["logistic"]
    assert "no luck today" in failed["failure"].iloc[0]
    assert result.chosen.candidate.name == "lightgbm"


def test_nothing_left_is_an_error_with_every_reason(monkeypatch):
    instead_of(monkeypatch, "logistic", Broken)
    case = make_case(train={"engine": "sklearn", "candidates": ["logistic"]})
    with pytest.raises(DataError, match=r"every candidate failed.*no luck today"):
        search(case)


@pytest.mark.parametrize("engine", ENGINES)
def test_balanced_weights_change_the_models_that_know_them(engine):
    candidates = ["dummy", "logistic", "lightgbm", "xgboost"]
    case = make_case(
        task={"primary_metric": "neg_log_loss"},
        train={
            "engine": engine, "tune_top": 0, "class_weight": "balanced", "candidates": candidates,
        },
    )  # fmt: skip
    board = search(case).leaderboard.set_index("model")
    assert board.loc["xgboost", "failure"].endswith("xgboost knows no class weights")
    plain = case.params.train.model_copy(update={"class_weight": "none"})
    before = search(replace(case, params=case.params.model_copy(update={"train": plain})))
    before = before.leaderboard.set_index("model")
    for name in ("logistic", "lightgbm"):
        assert abs(board.loc[name, "mean"] - before.loc[name, "mean"]) > 1e-5
    # What no model scores does not depend on weights.
    assert board.loc["dummy", "mean"] == before.loc["dummy", "mean"]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_smallest_budget_still_tries_once(engine):
    budget = {"engine": engine, "tune_top": 2, "trials": 500, "budget_seconds": 1e-9}
    result = search(make_case(train=budget))
    tried = result.tuning.groupby("model").size()
    assert set(tried.index) == {"logistic", "lightgbm"}
    assert (tried >= 1).all()
    assert tried.max() < 500
    assert (result.leaderboard["failure"] == "").all()


class Boaster:
    """An engine that claims more than its pipeline scores."""

    def __init__(self, problem):
        self.folds = problem.folds

    def score(self, candidate):
        return FoldScores(candidate, {}, "roc_auc", (0.99,) * self.folds.fold_count)

    def tune(self, candidate, trials, seconds):
        return self.score(candidate), [Trial(candidate.name, 0, 0.99, 3, {})]


def test_an_engine_whose_scores_cannot_be_reproduced_is_caught(monkeypatch):
    monkeypatch.setattr(selection, "engine_factory", lambda name: Boaster)
    with pytest.raises(AssertionError, match="did not do what it was told"):
        search(make_case())


@pytest.mark.parametrize(
    ("task", "metric", "value", "reason"),
    [
        ("binary", "roc_auc", 1, "a class has no row. Choose neg_log_loss"),
        ("regression", "r2", 7.0, "outcomes do not vary. Choose neg_mean_absolute_error"),
    ],
)
def test_a_metric_that_some_fold_cannot_have_is_told_with_the_fold(task, metric, value, reason):
    case = make_case(task, task={"primary_metric": metric}, train={"engine": "sklearn"})
    outcome = case.train["outcome"].where(case.folds.fold != 2, value)
    case = replace(case, train=case.train.assign(outcome=outcome))
    with pytest.raises(DataError, match=f"{metric} is not defined on fold 2, where {reason}"):
        search(case)


class Moody(GaussianNB):
    """Works as delivered, and in no other way."""

    def __init__(self, mood=0.0):
        super().__init__()
        self.mood = mood

    def fit(self, X, y):
        if self.mood:
            raise RuntimeError("not today")
        return super().fit(X, y)


def test_a_candidate_that_cannot_be_tuned_still_stands_as_delivered(monkeypatch):
    instead_of(monkeypatch, "logistic", Moody, {"mood": FloatDistribution(1.0, 2.0)})
    result = search(
        make_case(train={"engine": "sklearn", "tune_top": 1, "candidates": ["logistic"]})
    )
    board = result.leaderboard
    assert board["model"].tolist() == ["logistic", "logistic (tuned)"]
    assert board["failure"].tolist() == ["", "RuntimeError: not today"]
    assert not result.tuned
    assert result.tuning.empty


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="unknown engine 'h2o'"):
        engine_factory("h2o")


@pytest.mark.parametrize("task", TASKS)
def test_the_dummy_scores_what_no_model_scores(task):
    case, result, _ = searched("sklearn", task)
    row = result.leaderboard.set_index("model").loc["dummy"]
    y_true, folds = case.y_true, case.folds
    expected = []
    for fitted, judged in folds.split(case.features):
        constant = {
            "binary": lambda rows: np.full(120, y_true[rows].mean()),
            "multiclass": lambda rows: np.tile(np.bincount(y_true[rows]) / len(rows), (120, 1)),
            "regression": lambda rows: np.full(120, y_true[rows].mean()),
        }[task](fitted)
        name = case.problem().metric.name
        expected.append(task_metrics(task)[name].value(y_true[judged], constant))
    assert row["mean"] == pytest.approx(np.mean(expected))
