"""Where a result comes from: content hashes and the environment, without clock, host or path."""

import hashlib
import json
import platform
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 20
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)


def file_sha256(path: Path, stopped: Callable[[], bool] = lambda: False) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits.

    Parameters
    ----------
    path : Path
    stopped : callable
        Asked between chunks; once it says yes, the hash of a large file is given up.
    """
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while not stopped() and (chunk := stream.read(_CHUNK_BYTES)):
            digest.update(chunk)
    return digest.hexdigest()


def content_sha256(content: Any) -> str:
    """Return the SHA-256 of a JSON-like value, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, allow_nan=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def files_sha256(paths: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file under the given files and folders, by POSIX path, sorted.

    Byte code is left out: it is no input.
    """
    found: set[Path] = set()
    for path in map(Path, paths):
        found.update(path.rglob("*") if path.is_dir() else [path])
    return {
        path.as_posix(): file_sha256(path)
        for path in sorted(found)
        if path.is_file() and path.suffix != ".pyc"
    }


def installed_versions(lock_text: str) -> dict[str, str]:
    """Return the installed version of every distribution that the lock file names, sorted.

    A distribution of the lock that this platform does not install is left out; one that the lock
    does not know has no influence on the result and is left out too.
    """
    versions = {}
    for name in sorted(set(_REQUIREMENT.findall(lock_text))):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def environment(pins: Mapping[str, str]) -> dict[str, Any]:
    """Describe the interpreter and the platform as far as they can change a result.

    Parameters
    ----------
    pins : mapping
        The environment variables that pin threads and CPU kernels.
    """
    version = platform.python_version_tuple()
    return {
        "python": f"{version[0]}.{version[1]}",
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "machine": platform.machine(),
        "pins": dict(sorted(pins.items())),
    }


def run_id(data_through: datetime | None, task: str, seed: int, inputs: Mapping[str, Any]) -> str:
    """Name a run: `<data through>__<task>__session<seed>__<first 8 of the inputs' hash>`.

    The time is the latest decision in the data, in the data's own clock, because it belongs to the
    content: a commit's time cannot stand in an output that the same commit records.

    Parameters
    ----------
    data_through : datetime or None
        The latest value of the time column; None where the table has none.
    task : str
        The task's type.
    seed : int
        The task's seed.
    inputs : mapping
        Everything that decides the run: hashes of data and code, and the params.
    """
    moment = f"{data_through:%Y%m%dT%H%M%S}" if data_through else "untimed"
    return f"{moment}__{task}__session{seed}__{content_sha256(inputs)[:8]}"
