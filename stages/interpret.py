"""Which signals drive the model, and where and why does it fail?

Reads the candidate, the holdout, and the training set with its out-of-fold predictions. Writes
importance and SHAP values, the model's quality on slices, and the rows that it predicts worst.

Guarantee: everything is in the user's features, and nothing here feeds back into a choice.
"""

from pathlib import Path

from assay import artifacts
from assay.errors import shown
from assay.evidence import gather_evidence
from assay.interpretation.interpret import interpret_model, interpretation_json, plot_tables
from assay.plots.explanation import explanation_figures
from assay.predictor import load_predictor
from assay.schema import ROW, schema_from_json
from assay.slices.table import error_slices
from assay.slices.worst import worst_cases
from stages._stage import Stage, run, say

STAGE = Stage(
    name="interpret",
    sections=("task", "interpret"),
    reads={
        "holdout": Path("data/split/holdout.parquet"),
        "train": Path("data/split/train.parquet"),
        "out_of_fold": Path("data/predictions/oof.parquet"),
        "schema": Path("data/validated/schema.json"),
        "candidate": Path("models/candidate"),
    },
    writes={
        "importance": Path("reports/tables/importance.csv"),
        "slices": Path("reports/tables/slices.csv"),
        "worst_cases": Path("reports/tables/worst_cases.csv"),
        "shap_values": Path("reports/tables/shap_values.parquet"),
        "metrics": Path("metrics/interpret.json"),
        "importance_data": Path("plots/data/importance.csv"),
        "shap_data": Path("plots/data/shap.csv"),
        "pictures": Path("plots/interpret"),
    },
)


def main() -> None:
    """Examine the candidate on the holdout."""
    params, paths = STAGE.params(), STAGE.writes
    evidence = gather_evidence(
        load_predictor(STAGE.reads["candidate"]),
        schema_from_json(artifacts.read_json(STAGE.reads["schema"])),
        *(artifacts.read_table(STAGE.reads[name]) for name in ("holdout", "train", "out_of_fold")),
        params.interpret,
        params.task,
    )
    found = interpret_model(evidence)
    schema = evidence.schema
    numeric = [name for name in found.importance["feature"] if name in schema.names_of("numeric")]
    slices = error_slices(
        evidence, schema.names_of("categorical"), numeric[: params.interpret.slice_numeric_count]
    )

    artifacts.write_table(paths["importance"], found.importance)
    artifacts.write_table(paths["slices"], slices)
    artifacts.write_table(paths["worst_cases"], worst_cases(evidence))
    shap_values = found.explanation.values.copy()
    rows = evidence.holdout.rows[ROW].to_numpy()[found.explanation.positions]
    shap_values.insert(0, ROW, rows)
    artifacts.write_table(paths["shap_values"], shap_values)
    artifacts.write_json(
        paths["metrics"], interpretation_json(found) | {"slice_count": len(slices)}
    )
    for name, table in plot_tables(found).items():
        artifacts.write_table(paths[f"{name}_data"], table)
    figures = explanation_figures(found, len(evidence.holdout), params.task, params.interpret)
    artifacts.write_figures(paths["pictures"], figures)
    say(f"the top feature is {shown(found.importance['feature'][0])}")


if __name__ == "__main__":
    run(STAGE, main)
