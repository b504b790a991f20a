"""At which operating point do we act?

Reads the out-of-fold predictions of the model and the baselines, the holdout's, and of the table the
groups, the columns that are costs, and what the rule of today needs. Writes the decision, what it does
on both, and what it is worth: a threshold for two classes, a reject option for more, prediction
intervals for numbers.

Guarantee: the decision is made on out-of-fold predictions; the holdout's only report what it does.
"""

from pathlib import Path

import pandas as pd

from assay import artifacts
from assay.costs import number_costs, row_costs
from assay.decisions.decide import decide_task
from assay.decisions.rows import REPORTS, TABLES, Resampling, Rows
from assay.plots.decision import decision_figures
from assay.predictions import predictions_of
from assay.rules import rule_holds
from assay.schema import ROW, Schema, schema_from_json
from assay.uncertainty.bootstrap import clusters_of
from stages._stage import Stage, run, say

STAGE = Stage(
    name="threshold",
    sections=(
        *("task", "baseline.rule", "threshold"),
        *("evaluate.resamples", "evaluate.confidence", "evaluate.interval"),
    ),
    reads={
        "out_of_fold": Path("data/predictions/oof.parquet"),
        "baseline_out_of_fold": Path("data/predictions/baseline_oof.parquet"),
        "baseline_metrics": Path("metrics/baseline.json"),
        "holdout": Path("data/predictions/holdout.parquet"),
        "table": Path("data/validated/table.parquet"),
        "schema": Path("data/validated/schema.json"),
    },
    writes={
        "decision": Path("models/decision.json"),
        "metrics": Path("metrics/threshold.json"),
        **{f"plots/{name}": Path(f"plots/data/{name}.csv") for name in TABLES},
        **{f"tables/{name}": Path(f"reports/tables/{name}.csv") for name in REPORTS},
        "pictures": Path("plots/threshold"),
    },
)


def main() -> None:
    """Decide out-of-fold, then report the decision on the holdout."""
    params, paths = STAGE.params(), STAGE.writes
    evaluate = params.evaluate
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    table = artifacts.read_table(STAGE.reads["table"]).set_index(ROW)
    best = artifacts.read_json(STAGE.reads["baseline_metrics"])["best"]
    out_of_fold = artifacts.read_table(STAGE.reads["out_of_fold"])
    # Both have the rows that a fold validates, in the order of the training set.
    baselines = artifacts.read_table(STAGE.reads["baseline_out_of_fold"])
    holdout = artifacts.read_table(STAGE.reads["holdout"])
    report = decide_task(
        schema,
        params.task,
        params.threshold,
        _rows(out_of_fold, predictions_of(baselines, schema, f"{best}_"), table, schema, params),
        _rows(holdout, predictions_of(holdout, schema, "baseline_"), table, schema, params),
        Resampling(evaluate.resamples, evaluate.confidence, params.task.seed, evaluate.interval),
        best,
    )
    artifacts.write_json(paths["decision"], report.decision)
    artifacts.write_json(paths["metrics"], report.metrics)
    for name, data in report.tables.items():
        artifacts.write_table(paths[f"plots/{name}"], data)
    for name, rows in report.reports.items():
        artifacts.write_table(paths[f"tables/{name}"], rows)
    artifacts.write_figures(paths["pictures"], decision_figures(report))
    say(report.rationale)
    for warning in report.warnings.values():
        say(f"warning: {warning}")


def _rows(predicted: pd.DataFrame, baseline, table: pd.DataFrame, schema: Schema, params) -> Rows:
    """Return predictions with what the table says of their rows."""
    known = table.loc[predicted[ROW].to_numpy()]
    costs, rule = params.threshold.costs, params.baseline.rule
    is_binary, is_number = schema.task == "binary", schema.task == "regression"
    return Rows(
        predicted["y_true"].to_numpy(),
        predictions_of(predicted, schema),
        baseline,
        row_costs(costs, known) if is_binary else None,
        number_costs(costs, known) if is_number else None,
        rule_holds(known[schema.feature_names], rule) if is_binary and rule else None,
        clusters_of(known, schema.group_column),
    )


if __name__ == "__main__":
    run(STAGE, main)
