import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from assay.errors import DataError
from assay.metrics import primary_metric
from assay.params import CandidateName
from assay.preprocessing import build_preprocessor
from assay.schema import infer_schema, typed_table
from assay.search import selection
from assay.search.candidate import train_candidate
from assay.search.candidates import CANDIDATES, Candidate
from assay.search.engine import FoldScores, SearchProblem, Trial
from assay.search.selection import search_best
from assay.splits import split_by_time


@pytest.fixture
def problem(table, params):
    schema = infer_schema(table, params.data, params.task)
    typed = typed_table(table, schema)
    split = split_by_time(typed["moment"].to_numpy(), typed["outcome"].to_numpy(), 0.2, 3)
    train = typed.iloc[split.train].reset_index(drop=True)
    return SearchProblem(
        features=train[schema.feature_names],
        y_true=train["outcome"].to_numpy(),
        folds=split.folds,
        preprocessor=build_preprocessor(schema, params.preprocess),
        metric=primary_metric("roc_auc"),
        seed=1,
        n_jobs=1,
    )


def settings(params, **changes):
    return params.train.model_copy(update=changes)


def test_params_and_candidates_name_the_same_models():
    assert set(CANDIDATES) == set(CandidateName.__args__)


def test_the_winner_has_the_best_mean_and_everything_is_listed(problem, params):
    lines = []
    result = search_best(problem, settings(params, trials=3), lines.append)
    board = result.leaderboard
    assert board["mean"].is_monotonic_decreasing
    assert result.chosen.mean == board["mean"].iloc[0]
    assert set(board["model"]) == {"dummy", "logistic", "lightgbm"}
    assert board.loc[board["model"] == "dummy", "mean"].tolist() == [0.5]
    assert len(result.tuning) == 3
    assert (result.tuning["mean"] <= board["mean"].iloc[0] + 1e-12).all()
    assert any("tuning" in line for line in lines)
    assert result.chosen.mean > 0.75


@pytest.mark.parametrize("metric", ["neg_log_loss", "average_precision"])
def test_other_metrics_choose_in_their_own_direction(problem, params, metric):
    from dataclasses import replace

    problem = replace(problem, metric=primary_metric(metric))
    result = search_best(problem, settings(params, tune_top=1), lambda _: None)
    means = result.leaderboard["mean"]
    assert (
        means.is_monotonic_increasing if metric == "neg_log_loss" else means.is_monotonic_decreasing
    )
    best_trial = (
        result.tuning["mean"].min() if metric == "neg_log_loss" else result.tuning["mean"].max()
    )
    tuned = result.leaderboard.loc[result.leaderboard["tuned"], "mean"].iloc[0]
    assert tuned == pytest.approx(best_trial, abs=1e-9)


@pytest.mark.parametrize("name", ["random_forest", "extra_trees"])
def test_forests_agree_with_the_engine(problem, params, name):
    result = search_best(problem, settings(params, candidates=[name]), lambda _: None)
    assert result.chosen.candidate.name == name
    assert not result.tuned


class Broken(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise RuntimeError("no luck today")


def test_a_candidate_that_fails_is_listed_with_its_reason(problem, params, monkeypatch):
    broken = Candidate("logistic", lambda seed, n_jobs: Broken(), {})
    monkeypatch.setitem(selection.CANDIDATES, "logistic", broken)
    result = search_best(problem, settings(params, tune_top=0), lambda _: None)
    failed = result.leaderboard[result.leaderboard["failure"] != ""]
    assert failed["model"].tolist() == ["logistic"]
    assert "no luck today" in failed["failure"].iloc[0]
    assert result.chosen.candidate.name == "lightgbm"


def test_nothing_left_is_an_error_with_every_reason(problem, params, monkeypatch):
    broken = Candidate("logistic", lambda seed, n_jobs: Broken(), {})
    monkeypatch.setitem(selection.CANDIDATES, "logistic", broken)
    with pytest.raises(DataError, match=r"every candidate failed.*no luck today"):
        search_best(problem, settings(params, candidates=["logistic"]), lambda _: None)


class Boaster:
    """An engine that claims more than its pipeline scores."""

    def __init__(self, problem):
        self.folds = problem.folds

    def score(self, candidate):
        return FoldScores(candidate, {}, "roc_auc", (0.99,) * self.folds.fold_count)

    def tune(self, candidate, trials):
        return self.score(candidate), [Trial(candidate.name, 0, 0.99, {})]


def test_an_engine_whose_scores_cannot_be_reproduced_is_caught(problem, params, monkeypatch):
    monkeypatch.setattr(selection, "engine_factory", lambda name: Boaster)
    with pytest.raises(AssertionError, match="did not do what it was told"):
        search_best(problem, settings(params, tune_top=0), lambda _: None)


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="unknown engine 'h2o'"):
        selection.engine_factory("h2o")


def test_the_search_is_the_same_twice(problem, params):
    first, second = (search_best(problem, params.train, lambda _: None) for _ in range(2))
    assert first.leaderboard.equals(second.leaderboard)
    np.testing.assert_array_equal(first.out_of_fold, second.out_of_fold)


def test_the_candidate_is_fitted_calibrated_and_accounted_for(problem, params):
    train = problem.features.assign(assay_row=np.arange(len(problem.features)) + 100)
    trained = train_candidate(problem, train, params.train, params.calibrate, 10, lambda _: None)
    judged = problem.folds.validated
    assert trained.out_of_fold["assay_row"].tolist() == train["assay_row"][judged].tolist()
    assert trained.metrics["chosen_model"] in CANDIDATES
    assert 0 < trained.metrics["out_of_fold"]["roc_auc"]["cv_mean"] <= 1
    raw = trained.out_of_fold["raw_score"].to_numpy()
    np.testing.assert_array_equal(
        trained.out_of_fold["y_score"], trained.predictor.calibrator.apply(raw)
    )


def test_a_search_space_is_used_to_its_ends():
    for candidate in CANDIDATES.values():
        estimator = candidate.build(0, 1)
        assert set(candidate.space) <= set(estimator.get_params())


def test_the_number_of_threads_decides_nothing(problem, params):
    from dataclasses import replace

    train = settings(params, candidates=["logistic", "lightgbm"], tune_top=2)
    results = [
        search_best(replace(problem, n_jobs=n_jobs), train, lambda _: None) for n_jobs in (1, 2)
    ]
    assert results[0].leaderboard.equals(results[1].leaderboard)
    assert results[0].tuning.equals(results[1].tuning)
