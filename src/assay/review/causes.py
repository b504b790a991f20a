"""Why stages ran anew between two revisions, by what dvc.lock holds of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.review.changes import changes
from assay.review.revision import Revision

Kind = Literal["params", "data", "code", "environment", "history", "upstream", "command"]
_ENVIRONMENT, _CODE, _HISTORY = "requirements.lock", ("src/", "stages"), "reports/history"


@dataclass(frozen=True)
class Rerun:
    """A stage whose lock entry differs.

    Attributes
    ----------
    stage : str
    because : dict of str to tuple of str
        What it depends on and what differs, by kind; empty if only its outputs differ.
    outputs : tuple of str
        Those that differ.
    """

    stage: str
    because: Mapping[Kind, tuple[str, ...]]
    outputs: tuple[str, ...]


def kind_of(path: str, outputs: set[str]) -> Kind:
    """Say what a dependency is, given the outputs of all stages."""
    if path == _ENVIRONMENT:
        return "environment"
    if path.startswith(_CODE):
        return "code"
    if path == _HISTORY:
        return "history"
    return "upstream" if path in outputs else "data"


def reruns(old: Revision, new: Revision) -> list[Rerun]:
    """Return the stages that differ, in the order of the new lock, or of the old one if they are gone."""
    names = [*new.stages, *(name for name in old.stages if name not in new.stages)]
    produced = {
        entry["path"]
        for side in (old, new)
        for stage in side.stages.values()
        for entry in stage.get("outs") or ()
    }
    found = []
    for name in names:
        before, after = old.stages.get(name, {}), new.stages.get(name, {})
        if before != after:
            found.append(_rerun(name, before, after, produced))
    return found


def causes(found: Sequence[Rerun]) -> dict[Kind, tuple[str, ...]]:
    """Return what differs in what the stages start from, by kind, each thing once."""
    told: dict[Kind, dict[str, None]] = {}
    for each in found:
        for kind, names in each.because.items():
            if kind != "upstream":
                told.setdefault(kind, {}).update(dict.fromkeys(names))
    return {kind: tuple(names) for kind, names in told.items()}


def without_cause(found: Sequence[Rerun]) -> list[Rerun]:
    """Return the stages whose outputs differ though nothing that they depend on does."""
    return [each for each in found if each.outputs and not each.because]


def _rerun(name: str, old: Mapping[str, Any], new: Mapping[str, Any], produced: set[str]) -> Rerun:
    because: dict[Kind, list[str]] = {}
    for path in _differing(old, new, "deps"):
        because.setdefault(kind_of(path, produced), []).append(path)
    keys = [each.key for each in changes(_params(old), _params(new))]
    if keys:
        because["params"] = keys
    if old.get("cmd") != new.get("cmd"):
        because["command"] = [name]
    told = {kind: tuple(names) for kind, names in because.items()}
    return Rerun(name, told, tuple(_differing(old, new, "outs")))


def _params(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value for file in (stage.get("params") or {}).values() for key, value in file.items()
    }


def _differing(old: Mapping[str, Any], new: Mapping[str, Any], kind: str) -> list[str]:
    before, after = (
        {entry["path"]: entry.get("md5") for entry in side.get(kind) or ()} for side in (old, new)
    )
    return [
        path
        for path in [*after, *(path for path in before if path not in after)]
        if before.get(path) != after.get(path)
    ]
