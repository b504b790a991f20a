"""The p-value of a statistic of 0, by the spread of its resamples."""

import numpy as np

from assay.metrics.core import FloatArray


def resampled_p_value(value: float, resamples: FloatArray, units: int) -> float:
    """Return the two-sided p-value of a statistic of 0, by a t-test with the resamples' deviation.

    A share of resamples beyond 0 could not be smaller than one of their number, which a correction for
    many would always wipe out.

    Parameters
    ----------
    value : float
        On the rows as they are; NaN has the p-value 1.
    resamples : ndarray, shape (b,)
        On bootstrap resamples; NaN where it is not defined.
    units : int
        Rows or groups that were resampled.

    Returns
    -------
    float
        1 where the statistic does not vary and is 0, or where it cannot be told.
    """
    from scipy.stats import t

    known = resamples[np.isfinite(resamples)]
    if not np.isfinite(value) or len(known) < 2 or units < 2:
        return 1.0
    error = float(known.std(ddof=1)) * float(np.sqrt(units / (units - 1)))
    if error <= 1e-12 * max(abs(value), 1e-300):
        return 1.0
    return float(2 * t.sf(abs(value) / error, units - 1))
