"""The manifest of a run folder: every file with its SHA-256 and size, and nothing beside them.

docs/bundle-format.md has the layout and the rules of the format's version.
"""

import hashlib
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from assay import artifacts
from assay.errors import ArtifactError, numbered
from assay.provenance import file_sha256

MANIFEST = "MANIFEST.json"
# Raised when a reader of the version before could not use the folder, or would misread it.
FORMAT_VERSION = 2
OLDEST_VERSION = 2

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Manifest:
    """What `MANIFEST.json` says.

    Attributes
    ----------
    families : tuple of str
        The families of types that the model may hold: see `assay.trust`.
    files : dict of str to (str, int)
        SHA-256 and size in bytes by path from the folder, with `/` on every system.
    sha256 : str
        Of the manifest itself: it stands for the whole folder.
    """

    families: tuple[str, ...]
    files: Mapping[str, tuple[str, int]]
    sha256: str


def manifest_bytes(files: Mapping[str, bytes], families: Collection[str]) -> bytes:
    """Return the content of `MANIFEST.json` for the files of a run folder."""
    entries = {
        name: {"sha256": _sha256(files[name]), "bytes": len(files[name])} for name in sorted(files)
    }
    manifest = {"format_version": FORMAT_VERSION, "families": list(families), "files": entries}
    return artifacts.json_text(manifest).encode()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run folder; no other file is looked at.

    Raises
    ------
    ArtifactError
        If it is absent or no manifest, of a version that this Assay does not read, or if it names a
        path that lies outside the folder.
    """
    path = folder / MANIFEST
    content = artifacts.read_bytes(path)
    document = artifacts.parse_json(content, path)
    _check_version(document, path)
    try:
        families = _texts(document["families"])
        files = {name: _fingerprint(entry) for name, entry in document["files"].items()}
    except (AttributeError, KeyError, TypeError):
        raise _no_manifest(path) from None
    faults = [f"{path} names {name!r}, {why}" for name in files if (why := _unsafe(name))]
    if faults:
        raise ArtifactError(f"{numbered(faults)}. Nothing was loaded; package the run anew.")
    return Manifest(families, files, _sha256(content))


def _check_version(document: Any, path: Path) -> None:
    """Refuse what this Assay does not read; first, since another version may look otherwise."""
    version = document.get("format_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise _no_manifest(path)
    if version > FORMAT_VERSION:
        raise ArtifactError(
            f"{path.parent} has format {version}; this Assay reads up to {FORMAT_VERSION}. "
            "Update Assay."
        )
    if version < OLDEST_VERSION:
        raise ArtifactError(
            f"{path.parent} has format {version}; this Assay reads from {OLDEST_VERSION} on. "
            "Package the run anew, or score with the Assay that wrote it: with the folder's own "
            "scorer, or at its commit (find_commit in run_meta.json prints it)."
        )


def _no_manifest(path: Path) -> ArtifactError:
    return ArtifactError(f"{path} is not a manifest. Package the run anew.")


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("expected texts")
    return tuple(value)


def _fingerprint(entry: Any) -> tuple[str, int]:
    sha256, size = entry["sha256"], entry["bytes"]
    # `type` and not `isinstance`: True is no size.
    if not (isinstance(sha256, str) and _DIGEST.fullmatch(sha256) and type(size) is int):
        raise TypeError("expected a SHA-256 and a size")
    return sha256, size


def _unsafe(name: str) -> str | None:
    """Say what is wrong with a path; one file has one name, and it is inside on every system."""
    pure, windows = PurePosixPath(name), PureWindowsPath(name)
    if pure.is_absolute() or ".." in windows.parts or windows.drive or windows.root:
        return "which lies outside the folder"
    if name != pure.as_posix() or "\\" in name or not name.isprintable() or name in {".", ""}:
        return "which is no plain path"
    return "which cannot vouch for itself" if name == MANIFEST else None


def verify_files(
    folder: Path, required: Collection[str], kept: Collection[str] = ()
) -> tuple[Manifest, dict[str, bytes]]:
    """Check that a run folder holds every file of its manifest, unchanged, and no other.

    Parameters
    ----------
    folder : Path
    required : collection of str
        Files that the manifest must name.
    kept : collection of str
        Files to return: what was verified is what is then used, whatever happens on the disk.

    Returns
    -------
    Manifest
    dict of str to bytes
        The kept files by name.

    Raises
    ------
    ArtifactError
        If the manifest cannot be read, or if any file is missing, changed, a link, or not in the
        manifest; the message names every such file.
    """
    manifest = read_manifest(folder)
    absent = [name for name in required if name not in manifest.files]
    faults = [f"{folder / name} is not in the manifest" for name in absent]
    found, others = _walk(folder)
    faults += others.values()
    contents: dict[str, bytes] = {}
    for name, fingerprint in manifest.files.items():
        # What lies behind a link is told with the link.
        if name in found:
            faults += _compare(folder / name, fingerprint, contents if name in kept else None, name)
        elif not any(f"{name}/".startswith(f"{other}/") for other in others):
            faults.append(_absence(folder / name))
    # Asked last: a scorer that starts takes away the byte code that Python wrote of its entry.
    extra = [folder / name for name in sorted(found - {MANIFEST, *manifest.files, *absent})]
    faults += [f"{path} is not in the manifest; remove it" for path in extra if path.exists()]
    if faults:
        raise ArtifactError(
            f"{numbered(faults)}. Nothing was loaded; fetch or package the run anew."
        )
    return manifest, contents


def _compare(
    path: Path, fingerprint: tuple[str, int], contents: dict[str, bytes] | None, name: str
) -> list[str]:
    """Return the fault of a file, if it has one; put its bytes among the contents, if wanted."""
    try:
        if contents is None:
            actual = file_sha256(path)
        else:
            contents[name] = path.read_bytes()
            actual = _sha256(contents[name])
        if (actual, path.stat().st_size) == fingerprint:
            return []
    except OSError as error:
        return [f"{path} cannot be read: {error.strerror}"]
    return [f"{path} is not the file that was packaged (its SHA-256 differs)"]


def read_verified(folder: Path, name: str, manifest_sha256: str) -> bytes:
    """Return one file of a run folder that was verified before, if it is still the same.

    Raises
    ------
    ArtifactError
        If the manifest does not name it, or if it or the manifest was changed since.
    """
    manifest = read_manifest(folder)
    if name not in manifest.files:
        raise ArtifactError(f"{folder / name} is not in the manifest. Package the run anew.")
    content = artifacts.read_bytes(folder / name)
    if manifest.sha256 != manifest_sha256 or _sha256(content) != manifest.files[name][0]:
        raise ArtifactError(f"{folder} was changed after it was loaded. Fetch or package it anew.")
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _walk(folder: Path) -> tuple[set[str], dict[str, str]]:
    """Return the names of all files below a folder, and a fault for what is neither file nor folder.

    Links are not followed: one that leads out of the folder would put a file there that no manifest
    can vouch for. Folders count for nothing.
    """
    found: set[str] = set()
    others: dict[str, str] = {}
    waiting = [folder]
    while waiting:
        inner = waiting.pop()
        try:
            entries = sorted(os.scandir(inner), key=lambda entry: entry.name)
        except OSError as error:
            others[inner.relative_to(folder).as_posix()] = (
                f"{inner} cannot be read: {error.strerror}"
            )
            continue
        for entry in entries:
            path = inner / entry.name
            name = path.relative_to(folder).as_posix()
            if entry.is_symlink():
                others[name] = f"{path} is a link; a run folder holds files. Copy what it leads to"
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif entry.is_file(follow_symlinks=False):
                found.add(name)
            else:
                others[name] = f"{path} is neither a file nor a folder"
    return found, others


def _absence(path: Path) -> str:
    return f"{path} is a folder, expected a file" if path.is_dir() else f"{path} is missing"
