"""Run folders to spoil."""

import shutil
from pathlib import Path

from assay import artifacts
from assay.manifest import MANIFEST, manifest_bytes


def run_of(project: Path) -> Path:
    """Return the run folder of a finished project."""
    return project / artifacts.read_text(project / "models/registry/latest.txt").strip()


def copy_of_run(project: Path, target: Path) -> Path:
    """Return a copy of the run folder of a finished project."""
    return Path(shutil.copytree(run_of(project), target))


def families_of_run(folder: Path) -> list[str]:
    return list(artifacts.read_json(folder / MANIFEST)["families"])


def seal(folder: Path, families: list[str]) -> None:
    """Write a manifest that vouches for whatever files a folder holds."""
    (folder / MANIFEST).unlink()
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    (folder / MANIFEST).write_bytes(manifest_bytes(files, families))


def forge(folder: Path, name: str, content: bytes) -> None:
    """Put other bytes in place of a file, with a manifest that vouches for them."""
    (folder / name).write_bytes(content)
    seal(folder, families_of_run(folder))
