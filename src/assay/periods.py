"""Rows of one day share what happened on it: a storm, a sale, an outage."""

from dataclasses import dataclass, replace

import numpy as np

from assay.evidence import Evidence
from assay.time_features import TimeArray
from assay.uncertainty.bootstrap import Bootstrap, IntArray

# Of fewer periods, one cannot tell how much they vary.
_FEWEST = 20
_UNITS = (("day", "datetime64[D]"), ("hour", "datetime64[h]"))


@dataclass(frozen=True)
class Periods:
    """Which rows share a period.

    Attributes
    ----------
    unit : str
        "day" or "hour".
    count : int
    codes : ndarray of int, shape (n,)
        The period of each row, 0 to count - 1.
    """

    unit: str
    count: int
    codes: IntArray


def periods_of(times: TimeArray) -> Periods | None:
    """Return the calendar days of times; their hours, where there are fewer than 20 days.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n,)
        A row without a time is a period of its own.

    Returns
    -------
    Periods or None
        None where there are fewer than 20 hours, too, or no two rows share a period.
    """
    missing = np.isnat(times)
    for unit, kind in _UNITS:
        starts = times.astype(kind).astype("int64")
        if len(np.unique(starts[~missing])) < _FEWEST:
            continue
        latest = int(starts[~missing].max())
        starts[missing] = latest + 1 + np.arange(missing.sum())
        distinct, codes = np.unique(starts, return_inverse=True)
        return Periods(unit, len(distinct), codes) if len(distinct) < len(times) else None
    return None


def plans_of(evidence: Evidence) -> tuple[list[Bootstrap], Periods | None]:
    """Return the ways in which rows of the holdout may depend on each other, and their periods.

    Returns
    -------
    list of Bootstrap, Periods or None
        By row or group, and by period where there are some.
    """
    plan, column = evidence.bootstrap, evidence.schema.time_column
    if column is None:
        return [plan], None
    periods = periods_of(evidence.holdout.rows[column].to_numpy())
    if periods is None:
        return [plan], None
    return [plan, replace(plan, clusters=periods.codes)], periods
