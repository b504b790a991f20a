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

MISSING = "(missing)"
# Quantile bands of a number; one with at most so many values is taken by value.
_BANDS, _FEW_VALUES = 4, 6
# Only the first so many columns are crossed with each other.
_CROSSED = 4
# Digits of an edge that a reader needs.
_DIGITS = 3


@dataclass(frozen=True)
class Groups:
    """Rows by the values of a sensitive column, or of two.

    Attributes
    ----------
    column : str
        Its name; the names of both where two are crossed.
    crossed : bool
        Whether two columns are.
    labels : tuple of str
        In a natural order: by size of a number, by text otherwise, missing values last.
    code : ndarray of int, shape (n,)
        The group of each row, 0 to g - 1.
    judged : ndarray of bool, shape (g,)
        Which have enough rows.
    min_rows : int
        How many that are.
    """

    column: str
    crossed: bool
    labels: tuple[str, ...]
    code: IntArray
    judged: BoolArray
    min_rows: int

    @property
    def rows(self) -> IntArray:
        """How many rows each group has."""
        return np.bincount(self.code, minlength=len(self.labels))

    @property
    def comparable(self) -> bool:
        """Whether at least two groups are judged."""
        return int(self.judged.sum()) >= 2


def sensitive_groups(
    table: pd.DataFrame,
    cut_by: pd.DataFrame,
    columns: Sequence[str],
    schema: Schema,
    min_rows: int,
) -> list[Groups]:
    """Return the groups of each sensitive column, and of pairs of the first four that have enough rows.

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
        _groups(name, False, grouped(table[name], cut_by[name], _is_flag(name, schema)), min_rows)
        for name in columns
    ]
    pairs = [
        _groups(f"{one.column} \N{MULTIPLICATION SIGN} {other.column}", True, _cross(one, other), min_rows)
        for one, other in combinations(single[:_CROSSED], 2)
    ]  # fmt: skip
    return [*single, *(pair for pair in pairs if pair.comparable)]


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


def _groups(column: str, crossed: bool, found: tuple[list[str], IntArray], min_rows: int) -> Groups:
    labels, code = found
    rows = np.bincount(code, minlength=len(labels))
    return Groups(column, crossed, tuple(labels), code, rows >= min_rows, min_rows)


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
        np.unique(np.quantile(known, np.arange(1, _BANDS) / _BANDS, method="higher"))
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


def _numbers(edges: FloatArray) -> tuple[FloatArray, list[str]]:
    """Return edges of few digits, unless these would make two the same."""
    whole = bool((edges == np.round(edges)).all()) and bool((np.abs(edges) < 1e12).all())
    if whole:
        return edges, [f"{edge:,.0f}" for edge in edges]
    short = np.array([float(f"{edge:.{_DIGITS}g}") for edge in edges])
    if len(np.unique(short)) == len(edges):
        edges = short
    return edges, [f"{edge:.12g}" for edge in edges]


def _dates(edges: FloatArray) -> tuple[FloatArray, list[str]]:
    """Return the days of edges, or their times where days would be the same."""
    times = edges.astype("int64").astype("datetime64[us]")
    days = times.astype("datetime64[D]")
    if len(np.unique(days)) == len(edges):
        return days.astype("datetime64[us]").astype("int64").astype(float), [
            str(day) for day in days
        ]
    return edges, [str(time.astype("datetime64[s]")).replace("T", " ") for time in times]


def _cross(one: Groups, other: Groups) -> tuple[list[str], IntArray]:
    """Return groups of pairs that occur, in the order of both."""
    code = one.code * len(other.labels) + other.code
    found, codes = np.unique(code, return_inverse=True)
    labels = [
        f"{one.labels[pair // len(other.labels)]}, {other.labels[pair % len(other.labels)]}"
        for pair in found
    ]
    return labels, codes.astype(np.int64)
