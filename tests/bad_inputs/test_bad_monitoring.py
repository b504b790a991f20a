"""What `monitor` reads beside the batch and is broken: receipts, histories, references."""

import json
import os
from copy import deepcopy
from dataclasses import dataclass

import pandas as pd
import pytest
from bundles import copy_of_run, forge, run_of
from conftest import inside, make_table
from corpus import Case, assert_refused, each
from scored import device

from assay import artifacts
from assay.errors import ArtifactError, SchemaError
from stages import monitor, predict

BARE = make_table(300, seed=5).drop(columns=["outcome", "aftermath"])
REFERENCE = "monitoring/baseline.json"


@dataclass(frozen=True)
class Beside(Case):
    """A batch that is good, with something beside it that is not; `build` gets the folder."""

    options: tuple[str, ...] = ()


@pytest.fixture(scope="module")
def receipt(finished, tmp_path_factory):
    """The content of a receipt of the model."""
    folder = tmp_path_factory.mktemp("receipt")
    BARE.to_parquet(folder / "new.parquet", index=False)
    with inside(folder):
        predict.main(
            ["--input", "new.parquet", "--output", "o.csv", "--model", str(run_of(finished))]
        )
    return artifacts.read_json(folder / "o.csv.receipt.json")


def changed(*path, to):
    """Return a builder of a receipt in which one value is another."""

    def build(folder, receipt):
        content = inner = deepcopy(receipt)
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = to
        (folder / "s.receipt.json").write_text(json.dumps(content))

    return build


def written(name, text):
    def build(folder, receipt):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text)

    return build


def receipt_case(
    name, build, message=r"s\.receipt\.json is no receipt of python -m stages\.predict"
):
    return Beside(name, build, ArtifactError, message, ("--receipts", "s.receipt.json"))


def history_case(name, build, message):
    return Beside(name, build, ArtifactError, message)


def other_parquet(folder, receipt):
    (folder / "o").mkdir()
    BARE.to_parquet(folder / "o/history.parquet")


def many_receipts(folder, receipt):
    (folder / "s").mkdir()
    for number in range(30):
        (folder / f"s/{number}.receipt.json").write_text("{}")


CASES = [
    receipt_case("no JSON", written("s.receipt.json", b"{"), "is not a readable JSON file"),
    receipt_case("an empty receipt", written("s.receipt.json", b""), "is not a readable JSON file"),
    receipt_case("a number", written("s.receipt.json", b"7")),
    receipt_case("no counts", changed("counts", to=None)),
    receipt_case("counts that do not add up", changed("counts", "rows_scored", to=299)),
    receipt_case("a negative count", changed("counts", "rows_in", to=-1)),
    receipt_case("a count beyond all", changed("counts", "rows_in", to=10**400)),
    receipt_case("a count that is true", changed("block_rows", to=True)),
    receipt_case("a text of seconds", changed("seconds", to="3")),
    receipt_case("percentiles without one", changed("latency_seconds", to={"p50": 1.0})),
    receipt_case("reasons that are a list", changed("counts", "rejected_by_reason", to=[1])),
    receipt_case("files that are none", changed("input", "files", to=["a"])),
    receipt_case("a run without a name", changed("model", to={"manifest_sha256": "0"})),
    Beside("a receipt of another model", changed("model", "manifest_sha256", to="0" * 64), SchemaError,
           "got some of another model", ("--receipts", "s.receipt.json")),
    Beside("a folder of broken receipts", many_receipts, ArtifactError,
           "21 faults:.*10 more files like these", ("--receipts", "s")),
    Beside("receipts in a pipe", lambda f, r: os.mkfifo(f / "s.receipt.json"), ArtifactError,
           "is a pipe or a device", ("--receipts", "s.receipt.json")),
    Beside("receipts in a device", lambda f, r: device(f / "s.receipt.json"), ArtifactError,
           "is a pipe or a device", ("--receipts", "s.receipt.json")),
    Beside("an output that is a file", written("o", b"x"), ArtifactError, "o is a file, expected a folder|cannot be"),
    history_case("a history of bytes", written("o/history.parquet", b"PAR1"),
                 r"o/history\.parquet is not a readable history"),
    history_case("another table as history", other_parquet, "but no history of batches"),
]  # fmt: skip


@each(CASES)
def test_what_stands_beside_a_batch_is_refused(finished, receipt, tmp_path, case):
    BARE.to_parquet(tmp_path / "new.parquet", index=False)
    case.build(tmp_path, receipt)
    words = ["--input", "new.parquet", "--model", str(run_of(finished)), "--output", "o"]
    with inside(tmp_path):
        assert_refused(lambda: monitor.main([*words, *case.options]), case, tmp_path)


REFERENCES = {
    "of an earlier Assay": (lambda told: {"row_count": 480}, "an earlier Assay"),
    "of a later Assay": (lambda told: told | {"format_version": 3}, "a later Assay"),
    "a list": (lambda told: [told], "holds no object"),
    "without inputs": (lambda told: told | {"inputs": None}, "Package the run anew"),
    "without clusters": (lambda told: {k: v for k, v in told.items() if k != "clusters"}, "Package the"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_that_is_none_is_refused(finished, tmp_path, name):
    change, message = REFERENCES[name]
    run = copy_of_run(finished, tmp_path / "run")
    told = change(artifacts.read_json(run / REFERENCE))
    forge(run, REFERENCE, artifacts.json_text(told).encode())
    BARE.to_parquet(tmp_path / "new.parquet", index=False)
    case = Case(name, None, ArtifactError, message)
    with inside(tmp_path):
        assert_refused(
            lambda: monitor.main(["--input", "new.parquet", "--model", "run", "--output", "o"]),
            case,
            tmp_path,
        )


def test_a_history_that_is_none_is_told_before_the_batch_is_read(finished, tmp_path, monkeypatch):
    monkeypatch.setattr("assay.monitoring.command.stream_batch", lambda *_: pytest.fail("read"))
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "history.parquet")
    BARE.to_parquet(tmp_path / "new.parquet", index=False)
    words = ["--input", str(tmp_path / "new.parquet"), "--model", str(run_of(finished))]
    with pytest.raises(ArtifactError, match="no history of batches"):
        monitor.main([*words, "--output", str(tmp_path)])
