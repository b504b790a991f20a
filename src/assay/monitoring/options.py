"""The options of `python -m stages.monitor`, checked before anything is read."""

import re
from argparse import Namespace
from datetime import datetime
from pathlib import Path

from assay.databases.access import check_url, is_database
from assay.errors import ParamsError, numbered, shown
from assay.monitoring.slope import FEWEST_BATCHES

# Bytes of a file's name, which is followed by endings of ours.
_LONGEST = 180
_ENDINGS = re.compile(
    r"(\.(parquet|pq|csv|jsonl|ndjson|arrow|feather|ipc))?(\.(gz|zst))?$", re.IGNORECASE
)


def check_options(chosen: Namespace) -> datetime | None:
    """Check that options go together, and each by itself; return the time of --since.

    Raises
    ------
    ParamsError
        With all that does not fit.
    """
    faults = _faults_of_input(chosen)
    if chosen.labels is not None and chosen.labels_file is not None:
        faults.append("--labels and --labels-file: outcomes come from one place. Leave one out.")
    if chosen.workers < 1:
        faults.append(f"--workers must be 1 or more, got {chosen.workers}.")
    if chosen.window is not None and chosen.window < FEWEST_BATCHES:
        faults.append(f"--window must be {FEWEST_BATCHES} or more, got {chosen.window}.")
    if chosen.name is not None and not _is_name(chosen.name):
        faults.append(
            f"--name must be a file's name of at most {_LONGEST} bytes without / and without a dot in "
            f"front, got {shown(chosen.name)}."
        )
    since, found = _since(chosen.since)
    faults += found
    if is_database(chosen.input or ""):
        check_url(chosen.input)
    if faults:
        raise ParamsError(numbered(faults))
    return since


def _faults_of_input(chosen: Namespace) -> list[str]:
    """Return what does not go with the input, or without one."""
    faults = []
    if not chosen.input:
        told = {
            "--labels": chosen.labels, "--labels-file": chosen.labels_file,
            "--receipts": chosen.receipts, "--query": chosen.query, "--name": chosen.name,
        }  # fmt: skip
        faults += [
            f"{option}: there is no --input that it belongs to. Name one, or leave it out."
            for option, value in told.items()
            if value is not None
        ]
        if chosen.since is None and chosen.window is None:
            faults.append(
                "--input is missing. Name a batch, or give --since or --window for a trend."
            )
        if chosen.no_history:
            faults.append("--no-history: a trend is that of the history. Leave it out.")
    elif is_database(chosen.input) != bool(chosen.query):
        faults.append(
            "--query: an input that is a database needs one."
            if is_database(chosen.input)
            else "--query: the input is no database's URL. Leave it out."
        )
    return faults


def _since(text: str | None) -> tuple[datetime | None, list[str]]:
    if text is None:
        return None, []
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        return None, [f"--since must be a date such as 2026-01-31, got {shown(text)}."]
    if since.tzinfo is not None:
        return None, [f"--since must have no zone, got {shown(text)}. Tell it in UTC."]
    return since, []


def _is_name(name: str) -> bool:
    return (
        name.isprintable()
        and bool(name.strip())
        and not name.startswith(".")
        and not set(name) & {"/", "\\"}
        and len(name.encode()) <= _LONGEST
    )


def batch_name(chosen: Namespace) -> str:
    """Return what files of the batch are named by: --name, or the input's own name without ending."""
    if chosen.name is not None:
        return str(chosen.name)
    if is_database(chosen.input):
        return "query"
    own = Path(chosen.input).name or Path(chosen.input).resolve().name
    stem = _ENDINGS.sub("", own).lstrip(".") or "batch"
    safe = "".join(each if each.isprintable() else "_" for each in stem)
    return safe.encode()[:_LONGEST].decode(errors="ignore").strip() or "batch"
