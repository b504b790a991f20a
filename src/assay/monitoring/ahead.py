"""Which numbers count on with time, so that the next batch lies ahead of all that was there before.

The month of a table of one year, a year, a number of the row: what other features tell of such a number
ends where training ended. Beyond, its own error says that time went on, and nothing else.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray
from assay.monitoring.binning import IntArray


def ahead_of_time(features: pd.DataFrame, numeric: Sequence[str], windows: IntArray) -> list[str]:
    """Return the numbers of which a late window has most values beyond all that were there before it.

    Parameters
    ----------
    features : DataFrame, shape (n, p)
        In model form, of the whole table: training rows and the holdout.
    numeric : sequence of str
        Those that are numbers.
    windows : ndarray of int, shape (n,)
        The window of each row, 0 upwards in time; negative for rows of none.

    Returns
    -------
    list of str
        In the order given. Late is the second half of the windows: of few earlier ones, a season is
        beyond them, too.
    """
    count = int(windows.max(initial=-1)) + 1
    if count < 2:
        return []
    return [
        name
        for name in numeric
        if _goes_ahead(features[name].to_numpy(dtype=float), windows, count)
    ]


def _goes_ahead(values: FloatArray, windows: IntArray, count: int) -> bool:
    there = (windows >= 0) & ~np.isnan(values)
    values, windows = values[there], windows[there]
    rows = np.bincount(windows, minlength=count)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, windows, values)
    np.maximum.at(high, windows, values)
    before_low = np.concatenate([[np.inf], np.minimum.accumulate(low)[:-1]])
    before_high = np.concatenate([[-np.inf], np.maximum.accumulate(high)[:-1]])
    beyond = (values < before_low[windows]) | (values > before_high[windows])
    shares = np.bincount(windows, beyond, count) / np.maximum(rows, 1)
    # Before the first values there is nothing to be beyond of.
    late = (np.arange(count) >= -(-count // 2)) & np.isfinite(before_low)
    return bool((shares[late] > 0.5).any())
