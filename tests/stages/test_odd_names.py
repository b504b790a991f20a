"""Names and labels as users have them go through every stage, and come out as they went in."""

import re
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from conftest import STAGES, inside, make_params, make_table, run_stage, write_project

from assay import artifacts
from assay.bundle import load_bundle
from assay.report.rendering import cell, code, name
from assay.schema import schema_from_json

RENAMED = {
    "row_key": 'row, "key" [id]',
    "moment": "mo|ment",
    "entity": "en'tity {g} $e$",
    "remark": "re mark",
    "aftermath": "after\\math",
    "outcome": 'out|come $y$ "q"',
    "signal": "signal signal",
    "noise": 'noise, "net" [€] {}:',
    "count": "$count_1$ & $5",
    "kind": "kind|<b>`x`\nline",
}
LONG = "a very long name " * 18
FURTHER = (
    *("0", "1.5", "nan", "None", "True", "index", "y", "target", "label", "self", "fold"),
    *("model", "feature", "slice", "class", "score", "prediction", "a b", "a_b", "a__b"),
    *(
        "numeric__signal signal",
        "__target__x",
        "_hidden",
        "  padded  ",
        "tab\tname",
        "100%",
        "%s{0}",
    ),
    *("日本 語", "🙂", "é", "e\N{COMBINING ACUTE ACCENT}", "#", "\\", "'", LONG, f"{LONG}2"),
)
SHOP = "shop | $a_b$"
LABELS = {
    "binary": {0: "_no `x`", 1: "ye|s $1$, <b>"},
    "multiclass": {"high": "_h|$x$ <b>", "low": 'l\no, "w"', "mid": "日本 `m`"},
}


def odd_table(task, rows=600, seed=0):
    table = make_table(rows, seed, task).rename(columns=RENAMED)
    table[RENAMED["outcome"]] = table[RENAMED["outcome"]].map(LABELS[task])
    rng = np.random.default_rng(seed + 1)
    further = pd.DataFrame({name: rng.normal(size=rows) for name in FURTHER})
    table = pd.concat([table, further], axis=1)
    shop = rng.integers(0, 40, rows)
    table[SHOP] = [f's|{number} $x$ "q", <i>{"é" if number % 2 else "`b`"}' for number in shop]
    return table


def odd_params(task, engine):
    raw = make_params(task)
    raw["data"] |= {
        "target": RENAMED["outcome"],
        "id_columns": [RENAMED["row_key"]],
        "time_column": RENAMED["moment"],
        "group_column": RENAMED["entity"],
        "passthrough_columns": [RENAMED["remark"]],
        "exclude_columns": {RENAMED["aftermath"]: "known later | $"},
    }
    raw["preprocess"] |= {"max_categories": 20, "high_cardinality": "target"}
    raw["train"] |= {"engine": engine}
    raw["interpret"] |= {"dependence_feature_count": 5}
    if engine == "pycaret":
        raw["train"]["candidates"] = ["lightgbm"]
    if task == "binary":
        raw["task"]["positive_label"] = LABELS[task][1]
        # A bar, which would end a cell of a table.
        raw["baseline"]["rule"] = "`signal signal` > 0.5 | y > 9"
    return raw


@pytest.fixture(
    scope="module", params=[("binary", "pycaret"), ("multiclass", "sklearn")], ids="-".join
)
def odd(request, tmp_path_factory):
    """A project of odd names in which all stages ran, and its task."""
    task, engine = request.param
    folder = write_project(
        tmp_path_factory.mktemp(f"odd-{task}"), odd_table(task), odd_params(task, engine)
    )
    with inside(folder):
        for stage in STAGES:
            run_stage(stage)
    return folder, task


def features_of(folder):
    return schema_from_json(
        artifacts.read_json(folder / "data/validated/schema.json")
    ).feature_names


def report(folder, table):
    return artifacts.read_report(folder / f"reports/tables/{table}.csv")


def test_tables_have_the_names_as_they_are(odd):
    folder, _ = odd
    names = features_of(folder)
    assert set(names) == {RENAMED[n] for n in ("signal", "noise", "count", "kind")} | {
        *FURTHER,
        SHOP,
    }
    importance = report(folder, "importance")
    assert sorted(importance["feature"]) == sorted(names)
    assert importance["mean_abs_shap"].notna().all()
    values = artifacts.read_table(folder / "reports/tables/shap_values.parquet")
    assert list(values.columns) == ["assay_row", *names]
    sliced = set(report(folder, "slices")["feature"])
    assert {RENAMED["signal"], RENAMED["kind"]} <= sliced <= {*names, RENAMED["moment"]}
    worst = report(folder, "worst_cases")
    assert {RENAMED[n] for n in ("row_key", "moment", "entity")} <= set(worst.columns)
    assert artifacts.read_json(folder / "metrics/interpret.json")["top_feature"] == "signal signal"


def test_pages_have_the_names_and_their_tables_hold(odd):
    folder, task = odd
    card = (folder / "reports/model_card.md").read_text()
    page = (folder / "reports/readiness.md").read_text()
    for column in [*features_of(folder), *RENAMED.values()]:
        assert code(column) in card, column
        assert f"| {cell(name(column))} |" in page, column
    if task == "binary":
        assert code(LABELS[task][1]) in card
    else:
        for label in LABELS[task].values():
            assert f"| {cell(name(label))} |" in card, label
    for text in (card, page):
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            widths = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
            assert len(widths) == 1, table
    if task == "binary":
        assert "(`` `signal signal` > 0.5 \\| y > 9 ``)" in card


def test_every_picture_is_drawn(odd):
    folder, _ = odd
    pictures = list((folder / "plots").rglob("*.png"))
    shown = {path.parent.name for path in pictures}
    assert shown == {"train", "evaluate", "threshold", "interpret"}
    assert len(pictures) >= 14
    assert all(path.stat().st_size > 5000 for path in pictures)


def test_new_rows_are_scored_and_explained_from_parquet_and_csv(odd, tmp_path):
    folder, task = odd
    new = odd_table(task, 60, seed=5).drop(columns=[RENAMED["outcome"], RENAMED["aftermath"]])
    scored = []
    for kind in ("parquet", "csv"):
        artifacts.write_table(tmp_path / f"new.{kind}", new)
        command = [sys.executable, "-m", "stages.predict", "--explain", "3", "--proba"]
        command += ["--input", tmp_path / f"new.{kind}", "--output", tmp_path / f"{kind}.parquet"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        scored.append(artifacts.read_table(tmp_path / f"{kind}.parquet"))
    pd.testing.assert_frame_equal(*scored)
    carried = [RENAMED[name] for name in ("row_key", "moment", "entity", "remark")]
    assert list(scored[0].columns[:4]) == carried
    assert scored[0][RENAMED["row_key"]].tolist() == new[RENAMED["row_key"]].tolist()
    assert {f"probability_{label}" for label in LABELS[task].values()} <= set(scored[0].columns)
    assert set(scored[0]["prediction"]) <= set(LABELS[task].values())
    assert set(scored[0]["reason_1"]) <= set(features_of(folder))
    assert (scored[0]["reason_1"] == RENAMED["signal"]).any()


def test_a_missing_column_is_told_by_its_name(odd, tmp_path):
    folder, task = odd
    artifacts.write_table(
        tmp_path / "new.parquet", odd_table(task, 20).drop(columns=[RENAMED["noise"]])
    )
    command = [sys.executable, "-m", "stages.predict", "--dry-run"]
    done = subprocess.run(
        [*command, "--input", tmp_path / "new.parquet"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 11
    assert RENAMED["noise"] in done.stderr
    assert "Traceback" not in done.stderr


def test_pycarets_own_file_scores_odd_names(odd):
    folder, task = odd
    if task != "binary":
        return
    run = folder / (folder / "models/registry/latest.txt").read_text().strip()
    bundle = load_bundle(run)
    features = artifacts.read_table(folder / "data/split/train.parquet").head(50)
    features = features[features_of(folder)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pycaret.classification import load_model, predict_model

        model = load_model(str(run / "model/pycaret_model"), verbose=False)
        found = predict_model(model, data=features, round=17, verbose=False, raw_score=True)
    np.testing.assert_allclose(
        found["prediction_score_1"],
        bundle.predictor.pipeline.predict_proba(features)[:, 1],
        atol=1e-3,
    )
