"""The values of one column, read as what its feature must be: numbers or categories.

Times and durations are read in `assay.time_values`.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assay.column_types import MISSING_TEXTS, Column, decoded, is_text, objects_of, plain_array
from assay.features import LARGEST, Feature, category_text, whole_text
from assay.metrics.core import FloatArray
from assay.row_faults import INFINITE, NOT_A_NUMBER, TOO_LARGE, Fault

Texts = np.ndarray[Any, np.dtype[np.object_]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Codes = np.ndarray[Any, np.dtype[np.int64]]

_TRUTH = {"true": 1.0, "false": 0.0}
_WHOLE = re.compile(r"[+-]?[0-9]+")


@dataclass
class Numbers:
    """A column read as numbers.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        NaN for what is missing or at fault.
    faults : list of Fault
    coerced : dict
        Values that were read as something else, by kind: `text_as_number`, `text_as_missing`.
    """

    values: FloatArray
    faults: list[Fault] = field(default_factory=list)
    coerced: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Categories:
    """A column read as categories.

    Attributes
    ----------
    values : ndarray of object, shape (n,)
        Texts; NaN for what is missing.
    unknown : int
        Rows with a category that fitting never saw.
    """

    values: Texts
    unknown: int


def read_numbers(column: Column, feature: Feature, untyped: bool) -> Numbers:
    """Read a column as float64, which is neither times nor nested (see `assay.column_types.held`).

    Parameters
    ----------
    column : Series or Array
    feature : Feature
    untyped : bool
        Whether the table has texts only; a number in a text is then no coercion.
    """
    column = decoded(column)
    if isinstance(column, pa.Array) and not is_text(column.type):
        if pa.types.is_decimal(column.type):
            # Arrow rounds texts to the nearest number, but not decimals.
            column = pc.cast(column, pa.string())
        values = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        read = Numbers(values)
    elif not isinstance(column, pa.Array) and pd.api.types.is_numeric_dtype(column):
        read = Numbers(column.to_numpy(dtype="float64", na_value=np.nan))
    else:
        read = _numbers_of_texts(column, feature, untyped)
    beyond = np.abs(read.values) > LARGEST
    if beyond.any():
        values = objects_of(column)
        read.faults += [
            Fault(
                int(row),
                INFINITE if np.isinf(read.values[row]) else TOO_LARGE,
                feature.name,
                str(values[row]),
            )
            for row in np.flatnonzero(beyond)
        ]
        read.values = np.where(beyond, np.nan, read.values)
    return read


def _numbers_of_texts(column: Column, feature: Feature, untyped: bool) -> Numbers:
    numbers, present = _exact_numbers(column)
    read = Numbers(numbers)
    # Texts that Arrow does not read, or reads as NaN, are looked at one by one.
    open_rows = np.flatnonzero(present & np.isnan(numbers))
    values = objects_of(column) if len(open_rows) or not untyped else np.empty(0, dtype=object)
    truth, missing = feature.source_dtype.lower().startswith("bool"), 0
    for row in open_rows:
        number = _number(values[row], truth)
        if number is None:
            read.faults.append(Fault(int(row), NOT_A_NUMBER, feature.name, str(values[row])))
        elif math.isnan(number):
            missing += isinstance(values[row], str)
        else:
            numbers[row] = number
    found = present & ~np.isnan(numbers)
    texts = 0 if untyped else sum(isinstance(value, str) for value in values[found])
    counts = {"text_as_number": texts, "text_as_missing": missing}
    read.coerced = {kind: count for kind, count in counts.items() if count}
    return read


def _exact_numbers(column: Column) -> tuple[FloatArray, Mask]:
    """Return texts as numbers, NaN where they are none or one of them is none, and which are present.

    Arrow rounds to the nearest number; pandas now and then does not.
    """
    if isinstance(column, pa.Array):
        texts, present = column, column.is_valid().to_numpy(zero_copy_only=False)
    else:
        texts, present = None, column.notna().to_numpy()
    try:
        texts = pa.array(column, type=pa.string(), from_pandas=True) if texts is None else texts
        numbers = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
        return np.array(numbers, dtype="float64"), present
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return np.full(len(column), np.nan), present


def _number(value: Any, truth: bool) -> float | None:
    """Return one value as a number, NaN where it marks a missing one, None where it is none."""
    if isinstance(value, str):
        text = value.strip().lower()
        if text in MISSING_TEXTS:
            return math.nan
        if truth and text in _TRUTH:
            return _TRUTH[text]
        # Python reads "1_000"; nobody means it in a table.
        return None if "_" in text else _python_number(text)
    if isinstance(value, bool | int | float | Decimal | np.number | np.bool_):
        return _python_number(value)
    return None


def _python_number(value: Any) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except ValueError:
        return None


def read_categories(column: Column, feature: Feature, known: Sequence[str]) -> Categories:
    """Read a column as texts, each value as `assay.schema.category_text` writes it.

    Parameters
    ----------
    column : Series or Array
    feature : Feature
    known : sequence of str
        Categories that fitting saw.
    """
    if isinstance(column, pd.Series) and isinstance(column.dtype, pd.ArrowDtype):
        column = plain_array(column)
    codes, distinct = _factorized(column)
    if feature.source_dtype.lower().startswith("bool"):
        distinct = distinct.map(_truth_text)
    elif feature.source_dtype.lower().startswith(("int", "uint", "float", "decimal")):
        distinct = distinct.map(_code_text)
    texts = category_text(distinct).to_numpy()
    # One more for -1, the code of missing values.
    counts = np.bincount(codes + 1, minlength=len(texts) + 1)[1:]
    seen = set(known)
    new = [isinstance(text, str) and text not in seen for text in texts]
    unknown = int(counts[np.array(new, dtype=bool)].sum())
    return Categories(np.append(texts, np.nan).astype(object)[codes], unknown)


def _factorized(column: Column) -> tuple[Codes, "pd.Series[Any]"]:
    """Return a code for each row, -1 for a missing value, and the values of the codes."""
    if isinstance(column, pa.Array):
        if pa.types.is_float16(column.type):
            # Arrow makes no codes of these.
            column = column.cast(pa.float32())
        encoded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
        codes = pc.fill_null(pc.cast(encoded.indices, pa.int64()), -1)
        values = pd.Series(encoded.dictionary.to_pylist(), dtype=object)
        return codes.to_numpy(zero_copy_only=False), values
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype("int64"), pd.Series(column.cat.categories)
    texts = pd.api.types.infer_dtype(column, skipna=True) in {"string", "empty"}
    if column.dtype == object and not texts:
        # To a hash table 1, 1.0 and True are one value.
        codes = np.where(column.notna(), np.arange(len(column)), -1)
        return codes, column.reset_index(drop=True)
    codes, distinct = pd.factorize(column)
    return codes, pd.Series(distinct)


def _truth_text(value: Any) -> Any:
    texts = {"true": "True", "false": "False"}
    return texts.get(value.strip().lower(), value) if isinstance(value, str) else value


def _code_text(value: Any) -> Any:
    """Return a code as training saw it: "5.0" and 5.0 are the code 5; no number stays what it is."""
    if isinstance(value, Decimal):
        return whole_text(value)
    if not isinstance(value, str):
        return value
    text = value.strip()
    if _WHOLE.fullmatch(text) and len(text) < 40:
        return str(int(text))
    number = None if "_" in text else _python_number(text)
    return value if number is None or not math.isfinite(number) else whole_text(number)
