"""What Git holds of one revision of the project: all that a review needs, and no cache."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from assay import artifacts
from assay.errors import ArtifactError
from assay.report.verdict import ANSWERS
from assay.review.changes import flat
from assay.revisions import LOCK, files_at, parse_yaml, run_git

PARAMS, CARD, POINTER = "params.yaml", "reports/model_card.md", "models/registry/latest.txt"
COMPARISON = "reports/history/comparison.json"
SUMMARY = "reports/eval_summary.md"
# In DVC's cache only.
PAGE = "reports/report.html"
_JUDGED = "metrics/holdout.json"
_FOLDERS = ("metrics", "plots/data")
_SINGLE = (PARAMS, LOCK, CARD, SUMMARY, POINTER, COMPARISON)


@dataclass(frozen=True)
class Revision:
    """One side of a review.

    Attributes
    ----------
    name : str
        What the reader calls it, such as `main`.
    commit : str
        The full hash of the commit; for the working copy, that of `HEAD`.
    files : dict of str to bytes
        The content of parameters, lock, metrics, plot data, pages and pointer, by path.
    params : dict
        The content of `params.yaml`.
    stages : dict
        The stages of `dvc.lock` by name.
    metrics : dict
        The metrics files by stage.
    """

    name: str
    commit: str
    files: Mapping[str, bytes]
    params: Mapping[str, Any]
    stages: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, Mapping[str, Any]]

    def text(self, path: str) -> str:
        """Return a file as text; empty where there is none."""
        return self.files.get(path, b"").decode(errors="replace")

    def json(self, path: str) -> dict[str, Any]:
        """Return the content of a JSON file; empty where there is none."""
        found = self.files.get(path)
        content: dict[str, Any] = {}
        return content if found is None else artifacts.parse_json(found, Path(path))

    def curve(self, name: str) -> pd.DataFrame:
        """Return a table of `plots/data/`; without rows where there is none."""
        content = self.files.get(f"plots/data/{name}.csv")
        if content is None:
            return pd.DataFrame()
        return pd.read_csv(io.BytesIO(content), dtype={"feature": str}, keep_default_na=False)

    def out(self, path: str) -> str | None:
        """Return the hash that the lock has for an output, or None."""
        for stage in self.stages.values():
            for entry in stage.get("outs") or ():
                if entry["path"] == path:
                    return str(entry.get("md5"))
        return None

    def locked(self, section: str) -> dict[str, Any]:
        """Return the parameters below a key that the stages were run by, by dotted key."""
        found: dict[str, Any] = {}
        for stage in self.stages.values():
            for file in (stage.get("params") or {}).values():
                found.update(flat(file))
        return {key: value for key, value in found.items() if f"{key}.".startswith(f"{section}.")}

    def answer(self) -> str | None:
        """Return what the pages say of shipping, such as `Ship with care`; None if they say nothing."""
        card = self.text(CARD).partition("\n## Verdict")[2].partition("\n## ")[0]
        for text in (self.text(SUMMARY), card):
            bold = next((line for line in text.splitlines() if line.startswith("**")), "")
            words = bold.removeprefix("**")
            # The longest first: one answer begins with another.
            for answer in sorted(ANSWERS.values(), key=len, reverse=True):
                if words.startswith(answer):
                    return answer
        return None

    def judged(self, what: str) -> str:
        """Return the hash of the holdout's rows or of the predictions for them; empty if unknown."""
        return str((self.metrics.get("holdout", {}).get("judged") or {}).get(f"{what}_sha256", ""))


def committed(project: Path, commit: str, name: str) -> Revision:
    """Read a commit by Git alone.

    Parameters
    ----------
    project : Path
        The project's folder, in a Git repository.
    commit : str
        Its full hash.
    name : str
        What the reader calls it.

    Raises
    ------
    ArtifactError
        If the commit has no run.
    """
    listed = run_git(project, "ls-tree", "-r", "-z", "--name-only", commit, "--", *_FOLDERS)
    paths = [*_SINGLE, *filter(None, listed.stdout.decode().split("\0"))]
    contents = files_at(project, [f"{commit}:./{path}" for path in paths])
    files = {path: found for path, found in zip(paths, contents, strict=True) if found is not None}
    return _revision(name, commit, files)


def working_copy(project: Path, head: str) -> Revision:
    """Read the files as they are now.

    Raises
    ------
    ArtifactError
        If the pipeline has not run.
    """
    paths = [*_SINGLE]
    for folder in _FOLDERS:
        found = sorted((project / folder).glob("*.*"))
        paths += [path.relative_to(project).as_posix() for path in found]
    files = {
        path: artifacts.read_bytes(project / path) for path in paths if (project / path).is_file()
    }
    return _revision("the working copy", head, files)


def _revision(name: str, commit: str, files: Mapping[str, bytes]) -> Revision:
    absent = [path for path in (PARAMS, LOCK, _JUDGED) if path not in files]
    if absent:
        raise ArtifactError(
            f"{name} ({commit[:7]}) has no {', '.join(absent)}: no run of the pipeline is in it. "
            "Name a revision that has one, or run `dvc repro` and commit."
        )
    of = f"of {name}"
    lock = parse_yaml(files[LOCK], f"{LOCK} {of}")
    params = parse_yaml(files[PARAMS], f"{PARAMS} {of}")
    if not isinstance(lock, dict) or not isinstance(params, dict):
        raise ArtifactError(f"{PARAMS} or {LOCK} {of} is no mapping. Take it from Git again.")
    metrics = {
        Path(path).stem: artifacts.parse_json(content, Path(path))
        for path, content in files.items()
        if path.startswith("metrics/") and path.endswith(".json")
    }
    return Revision(name, commit, files, params, lock.get("stages") or {}, metrics)
