"""Write a table of PostgreSQL in one transaction: whole, or as if nothing had been tried."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from assay.databases.postgresql import ask, connected, driver, faults
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
from assay.databases.url import redacted
from assay.errors import ArtifactError, SchemaError, numbered

# Longer names would be cut by the server without an error.
_NAME_BYTES = 63
# Readers of a table that is replaced are waited for; new ones queue behind, so not for ever.
_LOCK_SECONDS = 60
_INTEGERS = {"smallint", "integer", "bigint"}
_TEXTS = {"text", "character varying", "citext"}
# Types of a table that keep every value of ours or refuse it. An assignment would round a float to
# an integer or to 15 digits, and cut a timestamp, without an error.
_KEEPS = {
    "boolean": {"boolean"},
    "smallint": {*_INTEGERS, "numeric", "real", "double precision"},
    "integer": {*_INTEGERS, "numeric", "double precision"},
    "bigint": {*_INTEGERS, "numeric"},
    "real": {"real", "double precision"},
    "double precision": {"double precision"},
    "text": _TEXTS,
    "bytea": {"bytea"},
    "date": {"date"},
    "time without time zone": {"time without time zone"},
    "timestamp without time zone": {"timestamp without time zone"},
    "timestamp with time zone": {"timestamp with time zone"},
    "numeric": {"numeric"},
}
_TABLE = """
SELECT n.nspname AS schema, c.relname AS name, c.oid::bigint AS oid,
  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
    WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'sequence, index or type' END
    AS kind,
  pg_has_role(c.relowner, 'USAGE') AS owned
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($1)
"""
_COLUMNS = """
SELECT a.attname AS name, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid),
  CASE WHEN t.typbasetype = 0 THEN a.atttypmod ELSE t.typtypmod END) AS type
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
# Whatever would keep the table from being dropped: views on it, foreign keys to it. What falls with
# the table, as its own indexes, depends on it in another way too.
_DEPENDENTS = """
SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) AS what FROM pg_catalog.pg_depend d
WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1::bigint::oid
  AND d.deptype = 'n' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend o WHERE o.classid = d.classid AND o.objid = d.objid
      AND o.refclassid = d.refclassid AND o.refobjid = d.refobjid AND o.deptype IN ('a', 'i'))
ORDER BY 1
"""


def column_type(kind: pa.DataType) -> tuple[str, pa.DataType] | None:
    """Return the type of a column for values of Arrow, and the type to convert these to first."""
    types = pa.types
    if types.is_decimal(kind):
        return "numeric", kind
    if types.is_timestamp(kind):
        # The driver would cut nanoseconds off; the conversion refuses to.
        zoned = "with" if kind.tz else "without"
        return f"timestamp {zoned} time zone", pa.timestamp("us", kind.tz)
    chosen = (
        (types.is_boolean, "boolean", pa.bool_()),
        (lambda k: k in (pa.int8(), pa.int16(), pa.uint8()), "smallint", pa.int16()),
        (lambda k: k in (pa.int32(), pa.uint16()), "integer", pa.int32()),
        (types.is_integer, "bigint", pa.int64()),
        (lambda k: k in (pa.float16(), pa.float32()), "real", pa.float32()),
        (types.is_float64, "double precision", pa.float64()),
        (is_text, "text", pa.string()),
        (is_bytes, "bytea", pa.binary()),
        (types.is_date, "date", pa.date32()),
        (types.is_time, "time without time zone", pa.time64("us")),
        (types.is_null, "text", pa.string()),
    )
    return next(((name, arrow) for fits, name, arrow in chosen if fits(kind)), None)


def check(
    url: str, table: TableName, columns: pa.Schema | Sequence[str] | None, if_exists: str
) -> None:
    """Try whether a table could be written, in a transaction that is rolled back.

    See `assay.databases.access.check_target`.
    """
    with _transaction(url) as connection:
        _prepare(connection, url, table, columns, if_exists)


def write(url: str, table: TableName, reader: pa.RecordBatchReader, if_exists: str) -> int:
    """Write a table in one transaction; see `assay.databases.access.write_table`."""
    with _transaction(url) as connection:
        plan = _prepare(connection, url, table, reader.schema, if_exists)
        feed = Feed(reader, plan.columns, _where(url, table))
        with feed.faults_first(), _refused(url, table):
            _copy(connection, plan, feed)
            for statement in plan.finish:
                ask(connection, statement)
            connection.commit()
        return feed.rows


@contextmanager
def _transaction(url: str) -> Iterator[Any]:
    """Open a connection; what is not committed is undone before the end, not some time after."""
    with connected(url) as connection:
        try:
            yield connection
        finally:
            # It may be dead already, and the server then knows.
            with suppress(driver(url).Error):
                connection.rollback()


@dataclass(frozen=True)
class _Plan:
    """The table that takes the rows up, and what makes them visible afterwards."""

    receiver: TableName
    columns: Sequence[Column]
    finish: Sequence[str] = ()
    temporary: bool = False


def _where(url: str, table: TableName) -> str:
    return f"{redacted(url)}: table {table.sql}"


@contextmanager
def _refused(url: str, table: TableName) -> Iterator[None]:
    action = "Nothing was written; mend it and run again."
    with faults(url, f"table {table.sql} cannot be written", action):
        yield


def _prepare(
    connection: Any,
    url: str,
    table: TableName,
    columns: pa.Schema | Sequence[str] | None,
    if_exists: str,
) -> _Plan:
    """Check all that can be checked before the first row, and make the table that takes it up."""
    where = _where(url, table)
    schema = columns if isinstance(columns, pa.Schema) else None
    names = None if columns is None else list(schema.names if schema is not None else columns)
    _check_names([table.name, *(names or [])], where)
    wanted = columns_of(schema, column_type, where) if schema is not None else []
    with _refused(url, table):
        ask(connection, f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
        found = ask(connection, _TABLE, table.sql)
        types = {row["name"]: row["type"] for row in ask(connection, _COLUMNS, table.sql)}
    if not found:
        plan = _Plan(table, wanted)
    else:
        kind = found[0]["kind"]
        fits = kind == "partitioned table" and if_exists == "append"
        check_existing(Existing(where, "table" if fits else kind, types), if_exists, names)
        full = TableName(found[0]["name"], found[0]["schema"])
        if if_exists == "append":
            plan = _appending(full, Existing(where, "table", types), wanted, schema)
        else:
            with _refused(url, table):
                _check_dropping(connection, where, found[0])
            plan = _replacing(full, wanted)
    with _refused(url, table):
        _create(connection, plan)
        if found and if_exists == "append":
            # Planning checks types, permissions and generated columns, and changes nothing.
            ask(connection, f"EXPLAIN {plan.finish[0]}" if wanted else _inserting(full, types))
    return plan


def _check_names(names: Sequence[str], where: str) -> None:
    long = [name for name in names if len(name.encode()) > _NAME_BYTES]
    if long:
        raise SchemaError(
            f"{where}: PostgreSQL cuts names to {_NAME_BYTES} bytes, got longer ones: "
            f"{', '.join(long)}. Shorten them."
        )


def _appending(
    full: TableName, existing: Existing, wanted: Sequence[Column], schema: pa.Schema | None
) -> _Plan:
    """Plan to take rows up in a table of the session, then insert them, which converts types."""
    receiver = TableName(_fresh())
    empty = {part.name for part in schema or () if pa.types.is_null(part.type)}
    held = [column for column in wanted if column.name not in empty]
    wrong = [column for column in held if not _keeps(existing.types[column.name], column)]
    if wrong:
        raise SchemaError(
            numbered([conflict(existing, column.name, column.sql_type) for column in wrong])
        )
    into = ", ".join(quoted(column.name) for column in wanted)
    values = ", ".join("NULL" if column.name in empty else quoted(column.name) for column in wanted)
    insert = f"INSERT INTO {full.sql} ({into}) SELECT {values} FROM {receiver.sql}"  # noqa: S608
    return _Plan(receiver, wanted, (insert,), temporary=True)


def _inserting(full: TableName, types: Iterable[str]) -> str:
    """Return a statement that fails where no row could be inserted, and inserts none."""
    into = ", ".join(quoted(name) for name in types)
    nulls = ", ".join("NULL" for _ in types)
    return f"EXPLAIN INSERT INTO {full.sql} ({into}) VALUES ({nulls})"  # noqa: S608


def _keeps(there: str, column: Column) -> bool:
    """Tell whether a column of the table keeps every value of ours, or refuses it loudly."""
    base, _, modifier = there.partition("(")
    scale = int(modifier.rstrip(")").split(",")[1]) if base == "numeric" and modifier else None
    if column.sql_type == "numeric":
        return base == "numeric" and (scale is None or scale >= column.arrow_type.scale)
    if base == "numeric" and (scale is None or scale >= 0):
        there = base
    return (base if base == "character varying" else there) in _KEEPS[column.sql_type]


def _check_dropping(connection: Any, where: str, found: Mapping[str, Any]) -> None:
    if not found["owned"]:
        raise ArtifactError(
            f"{where} belongs to another role, so it cannot be replaced. "
            "Choose --if-exists append, or ask the owner."
        )
    dependents = [row["what"] for row in ask(connection, _DEPENDENTS, str(found["oid"]))]
    if dependents:
        raise ArtifactError(
            f"{where} cannot be replaced, as others depend on it: {', '.join(dependents)}. "
            "Choose --if-exists append, or drop them first."
        )


def _replacing(full: TableName, wanted: Sequence[Column]) -> _Plan:
    """Plan a new table beside the old one, which is locked only for the moment of the exchange."""
    receiver = TableName(_fresh(), full.schema)
    drop = f"DROP TABLE {full.sql}"
    rename = f"ALTER TABLE {receiver.sql} RENAME TO {quoted(full.name)}"
    return _Plan(receiver, wanted, (drop, rename))


def _fresh() -> str:
    return f"assay_{secrets.token_hex(8)}"


def _create(connection: Any, plan: _Plan) -> None:
    columns = ", ".join(f"{quoted(column.name)} {column.sql_type}" for column in plan.columns)
    kind, end = ("TEMPORARY ", " ON COMMIT DROP") if plan.temporary else ("", "")
    ask(connection, f"CREATE {kind}TABLE {plan.receiver.sql} ({columns}){end}")


def _copy(connection: Any, plan: _Plan, feed: Feed) -> None:
    schema = pa.schema([(column.name, column.arrow_type) for column in plan.columns])
    rows = pa.RecordBatchReader.from_batches(schema, iter(feed))
    with connection.cursor() as cursor:
        cursor.adbc_ingest(
            plan.receiver.name,
            rows,
            mode="append",
            db_schema_name=plan.receiver.schema,
            temporary=plan.temporary,
        )
