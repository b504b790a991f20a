"""Windows of the calendar, as long as batches, and how long a batch is beside them."""

from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd

from assay.monitoring.binning import IntArray
from assay.time_features import TimeArray

Cadence = Literal["day", "week", "month"]

# Monday 5 January 1970: weeks begin on Mondays.
_MONDAY = 4
_DAYS = {"day": 1.0, "week": 7.0, "month": 30.0}


def calendar_windows(times: TimeArray, cadence: Cadence, min_rows: int) -> IntArray:
    """Return the window of each row: days, weeks or months, joined until they have enough rows.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n,)
    cadence : {"day", "week", "month"}
    min_rows : int
        The fewest rows of a window.

    Returns
    -------
    ndarray of int, shape (n,)
        0 upwards in time; -1 where a row has no time, or too few rows are left at the end.
    """
    windows = np.full(len(times), -1, dtype=np.int64)
    known = ~np.isnat(times)
    if cadence == "month":
        starts = times[known].astype("datetime64[M]").astype("int64")
    else:
        starts = times[known].astype("datetime64[D]").astype("int64")
        starts = (starts - _MONDAY) // 7 if cadence == "week" else starts
    _, period = np.unique(starts, return_inverse=True)
    of_period, window, rows = list[int](), 0, 0
    for count in np.bincount(period):
        of_period.append(window)
        rows += int(count)
        if rows >= min_rows:
            window, rows = window + 1, 0
    found = np.array(of_period, dtype=np.int64)
    found[found == window] = -1
    windows[known] = found[period]
    return windows


def windows_spanned(first: datetime | None, last: datetime | None, cadence: Any) -> float | None:
    """Return how many windows long a batch is, by the days of the calendar that it touches.

    Returns
    -------
    float or None
        None where its times are not known.
    """
    if first is None or last is None or pd.isna(first) or pd.isna(last):
        return None
    days = (pd.Timestamp(last).normalize() - pd.Timestamp(first).normalize()).days + 1
    return float(days / _DAYS[cadence])
