"""What a column holds, told by its type, or by a look at its values where the type does not tell."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias, Union

import numpy as np
import pandas as pd
import pyarrow as pa

# A column as a table has it: of a DataFrame, or of a file's record batch.
Column: TypeAlias = Union["pd.Series[Any]", pa.Array]

# What a column may hold that some feature can be made of, in the words of messages.
NUMBERS, TEXTS, NOTHING = "numbers", "texts", "no values"
TIMES, ZONED_TIMES, DATES = "times", "times with a zone", "dates"
DURATIONS, TIMES_OF_DAY = "durations", "times of day"
# Values of several types are read one by one when they are scored, and refused in a table to learn from.
MIXED = "values of several types"
# What none can be made of.
BYTES, NESTED, COMPLEX = "bytes", "nested values", "complex numbers"
PERIODS, INTERVALS = "periods", "intervals"

# Those that stand for a point in time.
MOMENTS = frozenset({TIMES, ZONED_TIMES, DATES})
# Those that a model reads as a number of seconds.
SECONDS = frozenset({DURATIONS, TIMES_OF_DAY})

# Texts that pandas reads as missing by default; in a column of numbers or times they are no fault.
MISSING_TEXTS = frozenset(
    {
        "", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>",
        "n/a", "na", "null", "nan", "none",
    }
)  # fmt: skip

# By what pandas infers of objects.
_OF_OBJECTS = {
    "string": TEXTS, "integer": NUMBERS, "floating": NUMBERS, "mixed-integer-float": NUMBERS,
    "decimal": NUMBERS, "boolean": NUMBERS, "empty": NOTHING, "date": DATES, "time": TIMES_OF_DAY,
    "timedelta": DURATIONS, "timedelta64": DURATIONS, "bytes": BYTES, "complex": COMPLEX,
    "period": PERIODS, "interval": INTERVALS,
}  # fmt: skip
_SEQUENCES = (list, dict, tuple, set, np.ndarray)


def held(column: Column | pa.DataType) -> str:
    """Return the word for what a column holds: one of those above, or "values of type ..."."""
    if isinstance(column, pa.Array):
        column = column.type
    if isinstance(column, pa.DataType):
        return _of_arrow(column)
    if isinstance(column.dtype, pd.ArrowDtype):
        return _of_arrow(column.dtype.pyarrow_dtype)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return held(pd.Series(column.dtype.categories))
    return _of_objects(column) if column.dtype == object else _of_pandas(column.dtype)


def _of_pandas(dtype: Any) -> str:
    for kinds, word in (
        (pd.DatetimeTZDtype, ZONED_TIMES),
        (pd.PeriodDtype, PERIODS),
        (pd.IntervalDtype, INTERVALS),
        (pd.StringDtype, TEXTS),
    ):
        if isinstance(dtype, kinds):
            return word
    words = {"M": TIMES, "m": DURATIONS, "c": COMPLEX, "b": NUMBERS, "i": NUMBERS, "u": NUMBERS}
    return {**words, "f": NUMBERS}.get(getattr(dtype, "kind", ""), f"values of type {dtype}")


def _of_objects(column: "pd.Series[Any]") -> str:
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred in {"datetime", "datetime64"}:
        zones = {getattr(value, "tzinfo", None) is not None for value in column.dropna()}
        return MIXED if len(zones) > 1 else ZONED_TIMES if True in zones else TIMES
    if inferred == "date" and any(isinstance(value, datetime) for value in column):
        return MIXED
    if inferred in _OF_OBJECTS:
        return _OF_OBJECTS[inferred]
    nested = any(isinstance(value, _SEQUENCES) for value in column)
    return NESTED if nested else MIXED


def _of_arrow(kind: pa.DataType) -> str:
    if isinstance(kind, pa.BaseExtensionType):
        known = {"pandas.period": PERIODS, "pandas.interval": INTERVALS}
        return known.get(kind.extension_name, f"values of type {kind}")
    if pa.types.is_dictionary(kind):
        return _of_arrow(kind.value_type)
    if pa.types.is_timestamp(kind):
        return ZONED_TIMES if kind.tz else TIMES
    tests = (
        (pa.types.is_date, DATES), (pa.types.is_time, TIMES_OF_DAY), (pa.types.is_duration, DURATIONS),
        (pa.types.is_interval, DURATIONS), (pa.types.is_nested, NESTED), (pa.types.is_null, NOTHING),
        (is_text, TEXTS), (pa.types.is_integer, NUMBERS), (pa.types.is_floating, NUMBERS),
        (pa.types.is_decimal, NUMBERS), (pa.types.is_boolean, NUMBERS),
    )  # fmt: skip
    return next((word for test, word in tests if test(kind)), f"values of type {kind}")


def is_text(kind: pa.DataType) -> bool:
    """Say whether Arrow's type is one of texts."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view"
    )


def dtype_name(column: "pd.Series[Any]") -> str:
    """Return the pandas dtype of a column; of objects that are no texts, what they are.

    `boolean` (where values are missing), `decimal`, `date`, `time`, and for times and durations the
    dtype that would hold them. Of categories that are times or durations, their dtype.
    """
    found = held(column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        inner = found in MOMENTS | SECONDS
        return dtype_name(pd.Series(column.dtype.categories)) if inner else "category"
    if column.dtype != object:
        return str(column.dtype)
    if found == NUMBERS:
        inferred = pd.api.types.infer_dtype(column, skipna=True)
        return inferred if inferred in {"boolean", "decimal"} else "object"
    names = {
        DATES: "date", TIMES_OF_DAY: "time", TIMES: "datetime64[us]", DURATIONS: "timedelta64[us]",
        ZONED_TIMES: "datetime64[us, UTC]",
    }  # fmt: skip
    return names.get(found, "object")


def held_by_dtype(dtype: str) -> str | None:
    """Return what a column of a name from `dtype_name` holds, where it is times or durations; or None."""
    if dtype in {"date", "time"}:
        return DATES if dtype == "date" else TIMES_OF_DAY
    if dtype.startswith("datetime64["):
        return ZONED_TIMES if ", " in dtype else TIMES
    return DURATIONS if dtype.startswith("timedelta64[") else None


def decoded(column: Column) -> Column:
    """Return the values of a column that has codes for them, or that pandas keeps as Arrow does."""
    if isinstance(column, pd.Series) and isinstance(column.dtype, pd.ArrowDtype):
        column = plain_array(column)
    if isinstance(column, pa.DictionaryArray):
        return column.dictionary_decode()
    if isinstance(column, pd.Series) and isinstance(column.dtype, pd.CategoricalDtype):
        kind = column.dtype.categories.dtype
        return column.astype(kind if held(column) in MOMENTS | SECONDS else object)
    return column


def plain_array(column: "pd.Series[Any]") -> pa.Array:
    """Return a column as one Arrow array."""
    array = pa.array(column, from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def objects_of(column: Column) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return a column's values as Python's own, as far as Python has them."""
    if isinstance(column, pa.Array):
        values: Sequence[Any] = [_python_value(value) for value in column]
        return np.array([*values, None], dtype=object)[:-1]
    objects: np.ndarray[Any, np.dtype[np.object_]] = column.to_numpy(dtype=object)
    return objects


def _python_value(value: pa.Scalar) -> Any:
    try:
        return value.as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        # A year that Python does not count, or a part of a microsecond.
        return str(value)
