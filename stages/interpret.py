"""Which signals drive the model, and where is it weak?

Reads the candidate and the holdout. Writes permutation importance with intervals, SHAP values of a
sample, and the model's quality on slices.

Guarantee: everything is in the user's features, and nothing here feeds back into a choice.
"""

from pathlib import Path

from assay import artifacts
from assay.errors import shown
from assay.interpretation.interpret import interpret_model, interpretation_json, plot_tables
from assay.plots.explanation import explanation_figures
from assay.predictor import load_predictor
from assay.schema import ROW, schema_from_json
from assay.uncertainty.bootstrap import Bootstrap
from stages._stage import Stage, run, say

STAGE = Stage(
    name="interpret",
    sections=("task", "interpret"),
    reads={
        "holdout": Path("data/split/holdout.parquet"),
        "schema": Path("data/validated/schema.json"),
        "candidate": Path("models/candidate"),
    },
    writes={
        "importance": Path("reports/tables/importance.csv"),
        "slices": Path("reports/tables/slices.csv"),
        "shap_values": Path("reports/tables/shap_values.parquet"),
        "metrics": Path("metrics/interpret.json"),
        "importance_data": Path("plots/data/importance.csv"),
        "shap_data": Path("plots/data/shap.csv"),
        "pictures": Path("plots/interpret"),
    },
)


def main() -> None:
    """Explain the candidate on the holdout."""
    params, paths = STAGE.params(), STAGE.writes
    holdout = artifacts.read_table(STAGE.reads["holdout"])
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    predictor = load_predictor(STAGE.reads["candidate"])
    bootstrap = Bootstrap(params.interpret.resamples, params.interpret.confidence, params.task.seed)
    found = interpret_model(predictor, schema, holdout, params.interpret, params.task, bootstrap)

    artifacts.write_table(paths["importance"], found.importance)
    artifacts.write_table(paths["slices"], found.slices)
    shap_values = found.explanation.values.copy()
    shap_values.insert(0, ROW, holdout[ROW].to_numpy()[found.explanation.positions])
    artifacts.write_table(paths["shap_values"], shap_values)
    artifacts.write_json(paths["metrics"], interpretation_json(found))
    for name, table in plot_tables(found).items():
        artifacts.write_table(paths[f"{name}_data"], table)
    figures = explanation_figures(found, len(holdout), params.task, params.interpret)
    artifacts.write_figures(paths["pictures"], figures)
    say(f"the top feature is {shown(found.importance['feature'][0])}")


if __name__ == "__main__":
    run(STAGE, main)
