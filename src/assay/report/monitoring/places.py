"""Where batches stand on the axis of a series: at their times, or side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan
from statistics import median
from typing import Any

import pandas as pd

from assay.report.charts.axes import Axis

# Steps so many times the usual one are a gap, over which no line goes.
_GAP = 1.5
# Batches nearer than this share of the usual step would hide each other: then all stand side by side.
_NEAREST = 0.25
_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Places:
    """Where batches stand.

    Attributes
    ----------
    names : sequence of str
    middle : sequence of float
        Rising: days, or 0, 1, 2 and so on.
    gaps : frozenset of int
        Batches before which a line breaks.
    """

    names: Sequence[str]
    middle: Sequence[float]
    gaps: frozenset[int] = frozenset()

    @property
    def axis(self) -> Axis:
        """The axis that names them."""
        return Axis("Batch", names=self.names, places=self.middle)

    @property
    def x(self) -> list[float]:
        """Their places, with one of no number in each gap."""
        return self.broken(self.middle)

    @property
    def ends(self) -> list[float]:
        """Where the axis begins and ends."""
        count = len(self.middle)
        rim = (self.middle[-1] - self.middle[0]) / (count - 1) / 2 if count > 1 else 0.5
        return [self.middle[0] - rim, self.middle[-1] + rim]

    def broken(self, values: Sequence[Any]) -> list[Any]:
        """Return a value for each of `x`: no number in a gap."""
        told: list[Any] = []
        for number, value in enumerate(values):
            told += [nan, value] if number in self.gaps else [value]
        return told


def places_of(batches: pd.DataFrame) -> Places:
    """Return where batches stand: at the middle of their times where all have some and follow each other.

    Parameters
    ----------
    batches : DataFrame
        `batch`, and perhaps `first_time` and `last_time`, the oldest first.
    """
    names = [str(name) for name in batches["batch"]]
    beside = Places(names, [float(place) for place in range(len(names))])
    if len(names) < 2 or not {"first_time", "last_time"} <= set(batches):
        return beside
    first, last = (_days(batches[name]) for name in ("first_time", "last_time"))
    middle = [(one + other) / 2 for one, other in zip(first, last, strict=True)]
    steps = [after - before for before, after in pairwise(middle)]
    usual = median(steps)
    if not all(step > _NEAREST * usual > 0 for step in steps):
        return beside
    gaps = frozenset(place for place, step in enumerate(steps, 1) if step > _GAP * usual)
    return Places(names, middle, gaps)


def _days(times: "pd.Series[Any]") -> list[float]:
    """Return times as days since 1970, those of no known time as no number."""
    moments = pd.to_datetime(times, utc=True, errors="coerce", format="ISO8601")
    days: list[float] = ((moments - pd.Timestamp(0, tz="UTC")) / _DAY).astype(float).tolist()
    return days
