"""Metrics of the probabilities of three or more classes.

`y_true` has codes 0 to k - 1, shape (n,); `y_prob` has shape (n, k), rows that add up to 1. The decision
that accuracy and F1 judge is the class with the highest probability.
"""

import numpy as np

from assay.metrics.binary import roc_auc
from assay.metrics.core import (
    PROBABILITY_MARGIN,
    FloatArray,
    LabelArray,
    Metric,
    MetricFunction,
    binned_gap,
    ratio,
)


def accuracy(y_true: LabelArray, y_prob: FloatArray, weights: FloatArray) -> FloatArray:
    """Share of rows whose most probable class is right."""
    hits = (y_prob.argmax(axis=1) == y_true).astype(float)
    return ratio(weights @ hits, weights.sum(axis=1))


def balanced_accuracy(y_true: LabelArray, y_prob: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean recall over the classes that have rows (Brodersen et al. 2010)."""
    hits, actual, _ = _counts(y_true, y_prob, weights)
    mean: FloatArray = np.nanmean(ratio(hits, actual), axis=1)
    return mean


def f1_macro(y_true: LabelArray, y_prob: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean F1 over the classes that have rows or are predicted; 0 where neither is ever right."""
    hits, actual, predicted = _counts(y_true, y_prob, weights)
    mean: FloatArray = np.nanmean(ratio(2 * hits, actual + predicted), axis=1)
    return mean


def f1_weighted(y_true: LabelArray, y_prob: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean F1 over the classes, weighted by their rows."""
    hits, actual, predicted = _counts(y_true, y_prob, weights)
    score = np.nan_to_num(ratio(2 * hits, actual + predicted))
    return ratio((score * actual).sum(axis=1), actual.sum(axis=1))


def log_loss(y_true: LabelArray, y_prob: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean negative log-likelihood of the true class."""
    return ratio(weights @ row_log_loss(y_true, y_prob), weights.sum(axis=1))


def row_log_loss(y_true: LabelArray, y_prob: FloatArray) -> FloatArray:
    """Negative log-likelihood of each row's true class, shape (n,)."""
    likelihood = y_prob[np.arange(len(y_true)), y_true]
    loss: FloatArray = -np.log(np.clip(likelihood, PROBABILITY_MARGIN, 1))
    return loss


def roc_auc_ovr(y_true: LabelArray, y_prob: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean over the classes of the area under the ROC curve of one against the rest.

    A class without rows, or with all of them, has none and does not count.
    """
    areas = [
        roc_auc((y_true == code).astype(int), y_prob[:, code], weights)
        for code in range(y_prob.shape[1])
    ]
    defined = np.isfinite(areas)
    return ratio(np.where(defined, areas, 0).sum(axis=0), defined.sum(axis=0))


def confidence_error(bins: int) -> MetricFunction:
    """Return the expected calibration error of the highest probability (Guo et al. 2017)."""

    def ece(y_true: LabelArray, y_prob: FloatArray, weights: FloatArray) -> FloatArray:
        hits = (y_prob.argmax(axis=1) == y_true).astype(float)
        return binned_gap(hits, y_prob.max(axis=1), weights, bins)

    return ece


def multiclass_metrics(ece_bins: int) -> list[Metric]:
    """Return every metric of class probabilities, in the order of reports."""
    return [
        Metric("accuracy", accuracy, True),
        Metric("balanced_accuracy", balanced_accuracy, True),
        Metric("f1_macro", f1_macro, True),
        Metric("f1_weighted", f1_weighted, True),
        Metric("roc_auc_ovr", roc_auc_ovr, True),
        Metric("log_loss", log_loss, False),
        Metric("ece", confidence_error(ece_bins), False, resamplable=False),
    ]


def _counts(
    y_true: LabelArray, y_prob: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the weight of right, actual and predicted rows of each class: three (b, k)."""
    y_pred, codes = y_prob.argmax(axis=1), np.arange(y_prob.shape[1])
    actual = (y_true[:, None] == codes).astype(float)
    predicted = (y_pred[:, None] == codes).astype(float)
    return weights @ (actual * predicted), weights @ actual, weights @ predicted
