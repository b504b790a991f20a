"""Which signals drive the model, and where is it weak?

Reads the candidate and the holdout. Writes permutation importance with intervals, SHAP values of a
sample, and the model's quality on slices.

Guarantee: everything is in the user's features, and nothing here feeds back into a choice.
"""

from pathlib import Path

from assay import artifacts, plots
from assay.interpretation import interpret_model, interpretation_json
from assay.metrics import primary_metric
from assay.predictor import load_predictor
from assay.schema import ROW, schema_from_json
from assay.uncertainty import Bootstrap
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
        "importance_png": Path("plots/importance.png"),
        "shap_bar_png": Path("plots/shap_bar.png"),
        "shap_beeswarm_png": Path("plots/shap_beeswarm.png"),
        "shap_dependence_png": Path("plots/shap_dependence.png"),
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
    artifacts.write_table(paths["importance_data"], found.importance[["feature", "importance"]])
    shap_means = found.explanation.mean_absolute()
    artifacts.write_table(
        paths["shap_data"], shap_means.rename("mean_abs_shap").rename_axis("feature").reset_index()
    )
    _write_pictures(found, shap_means, len(holdout), params)
    say(f"the top feature is {found.importance['feature'][0]}")


def _write_pictures(found, shap_means, rows, params) -> None:
    paths, explained = STAGE.writes, found.explanation
    metric = primary_metric(params.task.primary_metric).name
    order = list(shap_means.index)
    pictures = {
        "importance_png": plots.importance_figure(found.importance, metric, rows),
        "shap_bar_png": plots.shap_bar_figure(shap_means, explained.output, len(explained.values)),
        "shap_beeswarm_png": plots.shap_beeswarm_figure(
            explained.values, explained.features, order, explained.output
        ),
        "shap_dependence_png": plots.shap_dependence_figure(
            explained.values,
            explained.features,
            order[: params.interpret.dependence_feature_count],
            explained.output,
        ),
    }
    for name, figure in pictures.items():
        artifacts.write_figure(paths[name], figure)


if __name__ == "__main__":
    run(STAGE, main)
