"""What a query of PostgreSQL alone has: users, encodings, types that Arrow does not know."""

import datetime as dt
import os
import sys

import pyarrow as pa
import pytest

from assay.databases.access import check_target, read_query, write_table
from assay.errors import ArtifactError, DataError, ParamsError

OLD = pa.table({"id": [1, 2], "score": [0.25, 0.75]})


def write(url: str, table: pa.Table, name: str = "scored", if_exists: str = "fail") -> int:
    return write_table(url, name, table.to_reader(), if_exists)


def read(url: str, query: str = "SELECT * FROM scored") -> pa.Table:
    with read_query(url, query, 1000) as rows:
        return pa.Table.from_batches(rows.batches, schema=rows.schema)


def test_the_password_comes_from_the_environment_or_its_file(postgresql, monkeypatch, tmp_path):
    assert read(postgresql, "SELECT current_user::text AS who")["who"].to_pylist() == [
        os.environ["PGUSER"]
    ]
    password = os.environ["PGPASSWORD"].replace("\\", "\\\\").replace(":", "\\:")
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:*:{password}\n")
    file.chmod(0o600)
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert read(postgresql, "SELECT 1 AS one").num_rows == 1


@pytest.mark.parametrize(
    ("user", "password", "message"),
    [
        ("assay_owner", "hunter2", r'password authentication failed for user "assay_owner"'),
        ("nobody_known", "hunter2", r'password authentication failed for user "nobody_known"'),
        ("assay_owner", None, "no password supplied"),
        ("hunter2", "hunter2", r'password authentication failed for user "\*\*\*"'),
    ],
)
def test_who_is_not_let_in_is_told_where_credentials_come_from(
    postgresql, monkeypatch, user, password, message
):
    monkeypatch.setenv("PGUSER", user)
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    if password is None:
        monkeypatch.delenv("PGPASSWORD")
    else:
        monkeypatch.setenv("PGPASSWORD", password)
    for call in (
        lambda: read(postgresql, "SELECT 1"),
        lambda: check_target(postgresql, "scored", None, "fail"),
        lambda: write(postgresql, OLD),
    ):
        with pytest.raises(ArtifactError, match=f"{message}.*PGPASSWORD, PGPASSFILE") as caught:
            call()
        assert "hunter2" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_database_or_a_server_that_is_not_there(server, credentials):
    with pytest.raises(ArtifactError, match=r'"nowhere" does not exist\. Name an existing'):
        read(server.url("nowhere"), "SELECT 1")
    with pytest.raises(ArtifactError, match=r"Connection refused.*Check host and port"):
        read("postgresql://127.0.0.1:1/db", "SELECT 1")
    with pytest.raises(ArtifactError, match=r"host\.invalid.*Check host and port"):
        read("postgresql://host.invalid/db", "SELECT 1")
    with pytest.raises(ArtifactError, match='invalid URI query parameter: "nonsense"'):
        read(f"{server.url('postgres')}?nonsense=1", "SELECT 1")


def test_a_password_in_a_servers_message_is_not_shown(postgresql, monkeypatch):
    secret = os.environ["PGPASSWORD"]
    literal = "'" + secret.replace("'", "''") + "'"
    for query in (f"SELECT {literal}::int", f"VALUES ({literal}::date)"):
        with pytest.raises(ArtifactError, match="the query failed") as caught:
            read(postgresql, query)
        assert secret not in str(caught.value)


def test_a_missing_driver_is_told_how_to_be_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    for call in (
        lambda: read("postgresql://host/db", "SELECT 1"),
        lambda: check_target("postgresql://host/db", "scored", None, "fail"),
        lambda: write("postgresql://host/db", OLD),
    ):
        with pytest.raises(ParamsError, match=r"not installed.*pip install 'assay\[sql\]'"):
            call()


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("1::int2", pa.int16(), 1),
        ("2::int4", pa.int32(), 2),
        ("3::int8", pa.int64(), 3),
        ("4294967295::oid", pa.int64(), 4294967295),
        ("0.5::float4", pa.float32(), 0.5),
        ("0.1::float8", pa.float64(), 0.1),
        ("12.340::numeric", pa.string(), "12.340"),
        ("12.5::numeric(20,3)", pa.string(), "12.500"),
        ("1234.5::money", pa.string(), "1234.50"),
        ("true", pa.bool_(), True),
        ("'x'::varchar(3)", pa.string(), "x"),
        ("'x'::\"char\"", pa.string(), "x"),
        ("'{\"a\":1}'::json", pa.string(), '{"a":1}'),
        ("'{\"a\":1}'::jsonb", pa.string(), '{"a": 1}'),
        ("'9b2d9b0e-8f5e-4c62-9d0a-6f4f8f8f8f8f'::uuid", pa.string(), None),
        ("'sad'::mood", pa.string(), "sad"),
        ("'10.0.0.1'::inet", pa.string(), "10.0.0.1/32"),
        ("int4range(1, 3)", pa.string(), "[1,3)"),
        ("row(1, 'x')", pa.string(), "(1,x)"),
        ("row(1, 'x')::pair", pa.string(), "(1,x)"),
        ("array[row(1, 'x')::pair]", pa.string(), '{"(1,x)"}'),
        ("'<a/>'::xml", pa.string(), "<a/>"),
        ("'12:00+02'::timetz", pa.string(), "12:00:00+02"),
        ("point(1, 2)", pa.string(), "(1,2)"),
        ("null", pa.string(), None),
        ("'2024-02-29'::date", pa.date32(), dt.date(2024, 2, 29)),
        ("'12:30'::time", pa.time64("us"), dt.time(12, 30)),
        ("'2024-02-29 12:00'::timestamp", pa.timestamp("us"), dt.datetime(2024, 2, 29, 12)),
        (
            "'2024-02-29 12:00+02'::timestamptz",
            pa.timestamp("us", "UTC"),
            dt.datetime(2024, 2, 29, 10, tzinfo=dt.UTC),
        ),
        ("'\\x00ff'::bytea", pa.binary(), b"\x00\xff"),
        ("'1 day'::interval", pa.month_day_nano_interval(), None),
        ("array[1, 2]", pa.list_(pa.int32()), [1, 2]),
        ("array[1.5, null]", pa.list_(pa.string()), ["1.5", None]),
    ],
)
def test_what_becomes_of_a_type(postgresql, execute, value, kind, expected):
    execute(
        postgresql,
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        "CREATE TYPE pair AS (a int, b text)",
    )
    query = f"SELECT 'first' AS a, {value} AS \"b\"\"c\" UNION ALL SELECT 'second', null"
    if value.startswith("row(1, 'x')"):
        query = f'SELECT {value} AS "b""c" UNION ALL SELECT null'
    got = read(postgresql, query)
    assert got.schema.field('b"c').type == kind
    if expected is not None:
        assert got['b"c'].to_pylist() == [expected, None]


def test_texts_from_the_server_come_in_the_order_of_the_query(postgresql, execute):
    execute(
        postgresql, "CREATE TABLE t AS SELECT x::numeric::money AS x FROM generate_series(1,5000) x"
    )
    got = read(postgresql, "SELECT x FROM t ORDER BY t.x DESC")["x"].to_pylist()
    assert got == [f"{number}.00" for number in range(5000, 0, -1)]


@pytest.mark.parametrize(
    "value",
    ["'infinity'::timestamp", "'-infinity'::timestamptz", "'infinity'::date", "'-infinity'::date"],
)
def test_an_infinite_time_is_refused_by_name(postgresql, value):
    with pytest.raises(DataError, match=r"column 'until' holds a time that is infinite"):
        read(postgresql, f"SELECT {value} AS until")


def test_the_first_day_of_postgresql_is_no_infinity(postgresql):
    query = "SELECT '4713-01-01 BC'::date AS d, '4713-01-01 00:00:00 BC'::timestamp AS t"
    assert read(postgresql, query).num_rows == 1


def test_texts_of_another_encoding_are_read_and_written(new_database):
    url = new_database("LATIN1")
    table = pa.table({"id": ["Größe"]})
    write(url, table)
    assert read(url).equals(table)
    with pytest.raises(ArtifactError, match=r"no equivalent in encoding.*Nothing was written"):
        write(url, pa.table({"id": ["語"]}), if_exists="append")


@pytest.mark.parametrize("option", ["", "?client_encoding=LATIN1"])
def test_bytes_that_are_no_text_are_refused(new_database, option):
    url = new_database("SQL_ASCII")
    with pytest.raises(ArtifactError, match=r'invalid byte sequence for encoding "UTF8": 0xff'):
        read(f"{url}{option}", r"SELECT E'\xff' AS a")


def test_an_error_in_the_middle_is_no_end(postgresql, end_connections):
    query = "SELECT 1 / (400000 - x) AS a FROM generate_series(1, 500000) x"
    with pytest.raises(ArtifactError, match="division by zero"):
        read(postgresql, query)
    with (
        pytest.raises(ArtifactError, match=r"(terminat|closed the connection)"),
        read_query(postgresql, "SELECT x FROM generate_series(1, 20000000) x", 1000) as rows,
    ):
        next(rows.batches)
        end_connections()
        for _ in rows.batches:
            pass


def test_a_query_cannot_write_by_a_function(postgresql, execute):
    execute(postgresql, "CREATE SEQUENCE numbers")
    with pytest.raises(ArtifactError, match="read-only transaction"):
        read(postgresql, "SELECT nextval('numbers')")


def test_permission_to_read(postgresql, new_user):
    write(postgresql, OLD)
    new_user()
    with pytest.raises(ArtifactError, match=r"permission denied.*Ask the owner"):
        read(postgresql)
