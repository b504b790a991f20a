"""Which pipeline is best on the folds?

Reads the training set and its folds. Writes the chosen pipeline fitted on the whole training set, its
calibrator, its out-of-fold scores, and everything that was tried.

Guarantee: model, hyper-parameters and calibrator are chosen on out-of-fold scores; the holdout is not
read. A candidate that failed is on the leaderboard with its reason.
"""

from pathlib import Path

from assay import artifacts
from assay.metrics import primary_metric
from assay.predictor import save_predictor
from assay.preprocessing import build_preprocessor
from assay.schema import schema_from_json
from assay.search.candidate import train_candidate
from assay.search.engine import SearchProblem
from assay.splits.folds import folds_from_table
from stages._stage import Stage, run, say

STAGE = Stage(
    name="train",
    sections=("task", "preprocess", "train", "calibrate", "evaluate.ece_bins"),
    reads={
        "train": Path("data/split/train.parquet"),
        "folds": Path("data/split/folds.parquet"),
        "schema": Path("data/validated/schema.json"),
    },
    writes={
        "candidate": Path("models/candidate"),
        "out_of_fold": Path("data/predictions/oof.parquet"),
        "leaderboard": Path("reports/tables/leaderboard.csv"),
        "tuning": Path("reports/tables/tuning.csv"),
        "metrics": Path("metrics/train.json"),
    },
)


def main() -> None:
    """Search, calibrate, and fit the candidate."""
    params = STAGE.params()
    train = artifacts.read_table(STAGE.reads["train"])
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    problem = SearchProblem(
        features=train[schema.feature_names],
        y_true=train[schema.target].to_numpy(),
        folds=folds_from_table(artifacts.read_table(STAGE.reads["folds"]), train),
        preprocessor=build_preprocessor(schema, params.preprocess),
        metric=primary_metric(params.task.primary_metric),
        seed=params.task.seed,
        n_jobs=params.train.n_jobs,
    )
    trained = train_candidate(
        problem, train, params.train, params.calibrate, params.evaluate.ece_bins, say
    )
    with artifacts.replacing_folder(STAGE.writes["candidate"]) as folder:
        save_predictor(folder, trained.predictor)
    artifacts.write_table(STAGE.writes["out_of_fold"], trained.out_of_fold)
    artifacts.write_table(STAGE.writes["leaderboard"], trained.search.leaderboard)
    artifacts.write_table(STAGE.writes["tuning"], trained.search.tuning)
    artifacts.write_json(STAGE.writes["metrics"], trained.metrics)


if __name__ == "__main__":
    run(STAGE, main)
