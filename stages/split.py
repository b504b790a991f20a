"""What may the model see, and what judges it?

Reads the validated table. Writes the training set, the holdout and the fold of each training row, and
the readiness page: what was found in the table, and the proof of the split.

Guarantee: what `split.strategy` promises is counted from the rows and stands in `metrics/split.json`;
a split that breaks its promise, or whose holdout repeats training rows, stops here. Split by time,
every row that trains is earlier than every row that it is judged by; split by group, no group stands
on both sides.
"""

from pathlib import Path

from assay import artifacts
from assay.checks.split import prove_split, refuse_unfair_split
from assay.report.readiness import readiness_page
from assay.schema import schema_from_json
from assay.splits.folds import folds_table
from assay.splits.split import split_table
from stages._stage import Stage, run, say

STAGE = Stage(
    name="split",
    sections=("split", "task.seed", "validate.ignore"),
    reads={
        "table": Path("data/validated/table.parquet"),
        "schema": Path("data/validated/schema.json"),
        "findings": Path("data/validated/findings.json"),
    },
    writes={
        "train": Path("data/split/train.parquet"),
        "holdout": Path("data/split/holdout.parquet"),
        "folds": Path("data/split/folds.parquet"),
        "metrics": Path("metrics/split.json"),
        "readiness": Path("reports/readiness.md"),
        "findings": Path("reports/tables/split_findings.json"),
    },
)


def main() -> None:
    """Split the table and prove the split."""
    params = STAGE.params()
    table = artifacts.read_table(STAGE.reads["table"])
    schema = schema_from_json(artifacts.read_json(STAGE.reads["schema"]))
    found = artifacts.read_json(STAGE.reads["findings"])
    # The table's checks can be read also where no split can be made.
    artifacts.write_text(STAGE.writes["readiness"], readiness_page(found))
    split = split_table(table, schema, params.split)
    proof = prove_split(
        split, table, schema, params.split, params.task.seed, params.validate.ignore
    )
    artifacts.write_text(STAGE.writes["readiness"], readiness_page(found, proof.to_json()))
    refuse_unfair_split(proof)
    train, holdout = table.iloc[split.train], table.iloc[split.holdout]
    artifacts.write_table(STAGE.writes["train"], train)
    artifacts.write_table(STAGE.writes["holdout"], holdout)
    artifacts.write_table(STAGE.writes["folds"], folds_table(train, split.folds))
    artifacts.write_json(STAGE.writes["metrics"], proof.metrics)
    artifacts.write_json(STAGE.writes["findings"], proof.to_json()["findings"])
    for finding in proof.findings:
        if finding.severity == "warning":
            say(f"warning: {finding.message} {finding.action}")
    say(
        f"{len(train):,} training rows, {len(holdout):,} holdout rows; "
        f"see {STAGE.writes['readiness']}"
    )


if __name__ == "__main__":
    run(STAGE, main)
