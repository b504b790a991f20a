"""Checks of a table's structure: the columns, their types, the number of rows."""

from collections.abc import Iterator

import pandas as pd

from assay.checks.costs import COST_CHECKS
from assay.checks.findings import Check, Finding, Wanted
from assay.checks.sensitive import SENSITIVE_CHECKS
from assay.checks.times import TIME_CHECKS
from assay.column_types import (
    BYTES,
    COMPLEX,
    INTERVALS,
    MIXED,
    MOMENTS,
    NESTED,
    PERIODS,
    SECONDS,
    held,
)
from assay.errors import counted, nearest
from assay.schema import ROW, column_kind

# Names of columns that stand beside the user's in some table.
RESERVED_NAMES = frozenset(
    {ROW, "__target__", "y_true", "y_score", "y_pred", "row_log_loss", "absolute_error"}
)
# Probabilities of classes are numbered, and other predictions have a prefix.
RESERVED_PREFIXES = ("y_prob_", "baseline_y_", "raw_y_")

# What to do when the table is made, by what a column holds.
_REMEDIES = {
    MIXED: "Make all of its values numbers, or all of them texts",
    BYTES: "Decode it to texts",
    NESTED: "Put what you need of it into columns of their own",
    COMPLEX: "Put its real and imaginary parts into columns of their own",
    PERIODS: "Convert it to times (`.dt.start_time`, or `.dt.end_time` if it is known only then)",
    INTERVALS: "Put its two ends into columns of their own, or convert it to texts",
}


def _missing_columns(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name, key in wanted.declared.items():
        if name not in frame.columns:
            close = nearest(name, map(str, frame.columns))
            hint = f" Nearest in the table: {close}." if close else ""
            yield Finding(
                "missing_column",
                "error",
                f"column {name!r}, named in {key}, is not in the table.{hint}",
                "Correct the name in params.yaml, or add the column.",
                (name,),
            )


def _reserved_name(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in map(str, frame.columns):
        if name.startswith("__index_level_"):
            yield Finding(
                "reserved_name",
                "error",
                f"column {name!r} is a pandas index that was saved with the table.",
                "Save it with `index=False`, or give the index a name if it means something.",
                (name,),
            )
        elif name in RESERVED_NAMES or name.startswith(RESERVED_PREFIXES):
            yield Finding(
                "reserved_name",
                "error",
                f"column {name!r} has a name that Assay gives to a column of its own.",
                "Rename it.",
                (name,),
            )


def _row_count(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    if len(frame) < wanted.limits.min_rows:
        found = "the table is empty" if frame.empty else f"the table has {len(frame)} rows"
        yield Finding(
            "too_few_rows",
            "error",
            f"{found}, expected at least {wanted.limits.min_rows} (validate.min_rows).",
            "Bring more rows.",
            evidence={"row_count": len(frame)},
        )


def _feature_types(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    names = wanted.features(frame)
    if not [name for name in names if _is_seen(frame, name, wanted)]:
        yield Finding("no_features", "error", "no column is left as a feature.", "Exclude fewer.")
    elif len(frame) and not frame[names].notna().any(axis=None):
        # Such columns are excluded later, which would leave a model with nothing to see.
        yield Finding(
            "no_features",
            "error",
            f"no feature has a value in any row, of {counted(len(names), 'column')} "
            f"({', '.join(map(repr, names[:5]))}{', ...' if len(names) > 5 else ''}).",
            "Mend their source, or exclude fewer columns.",
            tuple(names),
        )
    for name in names:
        found, declared = held(frame[name]), name in wanted.data.categorical_columns
        if declared and found in MOMENTS | SECONDS:
            fault = f"feature {name!r} holds {found}, which are no codes."
            action = "Take it out of data.categorical_columns."
        elif found not in MOMENTS and column_kind(frame[name]) is None:
            fault = (
                f"feature {name!r} of type {frame[name].dtype} holds {found}, which no model reads."
            )
            action = (
                f"{_REMEDIES.get(found, 'Convert it when the table is made')}, or list it in "
                "data.exclude_columns with a reason."
            )
        else:
            continue
        yield Finding("unreadable_type", "error", fault, action, (name,))


def _is_seen(frame: pd.DataFrame, name: str, wanted: Wanted) -> bool:
    """Say whether a column that would be a feature is one, if it holds dates or times."""
    if held(frame[name]) not in MOMENTS or wanted.datetimes in {"parts", "parts_and_age"}:
        return True
    reference = wanted.datetime_reference or wanted.data.time_column
    return wanted.datetimes == "age" and name != reference


def _role_types(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    data = wanted.data
    keys = [*data.id_columns, *([data.group_column] if data.group_column else [])]
    for name in dict.fromkeys([data.target, *keys]):
        if name not in frame.columns:
            continue
        # A time may tell rows or entities apart, but is no class; that it is no quantity either is
        # told by `target_numbers`.
        found = held(frame[name])
        is_class = name == data.target and wanted.task.type != "regression"
        of_time = found in MOMENTS | SECONDS
        if of_time and not is_class:
            continue
        if frame[name].notna().any() and (of_time or column_kind(frame[name]) is None):
            yield Finding(
                "unreadable_type",
                "error",
                f"column {name!r} of type {frame[name].dtype}, named in {wanted.declared[name]}, holds "
                f"{found}, expected numbers or texts.",
                f"{_REMEDIES.get(found, 'Convert it when the table is made')}.",
                (name,),
            )


def _time_column(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    name = wanted.data.time_column
    if name is None or name not in frame.columns:
        return
    if held(frame[name]) not in MOMENTS:
        yield Finding(
            "time_type",
            "error",
            f"data.time_column {name!r} is of type {frame[name].dtype}, expected dates, timestamps, or "
            "texts that are all one of them in ISO 8601, such as 2024-01-31 18:30.",
            "Convert it when the table is made.",
            (name,),
        )
    elif frame[name].isna().any():
        count = int(frame[name].isna().sum())
        yield Finding(
            "time_missing",
            "error",
            f"data.time_column {name!r} is missing in {count} rows, expected none.",
            "Drop or mend those rows.",
            (name,),
            {"missing_count": count},
        )


STRUCTURE_CHECKS: tuple[Check, ...] = (
    _missing_columns,
    _reserved_name,
    _row_count,
    _feature_types,
    _role_types,
    _time_column,
    *TIME_CHECKS,
    *COST_CHECKS,
    *SENSITIVE_CHECKS,
)
# Where one of these is found, the checks of the content wait for the next run.
STRUCTURE_CODES = frozenset(
    {"missing_column", "reserved_name", "too_few_rows", "no_features", "unreadable_type"}
    | {"time_type", "time_missing", "time_range", "datetime_reference"}
    | {"cost_column", "cost_missing", "sensitive_column"}
)
