"""Bootstrap intervals: rows are drawn again, or whole groups, because rows of one entity are not independent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.metrics.core import FloatArray
from assay.uncertainty.estimate import Estimate, without_interval

IntArray = npt.NDArray[np.int64]

# Rows x resamples that are held in memory at once (8 bytes each).
_CHUNK_CELLS = 4_000_000
# Where fewer resamples have a value, those that have are no fair sample of them.
_DEFINED_SHARE = 0.9


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
            return without_interval(value, n)
        low, high = self.interval(values)
        return Estimate(value, low, high, self.method, n)


def clusters_of(table: pd.DataFrame, group_column: str | None) -> IntArray | None:
    """Return the number of each row's group, 0 to g - 1; None without a group column."""
    if group_column is None:
        return None
    codes: IntArray = pd.factorize(table[group_column])[0].astype("int64")
    return codes
