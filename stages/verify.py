"""Does a commit rebuild to the same bytes? Rebuilds it in a temporary clone, and compares.

    python -m stages.verify
    python -m stages.verify --rev v1.2.0
    python -m stages.verify --bundle models/runs/RUN_ID

The clone has an empty DVC cache, so every stage runs; it is removed at the end. The working copy, its
cache and its dvc.lock are not touched. Inputs that .dvc files track come from the project's cache or
remote, and their hashes are checked. Each output is compared with dvc.lock, and with Git if Git tracks
it; if any differs, the metrics are compared within 1e-6 too.

With --bundle nothing is rebuilt: one run folder is checked alone, its files and its scores.

Exit codes: 0 all identical; 14 an output differs, or the rebuild is not possible.
"""

import argparse
import os
import signal
import sys
from pathlib import Path


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.verify",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--rev",
        default="HEAD",
        help="a Git revision, a version of the model or a stage it is in; default: HEAD",
    )
    what.add_argument("--bundle", type=Path, help="a run folder to check alone")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Rebuild a commit, or check a run folder, and say what came of it."""
    chosen = parse_arguments(arguments)
    if chosen.bundle:
        _check_run_folder(chosen.bundle)
    else:
        _rebuild(chosen.rev)


def _rebuild(revision: str) -> None:
    from assay.comparison import listed
    from assay.rebuild import rebuild, uncommitted
    from assay.registry import resolve
    from stages import _pins
    from stages._stage import say

    project = Path()
    commit = resolve(revision, project)
    changed = uncommitted(project)
    # Another commit sets its own pins, if ours do not look like the user's.
    environment = {name: value for name, value in os.environ.items() if _pins.get(name) != value}
    result = rebuild(project, commit, say, environment)
    say("\n".join(["", *result.table(), ""]))
    for note in result.notes:
        say(f"note: {note}")
    if changed:
        say(f"note: what is not committed is no part of it: {listed(changed)}")
    say(result.summary())


def _check_run_folder(folder: Path) -> None:
    from assay.self_check import check_bundle

    check = check_bundle(folder)
    rows = f"{check.row_count} rows score as they did when it was packaged"
    close = f"but for differences up to {check.largest_difference:.1e}, as of another CPU"
    exactly = "to the last bit" if check.identical else close
    print(f"{check.run_id}: {check.file_count} files as packaged; {rows}, {exactly}")


if __name__ == "__main__":
    from stages._stage import exit_on_error

    # Like Ctrl-C, so that the temporary clone is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        exit_on_error(main)
    except KeyboardInterrupt:
        print("stopped; the temporary clone is removed", file=sys.stderr)
        sys.exit(130)
