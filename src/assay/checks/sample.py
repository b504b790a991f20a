"""Rows on which the search for leaks fits its small models, with every column as codes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.checks.findings import Wanted
from assay.column_types import MOMENTS, NOTHING, SECONDS, dtype_name, held
from assay.schema import Feature, column_kind, infer_schema, model_frame
from assay.time_values import read_seconds, read_times

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FOLDS = 5
# A number has at most so many bins, and each of them about so many rows.
_MOST_BINS = 64
_ROWS_PER_BIN = 20
# Numbers below have squares that sum up without overflow.
_SQUARE_ROOT = 1e100


@dataclass(frozen=True)
class LeakSample:
    """A random sample of a table's rows, in the table's order.

    Attributes
    ----------
    frame : DataFrame, shape (n, p)
        The rows, with all columns.
    position : ndarray of int, shape (n,)
        Where they stand in the table.
    row_count : int
        Rows of the table.
    is_class : bool
        Whether the target is a class.
    target : ndarray, shape (n,)
        Codes of classes 0 to k - 1, or numbers.
    fold : ndarray of int, shape (n,)
        0 to 4: classes are dealt evenly; whole groups, where a group column is declared.
    features : dict of str to Values
        Each column that would be a feature and has a value, as numbers or codes.
    parts : tuple of Part
        What a model is to see of columns of times: parts of their dates and hours, and ages.
    """

    frame: pd.DataFrame
    position: IntArray
    row_count: int
    is_class: bool
    target: npt.NDArray[Any]
    fold: IntArray
    features: Mapping[str, "Values"]
    parts: tuple["Part", ...] = ()

    def seen(self) -> "Iterator[Part | Whole]":
        """Yield every column, and every part of one, that is asked what it tells."""
        for name, values in self.features.items():
            yield Whole(name, values)
        yield from self.parts

    @property
    def seen_count(self) -> int:
        """How many those are, for the bounds of chance."""
        return len(self.features) + len(self.parts)

    @property
    def class_count(self) -> int:
        """How many classes the target has in the sample."""
        return int(self.target.max()) + 1


@dataclass(frozen=True)
class Values:
    """A column's values, ready to be grouped.

    Attributes
    ----------
    numbers : ndarray of float or None
        Numbers, and times in microseconds; missing and infinite is NaN. None for categories.
    codes : ndarray of int or None
        Of categories, -1 where missing; None for numbers.
    """

    numbers: FloatArray | None
    codes: IntArray | None

    @cached_property
    def ordered(self) -> FloatArray:
        """The known numbers in ascending order; nothing for categories."""
        if self.numbers is None:
            return np.empty(0)
        return np.sort(self.numbers[~np.isnan(self.numbers)])

    @cached_property
    def bins(self) -> IntArray:
        """The bin or category of each row from 0 on, missing ones in one of their own."""
        if self.numbers is not None:
            return number_bins(self.numbers, self.ordered)
        codes = self.codes
        assert codes is not None  # noqa: S101  (one of the two is there)
        return np.where(codes < 0, codes.max() + 1, codes)

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which rows have no value."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        assert self.codes is not None  # noqa: S101
        return self.codes < 0

    def known(self) -> npt.NDArray[Any]:
        """Return numbers or codes, without missing ones marked."""
        return self.numbers if self.numbers is not None else self.codes  # type: ignore[return-value]


@dataclass(frozen=True)
class Whole:
    """A column by itself.

    Attributes
    ----------
    column : str
        Its name in the table.
    values : Values
        For the rows of the sample.
    """

    column: str
    values: Values

    @property
    def shown(self) -> str:
        """What messages call it."""
        return f"feature {self.column!r}"

    def of_table(self, frame: pd.DataFrame, wanted: Wanted) -> Values:
        """Return its values in all rows."""
        return column_values(frame[self.column], self.column in wanted.data.categorical_columns)


@dataclass(frozen=True)
class Part:
    """What a model is to see of a column of dates or times.

    Attributes
    ----------
    feature : Feature
        Has a part.
    values : Values
        For the rows of the sample.
    """

    feature: Feature
    values: Values

    @property
    def column(self) -> str:
        """Name of the column of the table that it is made of."""
        return self.feature.source

    @property
    def shown(self) -> str:
        """What messages call it."""
        reference = self.feature.reference
        counted = f", counted to {reference!r}" if reference else ""
        return f"feature {self.feature.name!r} (made of column {self.column!r}{counted})"

    def of_table(self, frame: pd.DataFrame, wanted: Wanted) -> Values:
        """Return its values in all rows."""
        (part,) = part_values(frame, [self.feature])
        return part.values


def draw_sample(frame: pd.DataFrame, wanted: Wanted) -> LeakSample:
    """Draw `validate.leak_sample_rows` rows with the task's seed.

    Parameters
    ----------
    frame : DataFrame
        A table whose target has passed its checks.
    wanted : Wanted
    """
    rng = np.random.default_rng(wanted.task.seed)
    position = np.arange(len(frame))
    if len(frame) > wanted.limits.leak_sample_rows:
        drawn = rng.choice(len(frame), wanted.limits.leak_sample_rows, replace=False)
        position = np.sort(drawn)
        frame, row_count = frame.iloc[position], len(frame)
    else:
        row_count = len(frame)
    frame = frame.reset_index(drop=True)
    is_class = wanted.task.type != "regression"
    target = encoded_outcomes(frame[wanted.data.target], is_class)
    group = wanted.data.group_column
    units = None if group is None else pd.factorize(frame[group])[0]
    declared = wanted.data.categorical_columns
    values = {
        name: column_values(frame[name], name in declared)
        for name in wanted.features(frame)
        if frame[name].notna().any()
    }
    fold = deal_folds(target if is_class else None, units, len(frame), rng)
    parts = part_values(frame, _part_features(frame, wanted))
    return LeakSample(frame, position, row_count, is_class, target, fold, values, parts)


def _part_features(frame: pd.DataFrame, wanted: Wanted) -> list[Feature]:
    """Return the features that the pipeline would make of columns of dates and times."""
    if wanted.datetimes == "drop":
        return []
    features = wanted.features(frame)
    others = [name for name in features if held(frame[name]) not in MOMENTS]
    # These do not depend on labels, and a sample may lack the positive one.
    task = wanted.task.model_copy(update={"positive_label": None})
    times = (wanted.datetimes, wanted.datetime_reference)
    schema = infer_schema(frame.drop(columns=others), wanted.data, task, *times)
    return [feature for feature in schema.features if feature.part]


def part_values(frame: pd.DataFrame, features: Sequence[Feature]) -> tuple[Part, ...]:
    """Return features that are parts of times, in the form that models see, with their values.

    Parameters
    ----------
    frame : DataFrame
        Has the columns that they are made of.
    features : sequence of Feature
        Each has a part.
    """
    seen = model_frame(frame, features)
    return tuple(
        Part(feature, _numbers(seen[feature.name]))
        if feature.kind == "numeric"
        else Part(feature, _categories(seen[feature.name]))
        for feature in features
    )


def encoded_outcomes(target: "pd.Series[Any]", is_class: bool) -> npt.NDArray[Any]:
    """Return codes of classes in order of appearance, or numbers."""
    if is_class:
        return np.asarray(pd.factorize(target)[0])
    numbers = target.to_numpy(dtype=np.float64)
    largest = float(np.nanmax(np.abs(numbers), initial=0))
    # Squares of larger numbers would overflow, and no sentinel asks for the unit.
    return numbers / largest if _SQUARE_ROOT < largest < np.inf else numbers


def column_values(column: "pd.Series[Any]", declared_categorical: bool = False) -> Values:
    """Return a column as numbers or as codes, whatever it holds.

    Numbers, durations and times of day are what a model would see, the latter in seconds; times and
    dates are numbers too.
    """
    if declared_categorical:
        return _categories(column)
    found = held(column)
    if found in MOMENTS:
        return Values(times_as_numbers(column), None)
    if found in SECONDS:
        read = read_seconds(column, str(column.name), dtype_name(column))
        return Values(_finite(read.values), None)
    if found == NOTHING or column_kind(column) != "numeric":
        return _categories(column)
    return _numbers(column)


def times_as_numbers(column: "pd.Series[Any]") -> FloatArray:
    """Return times or dates in microseconds since 1970 (UTC), NaN where there is none."""
    return microseconds(read_times(column, str(column.name), dtype_name(column)).values)


def microseconds(times: npt.NDArray[np.datetime64]) -> FloatArray:
    """Return datetime64[us] as numbers, NaN where there is no time."""
    numbers: FloatArray = times.astype("int64").astype("float64")
    return np.where(np.isnat(times), np.nan, numbers)


def number_bins(numbers: FloatArray, ordered: FloatArray, most: int = _MOST_BINS) -> IntArray:
    """Return the bin of each number: of about as many rows each, values with many rows alone.

    Parameters
    ----------
    numbers : ndarray, shape (n,)
        Missing is NaN, and has the last bin.
    ordered : ndarray, shape (m,)
        Those that are not missing, ascending.
    most : int
        At most so many bins, beside those of single values.
    """
    most = int(np.clip(len(ordered) // _ROWS_PER_BIN, 4, most))
    distinct = ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if len(ordered) else ordered
    if len(distinct) <= most:
        bins = np.searchsorted(distinct, numbers)
        return np.where(np.isnan(numbers), len(distinct), bins)
    cuts = ordered[(np.arange(1, most) * len(ordered)) // most]
    edges, times = np.unique(cuts, return_counts=True)
    bins = np.searchsorted(edges, numbers)
    # What fills more than a bin alone, such as 0, is told from the numbers beside it.
    heavy = edges[times > 1]
    at = np.minimum(np.searchsorted(heavy, numbers), max(len(heavy) - 1, 0))
    if len(heavy):
        bins = np.where(heavy[at] == numbers, len(edges) + 1 + at, bins)
    return np.where(np.isnan(numbers), len(edges) + 1 + len(heavy), bins)


def _numbers(column: "pd.Series[Any]") -> Values:
    if column.dtype == object:
        column = pd.to_numeric(column, errors="coerce")
    return Values(_finite(column.to_numpy(dtype=np.float64, na_value=np.nan)), None)


def _finite(numbers: FloatArray) -> FloatArray:
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _categories(column: "pd.Series[Any]") -> Values:
    try:
        codes = pd.factorize(column)[0]
    except TypeError:
        # Lists and the like have no hash, but a text.
        codes = pd.factorize(column.map(str).where(column.notna(), None))[0]
    return Values(None, np.asarray(codes, dtype=np.int64))


def deal_folds(
    classes: npt.NDArray[Any] | None, units: IntArray | None, rows: int, rng: np.random.Generator
) -> IntArray:
    """Deal rows to folds: groups whole, or classes evenly, or rows at random.

    Parameters
    ----------
    classes : ndarray of int, shape (n,), optional
    units : ndarray of int, shape (n,), optional
        The group of each row, -1 where it has none.
    rows : int
    rng : Generator
    """
    if units is not None and units.max() + 1 >= 2 * FOLDS:
        # A missing group, which has its own finding, takes the last place.
        return (rng.permutation(units.max() + 2) % FOLDS)[units]
    order = rng.permutation(rows)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(rows, dtype=np.int64)
    fold[order] = np.arange(rows) % FOLDS
    return fold
