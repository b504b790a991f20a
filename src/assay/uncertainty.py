"""How sure a number is: bootstrap intervals of a metric and of a paired difference."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from assay.metrics import FloatArray, LabelArray, ScoredMetric

# Rows x resamples that are held in memory at once (8 bytes each).
_CHUNK_CELLS = 4_000_000


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
        How the interval was made.
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
    """

    resamples: int
    confidence: float
    seed: int

    def weights(self, n: int) -> Iterator[FloatArray]:
        """Yield how often each of `n` rows is drawn, in chunks of shape (some resamples, n)."""
        rng = np.random.default_rng(self.seed)
        rows = max(1, _CHUNK_CELLS // max(n, 1))
        for start in range(0, self.resamples, rows):
            size = min(rows, self.resamples - start)
            drawn = rng.integers(0, n, size=(size, n))
            drawn += np.arange(size)[:, None] * n
            yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(float)

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

    def estimate(
        self, statistic: Callable[[FloatArray], FloatArray], n: int, method: str
    ) -> Estimate:
        """Estimate a statistic that takes row weights of shape (b, n) and gives b values."""
        value = float(statistic(np.ones((1, n)))[0])
        values = np.concatenate([statistic(chunk) for chunk in self.weights(n)])
        low, high = self.interval(values)
        return Estimate(value, low, high, method, n)


def metric_estimate(
    metric: ScoredMetric, y_true: LabelArray, y_score: FloatArray, bootstrap: Bootstrap
) -> Estimate:
    """Return a metric with its percentile bootstrap interval.

    Parameters
    ----------
    metric : ScoredMetric
    y_true : ndarray of {0, 1}, shape (n,)
    y_score : ndarray, shape (n,)
    bootstrap : Bootstrap
    """
    return bootstrap.estimate(
        lambda weights: metric.function(y_true, y_score, weights),
        len(y_true),
        "percentile bootstrap",
    )


def paired_gain(
    metric: ScoredMetric,
    y_true: LabelArray,
    y_score: FloatArray,
    reference_score: FloatArray,
    bootstrap: Bootstrap,
) -> Estimate:
    """Return how much better one score is than a reference on the same rows, with its interval.

    Each resample judges both scores on the same rows, so that what makes rows hard cancels out.
    Positive is better, whatever the metric's direction.
    """
    sign = 1.0 if metric.greater_is_better else -1.0

    def gain(weights: FloatArray) -> FloatArray:
        ours = metric.function(y_true, y_score, weights)
        return sign * (ours - metric.function(y_true, reference_score, weights))

    return bootstrap.estimate(gain, len(y_true), "paired percentile bootstrap")
