"""How rows are cut into slices: by category, by number, by what is missing, and by time."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.slices.conditions import (
    KNOWN,
    MISSING,
    Equals,
    Mask,
    Missing,
    Slice,
    SliceKind,
    Source,
    Values,
    View,
    Within,
    view_of,
)

# Whole numbers with so few values are cut by value, like months; hours of the day may have all of theirs.
_FEW_VALUES, _HOURS = 12, 24
# A larger share of the holdout is next to all of it.
_MOST_OF_ALL = 0.9
# Of more months, years are told instead.
_MOST_MONTHS = 36


def cut_slices(
    evidence: Evidence, categorical: Sequence[str], numeric: Sequence[str]
) -> list[tuple[Slice, Mask]]:
    """Return the slices of the holdout with enough rows, and which rows are theirs.

    Parameters
    ----------
    evidence : Evidence
        Slices of fewer than `slice_min_rows` rows are left out, and so are those of more than 90% of
        the rows: they tell what the whole tells. Of slices with the same rows the first stays:
        categories stand before numbers, and these before what is missing and the calendar.
    categorical, numeric : sequence of str
        Features whose values are cut. What is missing is a slice of every feature.
    """
    view = view_of(evidence.holdout.rows, evidence.schema)
    least, n = evidence.params.slice_min_rows, len(evidence.holdout)
    found: dict[bytes, tuple[Slice, Mask]] = {}
    for each in _candidates(evidence, view, categorical, numeric):
        inside = each.inside(view)
        if least <= inside.sum() <= _MOST_OF_ALL * n:
            found.setdefault(np.packbits(inside).tobytes(), (each, inside))
    return list(found.values())


def named_slices(
    evidence: Evidence, categorical: Sequence[str], numeric: Sequence[str]
) -> dict[tuple[str, str, SliceKind], Slice]:
    """Return all slices that `cut_slices` chooses from, by feature, name and kind.

    Parameters
    ----------
    evidence, categorical, numeric
        As for `cut_slices`.
    """
    view = view_of(evidence.holdout.rows, evidence.schema)
    found = _candidates(evidence, view, categorical, numeric)
    return {(each.feature, each.name, each.kind): each for each in found}


def _candidates(
    evidence: Evidence, view: View, categorical: Sequence[str], numeric: Sequence[str]
) -> Iterator[Slice]:
    params = evidence.params
    for name in categorical:
        values = view[name, ""]
        for value in sorted(set(values[~pd.isna(values)])):
            yield Slice(name, str(value), "category", (Equals((name, ""), value),))
    for name in numeric:
        yield from _of_number(name, view[name, ""], params.slice_quantiles, params.slice_min_rows)
    for feature in evidence.schema.features:
        source: Source = (feature.name, "")
        # Where next to nothing is missing, what is known is next to everything.
        if pd.isna(view[source]).sum() >= params.slice_min_rows:
            yield Slice(feature.name, MISSING, "missing", (Missing(source),))
            yield Slice(feature.name, KNOWN, "missing", (Missing(source, negated=True),))
    if evidence.schema.time_column:
        yield from _of_time(evidence.schema.time_column, view)


def _of_number(name: str, values: Values, quantiles: int, least: int) -> Iterator[Slice]:
    known = values[~np.isnan(values)]
    if not len(known):
        return
    distinct, counts = np.unique(known, return_counts=True)
    if _by_value(distinct):
        for low, high in _joined(distinct, counts, least):
            text = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            yield Slice(name, text, "category", (Within((name, ""), low, high),))
        return
    edges = np.unique(np.quantile(known, np.linspace(0, 1, quantiles + 1)))
    short = [f"{edge:.4g}" for edge in edges]
    told = short if len(set(short)) == len(edges) else [f"{edge:g}" for edge in edges]
    for number, (low, high) in enumerate(pairwise(edges), start=1):
        last = number == len(edges) - 1
        yield Slice(
            name,
            f"Q{number} [{told[number - 1]}, {told[number]}{']' if last else ')'}",
            "quantile",
            (Within((name, ""), float(low), float(high), "both" if last else "low"),),
        )


def _by_value(distinct: Values) -> bool:
    """Say whether numbers are cut by value: whole ones, of which there are few, or one value."""
    if len(distinct) == 1:
        return True
    if len(distinct) > _HOURS or (distinct != np.round(distinct)).any():
        return False
    hours = distinct[0] >= 0 and distinct[-1] < _HOURS
    return len(distinct) <= _FEW_VALUES or bool(hours)


def _joined(distinct: Values, counts: Values, least: int) -> list[tuple[float, float]]:
    """Return ranges of neighbouring values, each with rows enough; the last joins the one before."""
    ranges: list[tuple[float, float]] = []
    first, rows = distinct[0], 0
    for value, count in zip(distinct, counts, strict=True):
        first = value if rows == 0 else first
        rows += int(count)
        if rows >= least:
            ranges.append((float(first), float(value)))
            rows = 0
    if rows and ranges:
        ranges[-1] = (ranges[-1][0], float(distinct[-1]))
    return ranges


def _of_time(name: str, view: View) -> Iterator[Slice]:
    months = view[name, "calendar month"]
    many = len(set(months[~pd.isna(months)])) > _MOST_MONTHS
    windows: tuple[Source, Source] = (
        (name, "year" if many else "calendar month"),
        (name, "weekday"),
    )
    for window in windows:
        values = view[window]
        for value in sorted(set(values[~pd.isna(values)])):
            yield Slice(name, value, "time", (Equals(window, value),))
    hours = view[name, "hour"]
    for hour in np.unique(hours[~np.isnan(hours)]):
        yield Slice(
            name,
            f"{int(hour):02d}:00\N{EN DASH}{int(hour):02d}:59",
            "time",
            (Within((name, "hour"), float(hour), float(hour)),),
        )
