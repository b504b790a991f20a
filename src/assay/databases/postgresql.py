"""Read a query of PostgreSQL, and write a table in one transaction, over ADBC (decision 11)."""

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assay.databases.rows import Rows, check_unique, resliced, trimmed
from assay.databases.target import quoted
from assay.databases.url import CREDENTIALS, one_line, redacted
from assay.errors import ArtifactError, DataError, ParamsError

# Rows arrive in blocks of about this size, whatever the batch; 16 MiB, the default, is no faster.
_BLOCK_BYTES = 4 * 2**20
# Unless the URL or the environment says otherwise: a host that drops packets would be waited for
# without end.
_CONNECT_SECONDS = 15
# PostgreSQL's own limits, 4713 BC; infinity and years past 294247 come out of Arrow's range below.
_EARLIEST_US, _EARLIEST_DAY = -210_866_803_200_000_000, -2_440_588
# Violated checks and NOT NULL: the server's detail is the whole row, which no log should have.
_SHOWS_ROWS = ("23514", "23502")
# What to do next, by what the message or its code says.
_ACTIONS = (
    (r"password authentication|no password|\b28\w{3}$", f"Check them; {CREDENTIALS}."),
    (r"^database .* does not exist", "Name an existing database."),
    (r"\b42501$", "Ask the owner for the permission."),
    (r"\b55P03$", "Something else holds the table; run again later."),
    (r"\b53\w{3}$", "Make room or ask the administrator, then run again."),
)


def driver(url: str) -> ModuleType:
    """Import the driver.

    Raises
    ------
    ParamsError
        If it is not installed.
    """
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError:
        raise ParamsError(
            f"{redacted(url)}: adbc-driver-postgresql is not installed. "
            "Install the extra `sql`: pip install 'assay[sql]'."
        ) from None
    return dbapi  # type: ignore[no-any-return]


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """Open a connection with a transaction in it; what is not committed at the end never was.

    Raises
    ------
    ArtifactError
        If the database cannot be reached or lets nobody in.
    """
    dbapi = driver(url)
    with faults(url, "no connection", "Check host and port, and whether the server runs."):
        connection = dbapi.connect(_with_defaults(url))
    # To roll back here would first read all rows that are still on their way.
    with closing(connection):
        yield connection


def _with_defaults(url: str) -> str:
    base, _, given = url.partition("?")
    options = [given] if given else []
    if "connect_timeout=" not in given and "PGCONNECT_TIMEOUT" not in os.environ:
        options.append(f"connect_timeout={_CONNECT_SECONDS}")
    # Arrow's texts are UTF-8, whatever the database's or the user's are; of two options the last
    # counts.
    options += ["fallback_application_name=assay", "client_encoding=UTF8"]
    # libpq knows its scheme in small letters alone.
    return f"postgresql://{base.partition('://')[2]}?{'&'.join(options)}"


@contextmanager
def faults(url: str, doing: str, action: str) -> Iterator[None]:
    """Turn what the driver raises into one sentence, without the query and without a password.

    Parameters
    ----------
    url : str
        The database.
    doing : str
        What was tried, for the message.
    action : str
        What to do next, unless the server's message asks for something else.
    """
    try:
        yield
    except (driver(url).Error, pa.ArrowException, OSError) as error:
        reason = _reason(error)
        wanted = next((then for mark, then in _ACTIONS if re.search(mark, reason)), action)
        raise ArtifactError(f"{redacted(url)}: {doing}: {reason}. {wanted}") from None


def _reason(error: Exception) -> str:
    """Return the server's message, detail, hint and code, without the query."""
    code = getattr(error, "sqlstate", None)
    given = {_text(key): _text(value) for key, value in getattr(error, "details", None) or ()}
    if "PG_DIAG_MESSAGE_PRIMARY" in given:
        parts = ["MESSAGE_PRIMARY", "MESSAGE_DETAIL", "MESSAGE_HINT"]
        if code in _SHOWS_ROWS:
            parts.remove("MESSAGE_DETAIL")
        found = [given.get(f"PG_DIAG_{part}", "").rstrip(".") for part in parts]
        text = "; ".join(part for part in found if part)
    else:
        # A message from before there is a session, or from the middle of a stream of rows.
        text = re.sub(r"^[A-Z_]+: (?=\[libpq\])|\[libpq\] ", "", str(error))
        text = re.split(r"\n(?:LINE \d+:|CONTEXT:|Query was:)", text)[0]
        text = re.sub(r"^.*?(?:ERROR|FATAL|PANIC):\s+", "", text, flags=re.DOTALL)
    return f"{one_line(text)}, SQLSTATE {code}" if code else one_line(text)


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def ask(connection: Any, query: str, *values: Any) -> list[dict[str, Any]]:
    """Run one statement with values for its $1, $2, ...; return its rows."""
    # COPY, which the driver would take, knows queries alone.
    options = {"adbc.postgresql.use_copy": "false"}
    with connection.cursor(adbc_stmt_kwargs=options) as cursor:
        cursor.execute(query, values or None)
        rows: list[dict[str, Any]] = cursor.fetch_arrow_table().to_pylist()
    return rows


@contextmanager
def reading(url: str, query: str, batch_rows: int) -> Iterator[Rows]:
    """Run a query in a read-only transaction; rows stream while they are asked for.

    Integers, floats, booleans, texts, dates, times and timestamps keep their types (with a zone:
    in UTC). NUMERIC, MONEY, UUID, JSON, enums, ranges, network addresses and whatever else Arrow
    has no type for become texts, as the server writes them. OID becomes an integer of 64 bits.
    BYTEA, INTERVAL and arrays of plain values stay bytes, intervals and lists (of one dimension).

    Parameters
    ----------
    url : str
        Passes `assay.databases.url.check_url`.
    query : str
        One SELECT, VALUES, TABLE or WITH; a final semicolon may be there.
    batch_rows : int
        At least 1.

    Raises
    ------
    ArtifactError
        If the database cannot be reached, or refuses the query, at once or in the middle.
    SchemaError
        If two columns share a name.
    DataError
        If a time is infinite.
    """
    text = trimmed(query, redacted(url))
    options = {"adbc.postgresql.batch_size_hint_bytes": str(_BLOCK_BYTES)}
    refused = (url, "the query failed", "Mend the query.")
    with connected(url) as connection, connection.cursor(adbc_stmt_kwargs=options) as cursor:
        with faults(*refused):
            ask(connection, "SET TRANSACTION READ ONLY")
            given = cursor.adbc_execute_schema(text)
        if not given.names:
            raise ArtifactError(f"{redacted(url)}: the query returns no columns. Write a SELECT.")
        check_unique(given.names, f"{redacted(url)}: the query")
        with faults(*refused):
            cursor.execute(_in_texts(text, given))
            reader = cursor.fetch_record_batch()
        schema = pa.schema([(part.name, _stored(part.type)) for part in reader.schema])
        yield Rows(schema, resliced(_batches(reader, schema, refused), batch_rows))


def _in_texts(query: str, schema: pa.Schema) -> str:
    """Have the server write what Arrow has no type for; the order of the rows stays."""
    casts = {part.name: _cast(part) for part in schema}
    if not any(casts.values()):
        return query
    columns = [f"{quoted(name)}{cast} AS {quoted(name)}" for name, cast in casts.items()]
    return f"SELECT {', '.join(columns)} FROM (\n{query}) AS given\n"  # noqa: S608 (the user's query)


def _cast(part: pa.Field) -> str:
    kind, name = part.type, (part.metadata or {}).get(b"POSTGRESQL:type")
    # The driver gives money in hundredths whatever the currency, and an OID in 32 bits with a sign.
    if name in (b"money", b"oid"):
        return "::numeric::text" if name == b"money" else "::bigint"
    inner = kind.value_type if pa.types.is_list(kind) else kind
    foreign = isinstance(inner, pa.BaseExtensionType) and not pa.types.is_string(inner.storage_type)
    return "::text" if foreign or pa.types.is_nested(inner) else ""


def _stored(kind: pa.DataType) -> pa.DataType:
    """Return a type without the extensions that the driver marks foreign types with."""
    if isinstance(kind, pa.BaseExtensionType):
        return kind.storage_type
    return pa.list_(_stored(kind.value_type)) if pa.types.is_list(kind) else kind


def _batches(
    reader: pa.RecordBatchReader, schema: pa.Schema, refused: tuple[str, str, str]
) -> Iterator[pa.RecordBatch]:
    while True:
        with faults(*refused):
            batch = next(reader, None)
        if batch is None:
            return
        _check_times(batch, redacted(refused[0]))
        yield pa.RecordBatch.from_arrays(
            [_plain(array, kind) for array, kind in zip(batch.columns, schema.types, strict=True)],
            schema=schema,
        )


def _plain(array: pa.Array, kind: pa.DataType) -> pa.Array:
    stored = array.storage if isinstance(array, pa.ExtensionArray) else array
    return stored if stored.type == kind else stored.cast(kind)


def _check_times(batch: pa.RecordBatch, where: str) -> None:
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        days = pa.types.is_date32(array.type)
        if not days and not pa.types.is_timestamp(array.type):
            continue
        least = pc.min(array.cast(pa.int32() if days else pa.int64())).as_py()
        if least is not None and least < (_EARLIEST_DAY if days else _EARLIEST_US):
            raise DataError(
                f"{where}: column {name!r} holds a time that is infinite or past the year 294246. "
                f"Write NULLIF({quoted(name)}, 'infinity') or another bound in the query."
            )
