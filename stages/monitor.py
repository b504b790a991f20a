"""Does a model still hold? Compares a batch of rows with what the model was made of, and judges it.

    python -m stages.monitor --input july.parquet
    python -m stages.monitor --input july.parquet --labels late
    python -m stages.monitor --input july.parquet --labels-file outcomes.csv --receipts outputs/july/
    python -m stages.monitor --since 2026-01-01 --window 12

The batch is what `python -m stages.predict` scores: a Parquet, CSV, JSON Lines or Arrow file, a folder of
one kind of them, or a database with --query. It is scored again here, block by block, in memory that
does not grow with its rows; nothing in the batch is changed. The model is the run folder that
models/registry/latest.txt names, unless --model or --rev names another; its monitoring/baseline.json is
what batches are compared with, and its params' section `monitor` has the limits.

Outcomes are a column of the batch (--labels) or a table with the model's id columns and its target
(--labels-file), of some rows or of all; without them performance is estimated from predictions, and said
to be so. Columns of times and groups, where the batch has them, tell how many rows are independent.
Receipts and failures that `predict` left (--receipts) tell how the jobs went.

A difference raises something only where it is larger than its limit, and beyond chance over all that was
asked; docs/monitoring.md tells how both are found. Rows that cannot be scored are counted, and more of
them than `max_rejected_rate` are an alarm. A batch of fewer rows than `min_rows` is told, not judged.

Written to --output (default: reports/monitoring): NAME.json with all that was found, NAME.html and
NAME.md to be read, and a row in history.parquet, over which slow drift is looked for. NAME is the
input's name without its ending, unless --name gives one. The same batch again takes its own place.
Files of a batch are written all or none. A batch that is refused leaves NAME.failure.json with the reason
in the place of its pages, which the next success removes; its row in the history stays.

Without --input, with --since or --window: only the trend of the batches in history.parquet, of the same
model; nothing is written.

Exit codes: 0 fine, or too few rows to judge; 20 a warning; 21 an alarm; 10 an option does not fit; 11
columns of the batch or of its outcomes are not those of the model, or receipts are of another; 12 no row
can be scored, or outcomes are of other rows, of no class of the model, or contradict themselves; 14 a file
or the model is missing, corrupt, changed or of an earlier Assay.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

REGISTRY = Path("models/registry/latest.txt")
OUTPUT = Path("reports/monitoring")


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.monitor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--input", help="the batch: a file, a folder, or a database's URL")
    add("--query", help="for an input that is a database's URL: which rows")
    add("--labels", metavar="COLUMN", help="the column of the batch that has outcomes")
    add("--labels-file", metavar="FILE", type=Path,
        help="a table with the model's id columns and its target")  # fmt: skip
    model = parser.add_mutually_exclusive_group()
    model.add_argument(
        "--model", type=Path, help=f"a run folder; default: the one that {REGISTRY} names"
    )
    model.add_argument(
        "--rev", help="the model of this Git revision, version (v1.2.0) or stage (prod)"
    )
    add("--receipts", metavar="PATH", type=Path,
        help="a receipt of predict, or a folder of its outputs, with *.receipt.json and *.failure.json")  # fmt: skip
    add("--output", metavar="FOLDER", type=Path, default=OUTPUT,
        help="where pages and history go (default: %(default)s)")  # fmt: skip
    add("--name", help="what files of the batch are called (default: as the input)")
    add("--since", metavar="DATE", help="leave batches before it out of the trend, as 2026-01-31")
    add("--window", metavar="N", type=int,
        help="the latest batches that slow drift is looked for in (default: as the model's params)")  # fmt: skip
    add("--no-history", action="store_true", help="do not add the batch to history.parquet")
    add("--workers", type=int, default=os.cpu_count(), help="blocks at once (default: %(default)s)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Judge the batch, write its pages, say what was found; return the exit code."""
    chosen = parse_arguments(arguments)
    # Imported here so that --help answers at once.
    from assay.monitoring.command import run_command
    from assay.report.monitoring.report import monitoring_page
    from assay.report.monitoring.summary import monitoring_markdown

    pages = {"html": monitoring_page, "md": monitoring_markdown}
    done = run_command(chosen, REGISTRY, pages)
    # Names may have dots of their own.
    page = [f"page: {chosen.output / f'{done.name}.html'}"] if done.result is not None else []
    tell([*done.lines, *page])
    return done.exit_code


def tell(lines: Iterable[str]) -> None:
    """Print lines, as far as somebody reads them."""
    from stages._stage import say

    try:
        for line in lines:
            say(line)
    except BrokenPipeError:
        # As of `head`. Python would write what is left once more at its end, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    from stages._stage import exit_on_error

    exit_on_error(lambda: sys.exit(main()))
