"""Scored rows on their way into the tallies of a batch."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.metrics.core import FloatArray
from assay.time_features import TimeArray

HashArray = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class ScoredRows:
    """Rows with what the model made of them, and their outcomes where these are known.

    Attributes
    ----------
    features : DataFrame, shape (n, p)
        In model form; the index is 0 to n - 1.
    predicted : ndarray, shape (n,) or (n, k)
        Calibrated, as the task has them.
    keys : ndarray of uint64, shape (n,)
        Well mixed numbers by which rows are drawn into samples: the same row has the same key in any
        batch, thread and order.
    outcome : ndarray of float64, shape (n,)
        Codes of classes 0 to k - 1, or numbers; NaN where it is not known.
    times : ndarray of datetime64[us], shape (n,), or None
        When each row is decided on; None where the rows have no time column.
    groups : ndarray of uint64, shape (n,), or None
        A hash of each row's group; None where the rows have no group column.
    """

    features: pd.DataFrame
    predicted: FloatArray
    keys: HashArray
    outcome: FloatArray
    times: TimeArray | None = None
    groups: HashArray | None = None

    def __len__(self) -> int:
        return len(self.features)

    def at(self, rows: npt.NDArray[np.bool_]) -> "ScoredRows":
        """Return the rows of a mask."""
        return replace(
            self,
            features=self.features[rows].reset_index(drop=True),
            predicted=self.predicted[rows],
            keys=self.keys[rows],
            outcome=self.outcome[rows],
            times=None if self.times is None else self.times[rows],
            groups=None if self.groups is None else self.groups[rows],
        )


def row_keys(first: int, count: int) -> HashArray:
    """Return keys of rows that have no other name than their place, from `first` on."""
    return mixed(np.arange(first, first + count, dtype=np.uint64))


def mixed(numbers: HashArray) -> HashArray:
    """Return well mixed numbers, each of one other.

    References
    ----------
    Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators" (SplitMix64's mixer).
    """
    moved = numbers + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        moved = (moved ^ (moved >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(moved ^ (moved >> np.uint64(31)), dtype=np.uint64)
