"""Columns of any type, where training had times, durations or numbers: read row by row, or refused."""

import functools
import json

import numpy as np
import pandas as pd
import pyarrow as pa
from cases import changed_params
from conftest import make_table
from corpus import assert_told
from hypothesis import given
from hypothesis import strategies as st
from odd_tables import ANY_TYPES, ARROW_TYPES, SCALARS, arrow_columns
from test_contract_properties import FUZZ

from assay.acceptance import accept, type_faults
from assay.contents import contract_of
from assay.contract import build_contract
from assay.errors import SchemaError
from assay.row_faults import FaultTally
from assay.schema import infer_schema, typed_table
from assay.time_features import PARTS
from assay.time_texts import parsed_duration, parsed_time, parsed_time_of_day

ROWS = 600
NAMES = ("when", "zoned", "day", "took", "at", "amount", "kind")
TIME_TEXTS = st.sampled_from(
    ["2013-01-05", "2013-01-05 10:00", "2013-01-05T10:00:00.123456789Z", "9999-12-31 23:59:59+02:00", "NaT",
     "0001-01-01T00:00:00+23:59", "1 days", "P1D", "PT1H", "-1 days +23:00:00", "07:30", "24:00:00", "01/02/2013",
     "1357369689", "2013-02-30", "P1M", "999999999999999 days", "2013-01-05\n", " 2013-01-05 ", "P", "T", ":"]
)  # fmt: skip


@functools.cache
def contract():
    """The contract of a model that sees every kind of time."""
    moment = make_table()["moment"]
    table = make_table().assign(
        when=moment, zoned=moment.dt.tz_localize("UTC"), day=moment.dt.date,
        took=pd.to_timedelta(np.arange(ROWS), unit="s"), at=moment.dt.time, amount=np.arange(ROWS) / 7,
    )  # fmt: skip
    params = changed_params()
    schema = infer_schema(table, params.data, params.task, "parts_and_age", "when")
    return contract_of(
        json.loads(json.dumps(build_contract(schema, typed_table(table, schema)).to_json())), "c"
    )


def plain_rows(count):
    schema = contract().schema
    return {name: pa.nulls(count) for name in schema.input_columns}


@st.composite
def columns(draw):
    """Draw a column of a file, or of a DataFrame, where one of these is wanted."""
    rows, name = draw(st.integers(1, 8)), draw(st.sampled_from(NAMES))
    if draw(st.booleans()):
        types = ANY_TYPES | ARROW_TYPES | {pa.string(): TIME_TEXTS}
        return name, draw(arrow_columns(rows, types))
    values = draw(st.lists(SCALARS | TIME_TEXTS, min_size=rows, max_size=rows))
    made = pd.Series(values, dtype=object)
    try:
        return name, made.infer_objects() if draw(st.booleans()) else made
    except OverflowError:
        # pandas stumbles over whole numbers that no float holds.
        return name, made


@FUZZ
@given(drawn=columns(), untyped=st.booleans())
def test_any_column_is_read_row_by_row_or_refused(drawn, untyped):
    name, column = drawn
    rows = plain_rows(len(column)) | {name: column}
    try:
        found = accept(rows, contract(), "t", untyped)
    except SchemaError as error:
        assert_told(str(error))
        return
    assert not type_faults(rows, contract().schema)
    seen = [feature for feature in contract().schema.features if feature.source == name]
    assert len(found.features) == len(column)
    assert {fault.column for fault in found.faults} <= {name}
    tally = FaultTally()
    tally.add(found.faults)
    assert all(max(kinds.values()) <= len(column) for kinds in found.coerced.values())
    for feature in seen:
        values = found.features[feature.name]
        if feature.kind == "numeric":
            assert values.dtype == "float64"
            assert np.isfinite(values.dropna()).all()
        else:
            assert values.dropna().map(lambda value: isinstance(value, str)).all()
        assert not values[[fault.row for fault in found.faults]].notna().any()
    # A row is read the same alone, but where pandas tells the type of a column by its company.
    if isinstance(column, pa.Array):
        for row in range(len(column)):
            alone = {n: c.slice(row, 1) for n, c in rows.items()}
            one = accept(alone, contract(), "t", untyped)
            expected = found.features.iloc[[row]].reset_index(drop=True)
            pd.testing.assert_frame_equal(one.features, expected)
            reasons = [fault.reason for fault in found.faults if fault.row == row]
            assert [fault.reason for fault in one.faults] == reasons


@FUZZ
@given(text=st.text(max_size=30) | TIME_TEXTS | st.from_regex(r"\A[-+0-9PT:. DHMSZ]{0,30}\Z"))
def test_any_text_is_a_time_or_none(text):
    for parse in (parsed_time, parsed_time_of_day, parsed_duration):
        parse(text)


@FUZZ
@given(micros=st.integers(-62_135_596_800 * 10**6, 253_402_300_800 * 10**6 - 1))
def test_a_time_has_the_same_parts_as_a_text_and_as_a_number(micros):
    time = np.datetime64(micros, "us")
    rows = plain_rows(1)
    forms = (
        pa.array([time]), pa.array([str(time)]), pa.array([str(time).replace("T", " ")]),
        pd.Series([time.item()], dtype=object), pa.array([f" {time}"]),
    )  # fmt: skip
    names = [f"when.{part}" for part in PARTS if part != "age_days"]
    first, *others = (
        accept(rows | {"when": form}, contract(), "t").features[names] for form in forms
    )
    assert first.notna().all(axis=None)
    for other in others:
        pd.testing.assert_frame_equal(other, first)
