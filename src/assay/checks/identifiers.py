"""Columns that name something: rows, or entities that several rows share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.checks.sample import IntArray

# Pairs of rows with one value that are compared.
_PAIRS, _PAIRS_PER_VALUE = 1_000, 10
_FEWEST_PAIRS = 30
# Rows that are looked at first.
_GLANCE_ROWS = 100
# Columns that are looked at first: of a fifth of all that are constant, some are among them.
_GLANCE_COLUMNS = 60
# Columns in which any two rows mostly agree tell nothing of an entity.
_MOST_AGREEMENT = 0.9
# From here on a column is constant within the values of another.
_CONSTANT = 0.8
# A column that so many others depend on, and so large a share of them, names an entity; more where
# its values have many rows, as categories do.
_FEWEST_CONSTANT = 3
_CONSTANT_SHARE, _CONSTANT_SHARE_OF_MANY = 0.2, 0.4
_MANY_ROWS_PER_VALUE = 50
# Fewer values than this, or fewer rows to a value, are categories, or nothing that comes back.
FEWEST_VALUES = 20
_FEWEST_ROWS_PER_VALUE = 1.5
# So many repeats are expected of a quantity where none are a surprise.
_SURPRISING = 3.0


@dataclass(frozen=True)
class Entity:
    """A column whose values stand for something that several rows describe.

    Attributes
    ----------
    name : str
    value_count : int
        Its distinct values in the whole table.
    rows_per_value : float
    constant : tuple of str
        Columns that are nearly constant within its values.
    informative_count : int
        How many columns could have been.
    """

    name: str
    value_count: int
    rows_per_value: float
    constant: tuple[str, ...]
    informative_count: int


@dataclass(frozen=True)
class Others:
    """Columns that may describe an entity: those in which two rows may well differ.

    Attributes
    ----------
    names : tuple of str
    codes : ndarray of int, shape (n, p)
        Their bins or categories.
    any_two : ndarray, shape (p,)
        How often any two rows agree.
    """

    names: tuple[str, ...]
    codes: npt.NDArray[np.int32]
    any_two: npt.NDArray[np.float64]


def informative_columns(columns: Mapping[str, IntArray], rng: np.random.Generator) -> Others:
    """Return the columns in which any two rows do not mostly agree.

    Parameters
    ----------
    columns : dict of str to ndarray of int, shape (n,)
    rng : Generator
        Draws the pairs of rows.
    """
    codes = np.column_stack([*columns.values()]).astype(np.int32)
    first, second = rng.integers(0, len(codes), (2, _PAIRS))
    any_two = (codes[first] == codes[second]).mean(axis=0)
    kept = any_two <= _MOST_AGREEMENT
    names = tuple(name for name, keep in zip(columns, kept, strict=True) if keep)
    return Others(names, codes[:, kept], any_two[kept])


def constant_within(
    candidate: IntArray, others: Others, rng: np.random.Generator
) -> tuple[str, ...]:
    """Return the columns that two rows of one value mostly share, where any two rows do not.

    Parameters
    ----------
    candidate : ndarray of int, shape (n,)
        Codes of the values of a column, negative where missing.
    others : Others
        From `informative_columns`.
    rng : Generator
        Draws the pairs of rows with one value.

    Notes
    -----
    Agreement within values is set against that of any two rows, as in Cohen's kappa.
    """
    order = np.argsort(candidate, kind="stable")
    order = order[candidate[order] >= 0]
    pairs = np.flatnonzero(candidate[order[1:]] == candidate[order[:-1]])
    if len(pairs) < _FEWEST_PAIRS:
        return ()
    # The same for every value: 0, which half of all rows may have, is no entity.
    _, first = np.unique(candidate[order[pairs]], return_index=True)
    rank = np.arange(len(pairs)) - np.repeat(first, np.diff([*first, len(pairs)]))
    pairs = pairs[rank < _PAIRS_PER_VALUE]
    if len(pairs) > _PAIRS:
        pairs = rng.choice(pairs, _PAIRS, replace=False)
    left, right = order[pairs], order[pairs + 1]
    # Most columns share nothing with most others, which a few of them show.
    few = np.linspace(0, len(others.names) - 1, _GLANCE_COLUMNS).astype(np.intp)
    if len(others.names) > _GLANCE_COLUMNS and not _constant(left, right, others, few).any():
        return ()
    all_of_them = np.arange(len(others.names))
    constant = _constant(left, right, others, all_of_them)
    return tuple(name for name, is_so in zip(others.names, constant, strict=True) if is_so)


def _constant(
    left: IntArray, right: IntArray, others: Others, columns: npt.NDArray[np.intp]
) -> npt.NDArray[np.bool_]:
    codes, any_two = others.codes, others.any_two[columns]
    within = (codes[left[:, None], columns] == codes[right[:, None], columns]).mean(axis=0)
    constant: npt.NDArray[np.bool_] = within - any_two >= _CONSTANT * (1 - any_two)
    return constant


def is_entity(constant: int, informative: int, rows_per_value: float) -> bool:
    """Say whether so many columns are constant within a column that it names an entity."""
    many = rows_per_value > _MANY_ROWS_PER_VALUE
    share = _CONSTANT_SHARE_OF_MANY if many else _CONSTANT_SHARE
    return constant >= max(_FEWEST_CONSTANT, share * informative)


def comes_back(column: "pd.Series[Any]") -> tuple[int, float] | None:
    """Return distinct values and rows per value, of a column with many values that repeat."""
    values = column.nunique()
    rows = int(column.notna().sum())
    if values < FEWEST_VALUES or rows < _FEWEST_ROWS_PER_VALUE * values:
        return None
    return values, rows / values


def are_whole(ordered: npt.NDArray[np.float64]) -> bool:
    """Say whether all numbers are whole."""
    glance = ordered[:_GLANCE_ROWS]
    return bool((glance == np.round(glance)).all() and (ordered == np.round(ordered)).all())


def is_numeric_id(ordered: npt.NDArray[np.float64], least_unique_rate: float) -> float | None:
    """Return the share of distinct values if whole numbers are like ids; None where they are not.

    A quantity that is drawn again and again repeats itself by chance, more often the narrower its
    range is. Ids do not: they have less than a quarter of the repeats to be expected in their range,
    or none at all where some are expected, or they are spread evenly.

    Parameters
    ----------
    ordered : ndarray, shape (n,)
        Known numbers, ascending.
    least_unique_rate : float
        `validate.id_like_unique_rate`.
    """
    if len(ordered) < 2 or not are_whole(ordered):
        return None
    distinct = 1 + int((ordered[1:] != ordered[:-1]).sum())
    rate = distinct / len(ordered)
    if rate <= least_unique_rate:
        return None
    # In each twentieth of the rows, as if it were spread evenly there.
    expected = 0.0
    for part in np.array_split(ordered, 20):
        if len(part) > 1:
            expected += len(part) ** 2 / 2 / float(part[-1] - part[0] + 1)
    repeats = len(ordered) - distinct
    if repeats:
        return rate if repeats < expected / 4 else None
    # Few numbers in a wide range do not repeat either: ids are then spread evenly, amounts are not.
    return rate if expected > _SURPRISING or is_even(ordered) else None


def is_even(ordered: npt.NDArray[np.float64]) -> bool:
    """Say whether Kolmogorov and Smirnov find no fault with an even spread, at 1%.

    Parameters
    ----------
    ordered : ndarray, shape (n,)
        Ascending, of at least two values.
    """
    place = (ordered - ordered[0]) / (ordered[-1] - ordered[0])
    expected = np.arange(len(ordered)) / (len(ordered) - 1)
    return bool(np.abs(place - expected).max() * np.sqrt(len(ordered)) < 1.63)
