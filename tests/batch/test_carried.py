import pandas as pd
import pyarrow as pa
import pytest

from assay.batch.carried import OtherTypeError, carried_columns
from assay.errors import SchemaError


@pytest.fixture
def schema(bundle):
    from dataclasses import replace

    dtypes = {
        "row_key": "int64",
        "moment": "datetime64[us]",
        "zoned": "datetime64[ns, UTC]",
        "remark": "object",
    }
    return replace(bundle.contract.schema, carried_dtypes=dtypes)


def texts(**columns):
    return pa.RecordBatch.from_pydict(
        {name: pa.array(v, pa.string()) for name, v in columns.items()}
    )


def take(batch, schema):
    (array,) = carried_columns(batch.schema, schema, None, "t", batch.schema.names).take(batch)
    return array


def test_texts_get_the_type_that_training_had(schema):
    assert take(texts(row_key=["1", None, "-20"]), schema).equals(pa.array([1, None, -20]))
    assert take(texts(remark=["007"]), schema).to_pylist() == ["007"]
    moments = take(texts(moment=["2024-01-01", None, "2024-01-01T10:00:00.000001"]), schema)
    assert moments.type == pa.timestamp("us")
    assert moments.to_pylist()[2] == pd.Timestamp("2024-01-01 10:00:00.000001").to_pydatetime()
    zoned = take(texts(zoned=["2024-01-01T10:00:00+02:00"]), schema)
    assert zoned.to_pylist() == [pd.Timestamp("2024-01-01T08:00:00Z")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("row_key", "007"), ("row_key", "1.0"), ("row_key", "A1"), ("row_key", ""),
        ("row_key", "9" * 19), ("row_key", "1" * 20), ("moment", "yesterday"), ("moment", "2024-01-01T10:00:00+02:00"),
        ("moment", "2024-01-01T10:00:00.000000001"), ("moment", "01/02/2024"), ("zoned", "noon"), ("moment", "now"),
        ("moment", "today"), ("moment", "NaT"), ("moment", "nan"), ("moment", "2013"),
        ("zoned", "2024-01-01T10:00:00"),
    ],
)  # fmt: skip
def test_a_text_that_would_lose_something_stays_a_text(schema, name, value):
    batch = texts(**{name: [value]})
    carried = carried_columns(batch.schema, schema, None, "t", batch.schema.names)
    with pytest.raises(OtherTypeError, match=name):
        carried.take(batch)
    assert carried.with_texts([name]).take(batch)[0].to_pylist() == [value]


def test_long_ids_are_numbers_as_far_as_these_go(schema):
    assert take(texts(row_key=[str(2**63 - 1)]), schema).to_pylist() == [2**63 - 1]


def test_texts_of_a_file_with_types_stay_texts(schema):
    batch = texts(row_key=["1"], moment=["2024-01-01"])
    found = carried_columns(batch.schema, schema, None, "t", []).take(batch)
    assert [column.to_pylist() for column in found] == [["1"], ["2024-01-01"]]


def test_codes_are_written_as_what_they_stand_for(schema):
    batches = [
        pa.RecordBatch.from_pydict({"remark": pa.array(v).dictionary_encode()})
        for v in (["a"], ["b", None])
    ]
    carried = carried_columns(pa.schema([("remark", pa.string())]), schema, None, "t", [])
    assert [carried.take(batch)[0].to_pylist() for batch in batches] == [["a"], ["b", None]]


def test_columns_with_types_keep_them(schema):
    batch = pa.RecordBatch.from_pydict(
        {"row_key": pa.array([2**60, None]), "moment": pa.array([1.5, 2])}
    )
    key, moment = carried_columns(batch.schema, schema, None, "t", []).take(batch)
    assert key.to_pylist() == [2**60, None]
    assert moment.type == pa.float64()


def test_wanted_columns_come_in_their_order_and_must_be_there(schema):
    source = pa.schema([("a", pa.int8()), ("row_key", pa.string()), ("b", pa.bool_())])
    found = carried_columns(source, schema, ["b", "row_key", "b"], "t.csv", [])
    assert list(found.types) == ["b", "row_key"]
    with pytest.raises(
        SchemaError,
        match=r"(?s)2 faults.*'rowkey' is no column of t\.csv\. Nearest in the input: row_key.*'z'",
    ):
        carried_columns(source, schema, ["rowkey", "z"], "t.csv", [])
