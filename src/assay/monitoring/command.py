"""From the options of `python -m stages.monitor` to a result, a history and the lines that tell of it."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from assay import artifacts
from assay.batch.command import open_source, run_folder
from assay.batch.progress import Progress
from assay.batch.receipt import InputHashes
from assay.batch.sources import Source
from assay.bundle import Bundle, load_bundle
from assay.errors import ArtifactError, AssayError, DataError, listed
from assay.manifest import MANIFEST
from assay.monitoring.check import EXIT_CODES, judged
from assay.monitoring.operations import (
    Jobs,
    of_batch,
    other_inputs,
    other_models,
    read_jobs,
    row_count_checks,
)
from assay.monitoring.options import batch_name, check_options
from assay.monitoring.outcomes import open_outcomes
from assay.monitoring.record import HISTORY, append, history_row, read_history, with_row
from assay.monitoring.result import Batch, batch_checks, batch_result, judged_result
from assay.monitoring.retraining import retraining_of
from assay.monitoring.shipped import shipped_watch
from assay.monitoring.slope import FEWEST_BATCHES
from assay.monitoring.stream import check_source, stream_batch
from assay.monitoring.trend import trend_checks, trend_facts
from assay.monitoring.verdict import gravest, verdict_of
from assay.monitoring.watch import Watch
from assay.monitoring.words import result_lines
from assay.monitoring.written import leave_failure, remove_failure, replaced_note, write_pages

# From a result and its history to a text.
Page = Callable[[dict[str, Any], pd.DataFrame], str]


@dataclass(frozen=True)
class Monitored:
    """What monitoring found.

    Attributes
    ----------
    lines : list of str
        What is told of it.
    exit_code : int
        0 fine, 20 warning, 21 alarm.
    result : dict or None
        See `assay.monitoring.result`; None where only the trend was asked for.
    history : DataFrame
        One row per batch, this one the last.
    name : str
        What files of the batch are named by.
    """

    lines: list[str]
    exit_code: int
    result: dict[str, Any] | None
    history: pd.DataFrame
    name: str = ""


def run_command(
    chosen: Namespace, registry: Path, pages: Mapping[str, Page] | None = None
) -> Monitored:
    """Do what the options ask for: judge a batch, or tell the trend of its history.

    Writes the result as JSON and the pages, and adds the batch to the history, unless that is not
    wanted. A batch that is refused has a failure in the place of its pages.

    Parameters
    ----------
    chosen : Namespace
        The options.
    registry : Path
        Names the run folder, where no option does.
    pages : dict of str to callable, optional
        What is written beside the JSON, by the ending of its name.

    Raises
    ------
    AssayError
        If an option does not fit, or if the batch, the model or the history cannot be read.
    """
    since = check_options(chosen)
    if not chosen.input:
        bundle = _model(chosen, registry)
        return _trend_only(chosen, shipped_watch(bundle)[0], since)
    name, loaded = batch_name(chosen), None
    try:
        loaded = _model(chosen, registry)
        result, history = _monitored(chosen, name, loaded, since, pages or {})
    except AssayError as error:
        leave_failure(chosen, name, loaded, error)
        raise
    verdict = result["verdict"]
    return Monitored(result_lines(result), verdict["exit_code"], result, history, name)


def _model(chosen: Namespace, registry: Path) -> Bundle:
    """Load the model; a folder of run folders is told as one."""
    folder = run_folder(chosen, registry)
    if chosen.model is not None and folder.is_dir() and not (folder / MANIFEST).exists():
        runs = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST}"))
        if runs:
            raise ArtifactError(
                f"--model: {folder} is no run folder; it holds these: {listed(runs[-5:])}. Name one, or "
                "leave --model out."
            )
    return load_bundle(folder)


def _monitored(
    chosen: Namespace,
    name: str,
    bundle: Bundle,
    since: datetime | None,
    pages: Mapping[str, Page],
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Judge a batch, write what was found, and add it to the history."""
    watch, reference_sha256 = shipped_watch(bundle)
    output = Path(chosen.output)
    path = output / HISTORY
    jobs = read_jobs(Path(chosen.receipts)) if chosen.receipts is not None else Jobs()
    other_models(jobs, bundle.meta["run_id"], bundle.manifest_sha256)
    # What is no history is told before a batch is read that may take an hour.
    before = read_history(path)
    with _read_batch(chosen, name, bundle, watch, jobs) as batch:
        notes = other_inputs(batch.jobs, batch.files)
        told = batch_result(batch, bundle, watch, reference_sha256, notes)
        checks = batch_checks(batch, watch)
    told["notes"] += replaced_note(output, name, told["batch"])
    row = history_row(told)
    earlier = _until(with_row(before, row), row)[:-1]
    earlier = earlier[earlier["run_id"] == row["run_id"]]
    counted_rows = row_count_checks(row["rows_in"], earlier, watch.params)
    crept, trends = trend_checks(before, row, watch, since, chosen.window)
    retraining = retraining_of(told["performance"], earlier, watch, told)
    again = None if retraining is None else retraining["met"]
    rows = told["batch"]["rows_scored"]
    verdict = verdict_of([*checks, *counted_rows, *crept], watch.params, rows, again)
    facts = trend_facts(trends, verdict.checks)
    result = judged_result(batch, watch, told, verdict, facts, retraining)
    row = history_row(result, row["recorded_at"])
    history = _until(with_row(before, row), row)
    # Whatever cannot be made is found before anything is written.
    texts = {ending: page(result, history) for ending, page in pages.items()}
    write_pages(output, name, {"json": artifacts.json_text(result), **texts})
    if not chosen.no_history:
        append(path, row)
    remove_failure(output, name)
    return result, history


def _until(history: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """Return the batches of a history as far as one of them."""
    last = int((history["batch_id"] == row["batch_id"]).to_numpy().argmax())
    return history.iloc[: last + 1].reset_index(drop=True)


@contextmanager
def _read_batch(
    chosen: Namespace, name: str, bundle: Bundle, watch: Watch, jobs: Jobs
) -> Iterator[Batch]:
    """Read a batch to its end."""
    with open_source(chosen) as source:
        _check_output(Path(chosen.output), source)
        check_source(source, watch.schema, chosen.labels)
        outcomes = open_outcomes(chosen.labels, chosen.labels_file, watch.schema, source)
        with InputHashes(source.paths) as hashes:
            progress = Progress(source.row_count)
            try:
                streamed = stream_batch(bundle, source, watch, outcomes, chosen.workers, progress)
            finally:
                progress.close()
            source.close()
            outcomes.check()
            files = hashes.described()
        if streamed.tally is None:
            raise DataError(f"{source.name}: no row was scored. Name another batch.")
        scored = of_batch(jobs, files)
        yield Batch(name, source, files, streamed, streamed.tally, outcomes, scored)


def _check_output(output: Path, source: Source) -> None:
    """Refuse an output that would be read as input the next time."""
    folder = Path(source.name)
    if source.paths and folder.is_dir() and output.resolve().is_relative_to(folder.resolve()):
        raise ArtifactError(
            f"{output} lies in the input's folder {folder} and would be read as input the next time. "
            "Name another --output."
        )
    if output.exists() and not output.is_dir():
        raise ArtifactError(f"{output} is a file, expected a folder. Name another --output.")


def _trend_only(chosen: Namespace, watch: Watch, since: datetime | None) -> Monitored:
    """Judge the latest batches of the history together."""
    path = Path(chosen.output) / HISTORY
    history = read_history(path)
    if not len(history):
        raise ArtifactError(f"{path} has no batches yet. Monitor some with --input.")
    checks, trends = trend_checks(history, None, watch, since, chosen.window)
    told = judged(checks, watch.params.false_alarm_rate)
    level = gravest(told)
    if not trends:
        asked = f"at least {FEWEST_BATCHES} batches of the same model, of {watch.params.min_rows:,} rows"
        return Monitored(
            [f"Not judged: a trend needs {asked} or more each; {path} has fewer."], 0, None, history
        )
    names = trends[0].batches
    over = f"over {len(names):,} batches, {names[0]} to {names[-1]},"
    found = [check for check in told if check.level != "fine"]
    creeps = f"{len(found):,} of {len(told):,} series creep" if found else "nothing creeps"
    head = f"{level.capitalize()}: {over} {creeps}."
    lines = [head, *(f"{check.level}: {check.sentence} {check.look_at}" for check in found)]
    return Monitored(lines, EXIT_CODES[level], None, history)
