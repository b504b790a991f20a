"""How many values of one part of the table no other part has: what a new batch brings as a matter of course.

The reference knows all rows that fitting saw, so that none of them is new to it. What is new is told by
leaving a part out.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray
from assay.monitoring.binning import IntArray
from assay.monitoring.feature_counts import far_range


def unseen_effects(
    features: pd.DataFrame, inputs: Mapping[str, Any], parts: IntArray
) -> dict[str, FloatArray]:
    """Return the effects of the checks of unknown categories, and of values out of range, by part.

    Parameters
    ----------
    features : DataFrame, shape (n, p)
        In model form.
    inputs : dict
        `reference["inputs"]`.
    parts : ndarray of int, shape (n,)
        The part of each row, 0 to k - 1, each of which has rows.

    Returns
    -------
    dict of str to ndarray of shape (k,)
        By the key of a check: by how much the share of rows of a part exceeds what was to be expected.
    """
    count = int(parts.max(initial=-1)) + 1
    found = {}
    for name, entry in inputs.items():
        column = features[name]
        known = column.notna().to_numpy()
        if entry["kind"] == "numeric":
            values = column.to_numpy(dtype=float)[known]
            new = _outside_others(values, parts[known], count)
            found[f"inputs:{name}:outside_rate"] = _shares(new, parts[known], count)
            far = _outside_others(values, parts[known], count, far_range)
            found[f"inputs:{name}:far_outside_rate"] = _shares(far, parts[known], count)
        else:
            new = _of_one_part(column[known], parts[known])
            rates = _shares(new, parts[known], count)
            found[f"inputs:{name}:unknown_rate"] = np.maximum(rates - entry["unseen_rate"], 0.0)
    return found


def _shares(new: "np.ndarray[Any, np.dtype[np.bool_]]", parts: IntArray, count: int) -> FloatArray:
    rows = np.bincount(parts, minlength=count)
    return np.asarray(np.bincount(parts, new, count) / np.maximum(rows, 1), dtype=float)


def _outside_others(
    values: FloatArray,
    parts: IntArray,
    count: int,
    ends: Callable[[float, float], tuple[float, float]] = lambda low, high: (low, high),
) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Return which values lie below or above the ends of those of all other parts."""
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, parts, values)
    np.maximum.at(high, parts, values)
    others = zip(_least_of_others(low), -_least_of_others(-high), strict=True)
    found = np.array([ends(*each) for each in others], dtype=float).reshape(count, 2)
    return np.asarray((values < found[parts, 0]) | (values > found[parts, 1]), dtype=bool)


def _least_of_others(least: FloatArray) -> FloatArray:
    """Return for each part the least value of all others."""
    others = np.full(len(least), least.min(initial=np.inf))
    if len(least) > 1:
        first = int(least.argmin())
        others[first] = np.delete(least, first).min()
    return others


def _of_one_part(texts: "pd.Series[Any]", parts: IntArray) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Return which rows have a category that only their part has."""
    category = pd.factorize(pd.Index(texts, dtype=object))[0]
    pairs = pd.DataFrame({"category": category, "part": parts}).drop_duplicates()
    of_parts = np.bincount(pairs["category"]) if len(pairs) else np.empty(0, dtype=np.int64)
    return np.asarray(of_parts[category] == 1, dtype=bool)
