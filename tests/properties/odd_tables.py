"""Tables that Hypothesis makes up to be scored: of any types, with columns that are odd, or not there."""

import csv
import io
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from pyarrow import ipc

NUMERIC, CATEGORICAL = ("signal", "noise", "count"), ("kind",)
FEATURES = (*NUMERIC, *CATEGORICAL)
FORMATS = ("parquet", "arrow", "csv", "jsonl")

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NUMBER_TEXTS = st.sampled_from(
    ["1", "-2.5", " 3 ", "1e3", "1e400", "0x1", "1,5", "1_0", "", "NA", "nan", "inf", "-Infinity",
     "true", "٣", "9" * 30, "null", "--1", "1e-400", "+.5"]
)  # fmt: skip


def exact(places):
    return st.decimals(-(10**6), 10**6, places=places)


# Elements by type; the first ones are what a feature may well be.
NUMBER_TYPES = {
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.int8(): st.integers(-128, 127),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.bool_(): st.booleans(),
    pa.decimal128(12, 2): exact(2),
    pa.decimal256(60, 5): exact(5),
    pa.null(): st.none(),
    pa.string(): NUMBER_TEXTS,
    pa.dictionary(pa.int8(), pa.float64()): st.sampled_from([1.5, -2.0, np.inf, np.nan]),
}
TEXT_TYPES = {
    pa.string(): TEXTS | st.sampled_from(["a", "b", "c"]),
    pa.large_string(): TEXTS,
    pa.dictionary(pa.int32(), pa.string()): TEXTS,
    pa.bool_(): st.booleans(),
    pa.int64(): st.integers(-3, 3),
}
OTHER_TYPES = {
    pa.float16(): st.floats(width=16).map(np.float16),
    pa.binary(): st.binary(max_size=4),
    pa.binary(2): st.binary(min_size=2, max_size=2),
    pa.date32(): st.dates(date(1, 1, 1), date(9999, 12, 31)),
    pa.timestamp("us"): st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1)),
    pa.timestamp("ns", "Asia/Kathmandu"): st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
    pa.time64("us"): st.times().map(lambda value: time(value.hour, value.minute)),
    pa.duration("s"): st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
    pa.list_(pa.int64()): st.lists(st.integers(-5, 5), max_size=3),
    pa.struct([("a", pa.float64())]): st.fixed_dictionaries({"a": st.floats()}),
    pa.map_(pa.string(), pa.int64()): st.lists(st.tuples(TEXTS, st.integers(0, 5)), max_size=2),
    pa.dictionary(pa.int8(), pa.date32()): st.dates(),
}
# Parquet does not have these.
ARROW_TYPES = {
    pa.string_view(): TEXTS,
    pa.binary_view(): st.binary(max_size=4),
    pa.list_view(pa.int64()): st.lists(st.integers(-5, 5), max_size=3),
    pa.month_day_nano_interval(): st.tuples(*[st.integers(0, 9)] * 3).map(pa.MonthDayNano),
}
ANY_TYPES = NUMBER_TYPES | TEXT_TYPES | OTHER_TYPES
# What may stand in a column of a DataFrame.
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, NUMBER_TEXTS, st.dates(),
    st.decimals(allow_nan=False), st.binary(max_size=3), st.complex_numbers(), st.lists(st.integers(), max_size=2),
    st.dictionaries(TEXTS, st.none(), max_size=1), st.sets(st.integers(), max_size=1),
    st.sampled_from([pd.NA, pd.NaT, np.float32(1.5), np.int8(3), np.bool_(True), Decimal("NaN"),
                     10**400, pd.Timestamp(0), np.datetime64("NaT"), timedelta(1)]),
)  # fmt: skip
EXTRA_NAMES = st.sampled_from(
    ["extra", "", " ", "noise ", "NOISE", "rejected_row", "score", "aftermath", "\0", "a\nb", "é",
     "assay_row", "index", "x" * 300, "'", '"', "{}", "%s", "outcome", "remark", "moment", "entity"]
)  # fmt: skip


@st.composite
def arrow_columns(draw, rows, types):
    kind = draw(st.sampled_from(list(types)))
    values = draw(st.lists(st.none() | types[kind], min_size=rows, max_size=rows))
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(values, kind)


@st.composite
def odd_arrow_tables(draw, arrow_only=False):
    """Draw a table that has the features, mostly; each row has a key of its own."""
    rows = draw(st.integers(0, 12))
    columns = {"row_key": pa.array([f"k{number}" for number in range(rows)], pa.string())}
    further = ANY_TYPES | (ARROW_TYPES if arrow_only else {})
    for name in FEATURES:
        likely = NUMBER_TYPES if name in NUMERIC else TEXT_TYPES
        types = further if draw(st.integers(0, 19)) == 19 else likely
        columns[name] = draw(arrow_columns(rows, types))
    for name in draw(st.lists(EXTRA_NAMES, max_size=2, unique=True)):
        columns[name] = draw(arrow_columns(rows, further))
    for name in (
        draw(st.lists(st.sampled_from(FEATURES), max_size=1)) if draw(st.booleans()) else []
    ):
        del columns[name]
    names = draw(st.permutations(list(columns)))
    return pa.table({name: columns[name] for name in names})


@st.composite
def odd_frames(draw):
    """Draw a DataFrame whose columns hold what they like, under names that need be no texts."""
    rows = draw(st.integers(0, 8))
    frame = pd.DataFrame({"row_key": [f"k{number}" for number in range(rows)]})
    for name in FEATURES:
        if draw(st.booleans()):
            likely = NUMBER_TYPES if name in NUMERIC else TEXT_TYPES
            made = draw(arrow_columns(rows, likely))
            # A category of pandas cannot be NaN.
            plain = made.dictionary_decode() if pa.types.is_dictionary(made.type) else made
            frame[name] = plain.to_pandas().to_numpy()
            if not pd.isna(frame[name]).any() and draw(st.booleans()):
                frame[name] = frame[name].astype("category")
        else:
            elements = draw(st.lists(SCALARS, min_size=rows, max_size=rows))
            frame[name] = pd.Series(elements, dtype=object)
            if draw(st.booleans()):
                frame[name] = frame[name].infer_objects()
    odd = draw(st.sampled_from([None, 3, ("a", "b"), None, "extra", 2.5]))
    if odd is not None:
        frame = pd.concat(
            [frame, pd.DataFrame({0: [1] * rows}).set_axis(pd.Index([odd]), axis=1)], axis=1
        )
    if rows:
        frame.index = draw(st.sampled_from([frame.index, frame.index[::-1], pd.Index([7] * rows)]))
    return frame


PLAIN_COLUMNS = {
    "signal": st.floats(-3.4e38, 3.4e38),
    "noise": st.floats(-5, 5),
    "count": st.integers(-(2**63), 2**63 - 1),
    "kind": st.sampled_from(["a", "b", "c"]) | TEXTS.filter(bool),
}


@st.composite
def plain_rows(draw):
    """Draw rows of what training had, or of nothing, as lists by column."""
    rows = draw(st.integers(1, 12))
    return {
        name: draw(st.lists(st.none() | elements, min_size=rows, max_size=rows))
        for name, elements in PLAIN_COLUMNS.items()
    }


def plain_frame(columns):
    types = {"signal": "float64", "noise": "float64", "count": "Int64", "kind": object}
    frame = pd.DataFrame({name: pd.Series(columns[name], dtype=types[name]) for name in types})
    return frame.assign(kind=frame["kind"].where(frame["kind"].notna(), np.nan))


def plain_table(columns):
    types = (pa.float64(), pa.float64(), pa.int64(), pa.string())
    return pa.table(
        [pa.array(columns[n], t) for n, t in zip(PLAIN_COLUMNS, types, strict=True)],
        list(PLAIN_COLUMNS),
    )


def encoded(table, kind, row_group_size=5):
    """Return a table as the bytes of a file; text formats get what Python writes of a value."""
    buffer = io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, buffer, row_group_size=row_group_size)
        return buffer.getvalue()
    if kind == "arrow":
        with ipc.new_file(buffer, table.schema) as writer:
            writer.write_table(table, max_chunksize=row_group_size)
        return buffer.getvalue()
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    text = io.StringIO()
    if kind == "csv":
        # With a shorter line end, Python would put no quotes around a text with the other half of it.
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(table.column_names)
        writer.writerows([repr(v) if isinstance(v, float) else v for v in row] for row in rows)
    else:
        for row in rows:
            record = dict(zip(table.column_names, row, strict=True))
            text.write(f"{json.dumps(record, default=str)}\n")
    return text.getvalue().encode()
