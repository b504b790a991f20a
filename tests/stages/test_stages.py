"""Each stage's `main()` on a tiny table: what it writes, what it refuses, what it leaves behind."""

import json
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


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_writes_just_what_it_declares(finished, name):
    import importlib

    stage = importlib.import_module(f"stages.{name}").STAGE
    for path in stage.writes.values():
        assert (finished / path).exists(), path


def test_nothing_is_written_beyond_what_stages_declare(finished):
    import importlib

    declared = []
    for name in STAGES:
        declared += [
            p.as_posix() for p in importlib.import_module(f"stages.{name}").STAGE.writes.values()
        ]
    for folder in ("data", "metrics", "models", "plots", "reports"):
        for path in (finished / folder).rglob("*"):
            relative = path.relative_to(finished).as_posix()
            if path.is_file() and relative != "data/processed/features.parquet":
                assert any(relative == d or relative.startswith(f"{d}/") for d in declared), (
                    relative
                )


def test_metrics_hold_finite_scalars_only(finished):
    def check(value, place):
        if isinstance(value, dict):
            for key, inner in value.items():
                check(inner, f"{place}.{key}")
        else:
            assert isinstance(value, bool | int | float | str), place
            assert not isinstance(value, float) or np.isfinite(value), place

    files = list((finished / "metrics").glob("*.json"))
    assert len(files) == 7
    for path in files:
        check(json.loads(path.read_text()), path.name)


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


def test_out_of_fold_rows_are_training_rows_with_their_own_outcomes(finished):
    train = read(finished, "data/split/train.parquet").set_index("assay_row")
    for name in ("oof", "baseline_oof"):
        scored = read(finished, f"data/predictions/{name}.parquet").set_index("assay_row")
        assert set(scored.index) <= set(train.index)
        assert (scored["y_true"] == train.loc[scored.index, "outcome"]).all()


def test_the_threshold_does_not_depend_on_the_holdout(finished, tmp_path, monkeypatch):
    """Other scores and outcomes in the holdout change what is reported, not what is decided."""
    import shutil

    copy = shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(copy)
    path = copy / "data/predictions/holdout.parquet"
    holdout = artifacts.read_table(path)
    rng = np.random.default_rng(0)
    holdout["y_true"] = 1 - holdout["y_true"]
    holdout["y_score"] = rng.uniform(size=len(holdout))
    holdout["baseline_score"] = rng.uniform(size=len(holdout))
    artifacts.write_table(path, holdout)
    run_stage("threshold")
    assert read(copy, "models/decision.json") == read(finished, "models/decision.json")
    assert (copy / "plots/data/threshold.csv").read_bytes() == (
        finished / "plots/data/threshold.csv"
    ).read_bytes()
    changed, before = (read(f, "metrics/threshold.json")["holdout"] for f in (copy, finished))
    assert changed != before


def test_the_readiness_page_is_there_also_when_the_table_is_refused(project):
    folder = project(make_table().assign(noise=np.inf))
    with pytest.raises(DataError, match="infinite"):
        run_stage("validate")
    page = (folder / "reports/readiness.md").read_text()
    assert "Not ready" in page
    assert "Not split yet." in page
    assert not (folder / "data/validated").exists()


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


def change(section, **values):
    params = make_params()
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


def predict(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "stages.predict", *map(str, arguments)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def rows():
    return make_table(40, seed=5).drop(columns=["outcome", "aftermath"])


def test_predict_scores_with_the_latest_model_and_says_what_it_did(finished, rows, tmp_path):
    rows.assign(kind="zebra", extra=1).to_csv(tmp_path / "new.csv", index=False)
    done = predict(finished, "--input", tmp_path / "new.csv", "--output", tmp_path / "out.parquet")
    assert done.returncode == 0, done.stderr
    assert "note: left out, unknown to the model: extra" in done.stdout
    assert "note: kind: a category that training did not know in 40 rows" in done.stdout
    assert "40 rows scored by " in done.stdout
    scored = artifacts.read_table(tmp_path / "out.parquet")
    assert scored["row_key"].tolist() == rows["row_key"].tolist()


@pytest.mark.parametrize(
    ("spoil", "code", "message"),
    [
        (lambda t: t.drop(columns="signal"), 11, "1 required column is missing: signal"),
        (lambda t: t.rename(columns={"noise": "nois"}), 11, "Nearest in the file: nois for noise"),
        (lambda t: t.assign(outcome=0), 11, "target column 'outcome' is present"),
    ],
)
def test_predict_refuses_what_breaks_the_contract(finished, rows, tmp_path, spoil, code, message):
    spoil(rows).to_parquet(tmp_path / "new.parquet", index=False)
    done = predict(
        finished, "--input", tmp_path / "new.parquet", "--output", tmp_path / "o" / "out.csv"
    )
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o").exists()


def test_predict_refuses_a_model_that_was_changed(finished, rows, tmp_path):
    import shutil

    run = finished / (finished / "models/registry/latest.txt").read_text().strip()
    copy = shutil.copytree(run, tmp_path / "run")
    with (copy / "decision.json").open("a") as stream:
        stream.write(" ")
    rows.to_csv(tmp_path / "new.csv", index=False)
    done = predict(
        finished, "--input", tmp_path / "new.csv", "--output", tmp_path / "o.csv", "--model", copy
    )
    assert done.returncode == ArtifactError.exit_code
    assert "decision.json is not the file that was packaged" in done.stderr


def test_predict_help_is_worth_reading(finished):
    done = predict(finished, "--help")
    assert done.returncode == 0
    for word in ("--input", "--output", "--model", "input contract", "Exit codes", "threshold"):
        assert word in done.stdout


_IMPORTS = """
import sys
from stages.predict import main
main(sys.argv[1:])
loaded = {name.split(".")[0] for name in sys.modules}
assert not loaded & {"pycaret", "dvc", "matplotlib", "shap", "optuna", "pickle5"}, loaded
"""


def test_scoring_never_imports_pycaret(finished, rows, tmp_path):
    rows.to_csv(tmp_path / "new.csv", index=False)
    subprocess.run(
        [sys.executable, "-c", _IMPORTS, "--input", tmp_path / "new.csv", "--output",
         tmp_path / "out.csv"],
        cwd=finished, check=True,
    )  # fmt: skip


def test_a_planted_leak_of_the_outcome_cannot_come_through_an_excluded_column(finished):
    run = finished / (finished / "models/registry/latest.txt").read_text().strip()
    contract = artifacts.read_json(run / "schema/input_schema.json")
    assert "aftermath" not in [f["name"] for f in contract["schema"]["features"]]
    holdout = artifacts.read_table(run / "tables/holdout_input.parquet")
    assert not {"aftermath", "outcome"} & set(holdout.columns)


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


@pytest.mark.parametrize(
    ("labels", "positive"), [(["no", "yes"], "yes"), ([True, False], False), ([1.0, 0.0], 0)]
)
def test_labels_of_any_kind_come_through_to_the_predictions(project, labels, positive):
    """From the table through all eight stages to a scored file, in the data's own values."""
    table, params = make_table(), make_params()
    table["outcome"] = np.array(labels)[table["outcome"].to_numpy()]
    params["task"]["positive_label"] = positive
    params["train"] |= {"candidates": ["logistic"], "tune_top": 0}
    params["baseline"]["rule"] = None
    folder = project(table, params)
    for name in STAGES:
        run_stage(name)
    rows = table.drop(columns=["outcome", "aftermath"])
    rows.to_csv(folder / "new.csv", index=False)
    done = predict(folder, "--input", "new.csv", "--output", "out.parquet")
    assert done.returncode == 0, done.stderr
    scored = artifacts.read_table(folder / "out.parquet")
    assert set(scored["prediction"]) == set(labels)
    assert {type(v) for v in scored["prediction"].tolist()} == {type(labels[0])}
    flagged = scored["prediction"] == positive
    assert scored.loc[flagged, "score"].min() > scored.loc[~flagged, "score"].max()
    from sklearn.metrics import roc_auc_score

    assert roc_auc_score(table["outcome"] == positive, scored["score"]) > 0.75


@pytest.mark.parametrize(("argument", "code"), [("--help", 0), ("--force", 2)])
def test_a_stage_explains_itself_and_takes_no_arguments(tmp_path, argument, code):
    done = subprocess.run(
        [sys.executable, "-m", "stages.split", argument],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    if code == 0:
        assert "What may the model see" in done.stdout
