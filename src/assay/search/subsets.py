"""Nested random parts of a training set: each half of the next."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.metrics.core import TargetArray
from assay.splits.folds import Folds, IntArray


@dataclass(frozen=True)
class NestedSubsets:
    """An order of rows, of which a smaller part is the beginning of a larger one.

    Attributes
    ----------
    order : ndarray of int, shape (n,)
        Positions of rows.
    ends : ndarray of int
        Where a part may end, as a number of rows; within no group where groups are drawn whole.
    """

    order: IntArray
    ends: IntArray

    def part(self, fraction: float) -> IntArray:
        """Return the positions of about this share of the rows, in their own order; of 1 all."""
        wanted = max(round(fraction * len(self.order)), int(self.ends[0]))
        rows = int(self.ends[np.searchsorted(self.ends, wanted)])
        return np.sort(self.order[:rows])


def nested_subsets(
    rows: IntArray,
    classes: TargetArray | None,
    groups: IntArray | None,
    rng: np.random.Generator,
) -> NestedSubsets:
    """Draw an order of rows, or of whole groups, of which every beginning has each class.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Positions of the rows to draw from.
    classes : ndarray, shape (n,), optional
        The class of each: rows are drawn from all classes alike, with one row of each class first.
        Of groups, those that bring a class which is not there yet are first.
    groups : ndarray of int, shape (n,), optional
        The group of each: drawn whole.
    rng : Generator
    """
    if groups is not None:
        return _groups_in_order(rows, classes, groups, rng)
    shuffled = rng.permutation(len(rows))
    if classes is not None:
        drawn = pd.Series(classes[shuffled])
        number = drawn.groupby(drawn.to_numpy()).cumcount().to_numpy()
        size = drawn.map(drawn.value_counts()).to_numpy()
        # The k-th row of a class stands where a k-th part of its rows is due; its first before all.
        place = np.where(number == 0, -1.0, (number + 0.5) / size)
        shuffled = shuffled[np.argsort(place, kind="stable")]
    first = 1 if classes is None else len(np.unique(classes))
    return NestedSubsets(rows[shuffled], np.arange(first, len(rows) + 1))


def _groups_in_order(
    rows: IntArray, classes: TargetArray | None, groups: IntArray, rng: np.random.Generator
) -> NestedSubsets:
    distinct, member = np.unique(groups, return_inverse=True)
    order = rng.permutation(len(distinct))
    needed = 1
    if classes is not None:
        has = pd.crosstab(member, classes).to_numpy()[order] > 0
        first: list[int] = []
        # The rarest class first: its group may bring others along.
        for code in np.argsort(has.sum(axis=0), kind="stable"):
            if not has[first, code].any():
                first.append(int(has[:, code].argmax()))
        rest = np.setdiff1d(np.arange(len(order)), first)
        order, needed = order[np.r_[first, rest].astype(int)], len(first)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    sizes = np.bincount(place[member], minlength=len(order))
    within = np.argsort(place[member], kind="stable")
    return NestedSubsets(rows[within], np.cumsum(sizes)[needed - 1 :])


def kept_apart(groups: Any, folds: Folds) -> bool:
    """Say whether no fold has rows of one group in both its training and its validation part."""
    return not any(
        np.intersect1d(groups[fitted], groups[validated]).size
        for fitted, validated in folds.split()
    )
