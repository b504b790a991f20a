"""A metric of predictions, and how much it differs from that of others for the same rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.uncertainty.bootstrap import Bootstrap, Resampled
from assay.uncertainty.estimate import Estimate, without_interval

# Resampling only adds to what is never negative; see `Metric.resamplable` and `Metric.signed`.
A_DISTANCE = "it is a distance from 0, which resampling can only widen"


def metric_estimate(
    metric: Metric, y_true: TargetArray, predicted: FloatArray, bootstrap: Bootstrap
) -> Estimate:
    """Return a metric with its bootstrap interval.

    Parameters
    ----------
    metric : Metric
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
    bootstrap : Bootstrap
    """
    if not metric.resamplable:
        return without_interval(metric.value(y_true, predicted), len(y_true), A_DISTANCE)
    return bootstrap.estimate(metric.statistic(y_true, predicted), len(y_true))


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

    Both must have a value of it; see `compared`.

    Parameters
    ----------
    metric : Metric
    y_true : ndarray, shape (n,)
    predicted, reference : ndarray, shape (n,) or (n, k)
    bootstrap : Bootstrap
    """
    found = compared({"": metric}, y_true, predicted, {"": reference}, bootstrap)
    return found[""][""]


def compared(
    metrics: Mapping[str, Metric],
    y_true: TargetArray,
    predicted: FloatArray,
    references: Mapping[str, FloatArray],
    bootstrap: Bootstrap,
) -> dict[str, dict[str, Paired]]:
    """Compare predictions with each of several references by every metric that both have.

    Each resample judges all of them on the same rows, so that what makes rows hard cancels out. A gain
    of exactly 0 has an interval only where the predictions are the same.

    Parameters
    ----------
    metrics : dict of str to Metric
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
    references : dict of str to ndarray
        Predictions for the same rows, by name.
    bootstrap : Bootstrap

    Returns
    -------
    dict of str to dict of str to Paired
        By reference, then by metric; without the metrics that these rows do not give to both.
    """
    n, everyone = len(y_true), [predicted, *references.values()]
    same = {name: np.array_equal(predicted, each) for name, each in references.items()}
    values = {
        (name, who): metric.value(y_true, each)
        for name, metric in metrics.items()
        for who, each in enumerate(everyone)
    }
    judged = [key for key in values if np.isfinite(values[key]) and metrics[key[0]].resamplable]
    statistics = [metrics[name].statistic(y_true, everyone[who]) for name, who in judged]
    resampled = dict(zip(judged, bootstrap.resampled(statistics, n), strict=True))
    return {
        reference: {
            name: _paired(
                metric, resampled[name, 0], resampled[name, who], bootstrap, n, same[reference]
            )
            if metric.resamplable
            else _without_intervals(metric, values[name, 0], values[name, who], n)
            for name, metric in metrics.items()
            if np.isfinite([values[name, 0], values[name, who]]).all()
        }
        for who, reference in enumerate(references, start=1)
    }


def _paired(
    metric: Metric,
    ours: Resampled,
    theirs: Resampled,
    bootstrap: Bootstrap,
    n: int,
    same: bool,
) -> Paired:
    if same:
        # The same predictions gain nothing, whatever the rows.
        gain = Estimate(0.0, 0.0, 0.0, bootstrap.for_gains(n).method, n)
    elif metric.signed:
        gain = without_interval(metric.gain(ours.value, theirs.value), n, A_DISTANCE)
    else:
        less = ours.less(theirs, 1.0 if metric.greater_is_better else -1.0)
        gain = bootstrap.for_gains(n).summary(less, n)
    return Paired(bootstrap.summary(ours, n), bootstrap.summary(theirs, n), gain)


def _without_intervals(metric: Metric, ours: float, theirs: float, n: int) -> Paired:
    gain = metric.gain(ours, theirs)
    return Paired(*(without_interval(value, n, A_DISTANCE) for value in (ours, theirs, gain)))
