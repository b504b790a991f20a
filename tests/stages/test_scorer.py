"""A run folder alone: no project, no DVC, no PyCaret, and none of their libraries."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from bundles import copy_of_run
from conftest import ROOT, STAGES, make_params, make_table, run_stage

from assay import artifacts
from assay.bundle import load_bundle, verify_bundle
from assay.scoring import score_table


@pytest.fixture
def rows():
    return make_table(80, seed=9).drop(columns=["outcome", "aftermath"])


@pytest.fixture
def folder(finished, tmp_path):
    return copy_of_run(finished, tmp_path / "elsewhere" / "run")


def score(python, folder, *arguments, cwd, before=(), **variables):
    """Run a folder's scorer with an environment of its own."""
    return subprocess.run(
        [*before, python, folder / "scorer", *map(str, arguments)],
        cwd=cwd, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_run_folder_scores_alone_and_stays_as_it_is(folder, rows, tmp_path):
    rows.to_parquet(tmp_path / "new.parquet", index=False)
    (tmp_path / "cwd").mkdir()
    for _ in range(2):
        done = score(
            sys.executable, folder, "--input", tmp_path / "new.parquet",
            "--output", tmp_path / "out.parquet", cwd=tmp_path / "cwd",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    expected = score_table(load_bundle(folder), rows).predictions
    found = artifacts.read_table(tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    verify_bundle(folder)
    assert not list(folder.rglob("*.pyc"))
    assert not list(folder.rglob("__pycache__"))


def test_the_scorer_runs_its_own_code_wherever_another_assay_is_found(folder, rows, tmp_path):
    rows.to_csv(tmp_path / "new.csv", index=False)
    planted = tmp_path / "planted" / "assay"
    planted.mkdir(parents=True)
    (planted / "__init__.py").write_text("raise RuntimeError('not this one')")
    done = score(
        sys.executable, folder, "--input", "new.csv", "--output", "out.csv",
        cwd=tmp_path, PYTHONPATH=str(planted.parent),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_another_run_folder_may_be_named(finished_task, folder, tmp_path):
    rows = finished_task.new_rows().drop(columns=["outcome", "aftermath"]).head(40)
    rows.to_parquet(tmp_path / "new.parquet", index=False)
    done = score(
        sys.executable, folder, "--input", "new.parquet", "--output", "out.parquet",
        "--model", finished_task.run, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = score_table(load_bundle(finished_task.run), rows).predictions
    assert list(artifacts.read_table(tmp_path / "out.parquet")) == list(expected)


def test_what_is_wrong_is_told_in_one_sentence_with_its_exit_code(folder, tmp_path):
    done = score(
        sys.executable, folder, "--input", "absent.csv", "--output", "out.csv", cwd=tmp_path
    )
    assert done.returncode == 14
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    (folder / "decision.json").write_text("{}")
    done = score(
        sys.executable, folder, "--input", "absent.csv", "--output", "out.csv", cwd=tmp_path
    )
    assert done.returncode == 14
    assert "Traceback" not in done.stderr


def test_a_library_that_is_not_installed_is_named_with_what_to_install(folder, tmp_path):
    # -S leaves out everything that is installed.
    done = subprocess.run(
        [sys.executable, "-S", folder / "scorer", "--input", "a.csv", "--output", "b.csv"],
        cwd=tmp_path, env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 14
    assert done.stderr.startswith("error: ")
    assert "is not installed. Install what this needs: python -m pip" in done.stderr
    assert done.stderr.endswith(f"-r {folder / 'env/requirements-scoring.txt'}\n")
    verify_bundle(folder)


def test_the_scorer_takes_away_only_its_own_byte_code(folder, rows, tmp_path):
    """What anybody else has put there is not swept under the carpet."""
    cache = folder / "scorer" / "__pycache__"
    cache.mkdir()
    (cache / "planted.pyc").write_bytes(b"x")
    rows.to_csv(tmp_path / "new.csv", index=False)
    done = score(sys.executable, folder, "--input", "new.csv", "--output", "out.csv", cwd=tmp_path)
    assert done.returncode == 14
    assert "scorer/__pycache__/planted.pyc is not in the manifest; remove it" in done.stderr
    assert "1 fault" not in done.stderr


def nobody() -> list[str]:
    """Return a command that runs another one as a user without rights, where we may do that."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() or setpriv is None:
        return []
    return [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--"]


def may_run(python: str | Path) -> bool:
    """Say whether it is Python 3.11, and finds its own library as a user without rights."""
    script = "import os, sys; print(sys.version_info[:2], sys.base_prefix)"
    try:
        done = subprocess.run(
            [*nobody(), python, "-c", script], env={}, capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return done.stdout.strip() == f"(3, 11) {Path(python).parents[1]}"


def empty_environment(place: Path, requirements: Path) -> tuple[Path, list[str]]:
    """Install requirements, and nothing else, into a new environment of Python 3.11.

    Returns its interpreter, and the command that runs it without rights where that is possible.
    """
    uv = ROOT / ".tools/bin/uv"
    base = Path(sys.base_prefix) / "bin/python3.11"
    others = [shutil.which("python3.11", path="/usr/local/bin:/usr/bin")] if uv.exists() else []
    chosen = next((python for python in [base, *others] if python and may_run(python)), base)
    python = place / "bin/python"
    if uv.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", chosen, place], check=True)
        install = [uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes"]
    else:
        subprocess.run([chosen, "-m", "venv", place], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r"]
    subprocess.run([*install, requirements], check=True, capture_output=True)
    return python, nobody() if may_run(chosen) else []


@pytest.mark.installs
def test_a_run_folder_scores_in_an_empty_environment_as_the_project_does(project, rows):
    """In another folder, as another user, with nothing but `env/requirements-scoring.txt`."""
    table, params = make_table(), make_params()
    params["train"] |= {"engine": "sklearn", "candidates": ["lightgbm"], "tune_top": 0}
    origin = project(table, params)
    for name in STAGES:
        run_stage(name)
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        folder = copy_of_run(origin, place / "run")
        assert "lightgbm==" in (folder / "env/requirements-scoring.txt").read_text()
        python, before = empty_environment(
            place / "environment", folder / "env/requirements-scoring.txt"
        )
        for absent in ("pycaret", "dvc", "matplotlib", "ruamel", "assay", "shap"):
            packages = place / "environment/lib/python3.11/site-packages"
            assert not list(packages.glob(f"{absent}*")), absent
        (place / "work").mkdir(mode=0o777)
        (place / "work").chmod(0o777)
        rows.to_parquet(place / "work/new.parquet", index=False)
        (place / "work/new.parquet").chmod(0o644)
        done = score(
            python, folder, "--input", "new.parquet", "--output", "out.parquet", "--explain", 2,
            cwd=place / "work", before=before, HOME="/nonexistent",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found = artifacts.read_table(place / "work/out.parquet")
        verify_bundle(folder)
        # The very command of the project, from the project.
        rows.to_parquet(origin / "new.parquet", index=False)
        subprocess.run(
            [sys.executable, "-m", "stages.predict", "--input", "new.parquet", "--output",
             "out.parquet", "--explain", "2"],
            cwd=origin, check=True, capture_output=True,
        )  # fmt: skip
    expected = artifacts.read_table(origin / "out.parquet")
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert found["score"].nunique() > 20
    assert "reason_1" in found


@pytest.mark.parametrize(
    ("module", "files"),
    [("numpy", ["requirements-scoring.txt"]), ("wanting", ["requirements-scoring.txt"])]
    + [
        (module, ["requirements-scoring.txt", "requirements-scoring-extras.txt"])
        for module in ("shap", "adbc_driver_postgresql.dbapi")
    ],
)
def test_what_an_option_needs_is_named_with_the_file_that_has_it(folder, module, files):
    code = f"import runpy; runpy.run_path('__main__.py')['tell_absence']('{module}')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder / "scorer", env={}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    wanted = " ".join(f"-r {folder / 'env' / name}" for name in files)
    assert done.stderr.endswith(f"python -m pip install --require-hashes {wanted}\n")
    verify_bundle(folder)
