"""Slices that nobody named: a shallow tree looks for them in out-of-fold errors.

What searches are training rows, predicted by models that had not seen them. The holdout then judges what
was found, so that it does not matter how many cuts were looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence, Predicted
from assay.expected_loss import expected_absolute_residual
from assay.metrics.core import FloatArray
from assay.schema import Schema
from assay.sections import TaskType
from assay.slices.conditions import (
    Condition,
    Equals,
    Mask,
    Missing,
    Slice,
    Source,
    Values,
    View,
    Within,
    source_text,
    view_of,
)
from assay.slices.recalibrated import recalibrated

# Share of the out-of-fold rows that a leaf has at least.
_LEAF_SHARE = 0.02
# A column that differs by more between earlier and later rows (Kolmogorov and Smirnov's distance) tells
# a period, such as the month of one year: it may never come back, and is not searched.
_MOST_DRIFT = 0.5


@dataclass(frozen=True)
class Candidate:
    """A slice that out-of-fold errors point at.

    Attributes
    ----------
    slice : Slice
    inside : ndarray of bool, shape (n,)
        Which rows of the holdout are its.
    oof_n : int
        Out-of-fold rows in it.
    oof_excess : float
        How much higher their mean loss is than their predictions expect.
    """

    slice: Slice
    inside: Mask
    oof_n: int
    oof_excess: float


def excess_squared_error(task: TaskType, known: Predicted, out_of_fold: Predicted) -> FloatArray:
    """Return how much higher each row's loss is than its prediction expects, shape (n,).

    Of classes the squared error of the probabilities, less its expectation if they are right; of numbers
    the absolute residual, less the mean of those of the nearest out-of-fold predictions.
    """
    y_true, predicted = known.y_true, known.y_predicted
    excess: FloatArray
    if task == "regression":
        near = expected_absolute_residual(predicted, out_of_fold)
        excess = np.abs(y_true - predicted) - near
    elif task == "multiclass":
        actual = predicted[np.arange(len(y_true)), y_true]
        excess = 2 * ((predicted**2).sum(axis=1) - actual)
    else:
        excess = (predicted - y_true) ** 2 - predicted * (1 - predicted)
    return excess


def search_slices(evidence: Evidence) -> list[Candidate]:
    """Return the leaves of a tree of out-of-fold excess losses whose mean is above 0, the highest first.

    Losses are those of recalibrated predictions: what is wrong everywhere is no slice.

    The tree has `found_slice_depth` levels, and leaves of at least `slice_min_rows` rows and 2% of all.
    It sees the features and, of a time column, the month and the hour; but nothing that tells earlier
    from later rows. No row of the holdout has a part in it.
    """
    from sklearn.tree import DecisionTreeRegressor

    params, known = evidence.params, evidence.out_of_fold
    leaf = max(params.slice_min_rows, int(np.ceil(_LEAF_SHARE * len(known))))
    if params.found_slice_depth == 0 or len(known) < 2 * leaf:
        return []
    view = view_of(known.rows, evidence.schema)
    # A feature may be the hour already.
    different = {
        each.values.tobytes(): each for each in reversed([*_columns(view, evidence.schema, leaf)])
    }
    columns = [
        column
        for column in reversed(different.values())
        if not _tells_time(column.values, view, evidence.schema.time_column)
    ]
    if not columns:
        return []
    matrix = np.column_stack([column.values for column in columns])
    right = recalibrated(evidence.task.type, known)
    excess = excess_squared_error(evidence.task.type, right, right)
    tree = DecisionTreeRegressor(
        max_depth=params.found_slice_depth, min_samples_leaf=leaf, random_state=evidence.task.seed
    ).fit(matrix, excess)
    holdout, found = view_of(evidence.holdout.rows, evidence.schema), []
    for conditions in _leaves(tree.tree_, columns):
        rows = np.ones(len(known), dtype=bool)
        for condition in conditions:
            rows &= condition.holds(view)
        mean = float(excess[rows].mean()) if rows.any() else 0.0
        if mean > 0:
            names = dict.fromkeys(source_text(condition.source) for condition in conditions)
            rule = " and ".join(map(str, conditions))
            each = Slice(", ".join(names), rule, "found", conditions)
            found.append(Candidate(each, each.inside(holdout), int(rows.sum()), mean))
    return sorted(found, key=lambda each: (-each.oof_excess, each.slice.name))


@dataclass(frozen=True)
class _Column:
    """A column of the tree's matrix.

    Attributes
    ----------
    source : tuple
    values : ndarray, shape (n,)
        Of a category, whether it is the row's; of a number, its value, where a missing one is lower
        than all others, so that a cut can tell it from them.
    known : ndarray
        The distinct numbers, ascending; empty of a category.
    category : str or None
    """

    source: Source
    values: FloatArray
    known: FloatArray
    category: str | None = None


def _columns(view: View, schema: Schema, leaf: int) -> Iterator[_Column]:
    kinds = {feature.name: feature.kind for feature in schema.features}
    for source, values in view.items():
        name, part = source
        if part in {"hour", "month"} or (part == "" and kinds[name] == "numeric"):
            yield _number_column(source, values)
        elif part == "":
            yield from _category_columns(source, values, leaf)


def _tells_time(values: FloatArray, view: View, time_column: str | None) -> bool:
    """Say whether a column tells earlier from later rows."""
    if time_column is None:
        return False
    times = view[time_column, "time"]
    later = times > np.nanmedian(times) if np.isfinite(times).any() else np.isnan(times)
    if later.all() or not later.any():
        return False
    grid = np.unique(values)
    below = [
        np.searchsorted(np.sort(values[rows]), grid, "right") / rows.sum()
        for rows in (later, ~later)
    ]
    return bool(np.abs(below[0] - below[1]).max() > _MOST_DRIFT)


def _number_column(source: Source, values: Values) -> _Column:
    known = np.unique(values[~np.isnan(values)])
    # Trees compare 32-bit numbers: the places of values tell them apart exactly.
    places = np.where(np.isnan(values), -1.0, np.searchsorted(known, values).astype(float))
    return _Column(source, places, known)


def _category_columns(source: Source, values: Values, leaf: int) -> Iterator[_Column]:
    missing = pd.isna(values)
    names, counts = np.unique(values[~missing].astype(str), return_counts=True)
    # Of a rarer category there is no leaf.
    for category in names[counts >= leaf]:
        yield _Column(source, (values == category).astype(float), np.empty(0), str(category))
    if missing.sum() >= leaf:
        yield _Column(source, np.where(missing, -1.0, 0.0), np.empty(0))


def _leaves(tree: Any, columns: list[_Column]) -> Iterator[tuple[Condition, ...]]:
    """Yield the conditions of each leaf of a tree that has been split."""
    stack: list[tuple[int, dict[int, tuple[float, float]]]] = [(0, {})]
    while stack:
        node, limits = stack.pop()
        if tree.children_left[node] < 0:
            if limits:
                yield tuple(
                    condition
                    for number, ends in sorted(limits.items())
                    for condition in _conditions(columns[number], *ends)
                )
            continue
        number, cut = int(tree.feature[node]), float(tree.threshold[node])
        low, high = limits.get(number, (-np.inf, np.inf))
        stack.append((int(tree.children_right[node]), limits | {number: (cut, high)}))
        stack.append((int(tree.children_left[node]), limits | {number: (low, cut)}))


def _conditions(column: _Column, low: float, high: float) -> Iterator[Condition]:
    """Yield what a range of a column of the matrix means, in values."""
    if column.category is not None:
        yield Equals(column.source, column.category, negated=np.isfinite(high))
    elif not len(column.known):
        yield Missing(column.source, negated=np.isfinite(low))
    elif high < 0:
        yield Missing(column.source)
    elif np.isneginf(low) and np.isinf(high):
        return
    elif low < 0 and np.isfinite(low) and np.isinf(high):
        yield Missing(column.source, negated=True)
    else:
        # Whether rows without a value lie below: only if some were seen to.
        with_missing = bool(np.isneginf(low) and (column.values < 0).any())
        lower = _between(column.known, low) if low >= 0 else -np.inf
        upper = _between(column.known, high) if np.isfinite(high) else np.inf
        yield Within(column.source, lower, upper, "high", with_missing)


def _between(known: FloatArray, place: float) -> float:
    """Return the shortest number between the values on both sides of a cut; at least the lower one."""
    low, high = known[int(np.floor(place))], known[int(np.floor(place)) + 1]
    middle = float(low) + (float(high) - float(low)) / 2
    shorts = (float(f"{middle:.{digits}g}") for digits in range(1, 17))
    short = next((each for each in shorts if low <= each < high), float(low))
    return float(low) if float(low).is_integer() and not short.is_integer() else short
