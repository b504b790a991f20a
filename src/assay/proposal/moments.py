"""Which of two columns of times is later, as far as their zones and days let one know."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.column_types import ZONED_TIMES, dtype_name, held
from assay.schema import times_of_texts
from assay.time_values import read_times

_DAY, _HOUR = 86_400.0, 3_600.0
# Clocks of the world are so far from UTC at most.
_ZONES = 14 * _HOUR
# A column has no hours, or two have the same days, in so many rows.
_MOSTLY = 0.95

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """A column of times.

    Attributes
    ----------
    seconds : ndarray, shape (n,)
        Since 1970, in UTC if it has a zone; NaN where missing.
    local : ndarray, shape (n,)
        The same on the clock of its zone.
    zone : str or None
    """

    seconds: FloatArray
    local: FloatArray
    zone: str | None

    @property
    def has_hours(self) -> bool:
        """Whether it is more than days."""
        known = self.local[~np.isnan(self.local)]
        return bool(len(known) and float((known % _DAY == 0).mean()) < _MOSTLY)


def moments(column: "pd.Series[Any]") -> Moments:
    """Return a column of times, dates or ISO texts of them as numbers."""
    read = times_of_texts(column)
    column = column if read is None else read
    seconds = _seconds(column)
    zone = str(getattr(column.dtype, "tz", "")) if held(column) == ZONED_TIMES else None
    # Midnight of a zone is another hour in UTC.
    is_told = zone and isinstance(column.dtype, pd.DatetimeTZDtype)
    local = _seconds(column.dt.tz_localize(None)) if is_told else seconds
    return Moments(seconds, local, zone)


def _seconds(column: "pd.Series[Any]") -> FloatArray:
    values = read_times(column, str(column.name), dtype_name(column)).values
    return np.where(np.isnat(values), np.nan, values.view("int64") / 1e6)


def later_rate(then: Moments, now: Moments) -> float:
    """Return the share of rows in which one time is surely later than another.

    Where one of them has no hours, days are compared; where one has no zone, or they have different
    ones, more than the hours between any two clocks are needed.

    Parameters
    ----------
    then, now : Moments
        Of the same rows; those where either is missing do not count.
    """
    after, before, slack = _comparable(then, now)
    if not (then.has_hours and now.has_hours):
        after, before = _days(after), _days(before + slack)
        slack = 0.0
    known = ~np.isnan(after) & ~np.isnan(before)
    return float((after[known] > before[known] + slack).mean()) if known.any() else 0.0


def is_finer(fine: Moments, coarse: Moments) -> bool:
    """Say whether one column tells the hours of the days that another tells.

    Parameters
    ----------
    fine, coarse : Moments
        Of the same rows.
    """
    if coarse.has_hours or not fine.has_hours:
        return False
    exact, day, slack = _comparable(fine, coarse)
    since = exact - _days(day)
    known = ~np.isnan(since)
    same = (since[known] >= -slack) & (since[known] < _DAY + slack)
    return bool(known.any() and float(same.mean()) >= _MOSTLY)


def _comparable(one: Moments, other: Moments) -> tuple[FloatArray, FloatArray, float]:
    """Return two columns on clocks that can be compared, and the seconds that stay unknown."""
    if one.zone == other.zone:
        return one.local, other.local, 0.0
    if one.zone and other.zone and one.has_hours and other.has_hours:
        return one.seconds, other.seconds, 0.0
    return one.seconds, other.seconds, _ZONES


def _days(seconds: FloatArray) -> FloatArray:
    days: FloatArray = np.floor(seconds / _DAY) * _DAY
    return days
