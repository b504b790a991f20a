"""Metrics of the probabilities of three or more classes.

`y_true` has codes 0 to k - 1, shape (n,); `y_prob` has shape (n, k), rows that add up to 1. The decision
that accuracy and F1 judge is the class with the highest probability.
"""

from collections.abc import Callable

import numpy as np

from assay.metrics.binary import roc_auc
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
)


def row_hit(y_true: LabelArray, y_prob: FloatArray) -> FloatArray:
    """Whether each row's most probable class is right, 1 or 0, shape (n,)."""
    hits: FloatArray = (y_prob.argmax(axis=1) == y_true).astype(float)
    return hits


# Share of rows whose most probable class is right.
accuracy = mean_of_rows(row_hit)


@Prepared
def balanced_accuracy(y_true: LabelArray, y_prob: FloatArray) -> Statistic:
    """Mean recall over the classes that have rows (Brodersen et al. 2010)."""
    counts = _counts(y_true, y_prob)

    def means(weights: FloatArray) -> FloatArray:
        hits, actual, _ = counts(weights)
        mean: FloatArray = np.nanmean(ratio(hits, actual), axis=1)
        return mean

    return means


@Prepared
def f1_macro(y_true: LabelArray, y_prob: FloatArray) -> Statistic:
    """Mean F1 over the classes that have rows or are predicted; 0 where neither is ever right."""
    counts = _counts(y_true, y_prob)

    def means(weights: FloatArray) -> FloatArray:
        hits, actual, predicted = counts(weights)
        mean: FloatArray = np.nanmean(ratio(2 * hits, actual + predicted), axis=1)
        return mean

    return means


@Prepared
def f1_weighted(y_true: LabelArray, y_prob: FloatArray) -> Statistic:
    """Mean F1 over the classes, weighted by their rows."""
    counts = _counts(y_true, y_prob)

    def means(weights: FloatArray) -> FloatArray:
        hits, actual, predicted = counts(weights)
        score = np.nan_to_num(ratio(2 * hits, actual + predicted))
        return ratio((score * actual).sum(axis=1), actual.sum(axis=1))

    return means


def row_log_loss(y_true: LabelArray, y_prob: FloatArray) -> FloatArray:
    """Negative log-likelihood of each row's true class, shape (n,)."""
    likelihood = y_prob[np.arange(len(y_true)), y_true]
    loss: FloatArray = -np.log(np.clip(likelihood, PROBABILITY_MARGIN, 1))
    return loss


# Mean negative log-likelihood of the true class.
log_loss = mean_of_rows(row_log_loss)


@Prepared
def roc_auc_ovr(y_true: LabelArray, y_prob: FloatArray) -> Statistic:
    """Mean over the classes of the area under the ROC curve of one against the rest.

    A class without rows, or with all of them, has none and does not count.
    """
    of_class = [
        roc_auc.prepare((y_true == code).astype(int), y_prob[:, code])
        for code in range(y_prob.shape[1])
    ]

    def means(weights: FloatArray) -> FloatArray:
        areas = [area(weights) for area in of_class]
        defined = np.isfinite(areas)
        return ratio(np.where(defined, areas, 0).sum(axis=0), defined.sum(axis=0))

    return means


def confidence_error(bins: int) -> MetricFunction:
    """Return the expected calibration error of the highest probability (Guo et al. 2017)."""

    def ece(y_true: LabelArray, y_prob: FloatArray, weights: FloatArray) -> FloatArray:
        hits = row_hit(y_true, y_prob)
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
    y_true: LabelArray, y_prob: FloatArray
) -> Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]:
    """Return what gives the weight of right, actual and predicted rows of each class: three (b, k)."""
    y_pred, codes = y_prob.argmax(axis=1), np.arange(y_prob.shape[1])
    actual = (y_true[:, None] == codes).astype(float)
    predicted = (y_pred[:, None] == codes).astype(float)
    right = actual * predicted

    def counts(weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        return weights @ right, weights @ actual, weights @ predicted

    return counts
