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
        _refuse_rare_classes(np.unique(y_true), counts, fold_count, labels)
    held_out = _holdout_groups(
        distinct, counts, holdout_fraction, fold_count, not is_quantity(y_true)
    )
    fold_of = np.zeros(len(distinct), dtype=np.int64)
    fold_of[~held_out] = _dealt(distinct[~held_out], counts[~held_out], fold_count)
    in_holdout = held_out[member]
    train = np.flatnonzero(~in_holdout)
    folds: Folds = plain_folds(fold_of[member[train]])
    split = Split(train, np.flatnonzero(in_holdout), np.empty(0, dtype=np.int64), folds)
    refuse_missing_classes(split, y_true, labels)
    return split


def _refuse_rare_classes(
    classes: TargetArray,
    counts: npt.NDArray[np.float64],
    fold_count: int,
    labels: Sequence[object],
) -> None:
    """Refuse a class that cannot be in each part that needs it."""
    with_class = (counts[:, :-1] > 0).sum(axis=0)
    rarest = int(np.argmin(with_class))
    found, needed = int(with_class[rarest]), _needed_by_folds(len(classes), fold_count)
    parts = "two folds need one each"
    # The holdout needs two classes, whichever they are.
    if len(classes) == 2:
        needed += 1
        parts = f"the holdout and {fold_count} folds need one each, {needed} together"
    if found < needed:
        fewer = len(classes) == 2 and found > 2
        remedy = f"Use at most {counted(found - 1, 'fold')}, bring" if fewer else "Bring"
        raise SplitError(
            f"split.strategy group: class {class_name(int(classes[rarest]), labels)} is in "
            f"{counted(found, 'group')} of {len(counts):,}, but {parts}. {remedy} more groups that "
            "have it, merge it with another class, or use split.strategy random."
        )


def _needed_by_folds(class_count: int, fold_count: int) -> int:
    """Return in how many groups that are dealt to folds a class must be.

    Each training part needs every class, so two folds must have it; each fold needs two classes, so
    of only two every fold must have both.
    """
    return fold_count if class_count == 2 else 2


def _counts(member: IntArray, strata: IntArray, group_count: int) -> npt.NDArray[np.float64]:
    """Return the rows of each group in each stratum, and in all, shape (groups, strata + 1)."""
    _, stratum = np.unique(strata, return_inverse=True)
    table = np.zeros((group_count, int(stratum.max()) + 1))
    np.add.at(table, (member, stratum), 1)
    return np.column_stack([table, table.sum(axis=1)])


def _holdout_groups(
    groups: KeyArray,
    counts: npt.NDArray[np.float64],
    fraction: float,
    fold_count: int,
    has_classes: bool,
) -> npt.NDArray[np.bool_]:
    """Return the mask of the groups whose share of rows and of each stratum is nearest the fraction.

    The first groups of each of some pseudo-random orders compete, as they come and with a group of
    each class put first. Only those count that hold out every class and leave the folds enough of
    each; where there are none, those that hold out two classes.
    """
    # The fifths of a quantity are balanced, but may be absent.
    has = counts[:, :-1] > 0 if has_classes else np.zeros((len(groups), 0), dtype=np.bool_)
    needed = _needed_by_folds(has.shape[1], fold_count)
    orders = [np.argsort(salted(groups, salt), kind="stable") for salt in range(_ORDERS)]
    if has_classes:
        # Small groups reach every class with the fewest rows, should chance not.
        smallest = np.lexsort((groups, counts[:, -1]))
        orders += [_classes_first(order, has, needed) for order in (*orders, smallest)]
    # A class that the folds need whole can be in no holdout.
    spared = int((has.sum(axis=0) > needed).sum())
    for wanted in dict.fromkeys([spared, min(2, spared)]):
        best, chosen = np.inf, None
        for order in orders:
            # At least as many groups as folds must be left.
            deviation = _deviation(counts[order], fraction)[: len(groups) - fold_count]
            deviation[~_covers(has[order], wanted, needed)[: len(groups) - fold_count]] = np.inf
            last = int(np.argmin(deviation))
            if deviation[last] < best:
                best, chosen = deviation[last], order[: last + 1]
        if chosen is not None:
            mask = np.zeros(len(groups), dtype=np.bool_)
            mask[chosen] = True
            return mask
    raise SplitError(
        f"split.strategy group: no holdout found among {len(groups):,} groups that has two classes "
        f"and leaves {fold_count} groups to the folds, {needed} of them with each class. Bring more "
        "groups of the rare classes, merge them, or use split.strategy random."
    )


def _deviation(counts: npt.NDArray[np.float64], fraction: float) -> npt.NDArray[np.float64]:
    """Return how far the first groups are from the fraction, in rows and in the mean stratum."""
    squared = (np.cumsum(counts, axis=0) / counts.sum(axis=0) - fraction) ** 2
    deviation: npt.NDArray[np.float64] = squared[:, -1] + squared[:, :-1].mean(axis=1)
    return deviation


def _covers(has: npt.NDArray[np.bool_], wanted: int, needed: int) -> npt.NDArray[np.bool_]:
    """Say of the first groups whether they have as many classes, and leave each in enough others."""
    taken = np.cumsum(has, axis=0)
    left = has.sum(axis=0) - taken
    found = ((taken > 0).sum(axis=1) >= wanted) & (left >= needed).all(axis=1)
    return np.asarray(found, dtype=np.bool_)


def _classes_first(order: IntArray, has: npt.NDArray[np.bool_], needed: int) -> IntArray:
    """Put the first group of each class in front, the rarest class first, if the folds can spare it.

    Groups that they cannot spare go to the end.
    """
    left = has.sum(axis=0)
    taken = np.zeros(len(order), dtype=np.bool_)
    for code in np.argsort(left, kind="stable"):
        having = order[has[order, code]]
        if taken[having].any():
            continue
        spare = having[(left - has[having] >= needed).all(axis=1)]
        if len(spare):
            taken[spare[0]] = True
            left = left - has[spare[0]]
    rest = order[~taken[order]]
    kept = (has[rest] & (np.cumsum(has[rest], axis=0) > left - needed)).any(axis=1)
    return np.concatenate([order[taken[order]], rest[~kept], rest[kept]])


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
