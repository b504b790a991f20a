"""Read a query of a SQLite file, and write a table of it in one transaction.

SQLite gives every value its own type, not every column. Python's own driver says which; ADBC's
guesses columns from the first rows, then fails on others or rounds them (decision 11).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.databases.rows import Rows, check_unique, resliced, trimmed
from assay.databases.target import quoted
from assay.databases.url import one_line, redacted, sqlite_path
from assay.errors import ArtifactError, DataError, SchemaError

# How long another program may hold the file.
_BUSY_SECONDS = 10.0
_FETCH_ROWS = 10_000
_ACTIONS = {
    "SQLITE_BUSY": "Another program holds it; run again when that has ended.",
    "SQLITE_LOCKED": "Another program holds it; run again when that has ended.",
    "SQLITE_FULL": "Make room and run again.",
    "SQLITE_NOTADB": "Name a SQLite file.",
}


@contextmanager
def opened(url: str, mode: str, action: str) -> Iterator[sqlite3.Connection]:
    """Open the file with a transaction in it; what is not committed at the end never was.

    Parameters
    ----------
    url : str
        Of the file.
    mode : str
        `ro` to read, `rw` to write to a file that exists, `rwc` to make it where it does not.
    action : str
        What to do next as a rule.

    Raises
    ------
    ArtifactError
        If the file or its folder does not exist, or the file cannot be opened or is locked.
    """
    file = Path(sqlite_path(url)).absolute()
    if mode == "ro" and not file.is_file():
        raise ArtifactError(f"{redacted(url)}: the file does not exist. Name one that does.")
    if not file.parent.is_dir():
        raise ArtifactError(f"{redacted(url)}: the folder does not exist. Make it first.")
    with faults(url, action):
        connection = sqlite3.connect(
            # After a writer was killed, a reader has to undo what it left: SQLite's own mode `ro` could
            # not. A file that may only be read is opened for that all the same.
            f"{file.as_uri()}?mode={'rw' if mode == 'ro' else mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
        )
    try:
        with faults(url, action):
            connection.execute(f"PRAGMA query_only = {mode == 'ro'}")
            # A writer takes its lock at once, not after the last row.
            connection.execute("BEGIN" if mode == "ro" else "BEGIN IMMEDIATE")
        yield connection
    finally:
        with suppress(sqlite3.Error):
            connection.rollback()
        connection.close()


@contextmanager
def faults(url: str, action: str) -> Iterator[None]:
    """Turn what SQLite raises into one sentence; `action` is what to do next as a rule."""
    try:
        yield
    # `Warning` is what a second statement in a query raises.
    except (sqlite3.Error, sqlite3.Warning) as error:
        code = getattr(error, "sqlite_errorname", "")
        reason = one_line(str(error))
        wanted = next((then for name, then in _ACTIONS.items() if code.startswith(name)), action)
        raise ArtifactError(f"{redacted(url)}: {reason}. {wanted}") from None


@contextmanager
def reading(url: str, query: str, batch_rows: int) -> Iterator[Rows]:
    """Run a query; rows stream while they are asked for.

    The query runs twice in one transaction: once for the types that are in each column, once for
    the rows. Integers become int64; floats, also among integers, float64; texts, also among
    numbers, texts, with numbers in as many digits as tell them apart; a column without a value is
    one of texts. SQLite has no booleans, dates and times: these are the numbers and texts that
    somebody wrote for them.

    Parameters
    ----------
    url : str
        Passes `assay.databases.url.check_url`.
    query : str
        One SELECT, VALUES or WITH; a final semicolon may be there.
    batch_rows : int
        At least 1.

    Raises
    ------
    ArtifactError
        If the file does not exist or is locked, or the query fails.
    SchemaError
        If two columns share a name, or blobs stand among other values.
    """
    action = "Mend the query."
    text = trimmed(query, redacted(url))
    where = f"{redacted(url)}: the query"
    # A cursor that stops early would hold its lock.
    with opened(url, "ro", action) as connection, closing(connection.cursor()) as cursor:
        with faults(url, action):
            cursor.execute(text)
        if cursor.description is None:
            raise ArtifactError(f"{where} returns no columns. Write a SELECT.")
        names = [column[0] for column in cursor.description]
        check_unique(names, where)
        with faults(url, action):
            found = _value_types(connection, text, len(names))
        schema = pa.schema(list(zip(names, _arrow_types(names, found, where), strict=True)))
        yield Rows(schema, resliced(_batches(cursor, schema, url), batch_rows))


def _value_types(connection: sqlite3.Connection, query: str, count: int) -> list[set[str]]:
    """Return which types of values each column of a query holds, but for NULL."""
    names = [f"c{number}" for number in range(count)]
    types = ", ".join(f"group_concat(DISTINCT typeof({name}))" for name in names)
    statement = f"WITH given({', '.join(names)}) AS (\n{query}) SELECT {types} FROM given"  # noqa: S608
    row = connection.execute(statement).fetchone()
    return [set((text or "").split(",")) - {"", "null"} for text in row]


def _arrow_types(
    names: Sequence[str], found: Sequence[set[str]], where: str
) -> Iterator[pa.DataType]:
    for name, types in zip(names, found, strict=True):
        if "blob" in types and len(types) > 1:
            raise SchemaError(
                f"{where} returns blobs among other values in column {name!r}. "
                f"Write CAST({quoted(name)} AS TEXT) in it."
            )
        if "blob" in types:
            yield pa.binary()
        elif "text" in types or not types:
            yield pa.string()
        else:
            yield pa.float64() if "real" in types else pa.int64()


def _batches(cursor: sqlite3.Cursor, schema: pa.Schema, url: str) -> Iterator[pa.RecordBatch]:
    while True:
        with faults(url, "Mend the query."):
            rows = cursor.fetchmany(_FETCH_ROWS)
        if not rows:
            return
        columns = zip(*rows, strict=True)
        try:
            arrays = [
                pa.array(_values(column, kind), type=kind)
                for column, kind in zip(columns, schema.types, strict=True)
            ]
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
            raise DataError(
                f"{redacted(url)}: the query gives other values when it runs again: "
                f"{one_line(str(error))}. Write one that gives the same."
            ) from None
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _values(column: tuple[Any, ...], kind: pa.DataType) -> Sequence[Any]:
    if pa.types.is_float64(kind):
        return [None if value is None else float(value) for value in column]
    if pa.types.is_string(kind):
        # SQLite itself would write 15 digits of a number.
        return [
            value if value is None or isinstance(value, str) else repr(value) for value in column
        ]
    return column
