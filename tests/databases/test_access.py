"""What both kinds of database promise: rows as they are, and a table whole or not at all."""

import datetime as dt
import math
import signal
import sqlite3
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.databases.access import check_target, read_query, write_table
from assay.errors import ArtifactError, DataError, ParamsError, SchemaError

OLD = pa.table({"id": [1, 2], "score": [0.25, 0.75]})
NEW = pa.table({"id": [3, 4, 5], "score": [0.1, 0.2, 0.3]})


def write(url: str, table: pa.Table, name: str = "scored", if_exists: str = "fail") -> int:
    return write_table(url, name, table.to_reader(), if_exists)


def read(url: str, query: str = 'SELECT * FROM "scored"', batch_rows: int = 1000) -> pa.Table:
    with read_query(url, query, batch_rows) as rows:
        return pa.Table.from_batches(rows.batches, schema=rows.schema)


def failing(table: pa.Table, batches: int = 3) -> pa.RecordBatchReader:
    """Return a reader that gives some batches, then raises what its source would."""

    def rows() -> Any:
        for _ in range(batches):
            yield from table.to_batches()
        raise DataError("the spool is torn. Score again.")

    return pa.RecordBatchReader.from_batches(table.schema, rows())


def test_what_is_written_is_read(database):
    assert write(database, OLD) == 2
    assert read(database).equals(OLD)


def test_rows_come_in_batches_of_the_size_asked_for_in_the_order_of_the_query(database):
    write(database, pa.table({"id": range(25_000)}))
    query = 'SELECT id FROM "scored" ORDER BY id DESC'
    with read_query(database, query, 7_000) as rows:
        assert rows.schema.names == ["id"]
        batches = list(rows.batches)
    assert [batch.num_rows for batch in batches] == [7_000, 7_000, 7_000, 4_000]
    ids = pa.Table.from_batches(batches)["id"].to_pylist()
    assert ids == list(range(24_999, -1, -1))


def test_no_rows_are_a_schema_without_batches(database):
    write(database, OLD.slice(0, 0))
    with read_query(database, 'SELECT id FROM "scored"', 10) as rows:
        assert rows.schema.names == ["id"]
        assert list(rows.batches) == []


def test_a_reader_may_stop_early(database):
    write(database, pa.table({"id": range(25_000)}))
    with read_query(database, 'SELECT id FROM "scored"', 100) as rows:
        assert next(rows.batches).num_rows == 100
    write(database, OLD, if_exists="replace")


@pytest.mark.parametrize("query", ["SELECT 1 AS a;", " SELECT 1 AS a ; \n", "SELECT 1 AS a -- one"])
def test_a_query_may_end_with_a_semicolon_or_a_comment(database, query):
    write(database, OLD)
    assert read(database, query)["a"].to_pylist() == [1]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(numbers=st.lists(st.floats(allow_nan=False), min_size=1))
def test_floats_are_exact_to_the_last_bit(database, numbers):
    # SQLite keeps -0.0 as 0.0.
    numbers = [number if number or "sqlite" not in database else 0.0 for number in numbers]
    write(database, pa.table({"score": numbers}), if_exists="replace")
    got = np.array(read(database)["score"])
    assert got.tobytes() == np.array(numbers).tobytes()


def test_every_type_has_a_place(database):
    moment = dt.datetime(2024, 2, 29, 23, 59, 59, 123456)
    table = pa.table(
        {
            "whole": pa.array([2**63 - 1, None]),
            "small": pa.array([-5, None], pa.int8()),
            "flag": pa.array([True, None]),
            "text": pa.array(["ä'\"\\\n\t;--", None]),
            "kind": pa.array(["a", None]).dictionary_encode(),
            "code": pa.array([7, None]).dictionary_encode(),
            "bytes": pa.array([b"\x00\xff", None]),
            "day": pa.array([moment.date(), None]),
            "moment": pa.array([moment, None], pa.timestamp("us")),
            "nano": pa.array([moment, None], pa.timestamp("ns")),
            "zoned": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "money": pa.array([Decimal("12.34"), None]),
            "half": pa.array([0.5, None], pa.float32()),
            "nothing": pa.nulls(2),
        }
    )
    write(database, table)
    write(database, table, if_exists="append")
    first, second = read(database).to_pylist()[:2]
    assert set(second.values()) == {None}
    assert first["whole"] == 2**63 - 1
    assert first["small"] == -5
    assert first["flag"] == 1
    assert first["text"] == "ä'\"\\\n\t;--"
    assert (first["kind"], first["code"], first["bytes"]) == ("a", 7, b"\x00\xff")
    assert (first["money"], first["half"], first["nothing"]) == ("12.34", 0.5, None)
    if database.startswith("sqlite"):
        assert first["moment"] == "2024-02-29 23:59:59.123456"
        assert first["nano"] == "2024-02-29 23:59:59.123456000"
        assert first["zoned"] == "2024-02-29 23:59:59.123456Z"
        assert first["day"] == "2024-02-29"
    else:
        assert first["moment"] == first["nano"] == moment
        assert first["zoned"] == moment.replace(tzinfo=dt.UTC)
        assert first["day"] == moment.date()


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.duration("s")])
def test_a_type_without_a_place_is_refused_by_name(database, kind):
    table = pa.table({"id": [1], "odd": pa.nulls(1, kind)})
    with pytest.raises(SchemaError, match=r"no place for column 'odd' of .*\. Drop it"):
        write(database, table)
    with pytest.raises(SchemaError, match="no place for column 'odd'"):
        check_target(database, "scored", table.schema, "fail")


@pytest.mark.parametrize(
    "name",
    [
        'x"; DROP TABLE "scored"; --',
        "two words",
        "SELECT",
        "Größe",
        "semi;colon",
        "o'clock",
        "a%s?$1",
    ],
)
def test_names_are_kept_as_they_are_and_run_nothing(database, name):
    write(database, OLD)
    table = OLD.rename_columns([name, "score"])
    for if_exists in ("fail", "append", "replace"):
        write(database, table, name, if_exists)
    quoted = '"' + name.replace('"', '""') + '"'
    assert read(database, " ".join(["SELECT * FROM", quoted])).equals(table)
    assert read(database).equals(OLD)


def test_a_dot_stands_in_double_quotes(database):
    write(database, OLD, '"a.b""c"')
    assert read(database, 'SELECT * FROM "a.b""c"').equals(OLD)


@pytest.mark.parametrize("name", ["", ".", "a.", ".a", "a.b.c", '"a', 'a."b', "a\0b", '""'])
def test_a_name_that_is_none_is_refused(database, name):
    with pytest.raises(ParamsError, match=r"expected a name as table or schema\.table"):
        check_target(database, name, None, "fail")


def test_columns_that_share_a_name_are_refused(database):
    with pytest.raises(SchemaError, match="more than one of: id"):
        check_target(database, "scored", ["id", "id"], "fail")
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
    with pytest.raises(SchemaError, match="more than one of: id"):
        write(database, table)
    with pytest.raises(SchemaError, match="the rows have no columns"):
        write(database, pa.table({}))


def test_an_unknown_way_is_refused(database):
    with pytest.raises(ParamsError, match="one of fail, append, replace, got 'upsert'"):
        check_target(database, "scored", None, "upsert")
    with pytest.raises(ParamsError, match="one of fail, append, replace, got 'upsert'"):
        write(database, OLD, if_exists="upsert")


def test_fail_refuses_a_table_that_exists(database):
    write(database, OLD)
    for columns in (None, OLD.column_names, OLD.schema):
        with pytest.raises(ArtifactError, match=r"exists\. Name another table, or choose"):
            check_target(database, "scored", columns, "fail")
    with pytest.raises(ArtifactError, match=r"exists\. Name another table, or choose"):
        write(database, NEW)
    assert read(database).equals(OLD)


def test_append_adds_rows_and_makes_a_table_that_is_not_there(database):
    write(database, OLD, if_exists="append")
    check_target(database, "scored", NEW.schema, "append")
    assert write(database, NEW, if_exists="append") == 3
    assert read(database, 'SELECT * FROM "scored" ORDER BY id').equals(
        pa.concat_tables([OLD, NEW]).combine_chunks()
    )


def test_append_refuses_other_columns(database):
    write(database, OLD)
    cases = {
        "the table lacks grade; only the table has score": ["id", "grade"],
        "only the table has score": ["id"],
        "the order is id, score, expected score, id": ["score", "id"],
    }
    for message, names in cases.items():
        with pytest.raises(SchemaError, match=message):
            check_target(database, "scored", names, "append")
        table = pa.table({name: [1.0] for name in names})
        with pytest.raises(SchemaError, match=message):
            write(database, table, if_exists="append")
    assert read(database).equals(OLD)


@pytest.mark.parametrize(
    "column", [pa.array(["x"]), pa.array([0.5]), pa.array([Decimal("0.5")])], ids=str
)
def test_append_refuses_a_type_that_would_change_the_values(database, column):
    write(database, OLD)
    table = pa.table({"id": column, "score": [0.5]})
    for call in (
        lambda: check_target(database, "scored", table.schema, "append"),
        lambda: write(database, table, if_exists="append"),
    ):
        with pytest.raises(SchemaError, match=r"column 'id' is (bigint|INTEGER) in the table"):
            call()
    assert read(database).equals(OLD)


def test_replace_takes_other_columns(database):
    write(database, OLD)
    other = pa.table({"name": ["a"]})
    check_target(database, "scored", other.schema, "replace")
    assert read(database).equals(OLD)
    assert write(database, other, if_exists="replace") == 1
    assert read(database).equals(other)


def test_a_view_is_no_table(database, execute):
    write(database, OLD)
    execute(database, 'CREATE VIEW seen AS SELECT * FROM "scored"')
    for if_exists in ("append", "replace"):
        with pytest.raises(ArtifactError, match="is a view, expected a table"):
            check_target(database, "seen", None, if_exists)


def test_checking_changes_nothing(database, execute):
    for if_exists in ("fail", "append", "replace"):
        check_target(database, "scored", OLD.schema, if_exists)
    if database.startswith("sqlite"):
        assert not Path(database.removeprefix("sqlite:///")).exists()
    else:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert execute(database, query) == [(0,)]


@pytest.mark.parametrize("if_exists", ["append", "replace"])
def test_a_source_that_fails_half_way_leaves_the_old_rows(database, if_exists):
    write(database, OLD)
    with pytest.raises(DataError, match=r"^the spool is torn\. Score again\.$"):
        write_table(database, "scored", failing(NEW), if_exists)
    assert read(database).equals(OLD)


def test_a_source_that_fails_half_way_leaves_no_table(database):
    with pytest.raises(DataError, match="the spool is torn"):
        write_table(database, "scored", failing(NEW), "fail")
    check_target(database, "scored", None, "fail")


@pytest.mark.parametrize("fault", [ZeroDivisionError, OSError, pa.ArrowInvalid, sqlite3.DataError])
def test_another_fault_of_the_source_keeps_its_type_and_place(database, fault):
    def rows() -> Any:
        yield from NEW.to_batches()
        raise fault("the source")

    reader = pa.RecordBatchReader.from_batches(NEW.schema, rows())
    with pytest.raises(fault, match="the source") as caught:
        write_table(database, "scored", reader, "fail")
    assert "rows" in [entry.name for entry in caught.traceback]


def test_a_refused_row_leaves_the_old_rows(database, execute):
    execute(
        database,
        "CREATE TABLE scored (id BIGINT, score DOUBLE PRECISION CHECK (score < 0.25))",
        "INSERT INTO scored VALUES (1, 0.125)",
    )
    with pytest.raises(ArtifactError, match=r"(?i)check constraint.*Nothing was written") as caught:
        write(database, NEW, if_exists="append")
    assert "0.3" not in str(caught.value)
    assert read(database)["id"].to_pylist() == [1]


_HALF = """
import sys, time
import pyarrow as pa
from assay.databases.access import write_table

def rows():
    for start in range(0, 400_000, 20_000):
        yield pa.record_batch({"id": range(start, start + 20_000), "score": [0.5] * 20_000})
    print("half", flush=True)
    time.sleep(60)

schema = pa.schema({"id": pa.int64(), "score": pa.float64()})
write_table(sys.argv[1], "scored", pa.RecordBatchReader.from_batches(schema, rows()), sys.argv[2])
"""


@pytest.mark.parametrize("if_exists", ["append", "replace"])
def test_a_process_that_is_killed_half_way_leaves_the_old_rows(database, if_exists):
    write(database, OLD)
    process = subprocess.Popen(
        [sys.executable, "-c", _HALF, database, if_exists], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGKILL)
    assert read(database).equals(OLD)
    # And nothing stands in the way of the next try.
    assert write(database, NEW, if_exists=if_exists) == 3


@pytest.mark.parametrize("if_exists", ["append", "replace"])
def test_an_interrupt_ends_a_write_at_once_and_leaves_the_old_rows(database, if_exists):
    write(database, OLD)
    process = subprocess.Popen(
        [sys.executable, "-c", _HALF, database, if_exists],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert read(database).equals(OLD)


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        ("SELEC 1", ArtifactError, "syntax error"),
        ("SELECT * FROM nowhere", ArtifactError, "nowhere"),
        ("SELECT nothing FROM scored", ArtifactError, "nothing"),
        ("SELECT 1; SELECT 2", ArtifactError, r"(multiple commands|one statement)"),
        ("INSERT INTO scored VALUES (9, 9)", ArtifactError, r"(read-?only|returns no columns)"),
        ("DELETE FROM scored RETURNING id", ArtifactError, "read-?only"),
        ("DROP TABLE scored", ArtifactError, r"(read-?only|returns no columns)"),
        ("", ArtifactError, "the query is empty. Write a SELECT"),
        (" ;\n", ArtifactError, "the query is empty. Write a SELECT"),
        ("-- nothing", ArtifactError, "returns no columns"),
        ("SELECT id, score AS id FROM scored", SchemaError, "more than one of: id"),
    ],
)
def test_a_query_that_fails_is_a_sentence(database, query, error, message):
    write(database, OLD)
    with pytest.raises(error, match=message) as caught, read_query(database, query, 10):
        pass
    assert str(caught.value).startswith(database)
    assert "\n" not in str(caught.value)
    assert read(database).equals(OLD)


def test_what_the_consumer_raises_is_left_alone(database):
    write(database, OLD)
    with pytest.raises(OSError, match="disk"), read_query(database, "SELECT 1", 10):
        raise OSError("disk")


_PEAK = """
import resource, sys
import pyarrow as pa
from assay.databases.access import read_query, write_table

def rows(count):
    for start in range(0, count, 20_000):
        texts = [f"a text of some length {number}" for number in range(20_000)]
        yield pa.record_batch({"id": range(start, start + 20_000), "text": texts})

peaks = []
schema = pa.schema({"id": pa.int64(), "text": pa.string()})
for count in (300_000, 1_200_000):
    reader = pa.RecordBatchReader.from_batches(schema, rows(count))
    assert write_table(sys.argv[1], "scored", reader, "replace") == count
    with read_query(sys.argv[1], "SELECT * FROM scored", 20_000) as got:
        assert sum(batch.num_rows for batch in got.batches) == count
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
print(peaks[1] - peaks[0])
"""


def test_memory_stays_flat(database):
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, database], capture_output=True, text=True, check=True
    )
    # The rows would take 45 MB more.
    assert int(done.stdout) < 20


def test_others_see_the_old_rows_until_all_are_there(database):
    write(database, OLD)
    seen = []

    def rows() -> Any:
        yield from NEW.to_batches()
        seen.append(read(database))

    reader = pa.RecordBatchReader.from_batches(NEW.schema, rows())
    write_table(database, "scored", reader, "replace")
    assert seen == [OLD]
    assert read(database).equals(NEW)


def test_the_check_takes_no_time(database):
    write(database, pa.table({"id": range(100_000)}))
    start = time.perf_counter()
    check_target(database, "scored", ["id"], "append")
    assert time.perf_counter() - start < 1


def test_a_number_that_is_none(database):
    write(database, pa.table({"score": [math.nan, 1.0]}))
    got = read(database)["score"].to_pylist()
    assert got[0] is None if database.startswith("sqlite") else math.isnan(got[0])
    assert got[1] == 1.0
