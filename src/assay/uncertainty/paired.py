"""A metric of predictions, and how much it differs from that of others for the same rows."""

from dataclasses import dataclass

import numpy as np

from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.estimate import Estimate, without_interval


def metric_estimate(
    metric: Metric, y_true: TargetArray, predicted: FloatArray, bootstrap: Bootstrap
) -> Estimate:
    """Return a metric with its percentile bootstrap interval.

    Parameters
    ----------
    metric : Metric
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
    bootstrap : Bootstrap
    """
    if not metric.resamplable:
        return without_interval(metric.value(y_true, predicted), len(y_true))
    return bootstrap.estimate(
        lambda weights: metric.function(y_true, predicted, weights), len(y_true)
    )


@dataclass(frozen=True)
class Paired:
    """A metric of predictions and of a reference's for the same rows.

    Attributes
    ----------
    model, reference : Estimate
    gain : Estimate
        How much better the predictions are; positive is better, whatever the metric's direction.
    """

    model: Estimate
    reference: Estimate
    gain: Estimate


def paired_estimates(
    metric: Metric,
    y_true: TargetArray,
    predicted: FloatArray,
    reference: FloatArray,
    bootstrap: Bootstrap,
) -> Paired:
    """Return a metric of predictions, of a reference's, and of what the first gains, with intervals.

    Each resample judges both on the same rows, so that what makes rows hard cancels out.

    Parameters
    ----------
    metric : Metric
    y_true : ndarray, shape (n,)
    predicted, reference : ndarray, shape (n,) or (n, k)
    bootstrap : Bootstrap
    """
    n, both = len(y_true), (predicted, reference)
    points = [metric.value(y_true, each) for each in both]
    gain = metric.gain(*points)
    if not metric.resamplable:
        return Paired(*(without_interval(value, n) for value in (*points, gain)))
    chunks = [
        [metric.function(y_true, each, weights) for each in both]
        for weights in bootstrap.weights(n)
    ]
    ours, theirs = np.concatenate(chunks, axis=1)
    sign = 1.0 if metric.greater_is_better else -1.0
    return Paired(
        bootstrap.summary(points[0], ours, n),
        bootstrap.summary(points[1], theirs, n),
        without_interval(gain, n)
        if metric.signed
        else bootstrap.summary(gain, sign * (ours - theirs), n),
    )
