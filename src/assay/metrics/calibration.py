"""Calibration of a prediction: bins of it, parts of the Brier score, and the line of its log-odds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.metrics.core import FloatArray, Statistic, TargetArray, ratio, weighted_sums
from assay.sections import TaskType

BinArray = npt.NDArray[np.int64]

# Log-odds of scores closer to 0 or 1 than this would outweigh all other rows.
_SCORE_MARGIN = 1e-7
_NEWTON_STEPS = 50


def levels(
    task: TaskType, y_true: TargetArray, predicted: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return, for each row, what happened and what was expected, in one unit.

    The positive outcome and its probability; whether the most probable class is right, and its
    probability; the number and its prediction.
    """
    if task == "multiclass":
        return (predicted.argmax(axis=1) == y_true).astype(float), predicted.max(axis=1)
    return y_true.astype(float), predicted


def equal_width_bins(score: FloatArray, bins: int) -> BinArray:
    """Return the bin of each probability, shape (n,): 0 to bins - 1, each as wide as the others."""
    index: BinArray = np.minimum((score * bins).astype(np.int64), bins - 1)
    return index


def equal_mass_bins(score: FloatArray, bins: int) -> BinArray:
    """Return the bin of each prediction, shape (n,): 0 upwards, each with as many rows as the others.

    Equal predictions stay together, so that bins differ in size, and are fewer, where there are many.
    """
    n = len(score)
    edges = np.unique(np.sort(score)[np.arange(1, bins) * n // bins])
    index = np.searchsorted(edges, score, side="right")
    numbered: BinArray = np.unique(index, return_inverse=True)[1].astype(np.int64)
    return numbered


def bin_error(outcome: FloatArray, score: FloatArray, index: BinArray) -> float:
    """Return the mean over bins of |mean prediction - mean outcome|, weighted by rows."""
    return float(np.abs(np.bincount(index, score - outcome)).sum() / len(score))


@dataclass(frozen=True)
class BrierParts:
    """The Brier score's parts over bins, which add up to it.

    `reliability - resolution + uncertainty + within_bin_variance - within_bin_covariance`

    Attributes
    ----------
    reliability : float
        Mean squared gap between mean score and observed rate of a bin; 0 is calibrated.
    resolution : float
        Variance of the bins' observed rates; more is better.
    uncertainty : float
        Variance of the outcome, which no model changes.
    within_bin_variance, within_bin_covariance : float
        Of the scores, and twice that of scores and outcomes, within bins. They vanish where each bin
        holds one score.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float

    @property
    def total(self) -> float:
        """The Brier score."""
        between = self.reliability - self.resolution + self.uncertainty
        return between + self.within_bin_variance - self.within_bin_covariance


def brier_parts(outcome: FloatArray, score: FloatArray, index: BinArray) -> BrierParts:
    """Split the Brier score of probabilities by bins.

    Parameters
    ----------
    outcome : ndarray of 0 and 1, shape (n,)
    score : ndarray, shape (n,)
    index : ndarray of int, shape (n,)
        The bin of each row.

    References
    ----------
    Murphy 1973, "A new vector partition of the probability score"; Stephenson, Coelho and Jolliffe
    2008, "Two extra components in the Brier score decomposition".
    """
    n, counts = len(score), np.bincount(index).astype(float)
    mean_score, rate = (
        ratio(np.bincount(index, each).astype(float), counts) for each in (score, outcome)
    )
    used, overall = counts > 0, float(outcome.mean())
    share = counts[used] / n
    off_score, off_outcome = score - mean_score[index], outcome - rate[index]
    return BrierParts(
        float(share @ (mean_score[used] - rate[used]) ** 2),
        float(share @ (rate[used] - overall) ** 2),
        overall * (1 - overall),
        float(np.mean(off_score**2)),
        float(2 * np.mean(off_score * off_outcome)),
    )


@dataclass(frozen=True)
class CalibrationLine:
    """The outcome's log-odds as a line of the score's: 0 and 1 where the score is calibrated.

    Attributes
    ----------
    intercept : float
        With a slope of 1: positive where scores are too low.
    slope : float
        Of the line that fits best: below 1 where scores are too extreme.
    slope_of : callable
        The slope as a function of row weights: one step of Newton's method from the line of all rows,
        which misses that of a resample by much less than resamples differ (Moulton and Zeger 1991,
        "Bootstrapping generalized linear models").
    """

    intercept: float
    slope: float
    slope_of: Statistic


def calibration_line(outcome: FloatArray, score: FloatArray) -> CalibrationLine | None:
    """Fit intercept and slope by maximum likelihood; None where there is no such line.

    There is none where a class has no row, all scores are equal, or the score separates the classes.

    Parameters
    ----------
    outcome : ndarray of {0, 1}, shape (n,)
    score : ndarray, shape (n,)
        In [0, 1].

    References
    ----------
    Cox 1958, "Two further applications of a model for binary regression"; Van Calster et al. 2019,
    "Calibration: the Achilles heel of predictive analytics".
    """
    from scipy.special import logit

    x, y = logit(np.clip(score, _SCORE_MARGIN, 1 - _SCORE_MARGIN)), outcome.astype(float)
    if not 0 < y.mean() < 1 or x.min() == x.max():
        return None
    every = np.ones((1, len(y)))
    alone = _maximum(x, y, np.array([0.0, 1.0]), every, slope_fixed=True)
    line = _maximum(x, y, np.array([0.0, 1.0]), every)
    if alone is None or line is None:
        return None
    return CalibrationLine(
        float(alone[0]), float(line[1]), lambda weights: line[1] + _step(x, y, line, weights)[:, 1]
    )


def _maximum(
    x: FloatArray, y: FloatArray, line: FloatArray, every: FloatArray, slope_fixed: bool = False
) -> FloatArray | None:
    """Return intercept and slope of the greatest likelihood; None where they do not settle."""
    for _ in range(_NEWTON_STEPS):
        step = _step(x, y, line, every, slope_fixed)[0]
        if not np.isfinite(step).all():
            return None
        # A long step from a start that is far off can miss the maximum.
        line = line + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            return line
    return None


def _step(
    x: FloatArray, y: FloatArray, line: FloatArray, weights: FloatArray, slope_fixed: bool = False
) -> FloatArray:
    """Return Newton's step from a line under each weighting, (b, 2)."""
    from scipy.special import expit

    p = expit(line[0] + line[1] * x)
    residual, curve = y - p, p * (1 - p)
    pull, bend = weighted_sums(weights, residual), weighted_sums(weights, curve)
    if slope_fixed:
        return np.column_stack([ratio(pull, bend), np.zeros(len(pull))])
    pull_x = weighted_sums(weights, residual * x)
    bend_x, bend_xx = weighted_sums(weights, curve * x), weighted_sums(weights, curve * x**2)
    determinant = bend * bend_xx - bend_x**2
    return np.column_stack(
        [
            ratio(bend_xx * pull - bend_x * pull_x, determinant),
            ratio(bend * pull_x - bend_x * pull, determinant),
        ]
    )
