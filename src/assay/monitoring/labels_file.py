"""A table of outcomes, in memory that does not grow with its rows: looked up by the ids of rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.batch.sources import BATCH_ROWS, FileSource, Source, open_files
from assay.errors import DataError, SchemaError, counted, listed, nearest, numbered, shown
from assay.metrics.core import FloatArray
from assay.monitoring.outcome_values import ReadOutcomes, read_outcomes
from assay.monitoring.row_ids import Kind, id_example, id_hashes, id_kinds
from assay.monitoring.rows import HashArray
from assay.schema import Schema

# Outcomes that are kept, at most: 80 MB.
KEPT = 4_000_000
# No table has a column of this name.
_NO_TARGET = "\0"


@dataclass(frozen=True)
class Found:
    """Outcomes of some rows that were looked up.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        NaN where a row is not named, or its outcome is not there yet or unknown.
    named : ndarray of bool, shape (n,)
        Which rows the table names.
    unknown : dict of str to int
        How often each value came that is no class, or no number.
    """

    values: FloatArray
    named: npt.NDArray[np.bool_]
    unknown: dict[str, int]


@dataclass(frozen=True)
class Labels:
    """Outcomes by the hashes of their ids, ascending.

    Attributes
    ----------
    name : str
        Of the table.
    row_count : int
        Its rows.
    id_count : int
        Rows that it names, as far as they are kept.
    kept_below : int or None
        Ids whose hashes are larger were left out, because there are too many; None where all are kept.
    example : str
        The ids of its first row.
    broken : int
        Lines that are no rows.
    """

    name: str
    kinds: Mapping[str, Kind]
    row_count: int
    id_count: int
    kept_below: int | None
    example: str
    broken: int
    hashes: HashArray = field(repr=False)
    values: FloatArray = field(repr=False)
    unknown: npt.NDArray[np.int32] = field(repr=False)
    texts: list[str] = field(repr=False)

    def of(self, hashes: HashArray, known: npt.NDArray[np.bool_]) -> Found:
        """Return the outcomes of rows with these hashes of ids, where these are known."""
        if not len(self.hashes):
            none = np.zeros(len(hashes), dtype=bool)
            return Found(np.full(len(hashes), np.nan), none, {})
        places = np.searchsorted(self.hashes, hashes)
        places[places == len(self.hashes)] = 0
        named = (self.hashes[places] == hashes) & known
        values = np.where(named, self.values[places], np.nan)
        unknown = ReadOutcomes(values, np.where(named, self.unknown[places], 0), self.texts)
        return Found(values, named, unknown.counts())


def read_labels(path: Path, schema: Schema, source: Source, kept: int = KEPT) -> Labels:
    """Read a table of outcomes.

    It may have more rows than fit into memory, and more than the batch has: then those are kept that
    the batch's rows need, or, where these are too many or come only once, those with the smallest
    hashes.

    Parameters
    ----------
    path : Path
        A file or folder of any format that can be scored.
    schema : Schema
        Of the model.
    source : Source
        The batch.
    kept : int
        Outcomes to keep, at most.

    Raises
    ------
    SchemaError
        If the model has no id columns, or the table or the batch lacks some of them, or the target.
    DataError
        If the table has no rows, or names a row twice with different outcomes.
    """
    if not schema.id_columns:
        raise SchemaError(
            "--labels-file: the model has no id columns by which outcomes could find their rows. Set "
            "data.id_columns and train again, or give outcomes as a column of the input by --labels."
        )
    file = open_files(path, BATCH_ROWS)
    _check_columns(file, source, schema)
    types = [{each.name: each.type for each in table.schema} for table in (file, source)]
    kinds = id_kinds(schema, *types)
    labels = _read(file, schema, kinds, kept, None)
    if labels.kept_below is not None and source.paths:
        needed = _needed(source, schema, kinds, kept)
        labels = _read(file, schema, kinds, kept, needed)
    if not labels.row_count:
        raise DataError(f"{file.name} has no rows. Give outcomes, or leave --labels-file out.")
    return labels


def plain(schema: Schema) -> Schema:
    """Return a schema under which a source is read as it is, without features or target."""
    return replace(schema, features=(), target=_NO_TARGET)


def _check_columns(file: FileSource, source: Source, schema: Schema) -> None:
    faults = []
    wanted = [(file, name) for name in [*schema.id_columns, schema.target]]
    for table, name in [*wanted, *((source, name) for name in schema.id_columns)]:
        if name in table.schema.names:
            continue
        close = nearest(name, table.schema.names)
        hint = f" (nearest: {shown(close)})" if close else ""
        role = "the target" if name == schema.target else "an id column of the model"
        faults.append(
            f"{table.name} has no column {name!r}{hint}, {role}; outcomes of --labels-file are "
            f"joined by {listed(schema.id_columns)}. Add it."
        )
    if faults:
        raise SchemaError(numbered(faults))


def _batches(table: Source, names: Sequence[str], schema: Schema) -> Iterator[dict[str, Any]]:
    """Yield columns of a table as Arrow arrays, with how many lines were broken."""
    for batch in table.batches(list(names), plain(schema)):
        yield {name: batch.table.column(name) for name in names} | {"": len(batch.broken)}


def _needed(source: Source, schema: Schema, kinds: Mapping[str, Kind], kept: int) -> HashArray:
    """Return the smallest hashes of the batch's rows."""
    found = np.empty(0, dtype=np.uint64)
    for columns in _batches(source, schema.id_columns, schema):
        hashes, known = id_hashes(columns, kinds, schema)
        found = np.concatenate([found, hashes[known]])
        if len(found) > 2 * kept:
            found = np.unique(found)[:kept]
    return np.unique(found)[:kept]


@dataclass
class _Reading:
    """What is kept while a table is read."""

    kept: int
    parts: list[tuple[HashArray, FloatArray, npt.NDArray[np.int32]]] = field(default_factory=list)
    texts: dict[str, int] = field(default_factory=dict)
    held: int = 0
    # Ids whose hashes are larger are left out.
    limit: int | None = None
    # Ids that stand twice, with different outcomes.
    torn: set[int] = field(default_factory=set)

    def add(self, hashes: HashArray, read: ReadOutcomes) -> None:
        if self.limit is not None:
            few = hashes <= np.uint64(self.limit)
            hashes = hashes[few]
            read = ReadOutcomes(read.values[few], read.unknown[few], read.texts)
        # The places of unknown values, in the texts of the whole table.
        places = [0, *(self.texts.setdefault(t, len(self.texts)) + 1 for t in read.texts)]
        unknown = np.asarray(places, dtype=np.int32)[read.unknown]
        self.parts.append((hashes, read.values, unknown))
        self.held += len(hashes)
        if self.held > 2 * self.kept:
            self.draw()

    def draw(self) -> None:
        """Sort what there is, one entry for each id, and leave out what is too much."""
        hashes, values, unknown = (np.concatenate(each) for each in zip(*self.parts, strict=True))
        order = np.lexsort((unknown, values, hashes))
        hashes, values, unknown = hashes[order], values[order], unknown[order]
        first = np.r_[True, hashes[1:] != hashes[:-1]]
        same = (values == np.roll(values, 1)) & (unknown == np.roll(unknown, 1))
        both_unknown = (unknown > 0) & (unknown == np.roll(unknown, 1))
        self.torn |= set(hashes[~first & ~same & ~both_unknown].tolist())
        hashes, values, unknown = hashes[first], values[first], unknown[first]
        if len(hashes) > self.kept:
            self.limit = int(hashes[self.kept - 1])
            hashes, values, unknown = (x[: self.kept].copy() for x in (hashes, values, unknown))
        self.parts, self.held = [(hashes, values, unknown)], len(hashes)


def _read(
    file: FileSource,
    schema: Schema,
    kinds: Mapping[str, Kind],
    kept: int,
    needed: HashArray | None,
) -> Labels:
    reading, rows, broken, example = _Reading(kept), 0, 0, ""
    where = f"{file.name}: column {schema.target!r}"
    for columns in _batches(file, [*schema.id_columns, schema.target], schema):
        broken += columns.pop("")
        hashes, known = id_hashes(columns, kinds, schema)
        if not len(hashes):
            continue
        rows += len(hashes)
        example = example or id_example(columns, schema.id_columns)
        read = read_outcomes(columns[schema.target], schema, where)
        # A row without an outcome says no more than no row: it is not there yet.
        there = known & (~np.isnan(read.values) | (read.unknown > 0))
        if needed is not None:
            there &= np.isin(hashes, needed, kind="sort")
        reading.add(
            hashes[there], ReadOutcomes(read.values[there], read.unknown[there], read.texts)
        )
    if not reading.parts:
        reading.add(
            np.empty(0, np.uint64), ReadOutcomes(np.empty(0), np.empty(0, dtype=np.int32), [])
        )
    reading.draw()
    if reading.torn:
        raise _twice(file, schema, kinds, reading.torn)
    hashes, values, unknown = reading.parts[0]
    limit = reading.limit
    if needed is not None and limit is None and len(needed) == kept:
        limit = int(needed[-1])
    return Labels(
        file.name,
        kinds,
        rows,
        len(hashes),
        limit,
        example,
        broken,
        hashes,
        values,
        unknown,
        list(reading.texts),
    )


def _twice(
    file: FileSource, schema: Schema, kinds: Mapping[str, Kind], torn: set[int]
) -> DataError:
    wanted, example = np.array(sorted(torn), dtype=np.uint64), ""
    for columns in _batches(file, schema.id_columns, schema):
        hashes, known = id_hashes({k: v for k, v in columns.items() if k}, kinds, schema)
        found = np.flatnonzero(np.isin(hashes, wanted) & known)
        if len(found):
            example = id_example(columns, schema.id_columns, int(found[0]))
            break
    return DataError(
        f"{file.name} names {counted(len(torn), 'row')} more than once with different outcomes, first "
        f"{example}. Leave one outcome of each."
    )
