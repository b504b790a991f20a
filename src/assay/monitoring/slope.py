"""Whether a number that is known for one batch after another creeps, beyond its own ups and downs."""

from dataclasses import dataclass

import numpy as np

from assay.metrics.core import FloatArray

# Of fewer batches, nothing tells a slope from their ups and downs.
FEWEST_BATCHES = 5


@dataclass(frozen=True)
class Slope:
    """A straight line through the values of batches.

    Attributes
    ----------
    per_batch : float
        By how much the line rises from one batch to the next.
    start, end : float
        Where the line is at the first batch, and at the last.
    p_value : float
        How often batches without a slope show one as steep, up or down.
    """

    per_batch: float
    start: float
    end: float
    p_value: float


def fitted_slope(places: FloatArray, values: FloatArray) -> Slope:
    """Return the slope of values, judged by how far they lie from the line themselves.

    All batches weigh the same. Batches differ by more than their rows explain, so weights by their rows
    would trust large ones too much: where 6 to 12 batches of 300 to 20,000 rows also varied by 0.05
    standard deviations among themselves, weights by rows held 12 to 36 times as many lines without a
    slope for steep as the level of 0.001 allows, weights by rows and the variance between batches
    (which a few batches do not tell) 2 to 5 times, and equal weights about as many. One batch far out,
    also the last one, raises the slope and its error alike.

    Parameters
    ----------
    places : ndarray, shape (m,)
        When each batch came, counted in batches, ascending; m is at least 3.
    values : ndarray, shape (m,)

    References
    ----------
    Seber and Lee 2003, "Linear Regression Analysis", chapter 6 (Student's t with m - 2 degrees of
    freedom).
    """
    from scipy.stats import t

    centred = places - places.mean()
    squares = float(centred @ centred)
    per_batch = float(centred @ values) / squares
    line = values.mean() + per_batch * centred
    freedom = len(values) - 2
    # Rounding leaves nearly nothing of values that are all the same, and of those on a line.
    rounding = 1e-12 * float(np.abs(values).max())
    if abs(line[-1] - line[0]) <= rounding:
        return Slope(0.0, float(values.mean()), float(values.mean()), 1.0)
    error = float(np.sqrt(np.sum((values - line) ** 2) / freedom / squares))
    steep = abs(per_batch) / max(error, rounding)
    return Slope(per_batch, float(line[0]), float(line[-1]), float(2 * t.sf(steep, freedom)))
