"""At which operating point do we act?

Reads the out-of-fold predictions of the model and the baselines, the holdout's, and of the table the
groups, the columns that are costs, the sensitive ones, and what the rule of today needs. Writes the
decision, what it does on both, what it is worth, and for whom it works: a threshold for two classes, a
reject option for more, prediction intervals for numbers.

Guarantee: the decision is made on out-of-fold predictions; the holdout's only report what it does.
"""

from pathlib import Path

import pandas as pd

from assay import artifacts
from assay.costs import number_costs, row_costs
from assay.decisions.decide import decide_task
from assay.decisions.rows import REPORTS, TABLES, Resampling, Rows
from assay.fairness.assess import assess_fairness, fairness_json, plot_table
from assay.plots.decision import decision_figures
from assay.plots.fairness import fairness_figures
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
        *("evaluate.sensitive_columns", "evaluate.sensitive_min_rows"),
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
        "fairness": Path("metrics/fairness.json"),
        "fairness_table": Path("reports/tables/fairness.csv"),
        "parity": Path("reports/tables/parity.csv"),
        "proxies": Path("reports/tables/proxies.csv"),
        "fairness_data": Path("plots/data/fairness.csv"),
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
    judging = _rows(holdout, predictions_of(holdout, schema, "baseline_"), table, schema, params)
    resampling = Resampling(
        evaluate.resamples, evaluate.confidence, params.task.seed, evaluate.interval
    )
    report = decide_task(
        schema,
        params.task,
        params.threshold,
        _rows(out_of_fold, predictions_of(baselines, schema, f"{best}_"), table, schema, params),
        judging,
        resampling,
        best,
    )
    fairness = assess_fairness(
        schema,
        report.decision,
        judging,
        table.loc[holdout[ROW].to_numpy()],
        table.drop(index=holdout[ROW].to_numpy()),
        evaluate.sensitive_columns,
        evaluate.sensitive_min_rows,
        resampling.of(judging),
    )
    artifacts.write_json(paths["decision"], report.decision)
    artifacts.write_json(paths["metrics"], report.metrics)
    for name, data in report.tables.items():
        artifacts.write_table(paths[f"plots/{name}"], data)
    for name, rows in report.reports.items():
        artifacts.write_table(paths[f"tables/{name}"], rows)
    artifacts.write_json(paths["fairness"], fairness_json(fairness))
    artifacts.write_table(paths["fairness_table"], fairness.table)
    artifacts.write_table(paths["parity"], fairness.parity)
    artifacts.write_table(paths["proxies"], fairness.proxies)
    artifacts.write_table(paths["fairness_data"], plot_table(fairness))
    figures = {**decision_figures(report), **fairness_figures(fairness)}
    artifacts.write_figures(paths["pictures"], figures)
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
