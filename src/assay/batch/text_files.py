"""CSV and JSON Lines, read batch by batch. Every column is texts: what they are, the contract knows."""

import codecs
import io
import json
import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from assay.batch.formats import InputFile
from assay.batch.reading import (
    Batch,
    BrokenLine,
    readable,
    require_content,
    require_unique,
    sliced,
)
from assay.errors import ArtifactError
from assay.row_faults import NESTED_VALUE, NOT_JSON, WRONG_FIELD_COUNT
from assay.schema import whole_text

# A row must fit into a block; a block is parsed at once.
_BLOCK_BYTES = 4 << 20
# The last line of every CSV file that is read; without it, nothing would tell a quote that is never
# closed, and takes all that follows for one value, from a good last row.
_LAST = "assay-end-of-file"
# Lines whose keys are the columns of a JSON Lines file.
_LINES_FOR_KEYS = 10_000
# How much of a broken line is kept.
_TEXT_KEPT = 2_000


def text_schema(file: InputFile) -> pa.Schema:
    """Return the columns of a file, all of them texts.

    Of JSON Lines, the keys in the first 10,000 lines, in order of appearance.

    Raises
    ------
    ArtifactError
        If the file is empty or unreadable.
    SchemaError
        If two columns share a name.
    """
    require_content(file)
    with readable(file):
        if file.format.kind == "csv":
            stream = pa.PythonFile(_Utf8(_opened(file)[0], b"\n"), mode="r")
            with stream, csv.open_csv(stream, *_csv_options(_Lines())) as reader:
                names = reader.schema.names
            _require_commas(names, file)
        else:
            names = _first_keys(file)
    require_unique(names, file)
    return pa.schema([(name, pa.string()) for name in names])


def read_text(file: InputFile, columns: Sequence[str] | None, batch_rows: int) -> Iterator[Batch]:
    """Yield a file's rows, with the lines that are none.

    Parameters
    ----------
    file : InputFile
    columns : sequence of str or None
        Those to read, as far as they are there; None for all.
    batch_rows : int
        Rows of a batch, at most.

    Raises
    ------
    ArtifactError
        If the file turns out to be unreadable.
    """
    read = _read_csv if file.format.kind == "csv" else _read_json_lines
    batches = read(file, columns, batch_rows)
    while True:
        with readable(file):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _opened(file: InputFile) -> tuple[pa.NativeFile, pa.NativeFile]:
    """Open a file; return the stream of its text, and the one below that knows the place in the file."""
    raw = pa.OSFile(str(file.path))
    if file.format.compression:
        return pa.CompressedInputStream(raw, file.format.compression), raw
    return raw, raw


class _Utf8(io.RawIOBase):
    """The bytes of a stream, if they are UTF-8, and some more at the end.

    What pyarrow calls for a line that is no row would print a traceback for one that is no text.
    """

    def __init__(self, stream: pa.NativeFile, more: bytes) -> None:
        super().__init__()
        self._stream, self._more, self._done = stream, more, 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        pieces: list[bytes] = []
        missing = size
        # A stream may give less than was asked for before its end.
        while missing and (piece := self._stream.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
        data = b"".join(pieces)
        pending = len(self._decoder.getstate()[0])
        try:
            if pending or not data.isascii():
                self._decoder.decode(data, final=missing > 0)
        except UnicodeDecodeError as error:
            # Told as a place in the file, not in what happened to be read at once.
            error.start += self._done - pending
            raise
        self._done += len(data)
        more, self._more = self._more[:missing], self._more[missing:]
        return data + more

    def close(self) -> None:
        self._stream.close()
        super().close()


def _require_commas(names: Sequence[str], file: InputFile) -> None:
    """Refuse a header that is no list of names with commas between them.

    Raises
    ------
    ArtifactError
    """
    other = next((mark for mark in ";\t|" if mark in names[0]), None) if len(names) == 1 else None
    if other:
        found = f"{other!r} between names, expected commas"
    elif any("\0" in name for name in names):
        found = "NUL bytes in its header, as UTF-16 has them, expected UTF-8"
    else:
        return
    raise ArtifactError(f"{file.name} is not a readable csv file: it has {found}. Write it anew.")


@dataclass
class _Lines:
    """What became of the lines of a CSV file that are no rows."""

    last: str | None = None
    ended: bool = False
    broken: list[BrokenLine] = field(default_factory=list)

    def keep(self, row: csv.InvalidRow) -> str:
        if row.text == self.last:
            self.ended = True
        else:
            # The reader counts the header as the first row.
            line = BrokenLine(row.number - 1, WRONG_FIELD_COUNT, row.text[:_TEXT_KEPT])
            self.broken.append(line)
        return "skip"


def _csv_options(lines: _Lines, columns: Sequence[str] = ()) -> tuple[Any, Any, Any]:
    return (
        # With threads the reader does not know the numbers of rows.
        csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
        # Without `newlines_in_values` a line break inside quotes may end a row at the end of a block.
        csv.ParseOptions(newlines_in_values=True, invalid_row_handler=lines.keep),
        csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            include_columns=list(columns),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


def _read_csv(file: InputFile, columns: Sequence[str] | None, batch_rows: int) -> Iterator[Batch]:
    names = text_schema(file).names
    wanted = names if columns is None else [name for name in columns if name in names]
    # With a field too much it is no row, and is told from the others.
    lines = _Lines(",".join([_LAST] * (len(names) + 1)))
    broken = lines.broken
    opened, raw = _opened(file)
    stream = pa.PythonFile(_Utf8(opened, f"\n{lines.last}\n".encode()), mode="r")
    size, told, given, number = max(raw.size(), 1), 0, 0, 0
    # A table without any wanted column has no rows to pyarrow.
    options = _csv_options(lines, wanted or names[:1])
    with stream, csv.open_csv(stream, *options) as reader:
        for table in reader:
            for part in sliced(table, batch_rows):
                rows = _row_numbers(given, part.num_rows, broken)
                given, number = given + part.num_rows, int(rows[-1])
                # The reader is ahead: lines beyond these rows belong to a later batch.
                count = bisect_left(broken, number, key=lambda line: line.row)
                yield Batch(part, rows, broken[told:count], file.name, min(raw.tell() / size, 1.0))
                told = count
    if not lines.ended:
        number = max([number, *(line.row for line in broken[-1:])])
        raise ArtifactError(
            f"{file.name} is not a readable csv file: a quote that is opened in row {number:,} is "
            "never closed. Close it, or double it if it belongs to the text."
        )
    if broken[told:]:
        empty = pa.RecordBatch.from_pylist([], schema=pa.schema([(n, pa.string()) for n in wanted]))
        yield Batch(empty, np.empty(0, dtype="int64"), broken[told:], file.name, 1.0)


def _row_numbers(
    given: int, count: int, broken: list[BrokenLine]
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the numbers in the file of the next rows, counting the broken lines among them."""
    rows = np.arange(given + 1, given + count + 1, dtype="int64")
    # The good row from which on the i-th broken line is counted too.
    from_row = np.array([line.row - i for i, line in enumerate(broken)], dtype="int64")
    return rows + np.searchsorted(from_row, rows, side="right")


def _first_keys(file: InputFile) -> list[str]:
    names: dict[str, None] = {}
    objects = False
    for number, record in _records(file):
        if number > _LINES_FOR_KEYS:
            break
        if isinstance(record, dict):
            objects = True
            names.update(dict.fromkeys(record))
    if not objects:
        raise ArtifactError(
            f"{file.name} is not a readable jsonl file: no line is a JSON object. "
            "Write each row as an object in a line of its own, in UTF-8."
        )
    return list(names)


def _records(file: InputFile) -> Iterator[tuple[int, dict[str, Any] | BrokenLine]]:
    """Yield the objects of a JSON Lines file, or the broken lines, with their numbers."""
    number = 0
    with _opened(file)[0] as stream, io.BufferedReader(stream, _BLOCK_BYTES) as lines:
        for line in lines:
            # A byte-order mark is no part of the first line.
            text = line.strip().removeprefix(b"\xef\xbb\xbf")
            if not text:
                continue
            number += 1
            try:
                # Of bytes Python would guess the encoding.
                record = json.loads(text.decode(), object_pairs_hook=_unique)
            except (ValueError, RecursionError):
                record = None
            if isinstance(record, dict):
                yield number, record
            else:
                kept = text[:_TEXT_KEPT].decode(errors="replace")
                yield number, BrokenLine(number, NOT_JSON, kept)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return record


def _read_json_lines(
    file: InputFile, columns: Sequence[str] | None, batch_rows: int
) -> Iterator[Batch]:
    names = list(text_schema(file).names if columns is None else columns)
    texts: list[dict[str, str | None]] = []
    numbers: list[int] = []
    broken: list[BrokenLine] = []

    def batch() -> Batch:
        table = _text_table(texts, names)
        return Batch(table, np.array(numbers, dtype="int64"), list(broken), file.name)

    for number, record in _records(file):
        if isinstance(record, BrokenLine):
            broken.append(record)
        else:
            try:
                texts.append({n: _as_text(record[n]) for n in names if n in record})
                numbers.append(number)
            except TypeError:
                kept = json.dumps(record)[:_TEXT_KEPT]
                broken.append(BrokenLine(number, NESTED_VALUE, kept))
        if len(numbers) + len(broken) >= batch_rows:
            yield batch()
            texts.clear()
            numbers.clear()
            broken.clear()
    if numbers or broken:
        yield batch()


def _as_text(value: Any) -> str | None:
    """Return a scalar as a CSV file would have it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise TypeError("nested")
    return whole_text(value) if isinstance(value, float) and math.isfinite(value) else str(value)


def _text_table(texts: list[dict[str, str | None]], names: Sequence[str]) -> pa.RecordBatch:
    schema = pa.schema([(name, pa.string()) for name in names])
    try:
        return pa.RecordBatch.from_pylist(texts, schema=schema)
    except UnicodeEncodeError:
        # A lone half of a surrogate pair, which JSON can escape, has no place in UTF-8.
        mended = [
            {name: text and text.encode(errors="replace").decode() for name, text in row.items()}
            for row in texts
        ]
        return pa.RecordBatch.from_pylist(mended, schema=schema)
