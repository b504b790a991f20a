"""Whole runs: what is written, what is refused, what is told."""

import gzip
import hashlib
import json
import os
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv, feather

from assay import artifacts
from assay.batch import job
from assay.batch.job import Wanted
from assay.batch.run import check_input, score_file, score_input
from assay.batch.sources import open_files
from assay.batch.targets import file_target
from assay.errors import ArtifactError, DataError, SchemaError
from assay.scoring import Extras, score_table

QUARANTINE = Wanted(bad_rows="quarantine")


def receipt_of(output):
    return json.loads(output.with_name(f"{output.name}.receipt.json").read_text())


def rejected_of(output):
    return pd.read_parquet(output.with_name(f"{output.name}.rejected.parquet"))


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_json_lines(content):
    return pd.DataFrame([json.loads(line) for line in content.splitlines()])


@pytest.fixture
def spoilt(rows, tmp_path):
    """A CSV file of 500 rows, 4 of which cannot be scored, and 2 lines that are none."""
    lines = rows.to_csv(index=False).splitlines()
    names = lines[0].split(",")
    for row, name, value in ((3, "noise", "1;5"), (3, "signal", "inf"), (40, "count", "many"),
                             (77, "signal", "-inf"), (400, "noise", "x")):  # fmt: skip
        fields = lines[row].split(",")
        fields[names.index(name)] = value
        lines[row] = ",".join(fields)
    lines.insert(100, "just one field")
    lines.append("too,few")
    path = tmp_path / "spoilt.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_every_format_of_output_has_the_same_rows(bundle, rows, tmp_path):
    rows.to_parquet(tmp_path / "in.parquet")
    expected = score_table(bundle, rows).predictions
    read = {
        "parquet": pd.read_parquet,
        "csv": lambda p: csv.read_csv(p).to_pandas(),
        "csv.gz": lambda p: csv.read_csv(p).to_pandas(),
        "arrow": feather.read_feather,
        "jsonl": lambda p: read_json_lines(p.read_bytes()),
        "jsonl.gz": lambda p: read_json_lines(gzip.decompress(p.read_bytes())),
    }
    for kind, reader in read.items():
        output = tmp_path / f"out.{kind}"
        score_file(bundle, tmp_path / "in.parquet", output)
        found = reader(output)
        assert list(found) == list(expected), kind
        assert found["row_key"].tolist() == expected["row_key"].tolist()
        assert found["score"].tolist() == expected["score"].tolist()
        assert found["prediction"].tolist() == expected["prediction"].tolist()


def test_the_size_of_batches_and_the_number_of_threads_decide_nothing(bundle, rows, tmp_path):
    rows.to_parquet(tmp_path / "in.parquet")
    outputs = []
    for batch_rows, workers, part_rows in ((7, 3, 70), (64, 1, 70), (1000, 2, 10**6)):
        source = open_files(tmp_path / "in.parquet", batch_rows)
        output = tmp_path / f"{batch_rows}.csv"
        wanted = Wanted(workers=workers, part_rows=part_rows)
        score_input(bundle, source, file_target(output, source), wanted)
        outputs.append(output.read_bytes())
    assert len(set(outputs)) == 1


def test_the_receipt_tells_what_was_scored_with_what(bundle, rows, tmp_path):
    rows.assign(kind="zebra").to_csv(tmp_path / "in.csv", index=False)
    score_file(bundle, tmp_path / "in.csv", tmp_path / "out.parquet")
    found = receipt_of(tmp_path / "out.parquet")
    assert found["model"] == {
        "run_id": bundle.meta["run_id"], "manifest_sha256": bundle.manifest_sha256
    }  # fmt: skip
    (file,) = found["input"]["files"]
    assert file["sha256"] == sha256(tmp_path / "in.csv")
    assert found["output"]["sha256"] == sha256(tmp_path / "out.parquet")
    assert found["output"]["rows"] == 500
    assert found["counts"]["rows_in"] == found["counts"]["rows_scored"] == 500
    assert found["counts"]["unknown_categories"] == {"kind": 500}
    flagged = int(pd.read_parquet(tmp_path / "out.parquet")["prediction"].sum())
    assert found["counts"]["outcomes"] == {"flagged": flagged}
    assert found["rejected"] is None
    assert found["seconds"] >= 0
    assert (found["blocks"], found["block_rows"]) == (1, 500)
    latency = found["latency_seconds"]
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["max"]


def test_rows_that_cannot_be_scored_refuse_the_input_and_are_all_told(bundle, spoilt, tmp_path):
    with pytest.raises(DataError) as caught:
        score_file(bundle, spoilt, tmp_path / "out.csv")
    message = str(caught.value)
    assert "spoilt.csv: 6 of 502 rows cannot be scored." in message
    for words in (
        "signal: infinite in 2 rows (row 3: 'inf')",
        "noise: not a number in 2 rows (row 3: '1;5')",
        "count: not a number in 1 row (row 40: 'many')",
        "wrong field count in 2 rows (row 100: 'just one field')",
        "--bad-rows quarantine",
    ):
        assert words in message
    assert sorted(p.name for p in tmp_path.iterdir()) == ["spoilt.csv"]


@pytest.mark.parametrize("batch_rows", [16, 1000])
def test_quarantine_scores_the_rest_and_counts_add_up(bundle, rows, spoilt, tmp_path, batch_rows):
    source = open_files(spoilt, batch_rows)
    output = tmp_path / "out.parquet"
    outcome = score_input(bundle, source, file_target(output, source), QUARANTINE)
    scored, rejected, counts = (
        pd.read_parquet(output),
        rejected_of(output),
        receipt_of(output)["counts"],
    )
    assert counts["rows_in"] == 502 == len(scored) + len(rejected)
    assert counts["rows_rejected"] == len(rejected) == outcome.counts.faults.rows == 6
    assert counts["rejected_by_reason"] == {
        "infinite": 2,
        "not_a_number": 2,
        "wrong_field_count": 2,
    }
    assert rejected["rejected_row"].tolist() == [3, 40, 77, 100, 401, 502]
    assert rejected["rejected_reason"].tolist() == [
        "infinite", "not_a_number", "infinite", "wrong_field_count", "not_a_number", "wrong_field_count"
    ]  # fmt: skip
    assert rejected["rejected_column"].tolist()[:3] == ["signal", "count", "signal"]
    assert rejected["rejected_value"][3] == "just one field"
    # The rows come as they were, to be mended and scored later.
    assert rejected["row_key"].tolist()[:3] == [rows["row_key"][i] for i in (2, 39, 76)]
    assert rejected["noise"][0] == "1;5"
    good = rows.drop(index=[2, 39, 76, 399])
    expected = score_table(bundle, good).predictions
    assert scored["score"].tolist() == expected["score"].tolist()


def test_rejected_rows_can_be_mended_and_scored(bundle, spoilt, tmp_path):
    score_file(bundle, spoilt, tmp_path / "out.parquet", QUARANTINE)
    mended = rejected_of(tmp_path / "out.parquet").dropna(subset="row_key")
    mended.assign(noise="0", signal="0", count="1").to_parquet(tmp_path / "mended.parquet")
    outcome = score_file(
        bundle, tmp_path / "mended.parquet", tmp_path / "again.parquet", QUARANTINE
    )
    assert outcome.counts.rows_scored == 4
    assert len(rejected_of(tmp_path / "again.parquet")) == 0


def test_rejected_rows_of_parquet_keep_all_columns_and_types(bundle, rows, tmp_path):
    rows = rows.assign(noise=np.where(rows.index == 9, np.inf, rows["noise"]), extra=[[1, 2]] * 500)
    pq.write_table(pa.Table.from_pandas(rows), tmp_path / "in.parquet")
    score_file(bundle, tmp_path / "in.parquet", tmp_path / "out.csv", QUARANTINE)
    (row,) = pq.read_table(tmp_path / "out.csv.rejected.parquet").to_pylist()
    assert row["extra"] == [1, 2]
    assert row["moment"] == rows["moment"][9]
    assert (row["rejected_row"], row["rejected_reason"], row["noise"]) == (10, "infinite", np.inf)


def test_a_rejected_file_of_an_earlier_run_does_not_stay(bundle, rows, spoilt, tmp_path):
    score_file(bundle, spoilt, tmp_path / "out.csv", QUARANTINE)
    rows.to_csv(tmp_path / "good.csv", index=False)
    score_file(bundle, tmp_path / "good.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv.rejected.parquet").exists()


def test_an_input_without_a_good_row_is_refused_even_so(bundle, rows, tmp_path):
    rows.assign(noise="1,234.5").to_csv(tmp_path / "in.csv", index=False)
    with pytest.raises(DataError, match=r"none of 500 rows can be scored\. noise: not a number"):
        score_file(bundle, tmp_path / "in.csv", tmp_path / "out.csv", QUARANTINE)


def test_a_header_alone_gives_an_output_without_rows(bundle, rows, tmp_path):
    for kind in ("csv", "parquet"):
        artifacts.write_table(tmp_path / f"in.{kind}", rows.iloc[:0])
        score_file(bundle, tmp_path / f"in.{kind}", tmp_path / f"{kind}.parquet")
        found = pd.read_parquet(tmp_path / f"{kind}.parquet")
        assert len(found) == 0
        assert list(found) == list(score_table(bundle, rows).predictions)


def test_a_column_of_ids_has_one_type_whatever_comes_first(bundle, rows, tmp_path, monkeypatch):
    from dataclasses import replace

    schema = replace(bundle.contract.schema, carried_dtypes={"row_key": "int64"})
    numbered = replace(bundle, contract=replace(bundle.contract, schema=schema))
    for last, kind in (("499", pa.int64()), ("X9", pa.string())):
        keys = [*map(str, range(499)), last]
        rows.assign(row_key=keys).to_csv(tmp_path / "in.csv", index=False)
        source = open_files(tmp_path / "in.csv", 50)
        output = tmp_path / "out.parquet"
        outcome = score_input(numbered, source, file_target(output, source), Wanted(part_rows=100))
        table = pq.read_table(output)
        assert table.schema.field("row_key").type == kind
        assert [str(key) for key in table["row_key"].to_pylist()] == keys
        assert outcome.counts.rows_scored == 500
    assert outcome.notes[-1] == "row_key: not all are of the type that training had, so texts"


def test_wanted_columns_probabilities_and_threshold(bundle, rows, tmp_path):
    rows.assign(extra=range(500)).to_parquet(tmp_path / "in.parquet")
    wanted = Wanted(columns=("extra", "row_key"), extras=Extras(probabilities=True))
    score_file(bundle, tmp_path / "in.parquet", tmp_path / "out.parquet", wanted)
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert list(found) == [
        "extra", "row_key", "score", "prediction", "threshold", "probability_0", "probability_1"
    ]  # fmt: skip
    np.testing.assert_array_equal(found["probability_0"], 1 - found["score"])


def test_a_wanted_column_may_not_have_the_name_of_a_prediction(bundle, rows, tmp_path):
    rows.assign(score=1).to_parquet(tmp_path / "in.parquet")
    with pytest.raises(SchemaError, match="'score' is the name of a prediction"):
        score_file(bundle, tmp_path / "in.parquet", tmp_path / "o.csv", Wanted(columns=("score",)))


def interrupt_after(monkeypatch, batches):
    """Raise like Ctrl-C when so many batches are scored."""
    done = []
    before = job.BatchScorer.score

    def score(self, batch):
        if len(done) >= batches:
            raise KeyboardInterrupt
        done.append(batch)
        return before(self, batch)

    monkeypatch.setattr(job.BatchScorer, "score", score)
    return done


@pytest.mark.parametrize(
    "wanted", [Wanted(part_rows=50), Wanted("quarantine", workers=2, part_rows=50)]
)
def test_a_resumed_run_gives_the_bytes_of_an_undisturbed_one(
    bundle, rows, spoilt, tmp_path, monkeypatch, wanted
):
    rows.to_csv(tmp_path / "good.csv", index=False)
    path = spoilt if wanted.bad_rows == "quarantine" else tmp_path / "good.csv"
    source = open_files(path, 20)
    score_input(bundle, source, file_target(tmp_path / "whole.csv", source), wanted)
    target = file_target(tmp_path / "o.csv", source)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 15)
        with pytest.raises(KeyboardInterrupt):
            score_input(bundle, source, target, wanted)
    assert not (tmp_path / "o.csv").exists()
    with monkeypatch.context() as patch:
        done = interrupt_after(patch, 10**6)
        outcome = score_input(bundle, source, target, wanted, resume=True)
    assert outcome.resumed_rows >= 200
    assert (
        sum(len(b.rows) + len(b.broken) for b in done)
        == outcome.counts.rows_in - outcome.resumed_rows
    )
    assert sha256(tmp_path / "o.csv") == sha256(tmp_path / "whole.csv")
    one, two = receipt_of(tmp_path / "o.csv"), receipt_of(tmp_path / "whole.csv")
    assert one["counts"] == two["counts"]
    if wanted.bad_rows == "quarantine":
        assert one["rejected"]["sha256"] == two["rejected"]["sha256"]
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_a_changed_input_is_not_gone_on_with(bundle, rows, tmp_path, monkeypatch):
    rows.to_csv(tmp_path / "in.csv", index=False)
    source = open_files(tmp_path / "in.csv", 20)
    target = file_target(tmp_path / "o.csv", source)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 15)
        with pytest.raises(KeyboardInterrupt):
            score_input(bundle, source, target, Wanted(part_rows=50))
    rows.iloc[::-1].to_csv(tmp_path / "in.csv", index=False)
    outcome = score_input(bundle, source, target, Wanted(part_rows=50), resume=True)
    assert outcome.resumed_rows == 0
    assert artifacts.read_table(tmp_path / "o.csv")["row_key"][0] == rows["row_key"][499]


def kill_and_resume(bundle, before, after, tmp_path, monkeypatch, **wanted):
    """Return how many rows the second run had not to score again."""
    target = file_target(tmp_path / "o.csv", before)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 15)
        with pytest.raises(KeyboardInterrupt):
            score_input(bundle, before, target, Wanted(part_rows=50))
    target = file_target(tmp_path / "o.csv", after())
    done = score_input(bundle, after(), target, Wanted(part_rows=50, **wanted), resume=True)
    assert len(artifacts.read_table(tmp_path / "o.csv")) == done.counts.rows_in == 500
    return done.resumed_rows


def test_more_or_fewer_threads_go_on_from_the_same_parts(bundle, rows, tmp_path, monkeypatch):
    rows.to_csv(tmp_path / "in.csv", index=False)
    source = open_files(tmp_path / "in.csv", 20)
    resumed = kill_and_resume(bundle, source, lambda: source, tmp_path, monkeypatch, workers=3)
    assert resumed >= 200


def test_batches_of_another_size_are_not_gone_on_with(bundle, rows, tmp_path, monkeypatch):
    rows.to_csv(tmp_path / "in.csv", index=False)
    one, two = (open_files(tmp_path / "in.csv", size) for size in (20, 30))
    assert kill_and_resume(bundle, one, lambda: two, tmp_path, monkeypatch) == 0


def test_files_under_other_names_are_not_gone_on_with(bundle, rows, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    for day, part in enumerate((rows[:250], rows[250:])):
        (folder / f"day={day}").mkdir(parents=True)
        part.to_csv(folder / f"day={day}" / "a.csv", index=False)

    def renamed():
        if (folder / "day=0").exists():
            (folder / "day=0").rename(folder / "day=2")
        return open_files(folder, 20)

    before = open_files(folder, 20)
    assert kill_and_resume(bundle, before, renamed, tmp_path, monkeypatch) == 0


def test_categories_may_be_carried_from_a_file_with_many_row_groups(bundle, rows, tmp_path):
    pq.write_table(pa.Table.from_pandas(rows), tmp_path / "in.parquet", row_group_size=90)
    for kind in ("parquet", "arrow", "csv", "jsonl"):
        wanted = Wanted(columns=("kind", "row_key"))
        score_file(bundle, tmp_path / "in.parquet", tmp_path / f"out.{kind}", wanted)
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.field("kind").type == pa.string()
    assert found["kind"].to_pylist() == rows["kind"].where(rows["kind"].notna(), None).tolist()


def test_an_input_that_changes_while_it_is_read_is_refused(bundle, rows, tmp_path, monkeypatch):
    rows.to_csv(tmp_path / "in.csv", index=False)
    before = job.BatchScorer.score

    def score(self, batch):
        os.utime(tmp_path / "in.csv", (1, 1))
        return before(self, batch)

    monkeypatch.setattr(job.BatchScorer, "score", score)
    with pytest.raises(ArtifactError, match=r"in\.csv changed while it was scored"):
        score_file(bundle, tmp_path / "in.csv", tmp_path / "o.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv"]


def test_runs_at_the_same_time_do_not_disturb_each_other(bundle, rows, tmp_path):
    rows.to_csv(tmp_path / "in.csv", index=False)
    score_file(bundle, tmp_path / "in.csv", tmp_path / "alone.csv")
    failed = []

    def run():
        try:
            score_file(bundle, tmp_path / "in.csv", tmp_path / "o.csv", Wanted(part_rows=100))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sha256(tmp_path / "o.csv") == sha256(tmp_path / "alone.csv")
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("name", ["in.csv", "./in.csv", "link.csv", "hard.csv", "sub/../in.csv"])
def test_the_input_is_never_overwritten(bundle, rows, tmp_path, name):
    (tmp_path / "sub").mkdir()
    rows.to_csv(tmp_path / "in.csv", index=False)
    before = sha256(tmp_path / "in.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "in.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "in.csv")
    with pytest.raises(ArtifactError, match=r"is the input too\. Name another output"):
        score_file(bundle, tmp_path / "in.csv", tmp_path / name)
    assert sha256(tmp_path / "in.csv") == before


def test_files_beside_the_output_do_not_overwrite_the_input_either(bundle, rows, tmp_path):
    rows.to_parquet(tmp_path / "o.csv.rejected.parquet")
    with pytest.raises(ArtifactError, match="is the input too"):
        score_file(bundle, tmp_path / "o.csv.rejected.parquet", tmp_path / "o.csv")


def test_an_output_in_the_folder_of_the_input_is_refused(bundle, rows, tmp_path):
    (tmp_path / "in").mkdir()
    rows.to_csv(tmp_path / "in" / "a.csv", index=False)
    with pytest.raises(ArtifactError, match="would be read as input the next time"):
        score_file(bundle, tmp_path / "in", tmp_path / "in" / "o.csv")


def test_a_link_as_output_stays_one(bundle, rows, tmp_path):
    rows.to_csv(tmp_path / "in.csv", index=False)
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    score_file(bundle, tmp_path / "in.csv", tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert len(artifacts.read_table(tmp_path / "real.csv")) == 500


def test_a_dry_run_counts_and_writes_nothing(bundle, spoilt, tmp_path):
    source = open_files(spoilt, 100)
    outcome = check_input(bundle, source, QUARANTINE)
    assert (outcome.counts.rows_in, outcome.counts.rows_scored) == (502, 496)
    with pytest.raises(DataError, match="6 of 502 rows"):
        check_input(bundle, source, Wanted())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["spoilt.csv"]


def test_reasons_stand_beside_predictions_and_are_the_same_in_any_batch(bundle, rows, tmp_path):
    rows.to_parquet(tmp_path / "in.parquet")
    outputs = []
    for batch_rows in (33, 1000):
        source = open_files(tmp_path / "in.parquet", batch_rows)
        output = tmp_path / f"{batch_rows}.csv"
        score_input(bundle, source, file_target(output, source), Wanted(extras=Extras(reasons=2)))
        outputs.append(output.read_bytes())
    assert outputs[0] == outputs[1]
    found = csv.read_csv(tmp_path / "33.csv").to_pandas()
    names = set(bundle.contract.schema.feature_names)
    assert set(found["reason_1"]) <= names
    assert (found["reason_1_effect"].abs() >= found["reason_2_effect"].abs().fillna(0)).all()
    expected = score_table(bundle, rows, extras=Extras(reasons=2)).predictions
    assert found["reason_1"].tolist() == expected["reason_1"].tolist()
