"""Statistics of many resamples at once, as far as the rows of a slice have them."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.metrics.core import FloatArray

# Numbers that are worked on at once: what fits into a core's own cache.
_CHUNK_CELLS = 100_000
# Where fewer resamples have a value, those that have are no fair sample of them.
_DEFINED_SHARE = 0.9


def means(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Return the mean of values (n,) under each weighting (b, n); NaN where nothing has weight."""
    total = weights.sum(axis=1)
    found: FloatArray = np.full(len(weights), np.nan)
    np.divide((weights * values).sum(axis=1), total, out=found, where=total > 0)
    return found


def deviation(values: FloatArray) -> float:
    """Return the standard deviation of those that have a value; NaN where too few have."""
    defined = values[np.isfinite(values)]
    if len(defined) < max(2, _DEFINED_SHARE * len(values)):
        return float("nan")
    return float(defined.std(ddof=1))


def mean(values: FloatArray) -> float:
    """Return the mean of those that have a value; NaN where too few have."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) >= _DEFINED_SHARE * len(values) else float("nan")


def in_chunks(
    statistic: Callable[[Any], FloatArray], weights: npt.NDArray[Any], cells: int
) -> FloatArray:
    """Return a statistic of weightings (b, n), as many at once as the cache holds."""
    return np.concatenate([statistic(chunk) for chunk in _chunks(weights, cells)])


def _chunks(weights: npt.NDArray[Any], cells: int) -> Iterator[npt.NDArray[Any]]:
    size = max(1, _CHUNK_CELLS // max(cells, 1))
    for start in range(0, len(weights), size):
        yield weights[start : start + size]
