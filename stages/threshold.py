"""At which operating point do we act?

Reads the out-of-fold predictions, and the holdout's. Writes the decision, and what it does on both: a
threshold for two classes, a reject option for more, prediction intervals for numbers.

Guarantee: the decision is made on out-of-fold predictions; the holdout's only report what it does.
"""

from pathlib import Path

from assay import artifacts
from assay.decisions import TABLES, Rows, decide_task
from assay.plots.decision import decision_figures
from assay.predictions import predictions_of
from assay.schema import schema_from_json
from stages._stage import Stage, run, say

STAGE = Stage(
    name="threshold",
    sections=("task", "threshold", "evaluate.confidence"),
    reads={
        "out_of_fold": Path("data/predictions/oof.parquet"),
        "holdout": Path("data/predictions/holdout.parquet"),
        "schema": Path("data/validated/schema.json"),
    },
    writes={
        "decision": Path("models/decision.json"),
        "metrics": Path("metrics/threshold.json"),
        **{name: Path(f"plots/data/{name}.csv") for name in TABLES},
        "pictures": Path("plots/threshold"),
    },
)


def main() -> None:
    """Decide out-of-fold, then report the decision on the holdout."""
    params, paths = STAGE.params(), STAGE.writes
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    out_of_fold, holdout = (
        Rows(table["y_true"].to_numpy(), predictions_of(table, schema))
        for table in (
            artifacts.read_table(STAGE.reads["out_of_fold"]),
            artifacts.read_table(STAGE.reads["holdout"]),
        )
    )
    report = decide_task(
        schema, params.task, params.threshold, out_of_fold, holdout, params.evaluate.confidence
    )
    artifacts.write_json(paths["decision"], report.decision)
    artifacts.write_json(paths["metrics"], report.metrics)
    for name, table in report.tables.items():
        artifacts.write_table(paths[name], table)
    artifacts.write_figures(paths["pictures"], decision_figures(report))
    say(report.rationale)


if __name__ == "__main__":
    run(STAGE, main)
