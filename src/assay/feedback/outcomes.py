"""Numbers to predict that look wrong: too far from all that is predicted like them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.metrics.calibration import equal_mass_bins
from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import IntArray

# Bins of the prediction in which deviations are measured, and rows of each, at least.
_BINS, _ROWS_OF_A_BIN = 20, 50
# How often a table without errors shows such a gap on one side.
_CHANCE = 0.01
# The ranges of a side's ordered deviations that tell how heavy its tail is, its rows, at least, and the
# share of them beyond the gap, at most.
_BULK = (0.80, 0.95)
_FEWEST_ROWS = 100
_MOST_BEYOND = 0.05
# Nothing nearer than this, in robust deviations, is looked at.
_NEAREST = 5.0
# Slips of a unit or a sign.
_FACTORS = (-1.0, 10.0, 100.0, 1000.0, 0.1, 0.01, 0.001)
# Within this many robust deviations a number is as predicted.
_AS_PREDICTED = 3.0
# The median absolute deviation of a normal distribution in its standard deviations, and the mean one
# of the nearest 95% of its rows.
_MAD, _MEAN = 0.6745, 0.717


@dataclass(frozen=True)
class SuspiciousOutcomes:
    """Rows whose number looks wrong, the farthest out first.

    Attributes
    ----------
    rows : ndarray of int, shape (s,)
        Positions.
    deviation : ndarray, shape (s,)
        From the middle of rows with such a prediction, in their robust standard deviations.
    usual : ndarray, shape (s,)
        The farthest deviation of all other rows of that side.
    factor : ndarray, shape (s,)
        By which the number must be divided to be as predicted: a power of ten, or -1; NaN for none.
    """

    rows: IntArray
    deviation: FloatArray
    usual: FloatArray
    factor: FloatArray

    def __len__(self) -> int:
        return len(self.rows)


def suspicious_outcomes(y_true: FloatArray, predicted: FloatArray) -> SuspiciousOutcomes:
    """Find numbers that stand apart from all others with such predictions, however heavy their tail.

    Heavy tails are no errors, and they have no gaps. In a tail of slope a, the k-th largest deviation is
    g times the next one with a chance of g**(-a k) (Renyi's representation; lighter tails have smaller
    gaps). The bulk of each side tells its slope, and what lies beyond the innermost gap that chance
    shows in less than 1% of tables (over all k) is listed. A row whose outcome is nearer to the middle
    of all outcomes than its prediction is, is not: there the prediction is odd. A value that more than
    half of the rows have (no claim, no rain) is left out first.

    Parameters
    ----------
    y_true, predicted : ndarray, shape (n,)
        Out-of-fold.

    References
    ----------
    Renyi 1953, "On the theory of order statistics"; Hill 1975, "A simple general approach to inference
    about the tail of a distribution".
    """
    judged = _without_common_values(y_true)
    if len(judged) < _FEWEST_ROWS:
        none = np.empty(0)
        return SuspiciousOutcomes(np.empty(0, dtype=np.int64), none, none, none)
    actual, expected = y_true[judged], predicted[judged]
    deviation = robust_deviations(actual, expected, np.ones(len(judged), dtype=bool))
    found, usual = _beyond_gaps(deviation)
    middle = np.median(actual)
    found &= np.abs(actual - middle) >= np.abs(expected - middle)
    rows = np.flatnonzero(found)
    rows = rows[np.lexsort((rows, -np.abs(deviation[rows])))]
    return SuspiciousOutcomes(
        judged[rows].astype(np.int64),
        deviation[rows],
        usual[rows],
        _factors(actual, expected, rows, ~found),
    )


def _without_common_values(y_true: FloatArray) -> IntArray:
    """Return the positions of rows without a value that more than half of them have, again and again.

    Beside 97% of zeros every claim stands apart; claims are judged among themselves.
    """
    rows = np.arange(len(y_true), dtype=np.int64)
    while len(rows):
        values, counts = np.unique(y_true[rows], return_counts=True)
        if 2 * counts.max() <= len(rows):
            break
        rows = rows[y_true[rows] != values[counts.argmax()]]
    return rows


def robust_deviations(
    y_true: FloatArray, predicted: FloatArray, kept: "np.ndarray[Any, np.dtype[np.bool_]]"
) -> FloatArray:
    """Return each residual's distance from the median of its bin of the prediction, in its deviation.

    Parameters
    ----------
    y_true, predicted : ndarray, shape (n,)
    kept : ndarray of bool, shape (n,)
        Rows that say what is usual.
    """
    residual = y_true - predicted
    edges = prediction_edges(predicted)
    index = np.searchsorted(edges, predicted, side="right")
    overall = _spread(residual[kept])
    result = np.zeros(len(residual))
    for number in range(len(edges) + 1):
        inside = index == number
        usual = residual[inside & kept]
        if not len(usual):
            usual = residual[kept]
        spread = _spread(usual) or overall
        if spread > 0:
            result[inside] = (residual[inside] - np.median(usual)) / spread
    return result


def prediction_edges(predicted: FloatArray) -> FloatArray:
    """Return the inner edges of bins of equal mass of predictions, 50 rows each at least."""
    bins = max(1, min(_BINS, len(predicted) // _ROWS_OF_A_BIN))
    numbers = equal_mass_bins(predicted, bins)
    edges: FloatArray = np.array(
        [predicted[numbers == number].min() for number in range(1, int(numbers.max()) + 1)]
    )
    return edges


def _spread(values: FloatArray) -> float:
    """Return a standard deviation that a few wild values do not change, nor many equal ones hide."""
    off = np.sort(np.abs(values - np.median(values)))
    most = off[: max(1, int(_BULK[1] * len(off)))]
    return max(float(np.median(off)) / _MAD, float(most.mean()) / _MEAN)


def _beyond_gaps(
    deviation: FloatArray,
) -> tuple["np.ndarray[Any, np.dtype[np.bool_]]", FloatArray]:
    """Return the rows beyond the gap of their side, and the farthest deviation on its other end."""
    found, usual = np.zeros(len(deviation), dtype=bool), np.full(len(deviation), np.nan)
    for side in (deviation > 0, deviation < 0):
        rows = np.flatnonzero(side)
        far = np.abs(deviation[rows])
        if len(far) < _FEWEST_ROWS:
            continue
        start, end = np.quantile(far, _BULK)
        if not 0 < start < end:
            continue
        slope = np.log((1 - _BULK[0]) / (1 - _BULK[1])) / np.log(end / start)
        ordered = np.sort(far)[::-1]
        last = _apart(ordered, slope)
        if last:
            beyond = rows[far > ordered[last]]
            found[beyond], usual[beyond] = True, ordered[last]
    return found, usual


def _apart(ordered: FloatArray, slope: float) -> int:
    """Return how many of the greatest deviations stand apart, from the outermost gap inwards.

    What lies beyond one gap says nothing of the rows within it: these are looked at as if they were
    all, so that numbers times 1,000 do not make errors of the greatest true ones.
    """
    most, last = int(_MOST_BEYOND * len(ordered)), 0
    while last < most:
        k = np.arange(1, most - last + 1)
        gap = ordered[last + k - 1] / ordered[last + k]
        # The chances of all k add up to the one that is allowed.
        allowed = _CHANCE * 6 / (np.pi * k) ** 2
        apart = (gap ** (-slope * k) <= allowed) & (ordered[last + k - 1] >= _NEAREST)
        if not apart.any():
            break
        last += int(k[apart].min())
    return last


def _factors(
    y_true: FloatArray,
    predicted: FloatArray,
    rows: IntArray,
    kept: "np.ndarray[Any, np.dtype[np.bool_]]",
) -> FloatArray:
    """Return the slip that explains each row: the one that leaves the least deviation, if that is usual."""
    best = np.full(len(rows), np.nan)
    least = np.full(len(rows), _AS_PREDICTED)
    for factor in _FACTORS:
        tried = y_true.copy()
        tried[rows] = y_true[rows] / factor
        left = np.abs(robust_deviations(tried, predicted, kept)[rows])
        better = left < least
        best[better], least[better] = factor, left[better]
    return best
