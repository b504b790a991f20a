"""Metrics of binary scores, each for many weightings of the rows at once.

A bootstrap resample is a vector of counts, so every metric takes weights of shape (b, n) and returns
b values: one sort serves all resamples. Without weights the result is scikit-learn's, which the
tests compare to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
LabelArray = npt.NDArray[np.integer]  # type: ignore[type-arg]

# Below this distance from 0 and 1 a logarithm would make one row outweigh all others; it is the
# machine epsilon of float64, as in scikit-learn's log_loss.
_EPSILON = float(np.finfo(np.float64).eps)


def roc_auc(y_true: LabelArray, y_score: FloatArray, weights: FloatArray) -> FloatArray:
    """Area under the ROC curve, ties counted half; NaN where a class has no weight.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
    y_score : ndarray, shape (n,)
    weights : ndarray, shape (b, n)
        Non-negative weight of each row in each of b weightings.

    Returns
    -------
    ndarray, shape (b,)

    References
    ----------
    Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve".
    """
    positive, negative = _class_weights_by_score(y_true, y_score, weights)
    below = np.cumsum(negative, axis=1) - negative
    concordant = (positive * (below + 0.5 * negative)).sum(axis=1)
    return _ratio(concordant, positive.sum(axis=1) * negative.sum(axis=1))


def average_precision(y_true: LabelArray, y_score: FloatArray, weights: FloatArray) -> FloatArray:
    """Sum of precision weighted by the gain in recall, from the highest score down.

    Parameters and result as for `roc_auc`.
    """
    positive, negative = _class_weights_by_score(y_true, y_score, weights)
    positive, negative = positive[:, ::-1], negative[:, ::-1]
    caught = np.cumsum(positive, axis=1)
    precision = _ratio(caught, caught + np.cumsum(negative, axis=1))
    return _ratio(np.nansum(positive * precision, axis=1), positive.sum(axis=1))


def log_loss(y_true: LabelArray, y_score: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean negative log-likelihood of a probability.

    Parameters and result as for `roc_auc`; `y_score` in [0, 1].
    """
    return _ratio(weights @ row_log_loss(y_true, y_score), weights.sum(axis=1))


def row_log_loss(y_true: LabelArray, y_score: FloatArray) -> FloatArray:
    """Negative log-likelihood of each row's probability, shape (n,)."""
    score = np.clip(y_score, _EPSILON, 1 - _EPSILON)
    loss: FloatArray = -np.log(np.where(y_true == 1, score, 1 - score))
    return loss


def brier(y_true: LabelArray, y_score: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean squared error of a probability (Brier 1950).

    Parameters and result as for `roc_auc`; `y_score` in [0, 1].
    """
    return _ratio(weights @ (y_score - y_true) ** 2, weights.sum(axis=1))


def calibration_error(bins: int) -> "BinaryMetric":
    """Return the expected calibration error over equal-width bins of the score.

    It is the mean over bins, weighted by their rows, of |mean score - observed rate|.

    References
    ----------
    Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities".
    """

    def ece(y_true: LabelArray, y_score: FloatArray, weights: FloatArray) -> FloatArray:
        gap = np.zeros(len(weights))
        index = np.minimum((y_score * bins).astype(int), bins - 1)
        for number in np.unique(index):
            inside = index == number
            # |weighted sum of (score - outcome)| is the bin's weight times its gap.
            gap += np.abs(weights[:, inside] @ (y_score[inside] - y_true[inside]))
        return _ratio(gap, weights.sum(axis=1))

    return ece


BinaryMetric = Callable[[LabelArray, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True)
class ScoredMetric:
    """A metric with the direction in which it is better.

    Attributes
    ----------
    name : str
        Its key in metrics files.
    function : BinaryMetric
        `(y_true, y_score, weights) -> values`.
    greater_is_better : bool
        Its direction.
    resamplable : bool
        Whether a bootstrap of rows tells its uncertainty. Not that of the calibration error: it is
        never negative, so resampling only adds to it, and its interval would miss a true 0.
    """

    name: str
    function: BinaryMetric
    greater_is_better: bool
    resamplable: bool = True

    def value(self, y_true: LabelArray, y_score: FloatArray) -> float:
        """Return the metric of unweighted rows."""
        return float(self.function(y_true, y_score, np.ones((1, len(y_true))))[0])

    def gain(self, better: float, than: float) -> float:
        """Return how much better one value is than another; positive is better."""
        return better - than if self.greater_is_better else than - better


def binary_metrics(ece_bins: int) -> Mapping[str, ScoredMetric]:
    """Return every metric of a binary score by name, in the order of reports."""
    metrics = [
        ScoredMetric("roc_auc", roc_auc, True),
        ScoredMetric("average_precision", average_precision, True),
        ScoredMetric("log_loss", log_loss, False),
        ScoredMetric("brier", brier, False),
        ScoredMetric("ece", calibration_error(ece_bins), False, resamplable=False),
    ]
    return {metric.name: metric for metric in metrics}


def primary_metric(scorer_name: str) -> ScoredMetric:
    """Return the metric behind a scikit-learn scorer name, such as `neg_log_loss`."""
    metrics = {
        "roc_auc": ScoredMetric("roc_auc", roc_auc, True),
        "average_precision": ScoredMetric("average_precision", average_precision, True),
        "neg_log_loss": ScoredMetric("log_loss", log_loss, False),
        "neg_brier_score": ScoredMetric("brier", brier, False),
    }
    return metrics[scorer_name]


def roc_curve(y_true: LabelArray, y_score: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return false-positive rate, true-positive rate and threshold, from no alarm to all.

    Raises
    ------
    ValueError
        If a class is absent.
    """
    from sklearn.metrics import roc_curve as sklearn_roc_curve

    if len(np.unique(y_true)) < 2:
        raise ValueError("a ROC curve needs both classes")
    return sklearn_roc_curve(y_true, y_score)  # type: ignore[no-any-return]


def reliability(
    y_true: LabelArray, y_score: FloatArray, bins: int
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Return mean score, observed rate and row count of each equal-width bin that has rows."""
    index = np.minimum((y_score * bins).astype(int), bins - 1)
    counts = np.bincount(index, minlength=bins)
    used = counts > 0
    mean_score = np.bincount(index, y_score, bins)[used] / counts[used]
    observed = np.bincount(index, y_true.astype(float), bins)[used] / counts[used]
    return mean_score, observed, counts[used]


def _class_weights_by_score(
    y_true: LabelArray, y_score: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Sum the weights of each class over rows of equal score, scores ascending: two (b, groups)."""
    order = np.argsort(y_score, kind="stable")
    ordered = y_score[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sorted_weights = weights[:, order]
    is_positive = y_true[order] == 1
    positive = np.add.reduceat(sorted_weights * is_positive, starts, axis=1)
    negative = np.add.reduceat(sorted_weights * ~is_positive, starts, axis=1)
    return positive, negative


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide, giving NaN where the denominator is zero."""
    result: FloatArray = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
