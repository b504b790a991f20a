"""Where scored rows go: a file or a table, written whole or not at all, with a receipt beside it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from assay import artifacts
from assay.batch.formats import Format, file_format
from assay.batch.receipt import file_entry
from assay.batch.sinks import column_faults, write_tables
from assay.batch.sources import Source
from assay.databases.access import check_target, redacted, write_table
from assay.errors import ArtifactError, SchemaError, numbered
from assay.provenance import content_sha256

# Receipt and rejected rows of a table have no file to stand beside.
_TABLES = Path("outputs")

Tables = Iterator[pa.Table]
Finish = Callable[[Mapping[str, Any]], None]


class Target(Protocol):
    """Where scored rows go."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def beside(self) -> Path:
        """Receipt, rejected rows and finished parts have this path, with an ending of their own."""
        ...

    @property
    def keeps_parts(self) -> bool:
        """Whether finished parts outlive a failure to write, to be written with `--resume`."""
        ...

    def check(self, schema: pa.Schema) -> None:
        """Refuse what could not be written in the end, before a row is scored."""
        ...

    def write(self, schema: pa.Schema, tables: Tables, rows: int, finish: Finish) -> None:
        """Write all rows whole or not at all; call `finish` with what the receipt says of them.

        Raises
        ------
        ArtifactError
            If it cannot be written.
        """
        ...


@dataclass(frozen=True)
class FileTarget:
    """A file; see `Target`."""

    path: Path
    format: Format

    @property
    def name(self) -> str:
        """The path as the user gave it."""
        return str(self.path)

    @property
    def beside(self) -> Path:
        """The file itself; a link's other end."""
        return self.path.resolve()

    @property
    def keeps_parts(self) -> bool:
        """A disk that is full should not stay so."""
        return False

    def check(self, schema: pa.Schema) -> None:
        """Refuse a column that the format has no place for.

        Raises
        ------
        SchemaError
        """
        faults = column_faults(self.format, schema)
        if faults:
            told = [f"{self.name}: {fault}. Leave it out by --columns." for fault in faults]
            raise SchemaError(numbered(told))

    def write(self, schema: pa.Schema, tables: Tables, rows: int, finish: Finish) -> None:
        """Write a temporary file; the output appears last, when all else is in place."""
        with artifacts.replacing(self.beside) as temporary:
            write_tables(temporary, self.format, schema, tables)
            finish(file_entry(self.path, temporary, rows))


@dataclass(frozen=True)
class TableTarget:
    """A table of a database; see `Target`."""

    url: str
    table: str
    if_exists: str

    @property
    def name(self) -> str:
        """The table, and its database without credentials."""
        return f"{self.table} in {redacted(self.url)}"

    @property
    def beside(self) -> Path:
        """A path named like the table, and different for every table of every database."""
        place = content_sha256([redacted(self.url), self.table])[:8]
        return _TABLES / f"{re.sub('[^0-9A-Za-z_.-]', '_', self.table)}-{place}"

    @property
    def keeps_parts(self) -> bool:
        """A table in use, or a lost connection, is a matter of trying again."""
        return True

    def check(self, schema: pa.Schema) -> None:
        """Try whether the table could be written, before a row is scored.

        Raises
        ------
        AssayError
            See `assay.databases.access.check_target`.
        """
        check_target(self.url, self.table, schema, self.if_exists)

    def write(self, schema: pa.Schema, tables: Tables, rows: int, finish: Finish) -> None:
        """Write all rows in one transaction; the receipt comes after it, and tells that it is done."""
        batches = (batch for table in tables for batch in table.to_batches())
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        written = write_table(self.url, self.table, reader, self.if_exists)
        finish({"database": redacted(self.url), "table": self.table, "rows": written,
                "if_exists": self.if_exists})  # fmt: skip


def file_target(path: Path, source: Source) -> FileTarget:
    """Check an output's name against the input.

    Raises
    ------
    ArtifactError
        If its format is unknown, if something else than a file stands in its place or in that of what
        is written beside it, or if it is, or would become, part of the input.
    """
    path = Path(path)
    kind = file_format(path)
    try:
        beside = path.resolve()
        written = [beside, *(path(beside) for path in (rejected_path, receipt_path, failure_path))]
        taken = [one for one in written if one.exists() and not one.is_file()]
    except RuntimeError:
        raise ArtifactError(f"{path} is a link to itself. Name another output.") from None
    except OSError as error:
        # A name can be too long to ask for.
        reason = f"{path} cannot be written: {error.strerror}"
        raise ArtifactError(f"{reason}. Name another output.") from None
    for one in taken:
        kind_of = "a folder" if one.is_dir() else "a pipe or a device"
        shown = path if one == beside else one
        raise ArtifactError(f"{shown} is {kind_of}, expected a file. Name another output.")
    for file in source.paths:
        if any(one == file.resolve() or (one.exists() and one.samefile(file)) for one in written):
            raise ArtifactError(f"{path}: {file} is the input too. Name another output.")
    folder = Path(source.name)
    if folder.is_dir() and beside.is_relative_to(folder.resolve()):
        raise ArtifactError(
            f"{path} lies in the input's folder {folder} and would be read as input the next time. "
            "Name another output."
        )
    return FileTarget(path, kind)


def rejected_path(beside: Path) -> Path:
    """Return where the rejected rows of an output go."""
    return beside.with_name(f"{beside.name}.rejected.parquet")


def receipt_path(beside: Path) -> Path:
    """Return where the receipt of an output goes."""
    return beside.with_name(f"{beside.name}.receipt.json")


def failure_path(beside: Path) -> Path:
    """Return where it is told why an output was not written."""
    return beside.with_name(f"{beside.name}.failure.json")
