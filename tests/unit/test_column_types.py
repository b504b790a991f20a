"""Every type of column that a Parquet table has, through training and scoring, in every honest form.

A form is honest if it says the same: a whole number for a float, a text for a time, another unit or zone.
"""

import io
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cases import changed_params
from conftest import make_table

from assay.acceptance import accept, type_faults
from assay.artifacts import read_table
from assay.checks.findings import Wanted
from assay.checks.table import check_table
from assay.contents import contract_of
from assay.contract import build_contract
from assay.errors import SchemaError
from assay.predictor import Recipe, raw_predictions
from assay.preprocessing import build_preprocessor
from assay.schema import infer_schema, typed_table

ROWS = 600
RNG = np.random.default_rng(11)
SECONDS = RNG.integers(1_300_000_000, 1_400_000_000, ROWS)
DAYS = SECONDS // 86_400


def with_gaps(values, kind):
    """Return an Arrow array of which every 20th value is missing."""
    return pa.array([None if n % 20 == 7 else v for n, v in enumerate(values)], kind)


# What stands in a file, by the name of the column.
COLUMNS = {
    "int8": with_gaps(RNG.integers(-9, 9, ROWS).tolist(), pa.int8()),
    "int64": pa.array(RNG.integers(0, 1000, ROWS)),
    "uint16": with_gaps(RNG.integers(0, 99, ROWS).tolist(), pa.uint16()),
    "halves": pa.array(RNG.integers(0, 50, ROWS).astype("float16")),
    "float32": with_gaps(RNG.integers(-50, 50, ROWS).tolist(), pa.float32()),
    "double": with_gaps(RNG.normal(size=ROWS).round(3).tolist(), pa.float64()),
    "flag": pa.array(RNG.uniform(size=ROWS) < 0.5),
    "maybe": with_gaps((RNG.uniform(size=ROWS) < 0.5).tolist(), pa.bool_()),
    "text": with_gaps(RNG.choice(["x", "y", "NA"], ROWS).tolist(), pa.string()),
    "large": with_gaps(RNG.choice(["x", "y"], ROWS).tolist(), pa.large_string()),
    "category": with_gaps(RNG.choice(["p", "q"], ROWS).tolist(), pa.string()).dictionary_encode(),
    "day32": with_gaps(DAYS.tolist(), pa.date32()),
    "day64": with_gaps((DAYS * 86_400_000).tolist(), pa.date64()),
    "seconds": with_gaps((SECONDS * 1000).tolist(), pa.timestamp("ms")),
    "micros": pa.array(SECONDS * 10**6 + 1, pa.timestamp("us")),
    "nanos": pa.array(SECONDS * 10**9 + 1000, pa.timestamp("ns")),
    "midnights": pa.array(DAYS * 86_400_000, pa.timestamp("ms")),
    "zoned": with_gaps((SECONDS * 1000).tolist(), pa.timestamp("ms", "America/New_York")),
    "utc": pa.array(SECONDS * 10**6, pa.timestamp("us", "UTC")),
    "took": with_gaps(RNG.integers(-(10**6), 10**6, ROWS).tolist(), pa.duration("ms")),
    "took_ns": pa.array(RNG.integers(0, 10**18, ROWS) // 1000 * 1000, pa.duration("ns")),
    "at": with_gaps(RNG.integers(0, 86_400, ROWS).tolist(), pa.time32("s")),
    "at_us": pa.array(RNG.integers(0, 86_400 * 10**6, ROWS), pa.time64("us")),
    "at_ns": pa.array(RNG.integers(0, 86_400 * 10**9, ROWS), pa.time64("ns")),
    "amount": with_gaps([Decimal(int(n)) / 100 for n in RNG.integers(0, 10**6, ROWS)],
                        pa.decimal128(12, 2)),
    "precise": pa.array([Decimal(int(n)) / 10**7 for n in RNG.integers(0, 10**15, ROWS)],
                        pa.decimal128(38, 10)),
    "code": pa.array(RNG.integers(1, 4, ROWS)),
    "same": pa.array([4] * ROWS),
    "same_day": pa.array([16_000] * ROWS, pa.date32()),
    "none": pa.nulls(ROWS),
    "no_time": pa.array([None] * ROWS, pa.timestamp("us")),
    "no_text": pa.array([None] * ROWS, pa.string()),
}  # fmt: skip
EMPTY = {"none", "no_time", "no_text"}
PARAMS = changed_params(data={"categorical_columns": ["code"]})


def parts(name, *more):
    return [f"{name}.{part}" for part in ("month", "day", "weekday", *more)]


FEATURES = [
    *("int8", "int64", "uint16", "halves", "float32", "double", "flag", "maybe"),
    *("text", "large", "category", *parts("day32"), *parts("day64"), *parts("seconds", "hour")),
    *(*parts("micros", "hour"), *parts("nanos", "hour"), *parts("midnights")),
    *(*parts("zoned", "hour"), *parts("utc", "hour"), "took", "took_ns", "at", "at_us", "at_ns"),
    *("amount", "precise", "code", "same", *parts("same_day")),
]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A Parquet file with a target, a key, and every type of column."""
    plain = pa.Table.from_pandas(make_table(), preserve_index=False)
    table = plain.select(["row_key", "moment", "entity", "remark", "outcome", "aftermath"])
    for name, column in COLUMNS.items():
        table = table.append_column(name, column)
    path = tmp_path_factory.mktemp("types") / "features.parquet"
    pq.write_table(table, path)
    return path


@pytest.fixture(scope="module")
def frame(file):
    return read_table(file)


@pytest.fixture(scope="module")
def schema(frame):
    return infer_schema(frame, PARAMS.data, PARAMS.task, "parts")


@pytest.fixture(scope="module")
def trained(frame, schema):
    return typed_table(frame, schema)


@pytest.fixture(scope="module")
def contract(schema, trained):
    """As a scorer has it, out of a file."""
    document = json.loads(json.dumps(build_contract(schema, trained).to_json()))
    return contract_of(document, "input_schema.json")


def arrow_columns(file):
    table = pq.read_table(file)
    return {name: table.column(name).combine_chunks() for name in table.column_names}


def test_every_type_is_a_feature(frame, schema):
    assert schema.feature_names == FEATURES
    assert schema.input_columns == [name for name in COLUMNS if name not in EMPTY]
    assert {name for name, reason in schema.excluded.items() if "no value" in reason} == EMPTY
    wanted = Wanted(PARAMS.data, PARAMS.task, PARAMS.validate_, "parts")
    found = check_table(frame, wanted)
    assert {f.code: f.columns for f in found if f.severity == "error"} == {}
    assert {f.columns[0] for f in found if f.code == "id_like"} == set()
    assert {f.columns[0] for f in found if f.code == "constant"} == {"same", "same_day"}


def test_the_model_sees_numbers_and_texts_that_say_what_the_table_says(trained, file):
    raw = {name: column.to_pylist() for name, column in arrow_columns(file).items()
           if name in COLUMNS and not name.endswith(("nanos", "_ns"))}  # fmt: skip
    for row in range(0, ROWS, 41):
        value = {name: values[row] for name, values in raw.items()}
        seen = trained.iloc[row]
        for name in ("day32", "seconds", "micros", "zoned", "midnights"):
            if value[name] is None:
                assert seen[parts(name)].isna().all()
                continue
            moment = value[name]
            if name == "zoned":
                moment = (moment - moment.utcoffset()).replace(tzinfo=None)
            assert seen[parts(name)].tolist() == [moment.month, moment.day, moment.strftime("%A")]
            if name in {"seconds", "micros", "zoned"}:
                assert seen[f"{name}.hour"] == moment.hour
        if value["took"] is not None:
            assert seen["took"] == value["took"].total_seconds()
        if value["at"] is not None:
            assert (
                seen["at"] == value["at"].hour * 3600 + value["at"].minute * 60 + value["at"].second
            )
        assert seen["precise"] == float(value["precise"])
        assert seen["code"] == str(value["code"])
    assert trained[FEATURES].dtypes.map(str).isin(["float64", "object"]).all()


def test_a_model_fits_and_scores_what_a_file_gives(trained, schema, contract, file):
    features, y_true = trained[schema.feature_names], trained["outcome"].to_numpy()
    from sklearn.linear_model import LogisticRegression

    recipe = Recipe(
        build_preprocessor(schema, PARAMS.preprocess, PARAMS.task, trained), LogisticRegression()
    )
    pipeline = recipe.fit(features, y_true)
    accepted = accept(arrow_columns(file), contract, "t")
    assert (accepted.faults, accepted.coerced, accepted.unknown_categories) == ([], {}, {})
    np.testing.assert_array_equal(
        raw_predictions(pipeline, accepted.features), raw_predictions(pipeline, features)
    )


def same(contract, trained, columns, untyped=False):
    found = accept(columns, contract, "t", untyped)
    assert found.faults == []
    pd.testing.assert_frame_equal(found.features, trained[contract.schema.feature_names])
    return found


def texts_of(file, write):
    """Return what a CSV file gives of the table, as pandas or Arrow writes one."""
    if write == "pandas":
        content = read_table(file).to_csv(index=False).encode()
    elif write == "backend":
        content = pd.read_parquet(file, dtype_backend="pyarrow").to_csv(index=False).encode()
    else:
        from pyarrow import csv

        table, sink = pq.read_table(file), pa.BufferOutputStream()
        for name in ("took", "took_ns"):
            # Arrow's writer knows no durations.
            texts = pa.array([None if pd.isna(v) else str(v) for v in table[name].to_pandas()])
            table = table.set_column(table.column_names.index(name), name, texts)
        table = table.set_column(
            table.column_names.index("halves"), "halves", table["halves"].cast(pa.float32())
        )
        csv.write_csv(table, sink)
        content = sink.getvalue().to_pybytes()
    read = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, na_values=[""])
    return {name: pa.array(read[name], pa.string(), from_pandas=True) for name in read}


@pytest.mark.parametrize("write", ["pandas", "backend", "arrow"])
def test_texts_give_back_what_training_had(contract, trained, file, write):
    assert same(contract, trained, texts_of(file, write), untyped=True).coerced == {}


def test_texts_in_a_file_with_types_are_counted(contract, trained, file):
    coerced = same(contract, trained, texts_of(file, "pandas")).coerced
    counts = {name: dict(kinds) for name, kinds in coerced.items()}
    assert counts["seconds"] == {"text_as_time": 570}
    assert counts["took"] == {"text_as_duration": 570}
    assert counts["at"] == {"text_as_time": 570}
    assert counts["amount"] == {"text_as_number": 570}
    assert "text" not in counts


def test_a_frame_that_pandas_keeps_as_arrow_does_is_read(contract, trained, file):
    frame = pd.read_parquet(file, dtype_backend="pyarrow")
    same(contract, trained, {name: frame[name] for name in frame})


def test_a_frame_is_read_as_training_read_it(contract, trained, frame):
    same(contract, trained, {name: frame[name] for name in frame})


def cast(kind):
    return lambda column: column.cast(kind, safe=False)


def series(kind):
    return lambda column: pd.Series(column.to_pandas(), dtype=kind)


def objects(column):
    return pd.Series(column.to_pylist(), dtype=object)


def texts(write):
    """Return a builder of texts, missing ones as None."""
    return lambda column: pa.array(
        [None if value is None else write(value) for value in column.to_pylist()], pa.string()
    )


def iso_duration(value):
    return pd.Timedelta(value).isoformat()


def as_category(column):
    return pd.Series(column.to_pandas()).astype("category")


def calendar(value):
    return pa.MonthDayNano([0, value.days, (value.seconds * 10**6 + value.microseconds) * 1000])


HONEST = {
    "int8": [cast(pa.int64()), cast(pa.float32()), cast(pa.decimal128(5, 2)), series("Int64"),
             texts(str), texts(lambda v: f" {v}.0 "), objects],
    "int64": [cast(pa.uint16()), cast(pa.float64()), series("Int64"), series("Int16"), texts(str),
              lambda c: texts(str)(c).dictionary_encode(), as_category, objects],
    "uint16": [cast(pa.int32()), series("float64"), series("UInt32"), objects],
    "halves": [cast(pa.float64()), cast(pa.int8()), texts(str)],
    "float32": [cast(pa.int64()), cast(pa.decimal128(9, 3)), series("Float64"), texts(str)],
    "double": [texts(repr), series("Float64"), as_category, objects,
               lambda c: pa.array([None if v is None else Decimal(repr(v)) for v in c.to_pylist()])],
    "flag": [cast(pa.int8()), cast(pa.float64()), texts(str), texts(lambda v: str(v).lower()),
             series("boolean"), objects],
    "maybe": [cast(pa.int8()), texts(str), series("boolean"), objects],
    "text": [cast(pa.large_string()), lambda c: c.dictionary_encode(), as_category, series("string"),
             objects, lambda c: c.cast(pa.string_view())],
    "large": [cast(pa.string()), lambda c: c.dictionary_encode(), as_category],
    "category": [lambda c: c.dictionary_decode(), lambda c: c.cast(pa.large_string()), objects,
                 lambda c: as_category(c).cat.set_categories(["z", "q", "p"])],
    "day32": [cast(pa.date64()), cast(pa.timestamp("s")), cast(pa.timestamp("ns")), texts(str), objects,
              texts(lambda v: f"{v} 00:00:00"), as_category, lambda c: c.dictionary_encode(),
              lambda c: pd.to_datetime(c.to_pandas())],
    "day64": [cast(pa.date64()), cast(pa.timestamp("us")), texts(str)],
    "seconds": [cast(pa.timestamp("s")), cast(pa.timestamp("ns")), texts(str), as_category, objects,
                texts(datetime.isoformat), lambda c: texts(str)(c).dictionary_encode(),
                series("datetime64[s]"), lambda c: texts(str)(c).cast(pa.large_string()),
                lambda c: c.dictionary_encode(), lambda c: objects(texts(str)(c))],
    "micros": [cast(pa.timestamp("ns")), texts(datetime.isoformat), objects],
    "nanos": [cast(pa.timestamp("us")), texts(str), objects],
    "midnights": [cast(pa.date32()), cast(pa.date64()), texts(lambda v: str(v.date())), objects,
                  lambda c: objects(c.cast(pa.date32()))],
    "zoned": [cast(pa.timestamp("us", "UTC")), cast(pa.timestamp("s", "Asia/Kathmandu")), texts(str),
              texts(datetime.isoformat), objects, as_category,
              texts(lambda v: (v - v.utcoffset()).replace(tzinfo=None).isoformat() + "Z"),
              series("datetime64[s, Europe/Berlin]")],
    "utc": [cast(pa.timestamp("ms", "+05:30")), texts(lambda v: v.isoformat().replace("+00:00", "+0000"))],
    "took": [cast(pa.duration("ns")), texts(str), texts(iso_duration), objects, as_category,
             texts(lambda v: str(pd.Timedelta(v))), series("timedelta64[ms]"),
             lambda c: pa.array([None if v is None else calendar(v) for v in c.to_pylist()])],
    "took_ns": [cast(pa.duration("us")), texts(iso_duration), texts(str)],
    "at": [cast(pa.time64("ns")), texts(str), objects, texts(lambda v: v.isoformat("seconds"))],
    "at_us": [cast(pa.time64("ns")), texts(str), objects],
    "at_ns": [cast(pa.time64("us"))],
    "amount": [cast(pa.float64()), cast(pa.decimal256(60, 5)), texts(str), objects],
    "precise": [cast(pa.decimal256(60, 10)), texts(str), objects],
    "code": [cast(pa.int8()), cast(pa.float64()), cast(pa.decimal128(25, 2)), texts(str), as_category,
             texts(lambda v: f"{v}.0"), objects, series("Int64")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change"),
    [(name, change) for name, changes in HONEST.items() for change in changes],
    ids=[f"{name}-{number}" for name, changes in HONEST.items() for number in range(len(changes))],
)
def test_every_honest_form_is_the_same_to_the_model(contract, trained, file, name, change):
    columns = arrow_columns(file)
    changed = change(columns[name])
    assert not isinstance(changed, pa.Array) or changed.type != columns[name].type
    same(contract, trained, columns | {name: changed})


@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in EMPTY])
def test_rows_without_a_value_are_missing_in_any_column(contract, file, name):
    rows = {key: column.slice(0, 3) for key, column in arrow_columns(file).items()}
    nothing = [
        pa.nulls(3), pa.nulls(3, rows[name].type), pa.nulls(3, pa.string()), pd.Series([None] * 3),
        pd.Series([np.nan] * 3), pd.Series([pd.NaT] * 3), pd.Series([pd.NA] * 3, dtype="Int64"),
    ]  # fmt: skip
    for column in nothing:
        found = accept(rows | {name: column}, contract, "t")
        seen = [f for f in contract.schema.features if f.source == name]
        assert found.features[[f.name for f in seen]].isna().all(axis=None)
        assert (found.faults, found.coerced) == ([], {})


REFUSED = [
    ("seconds", cast(pa.int64()), "column 'seconds' holds numbers, expected times. Convert it."),
    ("seconds", lambda _: COLUMNS["double"], "holds numbers, expected times"),
    ("seconds", cast(pa.timestamp("ms", "UTC")),
     "holds times with a zone, expected times without one"),
    ("zoned", cast(pa.timestamp("ms")), "holds times without a zone, expected times with one"),
    ("zoned", cast(pa.date32()), "holds dates, expected times with a zone"),
    ("day32", cast(pa.int32()), "holds numbers, expected dates"),
    ("day32", lambda c: c.cast(pa.timestamp("us", "UTC")), "times with a zone, expected dates"),
    ("took", cast(pa.int64()), "holds numbers, expected durations"),
    ("took", lambda _: COLUMNS["at"], "holds times of day, expected durations"),
    ("at", cast(pa.int32()), "holds numbers, expected times of day"),
    ("at", lambda _: COLUMNS["seconds"], "holds times, expected times of day"),
    ("int64", cast(pa.timestamp("s")), "holds times, expected numbers"),
    ("text", lambda _: COLUMNS["day32"], "holds dates, expected categories"),
    ("amount", lambda _: COLUMNS["took"], "holds durations, expected numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "message"), REFUSED)
def test_what_says_something_else_is_refused_in_one_sentence(contract, file, name, change, message):
    columns = arrow_columns(file)
    changed = change(columns[name])
    for given in (changed, changed.to_pandas()):
        with pytest.raises(SchemaError, match=message):
            accept(columns | {name: given}, contract, "t")
    # Before a row is read, too.
    (fault,) = type_faults({name: changed.type}, contract.schema)
    assert message in fault


AT_FAULT = [
    ("seconds", "01/02/2013", "not_a_time"),
    ("seconds", "1357369689", "not_a_time"),
    ("seconds", "2013-01-05 10:00:00Z", "zone_mismatch"),
    ("zoned", "2013-01-05 10:00:00", "zone_mismatch"),
    ("zoned", "2013-01-05", "zone_mismatch"),
    ("day32", "2013-13-01", "not_a_time"),
    ("day32", "2013-01-05T10:00:00+02:00", "zone_mismatch"),
    ("zoned", "0001-01-01 00:00:00+02:00", "time_out_of_range"),
    ("took", "3600", "not_a_duration"),
    ("took", "P1M", "not_a_duration"),
    ("at", "25:00", "not_a_time"),
    ("amount", "1,50", "not_a_number"),
]


@pytest.mark.parametrize(("name", "text", "reason"), AT_FAULT)
@pytest.mark.parametrize("untyped", [True, False])
def test_a_text_that_says_something_else_is_a_fault_of_its_row(
    contract, trained, file, name, text, reason, untyped
):
    columns = texts_of(file, "pandas")
    values = columns[name].to_pylist()
    values[3] = text
    found = accept(columns | {name: pa.array(values, pa.string())}, contract, "t", untyped)
    # Once for the column, however many features are made of it.
    assert [(f.row, f.reason, f.column, f.value) for f in found.faults] == [(3, reason, name, text)]
    others = trained[contract.schema.feature_names].drop(index=3)
    pd.testing.assert_frame_equal(found.features.drop(index=3), others)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (5, "not_a_time"), (1.5, "not_a_time"), (True, "not_a_time"), (time(1), "not_a_time"),
        (timedelta(1), "not_a_time"), (Decimal(1), "not_a_time"),
        (datetime.fromisoformat("2013-01-05T00:00:00Z"), "zone_mismatch"),
        (np.datetime64("2013-01-05"), None), (date(2013, 1, 5), None),
    ],
)  # fmt: skip
def test_values_of_several_types_are_read_one_by_one(contract, file, value, reason):
    columns = arrow_columns(file)
    mixed = columns["seconds"].to_pylist()
    mixed[3] = value
    mixed[5] = "2013-01-05 10:00"
    found = accept(columns | {"seconds": pd.Series(mixed, dtype=object)}, contract, "t")
    assert [fault.reason for fault in found.faults] == ([reason] if reason else [])


@pytest.mark.parametrize("text", ["NaT", "nan", "", "null", " NA "])
def test_texts_that_mark_a_missing_time_are_counted(contract, file, text):
    columns = texts_of(file, "pandas")
    for name in ("seconds", "zoned", "day32", "took", "at"):
        values = columns[name].to_pylist()
        values[3] = text
        found = accept(columns | {name: pa.array(values, pa.string())}, contract, "t", True)
        assert (found.faults, found.coerced) == ([], {name: {"text_as_missing": 1}})


def test_times_beyond_the_calendar_are_faults_of_their_rows(contract, file):
    columns = arrow_columns(file)
    times = columns["seconds"].to_pandas().to_numpy().astype("datetime64[s]").copy()
    times[3] = np.datetime64(2**45, "s")
    for given in (pa.array(times), pd.Series(times)):
        found = accept(columns | {"seconds": given}, contract, "t")
        assert [(f.row, f.reason, f.column) for f in found.faults] == [
            (3, "time_out_of_range", "seconds")
        ]
    days = columns["day32"].cast(pa.int32()).to_pylist()
    days[3] = -(10**6)
    found = accept(columns | {"day32": pa.array(days, pa.date32())}, contract, "t")
    assert [fault.reason for fault in found.faults] == ["time_out_of_range"]


def test_a_weekday_that_training_never_saw_is_counted(frame):
    monday = pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * np.arange(ROWS) % 70, unit="D")
    table = frame[["row_key", "moment", "entity", "remark", "outcome", "int64"]].assign(when=monday)
    schema = infer_schema(table, changed_params().data, PARAMS.task, "parts")
    contract = build_contract(schema, typed_table(table, schema))
    rows = table.head(4).assign(
        when=pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", None])
    )
    found = accept({name: rows[name] for name in rows}, contract, "t")
    assert found.unknown_categories == {"when.weekday": 2}


AGED = changed_params(data={"categorical_columns": []})


@pytest.mark.parametrize("reference", [None, "micros", "remark"])
@pytest.mark.parametrize("mode", ["age", "parts_and_age"])
def test_ages_are_counted_to_a_column_that_scoring_needs_too(frame, file, mode, reference):
    keep = ["row_key", "moment", "entity", "outcome", "int64", "day32", "seconds", "micros"]
    table = frame[keep].assign(remark=frame["midnights"])
    schema = infer_schema(table, AGED.data, AGED.task, mode, reference)
    to = reference or "moment"
    ages = [f for f in schema.features if f.part == "age_days"]
    assert [f.source for f in ages] == [n for n in ("day32", "seconds", "micros") if n != to]
    assert {f.reference for f in ages} == {to}
    assert to in schema.input_columns
    assert to not in schema.excluded
    typed = typed_table(table, schema)
    days = (table[to] - table["seconds"]) / pd.Timedelta("1D")
    np.testing.assert_allclose(typed["seconds.age_days"], days, rtol=1e-12)
    contract = contract_of(
        json.loads(json.dumps(build_contract(schema, typed).to_json())), "input_schema.json"
    )
    rows = {name: table[name] for name in schema.input_columns}
    same(contract, typed, rows)
    csv = {n: pa.array(v.astype(str).where(v.notna(), None), pa.string()) for n, v in rows.items()}
    same(contract, typed, csv, untyped=True)
    spoilt = rows | {to: rows[to].astype(object).where(np.arange(ROWS) != 3, "soon")}
    found = accept(spoilt, contract, "t")
    assert [(f.row, f.column) for f in found.faults] == [(3, to)]


def test_dropped_times_are_no_features_and_not_asked_for(frame):
    schema = infer_schema(frame, PARAMS.data, PARAMS.task, "drop")
    assert not [f for f in schema.features if f.part]
    assert "seconds" not in schema.input_columns
    assert schema.excluded["seconds"] == "holds dates or times (preprocess.datetimes is drop)"
    assert "took" in schema.feature_names


def test_a_category_that_pandas_saved_is_one_again_whatever_it_holds(tmp_path):
    made = pd.DataFrame({"zip": pd.Series([2139, 501, None] * 3, dtype="Int64").astype("category")})
    made.to_parquet(tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet")
    assert isinstance(read["zip"].dtype, pd.CategoricalDtype)
    table = make_table().drop(columns="count")
    table["zip"] = (
        pd.Series(np.arange(600) % 3).map({0: 2139, 1: 501}).astype("Int64").astype("category")
    )
    table.to_parquet(tmp_path / "t.parquet")
    frame = read_table(tmp_path / "t.parquet")
    params = changed_params()
    schema = infer_schema(frame, params.data, params.task)
    assert "zip" in schema.names_of("categorical")
    typed = typed_table(frame, schema)
    assert set(typed["zip"].dropna()) == {"2139", "501"}
    contract = build_contract(schema, typed)
    same(contract, typed, arrow_columns(tmp_path / "t.parquet"))
    same(contract, typed, {name: frame[name] for name in frame})
