"""Which models were judged on which holdout: in commits, in DVC's experiments, and on this machine.

Every run of `evaluate` leaves the hashes of its holdout and of its model in a `dvc.lock`, and in the
run cache, where also those stay that nobody committed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from assay.revisions import LOCK, cached_file, files_at, run_dvc, run_git

STAGE = "evaluate"
HOLDOUT, MODEL, METRICS = "data/split/holdout.parquet", "models/candidate", "metrics/holdout.json"


@dataclass(frozen=True)
class Evaluation:
    """A model that was judged on a holdout.

    Attributes
    ----------
    holdout : str
        The hash of its rows with their outcomes. Where it was not noted, DVC's hash of the file, or
        the other if some evaluation has both.
    file : str
        DVC's hash of the holdout's file.
    model : str
        DVC's hash of the candidate.
    predictions : str
        The hash of its predictions for the holdout; empty where it was not noted.
    scores : dict of str to float
        The model's metrics on the holdout; empty where they are not to be had.
    source : {"commit", "experiment", "local run"}
    revision : str
        The commit, or the experiment's name; empty for a local run.
    date : str
        Of the commit, in UTC, as in `2013-12-31`; empty for a local run.
    """

    holdout: str
    file: str
    model: str
    predictions: str
    scores: Mapping[str, float]
    source: str
    revision: str
    date: str


def recorded_evaluations(project: Path) -> list[Evaluation]:
    """Return what Git holds: every commit of every branch and tag, and every experiment; oldest first.

    Parameters
    ----------
    project : Path
        The project's folder, in a Git repository.
    """
    # A path alone would leave out sides of a history that were merged away.
    found = run_git(project, "log", "--all", "--full-history", "--format=%H %ct", "--", LOCK)
    commits = [line.split() for line in found.stdout.decode().splitlines()][::-1]
    names = [f"{commit}:./{path}" for commit, _ in commits for path in (LOCK, METRICS)]
    contents = files_at(project, names)
    experiments = _experiments(project)
    parsed: dict[bytes, tuple[str, str] | None] = {}
    evaluations = []
    for number, (commit, seconds) in enumerate(commits):
        lock, metrics = contents[2 * number : 2 * number + 2]
        if lock is None:
            continue
        if lock not in parsed:
            parsed[lock] = _judged(_stage_of(lock))
        hashes = parsed[lock]
        if hashes:
            name = experiments.get(commit)
            source = "commit" if name is None else "experiment"
            seen = (source, name or commit[:10], _date(seconds))
            evaluations.append(_evaluation(hashes, metrics, *seen))
    return evaluations


def local_evaluations(project: Path) -> list[Evaluation]:
    """Return what DVC's run cache holds of this stage, in the order of the models' hashes.

    Runs of other projects that share the cache are among them; their holdouts have other hashes.
    """
    cache = Path(run_dvc(project, ["cache", "dir"]).stdout.strip())
    evaluations = []
    for path in sorted(cache.glob("runs/*/*/*")):
        text = path.read_bytes() if path.is_file() else b""
        if f"stages.{STAGE}".encode() not in text.split(b"\n", 1)[0]:
            continue
        run = _parsed(text)
        hashes = _judged(run)
        if hashes:
            written = {entry.get("path"): entry.get("md5") for entry in run.get("outs") or ()}
            content = cached_file(cache, written.get(METRICS) or "")
            evaluations.append(_evaluation(hashes, content, "local run", "", ""))
    return sorted(evaluations, key=lambda e: (e.holdout, e.model, sorted(e.scores.items())))


def of_one_identity(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """Return evaluations with the hash of the rows also where it was not noted but is known."""
    rows = {each.file: each.holdout for each in evaluations if each.holdout != each.file}
    return [replace(each, holdout=rows.get(each.file, each.holdout)) for each in evaluations]


def _evaluation(
    hashes: tuple[str, str], metrics: bytes | None, source: str, revision: str, date: str
) -> Evaluation:
    try:
        document = json.loads(metrics or b"{}")
        noted, model = document.get("judged") or {}, document.get("model") or {}
        scores = {name: float(each["value"]) for name, each in model.items() if "value" in each}
    except (ValueError, AttributeError, TypeError):
        noted, scores = {}, {}
    file, candidate = hashes
    rows, predictions = noted.get("rows_sha256", file), noted.get("predictions_sha256", "")
    return Evaluation(rows, file, candidate, predictions, scores, source, revision, date)


def _experiments(project: Path) -> dict[str, str]:
    """Return the commits of experiments that no branch or tag has, with the experiment's name."""
    only = run_git(
        project, "rev-list", "--all", "--not", "HEAD", "--branches", "--tags", "--remotes"
    )
    named = run_git(project, "for-each-ref", "--format=%(objectname) %(refname:short)", "refs/exps")
    tips = dict(line.split(" ", 1) for line in named.stdout.decode().splitlines())
    return {
        commit: tips.get(commit, commit[:10]).rsplit("/", 1)[-1]
        for commit in only.stdout.decode().split()
    }


def _stage_of(lock: bytes) -> Mapping[str, Any]:
    """Return one stage of a lock; the others are not parsed, because a long history has many locks."""
    lines = lock.split(b"\n")
    try:
        start = lines.index(f"  {STAGE}:".encode())
    except ValueError:
        return {}
    inside = [lines[start]]
    for line in lines[start + 1 :]:
        if line[:2] == b"  " and line[2:3] not in b" -#":
            break
        inside.append(line)
    return _parsed(b"\n".join(inside)).get(STAGE) or {}


def _parsed(text: bytes) -> Mapping[str, Any]:
    """Parse what DVC wrote, every scalar as a text; nothing of what cannot be parsed."""
    try:
        document = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506  (makes texts alone)
    except (yaml.YAMLError, UnicodeDecodeError):
        return {}
    return document if isinstance(document, dict) else {}


def _judged(run: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the hashes of holdout and model that a run of the stage read."""
    read = {entry.get("path"): entry.get("md5") for entry in run.get("deps") or ()}
    holdout, model = read.get(HOLDOUT), read.get(MODEL)
    return (holdout, model) if holdout and model else None


def shallow(project: Path) -> bool:
    """Say whether Git has only the latest part of the history."""
    return run_git(project, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"


def evaluation_at(project: Path, commit: str) -> Evaluation | None:
    """Return the evaluation that a commit holds, or None if it has none."""
    lock, metrics = files_at(project, [f"{commit}:./{path}" for path in (LOCK, METRICS)])
    hashes = _judged(_stage_of(lock)) if lock else None
    if hashes is None:
        return None
    seconds = run_git(project, "show", "--no-patch", "--format=%ct", commit).stdout.decode()
    return _evaluation(hashes, metrics, "commit", commit[:10], _date(seconds))


def _date(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
