"""What a commit of the project holds: its files by Git, its data by DVC. The working copy stays as it is.

Git and DVC are run as programs, so that who scores imports no DVC.
"""

import hashlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from assay.errors import ArtifactError

LOCK = "dvc.lock"
_CHUNK_BYTES = 1 << 20


def find_commit(project: Path, revision: str) -> str | None:
    """Return the full hash of the commit that a Git revision names, or None if there is none.

    Parameters
    ----------
    project : Path
        The project's folder; it may lie inside a larger Git repository.
    revision : str
        A branch, a tag, a hash, `HEAD~2`.

    Raises
    ------
    ArtifactError
        If the folder is in no Git repository, or Git refuses to read it.
    """
    inside = run_git(project, "rev-parse", "--is-inside-work-tree")
    if inside.returncode or inside.stdout.strip() != b"true":
        reason = _last_line(inside.stderr) or "a bare repository"
        raise ArtifactError(
            f"{project.absolute()} is in no Git working copy ({reason}). "
            "Run from the project's folder."
        )
    found = run_git(
        project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    return found.stdout.decode().strip() or None


def run_git(project: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run Git in a folder and return what it said, whether it succeeded or not."""
    try:
        return subprocess.run(  # noqa: S603
            ["git", "-C", str(project), *arguments],  # noqa: S607
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise ArtifactError("git is not installed, or not on the path. Install it.") from None


def file_at(project: Path, commit: str, path: str) -> bytes | None:
    """Return the content of a file that Git tracks, or None if the commit does not have it.

    Parameters
    ----------
    project : Path
    commit : str
    path : str
        POSIX, from the project's folder.
    """
    done = run_git(project, "cat-file", "blob", f"{commit}:./{path}")
    return None if done.returncode else done.stdout


def files_at(project: Path, names: Sequence[str]) -> list[bytes | None]:
    """Return many files that Git tracks at once; None for each that is not there.

    Parameters
    ----------
    project : Path
    names : sequence of str
        As in `COMMIT:./path`, the path POSIX and from the project's folder.
    """
    if not names:
        return []
    done = subprocess.run(  # noqa: S603
        ["git", "-C", str(project), "cat-file", "--batch"],  # noqa: S607
        input="".join(f"{name}\n" for name in names).encode(),
        capture_output=True,
        check=True,
    )
    found: list[bytes | None] = []
    rest, start = done.stdout, 0
    for _ in names:
        end = rest.index(b"\n", start)
        kind = rest[start:end].rsplit(b" ", 2)
        start = end + 1
        if kind[-1] == b"missing":
            found.append(None)
            continue
        size = int(kind[-1])
        found.append(rest[start : start + size])
        start += size + 1
    return found


def parse_yaml(text: bytes | str, source: str) -> Any:
    """Parse YAML by the rules of version 1.2, which DVC uses.

    Raises
    ------
    ArtifactError
        If it is none; names the source.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, UnicodeDecodeError) as error:
        detail = " ".join(str(error).split())
        raise ArtifactError(f"{source} is not valid YAML: {detail}. Mend and commit it.") from None


def lock_at(project: Path, commit: str) -> dict[str, Any] | None:
    """Return the stages of a commit's `dvc.lock` by name, or None if it has no such file."""
    content = file_at(project, commit, LOCK)
    if content is None:
        return None
    stages: dict[str, Any] = (parse_yaml(content, f"{LOCK} of commit {commit[:7]}") or {}).get(
        "stages"
    ) or {}
    return stages


def lock_entries(stages: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every stage of a lock with each of its `outs` or `deps`."""
    for stage, content in stages.items():
        for entry in content.get(kind) or ():
            yield stage, entry


def content_md5(path: Path) -> str | None:
    """Return the hash by which DVC knows a file or a folder, or None if there is neither.

    A folder's hash is that of the list of its files. Files that `.dvcignore` names are for DVC no
    part of a folder; here they are.
    """
    if path.is_file():
        return _file_md5(path)
    if not path.is_dir():
        return None
    files = sorted(
        (file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file()
    )
    listing = [{"md5": _file_md5(file), "relpath": name} for name, file in files]
    return f"{hashlib.md5(json.dumps(listing).encode()).hexdigest()}.dir"  # noqa: S324


def _file_md5(path: Path) -> str:
    digest = hashlib.md5()  # noqa: S324  (DVC's choice; it tells accidents, not attacks)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def download(project: Path, commit: str, path: str, target: Path, action: str) -> None:
    """Write what DVC tracks at `path` in a commit to `target`, from the cache or else the remote.

    The project's cache and working copy stay as they are. The remote is the default one of the
    working copy: that of an old commit may have moved, or not yet have been there.

    Parameters
    ----------
    project : Path
    commit : str
    path : str
        POSIX, from the project's folder.
    target : Path
        Must not exist yet; half of the content may be there after a failure.
    action : str
        What to do if it cannot be had.

    Raises
    ------
    ArtifactError
        If DVC is not installed, or the content is in neither.
    """
    remote = run_dvc(project, ["config", "core.remote"]).stdout.strip()
    # In a commit, DVC counts paths from the top of the Git repository.
    inner = run_git(project, "rev-parse", "--show-prefix").stdout.decode().strip()
    wanted = ["get", ".", inner + path, "--rev", commit, "--out", str(target.absolute())]
    done = run_dvc(project, [*wanted, *(["--remote", remote] if remote else [])])
    if done.returncode:
        place = f"the remote {remote}" if remote else "a remote (the project has no default one)"
        raise ArtifactError(
            f"{path} of commit {commit[:7]} came neither from the cache nor from {place}. "
            f"DVC says: {_dvc_error(done.stderr)}. {action}"
        )


def cached_file(cache: Path, md5: str) -> bytes | None:
    """Return the content of a file that DVC's cache holds under a hash, or None."""
    path = cache / "files/md5" / md5[:2] / md5[2:]
    return path.read_bytes() if md5 and path.is_file() else None


def run_dvc(project: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run DVC in a folder and return what it said, whether it succeeded or not."""
    require_program("dvc")
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "dvc", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


def require_program(name: str) -> None:
    """Check that this Python has a program that is a package of it.

    Raises
    ------
    ArtifactError
        If it has not.
    """
    if importlib.util.find_spec(name) is None:
        raise ArtifactError(
            f"{name} is not installed for {sys.executable}. Install what requirements.lock names."
        )


def _dvc_error(text: str) -> str:
    """Return the error among DVC's lines, without its offer of help."""
    errors = [line for line in text.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].removeprefix("ERROR: ") if errors else " ".join(text.split())[:300]


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


def under(path: str, folder: str) -> bool:
    """Return whether a POSIX path is the other, or lies in it."""
    return PurePosixPath(path).is_relative_to(folder)
