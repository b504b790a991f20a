"""What may the model see, and what judges it?

Reads the validated table. Writes the training set, the holdout and the fold of each training row.

Guarantee: every training row is earlier than every holdout row, and every row that trains a fold is
earlier than every row that the fold validates; `metrics/split.json` has the proof.
"""

from pathlib import Path

from assay import artifacts
from assay.schema import schema_from_json
from assay.splits import folds_table, split_summary, split_table
from stages._stage import Stage, run, say

STAGE = Stage(
    name="split",
    sections=("split",),
    reads={
        "table": Path("data/validated/table.parquet"),
        "schema": Path("data/validated/schema.json"),
    },
    writes={
        "train": Path("data/split/train.parquet"),
        "holdout": Path("data/split/holdout.parquet"),
        "folds": Path("data/split/folds.parquet"),
        "metrics": Path("metrics/split.json"),
    },
)


def main() -> None:
    """Split the table and prove the split."""
    params = STAGE.params()
    table = artifacts.read_table(STAGE.reads["table"])
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    split = split_table(table, schema, params.split)
    train, holdout = table.iloc[split.train], table.iloc[split.holdout]
    artifacts.write_table(STAGE.writes["train"], train)
    artifacts.write_table(STAGE.writes["holdout"], holdout)
    artifacts.write_table(STAGE.writes["folds"], folds_table(train, split.folds))
    artifacts.write_json(STAGE.writes["metrics"], split_summary(split, table, schema))
    say(f"{len(train):,} training rows, {len(holdout):,} holdout rows")


if __name__ == "__main__":
    run(STAGE, main)
