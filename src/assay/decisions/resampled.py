"""Numbers of the same rows with their intervals, all from the same resamples."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.estimate import Estimate

# Rows x resamples that are sorted and summed; with many rows little varies, and fewer will do.
_CELLS, _FEWEST_RESAMPLES = 50_000_000, 100
Statistics = Callable[[FloatArray], FloatArray]


def joint_estimates(bootstrap: Bootstrap, statistics: Statistics, n: int) -> list[Estimate]:
    """Estimate several statistics of `n` rows in one pass over the resamples.

    Parameters
    ----------
    bootstrap : Bootstrap
    statistics : callable
        Takes row weights of shape (b, n) and gives values of shape (b, k); NaN where one has none.
    n : int

    Returns
    -------
    list of Estimate, length k
    """
    value = statistics(np.ones((1, n)))[0]
    values = np.concatenate([statistics(chunk) for chunk in bootstrap.weights(n)])
    return [bootstrap.summary(float(one), values[:, column], n) for column, one in enumerate(value)]


def some_weights(bootstrap: Bootstrap, n: int) -> Iterator[FloatArray]:
    """Yield weights of all resamples, or of the first ones where rows are very many."""
    left = max(_CELLS // n, _FEWEST_RESAMPLES)
    for chunk in bootstrap.weights(n):
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            break


def scalars(estimate: Estimate, factor: float = 1.0) -> dict[str, float]:
    """Return value and ends as a metrics file has them; the value alone where there is no interval."""
    if not estimate.method:
        return {"value": factor * estimate.value}
    return {
        "value": factor * estimate.value,
        "ci_low": factor * estimate.ci_low,
        "ci_high": factor * estimate.ci_high,
    }


def table_scalars(estimate: Estimate, names: tuple[str, str, str]) -> Mapping[str, float]:
    """Return value and ends under the names of columns; no ends where there is no interval."""
    ends = (estimate.ci_low, estimate.ci_high) if estimate.method else (np.nan, np.nan)
    return dict(zip(names, (estimate.value, *ends), strict=True))
