"""How much the mean of some rows differs from that of all others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import IntArray

_DRAWS = 999


@dataclass(frozen=True)
class MeanDifference:
    """A difference of two means, with its interval and its two-sided p-value."""

    value: float
    ci_low: float
    ci_high: float
    p_value: float


def mean_difference(
    values: FloatArray,
    inside: npt.NDArray[np.bool_],
    clusters: IntArray | None,
    confidence: float,
    least_variance: FloatArray | None = None,
) -> MeanDifference:
    """Return how much greater the mean is inside than outside, by a t-test of sums of units.

    The variances of both sides may differ, and units may have rows on both. The degrees of freedom are
    those of the side with fewer units.

    Parameters
    ----------
    values : ndarray, shape (n,)
    inside : ndarray of bool, shape (n,)
        Rows on both sides.
    clusters : ndarray of int, shape (n,), optional
        The group of each row, 0 to g - 1; None if rows are independent.
    confidence : float
    least_variance : ndarray, shape (n,), optional
        The variance that each row's value has at least, whatever was seen: of few rows without a rare
        outcome, none is seen.

    References
    ----------
    Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models" (groups);
    Bell and McCaffrey 2002 on why few units ask for fewer degrees of freedom.
    """
    from scipy.stats import t

    sides = (inside, ~inside)
    value = float(values[inside].mean() - values[~inside].mean())
    pull: Any = np.zeros(len(values))
    for side, sign in zip(sides, (1.0, -1.0), strict=True):
        pull[side] = sign * (values[side] - values[side].mean()) / side.sum()
    units = min(_units(side, clusters) for side in sides)
    if units < 2:
        return MeanDifference(value, np.nan, np.nan, 1.0)
    sums = pull if clusters is None else np.bincount(clusters, pull)
    variance = float(units / (units - 1) * np.sum(sums**2))
    if least_variance is not None:
        variance = max(
            variance, sum(float(least_variance[side].sum()) / side.sum() ** 2 for side in sides)
        )
    error = float(np.sqrt(variance))
    if error <= 1e-12 * max(abs(value), 1e-300):
        return MeanDifference(value, np.nan, np.nan, 1.0)
    half = float(t.ppf(0.5 + confidence / 2, units - 1)) * error
    p_value = float(2 * t.sf(abs(value) / error, units - 1))
    return MeanDifference(value, value - half, value + half, p_value)


def permuted_p_value(values: FloatArray, inside: npt.NDArray[np.bool_], seed: int) -> float:
    """Return the two-sided p-value of a difference of means, by dealing the rows anew 999 times.

    Of few rows with a heavy tail, a t-test sees too little variance where none of the tail is among
    them. Twice the smaller tail, because the differences of skewed values are not symmetric.

    Parameters
    ----------
    values : ndarray, shape (n,)
    inside : ndarray of bool, shape (n,)
    seed : int
    """
    small = inside if 2 * inside.sum() <= len(inside) else ~inside
    count, rng = int(small.sum()), np.random.default_rng([seed, 13])
    actual = float(values[small].sum())
    sums = np.array(
        [
            values[rng.choice(len(values), count, replace=False, shuffle=False)].sum()
            for _ in range(_DRAWS)
        ]
    )
    tail = min(int((sums >= actual).sum()), int((sums <= actual).sum()))
    return min(1.0, 2 * (1 + tail) / (1 + _DRAWS))


def _units(side: npt.NDArray[np.bool_], clusters: IntArray | None) -> int:
    return int(side.sum()) if clusters is None else len(np.unique(clusters[side]))
