"""Score a file with a packaged model.

    python -m stages.predict --input new.parquet --output outputs/predictions.parquet

Input and output are Parquet or CSV, told apart by the ending of the name. The model is the run folder
that models/registry/latest.txt names, unless --model names another; it is checked against its
manifest, and nothing in it is unpickled.

The input must have every feature of the model's input contract (schema/input_schema.json in the run
folder) and must not have the target. Numbers in texts are read; what cannot be read counts as missing;
categories that training did not know are tolerated; all of it is counted and said. Columns that the
model does not know, or that were excluded from it, are left out.

The output has one row per input row, in the same order: ids, time, group and passthrough columns, then
for two classes

    score        probability of the positive class, calibrated
    prediction   the label at the decision threshold
    threshold    that threshold

for more classes

    prediction          the most probable class; empty below the confidence that the decision asks for
    confidence          its probability, calibrated
    probability_LABEL   the probability of each class

and for numbers

    prediction                          the expected number
    prediction_low, prediction_high     the interval that is to hold the wanted share of outcomes

It is written whole or not at all. Exit codes: 0 done, 11 the input does not meet the contract, 14 a
file or the model is missing, corrupt or changed.
"""

import argparse
import sys
from pathlib import Path

REGISTRY = Path("models/registry/latest.txt")


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.predict",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--input", type=Path, required=True, help="the rows to score")
    parser.add_argument("--output", type=Path, required=True, help="where predictions go")
    parser.add_argument(
        "--model", type=Path, help=f"a run folder; default: the one that {REGISTRY} names"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Score the input and say what happened to it."""
    chosen = parse_arguments(arguments)
    # Imported here so that --help answers at once.
    from assay.bundle import latest_bundle
    from assay.decisions import outcome_counts
    from assay.errors import counted
    from assay.scoring import load_bundle, score_file

    folder = chosen.model or latest_bundle(REGISTRY)
    bundle = load_bundle(folder)
    scored = score_file(bundle, chosen.input, chosen.output)
    rows = len(scored.predictions)
    for note in scored.accepted.notes:
        print(f"note: {note}")
    for name, count in scored.accepted.unknown_categories.items():
        print(f"note: {name}: a category that training did not know in {counted(count, 'row')}")
    print(
        f"{counted(rows, 'row')} scored by {folder.name}: "
        f"{outcome_counts(bundle.decision, scored.predictions)}; written to {chosen.output}"
    )


if __name__ == "__main__":
    from stages._stage import exit_on_error

    exit_on_error(main)
    sys.exit(0)
