"""CSV and JSON Lines, read batch by batch. Every column is texts: what they are, the contract knows."""

import io
import json
import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
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
from assay.row_faults import NESTED_VALUE, NOT_JSON, WRONG_FIELD_COUNT
from assay.schema import whole_text

# A row must fit into a block; a block is parsed at once.
_BLOCK_BYTES = 4 << 20
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
            with _opened(file)[0] as stream, csv.open_csv(stream, *_csv_options([])) as reader:
                names = reader.schema.names
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


def _csv_options(broken: list[BrokenLine], columns: Sequence[str] = ()) -> tuple[Any, Any, Any]:
    def keep(row: csv.InvalidRow) -> str:
        # The reader counts the header as the first row.
        broken.append(BrokenLine(row.number - 1, WRONG_FIELD_COUNT, row.text[:_TEXT_KEPT]))
        return "skip"

    return (
        # With threads the reader does not know the numbers of rows.
        csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
        # Without `newlines_in_values` a line break inside quotes may end a row at the end of a block.
        csv.ParseOptions(newlines_in_values=True, invalid_row_handler=keep),
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
    broken: list[BrokenLine] = []
    stream, raw = _opened(file)
    size, told, given = max(raw.size(), 1), 0, 0
    # A table without any wanted column has no rows to pyarrow.
    options = _csv_options(broken, wanted or names[:1])
    with stream, csv.open_csv(stream, *options) as reader:
        for table in reader:
            for part in sliced(table, batch_rows):
                rows = _row_numbers(given, part.num_rows, broken)
                given += part.num_rows
                # The reader is ahead: lines beyond these rows belong to a later batch.
                count = bisect_left(broken, int(rows[-1]), key=lambda line: line.row)
                yield Batch(part, rows, broken[told:count], file.name, min(raw.tell() / size, 1.0))
                told = count
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
    for number, record in _records(file):
        if number > _LINES_FOR_KEYS:
            break
        if isinstance(record, dict):
            names.update(dict.fromkeys(record))
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
                record = json.loads(text, object_pairs_hook=_unique)
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
