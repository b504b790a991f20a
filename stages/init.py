"""Which params suit a table? Looks at it, and proposes a complete params.yaml with its reasons.

    python -m stages.init --table my.parquet
    python -m stages.init --table orders.csv --target returned --dry-run

It guesses the target, the task, keys, times, entities, what no model should see, the split, the metric
and the limits, and writes beside each guess why. Nothing is trained. A column of dates as texts, or a
name that sounds like the outcome, is mentioned, and left to you.

A CSV file is written to data/processed/ as Parquet with types; a Parquet file from elsewhere is copied
there; one inside the project stays where it is. No file is overwritten without --force, and the table
that you name is never changed. What `validate` or `split` would stop at, and no params can mend, is
told; the params are written all the same, with exit code 0.

Exit codes: 0 done; 10 an option does not fit, or a file would be overwritten; 11 a column is not there;
12 the table has no rows, or nothing in it can be a target; 14 the file is missing or no table.
"""

import argparse
import sys


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.init",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--table", required=True, help="a Parquet or CSV file; one row per decision")
    add("--target", help="the column to predict (default: guessed)")
    add("--task", choices=("binary", "multiclass", "regression"), help="default: by the target")
    add("--time", metavar="COLUMN", help="when a row's decision is made, or none")
    add("--group", metavar="COLUMN", help="the entity that several rows share, or none")
    add("--ids", metavar="A,B", help="columns that name a row together, or none")
    add("--unit", help="what one row is, in one word (default: from the file's name, or row)")
    add("--output", default="params.yaml", help="the file to write (default: %(default)s)")
    add("--force", action="store_true", help="overwrite what is there")
    add("--dry-run", action="store_true", help="show what would be written, and write nothing")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Propose params for a table, and say what was guessed."""
    chosen = parse_arguments(arguments)
    # Imported here so that --help answers at once.
    from assay.proposal.command import run_command
    from stages._stage import say

    for line in run_command(chosen):
        say(line)


if __name__ == "__main__":
    from stages._stage import exit_on_error

    exit_on_error(main)
    sys.exit(0)
