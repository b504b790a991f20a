"""How strongly each two features go together, whatever their kinds: from 0 to 1."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.metrics.core import FloatArray
from assay.schema import Schema
from assay.uncertainty.bootstrap import IntArray

# Rows that are looked at: the standard error of a rank correlation of 0.7 is then below 0.01.
_ROWS = 5_000
# Categories beyond share one: a table of counts stays small, and rare ones say nothing of a pair.
_CATEGORIES = 50
# Two numbers that are known together in fewer rows go together by chance.
_FEWEST = 30


def associations(train: pd.DataFrame, schema: Schema, seed: int) -> FloatArray:
    """Return the association of each two features on a sample of training rows.

    Two numbers: the absolute rank correlation (Spearman) where both are known; ranks are those among
    all known values. Two categories: Cramer's V, corrected for the chance that many cells give. A
    category and a number: the root of the share of the ranks' variance that lies between categories,
    corrected for their number. A missing category is one.

    Parameters
    ----------
    train : DataFrame
        Training rows with the features in model form.
    schema : Schema
    seed : int
        Of the sample of at most 5,000 rows.

    Returns
    -------
    ndarray, shape (p, p)
        Symmetric, in the order of the schema, with 1 in the diagonal.

    References
    ----------
    Bergsma 2013, "A bias-correction for Cramer's V and Tschuprow's T"; Kelley 1935 (the correlation
    ratio without bias).
    """
    sample = _sample(train[schema.feature_names], seed)
    numeric = np.array([feature.kind == "numeric" for feature in schema.features])
    found = np.eye(len(numeric))
    numbers, others = np.flatnonzero(numeric), np.flatnonzero(~numeric)
    ranks = centred_ranks(sample.iloc[:, numbers])
    found[np.ix_(numbers, numbers)] = _rank_correlations(ranks)
    codes = [category_codes(sample.iloc[:, position]) for position in others]
    for place, position in enumerate(others):
        for other, number in enumerate(numbers):
            ratio = correlation_ratio(codes[place], ranks[:, other])
            found[position, number] = found[number, position] = np.sqrt(ratio)
        for second in range(place):
            v = cramers_v(codes[place], codes[second])
            found[position, others[second]] = found[others[second], position] = v
    np.fill_diagonal(found, 1.0)
    return found


def _sample(features: pd.DataFrame, seed: int) -> pd.DataFrame:
    if len(features) <= _ROWS:
        return features
    order = np.random.default_rng([seed, 11]).permutation(len(features))[:_ROWS]
    return features.iloc[np.sort(order)]


def centred_ranks(numbers: pd.DataFrame) -> FloatArray:
    """Return the ranks of each column among its known values, less their mean; NaN where missing."""
    ranks = numbers.rank().to_numpy(dtype=float)
    count = np.sum(~np.isnan(ranks), axis=0)
    centred: FloatArray = ranks - (count + 1) / 2
    return centred


def _rank_correlations(ranks: FloatArray) -> FloatArray:
    known = (~np.isnan(ranks)).astype(float)
    values = np.nan_to_num(ranks)
    both = known.T @ known
    total = values.T @ known
    n = np.maximum(both, 1)
    spread = (values**2).T @ known - total**2 / n
    shared = values.T @ values - total * total.T / n
    scale = np.sqrt(np.maximum(spread * spread.T, 0))
    defined = (both >= _FEWEST) & (scale > 1e-9 * n)
    found = np.divide(np.abs(shared), scale, out=np.zeros_like(scale), where=defined)
    bounded: FloatArray = np.clip(found, 0, 1)
    return bounded


def category_codes(column: "pd.Series[Any]") -> IntArray:
    """Return categories as codes from 0 on: the 50 most frequent, all others as one, missing as one."""
    counts = column.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    codes = pd.Categorical(column, categories=counts.index[:_CATEGORIES]).codes.astype("int64")
    other = (codes < 0) & column.notna().to_numpy()
    codes = np.where(other, _CATEGORIES, codes)
    codes = np.where(codes < 0, _CATEGORIES + 1, codes)
    dense: IntArray = np.unique(codes, return_inverse=True)[1].astype("int64")
    return dense


def cramers_v(first: IntArray, second: IntArray) -> float:
    """Return Cramer's V of two columns of codes from 0 on, corrected for chance; 0 if one is constant."""
    n = len(first)
    shape = (int(first.max(initial=0)) + 1, int(second.max(initial=0)) + 1)
    if n < 2 or min(shape) < 2:
        return 0.0
    counts = np.bincount(first * shape[1] + second, minlength=shape[0] * shape[1])
    counts = counts.reshape(shape)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    phi = float(((counts - expected) ** 2 / expected).sum()) / n
    rows, columns = shape
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1))
    return float(np.sqrt(min(1.0, phi / (least - 1)))) if least > 1 else 0.0


def correlation_ratio(codes: IntArray, numbers: npt.NDArray[np.float64]) -> float:
    """Return the share of a number's variance between categories, corrected for their number.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
    numbers : ndarray, shape (n,)
        NaN where missing; such rows are left out.
    """
    known = ~np.isnan(numbers)
    codes, numbers = codes[known], numbers[known]
    n = len(numbers)
    if n < _FEWEST:
        return 0.0
    count = np.bincount(codes)
    centred = numbers - numbers.mean()
    spread = float((centred**2).sum())
    present = int((count > 0).sum())
    if spread <= 0 or n <= present:
        return 0.0
    between = float((np.bincount(codes, centred) ** 2 / np.maximum(count, 1)).sum())
    within = 1 - between / spread
    return float(np.clip(1 - within * (n - 1) / (n - present), 0, 1))
