"""Is a feature of times later than the row's decision?"""

import re
from typing import Any

import numpy as np
import pandas as pd

from assay.checks.sample import FloatArray, times_as_numbers

_TIMES = {"datetime64", "datetime", "date"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}\S*( ?[A-Za-z0-9:+-]+)?)?")
_LOOKED_AT = 50


def feature_times(column: "pd.Series[Any]") -> FloatArray | None:
    """Return a column of times, dates or ISO texts in microseconds; None where it is none.

    Parameters
    ----------
    column : Series, shape (n,)

    Returns
    -------
    ndarray, shape (n,)
        Since 1970, UTC; NaN where there is no time.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return times_as_numbers(column)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return None
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in _TIMES:
        return times_as_numbers(column)
    if kind != "string":
        return None
    texts = column.dropna().astype(str)
    if not all(_DATE.fullmatch(text) for text in texts.head(_LOOKED_AT)):
        return None
    times = pd.to_datetime(column.astype(object), errors="coerce", utc=True, format="ISO8601")
    numbers: FloatArray = times.to_numpy(dtype="datetime64[us]").astype("int64").astype("float64")
    return np.where(times.isna().to_numpy(), np.nan, numbers)


def later_rate(feature: FloatArray, decision: FloatArray) -> tuple[float, int]:
    """Return the share of rows whose feature is later than the decision, and of how many rows."""
    known = ~(np.isnan(feature) | np.isnan(decision))
    if not known.any():
        return 0.0, 0
    return float((feature[known] > decision[known]).mean()), int(known.sum())
