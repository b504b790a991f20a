"""What a table of PostgreSQL alone has: owners, schemas, locks, and types that convert values."""

import os
import threading
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from assay.databases import postgresql as backend
from assay.databases.access import check_target, read_query, write_table
from assay.errors import ArtifactError, DataError, SchemaError

OLD = pa.table({"id": [1, 2], "score": [0.25, 0.75]})


def write(url: str, table: pa.Table, name: str = "scored", if_exists: str = "fail") -> int:
    return write_table(url, name, table.to_reader(), if_exists)


def read(url: str, query: str = "SELECT * FROM scored") -> pa.Table:
    with read_query(url, query, 1000) as rows:
        return pa.Table.from_batches(rows.batches, schema=rows.schema)


@pytest.mark.parametrize("if_exists", ["append", "replace"])
def test_a_server_that_goes_away_leaves_the_old_rows(postgresql, end_connections, if_exists):
    def rows() -> Any:
        yield from OLD.to_batches()
        end_connections()
        yield from OLD.to_batches()

    write(postgresql, OLD)
    reader = pa.RecordBatchReader.from_batches(OLD.schema, rows())
    with pytest.raises(ArtifactError, match=r"cannot be written: .*terminating connection"):
        write_table(postgresql, "scored", reader, if_exists)
    assert read(postgresql).equals(OLD)


def test_permission_to_write(postgresql, new_user):
    write(postgresql, OLD)
    new_user()
    with pytest.raises(ArtifactError, match=r"permission denied for schema.*Ask the owner"):
        check_target(postgresql, "other", None, "fail")
    with pytest.raises(ArtifactError, match=r"permission denied for table.*Ask the owner"):
        check_target(postgresql, "scored", None, "append")
    with pytest.raises(ArtifactError, match=r"permission denied for table.*Ask the owner"):
        check_target(postgresql, "scored", OLD.schema, "append")
    with pytest.raises(ArtifactError, match=r"belongs to another role.*--if-exists append"):
        check_target(postgresql, "scored", None, "replace")


def test_permission_to_insert_is_enough_to_append(postgresql, execute, monkeypatch, new_user):
    write(postgresql, OLD)
    execute(postgresql, "GRANT INSERT ON scored TO public")
    owner = os.environ["PGUSER"], os.environ["PGPASSWORD"]
    new_user()
    check_target(postgresql, "scored", OLD.schema, "append")
    assert write(postgresql, OLD, if_exists="append") == 2
    monkeypatch.setenv("PGUSER", owner[0])
    monkeypatch.setenv("PGPASSWORD", owner[1])
    assert read(postgresql).num_rows == 4


def test_a_schema_may_be_named(postgresql, execute):
    with pytest.raises(ArtifactError, match='schema "a;b" does not exist'):
        check_target(postgresql, "a;b.scored", None, "fail")
    execute(postgresql, 'CREATE SCHEMA "a;b"')
    for if_exists in ("fail", "append", "replace"):
        write(postgresql, OLD, "a;b.scored", if_exists)
    assert read(postgresql, 'SELECT * FROM "a;b".scored').equals(OLD)
    check_target(postgresql, "scored", None, "fail")


def test_a_table_is_replaced_in_the_schema_where_it_stands(postgresql, execute):
    execute(
        postgresql,
        "CREATE SCHEMA first",
        "CREATE SCHEMA second",
        "CREATE TABLE second.scored (a int)",
        f"ALTER DATABASE {postgresql.rpartition('/')[2]} SET search_path = first, second",
    )
    write(postgresql, OLD, if_exists="replace")
    assert execute(postgresql, "SELECT schemaname FROM pg_tables WHERE tablename = 'scored'") == [
        ("second",)
    ]


def test_a_table_that_others_depend_on_is_not_replaced(postgresql, execute):
    write(postgresql, OLD)
    execute(postgresql, "CREATE VIEW seen AS SELECT id FROM scored")
    with pytest.raises(ArtifactError, match=r"others depend on it: .*view seen.*append"):
        check_target(postgresql, "scored", None, "replace")
    assert write(postgresql, OLD, if_exists="append") == 2


def test_what_belongs_to_a_table_does_not_keep_it(postgresql, execute):
    execute(
        postgresql,
        "CREATE TABLE scored (id serial PRIMARY KEY, up int REFERENCES scored, CHECK (id > 0))",
        "CREATE INDEX ON scored (up)",
    )
    write(postgresql, OLD, if_exists="replace")
    assert read(postgresql).equals(OLD)


def test_a_partitioned_table_takes_rows_and_is_not_replaced(postgresql, execute):
    execute(
        postgresql,
        "CREATE TABLE scored (id bigint, score float8) PARTITION BY RANGE (id)",
        "CREATE TABLE low PARTITION OF scored FOR VALUES FROM (0) TO (10)",
    )
    assert write(postgresql, OLD, if_exists="append") == 2
    with pytest.raises(ArtifactError, match="is a partitioned table, expected a table"):
        check_target(postgresql, "scored", None, "replace")
    with pytest.raises(ArtifactError, match=r"no partition.*Nothing was written"):
        write(postgresql, pa.table({"id": [10], "score": [0.5]}), if_exists="append")


@pytest.mark.parametrize(
    ("there", "column", "fits"),
    [
        ("integer", pa.array([1]), True),
        ("numeric(10,2)", pa.array([1]), True),
        ("positive", pa.array([1], pa.int32()), True),
        ("double precision", pa.array([1]), False),
        ("double precision", pa.array([1], pa.int32()), True),
        ("real", pa.array([0.1]), False),
        ("numeric", pa.array([0.1]), False),
        ("numeric", pa.array([Decimal("0.125")]), True),
        ("numeric(9,3)", pa.array([Decimal("0.125")]), True),
        ("numeric(9,2)", pa.array([Decimal("0.125")]), False),
        ("numeric(9)", pa.array([Decimal("0.125")]), False),
        ("varchar(3)", pa.array(["abc"]), True),
        ("char(3)", pa.array(["a"]), False),
        ("text", pa.array([1]), False),
        ("uuid", pa.array(["a"]), False),
        ("text", pa.nulls(1), True),
        ("integer", pa.nulls(1), True),
        ("timestamp", pa.array([0], pa.timestamp("us")), True),
        ("timestamp(3)", pa.array([0], pa.timestamp("us")), False),
        ("timestamptz", pa.array([0], pa.timestamp("us")), False),
        ("timestamptz", pa.array([0], pa.timestamp("us", "UTC")), True),
        ("boolean", pa.array([True]), True),
        ("integer", pa.array([True]), False),
    ],
)
def test_append_takes_types_that_keep_every_value(postgresql, execute, there, column, fits):
    execute(postgresql, "CREATE DOMAIN positive AS int", f"CREATE TABLE scored (id {there})")
    table = pa.table({"id": column})
    if fits:
        check_target(postgresql, "scored", table.schema, "append")
        assert write(postgresql, table, if_exists="append") == 1
    else:
        with pytest.raises(SchemaError, match="column 'id' is"):
            check_target(postgresql, "scored", table.schema, "append")


def test_a_value_that_is_too_large_is_refused_with_all_others(postgresql, execute):
    execute(postgresql, "CREATE TABLE scored (id integer)")
    with pytest.raises(ArtifactError, match=r"integer out of range.*Nothing was written"):
        write(postgresql, pa.table({"id": [1, 2**40]}), if_exists="append")
    with pytest.raises(DataError, match=r"cannot hold column 'id': .*not in range"):
        write(postgresql, pa.table({"id": pa.array([2**64 - 1], pa.uint64())}), "large")
    assert read(postgresql).num_rows == 0


def test_a_generated_column_takes_no_rows(postgresql, execute):
    execute(postgresql, "CREATE TABLE scored (id bigint GENERATED ALWAYS AS IDENTITY)")
    with pytest.raises(ArtifactError, match=r"cannot insert a non-DEFAULT value into column"):
        check_target(postgresql, "scored", pa.schema({"id": pa.int64()}), "append")


def test_nanoseconds_are_kept_or_refused(postgresql):
    whole = pa.table({"at": pa.array([1_000], pa.timestamp("ns"))})
    write(postgresql, whole)
    split = pa.table({"at": pa.array([1_001], pa.timestamp("ns"))})
    with pytest.raises(DataError, match=r"cannot hold column 'at': .*would lose data.*Round"):
        write(postgresql, split, if_exists="append")
    assert read(postgresql)["at"].cast(pa.int64()).to_pylist() == [1]


def test_a_text_with_a_zero_byte_is_refused(postgresql):
    with pytest.raises(ArtifactError, match=r"invalid byte sequence.*Nothing was written"):
        write(postgresql, pa.table({"id": ["a\0b"]}))
    check_target(postgresql, "scored", None, "fail")


def test_a_name_that_would_be_cut_is_refused(postgresql):
    long = "ä" * 32
    with pytest.raises(SchemaError, match=f"cuts names to 63 bytes, got longer ones: {long}"):
        check_target(postgresql, "scored", [long], "fail")
    with pytest.raises(SchemaError, match="cuts names to 63 bytes"):
        write(postgresql, OLD, long)


def test_a_table_in_use_is_waited_for_but_not_for_ever(postgresql, execute, monkeypatch):
    monkeypatch.setattr("assay.databases.postgresql_table._LOCK_SECONDS", 1)
    write(postgresql, OLD)
    holds, done = threading.Event(), threading.Event()

    def hold() -> None:
        with backend.connected(postgresql) as connection:
            backend.ask(connection, "SELECT count(*) FROM scored")
            holds.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert holds.wait(30)
        check_target(postgresql, "scored", None, "replace")
        with pytest.raises(ArtifactError, match=r"lock timeout.*Something else holds the table"):
            write(postgresql, OLD, if_exists="replace")
        assert write(postgresql, OLD, if_exists="append") == 2
    finally:
        done.set()
        holder.join()
    assert read(postgresql).num_rows == 4
    assert write(postgresql, OLD, if_exists="replace") == 2
