"""CSV and JSON Lines, read batch by batch. Every column is texts: what they are, the contract knows."""

import io
import json
import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from assay.batch.csv_files import csv_names, read_csv
from assay.batch.formats import InputFile
from assay.batch.reading import (
    TEXT_KEPT,
    Batch,
    BrokenLine,
    opened,
    readable,
    require_content,
    require_unique,
)
from assay.errors import ArtifactError
from assay.features import whole_text
from assay.row_faults import NESTED_VALUE, NOT_JSON

# What is read at once.
_BLOCK_BYTES = 4 << 20
# Lines whose keys are the columns of a JSON Lines file.
_LINES_FOR_KEYS = 10_000


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
        names = csv_names(file) if file.format.kind == "csv" else _first_keys(file)
    require_unique(names, file)
    return pa.schema([(name, pa.string()) for name in names])


def read_text(
    file: InputFile, columns: Sequence[str], flat: Collection[str], batch_rows: int
) -> Iterator[Batch]:
    """Yield a file's rows, with the lines that are none.

    Parameters
    ----------
    file : InputFile
    columns : sequence of str
        Those to read, as far as they are there.
    flat : collection of str
        Those in which a list or an object of JSON is at fault; in others it stays as it is written.
    batch_rows : int
        Rows of a batch, at most.

    Raises
    ------
    ArtifactError
        If the file turns out to be unreadable.
    """
    if file.format.kind == "csv":
        batches = read_csv(file, columns, batch_rows)
    else:
        batches = _read_json_lines(file, columns, flat, batch_rows)
    while True:
        with readable(file):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _first_keys(file: InputFile) -> list[str]:
    names: dict[str, None] = {}
    objects = False
    for number, record, _ in _records(file):
        if number > _LINES_FOR_KEYS:
            break
        if record is not None:
            objects = True
            names.update(dict.fromkeys(record))
    if not objects:
        raise ArtifactError(
            f"{file.name} is not a readable jsonl file: no line is a JSON object. "
            "Write each row as an object in a line of its own, in UTF-8."
        )
    return list(names)


def _records(file: InputFile) -> Iterator[tuple[int, dict[str, Any] | None, bytes]]:
    """Yield number, object and text of each line of a JSON Lines file; no object where it is broken."""
    number = 0
    with opened(file)[0] as stream, io.BufferedReader(stream, _BLOCK_BYTES) as lines:
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
            yield number, record if isinstance(record, dict) else None, text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return record


def _read_json_lines(
    file: InputFile, names: Sequence[str], flat: Collection[str], batch_rows: int
) -> Iterator[Batch]:
    texts: list[dict[str, str | None]] = []
    numbers: list[int] = []
    broken: list[BrokenLine] = []

    def batch() -> Batch:
        table = _text_table(texts, names)
        return Batch(table, np.array(numbers, dtype="int64"), list(broken), file.name)

    for number, record, line in _records(file):
        if record is None:
            broken.append(BrokenLine(number, NOT_JSON, _beginning(line)))
        else:
            try:
                texts.append({n: _as_text(record[n], n in flat) for n in names if n in record})
                numbers.append(number)
            except (TypeError, RecursionError):
                broken.append(BrokenLine(number, NESTED_VALUE, _beginning(line)))
        if len(numbers) + len(broken) >= batch_rows:
            yield batch()
            texts.clear()
            numbers.clear()
            broken.clear()
    if numbers or broken:
        yield batch()


def _beginning(line: bytes) -> str:
    return line[:TEXT_KEPT].decode(errors="replace")


def _as_text(value: Any, flat: bool) -> str | None:
    """Return a value as a CSV file would have it; what is nested, if it may be, as JSON has it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        if flat:
            raise TypeError("nested")
        return json.dumps(value, ensure_ascii=False)
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
