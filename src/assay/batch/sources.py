"""What is to be scored, as one stream of record batches: a file, a folder, the answer to a query."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from assay.acceptance import check_columns
from assay.batch.formats import InputFile, input_files
from assay.batch.reading import Batch
from assay.batch.text_files import read_text, text_schema
from assay.batch.typed_files import read_typed, typed_schema
from assay.errors import SchemaError, numbered
from assay.schema import Schema

# Rows of a batch: enough for the fixed costs of a call, few enough to stay in the memory's caches.
BATCH_ROWS = 16_384


class Source(Protocol):
    """A stream of rows."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """Columns of the batches, with their types."""
        ...

    @property
    def untyped(self) -> bool:
        """Whether all columns are texts because the format knows no types."""
        ...

    @property
    def texts(self) -> frozenset[str]:
        """Columns that are texts only because their place knows no types."""
        ...

    @property
    def layout(self) -> list[Any]:
        """What decides how rows come in batches, beside the content of its files."""
        ...

    @property
    def row_count(self) -> int | None:
        """The number of rows, where it is known before reading."""
        ...

    @property
    def paths(self) -> list[Path]:
        """The files behind it; none for a query."""
        ...

    @property
    def described(self) -> dict[str, Any]:
        """What a receipt says of it, beside the hashes of its files."""
        ...

    def close(self) -> None:
        """Let go of what was read; called when all rows are, and before any is written."""
        ...

    def faults(self, schema: Schema) -> list[str]:
        """Return a sentence for each way in which the columns are not those of the model."""
        ...

    def batches(self, columns: Sequence[str] | None, schema: Schema) -> Iterator[Batch]:
        """Yield the rows with these columns, or with all, in order."""
        ...


@dataclass(frozen=True)
class FileSource:
    """Files of one format, one after the other; see `Source`."""

    name: str
    schema: pa.Schema
    untyped: bool
    row_count: int | None
    files: Sequence[InputFile]
    columns: Mapping[str, Sequence[str]]
    batch_rows: int

    @property
    def paths(self) -> list[Path]:
        """The files, in the order of reading."""
        return [file.path for file in self.files]

    @property
    def texts(self) -> frozenset[str]:
        """All columns of a file without types, and those that stand in names of folders."""
        if self.untyped:
            return frozenset(self.schema.names)
        return frozenset(name for file in self.files for name in file.partition)

    @property
    def layout(self) -> list[Any]:
        """Types, the size of batches, and the order of files."""
        return [self.schema.to_string(), self.batch_rows, [file.name for file in self.files]]

    @property
    def described(self) -> dict[str, Any]:
        """The name as the user gave it."""
        return {"name": self.name}

    def close(self) -> None:
        """Nothing to do: each file is closed after its last row."""

    def faults(self, schema: Schema) -> list[str]:
        """Return what is missing or too much in each file."""
        return [
            fault
            for name, names in self.columns.items()
            for fault in check_columns(names, schema, name)
        ]

    def batches(self, columns: Sequence[str] | None, schema: Schema) -> Iterator[Batch]:
        """Yield the rows of all files."""
        wanted = list(self.schema.names if columns is None else columns)
        kept = pa.schema([self.schema.field(name) for name in wanted])
        for number, file in enumerate(self.files):
            for batch in self._file_batches(file, columns, schema):
                done = None if batch.done is None else (number + batch.done) / len(self.files)
                table = _conformed(batch.table, kept, file, set(schema.input_columns))
                yield Batch(table, batch.rows, batch.broken, file.name, done)

    def _file_batches(
        self, file: InputFile, columns: Sequence[str] | None, schema: Schema
    ) -> Iterator[Batch]:
        if not self.untyped:
            texts = [
                feature.source
                for feature in schema.features
                if feature.kind == "categorical"
                and not feature.part
                and feature.source not in file.partition
                and pa.types.is_string(self.schema.field(feature.source).type)
            ]
            yield from read_typed(file, columns, texts, self.batch_rows)
            return
        # A key may stand in a later line of JSON Lines for the first time.
        watched = [*(self.schema.names if columns is None else columns), schema.target]
        for batch in read_text(file, watched, schema.input_columns, self.batch_rows):
            names = batch.table.schema.names
            if schema.target in names and batch.table.column(schema.target).null_count < len(
                batch.rows
            ):
                raise SchemaError(numbered(check_columns(names, schema, file.name)))
            yield batch


def open_files(source: Path, batch_rows: int) -> FileSource:
    """Look at the files of an input: their columns, types and rows.

    Parameters
    ----------
    source : Path
        A file or a folder.
    batch_rows : int
        Rows of a batch, at most.

    Raises
    ------
    ArtifactError
        If something is missing, empty, unreadable, or of an unknown format.
    SchemaError
        If columns repeat, or have types that do not go together.
    """
    files = input_files(Path(source))
    schemas: list[pa.Schema] = []
    counts: list[int | None] = []
    for file in files:
        schema, rows = (text_schema(file), None) if file.format.untyped else typed_schema(file)
        for key in file.partition:
            if key in schema.names:
                schema = schema.remove(schema.get_field_index(key))
            schema = schema.append(pa.field(key, pa.string()))
        schemas.append(schema)
        counts.append(rows)
    total = None if None in counts else sum(count or 0 for count in counts)
    columns = {file.name: schema.names for file, schema in zip(files, schemas, strict=True)}
    unified = _unified(schemas, str(source))
    return FileSource(
        str(source), unified, files[0].format.untyped, total, files, columns, batch_rows
    )


def _unified(schemas: Sequence[pa.Schema], source: str) -> pa.Schema:
    """Return one type for each column of all files: the one that holds all, or texts."""
    # A table may have thousands of columns, which pyarrow would look through for each name.
    types = [dict(zip(schema.names, schema.types, strict=True)) for schema in schemas]
    fields, faults = [], []
    for name in dict.fromkeys(name for known in types for name in known):
        kinds = [known[name] for known in types if name in known]
        # Codes are a way to write values, and another one in each batch.
        kinds = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in kinds]
        try:
            fields.append(_common_field(name, kinds))
        except pa.ArrowException:
            told = " and ".join(sorted({str(kind) for kind in kinds}))
            faults.append(f"{source}: column {name!r} has types that do not go together: {told}.")
    if faults:
        raise SchemaError(numbered([f"{fault} Write the files anew." for fault in faults]))
    return pa.schema(fields)


def _common_field(name: str, kinds: Sequence[pa.DataType]) -> pa.Field:
    if len(set(kinds)) == 1:
        return pa.field(name, kinds[0])
    if all(pa.types.is_timestamp(kind) and kind.tz for kind in kinds):
        # In whatever zone they are told, they are the same times.
        kinds = [pa.timestamp(kind.unit, "UTC") for kind in kinds]
    schemas = [pa.schema([(name, kind)]) for kind in kinds]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0)
    except pa.ArrowException:
        # Arrow writes a duration as a number without its unit.
        mute = (pa.types.is_nested, pa.types.is_binary, pa.types.is_duration)
        if any(test(kind) for kind in kinds for test in mute):
            raise
        return pa.field(name, pa.string())


def _conformed(
    table: pa.RecordBatch, schema: pa.Schema, file: InputFile, features: Collection[str]
) -> pa.RecordBatch:
    """Return a batch with these columns: cast, filled from folder names, or missing.

    Raises
    ------
    SchemaError
        If a value would change by the cast, in a column that is no feature.
    """
    if table.schema.equals(schema):
        return table
    arrays, there = [], set(table.schema.names)
    for wanted in schema:
        if wanted.name in file.partition:
            value = file.partition[wanted.name]
            texts = pa.array(np.full(table.num_rows, value, dtype=object), pa.string())
            arrays.append(texts)
        elif wanted.name in there:
            column = table.column(wanted.name)
            try:
                # A number may lose digits, as it does in any table; a time beyond its type is another one.
                exact = wanted.name not in features or pa.types.is_temporal(wanted.type)
                arrays.append(_cast(column, wanted.type, safe=exact))
            except pa.ArrowInvalid as error:
                raise SchemaError(
                    f"{file.name}: column {wanted.name!r} has values that are no {wanted.type}, "
                    f"the type that holds those of all files: {error}. Write the files anew."
                ) from None
        else:
            arrays.append(pa.nulls(table.num_rows, wanted.type))
    # Codes of texts stay codes: they are read faster.
    return pa.RecordBatch.from_arrays(arrays, names=schema.names)


def _cast(column: pa.Array, kind: pa.DataType, safe: bool) -> pa.Array:
    if isinstance(column, pa.DictionaryArray) and column.type.value_type == kind:
        return column
    if pa.types.is_decimal(column.type) and pa.types.is_floating(kind):
        # Arrow rounds texts to the nearest number, but not decimals.
        column = column.cast(pa.string())
    return column if column.type == kind else column.cast(kind, safe=safe)
