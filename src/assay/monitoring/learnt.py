"""Rows that the model may have learnt from: measured on them, it looks better than it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from assay.errors import counted
from assay.time_features import TimeArray


def data_end(data: Mapping[str, Any]) -> pd.Timestamp | None:
    """Return when the model's data ended, without a zone, in UTC where it had one.

    Parameters
    ----------
    data : dict
        The entry `data` of `run_meta.json`.
    """
    return moment_of(data.get("through"))


def moment_of(text: Any) -> pd.Timestamp | None:
    """Return a time without a zone; None where there is none."""
    if text is None or pd.isna(text):
        return None
    moment = pd.Timestamp(text)
    return moment.tz_convert("UTC").tz_localize(None) if moment.tz else moment


def rows_until(times: TimeArray | None, end: pd.Timestamp | None) -> int:
    """Return how many rows have a time no later than the end of the model's data."""
    if times is None or end is None:
        return 0
    return int((times <= np.datetime64(end.to_datetime64())).sum())


def within_training(first_time: datetime | None, end: pd.Timestamp | None) -> bool:
    """Say whether a batch begins before the model's data ended."""
    return first_time is not None and end is not None and pd.Timestamp(first_time) <= end


def learnt_notes(rows: int, row_count: int, end: pd.Timestamp | None) -> list[str]:
    """Return what is told of a batch whose rows the model may have learnt from.

    Parameters
    ----------
    rows : int
        Rows whose time is no later than the end.
    row_count : int
        All scored rows.
    end : Timestamp or None
    """
    if not rows or end is None:
        return []
    day = f"{end:%Y-%m-%d}" if end == end.normalize() else f"{end:%Y-%m-%d %H:%M}"
    many = counted(rows, "row") if rows == row_count else f"{rows:,} of {row_count:,} rows"
    return [
        f"{many} of the batch {'has a time' if rows == 1 else 'have times'} no later than {day}, where the "
        "model's data ended: if it learnt from these rows, measured figures flatter it."
    ]
