"""All eight stages for each task with each engine: what they write, and what they say."""

import importlib
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import STAGES, VARIANTS, run_stage

from assay import artifacts
from assay.decisions.rows import REPORTS, TABLES
from assay.diagnostics import CURVES
from assay.metrics.catalogue import task_metrics
from assay.monitoring.reference import reference_of
from assay.predictions import predictions_of
from assay.schema import schema_from_json
from assay.search.learning_curve import CURVE_COLUMNS, FOLD_COLUMNS
from assay.search.words import learning_words, selection_words


def read(finished, name):
    path = finished.folder / name
    return artifacts.read_json(path) if path.suffix == ".json" else artifacts.read_table(path)


def metrics(finished, name):
    return read(finished, f"metrics/{name}.json")


def test_a_stage_writes_just_what_it_declares(finished_task):
    declared = []
    for name in STAGES:
        for path in importlib.import_module(f"stages.{name}").STAGE.writes.values():
            assert (finished_task.folder / path).exists(), path
            declared.append(path.as_posix())
    for folder in ("data", "metrics", "models", "plots", "reports"):
        for path in (finished_task.folder / folder).rglob("*"):
            relative = path.relative_to(finished_task.folder).as_posix()
            # What depends on the clock is nobody's output.
            if relative.startswith("reports/timings/"):
                continue
            given = relative.startswith(("data/processed/", "reports/history/"))
            if path.is_file() and not given:
                assert any(relative == d or relative.startswith(f"{d}/") for d in declared), (
                    relative
                )


def test_metrics_hold_finite_scalars_only(finished_task):
    def check(value, place):
        if isinstance(value, dict):
            for key, inner in value.items():
                check(inner, f"{place}.{key}")
        else:
            assert isinstance(value, bool | int | float | str), place
            assert not isinstance(value, float) or np.isfinite(value), place

    files = list((finished_task.folder / "metrics").glob("*.json"))
    assert len(files) == 9
    for path in files:
        check(json.loads(path.read_text()), path.name)


DRAWN = {
    "binary": {
        "roc", "precision_recall", "calibration", "threshold", "confusion", "cost", "gain", "value",
    },
    "multiclass": {"roc", "precision_recall", "calibration", "rejection", "confusion"},
    "regression": {"calibration", "residuals", "qq", "coverage"},
}  # fmt: skip


def test_curves_of_other_tasks_are_empty_and_have_their_columns(finished_task):
    for name, columns in {**CURVES, **TABLES}.items():
        table = read(finished_task, f"plots/data/{name}.csv")
        assert tuple(table.columns) == columns, name
        assert (len(table) > 0) is (name in DRAWN[finished_task.task]), name
        assert not table.isna().any(axis=None), name


PICTURES = {
    "binary": {
        "evaluate": {"roc", "precision_recall", "calibration"},
        "threshold": {"threshold", "confusion", "gain", "value"},
    },
    "multiclass": {
        "evaluate": {"roc", "precision_recall", "calibration"},
        "threshold": {"rejection", "confusion"},
    },
    "regression": {
        "evaluate": {"calibration", "actual", "residuals", "errors", "qq"},
        "threshold": {"coverage", "intervals"},
    },
}
EXPLAINED = {
    "importance", "agreement", "shap_bar", "shap_beeswarm", "shap_dependence", "partial_dependence",
    "local_explanations", "slices", "robustness", "robustness_over_time",
}  # fmt: skip
# Drawn where there is one.
AT_TIMES = {"importance_groups", "found_slices"}


def has_quantile(finished) -> bool:
    return finished.params.threshold.costs.over_prediction is not None


def test_every_task_has_its_own_pictures(finished_task):
    searched = {"leaderboard", "learning_curve"}
    pictures = {**PICTURES[finished_task.task], "train": searched, "interpret": EXPLAINED}
    if finished_task.task == "regression" and has_quantile(finished_task):
        pictures["threshold"] = pictures["threshold"] | {"value"}
    for stage, names in pictures.items():
        found = list((finished_task.folder / "plots" / stage).iterdir())
        assert {path.stem for path in found} - AT_TIMES == names
        assert {path.suffix for path in found} == {".png"}
        assert all(path.stat().st_size > 5000 for path in found)


def test_what_does_not_apply_says_so(finished_task):
    is_number = finished_task.task == "regression"
    assert metrics(finished_task, "threshold")["applicable"] is not is_number
    assert read(finished_task, "models/decision.json")["applicable"] is not is_number
    train = metrics(finished_task, "train")
    assert train["calibration"]["applicable"] is not is_number
    assert train["blend"]["applicable"] is (finished_task.params.train.ensemble == "blend")
    for name in ("baseline", "train", "holdout", "interpret"):
        assert metrics(finished_task, name)["applicable"] is True
    assert metrics(finished_task, "holdout")["calibration"]["applicable"] is not is_number
    per_class = read(finished_task, "reports/tables/per_class.csv")
    assert len(per_class) == (3 if finished_task.task == "multiclass" else 0)


def test_the_holdout_is_judged_by_every_metric_of_the_task(finished_task):
    told, task = metrics(finished_task, "holdout"), finished_task.task
    for part in ("model", "gain_over_baseline"):
        assert set(told[part]) == set(task_metrics(task))
    schema = schema_from_json(read(finished_task, "data/validated/schema.json"))
    rows = read(finished_task, "data/predictions/holdout.parquet")
    assert len(rows) == told["row_count"] == 120
    y_true = rows["y_true"].to_numpy()
    for name, metric in task_metrics(task, finished_task.params.evaluate.ece_bins).items():
        for part, prefix in (("model", ""), ("baseline", "baseline_")):
            value = metric.value(y_true, predictions_of(rows, schema, prefix))
            assert told[part][name]["value"] == pytest.approx(value)


def test_the_model_is_compared_with_every_baseline_and_with_the_rule(finished_task):
    told = metrics(finished_task, "holdout")
    known = metrics(finished_task, "baseline")
    names = {name for name, values in known.items() if isinstance(values, dict)}
    assert set(told["gain_over"]) == names
    table = read(finished_task, "reports/tables/baseline_gains.csv")
    assert set(table["baseline"]) == names
    best = table[table["baseline"] == known["best"]].set_index("metric")
    for name, gain in told["gain_over_baseline"].items():
        assert float(best.loc[name, "gain"]) == pytest.approx(gain["value"])
    schema = schema_from_json(read(finished_task, "data/validated/schema.json"))
    rows = read(finished_task, "data/predictions/holdout.parquet")
    has_rule = finished_task.params.baseline.rule is not None
    assert ("rule" in names) is has_rule
    assert any(name.startswith("rule_") for name in rows) is has_rule
    if has_rule:
        metric = told["gate"]["metric"]
        judge = task_metrics(finished_task.task)[metric]
        values = [
            judge.value(rows["y_true"].to_numpy(), predictions_of(rows, schema, prefix))
            for prefix in ("", "rule_")
        ]
        gain = told["gain_over"]["rule"][metric]
        assert gain["value"] == pytest.approx(judge.gain(*values))
        assert gain["ci_low"] <= gain["value"] <= gain["ci_high"]


def test_calibration_is_told_before_and_after_the_calibrator(finished_task):
    told = metrics(finished_task, "holdout")["calibration"]
    table = read(finished_task, "reports/tables/calibration.csv").astype({"n": int})
    assert (table.groupby(["stage", "binning"])["n"].sum() == 120).all()
    raw, after = (table[table["stage"] == name].drop(columns="stage").reset_index(drop=True)
                  for name in ("raw", "calibrated"))  # fmt: skip
    assert told["method"] == metrics(finished_task, "train")["calibration"]["method"]
    assert raw.equals(after) is (told["method"] == "none" or told["raw"] == told["calibrated"])
    card = (finished_task.folder / "reports/model_card.md").read_text()
    assert told["verdict"] in card


def test_the_model_has_learnt_what_the_table_was_made_of(finished_task):
    told = metrics(finished_task, "holdout")["model"]
    name, least = {
        "binary": ("roc_auc", 0.75), "multiclass": ("accuracy", 0.55), "regression": ("r2", 0.5),
    }[finished_task.task]  # fmt: skip
    assert told[name]["value"] > least
    assert metrics(finished_task, "interpret")["top_feature"] == "signal"
    assert metrics(finished_task, "interpret")["shap"]["additive"] is True


def test_out_of_fold_rows_are_training_rows_with_their_own_outcomes(finished_task):
    train = read(finished_task, "data/split/train.parquet").set_index("assay_row")
    folds = read(finished_task, "data/split/folds.parquet").set_index("assay_row")
    for name in ("oof", "baseline_oof"):
        rows = read(finished_task, f"data/predictions/{name}.parquet").set_index("assay_row")
        assert rows.index.tolist() == folds.index[folds["fold"] > 0].tolist()
        assert (rows["y_true"] == train.loc[rows.index, "outcome"]).all()
        assert (rows["fold"] == folds.loc[rows.index, "fold"]).all()


def test_the_decision_does_not_depend_on_the_holdout(finished_task, tmp_path, monkeypatch):
    """Other predictions and outcomes there change what is reported, not what is decided."""
    copy = shutil.copytree(finished_task.folder, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(copy)
    path = copy / "data/predictions/holdout.parquet"
    rows = artifacts.read_table(path)
    outcomes = rows["y_true"].to_numpy()
    artifacts.write_table(path, rows.iloc[::-1].assign(y_true=outcomes).head(100))
    run_stage("threshold")
    chosen = ("threshold", "cost", "rejection")
    for name in (
        *("models/decision.json", "reports/tables/cost_sensitivity.csv"),
        "reports/tables/operating_points.csv",
        *(f"plots/data/{name}.csv" for name in chosen),
    ):
        assert (copy / name).read_bytes() == (finished_task.folder / name).read_bytes()
    changed = artifacts.read_json(copy / "metrics/threshold.json")
    plain = metrics(finished_task, "threshold")
    assert changed != plain
    for name in {"out_of_fold", "stability", "sensitivity"} & set(plain):
        assert changed[name] == plain[name]
    # The thresholds that are compared, and those of the table, are chosen out-of-fold too.
    for name in ("thresholds", "value"):
        ours, theirs = (
            artifacts.read_table(folder / f"reports/tables/{name}.csv")["threshold"]
            for folder in (copy, finished_task.folder)
        )
        pd.testing.assert_series_equal(ours, theirs)


def test_reports_that_do_not_apply_are_empty_and_have_their_columns(finished_task):
    task = finished_task.task
    told = {"binary": set(REPORTS), "multiclass": set(), "regression": set()}[task]
    if task == "regression" and has_quantile(finished_task):
        told = {"value"}
    for name, columns in REPORTS.items():
        table = read(finished_task, f"reports/tables/{name}.csv")
        assert tuple(table.columns) == columns
        assert (len(table) > 0) is (name in told), name
        assert (finished_task.run / f"tables/{name}.csv").exists()
    assert metrics(finished_task, "threshold")["value"]["applicable"] is ("value" in told)


_BINARY = [key for key in VARIANTS if key[0] == "binary"]


@pytest.mark.parametrize("finished_task", _BINARY, indirect=True, ids="-".join)
def test_the_value_is_that_of_the_rows_own_costs(finished_task):
    """Costs and the rule of today are joined by row, from the table as it came."""
    told = metrics(finished_task, "threshold")
    rows = read(finished_task, "data/predictions/holdout.parquet")
    source = finished_task.table.iloc[rows["assay_row"].to_numpy()]
    costs = finished_task.params.threshold.costs
    stated = (costs.true_positive, costs.false_positive, costs.false_negative, costs.true_negative)
    tp, fp, fn, tn = (source[c].to_numpy() if isinstance(c, str) else c for c in stated)
    positive = rows["y_true"].to_numpy() == 1
    acting, leaving = np.where(positive, tp, fp), np.where(positive, fn, tn)
    baseline = told["value"]["options"]["baseline"]["threshold"]
    acted = {
        "model": rows["y_score"] >= told["threshold"],
        "baseline": rows["baseline_y_score"] >= baseline,
        "rule": source["signal"].to_numpy() > 0.5,
        "all": positive | True,
        "none": positive & False,
    }
    for name, flags in acted.items():
        option = told["value"]["options"][name]
        value = -1000 * np.where(flags, acting, leaving).mean()
        assert option["value"] == pytest.approx(value), name
        assert option["acted_rate"] == pytest.approx(flags.mean()), name
    # The baseline's threshold costs least on its own out-of-fold rows.
    other = read(finished_task, "data/predictions/baseline_oof.parquet")
    source = finished_task.table.iloc[other["assay_row"].to_numpy()]
    tp, fp, fn, tn = (source[c].to_numpy() if isinstance(c, str) else c for c in stated)
    positive = other["y_true"].to_numpy() == 1
    acting, leaving = np.where(positive, tp, fp), np.where(positive, fn, tn)
    score = other[f"{told['value']['baseline']}_y_score"].to_numpy()
    cost = [np.where(score >= t, acting, leaving).mean() for t in [2, *score, baseline]]
    assert cost[-1] <= min(cost) + 1e-12


def test_a_run_folder_has_pycarets_own_file_only_where_pycaret_searched(finished_task):
    model = {path.name for path in (finished_task.run / "model").iterdir()}
    expected = {"pipeline.skops", "calibrator.json", "background.parquet"}
    if finished_task.engine == "pycaret":
        expected |= {"pycaret_model.pkl"}
    assert model == expected
    for stage in ("train", "evaluate", "threshold", "interpret"):
        names = {path.name for path in (finished_task.folder / "plots" / stage).iterdir()}
        assert {path.name for path in (finished_task.run / "plots" / stage).iterdir()} == names


def test_the_reference_profile_is_that_of_the_task(finished_task):
    path = finished_task.run / "monitoring/baseline.json"
    told = reference_of(artifacts.read_json(path), str(path))
    schema = schema_from_json(
        artifacts.read_json(finished_task.folder / "data/validated/schema.json")
    )
    assert list(told["inputs"]) == schema.feature_names
    rows = len(read(finished_task, "data/predictions/oof.parquet"))
    assert told["outputs"]["out_of_fold"]["row_count"] == rows
    assert sum(told["outputs"]["out_of_fold"]["bins"]) == pytest.approx(1)
    classes = told["outputs"]["out_of_fold"]["classes"]
    assert len(classes) == (3 if finished_task.task == "multiclass" else 0)


_BY_SKLEARN = [key for key in VARIANTS if key[1] == "sklearn"]
_WITHOUT_PYCARET = """
import importlib, sys
sys.modules["pycaret"] = None
for name in ("train", "package"):
    importlib.import_module(f"stages.{name}").main()
"""


@pytest.mark.parametrize("finished_task", _BY_SKLEARN, indirect=True, ids="-".join)
def test_the_scikit_learn_engine_trains_and_packages_the_same_bytes_without_pycaret(
    finished_task, tmp_path
):
    copy = shutil.copytree(finished_task.folder, tmp_path / "copy", symlinks=True)
    shutil.rmtree(copy / "models/candidate")
    shutil.rmtree(copy / "models/runs")
    subprocess.run([sys.executable, "-c", _WITHOUT_PYCARET], cwd=copy, check=True)
    for folder in ("models/candidate", "models/runs"):
        before = {path for path in (finished_task.folder / folder).rglob("*") if path.is_file()}
        assert len(before) >= 2
        for path in before:
            made = copy / path.relative_to(finished_task.folder)
            assert made.read_bytes() == path.read_bytes(), made


def predict(finished, source, target):
    return subprocess.run(
        [sys.executable, "-m", "stages.predict", "--input", str(source), "--output", str(target)],
        cwd=finished.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_new_rows_are_scored_from_a_file_in_the_datas_own_labels(finished_task, tmp_path, kind):
    rows = finished_task.new_rows()
    source, target = tmp_path / f"new.{kind}", tmp_path / "out.parquet"
    artifacts.write_table(source, rows.drop(columns=["outcome", "aftermath"]))
    done = predict(finished_task, source, target)
    assert done.returncode == 0, done.stderr
    assert "400 rows scored by " in done.stdout
    scored = artifacts.read_table(target)
    assert scored["row_key"].tolist() == rows["row_key"].tolist()
    check = {"binary": check_scores, "multiclass": check_classes, "regression": check_numbers}
    check[finished_task.task](finished_task, scored, rows["outcome"])


def check_scores(finished, scored, outcome):
    assert scored["score"].between(0, 1).all()
    flagged = scored["score"] >= scored["threshold"]
    assert scored["prediction"].tolist() == flagged.astype(int).tolist()
    assert scored.loc[outcome == 1, "score"].mean() > scored.loc[outcome == 0, "score"].mean() + 0.2


def check_classes(finished, scored, outcome):
    labels = sorted(outcome.unique())
    probability = scored[[f"probability_{label}" for label in labels]]
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-9)
    np.testing.assert_array_equal(scored["confidence"], probability.max(axis=1))
    decided = scored["prediction"].notna()
    wanted = finished.params.threshold.accept_accuracy
    assert bool(decided.all()) is (wanted is None)
    assert set(scored.loc[decided, "prediction"]) == set(labels)
    assert type(scored.loc[decided, "prediction"].iloc[0]) is type(outcome.iloc[0])
    right = (scored["prediction"] == outcome)[decided].mean()
    assert right > (0.5 if wanted is None else wanted - 0.1)


def check_numbers(finished, scored, outcome):
    low, high = scored["prediction_low"], scored["prediction_high"]
    assert (low <= scored["prediction"]).all()
    assert (scored["prediction"] <= high).all()
    held = ((low <= outcome) & (outcome <= high)).mean()
    assert held == pytest.approx(finished.params.threshold.interval_coverage, abs=0.07)
    assert ("prediction_quantile" in scored) is has_quantile(finished)
    if has_quantile(finished):
        # Too little costs three times as much: three of four outcomes lie below.
        below = (outcome <= scored["prediction_quantile"]).mean()
        assert below == pytest.approx(0.75, abs=0.08)
    if finished.params.task.clip_low is not None:
        assert low.min() >= finished.params.task.clip_low


SECTIONS = {
    "binary": "Threshold", "multiclass": "Decision", "regression": "Intervals",
}  # fmt: skip


def test_the_card_has_every_section(finished_task):
    card = (finished_task.folder / "reports/model_card.md").read_text()
    sections = re.findall(r"^## (.+)$", card, re.MULTILINE)
    assert sections == [
        "Verdict", "Problem and decision", "Intended use", "Data", "Splits", "Metrics", "Choice of the model",
        "History of the holdout", SECTIONS[finished_task.task],
        "Business impact", "Calibration", "Diagnostics", "Where it fails", "For whom it works", "What breaks it", "Findings",
        "Limitations", "Monitoring plan", "Reproducibility", "How to run",
    ]  # fmt: skip
    for name in ("model_card.md", "eval_summary.md", "report.html"):
        written = (finished_task.folder / "reports" / name).read_bytes()
        assert written == (finished_task.run / name).read_bytes()
    for slip in ("None", "nan", "-0.000 ", "{{", "}}", "\n\n\n\n"):
        assert slip not in card, slip


def test_every_figure_of_the_card_stands_in_the_metrics(finished_task):
    """Each decimal number of the card, rounded as it is there, comes from the run's own files."""
    folder = finished_task.folder
    card = (folder / "reports/model_card.md").read_text()
    known = []
    files = [*(folder / "metrics").glob("*.json"), *(folder / "reports/tables").glob("*.json")]
    for path in [*files, finished_task.run / "run_meta.json"]:
        known += re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", path.read_text())
    for path in (folder / "reports/tables").glob("*.csv"):
        known += re.findall(r"-?\d+\.\d+(?:e-?\d+)?", path.read_text())
    # What is less is told without its sign.
    values = np.unique([sign * float(number) for number in known for sign in (1, -1)])
    prose = re.sub(r"`[^`]*`", "", card.split("## Monitoring plan")[0])
    figures = re.findall(r"(?<![\w.-])-?\d+\.\d+%?", prose)
    assert len(figures) > 50
    for text in figures:
        number = float(text.rstrip("%"))
        digits = len(text.rstrip("%").split(".")[1])
        candidates = values * 100 if text.endswith("%") else values
        assert (np.abs(candidates - number) <= 0.51 * 10**-digits).any(), text


def test_the_card_tells_what_was_done_to_fit_the_model(finished_task):
    card = (finished_task.folder / "reports/model_card.md").read_text()
    params, train = finished_task.params, metrics(finished_task, "train")
    told = {
        "Rare classes count more while it is fitted.": params.train.class_weight == "balanced",
        "Its training rows are resampled (smote).": params.train.resampling == "smote",
        "it is fitted on log(1 + target)": params.task.target_transform == "log1p",
        "The model is a blend of": train["chosen_model"] == "blend",
        "by BCa bootstrap of groups (`entity`), ": params.data.group_column is not None,
        f"(engine {finished_task.engine}, ": True,
    }
    for words, is_said in told.items():
        assert (words in card) is is_said, words


def test_the_leaderboard_is_the_readers_and_the_same_in_the_run_folder(finished_task):
    board = read(finished_task, "reports/tables/leaderboard.csv")
    taken = board[board["selected"] == "True"]
    assert taken["model"].tolist() == [metrics(finished_task, "train")["chosen_model"]]
    if finished_task.params.train.select == "best":
        assert taken["rank"].tolist() == ["1"]
    assert "dummy" in set(board["model"])
    pd.testing.assert_frame_equal(
        board, artifacts.read_table(finished_task.run / "tables/leaderboard.csv")
    )


def test_the_choice_and_the_learning_curve_are_in_words_on_the_card(finished_task):
    told = metrics(finished_task, "train")
    card = (finished_task.folder / "reports/model_card.md").read_text()
    assert selection_words(told["selection"]) in card
    by_fold = read(finished_task, "reports/tables/learning_curve.csv")
    curve = read(finished_task, "plots/data/learning_curve.csv")
    assert tuple(by_fold.columns) == FOLD_COLUMNS
    assert tuple(curve.columns) == CURVE_COLUMNS
    points = finished_task.params.train.learning_curve_points
    assert len(by_fold) == points * 3
    assert len(curve) == points
    assert told["learning_curve"]["applicable"] is (points > 0)
    if points:
        assert learning_words(told["learning_curve"]) in card
        metric = metrics(finished_task, "train")["out_of_fold"][told["learning_curve"]["metric"]]
        assert told["learning_curve"]["validation_score"] == pytest.approx(metric["cv_mean"])
    else:
        assert "carries over to new rows" not in card


def test_no_seconds_reach_the_run_folder(finished_task):
    seconds = pd.read_csv(finished_task.folder / "reports/timings/leaderboard.csv")
    assert (seconds["fit_seconds"] > 0).all()
    for path in finished_task.run.rglob("*"):
        if path.suffix in (".csv", ".json", ".md"):
            assert "fit_seconds" not in path.read_text(), path
