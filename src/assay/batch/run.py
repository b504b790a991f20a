"""A whole run of `predict`: check, score, write output, rejected rows and receipt, or nothing."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import assay
from assay import artifacts
from assay.batch.counts import Counts
from assay.batch.formats import Format
from assay.batch.job import Plan, Wanted, check_rows, plan_job, score_rows
from assay.batch.parts import Parts, open_parts
from assay.batch.progress import Progress
from assay.batch.receipt import InputHashes, file_entry, receipt
from assay.batch.sinks import write_tables
from assay.batch.sources import BATCH_ROWS, Source, open_files
from assay.batch.targets import (
    Tables,
    Target,
    failure_path,
    file_target,
    receipt_path,
    rejected_path,
)
from assay.bundle import Bundle
from assay.errors import AssayError
from assay.provenance import content_sha256, files_sha256

# Libraries whose version can change a byte of the output.
_DECISIVE = ("numpy", "pandas", "pyarrow", "scikit-learn")


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes
    ----------
    counts : Counts
    notes : list of str
        What played no part, was read as something else, or is unknown, one sentence each.
    resumed_rows : int or None
        Rows that an interrupted run had finished; None where none was asked for.
    rejected : Path or None
        Where rows that could not be scored are.
    """

    counts: Counts
    notes: list[str]
    resumed_rows: int | None = None
    rejected: Path | None = None


def check_input(
    bundle: Bundle, source: Source, wanted: Wanted, target: Target | None = None
) -> Outcome:
    """Check columns and rows of an input, and where the output would go, and write nothing.

    Raises
    ------
    SchemaError, DataError, ArtifactError
        As `score_input` would.
    """
    plan = plan_job(bundle, source, wanted)
    if target is not None:
        target.check(plan.scorer.schema)
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
        identity = _identity(plan, hashes)
        with open_parts(target.beside, identity, resume) as parts:
            kept = sum(counts.rows_in for counts in parts.counts)
            progress = Progress(source.row_count)
            try:
                plan, counts = score_rows(plan, parts, progress)
            finally:
                progress.close()
            source.close()
            # All that can still refuse the input comes before anything is written.
            files = {**source.described, "files": hashes.described()}
            rejected = rejected_path(target.beside) if wanted.bad_rows == "quarantine" else None
            parts.keep = target.keeps_parts and bool(source.paths)
            with ExitStack() as aside, _kept_told(parts):
                told = aside.enter_context(
                    _rejected(rejected, plan, parts.tables("rejected"), counts)
                )

                def finish(output: Mapping[str, Any]) -> None:
                    seconds = round(time.monotonic() - started, 3)
                    content = receipt(bundle, counts, options or {}, files, output, told, seconds)
                    artifacts.write_json(receipt_path(target.beside), content)
                    # The rejected rows appear now, beside the output.
                    aside.close()

                tables = parts.tables("scored")
                target.write(plan.scorer.schema, tables, counts.rows_scored, finish)
    if rejected is None:
        # A file of an earlier run would look like this one's.
        rejected_path(target.beside).unlink(missing_ok=True)
    failure_path(target.beside).unlink(missing_ok=True)
    texts = [f"{name}: not all are of the type that training had, so texts" for name in parts.texts]
    notes = [*plan.notes, *texts, *counts.notes()]
    return Outcome(counts, notes, kept if resume else None, rejected)


def score_file(
    bundle: Bundle,
    source: Path,
    output: Path,
    wanted: Wanted = Wanted(),  # noqa: B008  (frozen)
) -> Outcome:
    """Score a file or a folder into a file; see `score_input`."""
    opened = open_files(source, BATCH_ROWS)
    return score_input(bundle, opened, file_target(output, opened), wanted)


@contextmanager
def _kept_told(parts: Parts) -> Iterator[None]:
    """Add to a failure that the scored rows are kept, if they are."""
    try:
        yield
    except AssayError as error:
        if not parts.keep:
            raise
        kept = "The scored rows are kept; the same command with --resume only writes them."
        raise type(error)(f"{error} {kept}") from None


def _identity(plan: Plan, hashes: InputHashes) -> str:
    """Return the same text for runs that write the same bytes, in whatever threads."""
    wanted = replace(plan.wanted, workers=1)
    code = files_sha256([Path(assay.__file__).parent])
    libraries = [(name, metadata.version(name)) for name in _DECISIVE]
    return content_sha256(
        [plan.scorer.bundle.manifest_sha256, plan.scorer.bundle.decision, plan.source.layout,
         hashes.stamped, repr(wanted), list(code.values()), libraries]
    )  # fmt: skip


@contextmanager
def _rejected(
    path: Path | None, plan: Plan, tables: Tables, counts: Counts
) -> Iterator[dict[str, Any] | None]:
    """Write the rejected rows, and give what the receipt says of them; they appear after the block."""
    if path is None:
        yield None
        return
    with artifacts.replacing(path) as temporary:
        write_tables(temporary, Format("parquet"), plan.scorer.rejected_schema, tables)
        yield file_entry(path, temporary, counts.faults.rows)
