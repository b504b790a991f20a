"""Write a table of a SQLite file in one transaction: whole, or as if nothing had been tried."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assay.databases.sqlite import faults, opened
from assay.databases.target import (
    Column,
    Existing,
    Feed,
    TableName,
    check_existing,
    columns_of,
    conflict,
    is_bytes,
    is_text,
    quoted,
)
from assay.databases.url import redacted, sqlite_path
from assay.errors import ArtifactError, ParamsError, SchemaError, numbered

_ACTION = "Nothing was written; mend it and run again."
# SQLite converts what is written to the affinity of its column: "007" to 7 among numbers, 0.1 to 15
# digits among texts. These keep values as they are.
_KEEPS = {
    "INTEGER": {"INTEGER", "NUMERIC", "BLOB"},
    "REAL": {"REAL", "NUMERIC", "BLOB"},
    "TEXT": {"TEXT", "BLOB"},
    "BLOB": {"INTEGER", "NUMERIC", "REAL", "TEXT", "BLOB"},
}


def column_type(kind: pa.DataType) -> tuple[str, pa.DataType] | None:
    """Return the type of a column for values of Arrow, and the type to convert these to first.

    Dates, times, timestamps (with nanoseconds; with a zone: in UTC, with a Z) and decimals are
    written as texts, booleans as 0 and 1. SQLite has no NaN: it becomes NULL.
    """
    types = pa.types
    chosen = (
        (types.is_decimal, "TEXT", kind),
        (_is_moment, "TEXT", kind),
        (types.is_integer, "INTEGER", pa.int64()),
        (types.is_boolean, "INTEGER", pa.int64()),
        (types.is_floating, "REAL", pa.float64()),
        (is_text, "TEXT", pa.large_string()),
        (is_bytes, "BLOB", pa.large_binary()),
        (types.is_null, "BLOB", kind),
    )
    return next(((name, arrow) for fits, name, arrow in chosen if fits(kind)), None)


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind))


def check(
    url: str, table: TableName, columns: pa.Schema | Sequence[str] | None, if_exists: str
) -> None:
    """Try whether a table could be written; see `assay.databases.access.check_target`."""
    wanted = _columns(url, table, columns)
    file = Path(sqlite_path(url))
    if file.exists():
        with opened(url, "rw", _ACTION) as connection:
            _prepare(connection, url, table, columns, if_exists, wanted)
    elif not os.access(file.parent, os.W_OK):
        raise ArtifactError(
            f"{redacted(url)}: the folder does not exist or cannot be written to. "
            "Make it, or choose another one."
        )


def write(url: str, table: TableName, reader: pa.RecordBatchReader, if_exists: str) -> int:
    """Write a table in one transaction; see `assay.databases.access.write_table`.

    A file that did not exist stays, without a table, if writing fails: another program may have
    found it meanwhile.
    """
    columns = _columns(url, table, reader.schema)
    with opened(url, "rwc", _ACTION) as connection:
        _prepare(connection, url, table, reader.schema, if_exists, columns)
        feed = Feed(reader, columns, _where(url, table))
        names = ", ".join(quoted(column.name) for column in columns)
        places = ", ".join("?" for _ in columns)
        insert = f"INSERT INTO main.{quoted(table.name)} ({names}) VALUES ({places})"  # noqa: S608
        with feed.faults_first(), faults(url, _ACTION):
            connection.executemany(insert, _tuples(feed))
            connection.execute("COMMIT")
        return feed.rows


def _where(url: str, table: TableName) -> str:
    return f"{redacted(url)}: table {table.sql}"


def _columns(url: str, table: TableName, columns: pa.Schema | Sequence[str] | None) -> list[Column]:
    if table.schema is not None:
        raise ParamsError(
            f"{_where(url, table)}: SQLite has no schemas. "
            'Name the table alone, in double quotes if it has a dot in it: "a.b".'
        )
    schema = columns if isinstance(columns, pa.Schema) else None
    return columns_of(schema, column_type, _where(url, table)) if schema is not None else []


def _prepare(
    connection: Any,
    url: str,
    table: TableName,
    columns: pa.Schema | Sequence[str] | None,
    if_exists: str,
    wanted: Sequence[Column],
) -> None:
    """Check all that can be checked before the first row, and make the table that takes it up."""
    with faults(url, _ACTION):
        found = connection.execute(
            "SELECT type FROM main.sqlite_master WHERE name = ? COLLATE NOCASE", [table.name]
        ).fetchone()
        listed = connection.execute(
            "SELECT name, type FROM pragma_table_info(?)", [table.name]
        ).fetchall()
    if found:
        existing = Existing(_where(url, table), found[0], dict(listed))
        names = columns.names if isinstance(columns, pa.Schema) else columns
        check_existing(existing, if_exists, names)
        if if_exists == "append":
            _check_types(existing, wanted)
            return
    with faults(url, _ACTION):
        if found:
            connection.execute(f"DROP TABLE main.{quoted(table.name)}")
        if wanted:
            types = ", ".join(f"{quoted(column.name)} {column.sql_type}" for column in wanted)
            connection.execute(f"CREATE TABLE main.{quoted(table.name)} ({types})")


def _check_types(existing: Existing, wanted: Sequence[Column]) -> None:
    wrong = [
        column
        for column in wanted
        if _affinity(existing.types[column.name]) not in _keeping(column)
    ]
    if wrong:
        raise SchemaError(
            numbered([conflict(existing, column.name, column.sql_type) for column in wrong])
        )


def _keeping(column: Column) -> set[str]:
    """Return the affinities that keep a column's values; no number looks like a date or a time."""
    return _KEEPS[column.sql_type] | ({"NUMERIC"} if _is_moment(column.arrow_type) else set())


def _affinity(declared: str) -> str:
    """Return the affinity of a column by the rules of SQLite (its documentation, section 3.1)."""
    rules = (
        ("INT", "INTEGER"),
        ("CHAR|CLOB|TEXT", "TEXT"),
        ("BLOB|^$", "BLOB"),
        ("REAL|FLOA|DOUB", "REAL"),
    )
    text = declared.upper()
    return next((affinity for mark, affinity in rules if re.search(mark, text)), "NUMERIC")


def _tuples(feed: Feed) -> Iterator[tuple[Any, ...]]:
    for batch in feed:
        yield from zip(*(_written(array).to_pylist() for array in batch.columns), strict=True)


def _written(array: pa.Array) -> pa.Array:
    """Return times and decimals as texts."""
    kind = array.type
    if pa.types.is_timestamp(kind) and kind.tz:
        utc = array.cast(pa.int64()).cast(pa.timestamp(kind.unit)).cast(pa.string())
        return pc.binary_join_element_wise(utc, "Z", "")
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        return array.cast(pa.string())
    return array
