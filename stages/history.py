"""How often was this holdout asked, and is the model better than the one before it?

    python -m stages.history
    python -m stages.history --against prod
    python -m stages.history --check

Reads what Git and DVC hold: the commits of all branches and tags, DVC's experiments, and the run cache,
where runs are that nobody committed. Writes reports/history/ledger.csv, the list of models that were
judged on each holdout, and reports/history/comparison.json, this model against the one that the branch
shipped before it (or against a version, a stage or any revision), on the holdout rows of both, which
neither has trained on. Both files belong in Git; `package` puts them on the model card.

It is no stage of the pipeline, because a rebuild of a commit must not depend on what happened elsewhere.

Exit codes: 0 done; 1 with --check, if Git holds a model that the ledger does not; 14 the pipeline has not
run, the run that was asked for cannot be compared, or --check cannot see the whole history.
"""

import argparse
import sys
from pathlib import Path


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.history",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--against",
        metavar="REV",
        help="a Git revision, a version of the model or a stage it is in; default: the latest commit "
        "of this branch with another model",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; say whether the ledger is complete"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Record the history, or check that it is recorded."""
    chosen = parse_arguments(arguments)
    # Imported here so that --help answers at once.
    from assay.history.command import LEDGER, record, unrecorded
    from stages._stage import say

    if not chosen.check:
        for line in record(Path(), chosen.against):
            say(line)
        return
    missing = unrecorded(Path())
    if missing:
        say("\n".join([f"{LEDGER} does not have:", *missing]))
        say("Run `python -m stages.history`, then `dvc repro`, and commit both.")
        sys.exit(1)
    say(f"{LEDGER} has every model that Git holds.")


if __name__ == "__main__":
    from stages._stage import exit_on_error

    exit_on_error(main)
