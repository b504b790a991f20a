"""`python -m stages.predict`: what it scores, what it refuses, what it says."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import STAGES, make_params, make_table, run_stage

from assay import artifacts
from assay.errors import ArtifactError


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
    # Nothing but why there is nothing.
    (left,) = (tmp_path / "o").iterdir()
    told = artifacts.read_json(left)
    assert left.name == "out.csv.failure.json"
    assert told["error"]["exit_code"] == code
    assert message in told["error"]["message"]
    rows.to_parquet(tmp_path / "new.parquet", index=False)
    predict(finished, "--input", tmp_path / "new.parquet", "--output", tmp_path / "o" / "out.csv")
    assert {path.name for path in left.parent.iterdir()} == {"out.csv", "out.csv.receipt.json"}


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
    for word in (
        "--input",
        "--output",
        "--model",
        "--rev",
        "--bad-rows",
        "--resume",
        "input contract",
        "Exit codes",
        "threshold",
    ):
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


@pytest.mark.parametrize(
    ("labels", "positive"), [(["no", "yes"], "yes"), ([True, False], False), ([1.0, 0.0], 0)]
)
def test_labels_of_any_kind_come_through_to_the_predictions(project, labels, positive):
    """From the table through all eight stages to a scored file, in the data's own values."""
    table, params = make_table(), make_params()
    table["outcome"] = np.array(labels)[table["outcome"].to_numpy()]
    params["task"]["positive_label"] = positive
    params["train"] |= {"engine": "sklearn", "candidates": ["logistic"], "tune_top": 0}
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


@pytest.fixture
def new_csv(rows, tmp_path):
    rows.to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "new.csv"


def score(folder, source, output, *options):
    done = predict(folder, "--input", source, "--output", output, *options)
    assert done.returncode == 0, done.stderr
    return done


def test_another_threshold_decides_and_stands_in_the_receipt(finished, new_csv, tmp_path):
    output = tmp_path / "out.parquet"
    score(finished, new_csv, output, "--threshold", "0.9", "--proba", "--columns", "remark,row_key")
    scored = artifacts.read_table(output)
    assert list(scored)[:2] == ["remark", "row_key"]
    assert scored["threshold"].eq(0.9).all()
    assert (scored["prediction"] == (scored["score"] >= 0.9)).all()
    assert np.allclose(scored["probability_0"] + scored["probability_1"], 1)
    options = artifacts.read_json(tmp_path / "out.parquet.receipt.json")["options"]
    assert (options["threshold"], options["threshold_given"]) == (0.9, True)
    assert options["columns"] == ["remark", "row_key"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--threshold", "1.5"], 10, r"--threshold must be in [0, 1], got 1.5"),
        (["--threshold", "nan"], 10, r"--threshold must be in [0, 1], got nan"),
        (["--explain", "-1", "--workers", "0"], 10, "2 faults"),
        (["--columns", "remark,reMark"], 11, "'reMark' is no column of"),
        (["--model", "nowhere"], 14, "nowhere is no run folder"),
        (["--columns", " , "], 10, "--columns names no column"),
        (["--explain", "5"], 10, "--explain: the model has 4 features, got 5"),
        (["--if-exists", "append"], 10, "--if-exists: the output is no database"),
        (["--dry-run", "--resume"], 10, "--resume: --dry-run scores nothing"),
        (["--threshold", "2", "--workers", "0"], 10, "2 faults"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(
    finished, new_csv, tmp_path, options, code, message
):
    done = predict(finished, "--input", new_csv, "--output", tmp_path / "o.csv", *options)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o.csv").exists()


def test_a_dry_run_checks_and_writes_nothing(finished, rows, tmp_path):
    rows.assign(noise=["x", *rows["noise"][1:]]).to_csv(tmp_path / "new.csv", index=False)
    done = predict(finished, "--input", tmp_path / "new.csv", "--dry-run")
    assert done.returncode == 12
    assert "1 of 40 rows cannot be scored. noise: not a number in 1 row (row 1: 'x')" in done.stderr
    done = predict(
        finished, "--input", tmp_path / "new.csv", "--dry-run", "--bad-rows", "quarantine"
    )
    assert done.returncode == 0
    assert "39 rows of " in done.stdout
    for output, words in (("o.xlsx", "must end in one of"), ("new.csv", "is the input too")):
        done = predict(
            finished, "--input", tmp_path / "new.csv", "--output", tmp_path / output, "--dry-run"
        )
        assert (done.returncode, words in done.stderr) == (14, True)
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]


def test_rows_that_cannot_be_scored_are_set_aside(finished, rows, tmp_path):
    rows.assign(noise=["x", *rows["noise"][1:]]).to_csv(tmp_path / "new.csv", index=False)
    done = score(finished, tmp_path / "new.csv", tmp_path / "o.csv", "--bad-rows", "quarantine")
    assert "39 rows scored by " in done.stdout
    assert "; 1 row set aside in " in done.stdout
    assert len(artifacts.read_table(tmp_path / "o.csv.rejected.parquet")) == 1


def test_a_folder_is_scored_as_one_table(finished, rows, tmp_path):
    rows.to_parquet(tmp_path / "in", partition_cols=["entity"])
    score(finished, tmp_path / "in", tmp_path / "out.jsonl.gz")
    score(finished, tmp_path / "in", tmp_path / "out.parquet")
    scored = artifacts.read_table(tmp_path / "out.parquet")
    assert sorted(scored["row_key"]) == sorted(rows["row_key"])
    assert set(scored["entity"]) == set(rows["entity"])
