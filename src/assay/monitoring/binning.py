"""Bins of numbers and of categories: made once from training rows, counted in every batch."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.metrics.core import FloatArray

IntArray = npt.NDArray[np.int64]

# Coarse bins are what is judged and shown, fine ones what distances along the numbers are measured on.
COARSE, FINE = 10, 50
# Categories beyond these are summed up.
TOP_CATEGORIES = 50


def bin_edges(values: FloatArray, bins: int) -> FloatArray:
    """Return the upper bounds of all bins but the last one, which is open above; the first is open below.

    A bin holds the numbers above the bound before its own, up to and with its own, so that a value that
    many rows share at the low end is a bin of its own. A column of a single value has bins below and
    above it.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite numbers of the training rows.
    bins : int
        Bins of equal shares; fewer where quantiles are equal.

    Returns
    -------
    ndarray, shape (k,)
        Ascending; empty where there are no values.
    """
    if not len(values):
        return np.empty(0)
    low, high = values.min(), values.max()
    if low == high:
        return np.array([np.nextafter(low, -np.inf), low])
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf"))
    return np.asarray(edges[edges < high], dtype=float)


def coarse_places(fine: FloatArray, coarse: FloatArray) -> IntArray:
    """Return the coarse bin of each fine bin, where all coarse bounds are fine ones, too.

    Parameters
    ----------
    fine, coarse : ndarray, shape (k,) and (j,)
        From `bin_edges` of the same values.

    Returns
    -------
    ndarray of int, shape (k + 1,)
    """
    upper = np.append(fine, np.inf)
    return np.asarray(np.searchsorted(coarse, upper, side="left"), dtype=np.int64)


def merged_counts(counts: npt.NDArray[Any], places: npt.NDArray[Any]) -> IntArray:
    """Return the counts of coarse bins from those of fine ones.

    Parameters
    ----------
    counts, places : ndarray of int, shape (k,)
        The counts of fine bins, and the coarse bin of each.
    """
    width = int(places.max()) + 1 if len(places) else 0
    merged = np.zeros(width, dtype=np.int64)
    np.add.at(merged, places, counts)
    return merged


def bins_of(values: FloatArray, edges: FloatArray) -> IntArray:
    """Return the bin of each number, 0 to the number of bounds.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Without NaN.
    edges : ndarray, shape (k,)
        From `bin_edges`.
    """
    return np.asarray(np.searchsorted(edges, values, side="left"), dtype=np.int64)


def bin_counts(values: FloatArray, edges: FloatArray) -> IntArray:
    """Return how many numbers are in each bin.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN is left out.
    edges : ndarray, shape (k,)
        From `bin_edges`.

    Returns
    -------
    ndarray of int, shape (k + 1,)
    """
    return binned(values, edges)[0]


def binned(values: FloatArray, edges: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return how many numbers are in each bin, and what they add up to there.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN is left out.
    edges : ndarray, shape (k,)
        From `bin_edges`.

    Returns
    -------
    tuple of ndarray, each of shape (k + 1,)
    """
    known = values[~np.isnan(values)]
    places = bins_of(known, edges)
    width = len(edges) + 1
    counts = np.bincount(places, minlength=width)
    return counts.astype(np.int64), np.bincount(places, known, width).astype(float)


def bin_labels(edges: FloatArray) -> list[str]:
    """Return the bins' names for a reader, such as `up to 3`, `3 to 7` and `above 7`."""
    if not len(edges):
        return ["all values"]
    if len(edges) == 2 and edges[0] == np.nextafter(edges[1], -np.inf):
        value = number_text(edges[1])
        return [f"below {value}", value, f"above {value}"]
    texts = [number_text(edge) for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(texts)]
    return [f"up to {texts[0]}", *between, f"above {texts[-1]}"]


def number_text(number: float) -> str:
    """Return a number with up to four digits that count, without exponent where it is moderate."""
    if number == 0 or 1e-3 <= abs(number) < 1e6:
        return f"{float(f'{number:.4g}'):.10g}"
    return f"{number:.3g}"


def top_categories(texts: "pd.Series[Any]", limit: int = TOP_CATEGORIES) -> list[str]:
    """Return the most frequent categories, the most frequent first, equal ones by their text.

    Parameters
    ----------
    texts : Series, shape (n,)
        Texts, NaN where missing.
    limit : int
        How many at most.
    """
    counts = texts.value_counts(dropna=True)
    ordered = sorted(counts.items(), key=lambda found: (-found[1], str(found[0])))
    return [str(name) for name, _ in ordered[:limit]]


def category_places(texts: "pd.Series[Any]", top: Sequence[str], others: Sequence[str]) -> IntArray:
    """Return the place of each row's category.

    Parameters
    ----------
    texts : Series, shape (n,)
        Texts, NaN where missing.
    top, others : sequence of str
        Categories that are counted one by one, and other ones that are known.

    Returns
    -------
    ndarray of int, shape (n,)
        The place among the top ones; `len(top)` for another known one, `len(top) + 1` for one that is
        not known; -1 where it is missing.
    """
    codes, found = pd.factorize(pd.Index(texts, dtype=object))
    place = dict.fromkeys(others, len(top)) | {name: at for at, name in enumerate(top)}
    # The last one is where the code -1 of missing values points.
    places = np.array([*(place.get(name, len(top) + 1) for name in found), -1], dtype=np.int64)
    return np.asarray(places[codes], dtype=np.int64)


def category_counts(places: IntArray, top: Sequence[str]) -> IntArray:
    """Return the counts of the top categories, of other known ones, and of unknown ones.

    Parameters
    ----------
    places : ndarray of int, shape (n,)
        From `category_places`.
    top : sequence of str

    Returns
    -------
    ndarray of int, shape (len(top) + 2,)
    """
    counts = np.bincount(places[places >= 0], minlength=len(top) + 2)
    return counts.astype(np.int64)
