"""What did a change do? Writes the comment for a pull request, with its pictures.

Compares the working copy with another revision of the project: parameters, data, code, environment, what was
rerun, the key figures with their intervals, the paired comparison of `python -m stages.history`, and what
makes the figures doubtful. It reads what Git holds of both, so it needs no cache; it runs no stage.

It is no stage of the pipeline: its output depends on another revision. docs/review.md tells how to read it.

Exit codes: 0 written; 14 the revision is unknown, or there is no run in it or here.
"""

import argparse
from pathlib import Path


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.review",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--against",
        metavar="REV",
        default="main",
        help="a Git revision, a version of the model or a stage it is in; default: main",
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        type=Path,
        default=Path("outputs/review"),
        help="where comment.md and the pictures go; default: outputs/review",
    )
    parser.add_argument(
        "--pictures-url",
        metavar="URL",
        default="",
        help="what stands before a picture's name in the comment, or a text with {name} in its place; "
        "default: nothing, so that the pictures are found beside the comment",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Write the review."""
    chosen = parse_arguments(arguments)
    # Imported here so that --help answers at once.
    from assay.review.command import require_output, write_review
    from stages._stage import say

    output = require_output(chosen.output)
    for line in write_review(Path(), chosen.against, output, chosen.pictures_url):
        say(line)


if __name__ == "__main__":
    from stages._stage import exit_on_error

    exit_on_error(main)
