"""What a reviewer must know before believing the figures: runs that do not match what is committed."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.report.rendering import code
from assay.review.causes import Rerun, kind_of, without_cause
from assay.review.changes import ABSENT, Change, changes, value_at
from assay.review.model import ModelChange
from assay.review.revision import CARD, POINTER, Revision
from assay.review.words import listed, shown
from assay.revisions import LOCK, content_md5, lock_entries, parse_yaml

_WRITTEN = ("metrics/", "plots/data/", CARD, POINTER)


def doubts(
    project: Path,
    old: Revision,
    new: Revision,
    model: ModelChange,
    found: Sequence[Rerun],
    params: Sequence[Change],
) -> list[str]:
    """Return each doubt as a sentence of Markdown.

    Parameters
    ----------
    project : Path
        The folder of the working copy, which is the new side.
    old, new : Revision
    model : ModelChange
    found : sequence of Rerun
    params : sequence of Change
    """
    return [
        *_not_rerun(project, new),
        *_edited(new),
        *_uncaused(found, old),
        *_stale_card(new),
        *_asked_again(old, new, model, params),
    ]


def out_of_date(project: Path, new: Revision) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield each stage whose lock is of something else, with what differs; missing files are left out."""
    outputs = {entry["path"] for _, entry in lock_entries(new.stages, "outs")}
    hashes: dict[str, str | None] = {}
    for name, stage in new.stages.items():
        keys = list(_other_params(stage, new.params))
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


def _not_rerun(project: Path, new: Revision) -> Iterator[str]:
    stages: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, kind, names in out_of_date(project, new):
        stages.setdefault((kind, tuple(names)), []).append(name)
    for (kind, names), late in stages.items():
        if kind == "history":
            yield (
                "The history of the holdout was looked at after the run was packaged: the model card "
                "does not have it. Run `dvc repro`, and commit."
            )
        elif kind == "params":
            values = ", ".join(
                f"{code(name)} is {shown(value_at(new.params, name))}" for name in names[:3]
            )
            yield (
                f"**The pipeline was not rerun**: {values} in `params.yaml`, and something else in "
                f"`{LOCK}` ({listed(late)}). The figures below are of the old value. Run "
                "`dvc repro`, and commit."
            )
        else:
            what = {"environment": "the environment", "data": "the data"}.get(kind, "code")
            yield (
                f"**The pipeline was not rerun**: {what} ({listed(names, 3)}) changed after "
                f"{listed(late)}. Run `dvc repro`, and commit."
            )


def _other_params(stage: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[str]:
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


def _edited(new: Revision) -> Iterator[str]:
    """Compare what is there with what the lock says was written."""
    other = [
        entry["path"]
        for _, entry in lock_entries(new.stages, "outs")
        if entry["path"].startswith(_WRITTEN)
        and hashlib.md5(new.files.get(entry["path"], b"")).hexdigest() != entry.get("md5")  # noqa: S324
    ]
    if other:
        yield (
            f"**{listed(other)} {'is' if len(other) == 1 else 'are'} not what `{LOCK}` says that the "
            "pipeline wrote**: edited by hand, or not committed together. Do not believe figures that "
            "come from there. Run `dvc repro --force`, and commit."
        )


def _uncaused(found: Sequence[Rerun], old: Revision) -> Iterator[str]:
    for each in without_cause(found):
        if each.stage in old.stages:
            yield (
                f"{listed(each.outputs, 3)} of {code(each.stage)} changed, though no parameter, data, "
                "code or environment of that stage did. A rebuild gives the same bytes on x86-64 "
                "machines with AVX2; on another machine, or with `train.budget_seconds`, it may not."
            )


def _stale_card(new: Revision) -> Iterator[str]:
    run = new.text(POINTER).strip().rsplit("/", 1)[-1]
    if run and run not in new.text(CARD):
        yield (
            f"`{CARD}` is not of the run that `{POINTER}` names ({code(run)}). Run `dvc repro`, and "
            "commit both."
        )


def _asked_again(
    old: Revision, new: Revision, model: ModelChange, params: Iterable[Change]
) -> Iterator[str]:
    asked = model.kind == "another" and model.same_rows
    count = value_at(new.metrics, "history.ledger.model_count")
    if asked:
        known = isinstance(count, int) and count > 1
        judged = (
            f"{count} models have been judged on it" if known else "this is one more model on it"
        )
        yield (
            f"The holdout was asked again: {judged}. The best of many on the same rows is flattered "
            "by them; choose by the out-of-fold figures."
        )
    if value_at(new.metrics, "history.renewed") is False and (asked or not model.same_rows):
        yield (
            "The history of the holdout does not know this model yet. Run "
            f"{code(f'python -m stages.history --against {old.name}')}, then `dvc repro`, and commit."
        )
    if not model.same_rows:
        split = [each.key for each in params if each.key.startswith(("split.", "data."))]
        why = f" ({listed(split)} changed)" if split else ""
        yield (
            f"Other holdout rows judged the two models{why}: the two figures of a row below cannot be "
            "compared, not even roughly. Easier rows raise them without a better model."
        )
