"""Finished parts of a run of `predict`, on disk until its output is written.

A run that is killed leaves them beside its output; with `--resume` the next one goes on from there.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import pyarrow as pa
from filelock import FileLock, Timeout
from pyarrow import ipc

from assay import artifacts
from assay.batch.counts import Counts, counts_from_json
from assay.errors import ArtifactError

_ENDING = ".parts"
_LOCK = "lock"
_PLAN = "plan.json"


class Parts:
    """The folder of one run's finished parts, held by a lock; a context that ends with `close`.

    Attributes
    ----------
    counts : list of Counts
        One for each finished part.
    texts : list of str
        Carried columns that turned out to be texts.
    """

    def __init__(self, folder: Path, lock: FileLock, made: Sequence[Path] = ()) -> None:
        self._folder, self._lock, self._made = folder, lock, made
        self.counts: list[Counts] = []
        self.texts: list[str] = []
        # Whether a failure leaves the parts too, for a run that only has to write them once more.
        self.keep = False

    def __enter__(self) -> "Parts":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        # An interrupted run keeps its parts, a failed one does not.
        if kind is None or (issubclass(kind, Exception) and not self.keep):
            self.remove()
        else:
            self._lock.release()
        if kind is not None:
            _remove_empty(self._made)

    def remove(self) -> None:
        """Remove the folder, and let go of it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.release()

    def add(
        self, scored: Sequence[pa.RecordBatch], rejected: Sequence[pa.RecordBatch], counts: Counts
    ) -> None:
        """Write a part; it is finished when its counts are there.

        Raises
        ------
        ArtifactError
            If it cannot be written.
        """
        number = len(self.counts)
        self._write(self._name(number, "scored"), scored)
        self._write(self._name(number, "rejected"), rejected)
        artifacts.write_json(self._folder / f"{number:06d}.json", counts.to_json())
        self.counts.append(counts)

    def restart(self, texts: Sequence[str]) -> None:
        """Forget all parts; these carried columns are texts from now on."""
        for path in self._folder.iterdir():
            if path.name != _LOCK:
                path.unlink()
        self.counts, self.texts = [], list(texts)
        artifacts.write_json(self._folder / _PLAN, {"texts": self.texts})

    def load(self) -> None:
        """Find the parts that an earlier run has finished."""
        plan = self._folder / _PLAN
        if plan.is_file():
            self.texts = list(artifacts.read_json(plan)["texts"])
        while (path := self._folder / f"{len(self.counts):06d}.json").is_file():
            self.counts.append(counts_from_json(artifacts.read_json(path)))

    def tables(self, kind: str) -> Iterator[pa.Table]:
        """Yield the `scored` or `rejected` rows, a table for each part that has some.

        Raises
        ------
        ArtifactError
            If a part does not have the rows that its counts tell.
        """
        for number, counts in enumerate(self.counts):
            path, rows = self._name(number, kind), counts.rows_scored
            if kind == "rejected":
                rows = counts.faults.rows
            if not rows:
                continue
            try:
                with pa.OSFile(str(path)) as stream:
                    table = ipc.open_file(stream).read_all()
            except (pa.ArrowException, OSError):
                table = None
            if table is None or table.num_rows != rows:
                raise ArtifactError(
                    f"{path} does not have the {rows:,} rows of a finished part. "
                    "Run again without --resume."
                )
            yield table

    def _name(self, number: int, kind: str) -> Path:
        return self._folder / f"{number:06d}.{kind}.arrow"

    def _write(self, path: Path, batches: Sequence[pa.RecordBatch]) -> None:
        path.unlink(missing_ok=True)
        if not batches:
            return
        options = ipc.IpcWriteOptions(compression="lz4")
        with artifacts.writable(path), path.open("wb") as stream:
            with ipc.new_file(stream, batches[0].schema, options=options) as writer:
                for batch in batches:
                    writer.write_batch(batch)
            # On the disk before the counts that say so.
            stream.flush()
            os.fsync(stream.fileno())


def open_parts(output: Path, identity: str, resume: bool) -> Parts:
    """Take a folder for the parts of a run, beside its output.

    Leftovers of runs that are dead are removed, except those that this run goes on from. Another run
    that writes the same output at the same time has a folder of its own.

    Parameters
    ----------
    output : Path
        The file that the run will write.
    identity : str
        The same for runs that would write the same bytes.
    resume : bool
        Whether to go on from the parts of an interrupted run, if there are some.

    Raises
    ------
    ArtifactError
        If the folder cannot be written.
    """
    output = Path(output)
    mine = f".{output.name}.{identity[:12]}."
    with artifacts.writable(output), _new_folder(output.parent) as made:
        found: Parts | None = None
        for folder in _left_parts(output):
            try:
                lock = _locked(folder)
            except OSError:
                continue
            if lock is None:
                continue
            parts = Parts(folder, lock)
            if resume and found is None and folder.name.startswith(mine):
                parts.load()
                found = parts
            else:
                parts.remove()
        while found is None:
            folder = output.parent / f"{mine}{secrets.token_hex(4)}{_ENDING}"
            folder.mkdir()
            try:
                # Another run may have taken it for a leftover, between these two lines.
                lock = _locked(folder)
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            found = None if lock is None else Parts(folder, lock, made)
    return found


@contextmanager
def _new_folder(folder: Path) -> Iterator[Sequence[Path]]:
    """Make a folder, and give those that were not there before, innermost first."""
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield made
    except OSError:
        _remove_empty(made)
        raise


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders that were made, innermost first, as far as nothing is in them."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _left_parts(output: Path) -> list[Path]:
    pattern = re.compile(rf"\.{re.escape(output.name)}\.[0-9a-z]+\.[0-9a-f]{{8}}\{_ENDING}")
    found = (path for path in output.parent.iterdir() if pattern.fullmatch(path.name))
    return sorted(path for path in found if path.is_dir())


def _locked(folder: Path) -> FileLock | None:
    """Lock a folder; None where a living run holds it, or has just removed it.

    Raises
    ------
    OSError
        If there are no locks on this disk.
    """
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(blocking=False)
    except (Timeout, FileNotFoundError):
        return None
    # Names of folders are never used again: what is not there any more was removed for good.
    if (folder / _LOCK).exists():
        return lock
    lock.release()
    return None
