"""What is counted of one feature; the counts of two halves of a batch merge into those of the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray
from assay.monitoring.binning import (
    IntArray,
    binned,
    category_counts,
    category_places,
    merged_counts,
)

# Unknown categories that are kept by name.
_NAMED = 8


@dataclass
class NumberCounts:
    """Counts of a numeric feature.

    Attributes
    ----------
    missing, below, above, far : int
        Rows without a value, rows below and above all values of fitting, and those of them that are
        further beyond than all of these lie apart; see `far_range`.
    low, high : float
        The least and the greatest value; infinite where there is none.
    counts, sums : ndarray, each of shape (k,)
        Rows of each fine bin, and what their values add up to.
        squares : float
        What the squares of the distances from training's mean add up to.
    """

    missing: int
    below: int
    above: int
    far: int
    low: float
    high: float
    counts: IntArray
    sums: FloatArray
    squares: float

    @classmethod
    def of(cls, values: FloatArray, entry: Mapping[str, Any]) -> "NumberCounts":
        """Count values, NaN where missing; `entry` is the feature's in the reference."""
        known = values[~np.isnan(values)]
        low, high = entry["range"] or (np.inf, -np.inf)
        return cls(
            len(values) - len(known),
            int((known < low).sum()) if entry["range"] else 0,
            int((known > high).sum()) if entry["range"] else 0,
            _far(known, entry["range"]) if entry["range"] else 0,
            float(known.min(initial=np.inf)),
            float(known.max(initial=-np.inf)),
            *binned(known, np.asarray(entry["edges"], dtype=float)),
            float(np.square(known - (entry["mean"] or 0.0)).sum()),
        )

    def merge(self, other: "NumberCounts") -> None:
        """Add the counts of later rows."""
        self.missing += other.missing
        self.below += other.below
        self.above += other.above
        self.far += other.far
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.counts = self.counts + other.counts
        self.sums = self.sums + other.sums
        self.squares += other.squares

    @property
    def known(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float | None:
        """The mean of known values."""
        return float(self.sums.sum() / self.known) if self.known else None

    def deviation(self, entry: Mapping[str, Any]) -> float | None:
        """Return the standard deviation of known values."""
        if self.mean is None:
            return None
        off = self.mean - (entry["mean"] or 0.0)
        return float(np.sqrt(max(0.0, self.squares / self.known - off**2)))

    def judged(self, entry: Mapping[str, Any]) -> IntArray:
        """Return the counts of the bins that are compared."""
        return merged_counts(self.counts, np.asarray(entry["coarse"], dtype=np.int64))


def far_range(low: float, high: float) -> tuple[float, float]:
    """Return the values from which on one lies far outside of others.

    As far below or above them as they lie apart; of one value alone, as far as it is from 0, and 1 at
    least.

    Parameters
    ----------
    low, high : float
        The least and the greatest of the others; the other way round where there are none, and then
        nothing is far outside.
    """
    if low > high:
        return high, low
    span = high - low if high > low else max(abs(low), 1.0)
    return low - span, high + span


def _far(known: FloatArray, fitted: Sequence[float]) -> int:
    low, high = far_range(*fitted)
    return int(((known < low) | (known > high)).sum())


@dataclass
class CategoryCounts:
    """Counts of a categorical feature.

    Attributes
    ----------
    missing : int
    counts : ndarray of int, shape (k + 2,)
        Rows of each category that is counted by itself, of other known ones, and of unknown ones.
    unknown : dict of str to int
        Rows of a few unknown categories, those whose hashes are least, whatever the order of rows.
    """

    missing: int
    counts: IntArray
    unknown: dict[str, int]

    @classmethod
    def of(cls, values: "pd.Series[Any]", entry: Mapping[str, Any]) -> "CategoryCounts":
        """Count texts, NaN where missing; `entry` is the feature's in the reference."""
        top = entry["categories"]
        places = category_places(values, top, entry["others"])
        strange = values[places == len(top) + 1].value_counts()
        named = {str(name): int(count) for name, count in strange.items()}
        return cls(int((places < 0).sum()), category_counts(places, top), _least(named))

    def merge(self, other: "CategoryCounts") -> None:
        """Add the counts of later rows."""
        self.missing += other.missing
        self.counts = self.counts + other.counts
        for name, count in other.unknown.items():
            self.unknown[name] = self.unknown.get(name, 0) + count
        self.unknown = _least(self.unknown)

    @property
    def known(self) -> int:
        """Rows with a category, known to fitting or not."""
        return int(self.counts.sum())

    def judged(self, entry: Mapping[str, Any]) -> IntArray:
        """Return the counts of the categories that are compared."""
        return self.counts


FeatureCounts = NumberCounts | CategoryCounts


def _least(named: dict[str, int]) -> dict[str, int]:
    """Keep the categories of the least hashes: those of the whole are among those of each half."""

    def place(name: str) -> tuple[int, str]:
        return crc32(name.encode("utf-8", "surrogatepass")), name

    return {name: named[name] for name in sorted(named, key=place)[:_NAMED]}
