"""The history of batches: what it keeps, and that nothing is lost."""

import os
import pickle
import signal
import subprocess
import sys
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from filelock import FileLock
from histories import result_of, row_of

from assay.errors import ArtifactError
from assay.monitoring import record


def files(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_row_has_what_trends_are_read_from():
    row = row_of(3)
    assert list(row) == list(record.COLUMNS)
    assert (row["batch"], row["first_time"]) == ("batch 3", datetime(2024, 3, 31))
    assert (row["value"], row["ci_low"], row["metric_rows"]) == (0.7, 0.66, 1500)
    assert row["standard_error"] == pytest.approx(0.04 / 1.96, rel=1e-4)
    assert (row["estimated_value"], row["estimated_ci_high"]) == (0.71, 0.74)
    assert (row["mean_prediction"], row["flagged_rate"], row["decided_rate"]) == (0.16, 0.2, None)
    assert (row["outcome_mean"], row["latency_p99_seconds"]) == (0.17, 0.03)
    assert row["reconstruction_error"] == 1.2
    assert row["features"] == [
        {
            **{"name": "signal", "js_distance": 0.02, "missing_rate": 0.01},
            **{"standardised_mean": 0.1, "unknown_rate": None},
        }
    ]


def test_what_a_batch_does_not_have_is_missing(tmp_path):
    bare = result_of(performance=None, estimate=None, operations=None, outputs={}, verdict=None)
    bare["batch"] |= {"first_time": None, "last_time": None}
    record.append(tmp_path / "history.parquet", record.history_row(bare))
    (read,) = record.read_history(tmp_path / "history.parquet").to_dict("records")
    for name in ("first_time", "level", "judged", "value", "estimated_value", "mean_prediction"):
        assert pd.isna(read[name]), name
    assert (read["rows_in"], read["metric"], read["warning_count"]) == (2010, "roc_auc", 0)


def test_findings_are_counted_and_the_first_is_told():
    told = [{"level": level, "sentence": f"It is {level}."} for level in ("alarm", "warning")]
    row = row_of(findings=[*told, told[1]], verdict={"level": "alarm", "judged": True})
    assert (row["alarm_count"], row["warning_count"]) == (1, 2)
    assert (row["level"], row["first_finding"]) == ("alarm", "It is alarm.")


def test_a_row_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "out" / "history.parquet"
    odd = '</script>| "quoted" \n日本' + "x" * 300
    row = row_of(features={odd: 0.25, "": float("nan")}) | {"batch": odd}
    record.append(path, row)
    (read,) = record.read_history(path).to_dict("records")
    assert read["batch"] == odd
    assert read["recorded_at"] == row["recorded_at"]
    assert [fact["name"] for fact in read["features"]] == [odd, ""]
    assert read["features"][0]["standardised_mean"] == 0.25
    assert np.isnan(read["features"][1]["standardised_mean"])
    for name in ("rows_in", "value", "first_time", "judged", "run_id"):
        assert read[name] == row[name], name


def test_rows_stand_in_the_order_of_their_batches_whenever_they_came(tmp_path):
    path = tmp_path / "history.parquet"
    for number in (2, 0, 3, 1):
        record.append(path, row_of(number))
    assert list(record.read_history(path)["batch"]) == [f"batch {number}" for number in range(4)]
    undated = {"first_time": None, "last_time": None}
    record.append(path, row_of(9) | undated)
    # It was recorded in 2025.
    assert list(record.read_history(path)["batch"])[-1] == "batch 9"


def test_a_batch_that_is_monitored_again_replaces_its_row(tmp_path):
    path = tmp_path / "history.parquet"
    record.append(path, row_of(0))
    record.append(path, row_of(1))
    record.append(path, row_of(0) | {"level": "alarm"})
    # The outcomes came with another file of the same rows.
    record.append(path, row_of(1) | {"batch_id": "other", "value": 0.6})
    read = record.read_history(path)
    assert list(read["batch"]) == ["batch 0", "batch 1"]
    assert (read["level"][0], read["value"][1]) == ("alarm", 0.6)
    # Another model, or other rows under the same name, are another batch.
    record.append(path, row_of(1) | {"batch_id": "of a model", "run_id": "next"})
    record.append(path, row_of(1) | {"batch_id": "of rows", "rows_in": 7})
    undated = {"first_time": None, "last_time": None}
    record.append(path, row_of(1) | {"batch_id": "no times", **undated})
    # Without times, rows of the same mean prediction are the same, now with outcomes.
    record.append(path, row_of(1) | {"batch_id": "no times 2", **undated, "value": 0.5})
    read = record.read_history(path)
    assert len(read) == 5
    assert read.loc[read["first_time"].isna(), "value"].tolist() == [0.5]
    others = {"batch_id": "no times 3", **undated, "mean_prediction": 0.3}
    record.append(path, row_of(1) | others)
    assert len(record.read_history(path)) == 6


def test_the_same_bytes_under_another_name_are_told_and_counted_once(tmp_path):
    path = tmp_path / "history.parquet"
    record.append(path, row_of(0))
    again = row_of(0) | {"batch": "of today"}
    (note,) = record.repeated_notes(record.read_history(path), again)
    assert "the same bytes as batch 0 of" in note
    record.append(path, again)
    assert record.read_history(path)["batch"].tolist() == ["of today"]
    for other in (row_of(1), row_of(0)):
        assert record.repeated_notes(record.read_history(path), other | {"batch": "of today"}) == []


def test_a_history_with_a_row_is_what_is_read_after_the_row_was_added(tmp_path):
    path = tmp_path / "history.parquet"
    assert len(record.read_history(path)) == 0
    for number in (0, 2, 3):
        record.append(path, row_of(number))
    for row in (row_of(1), row_of(3) | {"level": "alarm"}):
        foreseen = record.with_row(record.read_history(path), row)
        record.append(path, row)
        read = record.read_history(path)
        assert list(foreseen["batch_id"]) == list(read["batch_id"])
        assert list(foreseen["level"]) == list(read["level"])


def test_an_id_depends_on_content_and_model_not_on_places_and_limits():
    one, moved = result_of(), result_of()
    moved["batch"]["input"]["files"][0]["file"] = "elsewhere/new.parquet"
    moved["batch"]["outcomes_known"] = 0
    assert record.batch_id(one) == record.batch_id(moved)
    model = result_of(model={**one["model"], "manifest_sha256": "n" * 64})
    assert len({record.batch_id(each) for each in (one, model, result_of(1))}) == 3
    asked = [result_of(number) for number in (0, 0, 1)]
    for each in asked:
        each["batch"]["input"] = {"query_sha256": "q"}
    ids = [record.batch_id(each) for each in asked]
    assert ids[0] == ids[1] != ids[2]


def written(path, table):
    pq.write_table(table, path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not a readable history of batches"),
        (b"batch,level\n1,fine\n", "is not a readable history of batches"),
        ("truncated", "is not a readable history of batches"),
        ("other table", "is a Parquet file, but no history of batches"),
        ("newer", r"is a history of version 2, expected 1\. Monitor with the Assay that wrote it"),
        ("columns", "does not have the columns of a history of batches"),
    ],
)
def test_what_is_no_history_is_refused_and_left_as_it_is(tmp_path, content, told):
    path = tmp_path / "history.parquet"
    record.append(path, row_of(0))
    table = pq.read_table(path)
    if content == "truncated":
        content = path.read_bytes()[:-20]
    elif content == "other table":
        content = written(path, pa.table({"batch": ["x"]}))
    elif content == "newer":
        content = written(path, table.replace_schema_metadata({"assay.monitoring.history": "2"}))
    elif content == "columns":
        content = written(path, table.drop_columns("level"))
    path.write_bytes(content)
    for call in (record.read_history, lambda place: record.append(place, row_of(1))):
        with pytest.raises(ArtifactError, match=told) as failed:
            call(path)
        assert str(failed.value).startswith(str(path))
        assert "\n" not in str(failed.value)
    assert path.read_bytes() == content
    assert files(tmp_path) == ["history.parquet"]


def test_places_that_cannot_be_written_are_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="cannot be written: File exists"):
        record.append(tmp_path / "file" / "history.parquet", row_of())
    (tmp_path / "history.parquet").mkdir()
    with pytest.raises(ArtifactError, match="is a folder, expected a file"):
        record.append(tmp_path / "history.parquet", row_of())


def test_a_history_that_another_run_holds_is_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "history.parquet"
    monkeypatch.setattr(record, "_WAIT_SECONDS", 0.05)
    with (
        FileLock(tmp_path / ".history.parquet.lock"),
        pytest.raises(ArtifactError, match="was held by another run for"),
    ):
        record.append(path, row_of())
    record.append(path, row_of())
    assert len(record.read_history(path)) == 1


# A writer has its rows from a file, and imports no more than it needs.
WRITER = """
import pickle, sys
from pathlib import Path
from assay.monitoring import record
path, first = Path(sys.argv[1]), int(sys.argv[2])
rows = pickle.loads(path.with_name("rows").read_bytes())
if len(sys.argv) > 3:
    import os, signal
    os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
for row in rows[first : first + 5]:
    record.append(path, row)
"""


def writer(path, first, *others):
    path.with_name("rows").write_bytes(pickle.dumps([row_of(number) for number in range(40)]))
    command = [sys.executable, "-c", WRITER, path, str(first), *others]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})


def test_eight_writers_at_once_lose_no_row(tmp_path):
    path = tmp_path / "history.parquet"
    started = [writer(path, 5 * number) for number in range(8)]
    assert [process.wait() for process in started] == [0] * 8
    read = record.read_history(path)
    assert list(read["batch"]) == [f"batch {number}" for number in range(40)]
    assert files(tmp_path) == ["history.parquet", "rows"]


def test_a_killed_writer_leaves_the_old_file_and_the_next_goes_on(tmp_path):
    path = tmp_path / "history.parquet"
    record.append(path, row_of(0))
    before = path.read_bytes()
    # It dies after the new file is written, and before it has its name.
    assert writer(path, 1, "killed").wait() == -signal.SIGKILL
    assert path.read_bytes() == before
    assert len(files(tmp_path)) == 3
    record.append(path, row_of(7))
    assert list(record.read_history(path)["batch"]) == ["batch 0", "batch 7"]
    assert files(tmp_path) == ["history.parquet", "rows"]
