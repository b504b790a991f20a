"""What cases of files to score have in common: good rows to spoil, and the way through `predict`."""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import inside, make_table
from corpus import Case, assert_refused

from stages import predict

# Of 40 rows, in the order of a file; with columns that the model knows to leave out, or not at all.
ROWS = make_table(40, seed=5).drop(columns="outcome").assign(extra=1)


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


def good(folder, name="new.csv"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    ROWS.to_parquet(path) if name.endswith(".parquet") else ROWS.to_csv(path, index=False)
    return path


def device(path):
    """Make a device that gives zeros for ever."""
    if os.geteuid():
        pytest.skip("only root can make a device")
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))


def unix_socket(path):
    with socket.socket(socket.AF_UNIX) as listening, inside(path.parent):
        listening.bind(path.name)


def link(target):
    return lambda path: path.symlink_to(target)
