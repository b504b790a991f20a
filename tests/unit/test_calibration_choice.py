import json

import numpy as np
import pytest
from scipy.special import expit, logit

from assay.calibration.choice import (
    Identity,
    Isotonic,
    Sigmoid,
    calibrator_from_json,
    choose_calibrator,
    fit_isotonic,
    fit_sigmoid,
)
from assay.metrics import log_loss


def overconfident(n=4000, seed=0):
    """True log-odds are half of what the score says, plus 0.3."""
    rng = np.random.default_rng(seed)
    claimed = 2 * rng.normal(size=n)
    y_true = (rng.uniform(size=n) < expit(0.5 * claimed + 0.3)).astype(int)
    return y_true, expit(claimed), rng.integers(1, 6, n)


def test_the_sigmoid_recovers_known_slope_and_intercept():
    y_true, score, _ = overconfident(40_000)
    calibrator = fit_sigmoid(y_true, score)
    assert isinstance(calibrator, Sigmoid)
    assert calibrator.slope == pytest.approx(0.5, abs=0.03)
    assert calibrator.intercept == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("fit", [fit_sigmoid, fit_isotonic])
def test_calibrators_never_turn_the_ranking_around(fit):
    y_true, score, _ = overconfident()
    grid = np.linspace(0, 1, 101)
    assert (np.diff(fit(y_true, score).apply(grid)) >= 0).all()


def test_a_score_that_points_the_wrong_way_is_left_alone():
    y_true, score, _ = overconfident()
    assert fit_sigmoid(y_true, 1 - score) == Identity()


@pytest.mark.parametrize("ordered", [False, True])
def test_a_miscalibrated_score_is_mended(ordered):
    y_true, score, fold = overconfident()
    choice = choose_calibrator(y_true, score, fold, ordered, ["sigmoid", "isotonic"])
    assert choice.method == "sigmoid"
    assert choice.log_loss["sigmoid"] < choice.log_loss["none"]
    fresh_y, fresh_score, _ = overconfident(seed=1)
    ones = np.ones((1, len(fresh_y)))
    after = log_loss(fresh_y, choice.calibrator.apply(fresh_score), ones)
    assert after < log_loss(fresh_y, fresh_score, ones)


def test_a_calibrated_score_is_left_alone():
    rng = np.random.default_rng(3)
    score = rng.uniform(0.02, 0.98, 600)
    y_true = (rng.uniform(size=600) < score).astype(int)
    choice = choose_calibrator(y_true, score, rng.integers(1, 6, 600), False, ["isotonic"])
    assert choice.method == "none"
    assert choice.calibrator == Identity()


def test_ordered_folds_are_judged_by_earlier_ones_only():
    """Outcomes of the last fold are flipped: it may spoil its own figure, not the others'."""
    y_true, score, fold = overconfident()
    flipped = np.where(fold == 5, 1 - y_true, y_true)
    keep = fold < 5
    spoilt = choose_calibrator(flipped, score, fold, True, ["sigmoid"])
    clean = choose_calibrator(y_true[keep], score[keep], fold[keep], True, ["sigmoid"])
    n = {name: (fold[(fold > 1)] <= last).sum() for name, last in (("all", 5), ("four", 4))}
    last_fold = fold == 5
    last = fit_sigmoid(flipped[~last_fold], score[~last_fold]).apply(score[last_fold])
    rest = log_loss(flipped[last_fold], last, np.ones((1, last_fold.sum())))[0] * last_fold.sum()
    total = spoilt.log_loss["sigmoid"] * n["all"]
    assert total - rest == pytest.approx(clean.log_loss["sigmoid"] * n["four"])


@pytest.mark.parametrize(
    "calibrator",
    [Identity(), Sigmoid(0.7, -0.1), Isotonic((0.1, 0.5, 0.9), (0.2, 0.2, 0.8))],
)
def test_calibrators_round_trip_through_json_to_the_last_bit(calibrator):
    back = calibrator_from_json(json.loads(json.dumps(calibrator.to_json())))
    score = np.linspace(0, 1, 57)
    np.testing.assert_array_equal(back.apply(score), calibrator.apply(score))


def test_the_sigmoid_contains_the_identity():
    score = np.linspace(0.01, 0.99, 9)
    np.testing.assert_allclose(Sigmoid(1.0, 0.0).apply(score), score)
    assert Sigmoid(1.0, 0.0).apply(np.array([0.0, 1.0])) == pytest.approx([0, 1], abs=1e-6)
    assert np.isfinite(logit(Sigmoid(1.0, 0.0).apply(np.array([0.0, 1.0])))).all()


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="unknown calibration method 'beta'"):
        calibrator_from_json({"method": "beta"})
