"""Times, durations and times of day, read from a column of any type that can hold them.

A table to learn from and rows to score go through the same functions.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assay.column_types import (
    DATES,
    MISSING_TEXTS,
    TIMES_OF_DAY,
    ZONED_TIMES,
    Column,
    decoded,
    held,
    held_by_dtype,
    is_text,
    objects_of,
)
from assay.row_faults import NOT_A_DURATION, NOT_A_TIME, OUT_OF_RANGE, ZONE_MISMATCH, Fault
from assay.time_features import TimeArray
from assay.time_texts import (
    PLAIN_TIMES,
    PLAIN_ZONED_TIMES,
    parsed_duration,
    parsed_time,
    parsed_time_of_day,
)

_Array = TypeVar("_Array", bound=np.ndarray[Any, Any])
IntArray = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
SecondArray = np.ndarray[Any, np.dtype[np.float64]]

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400
# Years 1 to 9999, which Python and ISO 8601 know; seconds since 1970.
_FIRST, _END = -62_135_596_800, 253_402_300_800
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MISSING = MISSING_TEXTS | {"nat"}
# How Arrow has what pandas keeps as Python's objects.
_OF_OBJECTS = {DATES: pa.date32(), TIMES_OF_DAY: pa.time64("us")}
# One value, read: a whole number, the code of a fault, or nothing.
_Value = int | str | None


@dataclass
class Read(Generic[_Array]):
    """A column, read.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Missing where the column is, and where a value is at fault.
    faults : list of Fault
    coerced : dict
        Values that were read as something else, by kind: `text_as_time`, `text_as_duration`,
        `text_as_missing`, `date_as_time`, `time_as_date`.
    """

    values: _Array
    faults: list[Fault] = field(default_factory=list)
    coerced: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Ticks:
    """Whole numbers of a unit of time."""

    values: IntArray
    missing: Mask
    per_second: int


def read_times(column: Column, name: str, dtype: str, untyped: bool = False) -> Read[TimeArray]:
    """Read a column of dates or times.

    Parameters
    ----------
    column : Series or Array
        Holds times, dates or texts of them; see `assay.acceptance.type_faults`.
    name : str
        The column's, for faults.
    dtype : str
        What training had, from `assay.column_types.dtype_name`. A zone must be told if it had one, and
        none if it had none. Of dates, the time of day is cut off.
    untyped : bool
        Whether the table has texts only; a time in a text is then no coercion.

    Returns
    -------
    Read
        datetime64[us], told in UTC where times have a zone; parts of a microsecond are cut off.
    """
    wanted = held_by_dtype(dtype)
    zoned = wanted == ZONED_TIMES
    column = decoded(column)
    ticks = _stored_ticks(column) or _ticks_of_texts(column, zoned)
    if ticks is None:
        read = _read_each(column, name, lambda value: _time(value, zoned))
        micros, missing, faults = read.values, read.missing, read.faults
    else:
        micros, missing, faults = _within_range(ticks, column, name)
    coerced = _coerced_texts(column, missing, faults, "text_as_time", untyped)
    if held(column) == DATES and wanted != DATES:
        coerced["date_as_time"] = int((~missing).sum())
    if wanted == DATES:
        cut = micros - micros % (_DAY * 10**6)
        coerced["time_as_date"] = int((cut != micros)[~missing].sum())
        micros = cut
    values = np.where(missing, np.iinfo("int64").min, micros).view("datetime64[us]")
    return Read(values, faults, {kind: count for kind, count in coerced.items() if count})


def read_seconds(column: Column, name: str, dtype: str, untyped: bool = False) -> Read[SecondArray]:
    """Read a column of durations, or of times of day, as seconds.

    The parameters are those of `read_times`. A duration without an end, such as a month, is a fault.

    Returns
    -------
    Read
        float64, the nearest to the exact number; times of day are counted from midnight.
    """
    of_day = held_by_dtype(dtype) == TIMES_OF_DAY
    column = decoded(column)
    ticks = _stored_ticks(column)
    faults: list[Fault] = []
    if ticks is None:
        read = _read_each(column, name, _time_of_day if of_day else _duration)
        # Python's whole numbers have no end.
        whole, rest = read.values // 10**9, read.values % 10**9
        seconds = whole.astype("float64") + rest.astype("float64") / 10**9
        missing, faults = read.missing, read.faults
    else:
        per_second, missing = ticks.per_second, ticks.missing
        if per_second == 10**9 and of_day:
            # Python, which the table to learn from goes through, knows no smaller parts.
            ticks = _Ticks(ticks.values // 1000, missing, per_second := 10**6)
        seconds = ticks.values // per_second + (ticks.values % per_second) / per_second
    told = "text_as_time" if of_day else "text_as_duration"
    coerced = _coerced_texts(column, missing, faults, told, untyped)
    values = np.where(missing, np.nan, seconds)
    return Read(values, faults, {kind: count for kind, count in coerced.items() if count})


def _stored_ticks(column: Column) -> _Ticks | None:
    """Return the whole numbers behind a column whose type is one of times; None for other types."""
    if isinstance(column, pa.Array):
        return _arrow_ticks(column)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    if column.dtype == object and held(column) in _OF_OBJECTS:
        return _arrow_ticks(pa.array(column, _OF_OBJECTS[held(column)], from_pandas=True))
    if column.dtype.kind not in "mM":
        return None
    values = column.to_numpy()
    unit, _ = np.datetime_data(values.dtype)
    return _Ticks(values.view("int64"), np.isnat(values), _PER_SECOND[unit])


def _arrow_ticks(column: pa.Array) -> _Ticks | None:
    kind = column.type
    if not pa.types.is_temporal(kind) or pa.types.is_interval(kind):
        return None
    missing = column.is_null().to_numpy(zero_copy_only=False)
    narrow = pa.types.is_date32(kind) or pa.types.is_time32(kind)
    numbers = column.view(pa.int32()).cast(pa.int64()) if narrow else column.view(pa.int64())
    values = numbers.fill_null(0).to_numpy(zero_copy_only=False)
    if pa.types.is_date32(kind):
        return _Ticks(values * _DAY, missing, 1)
    return _Ticks(values, missing, 1000 if pa.types.is_date64(kind) else _PER_SECOND[kind.unit])


def _ticks_of_texts(column: Column, zoned: bool) -> _Ticks | None:
    """Read texts that are all written in one plain way; None where some are not."""
    try:
        texts = column if isinstance(column, pa.Array) else pa.array(column, from_pandas=True)
        if not isinstance(texts, pa.Array) or not is_text(texts.type):
            return None
        pattern = PLAIN_ZONED_TIMES if zoned else PLAIN_TIMES
        if pc.all(pc.match_substring_regex(texts, pattern)).as_py() is False:
            return None
        return _arrow_ticks(pc.cast(texts, pa.timestamp("us", "UTC" if zoned else None)))
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None


def _within_range(ticks: _Ticks, column: Column, name: str) -> tuple[IntArray, Mask, list[Fault]]:
    """Return ticks as microseconds, which are missing, and a fault for each that no calendar has."""
    values, per_second = ticks.values, ticks.per_second
    low, end = (bound * min(per_second, 10**6) for bound in (_FIRST, _END))
    if per_second == 10**9:
        values = values // 1000
    beyond = ((values < low) | (values >= end)) & ~ticks.missing
    missing = ticks.missing | beyond
    micros = np.where(missing, 0, values) * (10**6 // min(per_second, 10**6))
    rows = np.flatnonzero(beyond)
    faults = [Fault(int(row), OUT_OF_RANGE, name, _shown(column, int(row))) for row in rows]
    return micros, missing, faults


def _shown(column: Column, row: int) -> str:
    if isinstance(column, pa.Array):
        return str(column.slice(row, 1).cast(pa.string())[0].as_py())
    return str(column.iloc[row])


@dataclass(frozen=True)
class _Each:
    values: np.ndarray[Any, np.dtype[Any]]
    missing: Mask
    faults: list[Fault]


def _read_each(column: Column, name: str, read: Callable[[Any], _Value]) -> _Each:
    """Read values one by one, equal texts once."""
    found: dict[str, _Value] = {}
    values = np.zeros(len(column), dtype=object)
    missing = np.zeros(len(column), dtype=bool)
    faults = []
    for row, value in enumerate(objects_of(column)):
        if isinstance(value, str):
            if value not in found:
                text = value.strip()
                found[value] = None if text.lower() in _MISSING else read(text)
            number = found[value]
        else:
            number = None if _is_missing(value) else read(value)
        missing[row] = not isinstance(number, int)
        if isinstance(number, int):
            values[row] = number
        elif number is not None:
            faults.append(Fault(row, number, name, str(value)))
    largest = max(map(abs, values), default=0)
    # Seconds of huge durations stay Python's numbers.
    return _Each(values.astype("int64") if largest < 2**63 else values, missing, faults)


def _is_missing(value: Any) -> bool:
    try:
        return bool(pd.isna(value))
    except (TypeError, ValueError):
        # Of several values there are several answers.
        return False


def _coerced_texts(
    column: Column, missing: Mask, faults: list[Fault], told: str, untyped: bool
) -> dict[str, int]:
    """Count texts that were read, unless the table has nothing else, and those that mark a missing value."""
    if isinstance(column, pa.Array):
        if not is_text(column.type):
            return {}
        texts = column.is_valid().to_numpy(zero_copy_only=False)
    elif column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        texts = np.array([isinstance(value, str) for value in column], dtype=bool)
    else:
        return {}
    at_fault = np.zeros(len(missing), dtype=bool)
    at_fault[[fault.row for fault in faults]] = True
    read = 0 if untyped else int((texts & ~missing).sum())
    return {told: read, "text_as_missing": int((texts & missing & ~at_fault).sum())}


def _time(value: Any, zoned: bool) -> _Value:
    """Return microseconds since 1970, or the code of what is wrong."""
    has_zone = False
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    try:
        if isinstance(value, str):
            found = parsed_time(value)
            if found is None:
                return NOT_A_TIME
            micros, has_zone = found
        elif isinstance(value, datetime):
            plain = value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value
            has_zone = plain.tzinfo is not None
            moment = plain if has_zone else plain.replace(tzinfo=UTC)
            micros = (moment - _EPOCH) // timedelta(microseconds=1)
        elif isinstance(value, date):
            micros = (value.toordinal() - _EPOCH.toordinal()) * _DAY * 10**6
        else:
            return NOT_A_TIME
    except (OverflowError, ValueError):
        return OUT_OF_RANGE
    if has_zone != zoned:
        return ZONE_MISMATCH
    return micros if _FIRST * 10**6 <= micros < _END * 10**6 else OUT_OF_RANGE


def _time_of_day(value: Any) -> _Value:
    """Return nanoseconds since midnight, or the code of what is wrong."""
    found = None
    if isinstance(value, str):
        found = parsed_time_of_day(value)
        # As of a file with types, parts of a microsecond are cut off.
        found = None if found is None else found // 1000 * 1000
    elif isinstance(value, time):
        seconds = (value.hour * 60 + value.minute) * 60 + value.second
        found = seconds * 10**9 + value.microsecond * 1000
    return NOT_A_TIME if found is None else found


def _duration(value: Any) -> _Value:
    """Return nanoseconds, or the code of what is wrong."""
    found = None
    if isinstance(value, str):
        found = parsed_duration(value)
    elif isinstance(value, np.timedelta64 | pd.Timedelta):
        exact = np.timedelta64(value) if isinstance(value, np.timedelta64) else value.asm8
        unit, _ = np.datetime_data(exact.dtype)
        if unit in _PER_SECOND:
            found = int(exact.astype("int64")) * (10**9 // _PER_SECOND[unit])
    elif isinstance(value, timedelta):
        found = value // timedelta(microseconds=1) * 1000
    elif isinstance(value, pa.MonthDayNano) and not value.months:
        found = value.days * _DAY * 10**9 + value.nanoseconds
    return NOT_A_DURATION if found is None else found
