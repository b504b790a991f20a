"""Texts of times and durations: what is read, and that nothing else is."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from assay.time_texts import parsed_duration, parsed_time, parsed_time_of_day


@pytest.mark.parametrize(
    ("text", "iso", "zoned"),
    [
        ("2013-01-05", "2013-01-05", False),
        ("2013-01-05 07:08", "2013-01-05T07:08", False),
        ("2013-01-05T07:08:09", "2013-01-05T07:08:09", False),
        ("2013-01-05 07:08:09.5", "2013-01-05T07:08:09.5", False),
        # Parts of a microsecond are cut off.
        ("2013-01-05 07:08:09.123456789", "2013-01-05T07:08:09.123456", False),
        ("1969-12-31 23:59:59.999999999", "1969-12-31T23:59:59.999999", False),
        ("2013-01-05 07:08:09Z", "2013-01-05T07:08:09", True),
        ("2013-01-05T07:08:09+02:00", "2013-01-05T05:08:09", True),
        ("2013-01-05T07:08:09-0530", "2013-01-05T12:38:09", True),
        ("2013-01-05 07:08+02", "2013-01-05T05:08", True),
        ("1880-01-01 00:00:00-04:56:02", "1880-01-01T04:56:02", True),
        ("0001-01-01", "0001-01-01", False),
        ("9999-12-31", "9999-12-31", False),
    ],
)
def test_times_in_iso_8601_are_read(text, iso, zoned):
    micros = np.datetime64(iso, "us").astype("int64")
    assert parsed_time(text) == (micros, zoned)


@pytest.mark.parametrize(
    "text",
    [
        "", "2013", "2013-01", "01/02/2013", "1.2.2013", "2013/01/02", "20130102", "2013-1-2", "2013-W01-1",
        "2013-02-30", "2013-01-05 24:00", "2013-01-05 07:60", "2013-01-05 07:08:60", "2013-01-05 07",
        "2013-01-05Z", "2013-01-05 07:08 UTC", "2013-01-05 07:08:09+25:00", "2013-01-05 07:08:09+01:99",
        "0000-01-01", "1357369689", "now", "today", "Jan 5, 2013", "٢٠١٣-01-05", "2013-01-05 07:08:09.1234567890",
        "2013-01-05\n", "10:30",
    ],
)  # fmt: skip
def test_nothing_is_guessed_to_be_a_time(text):
    assert parsed_time(text) is None


def test_python_and_pandas_write_what_is_read():
    rng = np.random.default_rng(0)
    for seconds in rng.uniform(-6e10, 2.5e11, 200):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(seconds))
        micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        for text in (moment.isoformat(), str(moment)):
            assert parsed_time(text) == (micros, True)
        plain = moment.replace(tzinfo=None)
        assert parsed_time(plain.isoformat()) == parsed_time(str(plain)) == (micros, False)
        length = timedelta(seconds=float(seconds))
        exact = length // timedelta(microseconds=1) * 1000
        assert parsed_duration(str(length)) == exact
        exact = int(seconds) * 10**6  # Nanoseconds of a Timedelta end in the year 2262.
        pandas = pd.Timedelta(exact // 10**6, unit="ms")
        assert parsed_duration(str(pandas)) == parsed_duration(pandas.isoformat()) == exact


SECOND, DAY = 10**9, 86_400 * 10**9


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1 days 00:00:00", DAY), ("1 days", DAY), ("1 day, 2:00:00", DAY + 7200 * SECOND),
        ("-1 days +23:00:00", -3600 * SECOND), ("-1 day, 23:00:00", -3600 * SECOND),
        ("0 days 00:00:00.000000500", 500), ("36:00:00", 129_600 * SECOND), ("-00:00:01", -SECOND),
        ("P1DT2H", DAY + 7200 * SECOND), ("P1D", DAY), ("PT0S", 0), ("PT1.5S", 3 * SECOND // 2),
        ("P2W", 14 * DAY), ("-PT1H", -3600 * SECOND), ("P-1DT23H0M0S", -3600 * SECOND), ("PT-0.5S", -SECOND // 2),
    ],
)  # fmt: skip
def test_durations_are_read(text, nanoseconds):
    assert parsed_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "P1M", "P1Y", "P1Y2M", "1", "86400", "1h", "1 hour", "05:30", "1:2:3", "00:60:00",
     "1 day 2", "days", "T1H", "one day", "2013-01-05", "P1.5D", "--1 days"],
)  # fmt: skip
def test_nothing_is_guessed_to_be_a_duration(text):
    assert parsed_duration(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00", 0), ("7:30", 27_000), ("23:59:59", 86_399), ("01:02:03.25", 3723.25), ("24:00", None),
     ("7", None), ("7:5", None), ("07:30 PM", None), ("-1:00", None), ("12:00Z", None)],
)  # fmt: skip
def test_times_of_day(text, seconds):
    assert parsed_time_of_day(text) == (None if seconds is None else int(seconds * SECOND))
