"""What makes a row one of a slice: tests of its values, which hold for any table of the same form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.schema import Schema
from assay.time_features import TimeArray, part_values

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]
# A column, and which part of its times: nothing where the values themselves are meant.
Part = Literal["", "time", "year", "calendar month", "month", "weekday", "hour"]
Source = tuple[str, Part]
View = Mapping[Source, Values]
SliceKind = Literal["category", "quantile", "missing", "time", "found"]

MISSING, KNOWN = "(missing)", "(known)"


def view_of(rows: pd.DataFrame, schema: Schema) -> dict[Source, Values]:
    """Return what rows can be told apart by: their features, and the calendar of their time.

    Parameters
    ----------
    rows : DataFrame, shape (n, c)
        In model form, with the time column where there is one.
    schema : Schema

    Returns
    -------
    dict of (column, part) to ndarray, shape (n,)
        Numbers as float64, categories and names of the calendar as text objects; missing is NaN. The
        raw time has the part "time", in microseconds since 1970. Other rows have the same parts, also
        where all times are at midnight.
    """
    view: dict[Source, Values] = {
        (feature.name, ""): rows[feature.name].to_numpy() for feature in schema.features
    }
    if schema.time_column is None:
        return view
    name, times = schema.time_column, rows[schema.time_column].to_numpy().astype("datetime64[us]")
    missing = np.isnat(times)
    view[name, "time"] = np.where(missing, np.nan, times.view("int64").astype("float64"))
    view[name, "year"] = _names(times, "datetime64[Y]", missing)
    view[name, "calendar month"] = _names(times, "datetime64[M]", missing)
    view[name, "weekday"] = part_values(times, "weekday")
    view[name, "month"] = part_values(times, "month")
    view[name, "hour"] = part_values(times, "hour")
    return view


def _names(times: TimeArray, unit: str, missing: Mask) -> Values:
    names = np.full(len(times), np.nan, dtype=object)
    names[~missing] = times[~missing].astype(unit).astype(str).astype(object)
    return names


def source_text(source: Source) -> str:
    """Return what a rule calls a source."""
    name, part = source
    return f"{part} of {name}" if part else name


@dataclass(frozen=True)
class Equals:
    """The value is one; with `negated`, any other or none."""

    source: Source
    value: str
    negated: bool = False

    def holds(self, view: View) -> Mask:
        """Return for which rows it does."""
        same: Mask = np.asarray(view[self.source] == self.value, dtype=bool)
        return ~same if self.negated else same

    def __str__(self) -> str:
        return f"{source_text(self.source)} is {'not ' if self.negated else ''}{self.value}"


@dataclass(frozen=True)
class Missing:
    """There is no value; with `negated`, there is one."""

    source: Source
    negated: bool = False

    def holds(self, view: View) -> Mask:
        """Return for which rows it does."""
        missing: Mask = pd.isna(view[self.source])
        return ~missing if self.negated else missing

    def __str__(self) -> str:
        return f"{source_text(self.source)} is {'known' if self.negated else 'missing'}"


@dataclass(frozen=True)
class Within:
    """A number lies between two: the ends that `closed` names are part of it.

    Attributes
    ----------
    low, high : float
        May be infinite.
    closed : {"both", "low", "high"}
    or_missing : bool
        Whether rows without a value count, too.
    """

    source: Source
    low: float
    high: float
    closed: Literal["both", "low", "high"] = "both"
    or_missing: bool = False

    def holds(self, view: View) -> Mask:
        """Return for which rows it does."""
        values = view[self.source]
        above = values > self.low if self.closed == "high" else values >= self.low
        below = values < self.high if self.closed == "low" else values <= self.high
        inside: Mask = above & below
        return inside | np.isnan(values) if self.or_missing else inside

    def __str__(self) -> str:
        name, rest = source_text(self.source), " or missing" if self.or_missing else ""
        if np.isneginf(self.low):
            return f"{name} {'<' if self.closed == 'low' else '≤'} {_number(self.high)}{rest}"
        if np.isposinf(self.high):
            return f"{name} {'>' if self.closed == 'high' else '≥'} {_number(self.low)}{rest}"
        lower = "<" if self.closed == "high" else "≤"
        upper = "<" if self.closed == "low" else "≤"
        return f"{_number(self.low)} {lower} {name} {upper} {_number(self.high)}{rest}"


Condition = Equals | Missing | Within


def _number(value: float) -> str:
    """Write a number as short as it can be without becoming another."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))


@dataclass(frozen=True)
class Slice:
    """Rows that have something in common.

    Attributes
    ----------
    feature : str
        The column that it is cut by; the columns of its rule, where it was found.
    name : str
        Which part of it; unique among the slices of one feature and kind.
    kind : {"category", "quantile", "missing", "time", "found"}
    conditions : tuple of Condition
        All of them hold for its rows.
    """

    feature: str
    name: str
    kind: SliceKind
    conditions: tuple[Condition, ...]

    @property
    def sources(self) -> frozenset[Source]:
        """What its conditions look at."""
        return frozenset(condition.source for condition in self.conditions)

    @property
    def cut(self) -> str:
        """What it is cut by, in words, such as "weekday of moment"."""
        return " and ".join(sorted(source_text(source) for source in self.sources))

    def inside(self, view: View) -> Mask:
        """Return which rows belong to it."""
        found = self.conditions[0].holds(view)
        for condition in self.conditions[1:]:
            found = found & condition.holds(view)
        return found

    def __str__(self) -> str:
        return self.name if self.kind == "found" else f"{self.feature} = {self.name}"
