"""CSV files, read batch by batch as texts.

A file is cut into pieces that end where a row does, and every piece is parsed for itself. pyarrow would
read a stream too, but takes what follows a quote that is never closed for one value, without a word.
"""

import codecs
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from assay.batch.formats import InputFile
from assay.batch.reading import TEXT_KEPT, Batch, BrokenLine, opened, sliced
from assay.errors import ArtifactError
from assay.row_faults import WRONG_FIELD_COUNT

# What is read and parsed at once, and how much of that one row may take.
_BLOCK_BYTES = 4 << 20
_LONGEST_BYTES = 4 * _BLOCK_BYTES
# Where a header commonly ends.
_HEADER_BYTES = 1 << 16
# A line of these, one more than there are columns, is put behind a piece. It is no row, and it is told
# as such, unless the piece ends within quotes: then it is taken for a part of the text.
_END = "assay-end-of-piece"


def csv_names(file: InputFile) -> list[str]:
    """Return the names of a file's columns.

    Raises
    ------
    ArtifactError
        If the file has no header in UTF-8 with commas between names.
    """
    data, cut = b"", None
    with opened(file)[0] as stream:
        for block in _blocks(stream):
            data = _without_start(data + block)
            cut = next(_cuts(data[:_HEADER_BYTES]), None) or next(_cuts(data), None)
            if cut or len(data) > _LONGEST_BYTES:
                break
    # Without a line end, pyarrow takes a header for nothing.
    names: list[str] = _table(data[:cut] if cut else data + b"\n", _Lines(""), []).column_names
    other = next((mark for mark in ";\t|" if mark in names[0]), None) if len(names) == 1 else None
    if other:
        found = f"{other!r} between names, expected commas"
    elif any("\0" in name for name in names):
        found = "NUL bytes in its header, as UTF-16 has them, expected UTF-8"
    else:
        return names
    raise ArtifactError(f"{file.name} is not a readable csv file: it has {found}. Write it anew.")


def read_csv(file: InputFile, columns: Sequence[str], batch_rows: int) -> Iterator[Batch]:
    """Yield a file's rows, with the lines that are none.

    Parameters
    ----------
    file : InputFile
    columns : sequence of str
        Those to read, as far as they are there.
    batch_rows : int
        Rows of a batch, at most.

    Raises
    ------
    ArtifactError
        If a quote is never closed, or a row has no end within 16 MB.
    """
    names = csv_names(file)
    wanted = [name for name in columns if name in names]
    # Lines that stand behind all rows so far.
    waiting: list[BrokenLine] = []
    first = 0
    for piece, done in _pieces(file, names, wanted):
        numbers = _row_numbers(piece.table.num_rows, piece.broken) + first
        waiting += [BrokenLine(line.row + first, line.reason, line.text) for line in piece.broken]
        first += piece.row_count
        start = 0
        for table in piece.table.combine_chunks().to_batches():
            for part in sliced(table, batch_rows):
                rows = numbers[start : start + part.num_rows]
                start += part.num_rows
                count = bisect_left(waiting, int(rows[-1]), key=lambda line: line.row)
                yield Batch(part, rows, waiting[:count], file.name, done)
                del waiting[:count]
    if waiting:
        empty = pa.RecordBatch.from_pylist([], schema=pa.schema([(n, pa.string()) for n in wanted]))
        yield Batch(empty, np.empty(0, dtype="int64"), waiting, file.name, 1.0)


def _blocks(stream: pa.NativeFile) -> Iterator[bytes]:
    """Yield the bytes of a stream, as far as they are UTF-8.

    pyarrow would see in a column that it reads that it is no text, and would print a traceback for a
    line that is no row and no text either.
    """
    decoder, done = codecs.getincrementaldecoder("utf-8")(), 0
    while True:
        block: bytes = stream.read(_BLOCK_BYTES)
        pending = len(decoder.getstate()[0])
        try:
            if pending or not block.isascii():
                decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            # Told as a place in the file, not in what happened to be read at once.
            error.start += done - pending
            raise
        if not block:
            return
        done += len(block)
        yield block


def _without_start(data: bytes) -> bytes:
    """Return what follows the byte-order mark and empty lines, which have no header in them."""
    return data.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")


def _cuts(data: bytes) -> Iterator[int]:
    """Yield where a row may end, latest first: behind an even number of quotes, then an odd one."""
    line_end = b"\n" if b"\n" in data else b"\r"
    quotes, end, odd = data.count(b'"'), len(data), None
    even_is_found = False
    while (place := data.rfind(line_end, 0, end)) >= 0:
        quotes -= data.count(b'"', place, end)
        end = place
        if quotes % 2 == 0 and not even_is_found:
            even_is_found = True
            yield place + 1
        elif quotes % 2 and odd is None:
            odd = place + 1
        if even_is_found and odd is not None:
            break
    if odd is not None:
        yield odd


@dataclass
class _Lines:
    """What pyarrow tells of lines that are no rows.

    Attributes
    ----------
    end : str
        The line behind the piece.
    ended : bool
        Whether it was told.
    """

    end: str
    ended: bool = False
    found: list[tuple[int, str]] = field(default_factory=list)

    def keep(self, row: csv.InvalidRow) -> str:
        if row.text == self.end:
            self.ended = True
        else:
            self.found.append((row.number, row.text[:TEXT_KEPT]))
        return "skip"


@dataclass(frozen=True)
class _Piece:
    """Some rows of a file; its broken lines are numbered from 1 with the rows."""

    table: pa.Table
    broken: list[BrokenLine]
    ended: bool

    @property
    def row_count(self) -> int:
        """Rows and broken lines."""
        return int(self.table.num_rows) + len(self.broken)


def _pieces(
    file: InputFile, names: Sequence[str], wanted: Sequence[str]
) -> Iterator[tuple[_Piece, float]]:
    """Yield the rows piece by piece, each with the share of the file that is read."""
    stream, raw = opened(file)
    size, rows, with_header, data = max(raw.size(), 1), 0, True, b""
    with stream:
        for block in chain(_blocks(stream), [b""]):
            data += block
            if with_header:
                data = _without_start(data)
            for cut in _cuts(data) if block else [len(data)]:
                piece = _parsed(data[:cut] if block else data + b"\n", names, wanted, with_header)
                if piece.ended:
                    yield piece, min(raw.tell() / size, 1.0)
                    rows, with_header, data = rows + piece.row_count, False, data[cut:]
                    break
            else:
                if not block:
                    _refuse(
                        file,
                        f"a quote that is opened in row {rows + piece.row_count:,} is never closed",
                    )
                if len(data) > _LONGEST_BYTES:
                    _refuse(file, f"row {rows + 1:,} has no end within {_LONGEST_BYTES >> 20} MB, as "
                            "where a quote is never closed")  # fmt: skip


def _refuse(file: InputFile, fault: str) -> None:
    raise ArtifactError(
        f"{file.name} is not a readable csv file: {fault}. Close it, or double a quote that belongs to "
        "a text."
    )


def _parsed(data: bytes, names: Sequence[str], wanted: Sequence[str], with_header: bool) -> _Piece:
    lines = _Lines(",".join([_END] * (len(names) + 1)))
    piece = b"".join((data, lines.end.encode(), b"\n"))
    # A table without any wanted column has no rows to pyarrow.
    table = _table(piece, lines, wanted or names[:1], None if with_header else names)
    # The reader counts a header as the first row.
    broken = [BrokenLine(n - with_header, WRONG_FIELD_COUNT, text) for n, text in lines.found]
    return _Piece(table, broken, lines.ended)


def _table(
    piece: bytes, lines: _Lines, columns: Sequence[str], names: Sequence[str] | None = None
) -> pa.Table:
    # A thread of pyarrow may let go of what it reads when Python has ended, which must not own it then:
    # the process would abort. For the same reason no stream is read, whose threads keep the handler.
    copied = pa.BufferOutputStream()
    copied.write(piece)
    return csv.read_csv(
        pa.BufferReader(copied.getvalue()),
        # With threads the reader does not know the numbers of rows.
        csv.ReadOptions(block_size=len(piece) + 1, use_threads=False, column_names=names),
        csv.ParseOptions(newlines_in_values=True, invalid_row_handler=lines.keep),
        csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            include_columns=list(columns),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


def _row_numbers(count: int, broken: Sequence[BrokenLine]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the numbers of rows, counting the broken lines among them."""
    rows = np.arange(1, count + 1, dtype="int64")
    # The good row from which on the i-th broken line is counted too.
    from_row = np.array([line.row - i for i, line in enumerate(broken)], dtype="int64")
    return rows + np.searchsorted(from_row, rows, side="right")
