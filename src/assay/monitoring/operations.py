"""How the jobs went that scored a batch: receipts and failures of `predict`, and rows that were refused."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from assay import artifacts
from assay.batch.counts import Counts
from assay.errors import ArtifactError, SchemaError, counted, listed, numbered
from assay.monitoring.check import Check, Level
from assay.monitoring.written import COMMAND
from assay.sections import MonitorParams

RECEIPT, FAILURE = ".receipt.json", ".failure.json"
_PERCENTILES = ("p50", "p95", "p99", "max")
# No count of rows, and no number of seconds, is as large.
_LARGEST = 2**62
# Files at fault that are named, of a folder that may have thousands.
_FAULTS = 20
# Batches before this one, at least, that tell how many rows one has.
_FEWEST_BATCHES = 5


@dataclass(frozen=True)
class Jobs:
    """What the jobs of a batch left.

    Attributes
    ----------
    receipts, failures : dict of str to dict
        Contents by file, sorted by name.
    of_this_batch : bool
        Whether the receipts name every file of the batch; True where there is nothing to compare.
    """

    receipts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    of_this_batch: bool = True


def read_jobs(place: Path) -> Jobs:
    """Read a receipt, a failure, or all of those in a folder, or else in its folders.

    Raises
    ------
    ArtifactError
        If there is none, or one of them is none; the message lists all.
    """
    place = Path(place)
    paths, around = _papers(place) if place.is_dir() else [place], place.is_dir()
    if not os.path.lexists(place):
        raise ArtifactError(
            f"--receipts: {place} does not exist. Run python -m stages.predict first, or name the folder "
            "of its outputs."
        )
    receipts, failures, faults = {}, {}, []
    for path in paths:
        try:
            content = artifacts.read_json(path)
            if around and isinstance(content, dict) and content.get("command") == COMMAND:
                continue
            if _is_failure(content):
                failures[str(path)] = content
            elif _is_receipt(content):
                receipts[str(path)] = content
            else:
                told = "is no receipt of python -m stages.predict of this Assay"
                raise ArtifactError(f"{path} {told}. Name another, or score the rows again.")
        except ArtifactError as error:
            faults.append(f"--receipts: {error}")
    if faults:
        more = len(faults) - _FAULTS
        rest = [f"{counted(more, 'more file')} like these."] if more > 0 else []
        raise ArtifactError(numbered([*faults[:_FAULTS], *rest]))
    return Jobs(receipts, failures)


def _papers(folder: Path) -> list[Path]:
    """Return the receipts and failures of a folder; where it has none, those of its folders."""
    for pattern in ("*", "*/*"):
        paths = [path for path in folder.glob(pattern) if path.name.endswith((RECEIPT, FAILURE))]
        if paths:
            return sorted(paths)
    raise ArtifactError(
        f"--receipts: neither {folder} nor a folder in it has a file that ends in {RECEIPT} or "
        f"{FAILURE}. Name the folder of the scored files."
    )


def _is_receipt(content: Any) -> bool:
    """Say whether a document has what is told of a receipt, in the right types."""
    try:
        counts, latency = content["counts"], content["latency_seconds"]
        whole = [counts[name] for name in ("rows_in", "rows_scored", "rows_rejected")]
        whole += [*counts["rejected_by_reason"].values(), content["block_rows"]]
        numbers = [content["seconds"], *(latency[name] for name in _PERCENTILES if latency)]
        texts = [content["model"]["run_id"], content["model"]["manifest_sha256"]]
        texts += [file["sha256"] for file in content["input"].get("files", [])]
    except (KeyError, TypeError, AttributeError):
        return False
    return (
        all(type(value) is int and 0 <= value < _LARGEST for value in whole)
        and whole[0] == whole[1] + whole[2]
        and all(type(value) in (int, float) and 0 <= value < _LARGEST for value in numbers)
        and all(isinstance(value, str) for value in texts)
    )


def _is_failure(content: Any) -> bool:
    try:
        error = content["error"]
        model = content["model"]
        texts = [error["kind"], error["message"], *(model[n] for n in _MODEL if model is not None)]
    except (KeyError, TypeError):
        return False
    return type(error.get("exit_code")) is int and all(isinstance(text, str) for text in texts)


_MODEL = ("run_id", "manifest_sha256")


def other_models(jobs: Jobs, run_id: str, manifest_sha256: str) -> None:
    """Refuse jobs of another model than the one that is monitored.

    Raises
    ------
    SchemaError
        With the runs that they were of.
    """
    models = [content["model"] for content in (*jobs.receipts.values(), *jobs.failures.values())]
    others = {m["run_id"] for m in models if m and m["manifest_sha256"] != manifest_sha256}
    if others:
        raise SchemaError(
            f"--receipts: expected those of {run_id}, got some of another model: "
            f"{listed(sorted(others))}. Name that one by --model, or other receipts."
        )


def of_batch(jobs: Jobs, files: Sequence[Mapping[str, Any]]) -> Jobs:
    """Return jobs that know whether their receipts name all files of a batch."""
    if not jobs.receipts or not files:
        return jobs
    return replace(jobs, of_this_batch=not _in_no_receipt(jobs, files))


def _in_no_receipt(jobs: Jobs, files: Sequence[Mapping[str, Any]]) -> set[str]:
    scored = {
        file["sha256"]
        for content in jobs.receipts.values()
        for file in content["input"].get("files", [])
    }
    return {file["sha256"] for file in files} - scored


def other_inputs(jobs: Jobs, files: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence if the jobs scored other files than those that are monitored."""
    if not jobs.receipts or not files:
        return []
    missing = len(_in_no_receipt(jobs, files))
    if not missing:
        return []
    return [
        f"The receipts are of other files than this batch: {counted(missing, 'file')} of it "
        f"{'is' if missing == 1 else 'are'} in no receipt. The rows may be the same, in files that have "
        "changed since, as when outcomes were added; what is told of the jobs is of the files scored."
    ]


def operation_facts(jobs: Jobs, counts: Counts) -> dict[str, Any]:
    """Return what is told of the jobs, for the page.

    Without receipts these are the rows of the batch itself. Of several jobs each percentile is the
    slowest job's: the percentile of all their blocks is at most that.

    Parameters
    ----------
    jobs : Jobs
    counts : Counts
        Of the batch itself.
    """
    receipts = list(jobs.receipts.values())
    told = [content["counts"] for content in receipts]
    if not told:
        told = [
            {
                "rows_in": counts.rows_in,
                "rows_scored": counts.rows_scored,
                "rows_rejected": counts.faults.rows,
                "rejected_by_reason": counts.faults.reasons,
            }
        ]
    rows_in = sum(one["rows_in"] for one in told)
    rejected = sum(one["rows_rejected"] for one in told)
    scored = sum(one["rows_scored"] for one in told)
    reasons: dict[str, int] = {}
    for one in told:
        for reason, count in one["rejected_by_reason"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    seconds = sum(content["seconds"] for content in receipts) if receipts else None
    return {
        "jobs": len(jobs.receipts) + len(jobs.failures),
        "failed_jobs": len(jobs.failures),
        "of_this_batch": jobs.of_this_batch,
        "rows_in": rows_in,
        "rows_scored": scored,
        "rows_rejected": rejected,
        "rejected_by_reason": dict(sorted(reasons.items())),
        "rejected_rate": rejected / rows_in if rows_in else None,
        "seconds": seconds,
        "rows_per_second": scored / seconds if seconds else None,
        "latency_seconds": _latency(receipts),
        "errors": [
            {"file": file, **{name: content["error"][name] for name in _ERROR}}
            for file, content in jobs.failures.items()
        ],
        "level": "fine",
    }


_ERROR = ("kind", "exit_code", "message")


def _latency(receipts: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    known = [content for content in receipts if content["latency_seconds"]]
    if not known:
        return None
    slowest: dict[str, Any] = {
        name: max(content["latency_seconds"][name] for content in known) for name in _PERCENTILES
    }
    return {**slowest, "block_rows": max(content["block_rows"] for content in known)}


def operation_checks(
    facts: Mapping[str, Any], counts: Counts, params: MonitorParams
) -> list[Check]:
    """Return the checks of rejected rows, slow blocks and failed jobs; chance has no part in them.

    Parameters
    ----------
    facts : dict
        From `operation_facts`.
    counts : Counts
        Of the batch itself, whose rows are rejected as a job's would be.
    params : MonitorParams
    """
    rows = counts.rows_in
    own = counts.faults.rows / rows if rows else 0.0
    checks = [
        _rejected(
            "rows of this batch", own, counts.faults.rows, rows, counts.faults.reasons, params
        )
    ]
    if facts["seconds"] is not None and facts["rejected_rate"] is not None:
        checks.append(
            _rejected(
                "rows of the jobs", facts["rejected_rate"], facts["rows_rejected"],
                facts["rows_in"], facts["rejected_by_reason"], params,
            )
        )  # fmt: skip
    if facts["jobs"]:
        failed, jobs = facts["failed_jobs"], facts["jobs"]
        codes = sorted({error["exit_code"] for error in facts["errors"]})
        ended = f", with exit code {' and '.join(map(str, codes))}" if codes else ""
        checks.append(
            _check(
                "jobs", "failed_jobs", failed / jobs, failed, 0.0, 1 / jobs,
                "alarm" if failed == jobs else "warning",
                f"{failed:,} of {counted(jobs, 'job')} scored nothing{ended}.",
                "Read the message in the job's failure file, mend its input, and run it again.",
            )
        )  # fmt: skip
    latency = facts["latency_seconds"]
    if latency is not None and params.max_latency_seconds is not None:
        limit = params.max_latency_seconds
        checks.append(
            _check(
                "blocks of rows", "latency_p99_seconds", latency["p99"], latency["p99"], limit,
                limit, "warning",
                f"99% of the blocks of at most {latency['block_rows']:,} rows took up to "
                f"{latency['p99']:.3g} s; at most {limit:g} s are allowed.",
                "Look at what else the machine did, and whether rows or features have grown.",
            )
        )  # fmt: skip
    return checks


def row_count_checks(rows: int, earlier: pd.DataFrame, params: MonitorParams) -> list[Check]:
    """Return the check of how many rows came; none where too few batches tell what is usual.

    Parameters
    ----------
    rows : int
        Of the batch, those that were rejected among them.
    earlier : DataFrame
        The history of the same run before this batch, in the order of batches.
    params : MonitorParams
        Of whose `window` the median is taken.

    Notes
    -----
    The effect is how many times as many the larger of both counts is as the smaller, less one.
    """
    latest = earlier["rows_in"].tail(params.window).astype(float)
    if len(latest) < _FEWEST_BATCHES:
        return []
    usual = float(latest.median())
    least, most = sorted((max(float(rows), 1.0), max(usual, 1.0)))
    return [
        _check(
            "rows of this batch", "row_count", most / least - 1, rows, usual,
            # Beyond twice or half, not at it.
            1 + 1e-9, "warning",
            f"{counted(rows, 'row')} came, against {usual:,.0f} in the median of the latest "
            f"{len(latest):,} batches of this model (warning below half and above twice of that).",
            "Look at whether the batch is whole, and of one period only.",
        )
    ]  # fmt: skip


def _rejected(
    subject: str,
    rate: float,
    rejected: int,
    rows: int,
    reasons: Mapping[str, int],
    params: MonitorParams,
) -> Check:
    most = params.max_rejected_rate
    # Above the limit, not at it.
    alarm_from = most * (1 + 1e-9) if most else 1 / max(rows, 1)
    told = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    return _check(
        subject, "rejected_rate", rate, rate, most, alarm_from, "alarm",
        f"{rejected:,} of {counted(rows, 'row')} ({rate:.2%}) could not be scored"
        f"{f' ({told})' if told else ''}; at most {most:.2%} are allowed.",
        "Find what writes such values; docs/scoring.md tells the reasons.",
    )  # fmt: skip


def _check(
    subject: str,
    measure: str,
    effect: float,
    now: float,
    before: float,
    limit: float,
    at_most: Level,
    sentence: str,
    look_at: str,
) -> Check:
    return Check(
        "operations", subject, measure, now, before, effect, limit, limit,
        0.0, sentence, look_at, at_most=at_most,
    )  # fmt: skip
