"""What is later than the decision: by days where there are no hours, and surely where zones are unknown."""

import numpy as np
import pandas as pd
import pytest
from leaks import leaks, plain_table, told

from assay.checks.later import feature_times, later_rate

RNG = np.random.default_rng(31)
ROWS = 2_000
LATER = {"leak_after_decision:when": "warning"}


def hours(low, high, rows=ROWS):
    return pd.to_timedelta(RNG.integers(low * 60, high * 60, rows), unit="min")


def clocked():
    """Return a table whose decisions have a day and an hour."""
    table = plain_table("binary")
    return table.assign(moment=table["moment"].dt.floor("D") + hours(0, 24))


def in_form(times, form):
    return {
        "midnight": lambda: times.dt.floor("D"),
        "date": lambda: times.dt.date,
        "text": lambda: times.dt.strftime("%Y-%m-%d"),
    }[form]()


@pytest.mark.parametrize("form", ["midnight", "date", "text"])
def test_a_time_of_the_day_of_a_decision_without_hours_is_not_later(form):
    table = clocked().rename(columns={"moment": "when"})
    decided = in_form(table["when"], "date" if form == "text" else form)
    assert told(table.assign(moment=decided)) == {}
    # The day after is.
    table["when"] += pd.Timedelta("1D")
    assert told(table.assign(moment=decided)) == LATER


@pytest.mark.parametrize("form", ["midnight", "date", "text"])
def test_the_day_of_a_decision_with_hours_is_not_later(form):
    table = clocked()
    assert told(table.assign(when=in_form(table["moment"], form))) == {}
    after = in_form(table["moment"] + pd.Timedelta("1D"), form)
    assert told(table.assign(when=after)) == LATER


def test_an_hour_later_is_later_where_both_have_hours():
    table = clocked()
    assert told(table.assign(when=table["moment"] + hours(1, 2))) == LATER
    assert told(table.assign(when=table["moment"])) == {}


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata"])
@pytest.mark.parametrize(("zoned", "as_text"), [("moment", False), ("when", False), ("when", True)])
def test_a_clock_without_zone_is_no_later_time(zone, zoned, as_text):
    table = clocked()
    universal = table["moment"].dt.tz_localize("UTC")
    local = universal.dt.tz_convert(zone).dt.tz_localize(None)

    def planted(delay):
        one, other = (universal, local + delay) if zoned == "moment" else (local, universal + delay)
        if as_text:
            other = other.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        return table.assign(moment=one, when=other)

    assert told(planted(-pd.Timedelta("1s"))) == {}
    assert told(planted(pd.Timedelta("30h"))) == LATER


def test_dates_and_a_time_with_a_zone():
    table = clocked()
    local = table["moment"].dt.tz_localize("UTC").dt.tz_convert("Pacific/Kiritimati")
    table["moment"] = table["moment"].dt.tz_localize("UTC")
    assert told(table.assign(when=local.dt.date)) == {}
    assert told(table.assign(when=(local + pd.Timedelta("3D")).dt.date)) == LATER


def test_texts_of_the_other_kind_are_left_out():
    times = feature_times(
        pd.Series(["2024-01-01T10:00Z"] * 60 + ["2024-01-01 10:00", "soon", None])
    )
    assert times is not None
    assert times.zoned
    assert np.isnan(times.micros).tolist() == [False] * 60 + [True] * 3
    assert feature_times(pd.Series(["2024-01-01", "soon"])) is None
    assert feature_times(pd.Series([None, None], dtype=object)) is None
    assert later_rate(times, times) == (0.0, 60)


# What ages are counted to.


@pytest.mark.parametrize("mode", ["age", "parts_and_age"])
def test_a_reference_later_than_the_decision_is_told(mode):
    table = clocked()
    table["born"] = table["moment"] - hours(10_000, 90_000)
    table["closed"] = table["moment"] + hours(1, 9_000)
    times = {"datetimes": mode, "datetime_reference": "closed"}
    roles = {"passthrough_columns": ["remark", "closed"]}
    (found,) = leaks(table, data=roles, preprocess=times)
    assert (found.code, found.severity) == ("leak_after_decision", "warning")
    assert found.columns == ("closed",)
    assert found.message.startswith(
        "preprocess.datetime_reference 'closed', which ages are counted to, is later than "
        "data.time_column 'moment' in 100.0% of 2,000 rows"
    )
    assert "preprocess.datetime_reference" in found.action
    # As a feature it is told once.
    assert told(table, preprocess=times) == {"leak_after_decision:closed": "warning"}
    # No later one, and none that is not counted to.
    earlier = table.assign(closed=table["moment"] - hours(1, 9_000))
    assert told(earlier, data=roles, preprocess=times) == {}
    assert told(table, data=roles, preprocess=times | {"datetimes": "parts"}) == {}
