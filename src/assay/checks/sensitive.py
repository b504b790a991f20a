"""Checks of the columns by whose values decisions are compared."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from assay.checks.findings import Check, Finding, Wanted
from assay.column_types import MOMENTS, SECONDS, held
from assay.errors import nearest
from assay.schema import column_kind

# With more categories than this, some must have enough rows.
_MANY = 50
_PLACE = "evaluate.sensitive_columns"
_ELSEWHERE = "data.passthrough_columns, where no model sees it either"


def _sensitive_columns(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.sensitive_columns:
        fault, action = _fault(frame, name, wanted)
        if fault:
            yield Finding("sensitive_column", "error", fault, action, (name,))


def _fault(frame: pd.DataFrame, name: str, wanted: Wanted) -> tuple[str, str]:
    """Return what is wrong with a column, and what to do; nothing where it serves."""
    role = wanted.declared.get(name)
    if name not in frame.columns:
        close = nearest(name, map(str, frame.columns))
        hint = f" Nearest in the table: {close}." if close else ""
        return (
            f"column {name!r}, named in {_PLACE}, is not in the table.{hint}",
            "Correct the name in params.yaml, or add the column.",
        )
    if role == "data.target":
        return (
            f"{_PLACE} names {name!r}, which is the target: outcomes are what groups are compared by.",
            "Name a column that says who a row is about.",
        )
    if role == "data.exclude_columns":
        return (
            f"{_PLACE} names {name!r}, which is in data.exclude_columns and gone after validate.",
            f"Move it to {_ELSEWHERE}.",
        )
    column = frame[name]
    kind = held(column)
    if kind not in MOMENTS | SECONDS and column.notna().any() and column_kind(column) is None:
        return (
            f"{_PLACE} names {name!r}, which holds {kind}, expected texts, numbers, booleans or times.",
            "Convert it when the table is made.",
        )
    if role is None and kind in MOMENTS and wanted.datetimes == "drop":
        return (
            f"{_PLACE} names {name!r}, which holds {kind} and is gone after validate "
            "(preprocess.datetimes is drop).",
            f"Put it into {_ELSEWHERE}.",
        )
    return _of_values(column, name, wanted)


def _of_values(column: "pd.Series[Any]", name: str, wanted: Wanted) -> tuple[str, str]:
    """Return what is wrong with what a column holds."""
    # A missing value is a group too.
    count = column.nunique() + int(column.isna().any())
    if count < 2:
        what = (
            "has no value in any row" if column.isna().all() else "has the same value in every row"
        )
        return (
            f"column {name!r}, named in {_PLACE}, {what}: there are no groups to compare.",
            f"Mend the column, or take it out of {_PLACE}.",
        )
    numbers = column_kind(column) == "numeric" and name not in wanted.data.categorical_columns
    banded = numbers or held(column) in MOMENTS | SECONDS
    least = wanted.sensitive_min_rows
    if not banded and count > _MANY and int(column.value_counts(dropna=False).max()) < least:
        return (
            f"column {name!r}, named in {_PLACE}, has {count:,} categories, of which none has {least:,} "
            "rows (evaluate.sensitive_min_rows): no group could be judged.",
            "Merge its categories when the table is made, or name another column.",
        )
    return "", ""


SENSITIVE_CHECKS: tuple[Check, ...] = (_sensitive_columns,)
