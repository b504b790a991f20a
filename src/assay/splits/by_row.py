"""Each row's key decides on its place: a random split that stays where it is."""

from collections.abc import Sequence

import numpy as np

from assay.errors import SplitError
from assay.splits.folds import Folds, IntArray, plain_folds
from assay.splits.keys import KeyArray
from assay.splits.parts import (
    Split,
    TargetArray,
    class_name,
    is_quantity,
    refuse_missing_classes,
    strata_of,
)


def split_by_row(
    keys: KeyArray,
    y_true: TargetArray,
    holdout_fraction: float,
    fold_count: int,
    labels: Sequence[object] = (),
) -> Split:
    """Hold out the rows with the lowest keys, and deal the rest to folds, stratum by stratum.

    A row is held out if its key is below a limit that depends on the fraction alone. So neither the
    order of rows nor a seed moves a row, and rows that are added move none between training set and
    holdout; they may move one to another fold. Each fold has its share of every stratum to within
    one row; rows of one key stand together, which may cost it more.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n,)
        Pseudo-random, from `row_keys`; equal keys stay on one side.
    y_true : ndarray, shape (n,)
        Codes or a quantity, which stratify the folds.
    holdout_fraction : float
        Expected share of rows in the holdout, in (0, 1).
    fold_count : int
        Validation folds, at least 2.
    labels : sequence
        The labels by code, for messages.

    Raises
    ------
    SplitError
        If a part would be empty or lack a class; the message says what would work.
    """
    held_out = keys / 2.0**64 < holdout_fraction
    if held_out.all() or not held_out.any():
        placed = "all" if held_out.any() else "none"
        raise SplitError(
            f"split.holdout_fraction of {holdout_fraction:g} puts {placed} of {len(keys):,} rows in "
            f"the holdout. Use a {'smaller' if held_out.any() else 'larger'} fraction, or a longer "
            "table."
        )
    train, holdout = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    _refuse_rare_classes(y_true[train], fold_count, labels)
    folds = _stratified_folds(keys[train], strata_of(y_true[train]), fold_count)
    split = Split(train, holdout, np.empty(0, dtype=np.int64), folds)
    refuse_missing_classes(split, y_true, labels)
    return split


def _refuse_rare_classes(y_true: TargetArray, fold_count: int, labels: Sequence[object]) -> None:
    if is_quantity(y_true):
        return
    classes, counts = np.unique(y_true, return_counts=True)
    rarest = int(np.argmin(counts))
    fewest = int(counts[rarest])
    if fewest < fold_count:
        remedy = f"Use {fewest} folds, merge it" if fewest >= 2 else "Merge it"
        raise SplitError(
            f"split.fold_count of {fold_count}: class {class_name(int(classes[rarest]), labels)} "
            f"has {fewest} of {len(y_true):,} training rows, fewer than folds. {remedy} with "
            "another class, or bring more rows of it."
        )


def _stratified_folds(keys: KeyArray, strata: IntArray, fold_count: int) -> Folds:
    """Deal the distinct keys of one stratum after another to the folds in turn."""
    order = np.lexsort((keys, strata))
    ordered = keys[order]
    turn = np.cumsum(np.r_[False, ordered[1:] != ordered[:-1]])
    if turn[-1] + 1 < fold_count:
        raise SplitError(
            f"split.fold_count of {fold_count} needs as many different training rows, of which "
            f"there are {turn[-1] + 1}. Use fewer folds, or a longer table."
        )
    fold = np.empty(len(keys), dtype=np.int64)
    fold[order] = turn % fold_count + 1
    return plain_folds(fold)
