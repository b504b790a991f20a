"""A sample of the corpus as commands of a shell: the exit code, one sentence, and no traceback."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from bundles import run_of
from conftest import ROOT
from corpus import assert_told, snapshot
from scored import ROWS, good
from test_bad_params import text

# Far more than Python needs to start; a command that waits for the other end of a pipe ends here.
SECONDS = 120


def run(folder, *words):
    return subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def assert_stopped(done, code, message):
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert_told(done.stderr.removeprefix("error: ").removesuffix("\n"))


def infinite_rows(folder):
    ROWS.assign(noise=np.where(ROWS.index == 3, np.inf, ROWS["noise"])).to_csv(folder / "new.csv")


def cut_file(folder):
    path = good(folder, "new.parquet")
    os.truncate(path, path.stat().st_size // 2)
    path.rename(folder / "new.csv")


def no_text(folder):
    path = good(folder)
    path.write_bytes(path.read_bytes()[:-30] + b"\xff,\xff\n")


def folder_with_a_pipe(folder):
    (folder / "new.csv").mkdir()
    good(folder, "new.csv/a.csv")
    os.mkfifo(folder / "new.csv/b.csv")


PREDICT = [
    ("an option", good, ["--threshold", "2"], 10, "--threshold must be in [0, 1], got 2"),
    ("a missing column", lambda f: ROWS.drop(columns="noise").to_csv(f / "new.csv"), [], 11,
     "new.csv: 1 required column is missing: noise"),
    ("rows at fault", infinite_rows, [], 12, "new.csv: 1 of 40 rows cannot be scored. noise: infinite"),
    ("a file that is cut", cut_file, [], 14, "new.csv is not a readable csv file"),
    ("lines that are no text", no_text, [], 14, "is not UTF-8"),
    ("a pipe in a folder", folder_with_a_pipe, [], 14, "new.csv/b.csv is no file"),
    ("no model", good, ["--model", "gone"], 14, "gone is no run folder"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "build", "options", "code", "message"),
    PREDICT,
    ids=[c[0].replace(" ", "_") for c in PREDICT],
)
def test_predict_stops_with_the_code_of_the_kind(
    finished, tmp_path, name, build, options, code, message
):
    build(tmp_path)
    before = snapshot(tmp_path)
    model = [] if "--model" in options else ["--model", run_of(finished)]
    done = run(
        tmp_path, "stages.predict", "--input", "new.csv", "--output", "out.csv", *model, *options
    )
    assert_stopped(done, code, message)
    failure = json.loads((tmp_path / "out.csv.failure.json").read_text())
    assert failure["error"]["exit_code"] == code
    assert f"error: {failure['error']['message']}\n" == done.stderr
    (tmp_path / "out.csv.failure.json").unlink()
    assert snapshot(tmp_path) == before


STAGES = [
    ("params", "validate", lambda f: (f / "params.yaml").write_text(text({"task.seed": -1})), 10,
     "params.yaml: task.seed must be in [0, 2147483647], got -1"),
    ("no table", "validate", lambda f: (f / "data/processed/features.parquet").unlink(), 14,
     "features.parquet does not exist"),
    ("no holdout", "split", lambda f: (f / "params.yaml").write_text(
        text({"split.embargo_days": 10_000, "split.strategy": "time"})), 13, "embargo"),
    ("no gain", "evaluate", lambda f: (f / "params.yaml").write_text(
        text({"evaluate.gate.min_gain_over_baseline": 0.5, "evaluate.gate.action": "fail"})), 15,
     "baseline"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "stage", "build", "code", "message"),
    STAGES,
    ids=[case[0].replace(" ", "_") for case in STAGES],
)
def test_stages_stop_with_the_code_of_the_kind(
    finished, tmp_path, name, stage, build, code, message
):
    folder = shutil.copytree(finished, tmp_path / "project", symlinks=True)
    build(folder)
    done = run(folder, f"stages.{stage}")
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert_told(done.stderr.removeprefix("error: ").removesuffix("\n"))
