"""What must a model beat?

Reads the training set and its folds. Writes the baselines fitted on the whole training set, their
out-of-fold scores, and which of them is best.

Guarantee: baselines have the folds and the preprocessing of the candidates; the holdout is not read.
"""

from pathlib import Path

from assay import artifacts
from assay.baselines import build_baselines, fit_baselines
from assay.predictor import save_predictor
from assay.preprocessing import build_preprocessor
from assay.schema import schema_from_json
from assay.splits.folds import folds_from_table
from stages._stage import Stage, run, say

STAGE = Stage(
    name="baseline",
    sections=("task", "preprocess", "baseline", "calibrate", "evaluate.ece_bins"),
    reads={
        "train": Path("data/split/train.parquet"),
        "folds": Path("data/split/folds.parquet"),
        "schema": Path("data/validated/schema.json"),
    },
    writes={
        "models": Path("models/baseline"),
        "out_of_fold": Path("data/predictions/baseline_oof.parquet"),
        "metrics": Path("metrics/baseline.json"),
    },
)


def main() -> None:
    """Cross-validate and fit every baseline."""
    params = STAGE.params()
    train = artifacts.read_table(STAGE.reads["train"])
    folds = folds_from_table(artifacts.read_table(STAGE.reads["folds"]), train)
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    preprocessor = build_preprocessor(schema, params.preprocess, params.task, train)
    baselines = build_baselines(preprocessor, params.baseline, params.task)
    fitted = fit_baselines(
        train, schema, folds, baselines, params.task, params.calibrate, params.evaluate.ece_bins
    )
    with artifacts.replacing_folder(STAGE.writes["models"]) as folder:
        for name, predictor in fitted.models.items():
            save_predictor(folder / name, predictor)
    artifacts.write_table(STAGE.writes["out_of_fold"], fitted.out_of_fold)
    artifacts.write_json(STAGE.writes["metrics"], fitted.metrics)
    say(f"best baseline: {fitted.best}")


if __name__ == "__main__":
    run(STAGE, main)
