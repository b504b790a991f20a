"""A whole run of `predict`: check, score, write output, rejected rows and receipt, or nothing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay import artifacts
from assay.batch.counts import Counts
from assay.batch.formats import Format
from assay.batch.job import Plan, Wanted, check_rows, plan_job, score_rows
from assay.batch.parts import open_parts
from assay.batch.progress import Progress
from assay.batch.receipt import InputHashes, file_entry, receipt
from assay.batch.sinks import write_tables
from assay.batch.sources import BATCH_ROWS, Source, open_files
from assay.batch.targets import Tables, Target, file_target, receipt_path, rejected_path
from assay.bundle import Bundle
from assay.provenance import content_sha256


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes
    ----------
    counts : Counts
    notes : list of str
        What played no part, was read as something else, or is unknown, one sentence each.
    resumed_rows : int
        Rows that an interrupted run had finished.
    rejected : Path or None
        Where rows that could not be scored are.
    """

    counts: Counts
    notes: list[str]
    resumed_rows: int = 0
    rejected: Path | None = None


def check_input(bundle: Bundle, source: Source, wanted: Wanted) -> Outcome:
    """Check columns and rows of an input, and write nothing.

    Raises
    ------
    SchemaError, DataError, ArtifactError
        As `score_input` would.
    """
    plan = plan_job(bundle, source, wanted)
    progress = Progress(source.row_count)
    try:
        counts = check_rows(plan, progress)
    finally:
        progress.close()
    return Outcome(counts, [*plan.notes, *counts.notes()])


def score_input(
    bundle: Bundle,
    source: Source,
    target: Target,
    wanted: Wanted,
    resume: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Outcome:
    """Score an input into an output, with a receipt, and rejected rows if these are set aside.

    Parameters
    ----------
    bundle : Bundle
    source : Source
    target : Target
    wanted : Wanted
    resume : bool
        Whether to go on from what an interrupted run of the same kind has finished.
    options : dict, optional
        What was asked for, for the receipt.

    Raises
    ------
    SchemaError
        If the input does not meet the contract.
    DataError
        If rows cannot be scored, and are not to be set aside; or if none can.
    ArtifactError
        If something cannot be read or written; the output is then what it was.
    """
    started = time.monotonic()
    plan = plan_job(bundle, source, wanted)
    target.check(plan.scorer.schema)
    with InputHashes(source.paths) as hashes:
        identity = content_sha256(
            [bundle.manifest_sha256, source.name, [vars(s) for s in hashes.stamps], repr(wanted),
             bundle.decision, plan.source.schema.to_string()]
        )  # fmt: skip
        with open_parts(target.beside, identity, resume) as parts:
            kept = sum(counts.rows_in for counts in parts.counts)
            progress = Progress(source.row_count)
            try:
                plan, counts = score_rows(plan, parts, progress)
            finally:
                progress.close()
            source.close()
            aside = wanted.bad_rows == "quarantine"
            rejected = rejected_path(target.beside) if aside else None

            def finish(output: Mapping[str, Any]) -> None:
                told = _write_rejected(rejected, plan, parts.tables("rejected"), counts)
                seconds = round(time.monotonic() - started, 3)
                files = {**source.described, "files": hashes.described()}
                content = receipt(bundle, counts, options or {}, files, output, told, seconds)
                artifacts.write_json(receipt_path(target.beside), content)

            tables = parts.tables("scored")
            target.write(plan.scorer.schema, tables, counts.rows_scored, finish)
    if rejected is None:
        # A file of an earlier run would look like this one's.
        rejected_path(target.beside).unlink(missing_ok=True)
    texts = [f"{name}: not all are of the type that training had, so texts" for name in parts.texts]
    return Outcome(counts, [*plan.notes, *texts, *counts.notes()], kept, rejected)


def score_file(
    bundle: Bundle,
    source: Path,
    output: Path,
    wanted: Wanted = Wanted(),  # noqa: B008  (frozen)
) -> Outcome:
    """Score a file or a folder into a file; see `score_input`."""
    opened = open_files(source, BATCH_ROWS)
    return score_input(bundle, opened, file_target(output, opened), wanted)


def _write_rejected(
    path: Path | None, plan: Plan, tables: Tables, counts: Counts
) -> dict[str, Any] | None:
    if path is None:
        return None
    with artifacts.replacing(path) as temporary:
        write_tables(temporary, Format("parquet"), plan.scorer.rejected_schema, tables)
        return file_entry(path, temporary, counts.faults.rows)
