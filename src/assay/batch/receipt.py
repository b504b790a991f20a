"""The receipt of a run of `predict`: what was scored with what into what, and what happened to it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any

import numpy as np

from assay.batch.counts import Counts
from assay.bundle import Bundle
from assay.errors import ArtifactError
from assay.provenance import file_sha256

# Of the receipt's own layout.
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Stamp:
    """What tells that a file is still the same, without reading it."""

    bytes: int
    modified_ns: int


class InputHashes:
    """Hashes of the input's files, made beside the scoring; a context that ends the thread."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self.stamps = [_stamp(path) for path in self._paths]
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="hash")
        self._hashes: list[Future[str]] = []
        self._stop = Event()

    @property
    def stamped(self) -> list[tuple[str, int, int]]:
        """Name, size and time of change of every file."""
        stamps = zip(self._paths, self.stamps, strict=True)
        return [(str(path), stamp.bytes, stamp.modified_ns) for path, stamp in stamps]

    def __enter__(self) -> "InputHashes":
        stopped = self._stop.is_set
        self._hashes = [self._pool.submit(file_sha256, path, stopped) for path in self._paths]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        # Nobody waits for the hash of a large file after an error or an interrupt.
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def described(self) -> list[dict[str, Any]]:
        """Return name, size and hash of every file.

        Raises
        ------
        ArtifactError
            If a file has changed since the run began.
        """
        told = []
        for path, stamp, digest in zip(self._paths, self.stamps, self._hashes, strict=True):
            try:
                same, sha256 = _stamp(path) == stamp, digest.result()
            except OSError:
                same, sha256 = False, ""
            if not same:
                raise ArtifactError(
                    f"{path} changed while it was scored. Nothing was written; score it again."
                )
            told.append({"file": str(path), "bytes": stamp.bytes, "sha256": sha256})
        return told


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return Stamp(found.st_size, found.st_mtime_ns)


def file_entry(path: Path, written: Path, rows: int) -> dict[str, Any]:
    """Describe a file that was written under another name.

    Parameters
    ----------
    path : Path
        Its name to be.
    written : Path
        Where its bytes are now.
    rows : int
    """
    size, digest = written.stat().st_size, file_sha256(written)
    return {"file": str(path), "rows": rows, "bytes": size, "sha256": digest}


def receipt(
    bundle: Bundle,
    counts: Counts,
    options: Mapping[str, Any],
    source: Mapping[str, Any],
    output: Mapping[str, Any],
    rejected: Mapping[str, Any] | None,
    seconds: float,
) -> dict[str, Any]:
    """Return the content of `<output>.receipt.json`.

    Parameters
    ----------
    bundle : Bundle
    counts : Counts
        Over the whole input.
    options : dict
        What was asked for.
    source, output, rejected : dict
        The files, or the database, with counts and hashes.
    seconds : float
        Of the whole run. These, and those of its blocks, are all that differs from run to run.
    """
    return {
        "format_version": FORMAT_VERSION,
        "model": {"run_id": bundle.meta["run_id"], "manifest_sha256": bundle.manifest_sha256},
        "input": source,
        "output": output,
        "rejected": rejected,
        "counts": {
            "rows_in": counts.rows_in,
            "rows_scored": counts.rows_scored,
            "rows_rejected": counts.faults.rows,
            "rejected_by_reason": dict(sorted(counts.faults.reasons.items())),
            "outcomes": counts.outcomes,
            "coerced": counts.coerced,
            "unknown_categories": counts.unknown_categories,
        },
        "options": dict(options),
        "blocks": counts.batches,
        "block_rows": counts.block_rows,
        "latency_seconds": _latency(counts.seconds),
        "seconds": seconds,
    }


def _latency(seconds: Sequence[float]) -> dict[str, float] | None:
    """Return how long blocks of rows took: half of them, 95% and 99%, and the slowest; None without any."""
    if not seconds:
        return None
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    # One that was measured, not a number between two.
    levels = np.quantile(seconds, list(shares.values()), method="inverted_cdf")
    return {name: round(float(level), 6) for name, level in zip(shares, levels, strict=True)}
