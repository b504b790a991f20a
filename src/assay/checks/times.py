"""Checks of columns of dates and times, and of texts that should be some."""

from collections.abc import Iterator

import pandas as pd

from assay.checks.findings import Check, Finding, Wanted
from assay.column_types import MOMENTS, TEXTS, TIMES, ZONED_TIMES, dtype_name, held
from assay.errors import counted, nearest
from assay.features import part_name
from assay.time_features import AGE, PARTS
from assay.time_texts import parsed_time
from assay.time_values import read_times

# Distinct texts that are looked at, and the share of them from which on a column is one of times.
_LOOKED_AT, _SHARE = 1_000, 0.95


def _times(frame: pd.DataFrame, wanted: Wanted) -> list[str]:
    """Return the columns of dates or times that would be features."""
    names = wanted.features(frame) if wanted.datetimes != "drop" else []
    return [name for name in names if held(frame[name]) in MOMENTS and frame[name].notna().any()]


def _aged(frame: pd.DataFrame, wanted: Wanted) -> tuple[str | None, list[str]]:
    """Return the column that ages are counted to, and those that have an age."""
    reference = wanted.datetime_reference or wanted.data.time_column
    if wanted.datetimes not in {"age", "parts_and_age"}:
        return reference, []
    return reference, [name for name in _times(frame, wanted) if name != reference]


def _reference(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    name, aged = _aged(frame, wanted)
    key = "preprocess.datetime_reference" if wanted.datetime_reference else "data.time_column"
    # A time column that is not there is told by `missing_column`.
    if not aged or (name and name == wanted.data.time_column and name not in frame.columns):
        return
    action = (
        "Set preprocess.datetime_reference to a column of dates or times, or preprocess.datetimes to "
        "parts."
    )
    if name is None:
        fault = (
            f"preprocess.datetimes asks for the age of {', '.join(map(repr, aged[:5]))}, and neither "
            "preprocess.datetime_reference nor data.time_column says at which time."
        )
    elif name not in frame.columns:
        close = nearest(name, map(str, frame.columns))
        fault = f"column {name!r}, named in {key}, is not in the table."
        fault += f" Nearest in the table: {close}." if close else ""
    elif name == wanted.data.target or name in wanted.data.exclude_columns:
        role = "the target" if name == wanted.data.target else "in data.exclude_columns"
        fault = f"{key} {name!r} is {role}, so ages that are counted to it would tell of it."
    elif held(frame[name]) not in MOMENTS:
        fault = f"{key} {name!r} holds {held(frame[name])}, expected dates or times."
    else:
        yield from _zones(frame, name, aged, key)
        return
    yield Finding("datetime_reference", "error", fault, action, (name,) if name else tuple(aged))


def _zones(frame: pd.DataFrame, name: str, aged: list[str], key: str) -> Iterator[Finding]:
    """Find ages between a time with a zone and one without, which are off by what nobody knows."""
    found = held(frame[name])
    for column in aged:
        if {found, held(frame[column])} == {TIMES, ZONED_TIMES}:
            with_zone, without = (name, column) if found == ZONED_TIMES else (column, name)
            yield Finding(
                "datetime_reference",
                "error",
                f"the age of {column!r} is counted to {name!r} ({key}), and {with_zone!r} has a time "
                f"zone while {without!r} has none.",
                "Give both a zone, or none, when the table is made.",
                (column, name),
            )


def _time_range(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    reference, aged = _aged(frame, wanted)
    known = aged and reference in frame.columns and held(frame[reference]) in MOMENTS
    names = [*_times(frame, wanted), *([reference] if known and reference else [])]
    for name in dict.fromkeys(names):
        faults = read_times(frame[name], name, dtype_name(frame[name])).faults
        if faults:
            yield Finding(
                "time_range",
                "error",
                f"column {name!r} has {counted(len(faults), 'time')} beyond the years 1 to 9999, such "
                f"as {faults[0].value} in row {faults[0].row + 1:,}.",
                "Mend their source, or leave them missing.",
                (name,),
                {"beyond_count": len(faults)},
            )


def _part_names(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    _, aged = _aged(frame, wanted)
    has_parts = wanted.datetimes in {"parts", "parts_and_age"}
    for name in _times(frame, wanted):
        for part in PARTS:
            made = part_name(name, part)
            if made in frame.columns and (name in aged if part == AGE else has_parts):
                yield Finding(
                    "reserved_name",
                    "error",
                    f"column {made!r} has the name that Assay gives to a part of {name!r}.",
                    "Rename it, or exclude one of the two.",
                    (made, name),
                )


def _text_dates(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        if held(frame[name]) != TEXTS:
            continue
        texts = frame[name].dropna().unique()[:_LOOKED_AT]
        # One date alone may be the name of an edition.
        if len(texts) < 2:
            continue
        # Most columns of texts have no digit where a year would stand.
        looked_at = [str(text).strip() for text in texts if str(text).strip()[:4].isdigit()]
        times = sum(parsed_time(text) is not None for text in looked_at)
        if times >= _SHARE * len(texts):
            yield Finding(
                "text_dates",
                "warning",
                f"feature {name!r} holds dates or times as texts, such as {str(texts[0])!r}.",
                "Convert it when the table is made: as texts each date is a category of its own.",
                (name,),
                {"time_rate": times / len(texts)},
            )


# Of columns and their types; and of what stands in texts.
TIME_CHECKS: tuple[Check, ...] = (_reference, _time_range, _part_names)
TEXT_CHECKS: tuple[Check, ...] = (_text_dates,)
