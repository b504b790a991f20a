"""From the options of `python -m stages.monitor` to a result, a history and the lines that tell of it."""

from argparse import Namespace
from collections.abc import Iterator, Mapping
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
from assay.errors import ArtifactError, DataError
from assay.monitoring.check import EXIT_CODES, judged
from assay.monitoring.operations import Jobs, other_inputs, other_models, read_jobs
from assay.monitoring.options import batch_name, check_options
from assay.monitoring.outcomes import open_outcomes
from assay.monitoring.record import (
    HISTORY,
    append,
    history_row,
    read_history,
    repeated_notes,
    with_row,
)
from assay.monitoring.result import Batch, batch_checks, batch_result, judged_result
from assay.monitoring.shipped import shipped_watch
from assay.monitoring.slope import FEWEST_BATCHES
from assay.monitoring.stream import check_source, stream_batch
from assay.monitoring.trend import trend_checks, trend_facts
from assay.monitoring.verdict import gravest, verdict_of
from assay.monitoring.watch import Watch
from assay.monitoring.words import result_lines


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


def run_command(chosen: Namespace, registry: Path) -> Monitored:
    """Do what the options ask for: judge a batch, or tell the trend of its history.

    Writes the result as JSON, and adds the batch to the history, unless that is not wanted.

    Raises
    ------
    AssayError
        If an option does not fit, or if the batch, the model or the history cannot be read.
    """
    since = check_options(chosen)
    bundle = load_bundle(run_folder(chosen, registry))
    watch, reference_sha256 = shipped_watch(bundle)
    if not chosen.input:
        return _trend_only(chosen, watch, since)
    name = batch_name(chosen)
    result, history = _monitored(chosen, name, bundle, watch, reference_sha256, since)
    verdict = result["verdict"]
    return Monitored(result_lines(result), verdict["exit_code"], result, history, name)


def _monitored(
    chosen: Namespace,
    name: str,
    bundle: Bundle,
    watch: Watch,
    reference_sha256: str,
    since: datetime | None,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Judge a batch, write what was found, and add it to the history."""
    output = Path(chosen.output)
    path = output / HISTORY
    jobs = read_jobs(Path(chosen.receipts)) if chosen.receipts is not None else Jobs()
    other_models(jobs, bundle.meta["run_id"], bundle.manifest_sha256)
    # What is no history is told before a batch is read that may take an hour.
    before = read_history(path)
    with _read_batch(chosen, name, bundle, watch, jobs) as batch:
        notes = other_inputs(jobs, batch.files)
        told = batch_result(batch, bundle, watch, reference_sha256, notes)
        checks = batch_checks(batch, watch)
    row = history_row(told)
    told["notes"] = [*told["notes"], *repeated_notes(before, row)]
    earlier = _until(with_row(before, row), row)[:-1]
    earlier = earlier[earlier["run_id"] == row["run_id"]]
    crept, trends = trend_checks(before, row, watch, since, chosen.window)
    rows, run = told["batch"]["rows_scored"], told["model"]["run_id"]
    verdict = verdict_of([*checks, *crept], watch.params, name, run, rows)
    facts = trend_facts(trends, verdict.checks)
    result = judged_result(batch, watch, told, verdict, facts, earlier)
    row = history_row(result, row["recorded_at"])
    artifacts.write_json(output / f"{name}.json", result)
    if not chosen.no_history:
        append(path, row)
    return result, _until(with_row(before, row), row)


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
        yield Batch(name, source, files, streamed, streamed.tally, outcomes, jobs)


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
