"""Which rows the model may see, and which judge it: the holdout and the folds.

A fold assignment is two integers a row, so that every strategy has one rule and one file:
`fold` is the fold in which the row is validated (0: never), and `trains_from` is the first fold in
whose training part it stands. The training part of fold k is every row with `trains_from <= k` and
`fold != k`. In expanding folds a row trains the folds after its own; in k-fold, all others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.errors import ArtifactError, SplitError
from assay.params import SplitParams
from assay.schema import ROW, Schema

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Folds:
    """The fold assignment of a training set; also a scikit-learn splitter.

    Attributes
    ----------
    fold : ndarray of int, shape (n,)
        The fold in which the row is validated, 1 to `fold_count`; 0 if in none.
    trains_from : ndarray of int, shape (n,)
        The first fold whose training part has the row.
    """

    fold: IntArray
    trains_from: IntArray

    @property
    def fold_count(self) -> int:
        """The number of folds."""
        return int(self.fold.max())

    @property
    def validated(self) -> BoolArray:
        """Mask of the rows that have an out-of-fold prediction, shape (n,)."""
        mask: BoolArray = self.fold > 0
        return mask

    @property
    def ordered(self) -> bool:
        """Whether folds follow each other in time, so that none trains on a later one."""
        return bool(np.any(self.trains_from > 0))

    def training_mask(self, fold: int) -> BoolArray:
        """Mask of the rows that train the given fold, shape (n,)."""
        mask: BoolArray = (self.trains_from <= fold) & (self.fold != fold)
        return mask

    def split(
        self, X: Any = None, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the positions of the training and validation rows of each fold.

        Raises
        ------
        ValueError
            If `X` does not have the rows that the folds were made for.
        """
        if X is not None and len(X) != len(self.fold):
            raise ValueError(f"the folds are for {len(self.fold)} rows, got {len(X)}")
        for fold in range(1, self.fold_count + 1):
            yield np.flatnonzero(self.training_mask(fold)), np.flatnonzero(self.fold == fold)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds; the arguments are ignored (scikit-learn's protocol)."""
        return self.fold_count


@dataclass(frozen=True)
class Split:
    """A holdout and the folds of the rest.

    Attributes
    ----------
    train, holdout : ndarray of int
        Positions of the rows of each part, ascending. A row in neither is embargoed.
    folds : Folds
        The folds of the training rows, in the order of `train`.
    proof : dict
        Finite numbers and texts that show what the split claims.
    """

    train: IntArray
    holdout: IntArray
    folds: Folds
    proof: dict[str, Any]


def split_table(table: pd.DataFrame, schema: Schema, params: SplitParams) -> Split:
    """Split a validated table as the section `split` asks.

    Raises
    ------
    SplitError
        If the split cannot be made; the message says what would work.
    """
    if schema.time_column is None:
        raise SplitError(
            f"split.strategy {params.strategy} needs a data.time_column, which is null. Name one."
        )
    return split_by_time(
        table[schema.time_column].to_numpy(),
        table[schema.target].to_numpy(),
        params.holdout_fraction,
        params.fold_count,
        params.embargo_days,
    )


def split_summary(split: Split, table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """Return the scalars of `metrics/split.json`: sizes, class balance and the proof."""
    y_true = table[schema.target].to_numpy()
    summary: dict[str, Any] = {
        "train_count": len(split.train),
        "holdout_count": len(split.holdout),
        "holdout_rate": len(split.holdout) / len(table),
        "train_positive_rate": float(y_true[split.train].mean()),
        "holdout_positive_rate": float(y_true[split.holdout].mean()),
        "fold_count": split.folds.fold_count,
        "out_of_fold_count": int(split.folds.validated.sum()),
        **split.proof,
    }
    for number, (fitted, validated) in enumerate(split.folds.split(), start=1):
        summary[f"fold_{number}"] = {
            "train_count": len(fitted),
            "validation_count": len(validated),
            "validation_positive_rate": float(y_true[split.train][validated].mean()),
        }
    return summary


def folds_table(train: pd.DataFrame, folds: Folds) -> pd.DataFrame:
    """Return the fold assignment as the table of `data/split/folds.parquet`."""
    return pd.DataFrame(
        {ROW: train[ROW].to_numpy(), "fold": folds.fold, "trains_from": folds.trains_from}
    )


def folds_from_table(table: pd.DataFrame, train: pd.DataFrame) -> Folds:
    """Read back what `folds_table` gave for these training rows.

    Raises
    ------
    ArtifactError
        If the folds are those of other rows, or in another order.
    """
    if table[ROW].tolist() != train[ROW].tolist():
        raise ArtifactError(
            "data/split/folds.parquet is not about the rows of data/split/train.parquet. "
            "Run `dvc repro split`."
        )
    return Folds(table["fold"].to_numpy(), table["trains_from"].to_numpy())


def split_by_time(
    times: npt.NDArray[np.datetime64],
    y_true: npt.NDArray[np.integer[Any]],
    holdout_fraction: float,
    fold_count: int,
    embargo_days: float = 0.0,
) -> Split:
    """Hold out the latest rows and make expanding folds of the earlier ones.

    Rows of one time stand on one side of every boundary. The training rows are cut at their time
    quantiles into `fold_count + 1` blocks; fold k validates on block k and trains on the blocks
    before it. Rows up to the embargo before a boundary train nothing beyond it.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n,)
        When each row is decided on; none missing, any order.
    y_true : ndarray of int, shape (n,)
        The classes; used to refuse parts that lack one, never to place a row.
    holdout_fraction : float
        Wanted share of rows in the holdout, in (0, 1); rows that tie with its first one add to it.
    fold_count : int
        Validation folds, at least 2.
    embargo_days : float
        Length of the embargo, at least 0.

    Raises
    ------
    SplitError
        If a part would be empty or have a single class; the message says what would work.
    """
    embargo = np.timedelta64(round(embargo_days * 86_400_000_000), "us")
    times = times.astype("datetime64[us]")
    start = _boundary(times, 1 - holdout_fraction)
    if start is None:
        raise SplitError(
            f"split.strategy time: {(times == times.min()).sum()} of {len(times)} rows have the "
            f"earliest time, so the latest {holdout_fraction:.0%} cannot be told apart. Use a "
            "smaller split.holdout_fraction, or another data.time_column."
        )
    holdout = times >= start
    train = times < start - embargo
    if not train.any():
        raise SplitError(
            f"split.embargo_days of {embargo_days:g} leaves no row before the holdout, which "
            f"starts at {start}. Shorten it."
        )
    folds = _expanding_folds(times[train], fold_count, embargo)
    _refuse_single_class(y_true[holdout], "the holdout", "split.holdout_fraction")
    for fold, (fitted, validated) in enumerate(folds.split(), start=1):
        _refuse_single_class(y_true[train][fitted], f"the training part of fold {fold}", _FEWER)
        _refuse_single_class(y_true[train][validated], f"fold {fold}", _FEWER)
    return Split(
        np.flatnonzero(train),
        np.flatnonzero(holdout),
        folds,
        _time_proof(times, train, holdout, folds),
    )


_FEWER = "split.fold_count"


def _boundary(times: npt.NDArray[np.datetime64], quantile: float) -> np.datetime64 | None:
    """Return the time at a quantile; rows from it on are later. None if no row would be earlier."""
    ordered = np.sort(times)
    start = ordered[min(int(quantile * len(ordered)), len(ordered) - 1)]
    return start if start > ordered[0] else None


def _expanding_folds(
    times: npt.NDArray[np.datetime64], fold_count: int, embargo: np.timedelta64
) -> Folds:
    ordered = np.sort(times)
    cuts = [ordered[k * len(ordered) // (fold_count + 1)] for k in range(1, fold_count + 1)]
    edges = np.array(cuts, dtype=times.dtype)
    if len(np.unique(edges)) < fold_count or edges[0] == ordered[0]:
        distinct = len(np.unique(times))
        raise SplitError(
            f"split.fold_count of {fold_count} needs more distinct times than the {distinct} that "
            "the training rows have at their quantiles. Use fewer folds."
        )
    fold = np.searchsorted(edges, times, side="right").astype("int64")
    # The first fold that starts at least the embargo after the row.
    trains_from = np.searchsorted(edges - embargo, times, side="right").astype("int64") + 1
    folds = Folds(fold, trains_from)
    for k in range(1, fold_count + 1):
        if not folds.training_mask(k).any():
            raise SplitError(
                f"split.embargo_days leaves fold {k} without training rows. "
                "Shorten it or use fewer folds."
            )
    return folds


def _refuse_single_class(y_true: npt.NDArray[np.integer[Any]], part: str, key: str) -> None:
    classes = np.unique(y_true)
    if len(classes) < 2:
        remedy = "Use fewer folds" if key == _FEWER else "Use a larger fraction"
        raise SplitError(
            f"{key}: {part} would have {len(y_true)} rows of a single class "
            f"({classes[0] if len(classes) else 'none'}), so nothing could be judged on it. "
            f"{remedy}, or a longer table."
        )


def _time_proof(
    times: npt.NDArray[np.datetime64], train: BoolArray, holdout: BoolArray, folds: Folds
) -> dict[str, Any]:
    """State the extremes of each part, and that no training row is as late as what it judges."""
    fold_gaps = [
        times[train][validated].min() > times[train][fitted].max()
        for fitted, validated in folds.split()
    ]
    latest, first = times[train].max(), times[holdout].min()
    if not (latest < first and all(fold_gaps)):
        raise AssertionError("a training row is not earlier than the rows it is judged by")
    return {
        "train_first_time": str(times[train].min()),
        "train_last_time": str(latest),
        "holdout_first_time": str(first),
        "holdout_last_time": str(times[holdout].max()),
        "gap_days": float((first - latest) / np.timedelta64(1, "D")),
        "time_overlap_count": int((times[train] >= first).sum()),
        "embargoed_count": int((~train & ~holdout).sum()),
    }
