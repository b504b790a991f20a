"""How sure a number is: bootstrap intervals of a metric and of a paired difference.

Rows of one entity are not independent: where the table has a group column, whole groups are drawn.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.metrics.core import FloatArray, Metric, TargetArray

IntArray = npt.NDArray[np.int64]

# Rows x resamples that are held in memory at once (8 bytes each).
_CHUNK_CELLS = 4_000_000
# Where fewer resamples have a value, those that have are no fair sample of them.
_DEFINED_SHARE = 0.9


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    value : float
        The number on the rows as they are.
    ci_low, ci_high : float
        The ends of its interval.
    method : str
        How the interval was made; empty where there is none, and both ends are the value.
    n : int
        Rows behind it.
    """

    value: float
    ci_low: float
    ci_high: float
    method: str
    n: int

    def to_json(self) -> dict[str, Any]:
        """Return the estimate as a dictionary of scalars."""
        return asdict(self)


@dataclass(frozen=True)
class Bootstrap:
    """A plan for resampling rows with replacement.

    The same plan draws the same resamples for every statistic of `n` rows, so that differences are
    paired.

    Attributes
    ----------
    resamples : int
        How many resamples.
    confidence : float
        In (0, 1).
    seed : int
        Of the resampling.
    clusters : ndarray of int, shape (n,), optional
        The group of each row, 0 to g - 1; None if rows are independent.
    """

    resamples: int
    confidence: float
    seed: int
    clusters: IntArray | None = None

    @property
    def method(self) -> str:
        """What is resampled, in words."""
        return "percentile bootstrap of " + ("rows" if self.clusters is None else "groups")

    def within(self, mask: npt.NDArray[np.bool_]) -> "Bootstrap":
        """Return the plan for the rows of a mask."""
        if self.clusters is None:
            return self
        return replace(self, clusters=np.unique(self.clusters[mask], return_inverse=True)[1])

    def weights(self, n: int) -> Iterator[FloatArray]:
        """Yield how often each of `n` rows is drawn, in chunks of shape (some resamples, n).

        References
        ----------
        Davison and Hinkley 1997, "Bootstrap Methods and their Application", section 3.8 (groups).
        """
        rng = np.random.default_rng(self.seed)
        units = n if self.clusters is None else int(self.clusters.max()) + 1
        rows = max(1, _CHUNK_CELLS // max(n, 1))
        for start in range(0, self.resamples, rows):
            size = min(rows, self.resamples - start)
            drawn = rng.integers(0, units, size=(size, units))
            drawn += np.arange(size)[:, None] * units
            counts = np.bincount(drawn.ravel(), minlength=size * units).reshape(size, units)
            counts = counts if self.clusters is None else counts[:, self.clusters]
            yield counts.astype(float)

    def interval(self, values: FloatArray) -> tuple[float, float]:
        """Return the percentile interval of a statistic's values over the resamples.

        Resamples without a value (a class was not drawn) are left out.

        References
        ----------
        Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13.
        """
        defined = values[~np.isnan(values)]
        if not len(defined):
            return float("nan"), float("nan")
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(defined, [tail, 1 - tail])
        return float(low), float(high)

    def estimate(self, statistic: Callable[[FloatArray], FloatArray], n: int) -> Estimate:
        """Estimate a statistic that takes row weights of shape (b, n) and gives b values.

        It has no interval where too many resamples have no value.
        """
        value = float(statistic(np.ones((1, n)))[0])
        values = np.concatenate([statistic(chunk) for chunk in self.weights(n)])
        return self.summary(value, values, n)

    def summary(self, value: float, values: FloatArray, n: int) -> Estimate:
        """Return a statistic of `n` rows with the interval that its values over resamples give."""
        if np.isfinite(values).mean() < _DEFINED_SHARE:
            return _without_interval(value, n)
        low, high = self.interval(values)
        return Estimate(value, low, high, self.method, n)


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
        return _without_interval(metric.value(y_true, predicted), len(y_true))
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
        return Paired(*(_without_interval(value, n) for value in (*points, gain)))
    chunks = [
        [metric.function(y_true, each, weights) for each in both]
        for weights in bootstrap.weights(n)
    ]
    ours, theirs = np.concatenate(chunks, axis=1)
    sign = 1.0 if metric.greater_is_better else -1.0
    return Paired(
        bootstrap.summary(points[0], ours, n),
        bootstrap.summary(points[1], theirs, n),
        _without_interval(gain, n)
        if metric.signed
        else bootstrap.summary(gain, sign * (ours - theirs), n),
    )


def _without_interval(value: float, n: int) -> Estimate:
    return Estimate(value, value, value, "", n)


def wilson_interval(rate: Any, count: Any, confidence: float) -> tuple[Any, Any]:
    """Return the ends of Wilson's interval of a rate, or of an array of rates (Wilson 1927).

    Parameters
    ----------
    rate : float or ndarray
        In [0, 1].
    count : int or ndarray
        Rows behind it.
    confidence : float
        In (0, 1).
    """
    from scipy.special import ndtri

    z = float(ndtri(0.5 + confidence / 2))
    center = (rate + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(rate * (1 - rate) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return center - half, center + half


def clusters_of(table: pd.DataFrame, group_column: str | None) -> IntArray | None:
    """Return the number of each row's group, 0 to g - 1; None without a group column."""
    if group_column is None:
        return None
    codes: IntArray = pd.factorize(table[group_column])[0].astype("int64")
    return codes
