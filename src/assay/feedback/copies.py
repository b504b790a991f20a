"""Rows with the same features and different classes, where features are too detailed for chance."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.metrics.core import LabelArray
from assay.uncertainty.bootstrap import IntArray

# Sets of copies that chance may make, at most, if features had nothing to do with each other.
_BY_CHANCE = 0.01


@dataclass(frozen=True)
class Contradictions:
    """Rows that are copies of each other but for their class.

    Attributes
    ----------
    rows : ndarray of int, shape (s,)
        Positions, copies beside each other.
    sets : int
        How many sets of copies they are.
    """

    rows: IntArray
    sets: int


def contradicting_copies(features: pd.DataFrame, label: LabelArray) -> Contradictions:
    """Find rows that have the same value in every feature, and another class.

    Where features are few and coarse, equal rows with different outcomes are what happens. They are
    told only where chance would hardly make two equal rows at all (the sum of squared shares of each
    feature's values, multiplied over features, times the pairs of rows).

    Parameters
    ----------
    features : DataFrame, shape (n, p)
        In model form.
    label : ndarray of int, shape (n,)
    """
    n = len(features)
    chance = n * (n - 1) / 2
    for name in features.columns:
        shares = features[name].value_counts(dropna=False, normalize=True).to_numpy()
        chance *= float((shares**2).sum())
    if chance > _BY_CHANCE:
        return Contradictions(np.empty(0, dtype=np.int64), 0)
    keys = features.groupby(list(features.columns), dropna=False, sort=False).ngroup().to_numpy()
    kinds = pd.Series(label).groupby(keys).nunique()
    mixed = np.isin(keys, kinds.index[kinds > 1].to_numpy())
    rows = np.flatnonzero(mixed)
    rows = rows[np.lexsort((rows, keys[rows]))]
    return Contradictions(rows.astype(np.int64), int((kinds > 1).sum()))
