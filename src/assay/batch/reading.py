"""What every reader of a file gives: batches of rows, with their place in the file."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from assay.batch.formats import InputFile
from assay.errors import ArtifactError, SchemaError, listed, repeats, said

# How many characters of a broken line are kept.
TEXT_KEPT = 2_000


@dataclass(frozen=True)
class BrokenLine:
    """A line of a text file that is no row.

    Attributes
    ----------
    row : int
        Its number in the file, from 1, header and empty lines not counted.
    reason : str
        See `assay.row_faults`.
    text : str
        Its first characters.
    """

    row: int
    reason: str
    text: str


@dataclass(frozen=True)
class Batch:
    """Some rows of an input.

    Attributes
    ----------
    table : RecordBatch
    rows : ndarray of int, shape (n,)
        Their numbers in the file, from 1.
    broken : list of BrokenLine
        Lines before, between and after them that are no rows.
    file : str
        The file's name.
    done : float or None
        The share of the input that is read, where it is known.
    """

    table: pa.RecordBatch
    rows: np.ndarray[Any, np.dtype[np.int64]]
    broken: list[BrokenLine] = field(default_factory=list)
    file: str = ""
    done: float | None = None


@contextmanager
def readable(file: InputFile) -> Iterator[None]:
    """Turn what a library says of a file that it cannot read into one sentence.

    Raises
    ------
    ArtifactError
    """
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, UnicodeError, zlib.error) as error:
        raise ArtifactError(
            f"{file.name} is not a readable {file.format.kind} file: {said(error)}. Write it anew."
        ) from None


def opened(file: InputFile) -> tuple[pa.NativeFile, pa.NativeFile]:
    """Open a text file; return the stream of its text, and the one below that knows the place in the file."""
    raw = pa.OSFile(str(file.path))
    if file.format.compression:
        return pa.CompressedInputStream(raw, file.format.compression), raw
    return raw, raw


def require_content(file: InputFile) -> None:
    """Refuse a file without a byte.

    Raises
    ------
    ArtifactError
        If it is empty, or cannot be opened.
    """
    with readable(file), file.path.open("rb") as stream:
        first = stream.read(1)
    if not first:
        raise ArtifactError(f"{file.name} is empty (0 bytes). Write it anew.")


def require_unique(names: list[str], file: InputFile) -> None:
    """Refuse a table two of whose columns share a name.

    Raises
    ------
    SchemaError
    """
    repeated = repeats(names)
    if repeated:
        raise SchemaError(
            f"{file.name}: column names must be unique, got more than one of: "
            f"{listed(repeated)}. Rename them."
        )


def sliced(table: pa.RecordBatch, rows: int) -> Iterator[pa.RecordBatch]:
    """Cut a batch into batches of at most so many rows."""
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)
