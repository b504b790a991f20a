"""Bootstrap intervals: rows are drawn again, or whole groups, because rows of one entity are not independent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.metrics.core import FloatArray, Statistic
from assay.uncertainty.estimate import Estimate, without_interval

IntArray = npt.NDArray[np.int64]
IntervalKind = Literal["percentile", "bca"]

# Rows x resamples that are worked on at once: what fits into a core's own cache (8 bytes each). Larger
# chunks were up to two and a half times slower.
_CHUNK_CELLS = 30_000
# Where fewer resamples have a value, those that have are no fair sample of them.
_DEFINED_SHARE = 0.9
# Parts of the jackknife: every unit by itself where there are not more, random groups of them otherwise.
# The error that the groups add to the acceleration is 0.65 / parts, and so at most 0.003.
_JACKKNIFE_PARTS = 200


@dataclass(frozen=True)
class Resampled:
    """A statistic on the rows, on resamples of them, and without parts of them.

    Attributes
    ----------
    value : float
        On the rows as they are.
    resamples : ndarray, shape (b,)
        On each resample; NaN where it is not defined.
    influence : ndarray, shape (parts,)
        How much each part of the units pulls the statistic up, from the jackknife, in any one unit;
        empty where it is not asked for.
    """

    value: float
    resamples: FloatArray
    influence: FloatArray

    def less(self, other: "Resampled", sign: float = 1.0) -> "Resampled":
        """Return the difference of two statistics of the same rows, times a sign."""
        return Resampled(
            # No difference is 0, whatever the sign.
            sign * (self.value - other.value) + 0.0,
            sign * (self.resamples - other.resamples),
            sign * (self.influence - other.influence),
        )


@dataclass(frozen=True)
class Bootstrap:
    """A plan for resampling units with replacement: rows, or groups of rows.

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
    kind : {"percentile", "bca"}
        How the values over the resamples become an interval.
    """

    resamples: int
    confidence: float
    seed: int
    clusters: IntArray | None = None
    kind: IntervalKind = "percentile"

    @property
    def method(self) -> str:
        """How intervals are made, in words."""
        return self._told(self.kind)

    def _told(self, kind: IntervalKind) -> str:
        name = {"percentile": "percentile", "bca": "BCa"}[kind]
        return f"{name} bootstrap of " + ("rows" if self.clusters is None else "groups")

    def within(self, mask: npt.NDArray[np.bool_]) -> "Bootstrap":
        """Return the plan for the rows of a mask."""
        if self.clusters is None:
            return self
        return replace(self, clusters=np.unique(self.clusters[mask], return_inverse=True)[1])

    def weights(self, n: int) -> Iterator[FloatArray]:
        """Yield how often each of `n` rows is drawn, in chunks of shape (some resamples, n).

        The draws are the same whatever the size of the chunks.

        References
        ----------
        Davison and Hinkley 1997, "Bootstrap Methods and their Application", section 3.8 (groups).
        """
        rng = np.random.default_rng(self.seed)
        units = self._units(n)
        for size in _chunks(self.resamples, n):
            drawn = rng.integers(0, units, size=(size, units))
            drawn += np.arange(size)[:, None] * units
            counts = np.bincount(drawn.ravel(), minlength=size * units).reshape(size, units)
            yield self._by_row(counts.astype(float))

    def resampled(self, statistics: Sequence[Statistic], n: int) -> list[Resampled]:
        """Return statistics of `n` rows with their values on the same resamples.

        Parameters
        ----------
        statistics : sequence of callable
            Each takes row weights of shape (b, n) and gives b values.
        n : int
        """
        every = np.ones((1, n))
        values = [float(statistic(every)[0]) for statistic in statistics]
        drawn = [[each(chunk) for each in statistics] for chunk in self.weights(n)]
        influences = self._influences(statistics, values, n)
        return [
            Resampled(value, np.concatenate(parts), influence)
            for value, parts, influence in zip(
                values, zip(*drawn, strict=True), influences, strict=True
            )
        ]

    def interval(self, values: FloatArray) -> tuple[float, float]:
        """Return the percentile interval of a statistic's values over the resamples.

        Resamples without a value (a class was not drawn) are left out.

        References
        ----------
        Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13.
        """
        tail = (1 - self.confidence) / 2
        return _quantiles(values, tail, 1 - tail)

    def estimate(self, statistic: Statistic, n: int) -> Estimate:
        """Estimate a statistic that takes row weights of shape (b, n) and gives b values."""
        return self.summary(self.resampled([statistic], n)[0], n)

    def summary(self, found: Resampled, n: int) -> Estimate:
        """Return a statistic of `n` rows with the interval that its values over resamples give.

        It has no interval where too many resamples have no value, and a percentile interval where the
        one that is asked for is not defined; `Estimate.method` tells which.
        """
        if np.isfinite(found.resamples).mean() < _DEFINED_SHARE:
            return without_interval(found.value, n)
        tails = bca_tails(found, self.confidence) if self.kind == "bca" else None
        if tails is None:
            return Estimate(
                found.value, *self.interval(found.resamples), self._told("percentile"), n
            )
        return Estimate(found.value, *_quantiles(found.resamples, *tails), self.method, n)

    def _units(self, n: int) -> int:
        return n if self.clusters is None else int(self.clusters.max()) + 1

    def _by_row(self, counts: FloatArray) -> FloatArray:
        return counts if self.clusters is None else counts.take(self.clusters, axis=1)

    def _influences(
        self, statistics: Sequence[Statistic], values: Sequence[float], n: int
    ) -> list[FloatArray]:
        """Return the influence of each part of the units on each statistic, by leaving it out.

        References
        ----------
        Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 11.5 (delete-d) and
        equation 14.15.
        """
        if self.kind != "bca":
            return [np.empty(0)] * len(values)
        units = self._units(n)
        parts = min(units, _JACKKNIFE_PARTS)
        # The jackknife has a stream of random numbers of its own.
        order = np.random.default_rng([self.seed, 1]).permutation(units)
        part_of = np.empty(units, dtype=np.int64)
        part_of[order] = np.arange(units) % parts
        left_out = []
        start = 0
        for size in _chunks(parts, n):
            numbers = np.arange(start, start + size)[:, None]
            weights = self._by_row((part_of != numbers).astype(float))
            left_out.append([each(weights) for each in statistics])
            start += size
        sizes = np.bincount(part_of, minlength=parts)
        influences = []
        for value, found in zip(values, zip(*left_out, strict=True), strict=True):
            pull = (units - sizes) * (value - np.concatenate(found))
            influences.append(pull - sizes * (pull.sum() / units))
        return influences


def bca_tails(found: Resampled, confidence: float) -> tuple[float, float] | None:
    """Return the shares of resamples below the ends of the BCa interval; None where it is not defined.

    Not defined are intervals of a statistic that no resample changes, or that all change to the same
    side, and of one that has no jackknife (without some unit it has no value).

    Notes
    -----
    The bias correction is the normal quantile of the share of resamples below the value, ties counted
    half. The acceleration is a sixth of the skewness of the influences' sum, `sum(u**3) / (6 *
    sum(u**2)**1.5)`. Leaving out groups of units instead of single ones changes neither sum in
    expectation, because a group's influence is the sum of those of independent units.

    References
    ----------
    Efron 1987, "Better bootstrap confidence intervals"; DiCiccio and Efron 1996, "Bootstrap confidence
    intervals", section 2.
    """
    from scipy.special import ndtr, ndtri

    defined = found.resamples[~np.isnan(found.resamples)]
    below = float(np.mean(defined < found.value) + np.mean(defined == found.value) / 2)
    spread = float(np.sum(found.influence**2))
    if not 0 < below < 1 or defined.min() == defined.max():
        return None
    if not np.isfinite(spread) or spread <= 0:
        return None
    acceleration = float(np.sum(found.influence**3)) / (6 * spread**1.5)
    bias = float(ndtri(below))
    z = bias + ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    stretch = 1 - acceleration * z
    if not np.isfinite(acceleration) or (stretch <= 0).any():
        return None
    low, high = ndtr(bias + z / stretch)
    return float(low), float(high)


def clusters_of(table: pd.DataFrame, group_column: str | None) -> IntArray | None:
    """Return the number of each row's group, 0 to g - 1; None without a group column."""
    if group_column is None:
        return None
    codes: IntArray = pd.factorize(table[group_column])[0].astype("int64")
    return codes


def _chunks(weightings: int, n: int) -> Iterator[int]:
    """Yield how many weightings of `n` rows are worked on at once, until all are."""
    size = max(1, _CHUNK_CELLS // max(n, 1))
    for start in range(0, weightings, size):
        yield min(size, weightings - start)


def _quantiles(values: FloatArray, low: float, high: float) -> tuple[float, float]:
    defined = values[~np.isnan(values)]
    if not len(defined):
        return float("nan"), float("nan")
    ends = np.quantile(defined, [low, high])
    return float(ends[0]), float(ends[1])
