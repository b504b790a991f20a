"""Intervals of a rate."""

from typing import Any

import numpy as np


def wilson_interval(rate: Any, count: Any, confidence: float) -> tuple[Any, Any]:
    """Return the ends of Wilson's interval of a rate, or of an array of rates (Wilson 1927).

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
    return center - half, center + half
