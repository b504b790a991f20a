"""Parts and ages of times, against those of Python's calendar."""

from datetime import datetime

import numpy as np
import pytest

from assay.time_features import PARTS, has_hours, part_values

TIMES = np.array(
    ["0001-01-01", "1582-10-15T12:00", "1900-02-28T23:59:59.999999", "1969-12-31T23:00", "1970-01-01",
     "2000-02-29T06:30", "2013-01-05T07:08:09.000001", "2024-12-31T23:59", "9999-12-31T23:59:59.999999", "NaT"],
    dtype="datetime64[us]",
)  # fmt: skip
MOMENTS = [value.item() for value in TIMES[:-1]]


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("month", lambda m: m.month), ("day", lambda m: m.day), ("hour", lambda m: m.hour),
        ("weekday", lambda m: m.strftime("%A")),
    ],
)  # fmt: skip
def test_parts_are_those_of_the_calendar(part, told):
    values = part_values(TIMES, part)
    assert values.tolist()[:-1] == [told(moment) for moment in MOMENTS]
    assert values[-1] != values[-1]
    assert values.dtype == (object if part == "weekday" else "float64")


def test_ages_are_days_to_the_reference_and_above_0_in_the_past():
    now = np.full(len(TIMES), np.datetime64("2013-01-06T07:08:09", "us"))
    now[3] = np.datetime64("NaT")
    values = part_values(TIMES, "age_days", now)
    for row, moment in enumerate(MOMENTS):
        if row != 3:
            days = (datetime(2013, 1, 6, 7, 8, 9) - moment).total_seconds() / 86_400
            assert values[row] == pytest.approx(days, rel=1e-15)
    assert np.isnat(TIMES[-1])
    assert np.isnan(values[[3, -1]]).all()
    assert part_values(now[:1] - np.timedelta64(36, "h"), "age_days", now[:1]).tolist() == [1.5]


def test_an_age_needs_a_reference():
    with pytest.raises(ValueError, match="an age needs a reference"):
        part_values(TIMES, "age_days")


def test_no_times_have_no_parts():
    none = TIMES[:0]
    assert [len(part_values(none, part, none)) for part in PARTS] == [0] * len(PARTS)


def test_hours_are_there_where_some_time_is_not_at_midnight():
    assert has_hours(TIMES)
    assert not has_hours(TIMES.astype("datetime64[D]").astype("datetime64[us]"))
