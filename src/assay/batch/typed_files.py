"""Parquet and Arrow files, read batch by batch."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc

from assay.batch.formats import InputFile
from assay.batch.reading import Batch, readable, require_content, require_unique, sliced

# Reads of a column chunk go through a buffer of this size; otherwise it would be loaded whole.
_BUFFER_BYTES = 1 << 20
_ARROW_MAGIC = b"ARROW1"
# Views are another layout of the same values, for which few functions exist.
_OF_VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}


def typed_schema(file: InputFile) -> tuple[pa.Schema, int | None]:
    """Return the columns of a file with their types, and the number of rows where it tells.

    Raises
    ------
    ArtifactError
        If the file is empty or unreadable.
    SchemaError
        If two columns share a name.
    """
    require_content(file)
    with readable(file):
        if file.format.kind == "parquet":
            with pq.ParquetFile(file.path) as parquet:
                schema, rows = parquet.schema_arrow, parquet.metadata.num_rows
        else:
            with pa.OSFile(str(file.path)) as stream:
                schema, rows = _arrow_reader(stream).schema, None
    require_unique(schema.names, file)
    fields = [field.with_type(_OF_VIEWS.get(field.type, field.type)) for field in schema]
    return pa.schema(fields, schema.metadata), rows


def read_typed(
    file: InputFile, columns: Sequence[str] | None, categories: Sequence[str], batch_rows: int
) -> Iterator[Batch]:
    """Yield a file's rows.

    Parameters
    ----------
    file : InputFile
    columns : sequence of str or None
        Those to read, as far as they are there; None for all.
    categories : sequence of str
        Columns of texts that repeat, which are best read as codes.
    batch_rows : int
        Rows of a batch, at most.

    Raises
    ------
    ArtifactError
        If the file turns out to be unreadable.
    """
    read = _read_parquet if file.format.kind == "parquet" else _read_arrow
    first, tables = 1, read(file, columns, categories, batch_rows)
    while True:
        with readable(file):
            found = next(tables, None)
            if found is None:
                return
            table, done = found
            # Neither reader looks at what it reads: offsets may lead anywhere, texts be no UTF-8.
            table.validate(full=True)
        rows = np.arange(first, first + table.num_rows, dtype="int64")
        first += table.num_rows
        yield Batch(table, rows, file=file.name, done=done)


def _read_parquet(
    file: InputFile, columns: Sequence[str] | None, categories: Sequence[str], batch_rows: int
) -> Iterator[tuple[pa.RecordBatch, float | None]]:
    with pq.ParquetFile(
        file.path, buffer_size=_BUFFER_BYTES, pre_buffer=False, read_dictionary=list(categories)
    ) as parquet:
        names = parquet.schema_arrow.names
        wanted = None if columns is None else [name for name in columns if name in names]
        total, done = max(parquet.metadata.num_rows, 1), 0
        for table in parquet.iter_batches(batch_rows, columns=wanted, use_threads=False):
            done += table.num_rows
            yield table, done / total


def _read_arrow(
    file: InputFile, columns: Sequence[str] | None, categories: Sequence[str], batch_rows: int
) -> Iterator[tuple[pa.RecordBatch, float | None]]:
    del categories
    with pa.OSFile(str(file.path)) as stream:
        reader, size = _arrow_reader(stream), max(stream.size(), 1)
        if isinstance(reader, ipc.RecordBatchFileReader):
            count = reader.num_record_batches
            tables = (reader.get_batch(number) for number in range(count))
        else:
            tables = iter(reader)
        for table in tables:
            kept = table
            if columns is not None:
                kept = table.select([name for name in columns if name in table.schema.names])
            for part in sliced(kept, batch_rows):
                yield part, min(stream.tell() / size, 1.0)


def _arrow_reader(stream: pa.NativeFile) -> ipc.RecordBatchFileReader | ipc.RecordBatchStreamReader:
    """Open an Arrow file or an Arrow stream, told apart by the first bytes."""
    magic = stream.read(len(_ARROW_MAGIC))
    stream.seek(0)
    return ipc.open_file(stream) if magic == _ARROW_MAGIC else ipc.open_stream(stream)
