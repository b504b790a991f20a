import numpy as np
import pytest
from cases import changed_params
from scipy.special import expit

from assay.calibration.choice import (
    choose_calibrator,
    clip,
    clipped_metric,
    fit_isotonic,
    fit_sigmoid,
    fit_temperature,
)
from assay.calibration.maps import Clip, Identity, PerClass, Sigmoid, Temperature
from assay.metrics.catalogue import primary_metric, row_loss

BINARY = changed_params().task
CLASSES = changed_params("multiclass").task
ALL_OF_CLASSES = ["sigmoid", "isotonic", "temperature"]


def overconfident(n=4000, seed=0):
    """True log-odds are half of what the score says, plus 0.3."""
    rng = np.random.default_rng(seed)
    claimed = 2 * rng.normal(size=n)
    y_true = (rng.uniform(size=n) < expit(0.5 * claimed + 0.3)).astype(int)
    return y_true, expit(claimed), rng.integers(1, 6, n)


def classes(n=4000, temperature=1.0, seed=0):
    """Outcomes of known probabilities, which are told as if the temperature had been applied."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet([1, 2, 3], n)
    y_true = (rng.uniform(size=(n, 1)) > true.cumsum(axis=1)).sum(axis=1)
    told = true ** (1 / temperature)
    return y_true, told / told.sum(axis=1, keepdims=True), rng.integers(1, 6, n)


def mean_loss(y_true, predicted, task="binary"):
    return row_loss(task, y_true, predicted).mean()


def test_the_sigmoid_recovers_known_slope_and_intercept():
    y_true, score, _ = overconfident(40_000)
    calibrator = fit_sigmoid(y_true, score)
    assert isinstance(calibrator, Sigmoid)
    assert calibrator.slope == pytest.approx(0.5, abs=0.03)
    assert calibrator.intercept == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_recovers_the_one_that_was_applied(temperature):
    """Scores that were sharpened by a temperature are mended by its inverse."""
    y_true, told, _ = classes(20_000, temperature)
    calibrator = fit_temperature(y_true, told)
    assert isinstance(calibrator, Temperature)
    assert calibrator.temperature == pytest.approx(1 / temperature, rel=0.04)


@pytest.mark.parametrize("fit", [fit_sigmoid, fit_isotonic])
def test_calibrators_never_turn_the_ranking_around(fit):
    y_true, score, _ = overconfident()
    grid = np.linspace(0, 1, 101)
    assert (np.diff(fit(y_true, score).apply(grid)) >= 0).all()


def test_a_score_that_points_the_wrong_way_is_left_alone():
    y_true, score, _ = overconfident()
    assert fit_sigmoid(y_true, 1 - score) == Identity()


def test_a_finite_sample_is_never_certain():
    y_true, score = np.r_[np.zeros(50), np.ones(50)].astype(int), np.linspace(0, 1, 100)
    calibrated = fit_isotonic(y_true, score).apply(np.array([0.0, 1.0]))
    assert calibrated.tolist() == [0.005, 0.995]


@pytest.mark.parametrize("ordered", [False, True])
def test_a_miscalibrated_score_is_mended(ordered):
    y_true, score, fold = overconfident()
    choice = choose_calibrator(BINARY, y_true, score, fold, ordered, ["sigmoid", "isotonic"])
    assert choice.method == "sigmoid"
    assert choice.log_loss["sigmoid"] < choice.log_loss["none"]
    fresh_y, fresh_score, _ = overconfident(seed=1)
    after = mean_loss(fresh_y, choice.calibrator.apply(fresh_score))
    assert after < mean_loss(fresh_y, fresh_score)


@pytest.mark.parametrize("ordered", [False, True])
def test_miscalibrated_classes_are_mended(ordered):
    y_true, told, fold = classes(temperature=0.4)
    choice = choose_calibrator(CLASSES, y_true, told, fold, ordered, ALL_OF_CLASSES)
    assert choice.method == "temperature"
    assert set(choice.log_loss) == {"none", *ALL_OF_CLASSES}
    fresh_y, fresh, _ = classes(temperature=0.4, seed=1)
    after = choice.calibrator.apply(fresh)
    assert mean_loss(fresh_y, after, "multiclass") < mean_loss(fresh_y, fresh, "multiclass") - 0.05


def test_a_class_that_is_told_too_often_is_mended_by_a_calibrator_for_each():
    y_true, told, fold = classes()
    told = told * [3.0, 1.0, 0.5]
    told /= told.sum(axis=1, keepdims=True)
    choice = choose_calibrator(CLASSES, y_true, told, fold, False, ["sigmoid", "temperature"])
    assert choice.method == "sigmoid"
    assert isinstance(choice.calibrator, PerClass)
    calibrated = choice.calibrator.apply(told)
    shares = np.bincount(y_true) / len(y_true)
    np.testing.assert_allclose(calibrated.mean(axis=0), shares, atol=0.02)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, rtol=1e-12)


def test_a_calibrated_score_is_left_alone():
    rng = np.random.default_rng(3)
    score = rng.uniform(0.02, 0.98, 600)
    y_true = (rng.uniform(size=600) < score).astype(int)
    choice = choose_calibrator(BINARY, y_true, score, rng.integers(1, 6, 600), False, ["isotonic"])
    assert choice.method == "none"
    assert choice.calibrator == Identity()


def test_calibrated_classes_are_left_alone_by_all_but_chance():
    """A calibrator with few numbers to fit lowers the loss by chance now and then."""
    methods = [
        choose_calibrator(CLASSES, *classes(600, seed=seed), False, ALL_OF_CLASSES).method
        for seed in range(12)
    ]
    assert methods.count("none") >= 8
    assert "isotonic" not in methods


def test_ordered_folds_are_judged_by_earlier_ones_only():
    """Outcomes of the last fold are flipped: it may spoil its own figure, not the others'."""
    y_true, score, fold = overconfident()
    flipped = np.where(fold == 5, 1 - y_true, y_true)
    keep = fold < 5
    spoilt = choose_calibrator(BINARY, flipped, score, fold, True, ["sigmoid"])
    clean = choose_calibrator(BINARY, y_true[keep], score[keep], fold[keep], True, ["sigmoid"])
    n = {name: (fold[(fold > 1)] <= last).sum() for name, last in (("all", 5), ("four", 4))}
    last_fold = fold == 5
    last = fit_sigmoid(flipped[~last_fold], score[~last_fold]).apply(score[last_fold])
    rest = mean_loss(flipped[last_fold], last) * last_fold.sum()
    total = spoilt.log_loss["sigmoid"] * n["all"]
    assert total - rest == pytest.approx(clean.log_loss["sigmoid"] * n["four"])


def test_a_fold_whose_training_part_lacks_a_class_is_not_judged():
    y_true, told, fold = classes(900)
    fold[y_true == 2] = 3
    choice = choose_calibrator(CLASSES, y_true, told, fold, False, ["temperature"])
    # Without fold 3, which has all of the third class, no calibrator can be fitted.
    judged = fold != 3
    expected = mean_loss(y_true[judged], told[judged], "multiclass")
    assert choice.log_loss["none"] == pytest.approx(expected)


@pytest.mark.parametrize("methods", [[], ["sigmoid", "isotonic"]])
def test_without_a_method_or_a_fold_to_judge_nothing_is_calibrated(methods):
    y_true, told, fold = classes(300)
    fold = fold if not methods else np.ones(300, dtype=int)
    choice = choose_calibrator(CLASSES, y_true, told, fold, False, methods)
    assert choice.method == "none"
    assert choice.to_json()["applicable"] is not bool(methods)


LIMITED = changed_params("regression", task={"clip_low": 0.0, "clip_high": 10.0}).task
FREE = changed_params("regression").task


def test_numbers_are_clipped_and_not_calibrated():
    y_true, predicted, fold = np.array([1.0, 5.0]), np.array([-1.0, 12.0]), np.array([1, 2])
    choice = choose_calibrator(LIMITED, y_true, predicted, fold, False, ["sigmoid", "isotonic"])
    assert choice.calibrator == Clip(0.0, 10.0)
    assert choice.to_json() == {"applicable": False, "method": "clip"}
    choice = choose_calibrator(FREE, y_true, predicted, fold, False, ["sigmoid", "isotonic"])
    assert choice.calibrator == Identity()
    assert choice.to_json() == {"applicable": False, "method": "none"}


def test_only_numbers_are_clipped():
    assert clip(np.array([-1.0, 5.0, 12.0]), LIMITED).tolist() == [0, 5, 10]
    assert clip(np.array([-1.0, 5.0, 12.0]), FREE).tolist() == [-1, 5, 12]
    score = np.array([0.2, 0.7])
    assert clip(score, BINARY) is score


def test_a_clipped_metric_judges_what_ships():
    y_true, predicted = np.array([0.0, 10.0, 4.0]), np.array([-3.0, 14.0, 5.0])
    metric = primary_metric("regression", "neg_mean_absolute_error")
    assert metric.value(y_true, predicted) == pytest.approx(8 / 3)
    clipped = clipped_metric(metric, LIMITED)
    assert clipped.value(y_true, predicted) == pytest.approx(1 / 3)
    assert (clipped.name, clipped.greater_is_better) == ("mae", False)


def test_cross_fitted_predictions_know_nothing_of_their_own_fold():
    """With many classes a map of each class learns its rows by heart; other folds' maps do not."""
    rng = np.random.default_rng(3)
    k, n = 20, 1500
    y_true, fold = rng.integers(0, k, n), np.arange(n) % 5 + 1
    # Far too sure of itself, so that some calibrator helps.
    logits = 4 * rng.normal(size=(n, k)) + 2 * (y_true[:, None] == np.arange(k))
    y_prob = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    choice = choose_calibrator(CLASSES, y_true, y_prob, fold, False, ["isotonic"])
    assert choice.method == "isotonic"
    own = row_loss("multiclass", y_true, choice.calibrator.apply(y_prob)).mean()
    honest = row_loss("multiclass", y_true, choice.cross_fitted).mean()
    assert honest > own
    assert honest == pytest.approx(choice.log_loss["isotonic"], abs=1e-12)


def test_few_rows_keep_no_calibrator_by_chance():
    kept = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        score = rng.uniform(0.05, 0.95, 80)
        y_true = (rng.uniform(size=80) < score).astype(int)
        fold = np.arange(80) % 4 + 1
        kept += choose_calibrator(BINARY, y_true, score, fold, False, ["sigmoid"]).method != "none"
    # One standard error leaves about one in six to chance.
    assert kept <= 12


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_a_class_that_is_in_one_fold_alone_is_left_as_it_is_there(method):
    """No other fold has a map of that class; the fold keeps what the model gave."""
    y_true, y_prob, *_ = classes(6000, temperature=0.3)
    rare = (y_true != 0) | (np.cumsum(y_true == 0) <= 20)
    y_true, y_prob = y_true[rare], y_prob[rare]
    fold = np.where(y_true == 0, 1, np.arange(len(y_true)) % 4 + 1)
    choice = choose_calibrator(CLASSES, y_true, y_prob, fold, True, [method])
    assert choice.method == method
    np.testing.assert_array_equal(choice.cross_fitted[fold == 1], y_prob[fold == 1])
    assert (choice.cross_fitted[fold == 2] != y_prob[fold == 2]).any()
