"""Projects under Git and DVC: a full one on the tiny table, and a small one whose stage is a line or two."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from conftest import ROOT, write_project

BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

_STAGE = """\
import pathlib, shutil
value = pathlib.Path("value.txt").read_text().strip()
shutil.rmtree("models/runs", ignore_errors=True)
run = pathlib.Path("models/runs") / f"run-{value}"
(run / "model").mkdir(parents=True)
(run / "model" / "weights.txt").write_text(value * 3)
(run / "MANIFEST.json").write_text("{}")
pathlib.Path("models/registry").mkdir(exist_ok=True)
pathlib.Path("models/registry/latest.txt").write_text(f"{run.as_posix()}\\n")
"""
_PIPELINE = """\
stages:
  package:
    cmd: python make.py
    deps: [make.py, value.txt]
    outs:
      - models/runs
      - models/registry/latest.txt: {cache: false}
artifacts:
  late-flights:
    path: models/runs
    type: model
"""


def run(folder: Path, *command: str | Path) -> str:
    """Run a program that must succeed, and return what it printed."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def git(folder: Path, *arguments: str) -> str:
    return run(folder, "git", *arguments).strip()


def dvc(folder: Path, *arguments: str) -> str:
    return run(folder, BIN / "dvc", *arguments)


def gto(folder: Path, *arguments: str) -> str:
    return run(folder, BIN / "gto", *arguments)


def commit(folder: Path, message: str) -> str:
    """Commit everything; return the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def start_repository(folder: Path, inner: str = "") -> Path:
    """Put a folder under Git, and it or an inner folder under DVC; return the latter."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "config", "user.name", "test")
    git(folder, "config", "user.email", "test@example.org")
    (folder / inner).mkdir(exist_ok=True)
    dvc(folder / inner, "init", "--quiet", *(["--subdir"] if inner else []))
    dvc(folder / inner, "config", "core.analytics", "false")
    return folder / inner


def write_repository(folder: Path, table: pd.DataFrame, params: dict[str, Any]) -> Path:
    """Lay out a project with its own copy of the code, under Git and DVC; nothing has run yet."""
    write_project(folder, table, params)
    for name in ("src/assay", "stages", "requirements.lock"):
        (folder / name).unlink()
    for name in ("dvc.yaml", ".gitignore", ".dvcignore", "requirements.lock"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    for source in ("src/assay", "stages"):
        for path in (ROOT / source).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                target = folder / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    start_repository(folder)
    # DVC makes its folder itself.
    shutil.copytree(ROOT / ".dvc/plots", folder / ".dvc/plots")
    return folder


def write_small_repository(folder: Path, inner: str = "") -> Path:
    """Lay out a project whose only stage writes a run folder that is named by `value.txt`."""
    folder = start_repository(folder, inner)
    (folder / "make.py").write_text(_STAGE)
    (folder / "dvc.yaml").write_text(_PIPELINE)
    (folder / ".gitignore").write_text("/models/runs/\n")
    return folder


def package(folder: Path, value: str) -> str:
    """Package a run in the small project, and commit it."""
    (folder / "value.txt").write_text(f"{value}\n")
    dvc(folder, "repro", "--quiet")
    return commit(folder, value)
