"""What holds when one has looked at many: p-values of means, and their correction."""

import numpy as np

from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import IntArray


def zero_mean_p_value(values: FloatArray, clusters: IntArray | None) -> float:
    """Return the two-sided p-value of a mean of 0, by a t-test on the sums of units.

    Unlike an interval from resamples, it reaches the small probabilities that a correction for many
    asks for.

    Parameters
    ----------
    values : ndarray, shape (n,)
    clusters : ndarray of int, shape (n,), optional
        The group of each row, 0 to g - 1; None if rows are independent.

    Returns
    -------
    float
        1 where there are fewer than two units.

    References
    ----------
    Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models" (groups).
    """
    from scipy.stats import t

    off = values - values.mean()
    sums = off if clusters is None else np.bincount(clusters, off)
    units = len(sums)
    if units < 2:
        return 1.0
    error = float(np.sqrt(units / (units - 1) * np.sum(sums**2))) / len(values)
    mean = abs(float(values.mean()))
    # Rounding leaves nearly nothing of values that are all the same.
    if error <= 1e-12 * max(mean, 1e-300):
        return 1.0 if mean == 0 else 0.0
    return float(2 * t.sf(mean / error, units - 1))


def holm_adjusted(p_values: FloatArray) -> FloatArray:
    """Return p-values corrected for their number, in the same order.

    Of all that are below a level, the chance that any is false is at most the level, however they
    depend on each other.

    References
    ----------
    Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate((m - np.arange(m)) * p_values[order])
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def holm_levels(p_values: FloatArray, level: float) -> FloatArray:
    """Return the level that each p-value, not corrected, must be below to be below one when corrected.

    Parameters
    ----------
    p_values : ndarray, shape (m,)
    level : float

    Returns
    -------
    ndarray, shape (m,)
        A p-value is below its own exactly where that of `holm_adjusted` is below the level.
    """
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    levels = level / (m - np.arange(m))
    failed = np.flatnonzero(p_values[order] >= levels)
    if len(failed):
        # Whatever comes behind the first that fails, fails.
        levels[failed[0] :] = levels[failed[0]]
    found = np.empty(m)
    found[order] = levels
    return found
