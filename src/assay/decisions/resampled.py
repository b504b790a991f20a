"""Numbers of the same rows with their intervals, all from the same resamples."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from assay.metrics.core import FloatArray, Statistic
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.estimate import Estimate

# Rows x resamples that are sorted and summed; with many rows little varies, and fewer will do.
_CELLS, _FEWEST_RESAMPLES = 50_000_000, 100


def joint_estimates(
    bootstrap: Bootstrap, statistics: Callable[[FloatArray], FloatArray], count: int, n: int
) -> list[Estimate]:
    """Estimate several statistics of `n` rows in one pass over the resamples.

    Parameters
    ----------
    bootstrap : Bootstrap
    statistics : callable
        Takes row weights of shape (b, n) and gives values of shape (b, count); NaN where one has none.
    count, n : int

    Returns
    -------
    list of Estimate, length count
    """
    columns = _Columns(statistics)
    found = bootstrap.resampled([columns.of(index) for index in range(count)], n)
    return [bootstrap.summary(each, n) for each in found]


class _Columns:
    """Each statistic by itself, where all are computed at once: the last result is kept."""

    def __init__(self, statistics: Callable[[FloatArray], FloatArray]) -> None:
        self._statistics = statistics
        self._weights: FloatArray | None = None
        self._values = np.empty((0, 0))

    def of(self, index: int) -> Statistic:
        """Return one of the statistics."""

        def statistic(weights: FloatArray) -> FloatArray:
            if weights is not self._weights:
                self._weights, self._values = weights, self._statistics(weights)
            return self._values[:, index]

        return statistic


def some_weights(bootstrap: Bootstrap, n: int) -> Iterator[FloatArray]:
    """Yield weights of all resamples, or of the first ones where rows are very many."""
    left = max(_CELLS // n, _FEWEST_RESAMPLES)
    for chunk in bootstrap.weights(n):
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            break


def table_scalars(estimate: Estimate, names: tuple[str, str, str]) -> Mapping[str, float]:
    """Return value and ends under the names of columns; no ends where there is no interval."""
    ends = (estimate.ci_low, estimate.ci_high) if estimate.method else (np.nan, np.nan)
    return dict(zip(names, (estimate.value, *ends), strict=True))
