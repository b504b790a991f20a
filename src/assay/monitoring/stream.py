"""A batch from its source to its tally: read, accepted, predicted, counted, in flat memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.acceptance import accept, type_faults
from assay.batch.counts import Counts
from assay.batch.ordered import in_order
from assay.batch.progress import Progress
from assay.batch.reading import Batch
from assay.batch.sources import Source
from assay.bundle import Bundle
from assay.column_types import DATES, MIXED, NOTHING, TEXTS, TIMES, ZONED_TIMES, decoded, held
from assay.errors import DataError, SchemaError, counted, numbered, shown
from assay.monitoring.learnt import data_end, rows_until
from assay.monitoring.outcomes import Outcomes
from assay.monitoring.rows import HashArray, ScoredRows
from assay.monitoring.tally import Tally, tally_rows
from assay.monitoring.watch import Watch
from assay.row_faults import Fault
from assay.schema import Schema
from assay.scoring import good_rows, refuse_bad_rows
from assay.time_features import TimeArray
from assay.time_values import read_times

# No column has this name: the target may be there, where outcomes are asked for.
_NO_TARGET = "\0"
_READABLE_TIMES = {DATES, MIXED, NOTHING, TEXTS, TIMES, ZONED_TIMES}


@dataclass
class Streamed:
    """What was counted of a batch.

    Attributes
    ----------
    tally : Tally or None
        Of the rows that were scored; None where there are none.
    counts : Counts
        What happened to all rows.
    odd_times : int
        Scored rows whose time could not be read.
    learnt_rows : int
        Scored rows of a time before the model's data ended.
    """

    tally: Tally | None = None
    counts: Counts = field(default_factory=Counts)
    odd_times: int = 0
    learnt_rows: int = 0

    def merge(self, other: "Streamed") -> None:
        """Add the counts of later rows."""
        self.counts.merge(other.counts)
        self.odd_times += other.odd_times
        self.learnt_rows += other.learnt_rows
        if self.tally is None:
            self.tally = other.tally
        elif other.tally is not None:
            self.tally.merge(other.tally)


def without_target(schema: Schema) -> Schema:
    """Return a schema that takes no column of the input for the target."""
    return replace(schema, target=_NO_TARGET)


def check_source(source: Source, schema: Schema, labels: str | None) -> None:
    """Check a batch's columns, before a row is read.

    Parameters
    ----------
    source : Source
    schema : Schema
        Of the model.
    labels : str or None
        The column with outcomes.

    Raises
    ------
    SchemaError
        If columns are missing, of another kind, or the target is there unasked; the message lists all.
    """
    kinds = {column.name: column.type for column in source.schema}
    faults = source.faults(without_target(schema))
    faults += [f"{source.name}: {fault}" for fault in type_faults(kinds, schema)]
    if schema.target in kinds and labels != schema.target:
        told = shown(schema.target)
        faults.append(
            f"{source.name}: the target column {told} is present. Give --labels {told} to measure "
            "performance by it, or drop it."
        )
    if faults:
        raise SchemaError(numbered(faults))


def stream_batch(
    bundle: Bundle,
    source: Source,
    watch: Watch,
    outcomes: Outcomes,
    workers: int,
    progress: Progress,
) -> Streamed:
    """Score a batch, and count what is told of it; nothing is kept of the rows but what tallies keep.

    Parameters
    ----------
    bundle : Bundle
    source : Source
        That has passed `check_source`.
    watch : Watch
    outcomes : Outcomes
        Gives rows their keys and outcomes.
    workers : int
        Blocks of rows at the same time; the result does not depend on it.
    progress : Progress

    Raises
    ------
    DataError
        If no row can be scored.
    """
    schema = watch.schema
    optional = [name for name in (schema.time_column, schema.group_column) if name]
    there = set(source.schema.names)
    columns = [*schema.input_columns, *(name for name in optional if name in there)]
    reader = _Reader(bundle, source, watch, outcomes)
    wanted = list(dict.fromkeys([*columns, *outcomes.columns]))
    total = Streamed()
    blocks = _placed(source.batches(wanted, without_target(schema)), progress)
    for done in in_order(reader.run, blocks, workers):
        total.merge(done)
    rows = total.counts.rows_in
    if not rows:
        raise DataError(f"{source.name} has no rows. Name a batch that has some.")
    refuse_bad_rows(total.counts.faults, rows, "quarantine", source.name)
    return total


def _placed(batches: Iterator[Batch], progress: Progress) -> Iterator[tuple[int, Batch]]:
    """Yield batches with the place of their first row among all, and tell how far reading is."""
    first = 0
    for batch in batches:
        yield first, batch
        rows = len(batch.rows) + len(batch.broken)
        first += rows
        progress.update(rows, batch.done)


@dataclass(frozen=True)
class _Reader:
    """Takes blocks of rows, each on its own, in any thread."""

    bundle: Bundle
    source: Source
    watch: Watch
    outcomes: Outcomes

    def run(self, placed: tuple[int, Batch]) -> Streamed:
        first, batch = placed
        table, contract = batch.table, self.bundle.contract
        schema = contract.schema
        columns = {name: table.column(name) for name in table.schema.names}
        inputs = {name: columns[name] for name in schema.input_columns}
        accepted = accept(inputs, contract, batch.file, self.source.untyped)
        good = good_rows(accepted)
        counts = self._counts(batch, accepted.faults, int(good.sum()))
        counts.coerced, counts.unknown_categories = accepted.coerced, accepted.unknown_categories
        if not good.any():
            return Streamed(None, counts)
        features = accepted.features
        if not good.all():
            kept = pa.array(good)
            columns = {name: column.filter(kept) for name, column in columns.items()}
            features = features[good].reset_index(drop=True)
        keys, outcome = self.outcomes.keys_and_outcomes(columns, first)
        times, odd = self._times(columns)
        rows = ScoredRows(
            features,
            self.bundle.predictor.predict(features),
            keys,
            outcome,
            times,
            self._groups(columns, keys),
        )
        learnt = rows_until(times, data_end(self.bundle.meta["data"]))
        return Streamed(tally_rows(rows, self.watch), counts, odd, learnt)

    def _counts(self, batch: Batch, faults: list[Fault], scored: int) -> Counts:
        counts = Counts(1, len(batch.rows) + len(batch.broken), scored)
        lines = [
            Fault(-1 - number, line.reason, None, line.text)
            for number, line in enumerate(batch.broken)
        ]
        where = f"{batch.file}, " if len(self.source.paths) > 1 else ""
        places = {fault.row: f"{where}row {batch.rows[fault.row]:,}" for fault in faults}
        places |= {
            -1 - number: f"{where}row {line.row:,}" for number, line in enumerate(batch.broken)
        }
        counts.faults.add([*faults, *lines], places)
        return counts

    def _times(self, columns: Mapping[str, pa.Array]) -> tuple[TimeArray | None, int]:
        """Return the rows' times, and how many could not be read."""
        schema = self.watch.schema
        name = schema.time_column
        if name is None or name not in columns:
            return None, 0
        column = columns[name]
        if held(column) not in _READABLE_TIMES:
            return np.full(len(column), "NaT", "datetime64[us]"), len(column) - column.null_count
        read = read_times(column, name, schema.carried_dtypes[name], untyped=True)
        return read.values, len({fault.row for fault in read.faults})

    def _groups(self, columns: Mapping[str, pa.Array], keys: HashArray) -> HashArray | None:
        """Return a hash of the rows' groups; a row without one is a group of its own."""
        name = self.watch.schema.group_column
        if name is None or name not in columns:
            return None
        column = decoded(columns[name])
        missing = column.is_null().to_numpy(zero_copy_only=False)
        if pa.types.is_integer(column.type):
            # With a missing value among them, pandas would have them as other numbers.
            column = column.fill_null(0)
        values: Any = column.to_numpy(zero_copy_only=False)
        if values.dtype == object:
            values = np.array([str(value) for value in values], dtype=object)
        hashes = pd.util.hash_array(values, categorize=values.dtype == object)
        return np.where(missing, keys, hashes.astype(np.uint64))


def time_notes(streamed: Streamed, source: Source, schema: Schema) -> list[str]:
    """Return what is to be told of the times and groups of a batch, as whole sentences."""
    notes = []
    there = set(source.schema.names)
    for role, name in (("time", schema.time_column), ("group", schema.group_column)):
        if name is not None and name not in there:
            lost = (
                "when its rows are of is not known"
                if role == "time"
                else "rows of one are not known"
            )
            notes.append(
                f"The {role} column {shown(name)} is not in the batch, so {lost}; rows that belong "
                "together are taken for independent ones."
            )
    if streamed.odd_times:
        rows = counted(streamed.odd_times, "row")
        notes.append(
            f"{shown(schema.time_column or '')}: the time of {rows} could not be read as training had "
            "it, and is taken for missing."
        )
    return notes
