"""Intervals of a rate."""

from typing import Any

import numpy as np
import numpy.typing as npt

from assay.metrics.core import FloatArray, mean_of_rows
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.estimate import Estimate

# Of fewer groups a bootstrap covers too little.
_FEWEST_GROUPS = 20


def wilson_interval(rate: Any, count: Any, confidence: float) -> tuple[Any, Any]:
    """Return the ends of Wilson's interval of a rate, or of an array of rates (Wilson 1927).

    A rate of 0 has the lower end 0, and a rate of 1 the upper end 1, to the last bit.

    Parameters
    ----------
    rate : float or ndarray
        In [0, 1].
    count : int or ndarray
        Rows behind it.
    confidence : float
        In (0, 1).
    """
    from scipy.special import ndtri

    z = float(ndtri(0.5 + confidence / 2))
    center = (rate + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(rate * (1 - rate) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    # Rounding would leave the ends a little beyond 0 and 1, or short of them.
    low = np.where(rate <= 0, 0.0, np.clip(center - half, 0, 1))
    high = np.where(rate >= 1, 1.0, np.clip(center + half, 0, 1))
    return low[()], high[()]


def rate_estimate(hits: npt.NDArray[Any], bootstrap: Bootstrap) -> Estimate:
    """Return a rate with its interval: Wilson's of independent rows, resampled groups otherwise.

    Of few groups, or of groups that all have the same rate, resampling tells too little. The interval
    is then Wilson's of as many rows as there are groups: the widest that dependence can make it.

    Parameters
    ----------
    hits : ndarray of bool, shape (n,)
        Whether each row counts; n is at least 1.
    bootstrap : Bootstrap
        Its confidence, and how it resamples groups. Without groups nothing is resampled.

    Returns
    -------
    Estimate
    """
    n, rate = len(hits), float(np.mean(hits))
    if bootstrap.clusters is not None:
        groups = int(bootstrap.clusters.max()) + 1
        if groups >= _FEWEST_GROUPS:
            estimate = mean_estimate(np.asarray(hits, dtype=float), bootstrap)
            if estimate.ci_low < estimate.ci_high:
                return estimate
        return Estimate(
            rate, *wilson_interval(rate, groups, bootstrap.confidence), "Wilson of groups", n
        )
    return Estimate(rate, *wilson_interval(rate, n, bootstrap.confidence), "Wilson of rows", n)


def mean_estimate(values: FloatArray, bootstrap: Bootstrap) -> Estimate:
    """Return the mean of the rows' values, (n,), with its bootstrap interval."""
    mean = mean_of_rows(lambda _, each: each).prepare(None, values)
    return bootstrap.estimate(mean, len(values))
