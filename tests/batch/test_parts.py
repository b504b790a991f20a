import errno

import pyarrow as pa
import pytest

from assay.batch.counts import Counts
from assay.batch.parts import open_parts
from assay.errors import ArtifactError
from assay.row_faults import Fault, FaultTally


def batch(*values):
    return pa.RecordBatch.from_pydict({"x": list(values)})


def left(folder):
    return [path.name for path in folder.iterdir() if path.name.endswith(".parts")]


def interrupted(output, identity, *numbers):
    """Leave the parts that a killed run would leave."""
    with pytest.raises(KeyboardInterrupt), open_parts(output, identity, False) as parts:
        for number in numbers:
            parts.add([batch(number)], [], Counts(1, 1, 1))
        raise KeyboardInterrupt


def test_parts_come_back_in_order_and_go_at_the_end(tmp_path):
    with open_parts(tmp_path / "out.csv", "id", False) as parts:
        parts.add([batch(1, 2), batch(3)], [batch(9)], Counts(2, 4, 3, faults=FaultTally(1)))
        parts.add([], [], Counts(1, 0, 0))
        parts.add([batch(4)], [], Counts(1, 1, 1))
        assert [t["x"].to_pylist() for t in parts.tables("scored")] == [[1, 2, 3], [4]]
        assert [t["x"].to_pylist() for t in parts.tables("rejected")] == [[9]]
    assert left(tmp_path) == []


def test_an_interrupted_run_is_gone_on_from(tmp_path):
    interrupted(tmp_path / "o.csv", "id", 1, 2)
    with open_parts(tmp_path / "o.csv", "id", True) as parts:
        assert [t["x"].to_pylist() for t in parts.tables("scored")] == [[1], [2]]
        assert [c.rows_in for c in parts.counts] == [1, 1]
    assert left(tmp_path) == []


@pytest.mark.parametrize(("identity", "resume"), [("other", True), ("id", False)])
def test_parts_of_another_job_are_removed_not_used(tmp_path, identity, resume):
    interrupted(tmp_path / "o.csv", "id", 1, 2)
    with open_parts(tmp_path / "o.csv", identity, resume) as parts:
        assert parts.counts == []
        assert len(left(tmp_path)) == 1
    assert left(tmp_path) == []


def test_parts_of_another_output_are_left_alone(tmp_path):
    interrupted(tmp_path / "o.csv.gz", "id", 1)
    with open_parts(tmp_path / "o.csv", "id", True) as parts:
        assert parts.counts == []
    # `.o.csv.gz.` starts like `.o.csv.`, and is another output's.
    assert len(left(tmp_path)) == 1


def test_a_part_without_counts_is_not_finished(tmp_path):
    interrupted(tmp_path / "o.csv", "id", 1, 2)
    (folder,) = tmp_path.iterdir()
    (folder / "000001.json").unlink()
    with open_parts(tmp_path / "o.csv", "id", True) as parts:
        assert len(parts.counts) == 1
        parts.add([batch(5)], [], Counts(1, 1, 1))
        assert [t["x"].to_pylist() for t in parts.tables("scored")] == [[1], [5]]


@pytest.mark.parametrize("spoil", [lambda p: p.unlink(), lambda p: p.write_bytes(b"ARROW1")])
def test_a_part_that_lost_its_rows_is_refused(tmp_path, spoil):
    interrupted(tmp_path / "o.csv", "id", 1, 2)
    (folder,) = tmp_path.iterdir()
    spoil(folder / "000001.scored.arrow")
    message = "does not have the 1 rows of a finished part. Run again without --resume"
    with (
        pytest.raises(ArtifactError, match=message),
        open_parts(tmp_path / "o.csv", "id", True) as parts,
    ):
        list(parts.tables("scored"))


def test_a_disk_without_locks_is_told(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("filelock.FileLock.acquire", lambda *_, **__: refuse())
    with pytest.raises(ArtifactError, match="cannot be written: No locks available"):
        open_parts(tmp_path / "o.csv", "id", False)
    assert list(tmp_path.iterdir()) == []


def test_parts_outlive_a_failure_where_they_should(tmp_path):
    with pytest.raises(ArtifactError, match="no"), open_parts(tmp_path / "o", "id", False) as parts:
        parts.add([batch(1)], [], Counts(1, 1, 1))
        parts.keep = True
        raise ArtifactError("no")
    with open_parts(tmp_path / "o", "id", True) as parts:
        assert len(parts.counts) == 1


def test_runs_at_the_same_time_have_folders_of_their_own(tmp_path):
    with open_parts(tmp_path / "o.csv", "id", False) as one:
        one.add([batch(1)], [], Counts(1, 1, 1))
        for resume in (False, True):
            with open_parts(tmp_path / "o.csv", "id", resume) as two:
                assert two.counts == []
                two.add([batch(2)], [], Counts(1, 1, 1))
        assert [t["x"].to_pylist() for t in one.tables("scored")] == [[1]]


def test_a_failed_run_leaves_nothing(tmp_path):
    with pytest.raises(ArtifactError, match="no"), open_parts(tmp_path / "o", "id", False) as parts:
        parts.add([batch(1)], [], Counts(1, 1, 1))
        raise ArtifactError("no")
    assert left(tmp_path) == []


def test_a_restart_forgets_all_and_remembers_the_texts(tmp_path):
    with pytest.raises(KeyboardInterrupt), open_parts(tmp_path / "o", "id", False) as parts:
        parts.add([batch(1)], [], Counts(1, 1, 1))
        parts.restart(["row_key"])
        parts.add([batch(2)], [], Counts(1, 1, 1))
        raise KeyboardInterrupt
    with open_parts(tmp_path / "o", "id", True) as parts:
        assert parts.texts == ["row_key"]
        assert [t["x"].to_pylist() for t in parts.tables("scored")] == [[2]]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArtifactError, match=r"file/o\.csv cannot be written"):
        open_parts(tmp_path / "file" / "o.csv", "id", False)


def test_counts_add_up_and_come_back(tmp_path):
    tally = FaultTally()
    tally.add(
        [Fault(3, "infinite", "x", "inf"), Fault(3, "not_a_number", "y", "z" * 99)], {3: "row 9"}
    )
    one = Counts(1, 5, 4, {"flagged": 2}, tally, {"x": {"text_as_number": 1}}, {"k": 1})
    total = Counts()
    for _ in range(2):
        total.merge(one)
    with pytest.raises(KeyboardInterrupt), open_parts(tmp_path / "o", "id", False) as parts:
        parts.add([], [], total)
        raise KeyboardInterrupt
    with open_parts(tmp_path / "o", "id", True) as parts:
        (back,) = parts.counts
    assert back == total
    assert (back.rows_in, back.rows_scored, back.faults.rows) == (10, 8, 2)
    assert back.faults.reasons == {"infinite": 2}
    assert back.faults.told()[0] == "x: infinite in 2 rows (row 9: 'inf')"
    assert back.faults.told()[1].endswith("zzz...')")
    assert back.notes() == [
        "x: 2 texts read as numbers", "k: a category that training did not know in 2 rows"
    ]  # fmt: skip
