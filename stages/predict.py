"""Score a file, a folder or the answer to a query with a packaged model.

    python -m stages.predict --input new.parquet --output outputs/predictions.parquet

Input: a Parquet, CSV, JSON Lines or Arrow file (.csv and .jsonl also .gz or .zst), or a folder of one
kind of them, whose folders may be named like `year=2013`, or a database (postgresql://host/name,
sqlite:///file) with --query. Rows are read, scored and written batch by
batch, whatever their number. The model is the run folder that models/registry/latest.txt names, unless
--model or --rev names another; it is checked against its manifest, and nothing in it is unpickled.

The input must have every feature of the model's input contract (schema/input_schema.json in the run
folder) and must not have the target. Numbers in texts are read, texts such as NA count as missing
numbers, categories that training did not know are tolerated; all of it is counted and said. A row with
a text where a number belongs, or a number that is infinite or beyond 3.4e38, cannot be scored: it
refuses the whole input, or is set aside in OUTPUT.rejected.parquet with its reason. Columns that the
model does not know, or that were excluded from it, are left out.

The output has one row per scored row, in the order of the input: ids, time, group and passthrough
columns (or those of --columns), then for two classes

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

It is written whole or not at all, to a file of any of these kinds or to a --table of a database, with
OUTPUT.receipt.json beside it: hashes of input, model and output, counts, and seconds. A run that is
refused leaves OUTPUT.failure.json with the reason instead, which the next success removes.

Exit codes: 0 done, 10 an option does not fit, 11 the input does not meet the contract, 12 rows cannot be
scored, 14 a file or the model is missing, corrupt or changed.
"""

import argparse
import os
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
    add = parser.add_argument
    add("--input", required=True, help="the rows to score")
    add("--output", help="where predictions go; the ending tells the format")
    model = parser.add_mutually_exclusive_group()
    model.add_argument(
        "--model", type=Path, help=f"a run folder; default: the one that {REGISTRY} names"
    )
    model.add_argument(
        "--rev", help="score with the model of this Git revision, version (v1.2.0) or stage (prod)"
    )
    add("--query", help="for an input that is a database's URL: which rows")
    add("--table", help="for an output that is a database's URL: where they go")
    add("--if-exists", choices=("fail", "append", "replace"),
        help="what to do with a table that is there (default: fail)")  # fmt: skip
    add("--bad-rows", choices=("fail", "quarantine"), default="fail",
        help="refuse the input if rows cannot be scored (default), or set them aside")  # fmt: skip
    add("--columns", metavar="A,B", help="columns of the input to carry to the output")
    add("--threshold", type=float, help="another decision threshold (two classes)")
    add(
        "--proba",
        action="store_true",
        help="the probability of each class (more than two always have theirs)",
    )
    add("--explain", type=int, metavar="K", default=0, help="the K strongest reasons of each row")
    add("--resume", action="store_true", help="go on from what a killed run has finished")
    add("--dry-run", action="store_true", help="check the input, and write nothing")
    add(
        "--workers", type=int, default=os.cpu_count(), help="batches at once (default: %(default)s)"
    )
    chosen = parser.parse_args(arguments)
    if not chosen.output and not chosen.dry_run:
        parser.error("--output is required, unless --dry-run is given")
    return chosen


def main(arguments: list[str] | None = None) -> None:
    """Score the input and say what happened to it."""
    chosen = parse_arguments(arguments)
    # Imported here so that --help answers at once.
    from assay.batch.command import run_command

    for line in run_command(chosen, REGISTRY):
        print(line)


if __name__ == "__main__":
    from stages._stage import exit_on_error

    exit_on_error(main)
    sys.exit(0)
