"""The history of batches: `history.parquet`, one row each, from which trends are read.

A row is added whole or not at all, also where two runs write at once or one is killed. A file that is no
history is never written over.
"""

import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from math import isclose
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from assay import artifacts
from assay.arrow_frames import frame_of
from assay.errors import ArtifactError, said, shown

HISTORY = "history.parquet"
# Of the file's own columns.
FORMAT_VERSION = 1
_VERSION_KEY = b"assay.monitoring.history"
# Seconds that a run waits for others that write the same history.
_WAIT_SECONDS = 60.0

_COUNT, _NUMBER, _TEXT = pa.int64(), pa.float64(), pa.string()
_MOMENT = pa.timestamp("us")
# What is decided on predictions, as the task has it.
_RATES = ("mean_confidence", "flagged_rate", "decided_rate", "mean_interval_width")
_SCHEMA = pa.schema(
    [
        *(pa.field(name, _TEXT) for name in ("batch", "batch_id", "run_id", "reference_sha256")),
        pa.field("recorded_at", pa.timestamp("us", tz="UTC")),
        *(pa.field(name, _MOMENT) for name in ("first_time", "last_time")),
        *(pa.field(name, _COUNT) for name in ("rows_in", "rows_scored", "rows_rejected")),
        pa.field("outcomes_known", _COUNT),
        pa.field("level", _TEXT),
        pa.field("judged", pa.bool_()),
        *(pa.field(name, _COUNT) for name in ("warning_count", "alarm_count")),
        pa.field("first_finding", _TEXT),
        *(pa.field(name, _NUMBER) for name in ("prediction_distance", "mean_prediction")),
        *(pa.field(name, _NUMBER) for name in _RATES),
        pa.field("metric", _TEXT),
        *(pa.field(name, _NUMBER) for name in ("value", "ci_low", "ci_high", "standard_error")),
        pa.field("metric_rows", _COUNT),
        *(
            pa.field(f"estimated_{name}", _NUMBER)
            for name in ("value", "ci_low", "ci_high", "standard_error")
        ),
        *(pa.field(name, _NUMBER) for name in ("outcome_mean", "latency_p99_seconds")),
        pa.field("reconstruction_error", _NUMBER),
        pa.field("predicted_shares", pa.list_(pa.struct({"label": _TEXT, "share": _NUMBER}))),
        pa.field(
            "features",
            pa.list_(
                pa.struct(
                    {
                        "name": _TEXT,
                        **dict.fromkeys(
                            ("js_distance", "missing_rate", "standardised_mean", "unknown_rate"),
                            _NUMBER,
                        ),
                    }
                )
            ),
        ),
    ]
)
COLUMNS = tuple(_SCHEMA.names)
# Half of a 95% interval of a normal variable, in standard errors.
_HALF = 1.959964


def history_row(result: Mapping[str, Any], recorded_at: datetime | None = None) -> dict[str, Any]:
    """Return what the history keeps of a batch.

    Parameters
    ----------
    result : dict
        What `stages.monitor` writes of a batch. Parts that are not there yet (its verdict, while
        trends are still to be judged) or that the task does not have are missing in the row.
    recorded_at : datetime, optional
        With a zone; now by default.

    Returns
    -------
    dict
        By `COLUMNS`; None where it is not known.
    """
    batch, verdict = result["batch"], result.get("verdict") or {}
    outputs = result.get("outputs") or {}
    findings = result.get("findings") or []
    levels = [each["level"] for each in findings]
    row = {
        "batch": batch["name"],
        "batch_id": batch_id(result),
        "run_id": result["model"]["run_id"],
        "reference_sha256": result["model"]["reference_sha256"],
        "recorded_at": recorded_at or datetime.now(UTC),
        **{name: _moment(batch.get(name)) for name in ("first_time", "last_time")},
        **{name: batch[name] for name in ("rows_in", "rows_scored", "rows_rejected")},
        "outcomes_known": batch.get("outcomes_known"),
        "level": verdict.get("level"),
        "judged": verdict.get("judged"),
        "warning_count": levels.count("warning"),
        "alarm_count": levels.count("alarm"),
        "first_finding": findings[0]["sentence"] if findings else None,
        "prediction_distance": _at(outputs, "distribution", "js_distance"),
        "mean_prediction": _at(outputs, "mean", "now"),
        **{name: _at(outputs, name, "now") for name in _RATES},
        **_performance(result),
        "outcome_mean": _at(result, "performance", "outcome_mean", "now"),
        "latency_p99_seconds": _at(result, "operations", "latency_seconds", "p99"),
        "reconstruction_error": _at(outputs, "joint", "reconstruction_error", "now"),
        "predicted_shares": [
            {"label": each["label"], "share": each["now"]}
            for each in outputs.get("predicted_shares") or []
        ],
        "features": [_feature(fact) for fact in result.get("features") or []],
    }
    return {name: row[name] for name in COLUMNS}


def batch_id(result: Mapping[str, Any]) -> str:
    """Return what is the same for the same rows and model, wherever the files lie and whatever the limits.

    Parameters
    ----------
    result : dict
        As for `history_row`. Rows that come from no file, such as a query's answer, are told apart by
        their count, their times and their mean prediction.
    """
    batch = result["batch"]
    files = batch["input"].get("files") or []
    told: dict[str, Any] = {
        "model": result["model"]["manifest_sha256"],
        "files": sorted(each["sha256"] for each in files),
    }
    if not files:
        mean = _at(result, "outputs", "mean", "now")
        told |= {
            "input": batch["input"],
            "rows": [batch[name] for name in ("rows_in", "first_time", "last_time")],
            "mean": None if mean is None else f"{mean:.9g}",
        }
    content = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Add a row to a history, whole or not at all; make the file if there is none.

    A row of the same batch is replaced: one of the same id, or, because a file changes when outcomes
    are added to it, one of the same name, model, rows and times (without times: mean prediction). Rows stay in the order of their
    batches. Other runs that write the same history wait.

    Parameters
    ----------
    path : Path
    row : dict
        From `history_row`.

    Raises
    ------
    ArtifactError
        If the file is no history of this version, cannot be written, or is held by another run for more
        than a minute. It is then as it was.
    """
    path = Path(path)
    with _held(path):
        added = pa.Table.from_pylist([dict(row)], schema=_SCHEMA)
        table = pa.concat_tables([_table(path), added]) if os.path.lexists(path) else added
        # Features stay as they are: of a wide table they are many.
        told = table.drop_columns(["features", "predicted_shares"]).to_pylist()
        kept = [
            number
            for number, each in enumerate(told)
            if number == len(told) - 1 or not _same_batch(each, row)
        ]
        ordered = table.take(sorted(kept, key=lambda number: _order(told[number])))
        version = {_VERSION_KEY: str(FORMAT_VERSION).encode()}
        buffer = io.BytesIO()
        pq.write_table(ordered.replace_schema_metadata(version), buffer, compression="zstd")
        artifacts.write_bytes(path, buffer.getvalue())


def read_history(path: Path) -> pd.DataFrame:
    """Read a history; an empty table where there is none yet.

    Returns
    -------
    DataFrame
        One row per batch, in the order of the batches, with `COLUMNS`.

    Raises
    ------
    ArtifactError
        If the file is no history of this version.
    """
    path = Path(path)
    if not os.path.lexists(path):
        return frame_of(_SCHEMA.empty_table(), path)
    return frame_of(_table(path), path)


def with_row(history: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """Return a history as it is once a row is added; the file is not touched.

    Parameters
    ----------
    history : DataFrame
        From `read_history`.
    row : dict
        From `history_row`.
    """
    known: list[dict[str, Any]] = history.astype(object).to_dict("records")  # type: ignore[assignment]
    kept = [each for each in known if not _same_batch(each, row)]
    rows = sorted([*kept, dict(row)], key=_order)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _performance(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the number that selected the model, measured and estimated."""
    metric = result["model"]["primary_metric"]
    measured = _at(result, "performance", "metrics", metric)
    estimated = result.get("estimate")
    row: dict[str, Any] = {"metric": metric, "metric_rows": _at(result, "performance", "n")}
    for prefix, told in (("", measured), ("estimated_", estimated)):
        ends = {name: _at(told, name) for name in ("value", "ci_low", "ci_high")}
        row |= {f"{prefix}{name}": value for name, value in ends.items()}
        width = None
        if ends["ci_low"] is not None and ends["ci_high"] is not None:
            width = (ends["ci_high"] - ends["ci_low"]) / (2 * _HALF)
        error = _at(told, "standard_error")
        row[f"{prefix}standard_error"] = width if error is None else error
    return row


def _feature(fact: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": fact["name"],
        "js_distance": _at(fact, "js_distance"),
        "missing_rate": _at(fact, "missing_rate", "now"),
        "standardised_mean": _at(fact, "standardised_mean_shift"),
        "unknown_rate": _at(fact, "unknown_rate"),
    }


def _at(told: Any, *names: str) -> Any:
    """Return a member of a member, or None where there is none."""
    for name in names:
        if not isinstance(told, Mapping):
            return None
        told = told.get(name)
    return told


def _moment(text: str | None) -> datetime | None:
    """Return a time without a zone, in UTC where the text has one."""
    if text is None:
        return None
    moment = pd.Timestamp(text)
    moment = moment.tz_convert("UTC").tz_localize(None) if moment.tz else moment
    return moment.to_pydatetime(warn=False)


def _same_batch(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one["batch_id"] == other["batch_id"]:
        return True
    names = ["batch", "run_id", "reference_sha256", "rows_in"]
    if pd.isna(one["first_time"]) != pd.isna(other["first_time"]):
        return False
    if not pd.isna(one["first_time"]):
        names += ["first_time", "last_time"]
    elif not _alike(one["mean_prediction"], other["mean_prediction"]):
        return False
    return all(one[name] == other[name] for name in names)


def _alike(one: float | None, other: float | None) -> bool:
    """Say whether mean predictions are those of the same rows: without times, nothing else tells."""
    if pd.isna(one) or pd.isna(other):
        return bool(pd.isna(one) and pd.isna(other))
    return isclose(float(one), float(other), rel_tol=1e-9)  # type: ignore[arg-type]


def repeated_notes(history: pd.DataFrame, row: Mapping[str, Any]) -> list[str]:
    """Return a note where the history has the very same rows under another name.

    Their row is replaced, so that pools and trends count them once.

    Parameters
    ----------
    history : DataFrame
        From `read_history`.
    row : dict
        From `history_row`.
    """
    same = history[(history["batch_id"] == row["batch_id"]) & (history["batch"] != row["batch"])]
    if not len(same):
        return []
    names = ", ".join(shown(str(name)) for name in same["batch"])
    return [
        f"The input has the same bytes as {names} of the history: it is counted once, under this name. "
        "If it is to be another batch, look at the job that made the file."
    ]


def _order(row: Mapping[str, Any]) -> tuple[datetime, datetime, str]:
    """Return what batches are ordered by: when their rows begin, or else when they were recorded."""
    recorded = pd.Timestamp(row["recorded_at"]).tz_convert("UTC").tz_localize(None)
    first = row["first_time"]
    return recorded if pd.isna(first) else pd.Timestamp(first), recorded, str(row["batch_id"])


def _table(path: Path) -> pa.Table:
    """Read a history whole.

    Raises
    ------
    ArtifactError
        If the file is no history, is of another version, or is damaged.
    """
    content = artifacts.read_bytes(path)
    elsewhere = "Move it away, or name another --output."
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        version = (file.schema_arrow.metadata or {}).get(_VERSION_KEY)
        table = file.read() if version is not None else None
        if table is not None:
            # Parquet's reader takes any bytes for a text.
            table.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ArtifactError(
            f"{path} is not a readable history of batches: {said(error)}. {elsewhere}"
        ) from None
    if version is None or table is None:
        raise ArtifactError(f"{path} is a Parquet file, but no history of batches. {elsewhere}")
    if version != str(FORMAT_VERSION).encode():
        raise ArtifactError(
            f"{path} is a history of version {shown(version.decode('ascii', 'replace'))}, expected "
            f"{FORMAT_VERSION}. Monitor with the Assay that wrote it, or name another --output."
        )
    if not table.schema.equals(_SCHEMA, check_metadata=False):
        raise ArtifactError(
            f"{path} does not have the columns of a history of batches. {elsewhere}"
        )
    return table


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold a history, so that no other run writes it between its reading and its writing.

    Raises
    ------
    ArtifactError
        If that takes more than a minute, or nothing can be written there.
    """
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=_WAIT_SECONDS)
    with artifacts.writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise ArtifactError(
                f"{path} was held by another run for {_WAIT_SECONDS:.0f} seconds. "
                "Wait for that run, then monitor the batch again."
            ) from None
    try:
        yield
    finally:
        lock.release()
