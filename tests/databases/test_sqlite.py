"""What SQLite alone has: values with types of their own, and a file."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay.databases.access import check_target, read_query, write_table
from assay.errors import ArtifactError, DataError, ParamsError, SchemaError

OLD = pa.table({"id": [1, 2], "score": [0.25, 0.75]})


def write(url: str, table: pa.Table, name: str = "scored", if_exists: str = "fail") -> int:
    return write_table(url, name, table.to_reader(), if_exists)


def read(url: str, query: str = "SELECT * FROM scored") -> pa.Table:
    with read_query(url, query, 1000) as rows:
        return pa.Table.from_batches(rows.batches, schema=rows.schema)


def path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None], pa.int64(), [1, None]),
        ([2**63 - 1, -(2**63)], pa.int64(), [2**63 - 1, -(2**63)]),
        ([0.1, None], pa.float64(), [0.1, None]),
        ([1, 0.5], pa.float64(), [1.0, 0.5]),
        ([2**53 + 1, 0.5], pa.float64(), [2.0**53, 0.5]),
        (["a", None], pa.string(), ["a", None]),
        (["n/a", 1 / 3, 7, None], pa.string(), ["n/a", "0.3333333333333333", "7", None]),
        ([None, None], pa.string(), [None, None]),
        ([b"\x00", None], pa.binary(), [b"\x00", None]),
    ],
)
@pytest.mark.parametrize("before", [0, 12_000])
def test_a_column_has_the_type_that_keeps_all_of_its_values(sqlite, values, kind, expected, before):
    # What comes late counts as much as what comes first.
    connection = sqlite3.connect(path(sqlite))
    with connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [(None,)] * before)
        connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    connection.close()
    got = read(sqlite, "SELECT a FROM t")
    assert got.schema.field("a").type == kind
    assert got["a"].to_pylist() == [None] * before + expected


def test_blobs_among_others_are_refused_by_name(sqlite, execute):
    execute(sqlite, "CREATE TABLE t (a)", "INSERT INTO t VALUES (x'00'), ('a')")
    with pytest.raises(SchemaError, match=r"blobs among other values in column 'a'\. Write CAST"):
        read(sqlite, "SELECT a FROM t")
    assert read(sqlite, "SELECT CAST(a AS TEXT) AS a FROM t").num_rows == 2


def test_a_text_that_is_no_utf8_is_refused(sqlite, execute):
    execute(sqlite, "CREATE TABLE t (a)", "INSERT INTO t VALUES (CAST(x'ff' AS TEXT))")
    with pytest.raises(ArtifactError, match=r"Could not decode to UTF-8 column 'a'"):
        read(sqlite, "SELECT a FROM t")


def test_a_query_that_gives_other_values_the_second_time(sqlite, execute):
    execute(sqlite, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
    query = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
        "SELECT CASE WHEN abs(random()) % 25000 = 0 THEN 'x' ELSE i END AS a FROM n"
    )
    # By chance either way; never a traceback.
    for _ in range(5):
        try:
            assert read(sqlite, query).num_rows == 50_000
        except DataError as error:
            assert "gives other values when it runs again" in str(error)


def test_a_file_that_is_not_there_is_not_made(sqlite):
    with pytest.raises(ArtifactError, match=r"the file does not exist\. Name one that does"):
        read(sqlite, "SELECT 1")
    assert not path(sqlite).exists()


def test_a_folder_that_is_not_there(tmp_path):
    url = f"sqlite:///{tmp_path / 'nowhere' / 'file.db'}"
    with pytest.raises(ArtifactError, match=r"the folder does not exist or cannot be written to"):
        check_target(url, "scored", None, "fail")
    with pytest.raises(ArtifactError, match=r"the folder does not exist\. Make it first"):
        write(url, OLD)
    with pytest.raises(ArtifactError, match=r"the file does not exist"):
        read(url, "SELECT 1")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ArtifactError, match="unable to open database file"):
        check_target(f"sqlite:///{tmp_path}", "scored", None, "fail")


def test_a_file_of_another_kind(sqlite):
    path(sqlite).write_text("a,b\n1,2\n" * 1000)
    with pytest.raises(ArtifactError, match=r"file is not a database\. Name a SQLite file"):
        read(sqlite, "SELECT 1 FROM t")
    with pytest.raises(ArtifactError, match=r"file is not a database\. Name a SQLite file"):
        check_target(sqlite, "scored", None, "fail")


def test_a_relative_path_has_three_slashes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("sqlite:///a ? #%41.db".replace("?", "!"), OLD)
    assert (tmp_path / "a ! #%41.db").exists()


def test_a_locked_file_is_a_sentence(sqlite, monkeypatch):
    monkeypatch.setattr("assay.databases.sqlite._BUSY_SECONDS", 0.1)
    write(sqlite, OLD)
    holder = sqlite3.connect(path(sqlite), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    locked = r"database is locked\. Another program holds it; run again"
    with pytest.raises(ArtifactError, match=locked):
        read(sqlite)
    with pytest.raises(ArtifactError, match=locked):
        check_target(sqlite, "scored", None, "append")
    with pytest.raises(ArtifactError, match=locked):
        write(sqlite, OLD, if_exists="append")
    holder.close()
    assert read(sqlite).equals(OLD)


def test_a_reader_of_the_file_does_not_keep_rows_from_being_written(sqlite):
    write(sqlite, pa.table({"id": range(50_000)}))
    with read_query(sqlite, "SELECT id FROM scored", 100) as rows:
        next(rows.batches)
    assert write(sqlite, OLD, if_exists="replace") == 2


def test_a_schema_is_refused(sqlite):
    with pytest.raises(ParamsError, match=r"SQLite has no schemas.*in double quotes"):
        check_target(sqlite, "main.scored", None, "fail")


def test_names_are_those_of_sqlite_in_any_case(sqlite):
    write(sqlite, OLD)
    with pytest.raises(ArtifactError, match=r"exists\. Name another table"):
        check_target(sqlite, "SCORED", None, "fail")
    with pytest.raises(ArtifactError, match=r"duplicate column name: A\. Nothing was written"):
        write(sqlite, pa.table({"a": [1], "A": [2]}), "other")


@pytest.mark.parametrize(
    ("declared", "column", "fits"),
    [
        ("INTEGER", pa.array([1]), True),
        ("BOOLEAN", pa.array([True]), True),
        ("", pa.array(["x"]), True),
        ("TEXT", pa.array([1]), False),
        ("VARCHAR(9)", pa.array([0.5]), False),
        ("REAL", pa.array([1]), False),
        ("DOUBLE", pa.array([0.5]), True),
        ("NUMERIC", pa.array(["007"]), False),
        ("DATETIME", pa.array([0], pa.timestamp("us")), True),
        ("INTEGER", pa.array([0], pa.timestamp("us")), False),
        ("TEXT", pa.array([0], pa.date32()), True),
        ("INTEGER", pa.nulls(1), True),
        ("BLOB", pa.array([b"x"]), True),
    ],
)
def test_append_takes_columns_that_keep_every_value(sqlite, execute, declared, column, fits):
    execute(sqlite, f"CREATE TABLE scored (id {declared})")
    table = pa.table({"id": column})
    if fits:
        assert write(sqlite, table, if_exists="append") == 1
    else:
        with pytest.raises(SchemaError, match="column 'id' is"):
            check_target(sqlite, "scored", table.schema, "append")


_FULL = """
import resource, signal, sys
import pyarrow as pa
from assay.databases.access import write_table
from assay.errors import ArtifactError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
table = pa.table({"id": range(400_000)})
try:
    write_table(sys.argv[1], "scored", table.to_reader(), sys.argv[2])
except ArtifactError as error:
    print(error)
"""


@pytest.mark.parametrize("if_exists", ["append", "replace"])
def test_a_full_disk_leaves_the_old_rows(sqlite, if_exists):
    old = pa.table({"id": [1, 2]})
    write(sqlite, old)
    done = subprocess.run(
        [sys.executable, "-c", _FULL, sqlite, if_exists], capture_output=True, text=True, check=True
    )
    assert "Nothing was written" in done.stdout or "Make room" in done.stdout
    assert read(sqlite).equals(old)


def test_a_full_disk_leaves_no_table(sqlite):
    done = subprocess.run(
        [sys.executable, "-c", _FULL, sqlite, "fail"], capture_output=True, text=True, check=True
    )
    assert "Nothing was written" in done.stdout or "Make room" in done.stdout
    assert write(sqlite, OLD) == 2


def test_a_number_that_is_too_large_is_refused(sqlite):
    table = pa.table({"id": pa.array([2**64 - 1], pa.uint64())})
    with pytest.raises(DataError, match=r"cannot hold column 'id': .*not in range"):
        write(sqlite, table)


def test_what_the_consumer_raises_frees_the_file(sqlite):
    write(sqlite, OLD)

    def stop(rows: Any) -> None:
        next(rows.batches)
        raise KeyboardInterrupt("stopped")

    with (
        pytest.raises(KeyboardInterrupt, match="stopped"),
        read_query(sqlite, "SELECT * FROM scored", 1) as rows,
    ):
        stop(rows)
    write(sqlite, OLD, if_exists="replace")
