"""From the options of `python -m stages.predict` to a run, and to the lines that tell of it."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from assay.batch.job import Wanted
from assay.batch.run import Outcome, check_input, file_target, score_input
from assay.batch.sources import BATCH_ROWS, open_files
from assay.bundle import Bundle, latest_bundle, load_bundle
from assay.decisions import outcomes_told
from assay.errors import ParamsError, counted, numbered
from assay.scoring import Extras, at_threshold


def run_command(chosen: Namespace, registry: Path) -> Iterator[str]:
    """Do what the options ask for; yield the lines to print.

    Raises
    ------
    AssayError
        If an option does not fit, or if scoring is refused.
    """
    folder = _run_folder(chosen, registry)
    bundle = load_bundle(folder)
    wanted = _wanted(chosen, bundle)
    if chosen.threshold is not None:
        bundle = at_threshold(bundle, chosen.threshold)
    source = open_files(Path(chosen.input), BATCH_ROWS)
    if chosen.dry_run:
        outcome = check_input(bundle, source, wanted)
        yield from _notes(outcome)
        rows = counted(outcome.counts.rows_scored, "row")
        yield f"{rows} of {source.name} can be scored by {folder.name}{_aside(outcome)}"
        return
    target = file_target(Path(chosen.output), source)
    options = {
        "bad_rows": chosen.bad_rows,
        "columns": wanted.columns,
        "threshold": bundle.decision.get("threshold"),
        "threshold_given": chosen.threshold is not None,
        "proba": chosen.proba,
        "explain": chosen.explain,
        "explained": _explained(bundle) if chosen.explain else None,
    }
    outcome = score_input(bundle, source, target, wanted, chosen.resume, options)
    yield from _notes(outcome)
    if outcome.resumed_rows:
        yield f"note: {counted(outcome.resumed_rows, 'row')} were finished by the run before"
    yield (
        f"{counted(outcome.counts.rows_scored, 'row')} scored by {folder.name}: "
        f"{outcomes_told(bundle.decision, outcome.counts.outcomes)}{_aside(outcome)}; "
        f"written to {target.name}"
    )


def _run_folder(chosen: Namespace, registry: Path) -> Path:
    if chosen.rev is None:
        return Path(chosen.model) if chosen.model else latest_bundle(registry)
    from assay.registry import fetch_run

    return fetch_run(chosen.rev)


def _wanted(chosen: Namespace, bundle: Bundle) -> Wanted:
    """Check the options against the model's task."""
    faults = []
    task = bundle.contract.schema.task
    if chosen.proba and task == "regression":
        faults.append("--proba: a regression has no probabilities. Leave it out.")
    if chosen.explain < 0:
        faults.append(f"--explain must be 0 or more, got {chosen.explain}.")
    if chosen.workers < 1:
        faults.append(f"--workers must be 1 or more, got {chosen.workers}.")
    columns = None
    if chosen.columns is not None:
        columns = tuple(name.strip() for name in chosen.columns.split(",") if name.strip())
    if faults:
        raise ParamsError(numbered(faults))
    extras = Extras(chosen.proba, chosen.explain)
    return Wanted(chosen.bad_rows, columns, extras, chosen.workers)


def _explained(bundle: Bundle) -> str:
    """Say on which scale the effects of reasons are."""
    from assay.interpretation.contributions import explained_output

    output = explained_output(bundle.predictor.pipeline, bundle.contract.schema)
    return f"{output}, before calibration"


def _notes(outcome: Outcome) -> Iterator[str]:
    for note in outcome.notes:
        yield f"note: {note}"


def _aside(outcome: Outcome) -> str:
    if not outcome.counts.faults.rows:
        return ""
    rows = counted(outcome.counts.faults.rows, "row")
    where = f" in {outcome.rejected}" if outcome.rejected else ""
    return f"; {rows} set aside{where} ({'; '.join(outcome.counts.faults.told())})"
