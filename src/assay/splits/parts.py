"""A holdout with the folds of the rest, and the classes that each part must have.

A strategy is told the target as `typed_table` writes it: whole numbers are the codes of classes,
floats are the quantity of a regression.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.errors import SplitError, counted
from assay.splits.folds import Folds, IntArray

TargetArray = npt.NDArray[np.integer[Any] | np.floating[Any]]

# A quantity is balanced over parts by its fifths.
_QUANTILES = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True)
class Split:
    """A holdout and the folds of the rest.

    Attributes
    ----------
    train, holdout : ndarray of int
        Positions of the rows of each part, ascending.
    dropped : ndarray of int
        Positions of rows that would be in the holdout, but whose group trains. A row in none of the
        three is embargoed.
    folds : Folds
        The folds of the training rows, in the order of `train`.
    """

    train: IntArray
    holdout: IntArray
    dropped: IntArray
    folds: Folds


def is_quantity(y_true: TargetArray) -> bool:
    """Say whether a target is a quantity, and so has no classes."""
    return bool(np.issubdtype(y_true.dtype, np.floating))


def strata_of(y_true: TargetArray) -> IntArray:
    """Return what parts are balanced by, shape (n,): the class, or the fifth of a quantity.

    It never reaches a model.
    """
    if is_quantity(y_true):
        edges = np.unique(np.quantile(y_true, _QUANTILES)) if len(y_true) else np.empty(0)
        return np.searchsorted(edges, y_true, side="right").astype(np.int64)
    return y_true.astype(np.int64)


def class_name(code: int, labels: Sequence[object]) -> str:
    """Return a class as messages name it: its label, or its code where labels are not known."""
    return repr(labels[code]) if labels else str(code)


def refuse_missing_classes(
    split: Split, y_true: TargetArray, labels: Sequence[object] = ()
) -> None:
    """Stop if a part lacks a class: what trains needs all of them, what judges needs two.

    Of many classes some will be in no holdout; metrics leave them out, and `holdout_classes` tells.

    Parameters
    ----------
    split : Split
    y_true : ndarray, shape (n,)
        The target of the whole table; a quantity has no classes, and passes.
    labels : sequence
        The labels by code, for the message.

    Raises
    ------
    SplitError
        At the first part that lacks one.
    """
    if is_quantity(y_true):
        return
    wanted = len(np.unique(y_true))
    trained = y_true[split.train]
    larger = "Use a larger split.holdout_fraction"
    _refuse(y_true, y_true[split.holdout], 2, "the holdout", larger, labels)
    for number, (fitted, validated) in enumerate(split.folds.split(), start=1):
        part = f"the training part of fold {number}"
        _refuse(y_true, trained[fitted], wanted, part, "Use a smaller split.fold_count", labels)
        part = f"fold {number}"
        _refuse(y_true, trained[validated], 2, part, "Use a smaller split.fold_count", labels)


def _refuse(
    y_true: TargetArray,
    part: TargetArray,
    wanted: int,
    name: str,
    remedy: str,
    labels: Sequence[object],
) -> None:
    present = np.unique(part)
    if len(present) >= max(wanted, 2):
        return
    absent = np.setdiff1d(np.unique(y_true), present)
    found = f"{name} would have {counted(len(part), 'row')}"
    if len(present) == 1:
        found += f" of a single class ({class_name(int(present[0]), labels)})"
    # A whole table of one class is refused by `validate`; arrays may still come with one.
    if not len(absent):
        raise SplitError(f"split: {found}, so nothing could be judged on it. Bring another class.")
    missing = int(absent[0])
    total = int((y_true == missing).sum())
    raise SplitError(
        f"split: {found} and none of class {class_name(missing, labels)}, which has "
        f"{total:,} of {counted(len(y_true), 'row')}. {remedy}, or bring more rows of that class."
    )
