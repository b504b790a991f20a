"""A batch job: from a source through a bundle into finished parts, in the memory of some batches."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import pyarrow as pa

from assay.acceptance import left_out, type_faults
from assay.batch.carried import CarriedColumns, OtherTypeError, carried_columns
from assay.batch.counts import Counts
from assay.batch.formats import Format
from assay.batch.ordered import in_order
from assay.batch.parts import Parts
from assay.batch.progress import Progress
from assay.batch.reading import Batch
from assay.batch.scored import BatchScorer, ScoredBatch, predicted_schema
from assay.batch.sinks import column_faults
from assay.batch.sources import Source
from assay.bundle import Bundle
from assay.errors import SchemaError, numbered
from assay.scoring import BadRows, Extras, RowScorer, refuse_bad_rows

# Rows of a part: what a killed run loses at most, for each of its threads.
PART_ROWS = 1 << 18


@dataclass(frozen=True)
class Wanted:
    """How an input is scored.

    Attributes
    ----------
    bad_rows : {"fail", "quarantine"}
        Whether rows that cannot be scored refuse the whole input, or are set aside.
    columns : tuple of str or None
        Columns of the input to carry to the output; None for those of the model's schema.
    extras : Extras
        What rows get beside their predictions.
    workers : int
        Batches that are scored at the same time.
    part_rows : int
        Rows of a finished part, at least.
    """

    bad_rows: BadRows = "fail"
    columns: tuple[str, ...] | None = None
    extras: Extras = field(default_factory=Extras)
    workers: int = 1
    part_rows: int = PART_ROWS


@dataclass(frozen=True)
class Plan:
    """A checked job: what is read, and what every batch goes through."""

    source: Source
    scorer: BatchScorer
    wanted: Wanted
    notes: list[str]

    @property
    def read_columns(self) -> list[str] | None:
        """Columns to read; None for all, where whole rows may have to be set aside."""
        if self.wanted.bad_rows == "quarantine":
            return None
        needed = self.scorer.bundle.contract.schema.input_columns
        return list(dict.fromkeys([*needed, *self.scorer.carried.types]))

    def with_carried(self, carried: CarriedColumns) -> "Plan":
        """Return the same job with other types of carried columns."""
        return replace(self, scorer=replace(self.scorer, carried=carried))


def plan_job(bundle: Bundle, source: Source, wanted: Wanted) -> Plan:
    """Check an input's columns against the bundle's contract, before a row is read.

    Raises
    ------
    SchemaError
        If columns are missing, of another kind, or the target is there; the message lists every fault.
    """
    schema = bundle.contract.schema
    kinds = {field.name: field.type for field in source.schema}
    faults = source.faults(schema)
    faults += [f"{source.name}: {fault}" for fault in type_faults(kinds, schema)]
    if faults:
        raise SchemaError(numbered(faults))
    carried = carried_columns(source.schema, schema, wanted.columns, source.name, source.texts)
    rows = RowScorer(bundle, wanted.extras)
    scorer = BatchScorer(
        bundle,
        rows,
        carried,
        source.schema,
        source.untyped,
        len(source.paths) > 1,
        predicted_schema(bundle, rows),
        wanted.bad_rows == "quarantine",
    )
    _ = scorer.schema
    if scorer.aside:
        # Whole rows may have to be set aside, in a Parquet file.
        faults = column_faults(Format("parquet"), scorer.rejected_schema)
        if faults:
            told = [f"{source.name}: {fault}, where bad rows go. Leave it out." for fault in faults]
            raise SchemaError(numbered(told))
    notes = left_out(source.schema.names, schema, carried.types)
    return Plan(source, scorer, wanted, notes)


def check_rows(plan: Plan, progress: Progress) -> Counts:
    """Read all rows and count what scoring them would meet.

    Raises
    ------
    DataError
        If rows cannot be scored, and are not to be set aside.
    """
    total = Counts()
    for done in in_order(plan.scorer.check, _batches(plan, 0, progress), plan.wanted.workers):
        total.merge(done.counts)
    refuse_bad_rows(total.faults, total.rows_in, plan.wanted.bad_rows, plan.source.name)
    return total


def score_rows(plan: Plan, parts: Parts, progress: Progress) -> tuple[Plan, Counts]:
    """Score what no finished part has, and add it to the parts.

    Returns
    -------
    Plan
        The plan, with the types that carried columns turned out to have.
    Counts
        Over all parts.

    Raises
    ------
    DataError
        If rows cannot be scored, and are not to be set aside; all of them are counted first.
    """
    while True:
        current = plan.with_carried(plan.scorer.carried.with_texts(parts.texts))
        try:
            total = _score_rest(current, parts, progress)
        except OtherTypeError as error:
            # What the first rows looked like was wrong: once more, with texts.
            parts.restart([*parts.texts, error.column])
            continue
        refuse_bad_rows(total.faults, total.rows_in, plan.wanted.bad_rows, plan.source.name)
        return current, total


def _score_rest(plan: Plan, parts: Parts, progress: Progress) -> Counts:
    total, part = Counts(), _Part()
    for counts in parts.counts:
        total.merge(counts)

    def run(batch: Batch) -> ScoredBatch:
        # Once the input is refused, its other faults are counted, and nothing more is scored.
        lost = plan.wanted.bad_rows == "fail" and bool(total.faults.rows)
        return plan.scorer.check(batch) if lost else plan.scorer.score(batch)

    batches = _batches(plan, total.batches, progress)
    for done in in_order(run, batches, plan.wanted.workers):
        total.merge(done.counts)
        part.add(done)
        if part.counts.rows_in >= plan.wanted.part_rows:
            parts.add(part.scored, part.rejected, part.counts)
            part = _Part()
    if part.counts.batches:
        parts.add(part.scored, part.rejected, part.counts)
    return total


@dataclass
class _Part:
    """Batches that wait to be written."""

    scored: list[pa.RecordBatch] = field(default_factory=list)
    rejected: list[pa.RecordBatch] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def add(self, done: ScoredBatch) -> None:
        self.counts.merge(done.counts)
        self.scored += [] if done.scored is None else [done.scored]
        self.rejected += [] if done.rejected is None else [done.rejected]


def _batches(plan: Plan, skipped: int, progress: Progress) -> Iterator[Batch]:
    """Yield the batches that are still to do, and tell how far reading is."""
    schema = plan.scorer.bundle.contract.schema
    batches = plan.source.batches(plan.read_columns, schema)
    for batch in islice(batches, skipped, None):
        yield batch
        progress.update(len(batch.rows) + len(batch.broken), batch.done)
