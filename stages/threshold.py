"""At which operating point do we act?

Reads the out-of-fold scores, and the holdout's. Writes the decision, and what it does on both.

Guarantee: the threshold is chosen on out-of-fold scores; the holdout's only report what it does.
"""

from pathlib import Path

import pandas as pd

from assay import artifacts, plots
from assay.schema import schema_from_json
from assay.thresholds import (
    curve_points,
    decide,
    report_decision,
    rule_from_params,
    threshold_curve,
)
from stages._stage import Stage, run, say

STAGE = Stage(
    name="threshold",
    sections=("threshold",),
    reads={
        "out_of_fold": Path("data/predictions/oof.parquet"),
        "holdout": Path("data/predictions/holdout.parquet"),
        "schema": Path("data/validated/schema.json"),
    },
    writes={
        "decision": Path("models/decision.json"),
        "metrics": Path("metrics/threshold.json"),
        "curve": Path("plots/data/threshold.csv"),
        "confusion": Path("plots/data/confusion.csv"),
        "curve_png": Path("plots/threshold.png"),
        "confusion_png": Path("plots/confusion.png"),
    },
)


def main() -> None:
    """Choose the threshold out-of-fold, then report it on the holdout."""
    params, paths = STAGE.params(), STAGE.writes
    out_of_fold = artifacts.read_table(STAGE.reads["out_of_fold"])
    holdout = artifacts.read_table(STAGE.reads["holdout"])
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    rule = rule_from_params(params.threshold)
    y_true, y_score = out_of_fold["y_true"].to_numpy(), out_of_fold["y_score"].to_numpy()

    decision = decide(y_true, y_score, rule, schema.unit, schema.labels)
    judged, judged_score = holdout["y_true"].to_numpy(), holdout["y_score"].to_numpy()
    report = report_decision(decision, judged, judged_score, rule.costs)
    artifacts.write_json(paths["decision"], decision.to_json())
    artifacts.write_json(paths["metrics"], report.to_json())

    curve = threshold_curve(y_true, y_score, rule.costs)
    artifacts.write_table(paths["curve"], pd.DataFrame(vars(curve_points(curve, 200))))
    artifacts.write_table(paths["confusion"], report.labelled(schema.labels))
    figure = plots.threshold_figure(curve, decision.threshold, len(y_true))
    artifacts.write_figure(paths["curve_png"], figure)
    figure = plots.confusion_figure(report.holdout, schema.labels)
    artifacts.write_figure(paths["confusion_png"], figure)
    say(decision.rationale)


if __name__ == "__main__":
    run(STAGE, main)
