"""Metrics of a binary score: the probability of the positive class."""

import numpy as np

from assay.metrics.core import (
    PROBABILITY_MARGIN,
    FloatArray,
    LabelArray,
    Metric,
    MetricFunction,
    binned_gap,
    ratio,
)


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
    return ratio(concordant, positive.sum(axis=1) * negative.sum(axis=1))


def average_precision(y_true: LabelArray, y_score: FloatArray, weights: FloatArray) -> FloatArray:
    """Sum of precision weighted by the gain in recall, from the highest score down.

    Parameters and result as for `roc_auc`.
    """
    positive, negative = _class_weights_by_score(y_true, y_score, weights)
    positive, negative = positive[:, ::-1], negative[:, ::-1]
    caught = np.cumsum(positive, axis=1)
    precision = ratio(caught, caught + np.cumsum(negative, axis=1))
    return ratio(np.nansum(positive * precision, axis=1), positive.sum(axis=1))


def log_loss(y_true: LabelArray, y_score: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean negative log-likelihood of a probability.

    Parameters and result as for `roc_auc`; `y_score` in [0, 1].
    """
    return ratio(weights @ row_log_loss(y_true, y_score), weights.sum(axis=1))


def row_log_loss(y_true: LabelArray, y_score: FloatArray) -> FloatArray:
    """Negative log-likelihood of each row's probability, shape (n,)."""
    score = np.clip(y_score, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    loss: FloatArray = -np.log(np.where(y_true == 1, score, 1 - score))
    return loss


def brier(y_true: LabelArray, y_score: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean squared error of a probability (Brier 1950).

    Parameters and result as for `roc_auc`; `y_score` in [0, 1].
    """
    return ratio(weights @ (y_score - y_true) ** 2, weights.sum(axis=1))


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
