"""The fold of each training row: which rows train a model, and which judge it.

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

from assay.errors import ArtifactError
from assay.schema import ROW

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


def plain_folds(fold: IntArray) -> Folds:
    """Return folds of which each trains on all others.

    Parameters
    ----------
    fold : ndarray of int, shape (n,)
        The fold in which each row is validated, 1 and up.
    """
    return Folds(fold, np.zeros(len(fold), dtype=np.int64))


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
