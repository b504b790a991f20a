"""No group stands on both sides of any boundary: the model is judged on entities it never met."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from assay.errors import SplitError, counted
from assay.splits.folds import Folds, IntArray, plain_folds
from assay.splits.keys import KeyArray, salted
from assay.splits.parts import (
    Split,
    TargetArray,
    class_name,
    is_quantity,
    refuse_missing_classes,
    strata_of,
)

# Orders of the groups that are tried; more than a few dozen hardly improve the balance.
_ORDERS = 32
# One in the holdout, and two in different folds, so that each fold's training part has one.
_GROUPS_OF_A_CLASS = 3


def split_by_group(
    groups: KeyArray,
    y_true: TargetArray,
    holdout_fraction: float,
    fold_count: int,
    labels: Sequence[object] = (),
) -> Split:
    """Hold out whole groups and deal the other groups to folds, balanced in rows and strata.

    Neither the order of rows nor a seed decides; rows that are added may move groups.

    Parameters
    ----------
    groups : ndarray of uint64, shape (n,)
        The key of each row's group, from `group_keys`.
    y_true : ndarray, shape (n,)
        Codes or a quantity, whose strata are balanced.
    holdout_fraction : float
        Wanted share of rows in the holdout, in (0, 1).
    fold_count : int
        Validation folds, at least 2.
    labels : sequence
        The labels by code, for messages.

    Raises
    ------
    SplitError
        If there are too few groups, or a part would lack a class; the message says what would work.
    """
    distinct, member = np.unique(groups, return_inverse=True)
    if len(distinct) < fold_count + 1:
        most = len(distinct) - 1
        remedy = f"Use at most {counted(most, 'fold')}, or" if most >= 2 else "Use"
        raise SplitError(
            f"split.strategy group: {counted(len(distinct), 'group')} in data.group_column, but "
            f"{fold_count} folds and a holdout need {fold_count + 1}. {remedy} another "
            "data.group_column, or split.strategy random."
        )
    counts = _counts(member, strata_of(y_true), len(distinct))
    if not is_quantity(y_true):
        _refuse_rare_classes(np.unique(y_true), counts, labels)
    held_out = _holdout_groups(distinct, counts, holdout_fraction, fold_count)
    fold_of = np.zeros(len(distinct), dtype=np.int64)
    fold_of[~held_out] = _dealt(distinct[~held_out], counts[~held_out], fold_count)
    in_holdout = held_out[member]
    train = np.flatnonzero(~in_holdout)
    folds: Folds = plain_folds(fold_of[member[train]])
    split = Split(train, np.flatnonzero(in_holdout), np.empty(0, dtype=np.int64), folds)
    refuse_missing_classes(split, y_true, labels)
    return split


def _refuse_rare_classes(
    classes: TargetArray, counts: npt.NDArray[np.float64], labels: Sequence[object]
) -> None:
    """Refuse a class that cannot be in the holdout and in the training part of every fold."""
    with_class = (counts[:, :-1] > 0).sum(axis=0)
    rarest = int(np.argmin(with_class))
    if with_class[rarest] < _GROUPS_OF_A_CLASS:
        raise SplitError(
            f"split.strategy group: class {class_name(int(classes[rarest]), labels)} is in "
            f"{counted(int(with_class[rarest]), 'group')} of {len(counts):,}, but the holdout and "
            f"two folds need one each, {_GROUPS_OF_A_CLASS} together. Bring more groups that have "
            "it, merge it with another class, or use split.strategy random."
        )


def _counts(member: IntArray, strata: IntArray, group_count: int) -> npt.NDArray[np.float64]:
    """Return the rows of each group in each stratum, and in all, shape (groups, strata + 1)."""
    _, stratum = np.unique(strata, return_inverse=True)
    table = np.zeros((group_count, int(stratum.max()) + 1))
    np.add.at(table, (member, stratum), 1)
    return np.column_stack([table, table.sum(axis=1)])


def _holdout_groups(
    groups: KeyArray, counts: npt.NDArray[np.float64], fraction: float, fold_count: int
) -> npt.NDArray[np.bool_]:
    """Return the mask of the groups whose share of rows and of each stratum is nearest the fraction.

    The first groups of each of some pseudo-random orders compete; the worst deviation counts.
    """
    best, chosen = np.inf, np.empty(0, dtype=np.int64)
    for salt in range(_ORDERS):
        order = np.argsort(salted(groups, salt), kind="stable")
        # At least as many groups as folds must be left.
        shares = np.cumsum(counts[order], axis=0)[: len(groups) - fold_count] / counts.sum(axis=0)
        deviation = np.abs(shares - fraction).max(axis=1)
        last = int(np.argmin(deviation))
        if deviation[last] < best:
            best, chosen = deviation[last], order[: last + 1]
    mask = np.zeros(len(groups), dtype=np.bool_)
    mask[chosen] = True
    return mask


def _dealt(groups: KeyArray, counts: npt.NDArray[np.float64], fold_count: int) -> IntArray:
    """Return the fold of each group, 1 and up: large groups first, each where it adds least.

    The sum over folds and strata of squared shares is what grows least, as it is smallest where all
    folds are alike.
    """
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    load = np.zeros((fold_count, counts.shape[1]))
    fold = np.zeros(len(groups), dtype=np.int64)
    for group in np.lexsort((groups, -counts[:, -1])):
        added = int(np.argmin(load @ shares[group]))
        load[added] += shares[group]
        fold[group] = added + 1
    return fold
