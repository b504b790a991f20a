"""Is a column of times later than the row's decision?"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.checks.sample import FloatArray, microseconds
from assay.column_types import DATES, MOMENTS, TEXTS, ZONED_TIMES, dtype_name, held
from assay.time_features import has_hours
from assay.time_texts import parsed_time
from assay.time_values import read_times

# Texts that are looked at before all are read.
_LOOKED_AT = 50
_HOUR, _DAY = 3_600e6, 86_400e6
# Clocks without a zone are at most so far from UTC.
_FARTHEST_ZONE = 14 * _HOUR


@dataclass(frozen=True)
class Moments:
    """A column of times, ready to be compared with another.

    Attributes
    ----------
    micros : ndarray of float, shape (n,)
        Since 1970, in UTC where there is a zone; NaN where there is no time.
    zoned : bool
        Whether there is a zone.
    has_hours : bool
        Whether some time is not at midnight.
    """

    micros: FloatArray
    zoned: bool
    has_hours: bool


def feature_times(column: "pd.Series[Any]") -> Moments | None:
    """Return a column of times, dates or ISO 8601 texts; None where it is none.

    Parameters
    ----------
    column : Series, shape (n,)
    """
    found = held(column)
    if found in MOMENTS:
        dtype = dtype_name(column)
    elif found == TEXTS:
        read = [parsed_time(str(text).strip()) for text in column.dropna().head(_LOOKED_AT)]
        times = [time for time in read if time is not None]
        if not times or len(times) < len(read):
            return None
        # Texts of the other kind, if there are some, are no times then.
        dtype = "datetime64[us, UTC]" if times[0][1] else "datetime64[us]"
        found = ZONED_TIMES if times[0][1] else found
    else:
        return None
    values = read_times(column, str(column.name), dtype).values
    return Moments(microseconds(values), found == ZONED_TIMES, found != DATES and has_hours(values))


def later_rate(times: Moments, decision: Moments) -> tuple[float, int]:
    """Return the share of rows whose time is surely later than the decision, and of how many rows.

    A decision that has a day and no hour lasts until the day ends. Where one side has a zone and the
    other has none, nobody knows by how much their clocks differ, so that a time must be later by more
    than clocks can.

    Parameters
    ----------
    times, decision : Moments, shape (n,)
    """
    known = ~(np.isnan(times.micros) | np.isnan(decision.micros))
    if not known.any():
        return 0.0, 0
    least = (0.0 if decision.has_hours else _DAY) + _FARTHEST_ZONE * (times.zoned != decision.zoned)
    passed = times.micros[known] - decision.micros[known]
    later = passed >= least if least else passed > 0
    return float(later.mean()), int(known.sum())
