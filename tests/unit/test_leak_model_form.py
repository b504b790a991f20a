"""The sentinels look at what a model would see: seconds, parts of times, and ages."""

from datetime import date, datetime, time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from leaks import leaks, plain_table, told, wanted_for

from assay.checks.sample import column_values, draw_sample, times_as_numbers

RNG = np.random.default_rng(21)
ROWS = 2_000
SECONDS = RNG.integers(1, 86_400, ROWS)
BOTH = {"datetimes": "parts_and_age"}


def as_durations(seconds):
    return pd.to_timedelta(seconds, unit="s")


def as_objects(seconds):
    return pd.Series(as_durations(seconds).to_pytimedelta(), dtype=object)


def as_times_of_day(seconds):
    return [time(s // 3600, s // 60 % 60, s % 60) for s in seconds]


def as_arrow(seconds):
    return pd.Series(as_durations(seconds)).astype(pd.ArrowDtype(pa.duration("us")))


def as_category(seconds):
    return pd.Series(as_durations(seconds)).astype("category")


FORMS = [as_durations, as_objects, as_times_of_day, as_arrow, as_category]


# Durations and times of day.


@pytest.mark.parametrize("form", FORMS)
def test_a_duration_that_is_the_target_is_an_error(form):
    table = plain_table("regression").assign(outcome=SECONDS * 1.0, took=form(SECONDS))
    assert told(table, "regression") == {"leak_determines_target:took": "error"}
    table["took"] = form(RNG.permutation(SECONDS))
    assert told(table, "regression") == {}


@pytest.mark.parametrize("form", FORMS)
def test_a_duration_above_a_limit_that_is_the_class_is_an_error(form):
    late = (SECONDS > 40_000).astype(int)
    table = plain_table("binary").assign(outcome=late, took=form(SECONDS))
    assert told(table) == {"leak_determines_target:took": "error"}
    # A tenth of the rows disagree: no proof, and no score that high.
    wrong = RNG.uniform(size=ROWS) < 0.1
    assert told(table.assign(outcome=np.where(wrong, 1 - late, late))) == {}


def test_a_duration_that_nearly_is_the_target_is_a_warning():
    noisy = SECONDS + RNG.normal(size=ROWS) * 1_000
    table = plain_table("regression").assign(outcome=noisy, took=as_durations(SECONDS))
    assert told(table, "regression") == {"leak_single_feature:took": "warning"}


def test_durations_of_distinct_seconds_are_no_ids_and_no_entities():
    table = plain_table("binary").assign(
        took=as_durations(RNG.permutation(ROWS)), at=as_times_of_day(RNG.permutation(ROWS))
    )
    assert told(table, data={"group_column": None}) == {}


def test_durations_and_times_of_day_are_seconds():
    values = column_values(pd.Series([pd.Timedelta("1h"), pd.NaT]))
    assert values.numbers.tolist()[:1] == [3600.0]
    assert values.missing.tolist() == [False, True]
    assert column_values(pd.Series([time(1, 0, 0, 500_000)])).numbers.tolist() == [3600.5]


# Parts and ages of times.


def incidents(rows=ROWS, task="binary", noise=0.0):
    """Return a table whose outcome is that an incident was reported late, with some errors."""
    table = plain_table(task, rows)
    passed = RNG.integers(0, 60 * 86_400, rows)
    table["incident_at"] = table["moment"] - pd.to_timedelta(passed, unit="s")
    late = (table["moment"] - table["incident_at"]) > pd.Timedelta("30d")
    wrong = RNG.uniform(size=rows) < noise
    return table.assign(outcome=(late ^ wrong).astype(int))


@pytest.mark.parametrize("mode", ["age", "parts_and_age"])
def test_an_age_that_determines_the_target_is_an_error(mode):
    (found,) = leaks(incidents(), preprocess={"datetimes": mode})
    assert (found.code, found.severity) == ("leak_determines_target", "error")
    # The column of the table is what can be excluded.
    assert found.columns == ("incident_at",)
    assert found.message.startswith(
        "feature 'incident_at.age_days' (made of column 'incident_at', counted to 'moment') determines"
    )
    assert told(incidents(noise=0.1), preprocess={"datetimes": mode}) == {}


@pytest.mark.parametrize("mode", ["drop", "parts"])
def test_an_age_that_no_model_sees_is_no_finding(mode):
    assert told(incidents(), preprocess={"datetimes": mode}) == {}


def test_an_age_is_counted_to_the_reference_that_is_named():
    table = incidents()
    table["reported_at"] = table["moment"]
    table["moment"] += pd.to_timedelta(RNG.integers(1_000, 1_400, ROWS), unit="D")
    reference = {"datetimes": "age", "datetime_reference": "reported_at"}
    assert told(table, preprocess=reference) == {"leak_determines_target:incident_at": "error"}
    assert told(table, preprocess={"datetimes": "age"}) == {}


def test_an_age_that_nearly_determines_the_target_is_a_warning():
    found = told(incidents(noise=0.005), preprocess=BOTH)
    assert found == {"leak_single_feature:incident_at": "warning"}


def test_the_whole_table_is_asked_before_an_age_is_an_error():
    table = incidents(20_000)
    small = {"leak_sample_rows": 500}
    found = told(table, preprocess=BOTH, validate=small)
    assert found == {"leak_determines_target:incident_at": "error"}
    table.loc[:20, "outcome"] = 1 - table.loc[:20, "outcome"]
    found = told(table, preprocess=BOTH, validate=small)
    assert found == {"leak_single_feature:incident_at": "warning"}


@pytest.mark.parametrize("part", ["weekday", "hour", "month", "day"])
def test_a_part_that_determines_the_target_is_an_error(part):
    table = plain_table("binary")
    when = table["moment"] - pd.to_timedelta(RNG.integers(0, 86_400 * 700, ROWS), unit="s")
    values = getattr(when.dt, part)
    table = table.assign(when=when, outcome=(values > values.median()).astype(int))
    (found,) = leaks(table, preprocess={"datetimes": "parts"})
    assert (found.code, found.columns) == ("leak_determines_target", ("when",))
    assert found.message.startswith(f"feature 'when.{part}' (made of column 'when') determines")
    # Seasons are long enough to be told from a time itself.
    others = {"leak_single_feature:when": "warning"} if part == "month" else {}
    assert told(table, preprocess={"datetimes": "age"}) == others
    shuffled = table.assign(outcome=RNG.permutation(table["outcome"]))
    assert told(shuffled, preprocess={"datetimes": "parts"}) == {}


def test_one_column_is_told_once():
    table = plain_table("regression")
    age = RNG.permutation(ROWS) + 0.5
    when = pd.Timestamp("2024-01-01") - pd.to_timedelta(age, unit="D")
    table = table.assign(when=when, moment=pd.Timestamp("2024-01-01"), outcome=age)
    data = {"data": {"time_column": None, "passthrough_columns": ["moment"]}}
    assert told(table.assign(outcome=age), "regression", **data, preprocess={
        "datetimes": "parts_and_age", "datetime_reference": "moment",
    }) == {"leak_determines_target:when": "error"}  # fmt: skip


def test_a_sample_without_the_positive_label_has_parts_too():
    table = plain_table("binary", 3_000).assign(outcome=0)
    table.loc[7, "outcome"] = 1
    table["when"] = table["moment"]
    sample = draw_sample(table, wanted_for(preprocess=BOTH, validate={"leak_sample_rows": 100}))
    assert 7 not in sample.position
    names = [part.feature.name for part in sample.parts]
    assert names[-1] == "when.age_days"


# The same times in any type.


@pytest.mark.parametrize(
    "far",
    [
        np.array(["9999-12-31", "2024-01-01", "NaT"], dtype="datetime64[us]"),
        [date(9999, 12, 31), date(2024, 1, 1), None],
        [datetime(9999, 12, 31), datetime(2024, 1, 1), None],
    ],
)
def test_times_beyond_nanoseconds_are_times(far):
    numbers = times_as_numbers(pd.Series(far, name="far"))
    days = (date(9999, 12, 31).toordinal() - date(1970, 1, 1).toordinal()) * 86_400e6
    assert numbers[0] == days
    assert np.isnan(numbers[2])


@pytest.mark.parametrize("kind", ["times", "dates"])
def test_a_far_date_that_stands_for_open_is_found_in_every_type(kind):
    table = plain_table("binary")
    past = table["moment"].dt.floor("D") - pd.to_timedelta(RNG.integers(1, 700, ROWS), unit="D")
    is_open = table["outcome"] == 1
    closed = [
        date(9999, 12, 31) if still else day
        for still, day in zip(is_open, past.dt.date, strict=True)
    ]
    if kind == "times":
        closed = np.array(closed, dtype="datetime64[us]")
    found = told(table.assign(closed_on=closed))
    assert found["leak_determines_target:closed_on"] == "error"
