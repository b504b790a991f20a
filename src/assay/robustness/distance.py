"""Which rows are far from all training rows, as the model sees them."""

from typing import Any

import numpy as np

from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import IntArray

NEIGHBOURS = 5
# The share of training rows that count as far.
FAR_RATE = 0.01
MOST_ROWS = 5_000
_FOLDS = 5
# Distances that differ by less differ by rounding.
_DIGITS = 9
_FEWEST_ROWS = 20


def reference_rows(count: int, seed: int) -> IntArray:
    """Return the positions of the training rows that others are compared with: 5,000 at most."""
    rng = np.random.default_rng([seed, 3])
    rows: IntArray = np.sort(rng.permutation(count)[:MOST_ROWS]).astype(np.int64)
    return rows


def far_from_training(
    matrix: FloatArray, reference: FloatArray, units: IntArray | None, seed: int
) -> "np.ndarray[Any, np.dtype[np.bool_]] | None":
    """Return the rows whose nearest training rows are farther than those of nearly all training rows.

    Far is a mean distance to the 5 nearest training rows above the 99% quantile of the same distance
    among training rows, none of which counts as its own neighbour: of new rows of the same kind, 1%.

    Parameters
    ----------
    matrix : ndarray, shape (n, m)
        Rows as the model sees them: numbers in standard deviations of training, categories 0 or 1, so
        that another category is the root of 2 away.
    reference : ndarray, shape (t, m)
        Training rows, from `reference_rows`.
    units : ndarray of int, shape (t,), optional
        Where groups are new, the group of each training row: rows of a group are no neighbours.
    seed : int

    Returns
    -------
    ndarray of bool, shape (n,), or None
        None of fewer than 20 training rows, or without columns.

    References
    ----------
    Ramaswamy, Rastogi and Shim 2000, "Efficient algorithms for mining outliers from large data sets".
    """
    if len(reference) < _FEWEST_ROWS or not matrix.shape[1]:
        return None
    if units is None:
        own = _mean_distance(reference, None)
    else:
        own = _across_folds(reference, units, np.random.default_rng([seed, 4]))
    far: np.ndarray[Any, np.dtype[np.bool_]] = _mean_distance(reference, matrix) > np.quantile(
        own, 1 - FAR_RATE
    )
    return far


def _across_folds(reference: FloatArray, unit: IntArray, rng: np.random.Generator) -> FloatArray:
    """Return each row's distance to rows of other folds, in which no group is split."""
    numbers = np.unique(unit, return_inverse=True)[1]
    fold = (rng.permutation(int(numbers.max()) + 1) % _FOLDS)[numbers]
    own = np.full(len(reference), np.nan)
    for number in range(_FOLDS):
        inside = fold == number
        if inside.any() and (~inside).sum() > NEIGHBOURS:
            own[inside] = _mean_distance(reference[~inside], reference[inside])
    known: FloatArray = own[~np.isnan(own)]
    return known if len(known) else _mean_distance(reference, None)


def _mean_distance(reference: FloatArray, rows: FloatArray | None) -> FloatArray:
    """Return the mean distance to the nearest reference rows; of None, of each to the others."""
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute", n_jobs=1).fit(reference)
    distances = nearest.kneighbors(rows)[0]
    mean: FloatArray = np.round(distances.mean(axis=1), _DIGITS)
    return mean
