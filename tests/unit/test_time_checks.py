"""What is found in a table's times before anything is made of them."""

from datetime import time
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from conftest import make_params, make_table, parse_params

from assay.checks.findings import Wanted, refuse_errors
from assay.checks.table import check_table
from assay.errors import DataError, SchemaError

MOMENT = make_table()["moment"]


def found(table, mode="parts", reference=None, task="binary", **roles):
    raw = make_params(task)
    raw["data"] |= roles
    raw["preprocess"] |= {"datetimes": mode, "datetime_reference": reference}
    params = parse_params(raw)
    return check_table(table, Wanted(params.data, params.task, params.validate_, mode, reference))


def told(findings):
    return [(finding.code, finding.message) for finding in findings]


def spoil(**columns):
    return make_table().assign(**columns)


@pytest.mark.parametrize("mode", ["drop", "parts", "age", "parts_and_age"])
def test_times_durations_and_decimals_are_no_finding(mode):
    table = spoil(
        when=MOMENT, day=MOMENT.dt.date, at=[time(n % 24, n % 60) for n in range(600)],
        took=pd.to_timedelta(np.arange(600), unit="s"), amount=[Decimal(n) / 7 for n in range(600)],
    )  # fmt: skip
    assert told(found(table, mode)) == []


@pytest.mark.parametrize(
    ("reference", "roles", "message"),
    [
        (None, {"time_column": None, "exclude_columns": {"moment": "x", "aftermath": "y"}},
         "asks for the age of 'when', and neither preprocess.datetime_reference nor data.time_column"),
        ("momnt", {}, "column 'momnt', named in preprocess.datetime_reference, is not in the table. "
         "Nearest in the table: moment."),
        ("signal", {}, "preprocess.datetime_reference 'signal' holds numbers, expected dates or times"),
        ("aftermath", {}, "'aftermath' is in data.exclude_columns"),
        ("outcome", {}, "'outcome' is the target"),
    ],
)  # fmt: skip
def test_ages_need_a_column_of_times_to_be_counted_to(reference, roles, message):
    (finding,) = found(spoil(when=MOMENT), "age", reference, **roles)
    assert (finding.code, finding.severity) == ("datetime_reference", "error")
    assert message in finding.message
    assert "preprocess.datetime" in finding.action
    # What is not asked for is not missed.
    assert told(found(spoil(when=MOMENT), "parts", reference, **roles)) == []
    assert told(found(make_table(), "age", reference, **roles)) == []
    with pytest.raises(SchemaError, match="datetime"):
        refuse_errors([finding], "t")


def test_an_age_between_a_time_with_a_zone_and_one_without_is_an_error():
    zoned = MOMENT.dt.tz_localize("UTC")
    (finding,) = found(spoil(when=zoned), "age")
    assert "'when' has a time zone while 'moment' has none" in finding.message
    (finding,) = found(spoil(when=MOMENT, moment=zoned), "age")
    assert "'moment' has a time zone while 'when' has none" in finding.message
    assert told(found(spoil(when=zoned, moment=zoned), "age")) == []
    # A date has no zone, and an age in days can do without.
    assert told(found(spoil(when=MOMENT.dt.date, moment=zoned), "age")) == []


@pytest.mark.parametrize(
    ("part", "mode"), [("month", "parts"), ("hour", "parts_and_age"), ("age_days", "age")]
)
def test_a_column_of_the_name_of_a_part_is_an_error(part, mode):
    table = spoil(when=MOMENT, **{f"when.{part}": np.arange(600) % 7 / 2})
    assert told(found(table, mode)) == [
        (
            "reserved_name",
            f"column 'when.{part}' has the name that Assay gives to a part of 'when'.",
        )
    ]
    assert told(found(table, "drop")) == []


def test_times_beyond_the_calendar_are_counted_with_an_example():
    far = MOMENT.astype("datetime64[s]").to_numpy().copy()
    far[[5, 9]] = np.datetime64(2**40, "s")
    table = spoil(when=far)
    (finding,) = found(table)
    assert (finding.code, finding.evidence) == ("time_range", {"beyond_count": 2})
    assert "column 'when' has 2 times beyond the years 1 to 9999" in finding.message
    assert "in row 6" in finding.message
    with pytest.raises(DataError, match="Mend their source"):
        refuse_errors([finding], "t")
    (finding,) = found(spoil(day=MOMENT, remark=far), "age", "remark")
    assert finding.columns == ("remark",)
    assert told(found(table, "drop")) == []


def test_a_table_of_nothing_but_dropped_times_has_no_feature():
    table = spoil(when=MOMENT).drop(columns=["signal", "noise", "count", "kind"])
    codes = {
        mode: [code for code, _ in told(found(table, mode))] for mode in ("drop", "age", "parts")
    }
    assert codes == {"drop": ["no_features"], "age": [], "parts": []}
    assert [code for code, _ in told(found(table, "age", "when"))] == ["no_features"]


@pytest.mark.parametrize(
    ("values", "message", "action"),
    [
        ([["a"]] * 600, "holds nested values", "Put what you need of it into columns of their own"),
        ([b"a"] * 600, "holds bytes", "Decode it to texts"),
        (["a", 1] * 300, "holds values of several types", "Make all of its values numbers"),
        ([1j] * 600, "holds complex numbers", "its real and imaginary parts"),
        (pd.period_range("2020", periods=600, freq="D"), "holds periods", "`.dt.start_time`"),
        (pd.interval_range(0, 600), "holds intervals", "its two ends into columns"),
    ],
)
def test_what_no_model_reads_is_told_with_what_to_do(values, message, action):
    (finding,) = found(spoil(odd=values))
    assert finding.code == "unreadable_type"
    assert message in finding.message
    assert action in finding.action
    assert "data.exclude_columns" in finding.action


def test_times_are_no_codes():
    (finding,) = found(spoil(when=MOMENT), categorical_columns=["when"])
    assert finding.message == "feature 'when' holds times, which are no codes."


@pytest.mark.parametrize(
    ("texts", "is_found"),
    [
        (MOMENT.dt.strftime("%Y-%m-%d"), True),
        (MOMENT.astype(str), True),
        (MOMENT.dt.strftime("%Y-%m-%dT%H:%M:%SZ").where(MOMENT.index % 50 != 3, "soon"), True),
        (
            MOMENT.dt.strftime("%Y-%m-%d").where(
                MOMENT.index % 5 != 3, "never " + make_table()["row_key"]
            ),
            False,
        ),
        (MOMENT.dt.strftime("%d/%m/%Y"), False),
        (pd.Series("2024-01-01", index=MOMENT.index), False),
        (
            pd.Series("20240101", index=MOMENT.index).str[:4] + make_table()["kind"].fillna("a"),
            False,
        ),
    ],
)
def test_dates_as_texts_are_told(texts, is_found):
    findings = [f for f in found(spoil(when=texts.astype(object))) if f.code == "text_dates"]
    assert bool(findings) == is_found
    for finding in findings:
        assert finding.severity == "warning"
        assert "each date is a category of its own" in finding.action


def test_dates_and_decimals_may_be_keys_and_a_date_the_time_column():
    table = spoil(
        moment=MOMENT.dt.date, row_key=[Decimal(n) for n in range(600)], entity=MOMENT.dt.date
    )
    assert told(found(table)) == []
    (finding,) = found(spoil(outcome=MOMENT))
    assert "holds times, expected numbers or texts" in finding.message
