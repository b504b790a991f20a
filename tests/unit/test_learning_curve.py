"""Learning curves: what is drawn, what is scored, and what they say of planted cases."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import make_case, plain_folds
from conftest import ROOT
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from assay.metrics.catalogue import primary_metric
from assay.search.board import standings
from assay.search.candidates import CANDIDATES
from assay.search.engine import FoldScores
from assay.search.learning_curve import CURVE_COLUMNS, FOLD_COLUMNS, learning_curve
from assay.search.learning_gain import learning_summary, next_doubling, verdict
from assay.search.subsets import kept_apart, nested_subsets
from assay.search.words import learning_words
from assay.splits.folds import Folds
from assay.uncertainty.estimate import Estimate


def silent(_):
    pass


def rng():
    return np.random.default_rng(0)


def test_smaller_parts_lie_in_larger_ones_and_have_every_class():
    classes = np.repeat([0, 1, 2], [300, 95, 5])
    rows = np.arange(1000, 1400)
    nested = nested_subsets(rows, classes, None, rng())
    parts = [nested.part(0.5**k) for k in range(8)]
    assert parts[0].tolist() == rows.tolist()
    for larger, smaller in itertools.pairwise(parts):
        assert set(smaller) < set(larger)
    for part in parts:
        counts = np.bincount(classes[part - 1000], minlength=3)
        assert (counts > 0).all()
        # As many of each class as are due, but for the one row that each has in any case.
        assert np.abs(counts - np.array([300, 95, 5]) * len(part) / 400).max() <= 1.5
    other = nested_subsets(rows, classes, None, np.random.default_rng(1))
    assert other.part(0.5).tolist() != parts[1].tolist()


def test_groups_are_drawn_whole_and_bring_every_class():
    groups = np.repeat(np.arange(40), 10)
    # One group alone has the rare class.
    classes = np.where(groups == 17, 2, groups % 2)
    nested = nested_subsets(np.arange(400), classes, groups, rng())
    before = set()
    for share in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1):
        part = nested.part(share)
        taken = set(groups[part])
        assert len(part) == 10 * len(taken)
        assert set(classes[part]) == {0, 1, 2}
        assert before <= taken
        assert abs(len(part) - max(share * 400, 30)) < 10
        before = taken
    assert sorted(nested_subsets(np.arange(400), None, groups, rng()).part(1)) == list(range(400))


def test_whether_folds_keep_groups_apart_is_seen():
    folds = plain_folds(100, 4)
    assert kept_apart(folds.fold, folds)
    assert not kept_apart(np.zeros(100, dtype=int), folds)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_whole_of_the_curve_is_the_cross_validation(task):
    case = make_case(task)
    problem = case.problem()
    estimator = problem.model(CANDIDATES["lightgbm"], {"n_estimators": 20})
    lines = []
    curve = learning_curve(problem, estimator, 3, lines.append)
    table = curve.by_fold
    assert tuple(table.columns) == FOLD_COLUMNS
    assert table["share"].tolist() == [0.25] * 3 + [0.5] * 3 + [1.0] * 3
    whole = table[table["share"] == 1]
    for (number, row), (fitted, judged) in zip(
        whole.set_index("fold").iterrows(), case.folds.split(), strict=True
    ):
        pipeline = problem.recipe(estimator).fit(case.features.iloc[fitted], case.y_true[fitted])
        assert row["rows"] == len(fitted)
        for part, rows in (("train", fitted), ("validation", judged)):
            from assay.predictor import raw_predictions

            predicted = raw_predictions(pipeline, case.features.iloc[rows])
            assert row[part] == problem.metric.value(case.y_true[rows], predicted), number
    means = curve.means()
    assert tuple(means.columns) == CURVE_COLUMNS
    assert means["rows"].is_monotonic_increasing
    last, scores = means.iloc[-1], whole["validation"]
    assert last["validation_mean"] == pytest.approx(scores.mean())
    assert last["validation_error"] == pytest.approx(scores.std(ddof=1) / np.sqrt(3))
    again = learning_curve(problem, estimator, 3, silent)
    pd.testing.assert_frame_equal(table, again.by_fold)
    assert len(lines) == 2
    # The table's groups stand in both parts of a time-ordered fold: rows are drawn.
    assert not curve.groups_whole


def test_sizes_that_are_too_small_are_left_out_with_the_reason():
    case = make_case(train={"resampling": "smote"})
    problem = case.problem()
    rare = np.zeros(len(case.train), dtype=int)
    rare[np.random.default_rng(0).choice(len(rare), 60, replace=False)] = 1
    problem = replace(problem, y_true=rare, folds=plain_folds(len(rare), 3))
    estimator, lines = problem.model(CANDIDATES["logistic"], {}), []
    curve = learning_curve(problem, estimator, 6, lines.append)
    # 40 rows of the class train a fold, and SMOTE needs 6.
    assert set(curve.by_fold["share"]) == {1, 0.5, 0.25}
    assert "none below 0.25 of the training rows, ValueError: " in lines[-1]
    plain = replace(problem, sampler=None)
    curve = learning_curve(plain, estimator, 10, lines.append)
    assert curve.by_fold["rows"].min() >= 20
    assert "of which a fold has" in lines[-1]


def test_no_points_give_empty_tables_and_say_so():
    problem = make_case().problem()
    estimator = problem.model(CANDIDATES["logistic"], {})
    curve = learning_curve(problem, estimator, 0, silent)
    assert tuple(curve.by_fold.columns) == FOLD_COLUMNS
    assert tuple(curve.means().columns) == CURVE_COLUMNS
    assert len(curve.means()) == 0
    assert learning_summary(problem, curve, [], None) == {"applicable": False}


def levels(exponent, noise, seed, folds=5, sizes=5):
    """Return a curve 0.8 - 0.5 n^-c of folds with levels of their own, and noise at every point."""
    draw = np.random.default_rng(seed)
    rows = 6400 * 0.5 ** np.arange(sizes)
    curve = 0.8 - 0.5 * rows**-exponent if exponent else np.full(sizes, 0.8)
    level = draw.normal(0, 0.05, (folds, 1))
    return curve + level + draw.normal(0, noise, (folds, sizes))


def doubling(values):
    folds = len(values)
    judged = 8000 // folds
    return next_doubling(values, [8000 - judged] * folds, [judged] * folds, 0.95)


@pytest.mark.parametrize("exponent", [0.2, 0.5, 0.9])
def test_a_power_law_is_recovered(exponent):
    exact = doubling(levels(exponent, 0.0, 0))
    true = 0.5 * (6400**-exponent - 12800**-exponent)
    assert exact.following.value == pytest.approx(true, rel=0.02)
    assert exact.exponent == pytest.approx(exponent, abs=0.02)
    # With noise of a tenth of the gain at every point.
    found = [doubling(levels(exponent, true / 10, seed)).following for seed in range(40)]
    assert np.mean([one.value for one in found]) == pytest.approx(true, rel=0.15)
    assert np.mean([one.ci_low <= true <= one.ci_high for one in found]) > 0.9
    assert np.mean([one.ci_low > 0 for one in found]) > 0.9


@pytest.mark.parametrize(("folds", "rate"), [(5, 0.10), (3, 0.11), (2, 0.13)])
def test_noise_is_promised_something_as_seldom_as_the_page_says(folds, rate):
    page = (ROOT / "docs/model_choice.md").read_text(encoding="utf-8")
    assert f"{rate:.0%} of cases with {folds} folds" in page
    found = [doubling(levels(0, 0.01, seed, folds)) for seed in range(300)]
    promised = np.array([one.following.value for one in found])
    # 300 simulations tell a rate to about 4 points.
    assert np.mean(promised > 0) == pytest.approx(rate, abs=0.04)
    # A single noisy doubling of five folds has a standard deviation of 0.0063.
    assert promised.mean() < 0.0015
    assert np.mean([one.following.ci_low > 0 for one in found]) < 0.05
    assert all(
        one.following.ci_low <= one.following.value <= one.following.ci_high for one in found
    )


def test_nothing_leads_beyond_the_best_level_that_there_is():
    """A loss of 0.02 cannot fall by more, however wide the interval of the last doubling is."""
    losses = -np.array([[0.01, 0.30], [0.02, 0.05], [0.03, 0.04]])
    free = next_doubling(losses, [80] * 3, [40] * 3, 0.95)
    assert free.following.ci_high > 0.02
    bound = next_doubling(losses, [80] * 3, [40] * 3, 0.95, best=0.0).following
    assert bound.ci_high == pytest.approx(0.02)
    assert 0 <= bound.ci_low <= bound.value <= bound.ci_high


def test_two_sizes_are_enough_for_a_gain():
    found = doubling(levels(0.5, 0.0, 0, sizes=2))
    assert found.following.value == pytest.approx(found.last.value * 0.5**0.5)


class Memoriser(RegressorMixin, BaseEstimator):
    """Knows its own rows by heart, and answers for others as for the nearest of them."""

    def fit(self, X, y):
        from sklearn.neighbors import KNeighborsRegressor

        self.inner_ = KNeighborsRegressor(1).fit(X, y)
        return self

    def predict(self, X):
        return self.inner_.predict(X)


class ClassMemoriser(ClassifierMixin, BaseEstimator):
    """The same for two classes."""

    def fit(self, X, y):
        from sklearn.neighbors import KNeighborsClassifier

        self.classes_, self.inner_ = np.unique(y), KNeighborsClassifier(1).fit(X, y)
        return self

    def predict_proba(self, X):
        return self.inner_.predict_proba(X)


def planted(task, metric, outcome, models, sizes=3):
    """Return what the curve of the first of some models says of an outcome, with a board of all."""
    case = make_case(task)
    problem = replace(
        case.problem(), y_true=outcome, metric=primary_metric(task, metric),
        folds=plain_folds(len(outcome)),
    )  # fmt: skip
    ranked = []
    for name, estimator in models.items():
        curve = learning_curve(problem, estimator, 1, silent)
        scores = curve.scores("validation")[:, 0]
        candidate = replace(CANDIDATES["dummy"], name=name)
        ranked.append((FoldScores(candidate, {}, metric, tuple(scores)), estimator))
    # The best first, as on a board.
    gain = problem.metric.gain
    chosen = ranked[0][0]
    ranked.sort(key=lambda one: -gain(one[0].mean, than=0.0))
    board = standings(problem, ranked)
    first = next(iter(models.values()))
    curve = learning_curve(problem, first, sizes, silent)
    taken = next(one for one in board if one.scores is chosen)
    return learning_summary(problem, curve, board, taken)


@pytest.mark.parametrize("metric", ["neg_root_mean_squared_error", "r2"])
def test_a_memoriser_of_noise_is_worse_than_a_constant(metric):
    noise = rng().normal(size=480)
    told = planted("regression", metric, noise, {"memoriser": Memoriser()})
    assert told["verdict"] == "worse than a constant"
    assert told["gap"]["ci_low"] > 0
    assert not {"carried_over", "next_doubling_gain", "exponent"} & set(told)
    assert "on other rows it is worse than a constant" in learning_words(told)
    assert "%" not in learning_words(told)
    assert "twice the rows" not in learning_words(told)


def test_a_memoriser_that_keeps_little_of_what_it_learns_overfits():
    signal = make_case("binary").train["noise"].to_numpy()
    noisy = (signal + 2 * rng().normal(size=len(signal)) > 0).astype(int)
    told = planted("binary", "roc_auc", noisy, {"memoriser": ClassMemoriser()})
    assert told["verdict"] == "overfits"
    assert told["train_score"] == 1
    assert 0 < told["carried_over"] < 0.5
    assert "It overfits" in learning_words(told)


def linear_and_trees(task="regression"):
    case = make_case(task)
    problem = case.problem()
    linear = problem.model(CANDIDATES["ridge" if task == "regression" else "logistic"], {})
    trees = problem.model(CANDIDATES["lightgbm"], {"n_estimators": 60, "min_child_samples": 10})
    return case, {"linear": linear, "trees": trees}


def test_a_line_through_a_curve_underfits():
    case, models = linear_and_trees()
    noise = case.train["noise"].to_numpy()
    outcome = noise**2 + 0.5 * noise + 0.2 * rng().normal(size=len(noise))
    told = planted("regression", "neg_root_mean_squared_error", outcome, models)
    assert told["verdict"] == "underfits"
    assert told["underfitting_judged"] is True
    assert told["better_model"] == "trees"
    assert told["better_by"]["ci_low"] > 0
    assert "It underfits: trees, which holds more, is better by" in learning_words(told)
    # Where the line is of no use at all, that is said first.
    bowl = noise**2 - np.mean(noise**2)
    told = planted("regression", "neg_root_mean_squared_error", bowl, models)
    assert told["verdict"] == "worse than a constant"
    assert " On the board, trees, which holds more, is better by" in learning_words(told)


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_a_line_through_a_line_does_neither(task):
    case, models = linear_and_trees(task)
    signal = case.train["noise"].to_numpy()
    if task == "regression":
        outcome, metric = 2 * signal + rng().normal(size=len(signal)), "neg_mean_absolute_error"
    else:
        outcome = (signal + 0.7 * rng().normal(size=len(signal)) > 0).astype(int)
        metric = "neg_log_loss"
    told = planted(task, metric, outcome, models)
    assert told["verdict"] == "neither"
    assert told["carried_over"] > 0.8
    # The line is the best of the board: nothing there could be better.
    assert told["underfitting_judged"] is False
    assert "overfitting" in learning_words(told)
    assert "underfitting" not in learning_words(told)
    # Both directions of a metric are gains.
    assert told["greater_is_better"] is False
    assert told["train_score"] < told["validation_score"] < told["constant_score"]
    own = told["constant_own_score"] - told["train_score"]
    other = told["constant_score"] - told["validation_score"]
    assert told["carried_over"] == pytest.approx(other / own, rel=0.02)
    assert told["gap"]["value"] > 0


def test_a_constant_learns_nothing():
    case = make_case()
    dummy = case.problem().model(CANDIDATES["dummy"], {})
    told = planted("binary", "roc_auc", case.y_true, {"dummy": dummy})
    assert told["verdict"] == "learns nothing"
    assert "carried_over" not in told
    assert told["next_doubling_gain"]["value"] == 0
    assert "it learns nothing from the features" in learning_words(told)


def test_the_criteria_are_those_that_are_stated():
    sure, unsure = (Estimate(0.2, low, 0.3, "t", 9) for low in (0.1, -0.1))
    assert verdict(0.4, 0.19, sure, False) == "overfits"
    assert verdict(0.4, 0.19, unsure, False) == "neither"
    assert verdict(0.4, 0.21, sure, False) == "neither"
    assert verdict(0.4, 0.21, sure, True) == "underfits"
    assert verdict(0.0, 0.0, unsure, False) == "learns nothing"
    assert verdict(0.0, 0.0, unsure, True) == "learns nothing"
    assert verdict(0.4, -0.01, sure, True) == "worse than a constant"
    assert verdict(-0.1, -0.01, unsure, False) == "worse than a constant"


def test_whole_groups_and_the_order_of_time_are_told():
    case = make_case()
    groups = plain_folds(len(case.train), 60).fold
    apart = Folds(groups % 5 + 1, np.zeros(len(groups), dtype=int))
    problem = replace(case.problem(), groups=groups, folds=apart)
    curve = learning_curve(problem, problem.model(CANDIDATES["logistic"], {}), 3, silent)
    assert curve.groups_whole
    sizes = {len(groups[groups == group]) for group in groups}
    assert sizes == {8}
    assert (curve.by_fold["rows"] % 8 == 0).all()
