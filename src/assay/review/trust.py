"""How far the files of a revision are of one run: what was not rerun, and what was edited."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.review.causes import kind_of
from assay.review.changes import ABSENT, changes, value_at
from assay.review.revision import CARD, PAGE, POINTER, SUMMARY, Revision
from assay.revisions import content_md5, lock_entries, parse_yaml

_FIGURES = ("metrics/", "plots/data/")
_WRITTEN = (*_FIGURES, CARD, SUMMARY, POINTER)


@dataclass(frozen=True)
class Trust:
    """What must be known of both sides before their figures are believed.

    Attributes
    ----------
    late : tuple of (str, str, sequence of str)
        Stages of the new side whose lock is of something else: name, what kind of thing, which ones.
    edited, old_edited : tuple of str
        Files of the new and of the old side that are not what their lock says was written.
    """

    late: tuple[tuple[str, str, Sequence[str]], ...] = ()
    edited: tuple[str, ...] = ()
    old_edited: tuple[str, ...] = ()

    @property
    def rerun(self) -> bool:
        """Whether the new side's results are of its parameters, data, code and environment."""
        return all(kind == "history" for _, kind, _ in self.late)

    @property
    def late_stages(self) -> list[str]:
        """The stages that should have been rerun, each once; a late history is not among them."""
        return list(dict.fromkeys(name for name, kind, _ in self.late if kind != "history"))

    @property
    def figures(self) -> tuple[str, ...]:
        """The edited files of the new side that hold figures."""
        return tuple(path for path in self.edited if path.startswith(_FIGURES))

    @property
    def pages(self) -> tuple[str, ...]:
        """The edited files of the new side that tell figures."""
        return tuple(path for path in self.edited if path not in self.figures)


def trust(project: Path, old: Revision, new: Revision) -> Trust:
    """Compare both sides with their locks, and the new one with what is in the project's folder."""
    page = project / PAGE
    here = {PAGE: content_md5(page)} if page.is_file() else {}
    # What an older run kept in the cache only is not in Git, and is not compared.
    before = tuple(path for path in edited(old, {}) if path in old.files)
    return Trust(tuple(out_of_date(project, new)), edited(new, here), before)


def edited(side: Revision, here: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the files that are not what the lock says was written.

    Parameters
    ----------
    side : Revision
    here : dict of str to str
        The hashes of further files, which Git does not hold; what is not there is not compared.
    """
    found = {path: hashlib.md5(content).hexdigest() for path, content in side.files.items()}  # noqa: S324
    written = [entry for _, entry in lock_entries(side.stages, "outs")]
    return tuple(
        entry["path"]
        for entry in written
        if (entry["path"].startswith(_WRITTEN) and found.get(entry["path"]) != entry.get("md5"))
        or here.get(entry["path"], entry.get("md5")) != entry.get("md5")
    )


def out_of_date(project: Path, new: Revision) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield each stage whose lock is of something else, with what differs; missing files are left out."""
    outputs = {entry["path"] for _, entry in lock_entries(new.stages, "outs")}
    hashes: dict[str, str | None] = {}
    for name, stage in new.stages.items():
        keys = list(other_params(stage, new.params))
        if keys:
            yield name, "params", keys
        differing: dict[str, list[str]] = {}
        for entry in stage.get("deps") or ():
            path = entry["path"]
            if path in outputs:
                continue
            if path not in hashes:
                hashes[path] = _md5(project, path)
            if hashes[path] not in (None, entry.get("md5")):
                differing.setdefault(kind_of(path, outputs), []).append(path)
        for kind, paths in differing.items():
            yield name, kind, paths


def other_params(stage: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys whose value in `params.yaml` is not the one that the stage was run by."""
    for file in (stage.get("params") or {}).values():
        for key, locked in file.items():
            found = value_at(params, key)
            for each in changes({key: locked}, {key: None if found is ABSENT else found}):
                yield each.key


def _md5(project: Path, path: str) -> str | None:
    """Return DVC's hash of a dependency as it is here: of the file, or as its `.dvc` file notes it."""
    noted = project / f"{path}.dvc"
    if noted.is_file():
        content = parse_yaml(noted.read_bytes(), noted.name)
        return str(content["outs"][0]["md5"])
    if not (project / path).is_dir():
        return content_md5(project / path)
    # As `.dvcignore` has it: byte code is no part of a folder.
    files = sorted(
        (file.relative_to(project / path).as_posix(), file)
        for file in (project / path).rglob("*")
        if file.is_file() and file.suffix != ".pyc" and "__pycache__" not in file.parts
    )
    listing = [{"md5": content_md5(file), "relpath": name} for name, file in files]
    return f"{hashlib.md5(json.dumps(listing).encode()).hexdigest()}.dir"  # noqa: S324
