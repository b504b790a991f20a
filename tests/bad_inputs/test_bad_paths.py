"""Paths of inputs that lead nowhere, or to something else than a file or a folder of them."""

import os
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import inside
from corpus import Case, assert_refused, each, snapshot
from scored import device, good, link, score, unix_socket

from assay.batch.job import BatchScorer
from assay.errors import ArtifactError, DataError, ParamsError, SchemaError


@dataclass(frozen=True)
class Place(Case):
    """A bad input path; `build` gets the folder in which `predict` runs."""

    path: str = "new.csv"


def at(make, name="new.csv"):
    """Return a builder that makes something of a name."""
    return lambda folder: make(folder / name)


def ten_files(spoil, number=6):
    """Return a builder of a folder of ten Parquet files, one of which is spoilt."""

    def build(folder):
        (folder / "new").mkdir()
        for part in range(10):
            good(folder, f"new/{part}.parquet")
        spoil(folder / f"new/{number}.parquet")

    return build


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def replaced_by(make):
    def spoil(path):
        path.unlink()
        make(path)

    return spoil


def rewritten(change):
    """Return what writes the table of a file again, changed."""
    return lambda path: pq.write_table(change(pq.read_table(path)), path)


def files(*names):
    """Return a builder of a folder with good files of these names."""

    def build(folder):
        (folder / "new").mkdir()
        for name in names:
            good(folder, f"new/{name}")

    return build


def partitioned_by(column):
    return lambda folder: good(folder, f"new/{column}=1/a.parquet")


PATHS = [
    Place("nothing", lambda f: None, ArtifactError, r"new\.csv does not exist\. Name a file"),
    Place("an empty path", lambda f: None, ParamsError, "--input is empty", ""),
    Place("a link to nothing", at(link("nothing")), ArtifactError, "new.csv does not exist"),
    Place("a link to itself", at(link("new.csv")), ArtifactError, "new.csv does not exist"),
    Place("a pipe", at(os.mkfifo), ArtifactError, "new.csv is neither a file nor a folder"),
    Place("a socket", at(unix_socket), ArtifactError, "new.csv is neither a file nor a folder"),
    Place("a device", at(device), ArtifactError, "new.csv is neither a file nor a folder"),
    Place("a link to a device", at(link("/dev/zero")), ArtifactError, "neither a file nor a folder"),
    Place("a name too long", lambda f: None, ArtifactError, "cannot be read: File name too long",
          "n" * 300 + ".csv"),
    Place("a file as a folder", good, ArtifactError, "new.csv/a.csv does not exist", "new.csv/a.csv"),
    Place("no ending", lambda f: good(f).rename(f / "new"), ArtifactError,
          "new: the name must end in one of .parquet.* got 'no ending'", "new"),
    Place("an unknown ending", lambda f: good(f).rename(f / "new.xlsx"), ArtifactError,
          r"new\.xlsx: the name must end in one of .*got '\.xlsx'\. Convert", "new.xlsx"),
    Place("a Parquet file in gzip", lambda f: good(f).rename(f / "new.parquet.gz"), ArtifactError,
          "must end in one of", "new.parquet.gz"),
    Place("an ending of two formats", lambda f: good(f, "new.parquet").rename(f / "new.csv"),
          ArtifactError, "new.csv is not a readable csv file", "new.csv"),
]  # fmt: skip

FOLDERS = [
    Place("an empty folder", files(), ArtifactError, "new has no files of data", "new"),
    Place("hidden files only", files(".a.csv", "_b.csv"), ArtifactError, "new has no files", "new"),
    Place("a folder with the ending of a file", at(os.mkdir), ArtifactError, "has no files of data"),
    Place("two formats", files("a.csv", "b.parquet"), ArtifactError, "mixes csv and parquet", "new"),
    Place("other files", files("a.csv", "b.txt", "c.md"), ArtifactError,
          r"^2 faults:.*b\.txt.*c\.md: the name must end", "new"),
    Place("hundreds of other files", files("a.csv", *(f"{n}.log" for n in range(300))), ArtifactError,
          r"^21 faults:.*280 more files", "new"),
    Place("one file that is cut", ten_files(cut), ArtifactError,
          r"new/6\.parquet is not a readable parquet file", "new"),
    Place("one file of zero bytes", ten_files(lambda p: os.truncate(p, 0)), ArtifactError,
          r"new/6\.parquet is empty", "new"),
    Place("one pipe", ten_files(replaced_by(os.mkfifo)), ArtifactError,
          r"new/6\.parquet is no file, or a link to none", "new"),
    Place("one socket", ten_files(replaced_by(unix_socket)), ArtifactError, "6.parquet is no file", "new"),
    Place("one link to nothing", ten_files(replaced_by(link("x"))), ArtifactError, "6.parquet is no",
          "new"),
    Place("one link to a device", ten_files(replaced_by(link("/dev/zero"))), ArtifactError,
          r"6\.parquet is no file", "new"),
    Place("one link to a folder", ten_files(replaced_by(link("."))), ArtifactError,
          r"6\.parquet is a link to a folder, and not followed", "new"),
    Place("one file without a column", ten_files(rewritten(lambda t: t.drop_columns("noise"))),
          SchemaError, r"new/6\.parquet: 1 required column is missing: noise", "new"),
    Place("one file with the target", ten_files(rewritten(
        lambda t: t.append_column("outcome", pa.array([1] * 40)))), SchemaError,
          r"new/6\.parquet: the target column 'outcome' is present", "new"),
    Place("one file with another type", ten_files(rewritten(lambda t: t.set_column(
        t.column_names.index("noise"), "noise", pa.array([[1.0]] * 40)))), SchemaError,
          "new: column 'noise' has types that do not go together: double and list", "new"),
    Place("one file with texts", ten_files(rewritten(lambda t: t.set_column(
        t.column_names.index("noise"), "noise", pa.array(["many"] * 40)))), DataError,
          r"new: 40 of 400 rows cannot be scored\. noise: not a number in 40 rows "
          r"\(new/6\.parquet, row 1: 'many'\)", "new"),
    Place("the target as a folder", partitioned_by("outcome"), SchemaError,
          "a.parquet: the target column 'outcome' is present", "new"),
    Place("folders of different columns", files("a=1/x.csv", "b=1/x.csv"), ArtifactError,
          "different partition columns: a and b", "new"),
]  # fmt: skip


@each([*PATHS, *FOLDERS])
def test_bad_inputs_are_refused(finished, tmp_path, case):
    case.build(tmp_path)
    with inside(tmp_path):
        assert_refused(lambda: score(finished, case.path), case, tmp_path)
        assert_refused(lambda: score(finished, case.path, "--dry-run"), case, tmp_path)


def test_an_input_that_vanishes_while_it_is_scored_is_refused(finished, tmp_path, monkeypatch):
    good(tmp_path)
    before = BatchScorer.score

    def score_and_remove(self, batch):
        (tmp_path / "new.csv").unlink(missing_ok=True)
        return before(self, batch)

    monkeypatch.setattr(BatchScorer, "score", score_and_remove)
    with (
        inside(tmp_path),
        pytest.raises(ArtifactError, match=r"new\.csv changed while it was scored"),
    ):
        score(finished, "new.csv")
    # Nothing but the reason.
    assert list(snapshot(tmp_path)) == ["out.csv.failure.json"]
