"""Compare a rebuilt project with what its commit records, output by output.

A rebuilt project is a clone of the commit in which all stages ran.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import counted
from assay.provenance import installed_versions
from assay.revisions import (
    LOCK,
    cached_file,
    file_at,
    lock_entries,
    parse_yaml,
    run_dvc,
    run_git,
    under,
)

# Metrics from another CPU agree up to this difference: a share, or near 0 as such.
METRICS_TOLERANCE = 1e-6
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_SHOWN = 8


@dataclass(frozen=True)
class Output:
    """One output of a stage, rebuilt.

    Attributes
    ----------
    stage, path : str
    difference : str
        Empty where it has the bytes that `dvc.lock` names, and Git has, if Git tracks it.
    """

    stage: str
    path: str
    difference: str = ""


@dataclass(frozen=True)
class Metrics:
    """How far the metrics files agree.

    Attributes
    ----------
    count : int
        The values that were compared.
    differing : list of str
        Those that do not agree within `METRICS_TOLERANCE`, each with both values.
    """

    count: int
    differing: list[str]


def compare_outputs(
    project: Path, lock: Mapping[str, Any], clone: Path, rebuilt: Mapping[str, Any], cache: Path
) -> list[Output]:
    """Compare every output of a commit with the rebuilt one.

    Parameters
    ----------
    project : Path
        Whose cache may know the files of a folder that differs.
    lock : mapping
        The stages of the commit's `dvc.lock`.
    clone : Path
        The rebuilt project.
    rebuilt : mapping
        The stages of the clone's `dvc.lock`.
    cache : Path
        The clone's cache.

    Returns
    -------
    list of Output
        In the order of the lock; at the end those of which it knows nothing.
    """
    left = {
        (stage, entry["path"]): entry.get("md5", "")
        for stage, entry in lock_entries(rebuilt, "outs")
    }
    changed = run_git(clone, "diff", "--name-only", "--relative", "HEAD").stdout.decode()
    outputs = []
    for stage, entry in lock_entries(lock, "outs"):
        path, old = entry["path"], entry.get("md5", "")
        new = left.pop((stage, path), None)
        if new is None:
            difference = f"was not rebuilt: no stage {stage} of dvc.yaml that DVC runs writes it"
        elif not old:
            difference = f"{LOCK} has no hash of it"
        elif new != old:
            difference = _difference(project, cache, old, new)
        elif any(under(file, path) for file in changed.splitlines()):
            difference = f"Git has another version of it than {LOCK}"
        else:
            difference = ""
        outputs.append(Output(stage, path, difference))
    return outputs + [
        Output(stage, path, f"is not in the committed {LOCK}") for stage, path in left
    ]


def changed_causes(lock: Mapping[str, Any], rebuilt: Mapping[str, Any]) -> list[str]:
    """Return the commands, params and inputs with which a committed lock was not written.

    Where there are some, who committed it had changed something and not run the pipeline again.
    """
    written = {entry["path"] for _, entry in lock_entries(lock, "outs")}
    old, new = (
        {entry["path"]: entry.get("md5") for _, entry in lock_entries(stages, "deps")}
        for stages in (lock, rebuilt)
    )
    changed = [path for path in old if path not in written and new.get(path) != old[path]]
    for stage, content in lock.items():
        again = rebuilt.get(stage) or {}
        if again.get("cmd") != content.get("cmd"):
            changed.append(f"the command of {stage}")
        for file, values in (content.get("params") or {}).items():
            now = (again.get("params") or {}).get(file) or {}
            changed += [f"{file}: {key}" for key in values if now.get(key) != values[key]]
    return list(dict.fromkeys(changed))


def _difference(project: Path, cache: Path, old: str, new: str) -> str:
    """Say what differs between two contents that DVC knows by their hashes."""
    if not (old.endswith(".dir") and new.endswith(".dir")):
        return "differs"
    before = _listing(Path(run_dvc(project, ["cache", "dir"]).stdout.strip()), old)
    after = _listing(cache, new)
    if before is None or after is None:
        return "differs (in which files is not known: the list of the committed ones is not in the cache)"
    names = sorted(before | after)
    parts = [
        (kind, [name for name in names if chosen(before.get(name), after.get(name))])
        for kind, chosen in (
            ("changed", lambda a, b: a and b and a != b),
            ("missing", lambda _, b: b is None),
            ("new", lambda a, _: a is None),
        )
    ]
    told = [f"{len(some)} {kind}: {listed(some)}" for kind, some in parts if some]
    return f"of {counted(len(before), 'file')} {'; '.join(told)}"


def _listing(cache: Path, md5: str) -> dict[str, str] | None:
    """Return the hashes of a folder's files by name, as DVC's cache has them."""
    content = cached_file(cache, md5)
    if content is None:
        return None
    return {entry["relpath"]: entry["md5"] for entry in json.loads(content)}


def listed(names: Sequence[str]) -> str:
    """Join names; of many, the first ones and the number of the others."""
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def compare_metrics(clone: Path) -> Metrics:
    """Compare the values of the rebuilt metrics files that Git tracks with the committed ones."""
    count, differing = 0, []
    for path in _metrics_files(parse_yaml((clone / "dvc.yaml").read_bytes(), "dvc.yaml")):
        committed = file_at(clone, "HEAD", path)
        if committed is None or not path.endswith(".json") or not (clone / path).is_file():
            continue
        before = dict(_leaves(json.loads(committed)))
        after = dict(_leaves(json.loads((clone / path).read_bytes())))
        for name in sorted(before | after):
            count += 1
            old, new = before.get(name), after.get(name)
            if not _agree(old, new):
                differing.append(f"{path}: {name} is {new}, was {old}")
    return Metrics(count, differing)


def _metrics_files(pipeline: Mapping[str, Any]) -> list[str]:
    declared = list(pipeline.get("metrics") or ())
    for stage in (pipeline.get("stages") or {}).values():
        declared += stage.get("metrics") or ()
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in declared]


def _leaves(content: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of nested objects and lists by its dotted name."""
    inner = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in inner:
        place = f"{name}.{key}" if name else str(key)
        if isinstance(value, dict | list):
            yield from _leaves(value, place)
        else:
            yield place, value


def _agree(old: Any, new: Any) -> bool:
    if isinstance(old, int | float) and isinstance(new, int | float):
        return math.isclose(old, new, rel_tol=METRICS_TOLERANCE, abs_tol=METRICS_TOLERANCE)
    return bool(old == new)


def other_versions(clone: Path) -> list[str]:
    """Return the packages of which another version is installed than the commit's lock file names."""
    path = clone / "requirements.lock"
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    pinned = set(_PINNED.findall(text))
    return [
        f"{name} {version}"
        for name, version in installed_versions(text).items()
        if (name, version) not in pinned
    ]
