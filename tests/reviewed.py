"""A finished project under Git with a lock as DVC writes it, for reviews of changes; no DVC runs."""

import json
import shutil
from pathlib import Path
from typing import Any

from conftest import ROOT, inside, read_yaml, run_stage
from repositories import commit, git

from assay.review.changes import value_at
from assay.revisions import content_md5


def _name(entry: Any) -> str:
    name = next(iter(entry)) if isinstance(entry, dict) else entry
    return name.replace("${data.table}", "data/processed/features.parquet")


def write_lock(folder: Path) -> None:
    """Write the dvc.lock of a folder as it is; code that no test changes is left out."""
    params = read_yaml(folder / "params.yaml")
    stages = {}
    for name, stage in read_yaml(ROOT / "dvc.yaml")["stages"].items():
        deps = [
            path for path in map(_name, stage["deps"]) if not path.startswith(("src", "stages"))
        ]
        outs = [_name(e) for kind in ("outs", "metrics", "plots") for e in stage.get(kind, ())]
        told = {key: value_at(params, key) for key in stage["params"]}
        stages[name] = {
            "cmd": stage["cmd"],
            "deps": [{"path": path, "md5": content_md5(folder / path)} for path in deps],
            "params": {"params.yaml": told},
            "outs": [{"path": path, "md5": content_md5(folder / path)} for path in outs],
        }
    # JSON is YAML.
    (folder / "dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": stages}, default=str))


def write_reviewed(finished: Path, folder: Path) -> Path:
    """Copy a finished project and commit it on `main`; then enter the branch `change`."""
    shutil.copytree(finished, folder, symlinks=True)
    for name in ("dvc.yaml", ".gitignore"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    params = folder / "params.yaml"
    said = "  # How the threshold is | chosen, says @nobody.\n  strategy: min_cost"
    params.write_text(params.read_text().replace("  strategy: min_cost", said))
    write_lock(folder)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "config", "user.name", "test")
    git(folder, "config", "user.email", "test@example.org")
    commit(folder, "first")
    git(folder, "checkout", "--quiet", "-b", "change")
    return folder


def set_param(folder: Path, old: str, new: str) -> None:
    text = (folder / "params.yaml").read_text()
    assert text.count(old) == 1
    (folder / "params.yaml").write_text(text.replace(old, new))


def rerun(folder: Path, *stages: str) -> None:
    """Run stages, and lock what they wrote."""
    with inside(folder):
        for name in stages:
            run_stage(name)
    write_lock(folder)


def edit_json(path: Path, **values: Any) -> None:
    """Set values of a JSON file by dotted keys, with `__` for the dot."""
    content = json.loads(path.read_text())
    for key, value in values.items():
        *places, last = key.split("__")
        inner = content
        for place in places:
            inner = inner[place]
        inner[last] = value
    path.write_text(json.dumps(content))


def another_model(folder: Path, **holdout: Any) -> None:
    """Put another model there, with other figures, as a run of the pipeline would."""
    (folder / "models/candidate/more.txt").write_text("another model")
    figures = {"judged__predictions_sha256": "another", "model__roc_auc__value": 0.75}
    edit_json(folder / "metrics/holdout.json", **(figures | holdout))
    curve = folder / "plots/data/roc.csv"
    curve.write_text(curve.read_text().replace("0.0,0.0", "0.0,0.1", 1))
    write_lock(folder)


def compared(folder: Path, **changes: Any) -> None:
    """Write the comparison of the model that is there with that of `main`."""
    lock = json.loads(git(folder, "show", "main:dvc.lock"))["stages"]
    before = {
        out["path"]: out["md5"] for out in (*lock["train"]["outs"], *lock["threshold"]["outs"])
    }
    holdout = json.loads((folder / "metrics/holdout.json").read_text())
    gain = {"value": 0.02, "ci_low": 0.01, "ci_high": 0.03}
    figures = {"current": {"value": 0.75}, "previous": {"value": 0.73}, "gain": gain}
    params = read_yaml(folder / "params.yaml")
    content = {
        "applicable": True,
        "model": content_md5(folder / "models/candidate"),
        "holdout": holdout["judged"]["rows_sha256"],
        "decision": content_md5(folder / "models/decision.json"),
        "costs": json.loads(json.dumps(params["threshold"]["costs"])),
        "previous_model": before["models/candidate"],
        "previous_run": "before",
        "previous_commit": git(folder, "rev-parse", "main")[:10],
        "previous_date": "2026-01-01",
        "row_count": 120,
        "all_rows": True,
        "primary": "roc_auc",
        "verdict": "better",
        "unit": "false alarms",
        "metrics": {"roc_auc": figures},
    } | changes
    path = folder / "reports/history/comparison.json"
    path.write_text(json.dumps(content))
    write_lock(folder)
