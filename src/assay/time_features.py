"""What a model sees of a point in time: parts of its date and hour, and its age."""

from typing import Any, Literal, get_args

import numpy as np

TimeArray = np.ndarray[Any, np.dtype[np.datetime64]]

# By the names that features have behind the dot. Weekdays are categories, all others numbers.
Part = Literal["month", "day", "weekday", "hour", "age_days"]
PARTS: tuple[Part, ...] = get_args(Part)
AGE: Part = "age_days"
WEEKDAY: Part = "weekday"
HOUR: Part = "hour"

_WEEKDAYS = np.array(
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], dtype=object
)
_HOUR, _DAY = 3_600_000_000, 86_400_000_000


def part_values(
    times: TimeArray, part: Part, reference: TimeArray | None = None
) -> np.ndarray[Any, np.dtype[Any]]:
    """Return a part of each time, missing ones as NaN.

    Parameters
    ----------
    times : ndarray of datetime64[us], shape (n,)
        In UTC where they had a zone.
    part : str
        `month` (1 to 12), `day` (1 to 31), `weekday` ("Monday" to "Sunday"), `hour` (0 to 23), or
        `age_days`, in days and fractions of a day from the time to the reference: above 0 if the time
        is earlier.
    reference : ndarray of datetime64[us], shape (n,), optional
        What ages are counted to.

    Returns
    -------
    ndarray, shape (n,)
        float64; weekdays as text objects.
    """
    missing = np.isnat(times)
    days = times.astype("datetime64[D]")
    if part == WEEKDAY:
        # 1 January 1970 was a Thursday.
        names = _WEEKDAYS[(days.view("int64") + 3) % 7]
        return np.where(missing, np.nan, names).astype(object)
    if part == AGE:
        if reference is None:
            raise ValueError("an age needs a reference")
        missing |= np.isnat(reference)
        passed = np.where(missing, 0, reference.view("int64") - times.view("int64"))
        values = passed // _DAY + (passed % _DAY) / _DAY
    elif part == "month":
        values = times.astype("datetime64[M]").view("int64") % 12 + 1
    elif part == "day":
        values = (
            days.view("int64")
            - days.astype("datetime64[M]").astype("datetime64[D]").view("int64")
            + 1
        )
    else:
        values = times.view("int64") % _DAY // _HOUR
    return np.where(missing, np.nan, values.astype("float64"))


def has_hours(times: TimeArray) -> bool:
    """Say whether some time is not at midnight."""
    present = times[~np.isnat(times)]
    return bool((present.view("int64") % _DAY != 0).any())
