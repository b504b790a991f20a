"""What cases of files to score have in common: good rows to spoil, and the way through `predict`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conftest import inside, make_table
from corpus import Case, assert_refused

from stages import predict

# Of 40 rows, in the order of a file.
ROWS = make_table(40, seed=5).drop(columns=["outcome", "aftermath"])


@dataclass(frozen=True)
class FileCase(Case):
    """A bad file to score; `build` makes it at the path that it is given.

    Attributes
    ----------
    file : str
        Its name.
    aside : dict or None
        Where its other rows can be scored: the rows that are set aside, by reason.
    """

    file: str = "new.csv"
    aside: Mapping[str, int] | None = None


def run_folder(finished: Path) -> Path:
    return finished / (finished / "models/registry/latest.txt").read_text().strip()


def score(finished: Path, source: str, *options: str, output: str = "out.csv") -> None:
    """Run `predict` in the current folder."""
    predict.main(
        ["--input", source, "--output", output, "--model", str(run_folder(finished)),
         "--workers", "2", *options]
    )  # fmt: skip


def receipt_of(output: Path) -> Any:
    return json.loads(output.with_name(f"{output.name}.receipt.json").read_text())


def check_file_case(finished: Path, folder: Path, case: FileCase) -> None:
    """Score the case's file in every way: whole, with bad rows set aside, and on trial."""
    case.build(folder / case.file)
    with inside(folder):
        message = assert_refused(lambda: score(finished, case.file), case, folder)
        assert_refused(lambda: score(finished, case.file, "--dry-run"), case, folder)
        assert case.file in message
        if case.aside is None:
            anyway = replace(case, message=".")
            assert_refused(
                lambda: score(finished, case.file, "--bad-rows", "quarantine"), anyway, folder
            )
            return
        score(finished, case.file, "--bad-rows", "quarantine")
    counts = receipt_of(folder / "out.csv")["counts"]
    assert counts["rejected_by_reason"] == case.aside
    assert counts["rows_rejected"] == sum(case.aside.values())
    assert counts["rows_in"] == counts["rows_scored"] + counts["rows_rejected"]
