"""The table that rows are written to: its name, and what a table that exists already means."""

import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from assay.databases.rows import check_unique
from assay.errors import ArtifactError, DataError, ParamsError, SchemaError, numbered

IF_EXISTS = ("fail", "append", "replace")
# A part in double quotes, in which "" stands for one, or anything without a dot.
_PART = re.compile(r'"((?:[^"]|"")+)"|([^".][^.]*)')


@dataclass(frozen=True)
class TableName:
    """A table, in a schema of its database or in the one where the database would look.

    Attributes
    ----------
    name : str
        As it stands in the database, small and capital letters told apart.
    schema : str or None
    """

    name: str
    schema: str | None = None

    @property
    def sql(self) -> str:
        """The name as SQL has it, whatever characters are in it."""
        parts = (self.schema, self.name) if self.schema is not None else (self.name,)
        return ".".join(quoted(part) for part in parts)


def quoted(name: str) -> str:
    """Return an identifier as SQL has it, whatever characters are in it."""
    return '"' + name.replace('"', '""') + '"'


def table_name(text: str) -> TableName:
    """Read `table` or `schema.table`; double quotes keep a dot within a name, as in `"a.b"`.

    Raises
    ------
    ParamsError
        If the text is neither.
    """
    parts: list[str] = []
    position = 0
    while (found := _PART.match(text, position)) and "\0" not in text:
        parts.append(found[1].replace('""', '"') if found[1] else found[2])
        position = found.end() + 1
        if text[found.end() : position] != ".":
            break
    if position != len(text) + 1 or not 1 <= len(parts) <= 2:
        raise ParamsError(
            f"table {text!r}: expected a name as table or schema.table. "
            'Write a name with a dot or a leading quote in it in double quotes: "a.b".'
        )
    return TableName(parts[-1], parts[0] if len(parts) == 2 else None)


def check_mode(if_exists: str) -> None:
    """Refuse an unknown way to treat a table that exists.

    Raises
    ------
    ParamsError
        If it is none of `IF_EXISTS`.
    """
    if if_exists not in IF_EXISTS:
        raise ParamsError(f"if_exists must be one of {', '.join(IF_EXISTS)}, got {if_exists!r}.")


@dataclass(frozen=True)
class Existing:
    """What stands in the database under the name of the target.

    Attributes
    ----------
    where : str
        Database and table, for messages.
    kind : str
        `table`, or what it is instead.
    types : dict of str to str
        The columns in order, each with its type.
    """

    where: str
    kind: str
    types: Mapping[str, str]


def check_existing(existing: Existing, if_exists: str, columns: Sequence[str] | None) -> None:
    """Refuse a table that is in the way, or one whose columns are others than those to append.

    Raises
    ------
    ArtifactError
        If the table may not be there, or is a view.
    SchemaError
        If `columns` are given, to append, and the table has others or another order.
    """
    if if_exists == "fail":
        raise ArtifactError(
            f"{existing.where} exists. Name another table, or choose --if-exists append or replace."
        )
    if existing.kind != "table":
        raise ArtifactError(
            f"{existing.where} is a {existing.kind}, expected a table. Name another table."
        )
    if if_exists == "append" and columns is not None and list(columns) != list(existing.types):
        raise SchemaError(_difference(existing, columns))


def _difference(existing: Existing, columns: Sequence[str]) -> str:
    has = list(existing.types)
    lacks = [name for name in columns if name not in has]
    extra = [name for name in has if name not in columns]
    parts = []
    if lacks:
        parts.append(f"the table lacks {', '.join(lacks)}")
    if extra:
        parts.append(f"only the table has {', '.join(extra)}")
    if not parts:
        parts.append(f"the order is {', '.join(has)}, expected {', '.join(columns)}")
    return (
        f"{existing.where} has other columns than the rows to append: {'; '.join(parts)}. "
        "Alter the table, or choose another one or --if-exists replace."
    )


def conflict(existing: Existing, name: str, holds: str) -> str:
    """Return the sentence of a column whose type would not keep what is written to it."""
    return (
        f"{existing.where}: column {name!r} is {existing.types[name] or 'without a type'} in the "
        f"table, and the rows to append hold {holds}. Alter the table, or choose another one."
    )


@dataclass(frozen=True)
class Column:
    """How a column is written.

    Attributes
    ----------
    name : str
    sql_type : str
        The type of the column that is made for it.
    arrow_type : pyarrow.DataType
        What its values become first, without loss.
    """

    name: str
    sql_type: str
    arrow_type: pa.DataType


def columns_of(
    schema: pa.Schema, choose: Callable[[pa.DataType], tuple[str, pa.DataType] | None], where: str
) -> list[Column]:
    """Choose the type of every column to write.

    Parameters
    ----------
    schema : pyarrow.Schema
        Of the rows to write.
    choose : callable
        From a type of Arrow to that of the database and the one to convert values to first; None
        where the database has no place for it.
    where : str
        Database and table, for messages.

    Raises
    ------
    SchemaError
        If there are no columns, two share a name, or a type has no place in the database.
    """
    check_unique(schema.names, f"{where} cannot be written")
    if not schema.names:
        raise SchemaError(f"{where} cannot be written: the rows have no columns.")
    columns, faults = [], []
    for part in schema:
        chosen = choose(plain_type(part.type))
        if chosen is None or "\0" in part.name:
            faults.append(f"{where} has no place for column {part.name!r} of {part.type}. Drop it.")
        else:
            columns.append(Column(part.name, *chosen))
    if faults:
        raise SchemaError(numbered(faults))
    return columns


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column's values, without dictionary or extension around it."""
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type)
    return plain_type(kind.value_type) if pa.types.is_dictionary(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a type is one of texts."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_bytes(kind: pa.DataType) -> bool:
    """Tell whether a type is one of bytes."""
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _hear_interrupts() -> None:
    """Take Ctrl-C back from the driver, which would go on until its source is empty."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handler)


@dataclass
class Feed:
    """Batches as the database takes them, counted; a fault of their source is kept.

    A driver would make its own error of an exception that is raised while it asks for rows.

    Attributes
    ----------
    rows : int
        How many have been handed over.
    fault : BaseException or None
        What the source of the rows raised.
    """

    source: pa.RecordBatchReader
    columns: Sequence[Column]
    where: str
    rows: int = 0
    fault: BaseException | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the converted batches."""
        try:
            _hear_interrupts()
            for batch in self.source:
                yield self._converted(batch)
                self.rows += batch.num_rows
        except (Exception, KeyboardInterrupt) as error:
            self.fault = error
            raise

    def _converted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = []
        for column, array in zip(self.columns, batch.columns, strict=True):
            stored = array.storage if isinstance(array, pa.ExtensionArray) else array
            try:
                arrays.append(stored.cast(column.arrow_type))
            except pa.ArrowInvalid as error:
                reason = " ".join(str(error).split())
                raise DataError(
                    f"{self.where} cannot hold column {column.name!r}: {reason}. "
                    "Round or convert it."
                ) from None
        return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in self.columns])

    @contextmanager
    def faults_first(self) -> Iterator[None]:
        """Raise what the source raised, in place of what the driver made of it."""
        try:
            yield
        except (Exception, KeyboardInterrupt):
            if self.fault is not None:
                raise self.fault from None
            raise
