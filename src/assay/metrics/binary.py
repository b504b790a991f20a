"""Metrics of a binary score: the probability of the positive class."""

import numpy as np
import numpy.typing as npt

from assay.metrics.core import (
    PROBABILITY_MARGIN,
    FloatArray,
    LabelArray,
    Metric,
    MetricFunction,
    Prepared,
    Statistic,
    binned_gap,
    mean_of_rows,
    ratio,
    weighted_sums,
)


@Prepared
def roc_auc(y_true: LabelArray, y_score: FloatArray) -> Statistic:
    """Area under the ROC curve, ties counted half; NaN where a class has no weight.

    Called with weights, it gives one value for each weighting.

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
    positive, negative = (_by_score(y_score, y_true == label) for label in (1, 0))
    # For each positive row, how many negative ones score less, and how many do not score more.
    less = np.searchsorted(y_score[negative], y_score[positive], "left")
    not_more = np.searchsorted(y_score[negative], y_score[positive], "right")
    tied = bool((less != not_more).any())

    def areas(weights: FloatArray) -> FloatArray:
        of_positive, below = (
            weights.take(positive, axis=1),
            _running(weights.take(negative, axis=1)),
        )
        concordant = weighted_sums(of_positive, below.take(less, axis=1))
        if tied:
            concordant += weighted_sums(of_positive, below.take(not_more, axis=1))
            concordant /= 2
        return ratio(concordant, of_positive.sum(axis=1) * below[:, -1])

    return areas


@Prepared
def average_precision(y_true: LabelArray, y_score: FloatArray) -> Statistic:
    """Sum of precision weighted by the gain in recall, from the highest score down.

    Parameters and result as for `roc_auc`.
    """
    every, positive = (_by_score(-y_score, rows) for rows in (np.isin(y_true, (0, 1)), y_true == 1))
    # For each positive row, how many rows and how many positive ones do not score less.
    flagged = np.searchsorted(-y_score[every], -y_score[positive], "right")
    caught = np.searchsorted(-y_score[positive], -y_score[positive], "right")

    def areas(weights: FloatArray) -> FloatArray:
        of_positive = weights.take(positive, axis=1)
        of_caught = _running(of_positive)
        precision = ratio(
            of_caught.take(caught, axis=1),
            _running(weights.take(every, axis=1)).take(flagged, axis=1),
        )
        return ratio(weighted_sums(of_positive, np.nan_to_num(precision)), of_caught[:, -1])

    return areas


def row_log_loss(y_true: LabelArray, y_score: FloatArray) -> FloatArray:
    """Negative log-likelihood of each row's probability, shape (n,); `y_score` in [0, 1]."""
    score = np.clip(y_score, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    loss: FloatArray = -np.log(np.where(y_true == 1, score, 1 - score))
    return loss


def row_squared_error(y_true: LabelArray, y_score: FloatArray) -> FloatArray:
    """Squared error of each row's probability (Brier 1950), shape (n,)."""
    error: FloatArray = np.square(y_score - y_true, dtype=float)
    return error


log_loss = mean_of_rows(row_log_loss)
brier = mean_of_rows(row_squared_error)


def calibration_error(bins: int) -> MetricFunction:
    """Return the expected calibration error over equal-width bins of the score."""

    def ece(y_true: LabelArray, y_score: FloatArray, weights: FloatArray) -> FloatArray:
        return binned_gap(y_true.astype(float), y_score, weights, bins)

    return ece


def binary_metrics(ece_bins: int) -> list[Metric]:
    """Return every metric of a binary score, in the order of reports."""
    return [
        Metric("roc_auc", roc_auc, True),
        Metric("average_precision", average_precision, True),
        Metric("log_loss", log_loss, False),
        Metric("brier", brier, False),
        Metric("ece", calibration_error(ece_bins), False, resamplable=False),
    ]


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


def _by_score(y_score: FloatArray, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return the positions of the chosen rows, scores ascending."""
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(y_score[rows], kind="stable")]


def _running(weights: FloatArray) -> FloatArray:
    """Return the weight of the first 0, 1, ... rows, shape (b, n + 1)."""
    total = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=total[:, 1:])
    return total
