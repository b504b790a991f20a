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
# The error that the groups add to the acceleration is 0.65 / parts: 0.003 of 200, 0.013 of 50, which
# are enough where rows are so many that an acceleration is next to nothing.
_JACKKNIFE_PARTS, _FEWEST_PARTS = 200, 50
_JACKKNIFE_CELLS = 20_000_000
# Numbers x resamples, where a plan is made for so many predictions; fewer resamples do for more rows,
# because a metric of many rows is nearly normal.
_RESAMPLED_CELLS, _FEWEST_RESAMPLES = 100_000_000, 200
# Units below which the corrections of a gain's interval are noise: of 8 to 100 groups, BCa intervals let
# noise pass in 4% to 6% of simulations, percentile ones in 3% to 4% (docs/intervals.md).
_FEWEST_OF_A_GAIN = 100
# Values that differ by less than this part of themselves differ by rounding.
_ROUNDING = 1e-12

TOO_FEW_DEFINED = "too few resamples have a value"
NO_RESAMPLE_VARIES = "no resample changes it, so that they do not show how sure it is"


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
        units = self.units(n)
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

    def interval(self, values: FloatArray, n: int) -> tuple[float, float]:
        """Return the percentile interval of a statistic of `n` rows from its values over the resamples.

        It is the expanded one; see `expanded_z`. Resamples without a value (a class was not drawn) are
        left out.

        References
        ----------
        Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13.
        """
        from scipy.special import ndtr

        tail = float(ndtr(-expanded_z(self.confidence, self.units(n))))
        return _quantiles(values, tail, 1 - tail)

    def estimate(self, statistic: Statistic, n: int) -> Estimate:
        """Estimate a statistic that takes row weights of shape (b, n) and gives b values."""
        return self.summary(self.resampled([statistic], n)[0], n)

    def summary(self, found: Resampled, n: int) -> Estimate:
        """Return a statistic of `n` rows with the interval that its values over resamples give.

        It has no interval where too many resamples have no value, or all have the same (three positive
        rows that stand above all others do so in every resample, and not in every other sample); and a
        percentile interval where the one that is asked for is not defined. `Estimate.method` tells
        which, and `Estimate.reason` why there is none.
        """
        defined = found.resamples[np.isfinite(found.resamples)]
        if len(defined) < _DEFINED_SHARE * len(found.resamples):
            return without_interval(found.value, n, TOO_FEW_DEFINED)
        if np.ptp(defined) <= _ROUNDING * np.abs(defined).max():
            return without_interval(found.value, n, NO_RESAMPLE_VARIES)
        units = self.units(n)
        tails = bca_tails(found, self.confidence, units) if self.kind == "bca" else None
        if tails is None:
            return Estimate(
                found.value, *self.interval(found.resamples, n), self._told("percentile"), n
            )
        return Estimate(found.value, *_quantiles(found.resamples, *tails), self.method, n)

    def for_gains(self, n: int) -> "Bootstrap":
        """Return the plan for gains of `n` rows: of few units, percentile.

        A difference of two models on the same rows is nearly symmetric, so that there is little for BCa
        to correct, and few units do not tell how much.
        """
        few = self.units(n) < _FEWEST_OF_A_GAIN
        return replace(self, kind="percentile") if few else self

    def units(self, n: int) -> int:
        """Return how many units are drawn of `n` rows: rows, or groups."""
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
        units = self.units(n)
        parts = min(units, max(_FEWEST_PARTS, min(_JACKKNIFE_PARTS, _JACKKNIFE_CELLS // n)))
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


def affordable_resamples(asked: int, cells: int) -> int:
    """Return how many of the resamples that are asked for can be afforded.

    They are as many that resamples times cells are at most 100,000,000, and at least 200.

    Parameters
    ----------
    asked : int
    cells : int
        Predicted numbers that a resample judges: rows, or rows times classes.
    """
    return min(asked, max(_FEWEST_RESAMPLES, _RESAMPLED_CELLS // cells))


def expanded_z(confidence: float, units: int) -> float:
    """Return how many standard deviations of the resamples the ends of an interval lie away.

    Of few units, resamples vary by less than samples do, by the root of (n - 1) / n, and the spread
    itself is not known well; the normal quantile misses both. Instead of it stands
    sqrt(n / (n - 1)) * t, with t the quantile of n - 1 degrees of freedom; of many units it is the same.

    Parameters
    ----------
    confidence : float
        In (0, 1).
    units : int
        Rows or groups that are drawn; of one alone nothing is known.

    References
    ----------
    Hesterberg 2015, "What Teachers Should Know About the Bootstrap", The American Statistician 69
    (the expanded percentile interval).
    """
    from scipy.special import stdtrit

    if units < 2:
        return float("inf")
    return float(np.sqrt(units / (units - 1)) * stdtrit(units - 1, (1 + confidence) / 2))


def bca_tails(found: Resampled, confidence: float, units: int) -> tuple[float, float] | None:
    """Return the shares of resamples below the ends of the BCa interval; None where it is not defined.

    Not defined are intervals of a statistic that all resamples change to the same side, and of one that
    has no jackknife (without some unit it has no value).

    Notes
    -----
    The bias correction is the normal quantile of the share of resamples below the value, ties counted
    half. The acceleration is a sixth of the skewness of the influences' sum, `sum(u**3) / (6 *
    sum(u**2)**1.5)`. Leaving out groups of units instead of single ones changes neither sum in
    expectation, because a group's influence is the sum of those of independent units. The ends lie
    `expanded_z` away instead of a normal quantile.

    References
    ----------
    Efron 1987, "Better bootstrap confidence intervals"; DiCiccio and Efron 1996, "Bootstrap confidence
    intervals", section 2.
    """
    from scipy.special import ndtr, ndtri

    defined = found.resamples[~np.isnan(found.resamples)]
    below = float(np.mean(defined < found.value) + np.mean(defined == found.value) / 2)
    spread = float(np.sum(found.influence**2))
    if not 0 < below < 1:
        return None
    if not np.isfinite(spread) or spread <= 0:
        return None
    acceleration = float(np.sum(found.influence**3)) / (6 * spread**1.5)
    bias = float(ndtri(below))
    z = bias + expanded_z(confidence, units) * np.array([-1.0, 1.0])
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
