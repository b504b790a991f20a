"""Outputs that cannot be written, wholly or to the end; and options that do not fit."""

import os
import shutil
import subprocess
from dataclasses import dataclass

import pyarrow as pa
import pytest
from conftest import inside, make_table
from corpus import Case, assert_refused, each, snapshot
from scored import ROWS, device, good, link, score

from assay.errors import ArtifactError, DataError, ParamsError, SchemaError

# What is written beside `out.csv`.
RECEIPT, REJECTED = "out.csv.receipt.json", "out.csv.rejected.parquet"


@dataclass(frozen=True)
class Output(Case):
    """A bad output path."""

    path: str = "out.csv"
    options: tuple[str, ...] = ()


def beside(name, make):
    def build(folder):
        good(folder)
        make(folder / name)

    return build


def spoilt(folder):
    ROWS.assign(noise=["many", *ROWS["noise"][1:]]).to_csv(folder / "new.csv", index=False)


def carried(values):
    """Return a builder of an Arrow file that has these values in a carried column."""

    def build(folder):
        table = pa.Table.from_pandas(ROWS, preserve_index=False)
        table = table.set_column(table.column_names.index("remark"), "remark", values)
        with pa.ipc.new_file(folder / "new.arrow", table.schema) as writer:
            writer.write_table(table)

    return build


LISTS = pa.array([["a"]] * 40)
INTERVALS = pa.array([pa.MonthDayNano([1, 2, 3])] * 40)
QUARANTINE = ("--bad-rows", "quarantine")
OUTPUTS = [
    Output("a folder", beside("out.csv", os.mkdir), ArtifactError, "out.csv is a folder, expected"),
    Output("the folder itself", good, ArtifactError, "the name must end in one of", "."),
    Output("no ending", good, ArtifactError, "out: the name must end in one of", "out"),
    Output("an unknown ending", good, ArtifactError, "must end in one of.*got '.xlsx'", "out.xlsx"),
    Output("a pipe", beside("out.csv", os.mkfifo), ArtifactError, "out.csv is a pipe or a device"),
    Output("a device", beside("out.csv", device), ArtifactError, "out.csv is a pipe or a device"),
    Output("a link to a device", beside("out.csv", link("/dev/null")), ArtifactError,
           "is a pipe or a device, expected a file"),
    Output("a link to a folder", beside("out.csv", link(".")), ArtifactError, "out.csv is a folder"),
    Output("a link to itself", beside("out.csv", link("out.csv")), ArtifactError,
           "out.csv is a link to itself"),
    Output("a link to the input", beside("out.csv", link("new.csv")), ArtifactError,
           "out.csv: new.csv is the input too"),
    Output("the input", good, ArtifactError, "new.csv is the input too", "new.csv"),
    Output("the input by another way", beside("sub", os.mkdir), ArtifactError,
           "is the input too", "sub/../new.csv"),
    Output("another name of the input", beside("out.csv", lambda p: p.hardlink_to(
        p.with_name("new.csv"))), ArtifactError, "is the input too"),
    Output("a file as the folder", good, ArtifactError, "new.csv/out.csv cannot be written",
           "new.csv/out.csv"),
    Output("a name too long", good, ArtifactError, "cannot be written: File name too long",
           "o" * 300 + ".csv"),
    Output("a name too long for the receipt", good, ArtifactError, "cannot be written: File name too",
           "o" * 240 + ".csv"),
    Output("a name too long for the parts", good, ArtifactError, "cannot be written: File name too",
           "o" * 228 + ".csv"),
    Output("a place in /proc", good, ArtifactError, "cannot be written", "/proc/out.csv"),
    Output("a place in /sys", good, ArtifactError, "cannot be written", "/sys/out.csv"),
    Output("a folder as the receipt", beside(RECEIPT, os.mkdir), ArtifactError,
           r"out\.csv\.receipt\.json is a folder, expected a file"),
    Output("a folder as the rejected rows", beside(REJECTED, os.mkdir), ArtifactError,
           r"out\.csv\.rejected\.parquet is a folder, expected a file"),
    Output("rows at fault and a new folder", spoilt, DataError, "1 of 40 rows", "a/b/out.csv"),
    Output("lists in CSV", carried(LISTS), SchemaError,
           r"out\.csv: column 'remark' of type list<.*> has no place in a csv file\. Leave it out"),
    Output("bytes in CSV", carried(pa.array([b"\xff"] * 40)), SchemaError,
           "column 'remark' of type binary has no place in a csv file"),
    Output("bytes in JSON Lines", carried(pa.array([b"\xff"] * 40)), SchemaError,
           "column 'remark' of type binary has no place in a jsonl file", "out.jsonl"),
    Output("intervals in Parquet", carried(INTERVALS), SchemaError,
           "of type month_day_nano_interval has no place in a parquet file", "out.parquet"),
    Output("intervals among rejected rows", carried(INTERVALS), SchemaError,
           r"new\.arrow: column 'remark' .* has no place in a parquet file, where bad rows go",
           "out.arrow", QUARANTINE),
    Output("an unknown column", good, SchemaError, "--columns: 'remrk' is no column of new.csv. Nearest"
           " in the input: remark", options=("--columns", "remrk")),
    Output("a column of a prediction's name", lambda f: ROWS.assign(score=1).to_csv(f / "new.csv"),
           SchemaError, "'score' is the name of a prediction", options=("--columns", "score")),
    Output("a threshold above 1", good, ParamsError, "--threshold must be in", options=("--threshold", "2")),
    Output("a threshold that is none", good, ParamsError, "--threshold must be in .*got nan",
           options=("--threshold", "nan")),
    Output("no worker", good, ParamsError, "--workers must be 1 or more", options=("--workers", "0")),
    Output("fewer reasons than none", good, ParamsError, "--explain: the model has 4 features, got -1", options=("--explain", "-1")),
]  # fmt: skip


@each(OUTPUTS)
def test_bad_outputs_are_refused(finished, tmp_path, case):
    case.build(tmp_path)
    source = "new.csv" if (tmp_path / "new.csv").exists() else "new.arrow"
    if source == "new.csv" and not (tmp_path / "new.csv").exists():
        good(tmp_path)
    with inside(tmp_path):
        assert_refused(
            lambda: score(finished, source, *case.options, output=case.path), case, tmp_path
        )


def test_an_output_in_the_folder_of_the_input_is_refused(finished, tmp_path):
    good(tmp_path, "new/a.csv")
    case = Case("inside", None, ArtifactError, "new/out.csv lies in the input's folder new")
    with inside(tmp_path):
        assert_refused(lambda: score(finished, "new", output="new/out.csv"), case, tmp_path)


@pytest.mark.parametrize("options", [(), QUARANTINE])
def test_a_refused_run_leaves_the_output_of_an_earlier_one(finished, tmp_path, options):
    good(tmp_path)
    with inside(tmp_path):
        score(finished, "new.csv", *QUARANTINE)
    ROWS.assign(noise="many").to_csv(tmp_path / "new.csv", index=False)
    case = Case("earlier", None, DataError, "none of 40 rows can be scored")
    with inside(tmp_path):
        assert_refused(lambda: score(finished, "new.csv", *options), case, tmp_path)
    assert {RECEIPT, REJECTED, "out.csv"} < set(snapshot(tmp_path))


@pytest.fixture
def mounted(tmp_path):
    """Return a function that mounts a file system in memory; it goes with the test."""
    folders = []

    def mount(options):
        folder = tmp_path / "mounted"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if (
            os.geteuid()
            or not shutil.which("mount")
            or subprocess.run(command, check=False).returncode
        ):
            pytest.skip("only root, where it may, can mount a small disk")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        # Lazily: the error of a test that failed holds files.
        subprocess.run(["umount", "-l", str(folder)], check=True)


def many_rows(folder):
    table = make_table(20_000, seed=3).drop(columns=["outcome", "aftermath"])
    table.assign(noise=["inf", *table["noise"][1:].astype(str)]).to_parquet(folder / "new.parquet")


# The parts of these rows have 1.4 MB, and any output has 0.8 MB or more.
@pytest.mark.parametrize(
    ("size", "full_at"),
    [("64k", "scored.arrow"), ("1600k", r"out\.[a-z.]+")],
    ids=["parts", "output"],
)
@pytest.mark.parametrize(
    "name", ["parquet", "csv", "csv.gz", "csv.zst", "jsonl", "jsonl.zst", "arrow"]
)
def test_a_full_disk_leaves_nothing(finished, tmp_path, mounted, size, full_at, name):
    many_rows(tmp_path)
    disk = mounted(f"size={size}")
    case = Case(
        "full",
        None,
        ArtifactError,
        rf"mounted/.*{full_at} cannot be written: No space left on device\.",
    )
    with inside(tmp_path):
        options = (*QUARANTINE, "--columns", "row_key,moment,entity,remark,signal,noise,count")
        output = f"mounted/out.{name}"
        assert_refused(lambda: score(finished, "new.parquet", *options, output=output), case, disk)


@pytest.mark.parametrize("full_at", [RECEIPT, REJECTED])
def test_a_disk_that_fills_up_at_last_leaves_nothing(finished, tmp_path, monkeypatch, full_at):
    """The output is whole by then, and its companions are not."""
    from assay import artifacts

    before = artifacts.replacing

    def replacing(path):
        if path.name == full_at:
            raise ArtifactError(f"{path} cannot be written: No space left on device.")
        return before(path)

    spoilt(tmp_path)
    monkeypatch.setattr(artifacts, "replacing", replacing)
    case = Case("full", None, ArtifactError, f"{full_at} cannot be written")
    with inside(tmp_path):
        assert_refused(lambda: score(finished, "new.csv", *QUARANTINE), case, tmp_path)


def test_a_disk_for_reading_only_is_refused(finished, tmp_path, mounted):
    good(tmp_path)
    disk = mounted("size=1m,ro")
    case = Case("read-only", None, ArtifactError, "cannot be written: Read-only file system")
    for output in ("mounted/out.csv", "mounted/new/out.csv"):
        with inside(tmp_path):
            assert_refused(lambda path=output: score(finished, "new.csv", output=path), case, disk)


def test_a_folder_that_may_not_be_changed_is_refused(finished, tmp_path):
    good(tmp_path)
    closed = tmp_path / "closed"
    closed.mkdir()
    command = ["chattr", "+i", str(closed)]
    if os.geteuid():
        closed.chmod(0o500)
    elif (
        not shutil.which("chattr")
        or subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode
    ):
        pytest.skip("root may write anywhere here")
    case = Case("closed", None, ArtifactError, "closed/out.csv cannot be written")
    try:
        with inside(tmp_path):
            assert_refused(
                lambda: score(finished, "new.csv", output="closed/out.csv"), case, tmp_path
            )
    finally:
        subprocess.run(["chattr", "-i", str(closed)], check=False, stderr=subprocess.DEVNULL)
