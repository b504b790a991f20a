"""Groups of rows by a sensitive column: categories, bands of a number or of a time, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.checks.sample import column_values, times_as_numbers
from assay.column_types import MOMENTS, NUMBERS, SECONDS, held
from assay.metrics.core import FloatArray
from assay.schema import Schema
from assay.uncertainty.bootstrap import IntArray

BoolArray = npt.NDArray[np.bool_]

MISSING, KNOWN = "(missing)", "known"
# Quantile bands of a number; one with at most so many values is taken by value.
_BANDS, _FEW_VALUES = 4, 6
# Only the first so many columns are crossed with each other.
_CROSSED = 4
# A date's edge is told by the largest unit of which so many lie between two edges.
_UNITS_BETWEEN = 5
# Digits of an edge that a reader needs.
_DIGITS = 3


@dataclass(frozen=True)
class Groups:
    """Rows by the values of a sensitive column, or of two.

    Attributes
    ----------
    column : str
        What the rows are grouped by: a column's name; the names of both where two are crossed.
    source : str
        The column that the labels are values of; empty where two are crossed, whose labels name them.
    crossed : bool
        Whether two columns are.
    labels : tuple of str
        In a natural order: by size of a number, by text otherwise, missing values last.
    code : ndarray of int, shape (n,)
        The group of each row, 0 to g - 1.
    known : ndarray of bool, shape (g,)
        Which are of known values. Others are not compared here; see `against_missing`.
    judged : ndarray of bool, shape (g,)
        Which have enough rows.
    min_rows : int
        How many that are.
    short : tuple of str
        Labels for pictures.
    against_missing : bool
        Whether the two groups are all known values and the missing ones.
    """

    column: str
    source: str
    crossed: bool
    labels: tuple[str, ...]
    code: IntArray
    known: BoolArray
    judged: BoolArray
    min_rows: int
    short: tuple[str, ...]
    against_missing: bool = False

    @property
    def rows(self) -> IntArray:
        """How many rows each group has."""
        return np.bincount(self.code, minlength=len(self.labels))

    @property
    def comparable(self) -> bool:
        """Whether at least two groups of known values are judged."""
        return int((self.judged & self.known).sum()) >= 2


def sensitive_groups(
    table: pd.DataFrame,
    cut_by: pd.DataFrame,
    columns: Sequence[str],
    schema: Schema,
    min_rows: int,
) -> list[Groups]:
    """Return the groups of each sensitive column, and of pairs of the first four that have enough rows.

    Where many values are missing, they are held against the known ones as groups of their own.

    Parameters
    ----------
    table : DataFrame
        The rows that are judged, with the columns.
    cut_by : DataFrame
        The rows whose quantiles cut numbers into bands: never those that are judged.
    columns : sequence of str
    schema : Schema
    min_rows : int
        Groups with fewer are listed, and not judged.
    """
    single = [
        _of_column(name, table[name], cut_by[name], _is_flag(name, schema), min_rows)
        for name in columns
    ]
    missing = [_against_missing(each) for each in single if not each.known.all()]
    pairs = [_cross(one, other) for one, other in combinations(single[:_CROSSED], 2)]
    return [*single, *(each for each in (*missing, *pairs) if each.comparable)]


def grouped(
    column: "pd.Series[Any]", cut_by: "pd.Series[Any]", is_flag: bool = False
) -> tuple[list[str], IntArray]:
    """Return the labels of a column's groups, and the group of each row.

    Parameters
    ----------
    column : Series, shape (n,)
    cut_by : Series
        Whose quantiles cut numbers and times into bands, and whose values say whether there are few.
    is_flag : bool
        Whether the numbers 1 and 0 stand for true and false.
    """
    kind = held(column)
    if kind in MOMENTS:
        known = times_as_numbers(cut_by)
        return _banded(times_as_numbers(column), known[~np.isnan(known)], _dates)
    if kind in SECONDS or (kind == NUMBERS and not isinstance(column.dtype, pd.CategoricalDtype)):
        numbers = column_values(column).numbers
        cut = column_values(cut_by).numbers
        if numbers is not None and cut is not None:
            known = cut[~np.isnan(cut)]
            if len(np.unique(known)) > _FEW_VALUES:
                return _banded(numbers, known, _numbers)
            flags = is_flag or held_flags(column)
            values = np.unique(numbers[~np.isnan(numbers)])
            code = np.where(np.isnan(numbers), -1, np.searchsorted(values, numbers))
            return _with_missing([_value(value, flags) for value in values], code)
    code, texts = pd.factorize(column.map(str, na_action="ignore").astype(object), sort=True)
    return _with_missing([str(text) for text in texts], code)


def held_flags(column: "pd.Series[Any]") -> bool:
    """Say whether a column holds true and false."""
    if column.dtype == object:
        return pd.api.types.infer_dtype(column, skipna=True) == "boolean"
    return bool(pd.api.types.is_bool_dtype(column.dtype))


def _is_flag(name: str, schema: Schema) -> bool:
    """Say whether a feature was of true and false; its model form has 1 and 0."""
    kinds = [feature.source_dtype for feature in schema.features if feature.source == name]
    return bool(kinds) and kinds[0].startswith("bool")


def _of_column(
    name: str, column: "pd.Series[Any]", cut_by: "pd.Series[Any]", is_flag: bool, min_rows: int
) -> Groups:
    labels, code = grouped(column, cut_by, is_flag)
    known = np.ones(len(labels), dtype=bool)
    known[code[column.isna().to_numpy()]] = False
    judged = np.bincount(code, minlength=len(labels)) >= min_rows
    return Groups(name, name, False, tuple(labels), code, known, judged, min_rows, tuple(labels))


def _against_missing(groups: Groups) -> Groups:
    """Return the rows of all known values, and those of none."""
    labels = (KNOWN, groups.labels[int(np.flatnonzero(~groups.known)[0])])
    code = (~groups.known)[groups.code].astype(np.int64)
    judged = np.bincount(code, minlength=2) >= groups.min_rows
    every = np.ones(2, dtype=bool)
    name = f"{groups.column}, {KNOWN} or missing"
    return Groups(
        name, groups.source, False, labels, code, every, judged, groups.min_rows, labels, True
    )


def _with_missing(labels: list[str], codes: npt.NDArray[Any]) -> tuple[list[str], IntArray]:
    codes = codes.astype(np.int64)
    if (codes < 0).any():
        mark = MISSING
        while mark in labels:
            mark = f"({mark})"
        codes = np.where(codes < 0, len(labels), codes)
        labels = [*labels, mark]
    return labels, codes


def _value(number: float, is_flag: bool) -> str:
    if is_flag and number in (0.0, 1.0):
        return "true" if number else "false"
    return f"{number:.12g}"


def _banded(numbers: FloatArray, known: FloatArray, told: Any) -> tuple[list[str], IntArray]:
    """Return quantile bands, each from its lower edge on, with labels that say so."""
    if not len(known):
        known = numbers[~np.isnan(numbers)]
    edges, texts = told(
        np.unique(np.quantile(known, np.arange(1, _BANDS) / _BANDS, method="higher")), known
    )
    # The lowest value is no edge: nothing would lie below it.
    kept = edges > known.min()
    edges, texts = edges[kept], [text for text, keep in zip(texts, kept, strict=True) if keep]
    if not len(edges):
        labels = ["all values"]
    else:
        between = [f"{low} to under {high}" for low, high in pairwise(texts)]
        labels = [f"under {texts[0]}", *between, f"{texts[-1]} and over"]
    codes = np.where(np.isnan(numbers), -1, np.searchsorted(edges, numbers, side="right"))
    return _with_missing(labels, codes)


def _numbers(edges: FloatArray, _known: FloatArray) -> tuple[FloatArray, list[str]]:
    """Return edges of few digits, unless these would make two the same."""
    whole = bool((edges == np.round(edges)).all()) and bool((np.abs(edges) < 1e12).all())
    if whole:
        return edges, [f"{edge:,.0f}" for edge in edges]
    short = np.array([float(f"{edge:.{_DIGITS}g}") for edge in edges])
    if len(np.unique(short)) == len(edges):
        edges = short
    return edges, [f"{edge:.12g}" for edge in edges]


def _dates(edges: FloatArray, known: FloatArray) -> tuple[FloatArray, list[str]]:
    """Return the years, months or days of edges, or their times where days would be the same."""
    ends = np.unique([known.min(), *edges, known.max()])
    times = edges.astype("int64").astype("datetime64[us]")
    for unit, days in (("Y", 366), ("M", 31)):
        apart = np.diff(ends).min(initial=np.inf) / (days * 86_400e6)
        if apart >= _UNITS_BETWEEN:
            # The nearer end of a year, or of a month.
            near = (times + np.timedelta64(days // 2, "D")).astype(f"datetime64[{unit}]")
            return near.astype("datetime64[us]").astype("int64").astype(float), [
                str(each) for each in near
            ]
    dates = times.astype("datetime64[D]")
    if len(np.unique(dates)) == len(edges):
        return dates.astype("datetime64[us]").astype("int64").astype(float), [
            str(each) for each in dates
        ]
    return edges, [str(time.astype("datetime64[s]")).replace("T", " ") for time in times]


def _cross(one: Groups, other: Groups) -> Groups:
    """Return groups of pairs of values that occur, in the order of both."""
    pair = one.code * len(other.labels) + other.code
    found, code = np.unique(pair, return_inverse=True)
    pairs = [divmod(int(each), len(other.labels)) for each in found]
    labels = tuple(
        f"{one.column} = {one.labels[first]} and {other.column} = {other.labels[second]}"
        for first, second in pairs
    )
    short = tuple(f"{one.labels[first]}, {other.labels[second]}" for first, second in pairs)
    known = np.array([one.known[first] and other.known[second] for first, second in pairs])
    judged = np.bincount(code) >= one.min_rows
    name = f"{one.column} \N{MULTIPLICATION SIGN} {other.column}"
    code = code.astype(np.int64)
    return Groups(name, "", True, labels, code, known, judged, one.min_rows, short)
