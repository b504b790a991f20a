"""From the options of `python -m stages.predict` to a run, and to the lines that tell of it."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from assay.batch.failure import failure, failure_place, leave_failure
from assay.batch.job import Wanted
from assay.batch.query import open_query
from assay.batch.run import Outcome, check_input, score_input
from assay.batch.sources import BATCH_ROWS, Source, open_files
from assay.batch.targets import TableTarget, Target, file_target, receipt_path
from assay.bundle import Bundle, latest_bundle, load_bundle
from assay.calibration.maps import Identity
from assay.databases.access import check_url, is_database, redacted
from assay.decisions.columns import outcomes_told
from assay.errors import AssayError, ParamsError, counted, numbered
from assay.scoring import Extras, at_threshold


def run_command(chosen: Namespace, registry: Path) -> Iterator[str]:
    """Do what the options ask for; yield the lines to print.

    Raises
    ------
    AssayError
        If an option does not fit, or if scoring is refused.
    """
    _check_places(chosen)
    if chosen.dry_run or not chosen.output:
        yield from _tried(chosen, registry)
        return
    # What is known so far, for the failure that a refusal leaves.
    bundle, place = None, _first_place(chosen)
    try:
        bundle = load_bundle(run_folder(chosen, registry))
        bundle, wanted = _wanted(chosen, bundle)
        with open_source(chosen) as source:
            # A fault of the output itself leaves nothing beside it.
            place = None
            target = _target(chosen, source)
            place = target.beside
            options = _options(chosen, bundle, wanted)
            outcome = score_input(bundle, source, target, wanted, chosen.resume, options)
    except AssayError as error:
        told = redacted(chosen.input) if is_database(chosen.input) else chosen.input
        leave_failure(place, failure(error, bundle, told))
        raise
    decided = outcomes_told(bundle.decision, outcome.counts.outcomes)
    done = f"{_rows(outcome)} scored by {bundle.meta['run_id']}: {decided}{_aside(outcome)}"
    yield from [*_notes(outcome), f"{done}; written to {target.name}"]
    yield f"receipt: {receipt_path(target.beside)}"


def _tried(chosen: Namespace, registry: Path) -> Iterator[str]:
    """Check everything, write nothing, and tell."""
    bundle, wanted = _wanted(chosen, load_bundle(run_folder(chosen, registry)))
    with open_source(chosen) as source:
        target = _target(chosen, source) if chosen.output else None
        outcome = check_input(bundle, source, wanted, target)
        done = f"{_rows(outcome)} of {source.name} can be scored by {bundle.meta['run_id']}"
        yield from [*_notes(outcome), f"{done}{_aside(outcome)}"]


def _first_place(chosen: Namespace) -> Path | None:
    """Return what a failure may stand beside, as far as the options alone tell."""
    if is_database(chosen.output):
        return TableTarget(chosen.output, chosen.table, chosen.if_exists or "fail").beside
    source = None if is_database(chosen.input) else Path(chosen.input)
    return failure_place(Path(chosen.output), source)


def _check_places(chosen: Namespace) -> None:
    """Check that options of a database stand where there is one, and only there."""
    read, written = is_database(chosen.input), bool(chosen.output) and is_database(chosen.output)
    faults = [] if chosen.input else ["--input is empty. Name a file, a folder or a database."]
    if read != bool(chosen.query):
        faults.append(
            "--query: an input that is a database needs one."
            if read
            else "--query: the input is no database's URL. Leave it out."
        )
    if written != bool(chosen.table):
        faults.append(
            "--table: an output that is a database needs one."
            if written
            else "--table: the output is no database's URL. Leave it out."
        )
    if chosen.if_exists and not written:
        faults.append("--if-exists: the output is no database's URL. Leave it out.")
    if chosen.resume and chosen.dry_run:
        faults.append("--resume: --dry-run scores nothing. Leave one out.")
    if chosen.resume and read:
        faults.append("--resume: the rows of a query have no lasting order. Leave it out.")
    for url in (chosen.input, chosen.output):
        if url and is_database(url):
            check_url(url)
    if faults:
        raise ParamsError(numbered(faults))


def open_source(chosen: Namespace) -> AbstractContextManager[Source]:
    """Open what --input names, with --query where it is a database."""
    if is_database(chosen.input):
        return open_query(chosen.input, chosen.query, BATCH_ROWS)
    return nullcontext(open_files(Path(chosen.input), BATCH_ROWS))


def _target(chosen: Namespace, source: Source) -> Target:
    if is_database(chosen.output):
        return TableTarget(chosen.output, chosen.table, chosen.if_exists or "fail")
    return file_target(Path(chosen.output), source)


def _options(chosen: Namespace, bundle: Bundle, wanted: Wanted) -> dict[str, Any]:
    """Return what the receipt says of the options."""
    return {
        "bad_rows": chosen.bad_rows,
        "columns": wanted.columns,
        "threshold": bundle.decision.get("threshold"),
        "threshold_given": chosen.threshold is not None,
        "proba": chosen.proba,
        "explain": chosen.explain,
        "explained": _explained(bundle) if chosen.explain else None,
    }


def run_folder(chosen: Namespace, registry: Path) -> Path:
    """Return the run folder that --model or --rev names; otherwise the registry's."""
    if chosen.rev is None:
        return Path(chosen.model) if chosen.model else latest_bundle(registry)
    from assay.registry import fetch_run

    return fetch_run(chosen.rev)


def _wanted(chosen: Namespace, bundle: Bundle) -> tuple[Bundle, Wanted]:
    """Check the options against the model; return it with the threshold that is asked for."""
    faults = []
    schema = bundle.contract.schema
    if chosen.proba and schema.task == "regression":
        faults.append("--proba: a regression has no probabilities. Leave it out.")
    if not 0 <= chosen.explain <= len(schema.features):
        features = counted(len(schema.features), "feature")
        faults.append(f"--explain: the model has {features}, got {chosen.explain}.")
    if chosen.workers < 1:
        faults.append(f"--workers must be 1 or more, got {chosen.workers}.")
    columns = None
    if chosen.columns is not None:
        columns = tuple(name.strip() for name in chosen.columns.split(",") if name.strip())
        if not columns:
            faults.append("--columns names no column. Leave it out, or name some.")
    if chosen.threshold is not None:
        try:
            bundle = at_threshold(bundle, chosen.threshold)
        except ParamsError as error:
            faults.append(str(error))
    if faults:
        raise ParamsError(numbered(faults))
    extras = Extras(chosen.proba, chosen.explain)
    return bundle, Wanted(chosen.bad_rows, columns, extras, chosen.workers)


def _explained(bundle: Bundle) -> str:
    """Say on which scale the effects of reasons are."""
    from assay.interpretation.contributions import explained_output

    output = explained_output(bundle.predictor.pipeline, bundle.contract.schema)
    calibrated = not isinstance(bundle.predictor.calibrator, Identity)
    return f"{output}, before calibration" if calibrated else output


def _rows(outcome: Outcome) -> str:
    return counted(outcome.counts.rows_scored, "row")


def _notes(outcome: Outcome) -> list[str]:
    notes = list(outcome.notes)
    if outcome.resumed_rows:
        notes.append(f"{counted(outcome.resumed_rows, 'row')} were finished by the run before")
    elif outcome.resumed_rows is not None:
        notes.append("no interrupted run of this kind to go on from; all rows were scored")
    return [f"note: {note}" for note in notes]


def _aside(outcome: Outcome) -> str:
    if not outcome.counts.faults.rows:
        return ""
    rows = counted(outcome.counts.faults.rows, "row")
    where = f" in {outcome.rejected}" if outcome.rejected else ""
    return f"; {rows} set aside{where} ({'; '.join(outcome.counts.faults.told())})"
