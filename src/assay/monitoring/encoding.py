"""Features as columns of numbers that can be compared: one fixed encoding, learnt from training rows.

A number is its place among the training rows' values, 0 to 1, so that no outlier and no unit decides
what features have in common. A category is a column for each of the most frequent ones. Both are
centred, and scaled so that each feature has a variance of 1 in training. What is missing is at 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.metrics.core import FloatArray

# Places are told at these shares of training rows, and lie on lines between.
_KNOTS = np.linspace(0, 1, 21)
# Categories of a feature with a column of their own, and the share of rows that each has at least.
_CATEGORIES, _LEAST_SHARE = 8, 0.01
# Columns at most, so that a table of any width is compared in seconds.
_MOST_COLUMNS = 500


@dataclass(frozen=True)
class NumberCode:
    """A number's place among training rows.

    Attributes
    ----------
    name : str
    knots, places : ndarray, shape (k,)
        Values, ascending, and the share of training rows below each, with half of those equal to it.
    mean, sd : float
        Of the places of training rows.
    """

    name: str
    knots: FloatArray
    places: FloatArray
    mean: float
    sd: float

    width = 1

    def encoded(self, column: "pd.Series[Any]") -> FloatArray:
        """Return one column, shape (n, 1)."""
        values = column.to_numpy(dtype=float)
        placed = (np.interp(values, self.knots, self.places) - self.mean) / self.sd
        return np.where(np.isnan(values), 0.0, placed)[:, None]

    def to_json(self) -> dict[str, Any]:
        """Return its attributes."""
        lists = {"knots": self.knots.tolist(), "places": self.places.tolist()}
        return {"name": self.name, **lists, "mean": self.mean, "sd": self.sd}


@dataclass(frozen=True)
class CategoryCode:
    """Which of the most frequent categories a row has.

    Attributes
    ----------
    name : str
    categories : tuple of str
    shares : ndarray, shape (k,)
        Of training rows with a value.
    sd : float
        The root of the variances of all k columns together.
    """

    name: str
    categories: tuple[str, ...]
    shares: FloatArray
    sd: float

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.categories)

    def encoded(self, column: "pd.Series[Any]") -> FloatArray:
        """Return a column for each category, shape (n, k)."""
        codes = pd.Categorical(column, categories=list(self.categories)).codes.astype(np.int64)
        codes[column.isna().to_numpy()] = self.width
        # A row for each category, one for what is missing, and at last, where -1 points, for others.
        rows = np.concatenate([np.eye(self.width), np.zeros((2, self.width))])
        rows = (rows - self.shares) / self.sd
        rows[self.width] = 0.0
        placed: FloatArray = rows[codes]
        return placed

    def to_json(self) -> dict[str, Any]:
        """Return its attributes."""
        told = {"categories": list(self.categories), "shares": self.shares.tolist()}
        return {"name": self.name, **told, "sd": self.sd}


Code = NumberCode | CategoryCode


@dataclass(frozen=True)
class Encoding:
    """How features become columns.

    Attributes
    ----------
    codes : tuple of NumberCode or CategoryCode
        Of the features that take part, in the order of the schema.
    """

    codes: tuple[Code, ...]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return sum(code.width for code in self.codes)

    @property
    def names(self) -> list[str]:
        """The features that take part."""
        return [code.name for code in self.codes]

    @property
    def feature_of(self) -> npt.NDArray[np.intp]:
        """The feature of each column, by number."""
        return np.repeat(np.arange(len(self.codes)), [code.width for code in self.codes])

    def encoded(self, features: pd.DataFrame) -> FloatArray:
        """Return the columns of rows, shape (n, width)."""
        columns = [code.encoded(features[code.name]) for code in self.codes]
        return np.concatenate(columns, axis=1) if columns else np.empty((len(features), 0))

    def to_json(self) -> list[dict[str, Any]]:
        """Return what `encoding_from_json` reads back."""
        return [code.to_json() for code in self.codes]


def encoding_from_json(content: Sequence[dict[str, Any]]) -> Encoding:
    """Read back what `Encoding.to_json` gave."""
    return Encoding(tuple(_code_from_json(each) for each in content))


def _code_from_json(content: dict[str, Any]) -> Code:
    if "knots" in content:
        knots, places = (np.array(content[name], dtype=float) for name in ("knots", "places"))
        return NumberCode(content["name"], knots, places, content["mean"], content["sd"])
    shares = np.array(content["shares"], dtype=float)
    return CategoryCode(content["name"], tuple(content["categories"]), shares, content["sd"])


def fit_encoding(features: pd.DataFrame, numeric: Sequence[str]) -> Encoding:
    """Learn the encoding from training rows.

    Of a very wide table the features with the fewest missing values take part, of equal ones the first.

    Parameters
    ----------
    features : DataFrame
        In model form.
    numeric : sequence of str
        Names of those that are numbers.
    """
    missing = features.isna().sum().to_numpy()
    numbers = set(numeric)
    chosen: dict[int, Code] = {}
    width = 0
    for place in np.argsort(missing, kind="stable"):
        column = features.iloc[:, place]
        found = _number(column) if column.name in numbers else _category(column)
        if found is None:
            continue
        if width + found.width > _MOST_COLUMNS:
            break
        chosen[int(place)], width = found, width + found.width
    return Encoding(tuple(chosen[place] for place in sorted(chosen)))


def _number(column: "pd.Series[Any]") -> NumberCode | None:
    """Return a number's code; None where all of its values are the same."""
    values = np.sort(column.dropna().to_numpy(dtype=float))
    if not len(values) or values[0] == values[-1]:
        return None
    # Order statistics, not means of two: a knot is a value that rows have.
    knots = np.unique(values[np.round(_KNOTS * (len(values) - 1)).astype(int)])
    ends = (np.searchsorted(values, knots, side=side) for side in ("left", "right"))
    places = sum(ends) / (2 * len(values))
    placed = np.interp(values, knots, places)
    return NumberCode(str(column.name), knots, places, float(placed.mean()), float(placed.std()))


def _category(column: "pd.Series[Any]") -> CategoryCode | None:
    """Return a category's code; None where no two categories are frequent enough to vary."""
    counts = column.value_counts(dropna=True)
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    shares = counts.to_numpy(dtype=float) / max(int(counts.sum()), 1)
    kept = int(((shares >= _LEAST_SHARE) & (shares < 1)).sum())
    top = min(kept, _CATEGORIES)
    if not top:
        return None
    variance = float((shares[:top] * (1 - shares[:top])).sum())
    names = tuple(str(name) for name in counts.index[:top])
    return CategoryCode(str(column.name), names, shares[:top], variance**0.5)
