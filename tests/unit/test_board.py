"""The leaderboard: differences to the best, what models cost, and which one is taken."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from cases import make_case, plain_folds
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin

from assay.metrics.catalogue import primary_metric
from assay.predictor import fold_scores, out_of_fold_predictions
from assay.search import selection
from assay.search.board import (
    Standing,
    difference,
    selection_json,
    simplest_within_noise,
    standings,
    timings_table,
)
from assay.search.candidate import train_candidate
from assay.search.candidates import CANDIDATES, Candidate
from assay.search.complexity import Complexity
from assay.search.engine import FoldScores
from assay.search.ensemble import Blend
from assay.search.running_cost import RunningCost, running_cost
from assay.search.selection import search_best
from assay.skops_files import model_bytes
from assay.uncertainty.estimate import Estimate

QUICK = {"engine": "sklearn", "tune_top": 0}


def scores(name, values):
    return FoldScores(Candidate(name, None, None), {}, "m", tuple(values))


def standing(name, behind, error, count, unit="leaves", blended=False):
    held = None if count is None else Complexity(count, unit, blended)
    cost = RunningCost(1, held, 1.0, 1.0, 0)
    return Standing(
        scores(name, [0.0]), None, cost, Estimate(behind, behind - error, behind + error, "t", 9), error
    )  # fmt: skip


@pytest.mark.parametrize("metric", ["roc_auc", "neg_log_loss"])
def test_a_difference_is_positive_where_the_first_is_better_and_follows_the_formula(metric):
    problem = replace(make_case().problem(), metric=primary_metric("binary", metric))
    worse, better = np.array([0.60, 0.70, 0.71]), np.array([0.62, 0.71, 0.74])
    if metric == "neg_log_loss":
        worse, better = better, worse
    found, error = difference(problem, scores("a", better), scores("b", worse))
    sizes = [(len(train), len(judged)) for train, judged in problem.folds.split()]
    ratio = np.mean([judged / train for train, judged in sizes])
    gains = np.array([0.02, 0.01, 0.03])
    expected = np.sqrt((1 / 3 + ratio) * gains.var(ddof=1))
    half = stats.t.ppf(0.975, 2) * expected
    assert (found.value, error) == pytest.approx((0.02, expected))
    assert (found.ci_low, found.ci_high) == pytest.approx((0.02 - half, 0.02 + half))


def test_the_simplest_model_within_one_standard_error_is_found():
    best, near, far = (
        standing("best", 0.0, 0.0, 900), standing("near", 0.01, 0.01, 50),
        standing("far", 0.011, 0.01, 2),
    )  # fmt: skip
    assert simplest_within_noise([best, near, far]) is near
    assert simplest_within_noise([best, far]) is best
    assert simplest_within_noise([best]) is best
    # As simple, and worse.
    assert simplest_within_noise([best, standing("twin", 0.0, 0.01, 900)]) is best
    unknown = standing("unknown", 0.0, 0.01, None)
    assert simplest_within_noise([best, unknown]) is best
    assert simplest_within_noise([standing("unknown", 0.0, 0.0, None), near]) is near


def test_families_are_compared_before_counts():
    blend = standing("blend", 0.0, 0.0, 100, "leaves", blended=True)
    trees = standing("trees", 0.001, 0.01, 200)
    linear = standing("linear", 0.002, 0.01, 300, "coefficients")
    assert simplest_within_noise([blend, trees, linear]) is linear
    assert simplest_within_noise([blend, trees]) is trees
    smaller = standing("smaller", 0.003, 0.01, 299, "coefficients")
    assert simplest_within_noise([trees, linear, smaller]) is smaller


def test_the_dummy_is_taken_only_where_it_is_the_best_and_its_standing_is_told():
    dummy = standing("dummy", 0.02, 0.03, 1, "constants")
    best = standing("best", 0.0, 0.0, 9)
    assert dummy.within_noise
    assert simplest_within_noise([best, dummy]) is best
    told = selection_json([best, dummy], best.scores, "simplest_within_noise", "m")
    assert told["simpler_within_noise"] == told["chosen_model"] == "best"
    assert told["dummy"] == {"behind_best": dummy.behind_best.to_json(), "within_noise": True}
    first = replace(dummy, behind_best=Estimate(0, 0, 0, "", 9))
    near = standing("near", 0.001, 0.01, 9)
    assert simplest_within_noise([first]) is first
    assert simplest_within_noise([first, near]) is first
    assert "dummy" not in selection_json([first, near], first.scores, "best", "m")


def simple_case(task="binary", /, **train):
    """A table of whose differences between linear model and trees none is more than noise."""
    return make_case(task, train=QUICK | {"select": "simplest_within_noise"} | train)


@pytest.mark.parametrize("engine", ["pycaret", "sklearn"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_is_taken_is_what_is_handed_on(engine, task, monkeypatch):
    """The linear model is the better one here: trees are made the best, and it the simple one."""
    linear = "ridge" if task == "regression" else "logistic"
    case = simple_case(task, engine=engine)
    problem = case.problem()
    real = selection.standings

    def planted(problem, ranked):
        board = real(problem, sorted(ranked, key=lambda one: one[0].candidate.name != "lightgbm"))
        return tuple(
            replace(one, behind_best_error=one.behind_best.value + 1.0)
            if one.scores.candidate.name == linear
            else replace(one, behind_best_error=-1.0 if rank else 0.0)
            for rank, one in enumerate(board)
        )

    monkeypatch.setattr(selection, "standings", planted)
    lines = []
    found = train_candidate(
        problem, case.train, case.schema, case.params.train, case.params.calibrate, 10, lines.append
    )
    board = found.search.leaderboard
    assert board["model"].tolist()[0] == "lightgbm"
    assert board.loc[board["selected"], "model"].tolist() == [linear]
    assert found.search.chosen.candidate.name == found.metrics["chosen_model"] == linear
    told = found.metrics["selection"]
    assert (told["best_model"], told["chosen_model"]) == ("lightgbm", linear)
    assert (told["selected_by"], told["simpler_within_noise"]) == ("simplest_within_noise", linear)
    row = board[board["selected"]].iloc[0]
    assert told["behind_best"]["value"] == row["behind_best"]
    assert told["chosen"] == {
        "size_bytes": row["size_bytes"], "complexity": row["complexity"],
        "complexity_unit": "coefficients",
    }  # fmt: skip
    recipe = problem.recipe(problem.model(CANDIDATES[linear], {}))
    own = out_of_fold_predictions(recipe.fit, case.features, case.y_true, case.folds)
    np.testing.assert_array_equal(found.search.out_of_fold, own)
    judged = case.folds.validated
    raw = [name for name in found.out_of_fold if name.startswith("raw_")]
    np.testing.assert_array_equal(np.squeeze(found.out_of_fold[raw]), own[judged])
    pipeline = recipe.fit(case.features, case.y_true)
    assert model_bytes(found.predictor.pipeline) == model_bytes(pipeline)
    (line,) = [line for line in lines if line.startswith("choice: ")]
    assert f"{linear} is as good as the best, lightgbm, within noise (difference in " in line
    assert f" and simpler: {row['complexity']:,} coefficients against " in line
    assert f"leaves. It was taken (train.select {told['selected_by']}). A constant" in line
    assert told["dummy"]["within_noise"] is False


@cache
def searched(select="best"):
    case = make_case(train=QUICK | {"select": select})
    return case, search_best(case.problem(), case.params.train, lambda _: None)


def test_the_board_of_a_search_has_its_differences_sizes_and_one_selected_model():
    case, found = searched()
    board = found.leaderboard.set_index("model")
    assert board["selected"].tolist() == [True, False, False]
    best = board.loc[board["selected"]].iloc[0]
    assert best[["behind_best", "behind_best_ci_low", "behind_best_ci_high"]].tolist() == [0, 0, 0]
    for _, row in board.iterrows():
        gains = [best[f"fold_{k}"] - row[f"fold_{k}"] for k in (1, 2, 3)]
        assert row["behind_best"] == pytest.approx(np.mean(gains))
        assert row["within_noise"] == (row["behind_best"] <= row["behind_best_error"])
    assert board["complexity"].astype(int)["dummy"] == 1
    assert dict(board["complexity_unit"]) == {
        "dummy": "constants", "logistic": "coefficients", "lightgbm": "leaves"
    }  # fmt: skip
    assert not board.loc["dummy", "within_noise"]
    *_, (fitted, _) = case.folds.split()
    problem = case.problem()
    pipeline = problem.recipe(problem.model(CANDIDATES["logistic"], {})).fit(
        case.features.iloc[fitted], case.y_true[fitted]
    )
    assert board.loc["logistic", "size_bytes"] == len(model_bytes(pipeline))
    coefficients = np.count_nonzero(pipeline.named_steps["model"].coef_)
    assert board.loc["logistic", "complexity"] == coefficients


def test_what_depends_on_the_clock_is_in_another_table():
    _, found = searched()
    timings = timings_table(found.board)
    assert timings["model"].tolist() == found.leaderboard["model"].tolist()
    assert (timings[["fit_seconds", "rows_per_second"]] > 0).all(axis=None)
    assert (timings["peak_memory_bytes"] >= 0).all()
    assert not set(found.leaderboard) & {"fit_seconds", "rows_per_second", "peak_memory_bytes"}


class Greedy(ClassifierMixin, BaseEstimator):
    """Holds 200 MB for a moment."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.sum_ = float(np.ones(25_000_000).sum())
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


def test_the_memory_of_a_fit_is_seen_although_it_is_given_back():
    problem = make_case().problem()
    greedy = running_cost(problem, Greedy()).peak_memory_bytes
    plain = running_cost(problem, problem.model(CANDIDATES["logistic"], {})).peak_memory_bytes
    assert greedy > 190e6
    assert plain < 60e6


class Broken(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise RuntimeError("no luck today")


def test_a_board_of_one_model_beside_a_failed_one(monkeypatch):
    broken = Candidate("lightgbm", lambda seed, n_jobs: Broken(), None)
    monkeypatch.setitem(selection.CANDIDATES, "lightgbm", broken)
    case = simple_case(candidates=["logistic", "lightgbm"])
    found = train_candidate(
        case.problem(), case.train, case.schema, case.params.train, case.params.calibrate, 10,
        lambda _: None,
    )  # fmt: skip
    board = found.search.leaderboard
    assert board["selected"].tolist() == [True, False]
    assert board[["rank", "complexity", "size_bytes", "behind_best"]].iloc[1].isna().all()
    told = found.metrics["selection"]
    assert told["simpler_within_noise"] == told["best_model"] == told["chosen_model"] == "logistic"


def test_a_blend_stands_on_the_board_and_may_be_passed_over(monkeypatch):
    found = Blend({"logistic": 0.75, "lightgbm": 0.25}, 0.02, 0.01)
    monkeypatch.setattr(selection, "choose_blend", lambda *_: found)
    case = simple_case(ensemble="blend")
    result = search_best(case.problem(), case.params.train, lambda _: None)
    board = result.leaderboard.set_index("model")
    assert board["rank"]["blend"] == 1
    members = board["complexity"][["logistic", "lightgbm"]].sum()
    assert board["complexity"]["blend"] == members
    assert board["complexity_unit"]["blend"] == "coefficients and leaves"
    # Of a linear truth the linear member is as good.
    assert result.chosen.label == "logistic"
    assert result.blend is found
    ours = fold_scores(case.problem().metric, case.y_true, result.out_of_fold, case.folds)
    np.testing.assert_allclose(result.chosen.scores, ours, atol=1e-9)


def test_on_noise_the_dummy_is_mostly_within_noise_and_on_a_signal_never():
    """It is taken where it is the best itself; one standard error lets chance through in one of five."""
    case = simple_case(candidates=["dummy", "logistic"])
    case = replace(case, folds=plain_folds(len(case.train)))
    near = 0
    for seed in range(8):
        noise = np.random.default_rng(seed).integers(0, 2, len(case.train))
        problem = replace(case.problem(), y_true=noise)
        found = search_best(problem, case.params.train, lambda _: None)
        assert found.chosen is found.board[0].scores
        near += next(one for one in found.board if one.scores.label == "dummy").within_noise
    assert near >= 5
    found = search_best(case.problem(), case.params.train, lambda _: None)
    assert found.chosen.label == "logistic"
    assert not found.board[-1].within_noise


def test_size_and_complexity_are_the_same_twice():
    case, first = searched()
    problem = case.problem()
    again = standings(problem, [(one.scores, one.estimator) for one in first.board])
    for one, other in zip(first.board, again, strict=True):
        assert one.cost.size_bytes == other.cost.size_bytes
        assert one.cost.complexity == other.cost.complexity
    pd.testing.assert_frame_equal(
        first.leaderboard, search_best(problem, case.params.train, lambda _: None).leaderboard
    )
