"""How good is the model on rows it never saw, and does it beat the baseline?

Reads the candidate, the baselines and the holdout. Writes the holdout's predictions, every metric with
its interval for all, the paired differences, calibration before and after the calibrator, curves, and
whether the model is too good to be true; and draws what the search found.

Guarantee: nothing is chosen here; the baseline that is compared was the best out-of-fold. With
`evaluate.gate.action: fail` a model that does not beat it stops the pipeline.
"""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from assay import artifacts
from assay.baselines import load_baseline
from assay.checks.model import judge_model
from assay.diagnostics import CURVES, curve_tables, per_class_table
from assay.evaluation import (
    baseline_gains,
    bootstrap_of,
    judge_holdout,
    judgement_json,
)
from assay.gate import refuse_at_gate
from assay.history.identity import predictions_sha256, rows_sha256
from assay.plots.holdout import holdout_figures
from assay.plots.search import search_figures
from assay.predictions import prediction_columns
from assay.predictor import load_predictor, raw_predictions
from assay.reliability import judge_calibration
from assay.schema import ROW, schema_from_json
from assay.uncertainty.bootstrap import clusters_of
from stages._stage import Stage, run, say

STAGE = Stage(
    name="evaluate",
    sections=(
        *("task", "evaluate"),
        *("validate.max_model_score", "validate.max_importance_share", "validate.ignore"),
    ),
    reads={
        "holdout": Path("data/split/holdout.parquet"),
        "schema": Path("data/validated/schema.json"),
        "candidate": Path("models/candidate"),
        "baselines": Path("models/baseline"),
        "baseline_metrics": Path("metrics/baseline.json"),
        "train_metrics": Path("metrics/train.json"),
        "leaderboard": Path("reports/tables/leaderboard.csv"),
        "learning_curve": Path("plots/data/learning_curve.csv"),
        "importance": Path("reports/tables/oof_importance.csv"),
    },
    writes={
        "predictions": Path("data/predictions/holdout.parquet"),
        "calibration_bins": Path("reports/tables/calibration.csv"),
        "baseline_gains": Path("reports/tables/baseline_gains.csv"),
        "per_class": Path("reports/tables/per_class.csv"),
        "findings": Path("reports/tables/model_findings.json"),
        "metrics": Path("metrics/holdout.json"),
        **{name: Path(f"plots/data/{name}.csv") for name in CURVES},
        "pictures": Path("plots/evaluate"),
        # Drawn here, so that a change of style does not train again.
        "search_pictures": Path("plots/train"),
    },
)


# The baseline that stands for what people do today; its predictions are kept beside those of the best.
RULE = "rule"


def main() -> None:
    """Predict the holdout once and judge the predictions."""
    params, paths = STAGE.params(), STAGE.writes
    evaluate = params.evaluate
    holdout = artifacts.read_table(STAGE.reads["holdout"])
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    known = artifacts.read_json(STAGE.reads["baseline_metrics"])
    best = known["best"]
    features, y_true = holdout[schema.feature_names], holdout[schema.target].to_numpy()
    predictor = load_predictor(STAGE.reads["candidate"])
    raw = raw_predictions(predictor.pipeline, features)
    predicted = predictor.calibrator.apply(raw)
    baselines = {
        name: load_baseline(STAGE.reads["baselines"], name).predict(features)
        for name, values in known.items()
        if isinstance(values, dict)
    }

    clusters = clusters_of(holdout, schema.group_column)
    judgement = judge_holdout(y_true, predicted, baselines, best, params.task, evaluate, clusters)
    keys = pd.DataFrame({ROW: holdout[ROW].to_numpy(), "y_true": y_true})
    columns = [
        prediction_columns(predicted, schema),
        prediction_columns(baselines[best], schema, "baseline_"),
    ]
    if RULE in baselines:
        columns.append(prediction_columns(baselines[RULE], schema, f"{RULE}_"))
    artifacts.write_table(paths["predictions"], pd.concat([keys, *columns], axis=1))
    artifacts.write_table(paths["baseline_gains"], baseline_gains(judgement))
    per_class = per_class_table(y_true, predicted, schema, evaluate.ece_bins)
    artifacts.write_table(paths["per_class"], per_class)
    calibration = judge_calibration(
        params.task.type,
        y_true,
        raw,
        predicted,
        predictor.calibrator.to_json()["method"],
        evaluate.ece_bins,
        bootstrap_of(evaluate, params.task, predicted.size, clusters),
    )
    artifacts.write_table(paths["calibration_bins"], calibration.table())
    judged = {
        "rows_sha256": rows_sha256(holdout[list(schema.id_columns) or [ROW]], y_true),
        "predictions_sha256": predictions_sha256(predicted),
    }
    metrics = judgement_json(judgement, evaluate)
    metrics |= {"calibration": calibration.to_json(), "judged": judged}
    artifacts.write_json(paths["metrics"], metrics)
    shipped = calibration.stages["calibrated"]
    for name, table in curve_tables(y_true, predicted, schema, shipped).items():
        artifacts.write_table(paths[name], table)
    shown = {"model": predicted, f"baseline ({best})": baselines[best]}
    figures = holdout_figures(y_true, shown, calibration, schema, evaluate.confidence)
    artifacts.write_figures(paths["pictures"], figures)
    searched = search_figures(
        artifacts.read_report(STAGE.reads["leaderboard"]),
        artifacts.read_report(STAGE.reads["learning_curve"]),
        artifacts.read_json(STAGE.reads["train_metrics"]),
        evaluate.confidence,
    )
    artifacts.write_figures(paths["search_pictures"], searched)
    artifacts.write_json(paths["findings"], _findings(judgement, params))
    if judgement.interval["resamples"] < evaluate.resamples:
        say(
            f"intervals rest on {judgement.interval['resamples']:,} resamples instead of "
            f"{evaluate.resamples:,}: {predicted.size:,} predictions are many"
        )
    for name, reason in judgement.left_out.items():
        say(f"baseline {name}: not compared, {reason}")
    say(judgement.gate.sentence)
    say(calibration.stages["calibrated"].verdict)
    if not judgement.gate.passed and evaluate.gate.action == "warn":
        say("WARNING: the gate is not passed. Do not ship this model; the model card says so too.")
    refuse_at_gate(judgement.gate, evaluate.gate)


def _findings(judgement, params) -> list[dict]:
    """Judge the model by its scores and its features; tell the warnings."""
    out_of_fold = artifacts.read_json(STAGE.reads["train_metrics"])["out_of_fold"]
    findings = judge_model(
        params.task.type,
        {name: estimate.value for name, estimate in judgement.model.items()},
        {name: values["cv_mean"] for name, values in out_of_fold.items()},
        artifacts.read_report(STAGE.reads["importance"]),
        params.validate.max_model_score,
        params.validate.max_importance_share,
        params.validate.ignore,
    )
    for finding in findings:
        if finding.severity == "warning":
            say(f"warning: {finding.message} {finding.action}")
    return [asdict(finding) for finding in findings]


if __name__ == "__main__":
    run(STAGE, main)
