"""A table for the pipeline from what the user has: a Parquet file, or a CSV file whose types are guessed.

A guess is made only where it can lose nothing: what is not surely a number, a date or a truth value
stays the text that it is, and is mentioned.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assay.column_types import MISSING_TEXTS
from assay.errors import SchemaError, counted, listed, shown
from assay.proposal.text_forms import (
    ISO_TIME,
    NUMBER,
    TRUTH,
    WHOLE,
    all_match,
    ambiguous_form,
    as_texts,
    other_than_numbers,
)

# A whole number of more digits is a key, and as a float it would lose the last ones.
_MOST_DIGITS = 15
_SHOWN = 3


@dataclass(frozen=True)
class TypedTable:
    """A table whose texts were read as what they surely are.

    Attributes
    ----------
    frame : DataFrame
    notes : tuple of str
        A sentence for each thing that its owner should know.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...]


def typed_texts(frame: pd.DataFrame, source: str) -> TypedTable:
    """Give the columns of a CSV file their types.

    Parameters
    ----------
    frame : DataFrame
        From `assay.artifacts.read_table`: every column is texts, and an empty field is missing.
    source : str
        The file's name, for messages.

    Returns
    -------
    TypedTable
        Whole numbers, numbers (in which texts such as NA are missing), true and false, and dates with
        the year first; anything else is texts, as it was. Times with a zone get UTC for theirs.

    Raises
    ------
    SchemaError
        If the file has other marks than commas between values.
    """
    _require_commas(frame, source)
    columns: dict[str, Any] = {}
    notes = []
    for name in frame.columns:
        typed, note = _typed(frame[name])
        if name == "" and _counts_rows(typed):
            notes.append("the column without a name counts the rows, and is left out")
            continue
        columns[name] = typed
        if note:
            notes.append(f"{shown(str(name))}: {note}")
    return TypedTable(pd.DataFrame(columns, index=frame.index), tuple(notes))


def require_names(frame: pd.DataFrame, source: str) -> None:
    """Stop if a column cannot be named in `params.yaml`, or if there is none.

    Raises
    ------
    SchemaError
    """
    if not frame.shape[1]:
        raise SchemaError(f"{source} has no columns. Name a table that has some.")
    names = list(map(str, frame.columns))
    if "" in names:
        place = names.index("") + 1
        raise SchemaError(f"{source}: column {place} has no name. Give it one, or drop it.")
    long = [name for name in names if len(name) > 500]
    if long:
        raise SchemaError(f"{source}: column names are too long: {listed(long)}. Shorten them.")


def _require_commas(frame: pd.DataFrame, source: str) -> None:
    if frame.shape[1] != 1:
        return
    name = str(frame.columns[0])
    mark = next((mark for mark in ";\t|" if mark in name), None)
    if mark:
        raise SchemaError(
            f"{source} has {mark!r} between names, expected commas. Save it with commas, and points "
            "in its numbers."
        )


def _counts_rows(column: "pd.Series[Any]") -> bool:
    """Say whether a column has the numbers of the rows, from 0 or from 1."""
    if column.dtype != np.dtype("int64") or not len(column):
        return False
    first = int(column.iloc[0])
    return first in {0, 1} and bool(
        (column.to_numpy() == np.arange(first, first + len(column))).all()
    )


def _typed(column: "pd.Series[Any]") -> tuple["pd.Series[Any]", str | None]:
    """Return a column of texts as what it surely is, with what is to be said of it."""
    texts = as_texts(column)
    if texts is None or not len(texts):
        return column, None
    if all_match(texts, TRUTH):
        truth = column.str.lower().map({"true": True, "false": False})
        return (truth.astype(bool) if truth.notna().all() else truth.astype(object)), None
    if all_match(texts, ISO_TIME):
        return _times(column)
    trimmed = pc.utf8_trim_whitespace(texts)
    if all_match(trimmed, NUMBER):
        return _numbers(column, trimmed, 0)
    markers = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(sorted(MISSING_TEXTS)))
    numbers = trimmed.filter(pc.invert(markers))
    if all_match(numbers, NUMBER):
        return _numbers(column, pc.if_else(markers, None, trimmed), len(texts) - len(numbers))
    return column, _why_text(numbers)


def _numbers(
    column: "pd.Series[Any]", texts: pa.Array, missing: int
) -> tuple["pd.Series[Any]", str | None]:
    """Return numbers, whole ones as such.

    Parameters
    ----------
    column : Series
    texts : Array
        Those of its rows that are not missing, trimmed; null for texts that stand for a missing number.
    missing : int
        How many of those there are.
    """
    whole = all_match(texts.drop_null(), WHOLE)
    longest = pc.max(pc.utf8_length(texts)).as_py()
    if whole and longest > _MOST_DIGITS:
        return (
            column,
            f"has numbers of {longest} digits, which stay texts: as numbers they are rounded",
        )
    # "+5" is no number to Arrow.
    present = pc.cast(pc.utf8_ltrim(texts, characters="+"), pa.float64())
    if not pc.all(pc.is_finite(present)).as_py():
        return column, "has numbers too large for a computer, and stays texts"
    note = f"reads texts such as NA as missing in {counted(missing, 'row')}" if missing else None
    values = np.full(len(column), np.nan)
    values[column.notna().to_numpy()] = present.to_numpy(zero_copy_only=False)
    if whole and not np.isnan(values).any():
        values = values.astype("int64")
    return pd.Series(values, index=column.index, name=column.name), note


def _times(column: "pd.Series[Any]") -> tuple["pd.Series[Any]", str | None]:
    zones = column.dropna().str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$", regex=True)
    dates = ~column.dropna().str.contains(":", regex=False)
    zoned = zones & ~dates
    if zoned.any() and not zoned.all():
        return column, "has times with and without a zone, and stays texts"
    try:
        times = pd.to_datetime(column, format="ISO8601", utc=bool(zoned.any()))
    except (ValueError, OverflowError):
        return column, "has a date that is none, or beyond the years 1678 to 2261, and stays texts"
    return times, "is in UTC now" if zoned.any() else None


def _why_text(texts: pa.Array) -> str | None:
    """Say why a column that looks like numbers or dates stays texts."""
    form = ambiguous_form(texts)
    if form:
        return f"stays texts: it has {form}"
    odd = other_than_numbers(texts)
    if odd:
        leading = all(text[:1].isdigit() and text.isdigit() for text in odd)
        if leading:
            return f"stays texts: {shown(odd[0])} begins with 0, as codes do"
        some = ", ".join(repr(text) for text in odd[:_SHOWN])
        return f"stays texts for {some}, though most of it is numbers"
    return None
