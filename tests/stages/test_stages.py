"""Each stage's `main()` on a tiny table: what it writes, what it refuses, what it leaves behind."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, STAGES, make_params, make_table, run_stage

from assay import artifacts
from assay.errors import (
    ArtifactError,
    AssayError,
    DataError,
    GateError,
    ParamsError,
    SchemaError,
    SplitError,
)


def read(folder, name):
    path = folder / name
    return artifacts.read_json(path) if path.suffix == ".json" else artifacts.read_table(path)


def test_excluded_columns_are_gone_after_validate(finished):
    for name in ("validated/table", "split/train", "split/holdout"):
        assert "aftermath" not in read(finished, f"data/{name}.parquet").columns


def test_every_row_is_in_one_place(finished):
    table, train, holdout = (
        set(read(finished, f"data/{name}.parquet")["assay_row"])
        for name in ("validated/table", "split/train", "split/holdout")
    )
    assert train | holdout == table
    assert not train & holdout


def test_the_readiness_page_is_there_also_when_the_table_is_refused(project):
    folder = project(make_table().assign(noise=np.inf))
    with pytest.raises(DataError, match="infinite"):
        run_stage("validate")
    page = (folder / "reports/readiness.md").read_text()
    assert "Not ready" in page
    assert "Not split yet." in page
    assert not (folder / "data/validated").exists()


def test_rows_without_an_outcome_are_left_out_if_params_say_so(project):
    table = make_table()
    table["outcome"] = table["outcome"].astype("float64").where(np.arange(len(table)) % 7 > 0)
    params = make_params()
    params["train"] |= {"engine": "sklearn", "candidates": ["logistic"], "tune_top": 0}
    params["validate"]["missing_target"] = "drop"
    folder = project(table, params)
    for stage in STAGES:
        run_stage(stage)
    validated = read(folder, "data/validated/table.parquet")
    assert validated["assay_row"].tolist() == [row for row in range(600) if row % 7]
    kept = table.iloc[validated["assay_row"]]
    assert validated["outcome"].tolist() == kept["outcome"].tolist()
    assert validated["noise"].tolist() == kept["noise"].tolist()
    assert read(folder, "metrics/validation.json")["row_count"] == 514
    card = (folder / "reports/model_card.md").read_text()
    assert "86 of 600 rows have no outcome" in card


@pytest.mark.parametrize("zone", ["", "+02:00"])
def test_a_time_column_of_texts_splits_and_ships_like_one_of_times(project, zone):
    table = make_table()
    table["moment"] = table["moment"].dt.strftime("%Y-%m-%d %H:%M:%S").astype(object) + zone
    params = make_params()
    params["train"] |= {"engine": "sklearn", "candidates": ["logistic"], "tune_top": 0}
    folder = project(table, params)
    for stage in STAGES:
        run_stage(stage)
    train, holdout = (read(folder, f"data/split/{name}.parquet") for name in ("train", "holdout"))
    assert train["moment"].max() < holdout["moment"].min()
    rows = table.drop(columns=["outcome", "aftermath"]).head(20)
    rows.to_parquet(folder / "new.parquet", index=False)
    rows.to_csv(folder / "new.csv", index=False)
    scored = [
        score_new(folder, f"new.{kind}", f"scored_{kind}.parquet") for kind in ("parquet", "csv")
    ]
    assert scored[0]["score"].tolist() == scored[1]["score"].tolist()


def score_new(folder, source, output):
    command = [sys.executable, "-m", "stages.predict", "--input", source, "--output", output]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return read(folder, output)


def test_a_failed_gate_leaves_the_figures_to_look_at(finished, tmp_path, monkeypatch):
    import shutil

    from ruamel.yaml import YAML

    copy = shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(copy)
    params = make_params()
    params["evaluate"]["gate"]["action"] = "fail"
    with (copy / "params.yaml").open("w") as stream:
        YAML().dump(params, stream)
    with pytest.raises(GateError, match="is not shown to beat the baseline"):
        run_stage("evaluate")
    assert read(copy, "metrics/holdout.json")["gate"]["passed"] is False


def change(section, of="binary", **values):
    params = make_params(of)
    params["train"] |= {"engine": "sklearn", "tune_top": 0}
    params[section] |= values
    return params


def drop_file(folder):
    (folder / "data/processed/features.parquet").unlink()


def corrupt_file(folder):
    path = folder / "data/processed/features.parquet"
    path.write_bytes(path.read_bytes()[:-30])


def misspell(folder):
    path = folder / "params.yaml"
    path.write_text(path.read_text().replace("holdout_fraction", "holdout_fracton"))


BAD_INPUT = {
    "no data file": (None, None, drop_file, "validate", ArtifactError),
    "a corrupt file": (None, None, corrupt_file, "validate", ArtifactError),
    "an empty table": (make_table().iloc[:0], None, None, "validate", DataError),
    "an absent target": (make_table().drop(columns="outcome"), None, None, "validate", SchemaError),
    "a target of one class": (make_table().assign(outcome=1), None, None, "validate", DataError),
    "a target that is null": (make_table().assign(outcome=None), None, None, "validate", DataError),
    "a typo in params": (None, None, misspell, "validate", ParamsError),
    "a value out of range": (
        None, change("threshold", min_recall=-0.1), None, "validate", ParamsError),
    "a cost that is no column": (
        None, change("threshold", costs=make_params()["threshold"]["costs"] | {"false_negative": "conut"}),
        None, "validate", SchemaError),
    "an unknown model": (
        None, change("train", candidates=["xgboots"]), None, "validate", ParamsError),
    "a holdout without positives": (
        make_table().assign(
            outcome=lambda t: t["outcome"].where(t["moment"] < "2024-01-20", 0)),
        None, None, "split", SplitError),
    "more folds than groups": (
        make_table().assign(entity=lambda t: np.where(t.index % 2, "a", "b")),
        change("split", strategy="group"), None, "split", SplitError),
    "no new group in the holdout": (
        None, change("split", strategy="group_time"), None, "split", SplitError),
    "a group split without groups": (
        None, change("data", group_column=None) | {"split": change("split", strategy="group")["split"]},
        None, "split", SplitError),
    "a rule over what is no feature": (
        None, change("baseline", rule="aftermath > 1"), None, "baseline", ParamsError),
    "a precision out of reach": (
        make_table().assign(outcome=lambda t: np.random.default_rng(0).integers(0, 2, len(t))),
        change("threshold", strategy="min_precision", min_precision=1.0), None, "threshold",
        GateError),
    "two classes for multiclass": (None, change("data", of="multiclass"), None, "validate", DataError),
    "texts for regression": (
        make_table(task="multiclass"), change("data", of="regression"), None, "validate", DataError),
    "a metric of another task": (
        None, change("task", of="regression", primary_metric="roc_auc"), None, "validate",
        ParamsError),
    "a rule that gives no number": (
        make_table(task="regression"), change("baseline", of="regression", rule="signal > 1"), None,
        "baseline", ParamsError),
    "an accuracy out of reach": (
        make_table(task="multiclass").assign(
            outcome=lambda t: np.random.default_rng(0).integers(0, 3, len(t))),
        change("threshold", of="multiclass", accept_accuracy=1.0), None, "threshold", GateError),
    "a coverage that needs more rows": (
        make_table(task="regression"),
        change("threshold", of="regression", interval_coverage=0.999), None, "threshold",
        GateError),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_has_its_exit_code_one_sentence_and_no_output(project, case):
    table, params, spoil, failing, kind = BAD_INPUT[case]
    folder = project(table, params)
    for name in STAGES[: STAGES.index(failing)]:
        if name != "interpret":
            run_stage(name)
    if spoil:
        spoil(folder)
    before = {p for p in folder.rglob("*") if p.is_file()}
    done = subprocess.run(
        [sys.executable, "-m", f"stages.{failing}"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == kind.exit_code, done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    made = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {
        p.relative_to(folder).as_posix() for p in before
    }
    made = {name for name in made if "__pycache__" not in name}
    # The page that says what is wrong may be written, whole.
    assert made <= {"reports/readiness.md", "metrics/validation.json"}


def test_each_kind_of_error_has_its_own_exit_code():
    kinds = AssayError.__subclasses__()
    assert len({kind.exit_code for kind in kinds}) == len(kinds) == 6


def test_stages_pin_kernels_and_threads_without_overriding_a_users_own():
    script = "import os, stages; print(os.environ['OMP_NUM_THREADS'], stages.kernel_pins())"
    for given, expected in ({}, "1 "), ({"OMP_NUM_THREADS": "3"}, "3 "):
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin", **given},
        )  # fmt: skip
        assert done.stdout.startswith(expected)


def test_a_table_without_time_column_is_told_what_to_do(project):
    params = change("data", time_column=None)
    project(pd.DataFrame(make_table().drop(columns="moment")), params)
    run_stage("validate")
    with pytest.raises(SplitError, match=r"needs a data\.time_column"):
        run_stage("split")


@pytest.mark.parametrize(("argument", "code"), [("--help", 0), ("--force", 2)])
def test_a_stage_explains_itself_and_takes_no_arguments(tmp_path, argument, code):
    done = subprocess.run(
        [sys.executable, "-m", "stages.split", argument],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    if code == 0:
        assert "What may the model see" in done.stdout
