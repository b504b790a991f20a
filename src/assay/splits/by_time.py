"""The latest rows are the holdout, and folds expand in time; groups may have to be new."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from assay.errors import SplitError, counted
from assay.splits.folds import BoolArray, Folds, IntArray
from assay.splits.keys import KeyArray
from assay.splits.parts import Split, TargetArray, refuse_missing_classes

TimeArray = npt.NDArray[np.datetime64]

# Of a day.
_MICROSECONDS = 86_400_000_000


def split_by_time(
    times: TimeArray,
    y_true: TargetArray,
    holdout_fraction: float,
    fold_count: int,
    embargo_days: float = 0.0,
    labels: Sequence[object] = (),
) -> Split:
    """Hold out the latest rows and make expanding folds of the earlier ones.

    Rows of one time stand on one side of every boundary. The training rows are cut at their time
    quantiles into `fold_count + 1` blocks; fold k validates on block k and trains on the blocks
    before it. Rows up to the embargo before a boundary train nothing beyond it.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n,)
        When each row is decided on; none missing, any order.
    y_true : ndarray, shape (n,)
        Codes or a quantity; used to refuse parts that lack a class, never to place a row.
    holdout_fraction : float
        Wanted share of rows in the holdout, in (0, 1); rows that tie with its first one add to it.
    fold_count : int
        Validation folds, at least 2.
    embargo_days : float
        Length of the embargo, at least 0.
    labels : sequence
        The labels by code, for messages.

    Raises
    ------
    SplitError
        If a part would be empty or lack a class; the message says what would work.
    """
    split = _in_time_order(times, holdout_fraction, fold_count, embargo_days)
    refuse_missing_classes(split, y_true, labels)
    return split


def split_by_group_and_time(
    times: TimeArray,
    groups: KeyArray,
    y_true: TargetArray,
    holdout_fraction: float,
    fold_count: int,
    embargo_days: float = 0.0,
    drop_seen: bool = True,
    labels: Sequence[object] = (),
) -> Split:
    """Split by time, and judge only on groups that did not train.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n,)
    groups : ndarray of uint64, shape (n,)
        The key of each row's group.
    y_true : ndarray, shape (n,)
    holdout_fraction, fold_count, embargo_days, labels
        As in `split_by_time`.
    drop_seen : bool
        Drop rows from the holdout whose group has training rows, and validate no row in a fold that
        its group trains; such a row still trains later folds. If false, they are kept and counted.

    Raises
    ------
    SplitError
        If a part would be empty or lack a class; the message says what would work.
    """
    split = _in_time_order(times, holdout_fraction, fold_count, embargo_days)
    if drop_seen:
        split = _without_seen_groups(split, groups)
    refuse_missing_classes(split, y_true, labels)
    return split


def _in_time_order(
    times: TimeArray, holdout_fraction: float, fold_count: int, embargo_days: float
) -> Split:
    embargo = embargo_of(embargo_days)
    times = times.astype("datetime64[us]")
    start = _boundary(times, 1 - holdout_fraction)
    if start is None:
        earliest = int((times == times.min()).sum()) if len(times) else 0
        raise SplitError(
            f"split.strategy: {earliest:,} of {len(times):,} rows have the earliest time, so the "
            f"latest {holdout_fraction:.0%} cannot be told apart. "
            + (
                f"Use a split.holdout_fraction below {1 - earliest / len(times):.2g}, or another "
                "data.time_column."
                if earliest < len(times)
                else "Name another data.time_column, or use split.strategy random."
            )
        )
    holdout = times >= start
    train = times < start - embargo
    _refuse_long_embargo(np.sort(times), start, fold_count, embargo)
    return Split(
        np.flatnonzero(train),
        np.flatnonzero(holdout),
        np.empty(0, dtype=np.int64),
        _expanding_folds(times[train], fold_count, embargo),
    )


def embargo_of(days: float) -> np.timedelta64:
    """Return an embargo as a span of time, to the microsecond."""
    return np.timedelta64(round(days * _MICROSECONDS), "us")


def _refuse_long_embargo(
    ordered: TimeArray, start: np.datetime64, fold_count: int, embargo: np.timedelta64
) -> None:
    """Stop if the embargo leaves nothing to train on, and say how long it may be."""

    def trains(span: int) -> bool:
        """Say whether a first row is left, and earlier than the first fold by more than a span."""
        count = int(np.searchsorted(ordered, start - np.timedelta64(span, "us")))
        first = ordered[0] + np.timedelta64(span, "us")
        return count > 0 and bool(first < ordered[count // (fold_count + 1)])

    asked = int(embargo.astype(np.int64))
    left = ordered[0] < start - embargo
    # Where no embargo would do either, it is ties that leave nothing.
    if trains(asked) or (left and not trains(0)):
        return
    days = float((start - ordered[0]) / np.timedelta64(1, "D"))
    found = f"fold 1 of {fold_count} without training rows" if left else "no row before the holdout"
    # The longer it is, the fewer rows and the earlier folds are left.
    longest = bisect_left(range(asked), True, key=lambda span: not trains(span)) - 1
    shorter = f"Shorten it to at most {_floored(longest / _MICROSECONDS)} days, or use"
    raise SplitError(
        f"split.embargo_days of {asked / _MICROSECONDS:g} leaves {found}, which starts at {start}, "
        f"{days:.3g} days after the first row. {shorter if longest >= 0 else 'Use'} fewer folds."
    )


def _floored(days: float) -> str:
    """Write a number of days so that it is not above what it was, to a thousandth."""
    return f"{int(days * 1000) / 1000:g}"


def _boundary(times: TimeArray, quantile: float) -> np.datetime64 | None:
    """Return the time at a quantile; rows from it on are later. None if no row would be earlier."""
    ordered = np.sort(times)
    if not len(ordered):
        return None
    start = ordered[min(int(quantile * len(ordered)), len(ordered) - 1)]
    return start if start > ordered[0] else None


def _expanding_folds(times: TimeArray, fold_count: int, embargo: np.timedelta64) -> Folds:
    ordered = np.sort(times)
    edges = _edges(ordered, fold_count)
    tied = _tied(ordered, edges)
    if tied is not None:
        raise _too_many_folds(ordered, fold_count, embargo, tied)
    fold = np.searchsorted(edges, times, side="right").astype("int64")
    # The first fold that starts at least the embargo after the row.
    trains_from = np.searchsorted(edges - embargo, times, side="right").astype("int64") + 1
    return Folds(fold, trains_from)


def _edges(ordered: TimeArray, fold_count: int) -> TimeArray:
    """Return when each fold begins, shape (fold_count,)."""
    edges: TimeArray = ordered[np.arange(1, fold_count + 1) * len(ordered) // (fold_count + 1)]
    return edges


def _tied(ordered: TimeArray, edges: TimeArray) -> np.datetime64 | None:
    """Return the first time at which two blocks would begin; None if each has rows of its own."""
    begins = np.concatenate([ordered[:1], edges])
    same = np.flatnonzero(begins[1:] == begins[:-1])
    return begins[same[0]] if len(same) else None


def _too_many_folds(
    ordered: TimeArray, fold_count: int, embargo: np.timedelta64, tied: np.datetime64
) -> SplitError:
    """Name the time that ties, and the most folds that would do."""
    remedy = "Use another data.time_column, or split.strategy random."
    for fewer in range(fold_count - 1, 1, -1):
        edges = _edges(ordered, fewer)
        if _tied(ordered, edges) is None and ordered[0] + embargo < edges[0]:
            remedy = f"Use {fewer} folds, or a finer data.time_column."
            break
    rows = int((ordered == tied).sum())
    return SplitError(
        f"split.fold_count of {fold_count}: {rows:,} of {counted(len(ordered), 'training row')} "
        f"have the time {tied} and stand together, too many for {fold_count + 1} blocks "
        f"in time. {remedy}"
    )


def _without_seen_groups(split: Split, groups: KeyArray) -> Split:
    """Take rows whose group trains out of what judges."""
    seen = np.isin(groups[split.holdout], groups[split.train])
    if seen.all():
        raise SplitError(
            f"split.seen_groups drop: all {len(seen):,} rows of the holdout belong to groups with "
            "training rows, so none is left. Use split.seen_groups keep, or split.strategy group."
        )
    return Split(
        split.train,
        split.holdout[~seen],
        split.holdout[seen],
        _new_groups_only(split.folds, groups[split.train]),
    )


def _new_groups_only(folds: Folds, groups: KeyArray) -> Folds:
    fold: IntArray = folds.fold.copy()
    for number in range(1, folds.fold_count + 1):
        validated: BoolArray = folds.fold == number
        seen = validated & np.isin(groups, groups[folds.training_mask(number)])
        if (seen == validated).all():
            raise SplitError(
                f"split.seen_groups drop: all {validated.sum():,} rows of fold {number} belong to "
                "groups that train it, so none is left. Use a smaller split.fold_count, "
                "split.seen_groups keep, or split.strategy group."
            )
        fold[seen] = 0
    return Folds(fold, folds.trains_from)
