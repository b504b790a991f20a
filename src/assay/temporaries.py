"""Temporary files and folders beside their targets, and what killed writers leave of them.

A writer that lives holds a lock on what it writes. The kernel ends the lock with the process, however
that ends, and on every mount of the disk; the number of a process in a name would say less, because
numbers are used again and mean nothing in another container. Whatever is not locked is dead.

Where the system has no such locks (Windows, some network disks), leftovers stay.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# Where a writer of a folder keeps the old one for the moment between its two renames.
OLD = "old"


@contextmanager
def beside(path: Path, folder: bool = False) -> Iterator[Path]:
    """Yield a new empty file or folder beside `path`, locked, and removed at the end if still there.

    First what killed writers of `path` left is removed. A folder that one of them had moved to `OLD`
    in its own goes back to `path`, if nothing is there; so it does at the end.

    Raises
    ------
    OSError
        If nothing can be made there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_dead(path)
    temporary, handle = _make(path, folder)
    try:
        yield temporary
    finally:
        _discard(temporary, path)
        if handle is not None:
            os.close(handle)


def remove_dead(path: Path) -> None:
    """Remove what killed writers of `path` left; put back an old folder whose place is empty."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}\.tmp")
    for found in [entry for entry in path.parent.iterdir() if ours.fullmatch(entry.name)]:
        try:
            # Network disks lock a file only for one who may write it.
            handle = os.open(found, os.O_RDONLY if found.is_dir() else os.O_RDWR)
        except OSError:
            continue
        if _locked(handle, wait=False):
            _discard(found, path)
        os.close(handle)


def _make(path: Path, folder: bool) -> tuple[Path, int | None]:
    """Make a file or folder of a new name; return it with the handle that holds its lock."""
    prefix, suffix = f".{path.name}.", ".tmp"
    while True:
        if not folder:
            handle, name = tempfile.mkstemp(suffix, prefix, path.parent)
        else:
            name = tempfile.mkdtemp(suffix, prefix, path.parent)
            if fcntl is None:
                return Path(name), None
            try:
                handle = os.open(name, os.O_RDONLY)
            except FileNotFoundError:
                continue
        if fcntl is None:
            # Windows renames no open file.
            os.close(handle)
            return Path(name), None
        _locked(handle, wait=True)
        # Until it was locked, another writer may have taken it for dead.
        if Path(name).exists():
            return Path(name), handle
        os.close(handle)


def _locked(handle: int, wait: bool) -> bool:
    """Lock an open file or folder; return False if another holds it, or the system has no locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _discard(temporary: Path, path: Path) -> None:
    if os.path.lexists(temporary / OLD):
        # Under another name before it is removed: half of it must never be put back.
        os.replace(temporary / OLD, temporary / "gone" if os.path.lexists(path) else path)
    if temporary.is_dir():
        shutil.rmtree(temporary, ignore_errors=True)
    else:
        temporary.unlink(missing_ok=True)
