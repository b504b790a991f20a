"""How far the values of one column moved between two sets of rows.

Effect sizes, not p-values: with enough rows any difference is significant. All but the population
stability index and the standardised Wasserstein distance lie in [0, 1], and 0 is no difference. Missing
values are for the caller to leave out; `missing_rate_difference` counts them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.metrics.core import FloatArray

# Shares below this would make the population stability index infinite.
_SHARE_MARGIN = 1e-4


def ks_distance(reference: FloatArray, current: FloatArray) -> float:
    """Return the Kolmogorov-Smirnov distance of two samples of numbers, in [0, 1].

    The greatest difference of their distribution functions.

    Parameters
    ----------
    reference, current : ndarray, shape (n,) and (m,)
        Without NaN; NaN is returned where one of them is empty.
    """
    if not len(reference) or not len(current):
        return float("nan")
    from scipy.stats import ks_2samp

    return float(ks_2samp(reference, current, method="asymp").statistic)


def wasserstein_distance(reference: FloatArray, current: FloatArray) -> float:
    """Return the Wasserstein distance of two samples, in standard deviations of the reference.

    How far a value must be moved on average to turn one distribution into the other.

    Parameters
    ----------
    reference, current : ndarray, shape (n,) and (m,)
        Without NaN. NaN is returned where one is empty, or where the reference does not vary and the
        other is not the same.

    References
    ----------
    Vallender 1974, "Calculation of the Wasserstein distance between probability distributions on the
    line".
    """
    if not len(reference) or not len(current):
        return float("nan")
    from scipy.stats import wasserstein_distance as distance

    moved, deviation = float(distance(reference, current)), float(np.std(reference))
    if moved == 0:
        return 0.0
    return moved / deviation if deviation > 0 else float("nan")


def category_shares(
    reference: Sequence[Any] | npt.NDArray[Any], current: Sequence[Any] | npt.NDArray[Any]
) -> tuple[FloatArray, FloatArray]:
    """Return the share of each category that either has, in one order (of their texts)."""
    categories = sorted({*map(str, reference), *map(str, current)})
    place = {category: number for number, category in enumerate(categories)}

    def shares(values: Any) -> FloatArray:
        counts = np.bincount([place[str(value)] for value in values], minlength=len(place))
        return np.asarray(counts / max(len(values), 1), dtype=float)

    return shares(reference), shares(current)


def binned_shares(
    reference: FloatArray, current: FloatArray, bins: int = 10
) -> tuple[FloatArray, FloatArray]:
    """Return the share of both samples in bins of the reference's quantiles; ends are open.

    Parameters
    ----------
    reference, current : ndarray, shape (n,) and (m,)
        Without NaN.
    bins : int
        Fewer where quantiles are equal.
    """
    edges = np.unique(np.quantile(reference, np.arange(1, bins) / bins))

    def shares(values: FloatArray) -> FloatArray:
        index = np.searchsorted(edges, values, side="right")
        counts = np.bincount(index, minlength=len(edges) + 1)
        return np.asarray(counts / max(len(values), 1), dtype=float)

    return shares(reference), shares(current)


def total_variation(reference: FloatArray, current: FloatArray) -> float:
    """Return the total variation distance of two vectors of shares, in [0, 1].

    The share of rows that must change their category to turn one into the other.
    """
    return float(np.abs(reference - current).sum() / 2)


def jensen_shannon_distance(reference: FloatArray, current: FloatArray) -> float:
    """Return the Jensen-Shannon distance of two vectors of shares, in [0, 1] (base 2).

    References
    ----------
    Endres and Schindelin 2003, "A new metric for probability distributions".
    """
    middle = (reference + current) / 2

    def divergence(shares: FloatArray) -> float:
        some = shares > 0
        return float(np.sum(shares[some] * np.log2(shares[some] / middle[some])))

    # Rounding can leave a little less than nothing.
    return float(np.sqrt(max(0.0, (divergence(reference) + divergence(current)) / 2)))


def population_stability_index(reference: FloatArray, current: FloatArray) -> float:
    """Return the population stability index of two vectors of shares; 0 upwards.

    The symmetric Kullback-Leibler divergence. Shares are at least 0.0001, so that it is finite. By
    custom 0.1 is a small and 0.25 a large shift, whatever the number of rows: of few, noise exceeds it.

    References
    ----------
    Siddiqi 2006, "Credit Risk Scorecards"; Yurdakul and Naranjo 2020, "Statistical properties of the
    population stability index" (what it is by chance).
    """
    p, q = (np.maximum(shares, _SHARE_MARGIN) for shares in (reference, current))
    return float(np.sum((q - p) * np.log(q / p)))


def missing_rate_difference(
    reference: npt.NDArray[np.bool_], current: npt.NDArray[np.bool_]
) -> float:
    """Return by how much a greater share of the current values is missing, in [-1, 1]."""
    return float(np.mean(current) - np.mean(reference))


class PermutedDistance:
    """The distance of one column between two sides, for many ways to deal its rows to them.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Numbers, or codes of categories 0 upwards where `categorical`; NaN, or -1, where missing.
    categorical : bool
    """

    def __init__(self, values: npt.NDArray[Any], *, categorical: bool) -> None:
        missing = values < 0 if categorical else np.isnan(values.astype(float))
        self._missing = np.flatnonzero(missing)
        self._known = np.flatnonzero(~missing)
        self._categorical = categorical
        known = values[self._known]
        if categorical:
            self._codes = known.astype(np.int64)
            self._width = int(known.max()) + 1 if len(known) else 0
        else:
            order = np.argsort(known, kind="stable")
            self._known = self._known[order]
            ordered = known[order]
            # The distribution functions are compared after the last of equal values.
            self._last = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], len(ordered) > 0])

    def of(self, current: npt.NDArray[np.bool_]) -> tuple[float, float]:
        """Return the distance of known values, and the difference of missing rates.

        Parameters
        ----------
        current : ndarray of bool, shape (n,)
            Whether each row is on the second side.

        Returns
        -------
        tuple of float
            `ks_distance` of numbers or `total_variation` of categories, 0 where a side has none; and
            `missing_rate_difference`.
        """
        ones, n = int(current.sum()), len(current)
        missing = int(current[self._missing].sum())
        gap = missing / ones - (len(self._missing) - missing) / (n - ones)
        side = current[self._known]
        there = int(side.sum())
        here = len(side) - there
        if not there or not here:
            return 0.0, gap
        if self._categorical:
            of_current = np.bincount(self._codes, side, self._width)
            of_all = np.bincount(self._codes, minlength=self._width)
            return total_variation((of_all - of_current) / here, of_current / there), gap
        running = np.cumsum(side)[self._last]
        return float(np.abs(running / there - (self._last + 1 - running) / here).max()), gap
