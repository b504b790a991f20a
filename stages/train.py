"""Which pipeline is best on the folds?

Reads the training set and its folds. Writes the chosen pipeline fitted on the whole training set, its
calibrator, its out-of-fold predictions, what it loses without each feature, what more rows would
bring it, and everything that was tried. What each model takes to fit and to score, by this machine's
clock, goes to `reports/timings/`.

Guarantee: model, hyper-parameters and calibrator are chosen on out-of-fold predictions; the holdout
is not read. A candidate that failed is on the leaderboard with its reason.
"""

from pathlib import Path

from assay import artifacts
from assay.checks.importance import fold_importance
from assay.predictor import save_predictor
from assay.schema import schema_from_json
from assay.search.board import timings_table
from assay.search.candidate import pose_problem, train_candidate
from assay.search.learning_gain import chart_learning
from assay.splits.folds import folds_from_table
from stages._stage import TIMINGS, Stage, run, say

STAGE = Stage(
    name="train",
    sections=(
        "task",
        "preprocess",
        "train",
        "calibrate",
        "evaluate.ece_bins",
        "evaluate.confidence",
    ),
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
        "importance": Path("reports/tables/oof_importance.csv"),
        "learning_by_fold": Path("reports/tables/learning_curve.csv"),
        "learning_curve": Path("plots/data/learning_curve.csv"),
        "metrics": Path("metrics/train.json"),
    },
)


def main() -> None:
    """Search, calibrate, and fit the candidate."""
    params = STAGE.params()
    train = artifacts.read_table(STAGE.reads["train"])
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    folds = folds_from_table(artifacts.read_table(STAGE.reads["folds"]), train)
    problem = pose_problem(
        train,
        schema,
        folds,
        params.task,
        params.preprocess,
        params.train,
        params.evaluate.confidence,
    )
    trained = train_candidate(
        problem, train, schema, params.train, params.calibrate, params.evaluate.ece_bins, say
    )
    curve, learned = chart_learning(
        problem, trained.search, params.train.learning_curve_points, say
    )
    importance = fold_importance(
        problem.recipe(trained.search.estimator),
        problem.features,
        problem.y_true,
        folds,
        problem.metric,
        params.task.seed,
    )
    with artifacts.replacing_folder(STAGE.writes["candidate"]) as folder:
        save_predictor(folder, trained.predictor)
    artifacts.write_table(STAGE.writes["out_of_fold"], trained.out_of_fold)
    artifacts.write_table(STAGE.writes["leaderboard"], trained.search.leaderboard)
    artifacts.write_table(STAGE.writes["tuning"], trained.search.tuning)
    artifacts.write_table(STAGE.writes["importance"], importance)
    artifacts.write_table(STAGE.writes["learning_by_fold"], curve.by_fold)
    artifacts.write_table(STAGE.writes["learning_curve"], curve.means())
    metrics = trained.metrics | {"learning_curve": learned}
    artifacts.write_json(STAGE.writes["metrics"], metrics)
    # By this machine's clock, so no output of the stage.
    artifacts.write_table(TIMINGS / "leaderboard.csv", timings_table(trained.search.board))


if __name__ == "__main__":
    run(STAGE, main)
