"""How good is the model on rows it never saw, and does it beat the baseline?

Reads the candidate, the baselines and the holdout. Writes the holdout's scores, every metric with its
interval for both, the paired difference, curves, and the worst cases.

Guarantee: nothing is chosen here; the baseline that is compared was the best out-of-fold. With
`evaluate.gate.action: fail` a model that does not beat it stops the pipeline.
"""

from pathlib import Path

import pandas as pd

from assay import artifacts, plots
from assay.baselines import load_baseline
from assay.evaluation import (
    curve_tables,
    judge_holdout,
    judgement_json,
    refuse_at_gate,
    worst_cases,
)
from assay.predictor import load_predictor
from assay.schema import ROW, schema_from_json
from assay.uncertainty import clusters_of
from stages._stage import Stage, run, say

STAGE = Stage(
    name="evaluate",
    sections=("task", "evaluate"),
    reads={
        "holdout": Path("data/split/holdout.parquet"),
        "schema": Path("data/validated/schema.json"),
        "candidate": Path("models/candidate"),
        "baselines": Path("models/baseline"),
        "baseline_metrics": Path("metrics/baseline.json"),
    },
    writes={
        "predictions": Path("data/predictions/holdout.parquet"),
        "worst_cases": Path("reports/tables/worst_cases.csv"),
        "metrics": Path("metrics/holdout.json"),
        "roc": Path("plots/data/roc.csv"),
        "precision_recall": Path("plots/data/precision_recall.csv"),
        "calibration": Path("plots/data/calibration.csv"),
        "roc_png": Path("plots/roc.png"),
        "precision_recall_png": Path("plots/precision_recall.png"),
        "calibration_png": Path("plots/calibration.png"),
    },
)


def main() -> None:
    """Score the holdout once and judge the scores."""
    params, paths = STAGE.params(), STAGE.writes
    holdout = artifacts.read_table(STAGE.reads["holdout"])
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    best = artifacts.read_json(STAGE.reads["baseline_metrics"])["best"]
    baseline = load_baseline(STAGE.reads["baselines"], best)
    features, y_true = holdout[schema.feature_names], holdout[schema.target].to_numpy()
    y_score = load_predictor(STAGE.reads["candidate"]).score(features)
    baseline_score = baseline.score(features)

    judgement = judge_holdout(
        y_true,
        y_score,
        baseline_score,
        best,
        params.task,
        params.evaluate,
        clusters_of(holdout, schema.group_column),
    )
    predictions = pd.DataFrame(
        {ROW: holdout[ROW], "y_true": y_true, "y_score": y_score, "baseline_score": baseline_score}
    )
    artifacts.write_table(paths["predictions"], predictions)
    artifacts.write_table(
        paths["worst_cases"],
        worst_cases(
            holdout, y_true, y_score, schema.carried_columns, params.evaluate.worst_case_count
        ),
    )
    artifacts.write_json(paths["metrics"], judgement_json(judgement))
    _write_plots(y_true, {"model": y_score, f"baseline ({best})": baseline_score}, params.evaluate)
    say(judgement.gate.sentence)
    if not judgement.gate.passed and params.evaluate.gate.action == "warn":
        say("WARNING: the gate is not passed. Do not ship this model; the model card says so too.")
    refuse_at_gate(judgement.gate, params.evaluate.gate)


def _write_plots(y_true, scores, params) -> None:
    paths = STAGE.writes
    curves = {name: curve_tables(y_true, s, params.ece_bins) for name, s in scores.items()}
    for name, data in curves["model"].items():
        artifacts.write_table(paths[name], data)
    artifacts.write_figure(paths["roc_png"], plots.roc_figure(y_true, scores))
    recall_precision = {
        name: tuple(tables["precision_recall"][axis].to_numpy() for axis in ("recall", "precision"))
        for name, tables in curves.items()
    }
    artifacts.write_figure(
        paths["precision_recall_png"], plots.precision_recall_figure(y_true, recall_precision)
    )
    artifacts.write_figure(
        paths["calibration_png"],
        plots.calibration_figure(y_true, scores["model"], params.ece_bins, params.confidence),
    )


if __name__ == "__main__":
    run(STAGE, main)
