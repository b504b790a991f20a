"""Databases as input and output of `predict`: a query's rows in, a table out, whole or not at all.

A database is named by a URL without a password. Anything that a user or a server can get wrong is
an `AssayError` that shows neither the password nor the query.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager

import pyarrow as pa

from assay.databases import postgresql, postgresql_table, sqlite, sqlite_table
from assay.databases.rows import Rows, check_unique
from assay.databases.target import check_mode, table_name
from assay.databases.url import check_url, is_database, redacted, scheme_of

__all__ = [
    "Rows",
    "check_target",
    "check_url",
    "is_database",
    "read_query",
    "redacted",
    "write_table",
]


def read_query(url: str, query: str, batch_rows: int) -> AbstractContextManager[Rows]:
    """Run a query; its rows stream in the memory of a batch, within the context.

    See `assay.databases.postgresql.reading` and `assay.databases.sqlite.reading` for what becomes of each
    type. The rows are those of one moment, whoever writes meanwhile; the query cannot change
    anything. They are read by the thread that entered the context.

    Parameters
    ----------
    url : str
        As `check_url` asks for.
    query : str
        One statement that returns rows. Without ORDER BY, rows come in any order.
    batch_rows : int
        Rows of every batch but the last, at least 1.

    Returns
    -------
    context manager of Rows

    Raises
    ------
    ParamsError
        If the URL is refused, or the driver is not installed.
    ArtifactError
        If the database cannot be reached, or the query fails, at once or in the middle.
    SchemaError
        If two columns share a name.
    DataError
        If a value has no place in Arrow.
    """
    check_url(url)
    if scheme_of(url) == "sqlite":
        return sqlite.reading(url, query, batch_rows)
    return postgresql.reading(url, query, batch_rows)


def check_target(
    url: str, table: str, columns: pa.Schema | Sequence[str] | None, if_exists: str
) -> None:
    """Try whether a table could be written, before there are rows; nothing is changed.

    What is tried: connection, permissions, names, a table that exists already, and what depends on
    one to replace. With names of columns also those of a table to append to; with a schema also
    their types.

    Parameters
    ----------
    url : str
        As `check_url` asks for.
    table : str
        `table` or, in PostgreSQL, `schema.table`, as it stands in the database: nothing is turned
        into small letters. Double quotes keep a dot within a name.
    columns : Schema, sequence of str or None
        What will be written, as far as it is known.
    if_exists : str
        What to do with a table of that name: `fail`, `append` or `replace`.

    Raises
    ------
    ParamsError
        If the URL, the table's name or `if_exists` is refused, or the driver is not installed.
    ArtifactError
        If the database cannot be reached, the table may not be there, or permission is missing.
    SchemaError
        If the columns have no place in the database, or are not those of the table to append to.
    """
    check_url(url)
    check_mode(if_exists)
    names = columns.names if isinstance(columns, pa.Schema) else columns or ()
    check_unique(names, f"{redacted(url)}: table {table}")
    if scheme_of(url) == "sqlite":
        sqlite_table.check(url, table_name(table), columns, if_exists)
    else:
        postgresql_table.check(url, table_name(table), columns, if_exists)


def write_table(url: str, table: str, reader: pa.RecordBatchReader, if_exists: str) -> int:
    """Write rows to a table in one transaction.

    Others see the table as it was until all rows are in it; after any failure, also that of
    `reader` or of this process, it stays as it was. `replace` makes a new table: indexes,
    permissions and comments of the old one go with it.

    Parameters
    ----------
    url, table, if_exists
        As in `check_target`, whose checks are made again.
    reader : RecordBatchReader
        Rows in the order to write; read once, a batch at a time.

    Returns
    -------
    int
        The number of rows written.

    Raises
    ------
    AssayError
        As `check_target`, and what `reader` raises.
    DataError
        If a value has no place in its column, such as nanoseconds in PostgreSQL.
    ArtifactError
        If the database refuses a row, or fails.
    """
    check_url(url)
    check_mode(if_exists)
    if scheme_of(url) == "sqlite":
        return sqlite_table.write(url, table_name(table), reader, if_exists)
    return postgresql_table.write(url, table_name(table), reader, if_exists)
