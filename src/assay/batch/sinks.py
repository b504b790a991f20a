"""Where scored rows go: one file, written whole and renamed at the end."""

import gzip
import io
import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv, ipc

from assay.batch.formats import Format


def column_faults(kind: Format, schema: pa.Schema) -> list[str]:
    """Return a sentence for each column whose type a format has no place for."""
    if _holds(kind.kind, schema):
        return []
    return [
        f"column {column.name!r} of type {column.type} has no place in a {kind.kind} file"
        for column in schema
        if not _holds(kind.kind, pa.schema([column]))
    ]


def _holds(kind: str, schema: pa.Schema) -> bool:
    if kind in {"csv", "jsonl"} and any(map(_no_text, schema.types)):
        return False
    try:
        if kind == "csv":
            csv.CSVWriter(io.BytesIO(), schema).close()
        elif kind == "parquet":
            pq.ParquetWriter(io.BytesIO(), schema).close()
    except pa.ArrowException:
        return False
    return True


def _no_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_interval(kind)
        or pa.types.is_fixed_size_binary(kind)
    )  # fmt: skip


def write_tables(path: Path, kind: Format, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """Write tables one after the other into one file, the same bytes for the same tables.

    Parameters
    ----------
    path : Path
        Written from the start; make it a temporary one.
    kind : Format
    schema : Schema
        Of every table; a file without rows has it too.
    tables : iterable of Table
    """
    with ExitStack() as stack:
        if kind.kind == "parquet":
            parquet = stack.enter_context(pq.ParquetWriter(path, schema, compression="zstd"))
            for table in tables:
                parquet.write_table(table, row_group_size=max(table.num_rows, 1))
            return
        if kind.kind == "arrow":
            options = ipc.IpcWriteOptions(compression="zstd")
            arrow = stack.enter_context(ipc.new_file(str(path), schema, options=options))
            for table in tables:
                arrow.write_table(table)
            return
        raw = stack.enter_context(path.open("wb"))
        stream = _compressed(raw, kind, stack)
        if kind.kind == "csv":
            options = csv.WriteOptions(quoting_style="needed")
            lines = stack.enter_context(csv.CSVWriter(stream, schema, write_options=options))
            for table in tables:
                lines.write_table(table)
            return
        for table in tables:
            _write_json_lines(stream, table)


def _compressed(raw: BinaryIO, kind: Format, stack: ExitStack) -> Any:
    if kind.compression == "gzip":
        # Neither the clock nor the file's temporary name belongs into the output.
        stream = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6)
        return stack.enter_context(stream)
    if kind.compression == "zstd":
        return stack.enter_context(pa.CompressedOutputStream(pa.PythonFile(raw), "zstd"))
    return raw


def _write_json_lines(stream: Any, table: pa.Table) -> None:
    names = table.schema.names
    for batch in table.to_batches(max_chunksize=10_000):
        columns = [_finite(column).to_pylist() for column in batch.columns]
        for values in zip(*columns, strict=True):
            record = dict(zip(names, values, strict=True))
            line = json.dumps(record, ensure_ascii=False, default=_plain, allow_nan=False)
            stream.write(f"{line}\n".encode())


def _finite(column: pa.Array) -> pa.Array:
    """Return a column without NaN and infinities, which JSON does not have."""
    if not pa.types.is_floating(column.type):
        return column
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    return pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))


def _plain(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
