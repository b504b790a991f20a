"""`python -m stages.monitor` on finished projects: what it tells, what it writes, what it refuses."""

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bundles import forge, run_of
from conftest import inside, make_table

from assay import artifacts
from assay.errors import ArtifactError, AssayError, DataError, ParamsError, SchemaError
from assay.monitoring.record import read_history
from stages import monitor, predict

# Of rows like those of training, that no stage has seen.
NEW = make_table(800, seed=5).drop(columns="aftermath")


def watch(project, folder, *words, output="o", workers=2):
    """Monitor in a folder; return the exit code and the result."""
    with inside(folder):
        code = monitor.main(
            [*map(str, words), "--model", str(run_of(project)), "--output", output,
             "--workers", str(workers)]
        )  # fmt: skip
        written = list(Path(output).glob("*.json"))
        newest = max(written, key=lambda path: path.stat().st_mtime_ns, default=None)
        return code, artifacts.read_json(newest) if newest else None


def scored(project, folder, source, output="s/out.parquet", *words):
    with inside(folder):
        predict.main(
            ["--input", source, "--output", output, "--model", str(run_of(project)), *words]
        )


def kinds(result):
    return {(each["area"], each["subject"], each["measure"]) for each in result["findings"]}


def test_every_task_is_told_with_outcomes_in_a_column_in_a_file_and_without(
    finished_task, tmp_path, capsys
):
    rows = finished_task.new_rows().drop(columns="aftermath")
    rows.to_parquet(tmp_path / "rows.parquet", index=False)
    bare = rows.drop(columns="outcome")
    bare.to_csv(tmp_path / "bare.csv", index=False)
    rows[["row_key", "outcome"]][::-1].to_csv(tmp_path / "late.csv", index=False)
    folder = finished_task.folder
    code, by_column = watch(folder, tmp_path, "--input", "rows.parquet", "--labels", "outcome")
    assert code == by_column["verdict"]["exit_code"] in {0, 20, 21}
    assert by_column["batch"]["rows_scored"] == by_column["batch"]["outcomes_known"] == 400
    told = capsys.readouterr().out
    assert by_column["verdict"]["sentence"] in told
    assert "measured " in told
    assert "page: o/rows.html" in told
    assert (tmp_path / "o/rows.md").stat().st_size > 500
    _, by_file = watch(folder, tmp_path, "--input", "bare.csv", "--labels-file", "late.csv")
    assert "measured " in capsys.readouterr().out
    _, without = watch(folder, tmp_path, "--input", "bare.csv", "--name", "without")
    assert without["performance"] is None
    assert without["batch"]["outcomes_known"] == 0
    said = capsys.readouterr().out
    assert "estimated " in said
    assert not any(line.startswith("measured ") for line in said.splitlines())
    assert without["estimate"]["doubts"] == []
    # The rows are of the time of training's: whether the model learnt from them, nobody knows.
    assert by_column["performance"]["within_training_period"] is True
    assert "where the model's data ended" in by_column["notes"][0]
    assert by_column["retraining"]["includes_batch"] is False
    metric = by_column["model"]["primary_metric"]
    ours, theirs = (told["performance"]["metrics"][metric] for told in (by_column, by_file))
    # The same rows by another way; keys are those of the ids both times.
    assert ours["value"] == pytest.approx(theirs["value"], rel=1e-9)
    drift = ("inputs", "outputs")
    assert [each["effect"] for each in by_file["checks"] if each["area"] in drift] == [
        each["effect"] for each in without["checks"] if each["area"] in drift
    ]
    assert without["estimate"]["metric"] == metric
    reference = artifacts.read_json(finished_task.run / "monitoring/baseline.json")
    assert [fact["name"] for fact in without["features"]] == list(reference["inputs"])
    history = read_history(tmp_path / "o/history.parquet")
    # The same files by another name are the same batch.
    assert set(history["batch"]) == {"rows", "without"}


def test_the_result_is_the_same_in_any_number_of_threads_and_blocks(
    finished, tmp_path, monkeypatch
):
    NEW.to_parquet(tmp_path / "new.parquet", index=False)
    options = ("--input", "new.parquet", "--labels", "outcome", "--no-history")
    watch(finished, tmp_path, *options, output="one", workers=1)
    watch(finished, tmp_path, *options, output="two", workers=2)
    watch(finished, tmp_path, *options, output="two", workers=2)
    one, two = (tmp_path / name / "new.json" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert not (tmp_path / "two/history.parquet").exists()
    monkeypatch.setattr("assay.batch.command.BATCH_ROWS", 64)
    _, cut = watch(finished, tmp_path, *options, output="cut", workers=2)
    whole = json.loads(one.read_text())
    for ours, theirs in zip(whole["checks"], cut["checks"], strict=True):
        assert ours["measure"] == theirs["measure"]
        assert ours["effect"] == pytest.approx(theirs["effect"], rel=1e-9, abs=1e-12)


def test_a_folder_and_rows_at_fault_are_read_and_counted(finished, tmp_path):
    (tmp_path / "in").mkdir()
    NEW[:400].drop(columns="outcome").to_csv(tmp_path / "in/a.csv", index=False)
    spoilt = NEW[400:].drop(columns="outcome").astype({"noise": object})
    spoilt.iloc[:20, spoilt.columns.get_loc("noise")] = "many"
    spoilt.to_csv(tmp_path / "in/b.csv", index=False)
    code, result = watch(finished, tmp_path, "--input", "in")
    assert result["batch"]["name"] == "in"
    assert len(result["batch"]["input"]["files"]) == 2
    assert (result["batch"]["rows_in"], result["batch"]["rows_scored"]) == (800, 780)
    assert result["batch"]["rejected_by_reason"] == {"not_a_number": 20}
    assert code == 21
    first = result["findings"][0]
    assert (first["area"], first["measure"], first["level"]) == (
        "operations", "rejected_rate", "alarm"
    )  # fmt: skip
    assert "20 of 800 rows (2.50%) could not be scored (not_a_number 20)" in first["sentence"]
    # Texts are what a CSV file has; nothing is to be said of types.
    assert not any(each["measure"] == "type" for each in result["checks"])


def test_planted_drift_ends_with_a_code_of_its_own(finished, tmp_path):
    bare = NEW.drop(columns="outcome")
    bare.assign(signal=bare["signal"] * 10 + 30).to_parquet(tmp_path / "unit.parquet", index=False)
    code, result = watch(finished, tmp_path, "--input", "unit.parquet")
    assert code == 21
    assert any(subject == "signal" for _, subject, _ in kinds(result))
    assert result["verdict"]["sentence"].startswith(
        "Alarm: signal lies outside of the training range in 99.5% of rows; "
    )
    assert result["verdict"]["sentence"].endswith(" Mend the inputs before these scores are used.")
    # Of one feature there is one finding, and of an estimate on such rows a doubt.
    (found,) = (each for each in result["findings"] if each["subject"] == "signal")
    assert "It also moved by " in found["sentence"]
    assert "signal (99.5%)" in result["estimate"]["doubts"][0]
    kind = np.where(np.arange(len(bare)) % 16 == 0, "zebra", bare["kind"])
    bare.assign(kind=kind).to_parquet(tmp_path / "zebra.parquet", index=False)
    code, result = watch(finished, tmp_path, "--input", "zebra.parquet")
    assert code == 20
    assert ("inputs", "kind", "unknown_rate") in kinds(result)
    assert len(read_history(tmp_path / "o/history.parquet")) == 2


def test_a_column_of_another_type_is_a_warning_and_a_note(finished, tmp_path):
    bare = NEW.drop(columns="outcome")
    texts = bare["noise"].map(lambda value: f"{value:.9g}")
    bare.assign(noise=texts, kind=3).to_parquet(tmp_path / "texts.parquet", index=False)
    code, result = watch(finished, tmp_path, "--input", "texts.parquet")
    assert code == 21
    found = {each["subject"]: each for each in result["findings"] if each["measure"] == "type"}
    assert found["noise"]["now"] == 1
    assert "it comes as " in found["noise"]["sentence"]
    # Its values are read as what they say; that no category is known is an alarm of its own.
    assert found["noise"]["level"] == found["kind"]["level"] == "warning"
    notes = {fact["name"]: fact["type_note"] for fact in result["features"]}
    assert "text as number: 800" in notes["noise"]
    assert notes["signal"] is None


def test_a_small_batch_is_told_and_not_judged(finished, tmp_path, capsys):
    few = NEW[:60].drop(columns="outcome").assign(signal=1e6)
    few.assign(noise=few["noise"].map(str)).to_parquet(tmp_path / "few.parquet", index=False)
    code, result = watch(finished, tmp_path, "--input", "few.parquet")
    # That a column has another type needs no more rows to be true.
    assert code == 20
    assert result["verdict"]["judged"] is False
    assert result["verdict"]["level"] == "warning"
    assert "Not judged: 60 rows, fewer than the 200 that" in capsys.readouterr().out
    assert kinds(result) == {("inputs", "noise", "type")}
    # What was not judged is not fine.
    levels = {fact["name"]: fact["level"] for fact in result["features"]}
    assert levels["noise"] == "warning"
    assert levels["signal"] == result["outputs"]["mean"]["level"] == "not judged"
    assert {fact["level"] for fact in result["slices"]} <= {"not judged"}


def test_jobs_are_told_by_their_receipts(finished, tmp_path):
    NEW.drop(columns="outcome").to_parquet(tmp_path / "new.parquet", index=False)
    NEW.drop(columns="signal").to_parquet(tmp_path / "bad.parquet", index=False)
    scored(finished, tmp_path, "new.parquet")
    with pytest.raises(SchemaError, match=r"bad\.parquet"):
        scored(finished, tmp_path, "bad.parquet", "s/bad.parquet")
    code, result = watch(finished, tmp_path, "--input", "new.parquet", "--receipts", "s")
    told = result["operations"]
    assert (told["jobs"], told["failed_jobs"], told["level"]) == (2, 1, "warning")
    assert code == 20
    assert kinds(result) == {("operations", "jobs", "failed_jobs")}
    assert told["rows_in"] == told["rows_scored"] == 800
    assert told["errors"][0]["kind"] == "SchemaError"
    assert told["latency_seconds"]["block_rows"] == 800
    assert told["rows_per_second"] > 0
    # The job is run again, and its failure is gone.
    scored(finished, tmp_path, "new.parquet", "s/bad.parquet")
    code, result = watch(finished, tmp_path, "--input", "new.parquet", "--receipts", "s")
    assert (code, result["operations"]["failed_jobs"]) == (0, 0)
    assert result["operations"]["of_this_batch"] is True
    # The folder of such folders, and one where every job failed.
    _, result = watch(finished, tmp_path, "--input", "new.parquet", "--receipts", ".")
    assert result["operations"]["jobs"] == 2
    with pytest.raises(SchemaError, match=r"bad\.parquet"):
        scored(finished, tmp_path, "bad.parquet", "f/bad.parquet")
    code, result = watch(finished, tmp_path, "--input", "new.parquet", "--receipts", "f")
    assert (code, result["operations"]["level"]) == (21, "alarm")
    receipt = "s/out.parquet.receipt.json"
    NEW[:700].drop(columns="outcome").to_parquet(tmp_path / "other.parquet", index=False)
    _, result = watch(finished, tmp_path, "--input", "other.parquet", "--receipts", receipt)
    assert result["operations"]["of_this_batch"] is False
    assert any(
        "of other files than this batch: 1 file of it is in no receipt" in note
        for note in result["notes"]
    )


def test_slow_blocks_and_rejected_rows_of_jobs_are_found(finished, tmp_path):
    run = shutil.copytree(run_of(finished), tmp_path / "run")
    meta = artifacts.read_json(run / "run_meta.json")
    meta["params"]["monitor"]["max_latency_seconds"] = 1e-9
    forge(run, "run_meta.json", artifacts.json_text(meta).encode())
    rows = NEW.drop(columns="outcome").astype({"noise": object})
    rows.iloc[:20, rows.columns.get_loc("noise")] = "many"
    rows.to_csv(tmp_path / "new.csv", index=False)
    rows[20:].to_csv(tmp_path / "good.csv", index=False)
    with inside(tmp_path):
        predict.main(["--input", "new.csv", "--output", "o.csv", "--model", "run",
                      "--bad-rows", "quarantine"])  # fmt: skip
        code = monitor.main(["--input", "good.csv", "--model", "run", "--output", "o",
                             "--receipts", "o.csv.receipt.json"])  # fmt: skip
    result = artifacts.read_json(tmp_path / "o/good.json")
    assert code == 21
    found = {(each["subject"], each["measure"]): each["level"] for each in result["findings"]}
    assert found == {
        ("rows of the jobs", "rejected_rate"): "alarm",
        ("blocks of rows", "latency_p99_seconds"): "warning",
    }


def test_the_trend_of_the_history_alone(finished, tmp_path, capsys):
    start = pd.Timestamp("2024-03-01")
    for week in range(6):
        rows = make_table(300, seed=50 + week).drop(columns=["outcome", "aftermath"])
        moment = start + pd.Timedelta(weeks=week) + pd.to_timedelta(np.arange(300) % 96, unit="h")
        rows.assign(moment=moment).to_parquet(tmp_path / f"week{week}.parquet", index=False)
        watch(finished, tmp_path, "--input", f"week{week}.parquet")
    capsys.readouterr()
    before = sorted((tmp_path / "o").iterdir())
    code, _ = watch(finished, tmp_path, "--window", "6")
    told = capsys.readouterr().out
    assert "week0 to week5" in told
    assert code in {0, 20, 21}
    assert "page: " not in told
    watch(finished, tmp_path, "--since", "2024-03-20")
    assert "Not judged: a trend needs at least 5 batches" in capsys.readouterr().out
    assert sorted((tmp_path / "o").iterdir()) == before


def test_a_batch_of_other_size_than_those_before_is_told(finished, tmp_path):
    for number in range(7):
        rows = make_table(240 if number < 6 else 500, seed=90 + number)
        rows = rows.drop(columns=["outcome", "aftermath"])
        rows.to_parquet(tmp_path / f"b{number}.parquet", index=False)
        _, result = watch(finished, tmp_path, "--input", f"b{number}.parquet")
        counts = [each for each in result["checks"] if each["measure"] == "row_count"]
        assert len(counts) == (number >= 5)
        assert [each["level"] for each in counts] == (
            ["fine"] if number == 5 else ["warning"]
        ) * len(counts)
    assert (counts[0]["now"], counts[0]["before"]) == (500, 240)
    assert "500 rows came, against 240 in the median of the latest" in counts[0]["sentence"]
    assert not any("A batch of this name" in note for note in result["notes"])
    # Three rows came where hundreds did; and under an old name.
    rows[:3].to_parquet(tmp_path / "b6.parquet", index=False)
    code, result = watch(finished, tmp_path, "--input", "b6.parquet")
    assert code == 20
    assert ("operations", "rows of this batch", "row_count") in kinds(result)
    assert any("A batch of this name with other rows was in o" in note for note in result["notes"])


def test_a_refused_batch_leaves_its_reason_in_the_place_of_its_pages(finished, tmp_path):
    bare = NEW.drop(columns="outcome")
    bare.to_csv(tmp_path / "new.csv", index=False)
    watch(finished, tmp_path, "--input", "new.csv")
    before = (tmp_path / "o/history.parquet").read_bytes()
    bare.drop(columns="noise").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(SchemaError, match="noise") as caught:
        watch(finished, tmp_path, "--input", "new.csv")
    left = {path.name for path in (tmp_path / "o").iterdir() if path.name[0] != "."}
    assert left == {"history.parquet", "new.failure.json"}
    told = artifacts.read_json(tmp_path / "o/new.failure.json")
    assert told["error"] == {"kind": "SchemaError", "exit_code": 11, "message": str(caught.value)}
    assert (told["command"], told["input"]) == ("monitor", "new.csv")
    assert told["model"]["run_id"] == run_of(finished).name
    assert (tmp_path / "o/history.parquet").read_bytes() == before
    # It is no failure of a job, though it lies among their receipts.
    bare.to_csv(tmp_path / "new.csv", index=False)
    scored(finished, tmp_path, "new.csv", "o/scores.csv")
    _, result = watch(finished, tmp_path, "--input", "new.csv", "--receipts", "o")
    assert result["operations"]["failed_jobs"] == 0
    assert not (tmp_path / "o/new.failure.json").exists()
    assert (tmp_path / "o/new.html").exists()


def test_what_is_read_is_never_taken_for_a_page(finished, tmp_path):
    NEW.drop(columns="outcome").to_csv(tmp_path / "new.csv", index=False)
    (tmp_path / "o").mkdir()
    (tmp_path / "o/new.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"new\.json"):
        watch(finished, tmp_path, "--input", "new.csv", "--labels-file", "o/new.json")
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["new.json"]


@pytest.mark.parametrize("fails", ["new.md", "history.parquet"])
def test_a_full_disk_leaves_no_half(finished, tmp_path, monkeypatch, fails):
    bare = NEW.drop(columns="outcome")
    bare.to_csv(tmp_path / "new.csv", index=False)
    watch(finished, tmp_path, "--input", "new.csv")
    before = (tmp_path / "o/history.parquet").read_bytes()
    whole = Path.write_bytes

    def full(path, content):
        if fails in path.name:
            raise OSError(errno.ENOSPC, "full")
        return whole(path, content)

    bare[:700].to_csv(tmp_path / "new.csv", index=False)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(ArtifactError, match=f"{fails} cannot be written: No space left"):
            watch(finished, tmp_path, "--input", "new.csv")
    left = {path.name for path in (tmp_path / "o").iterdir() if path.name[0] != "."}
    assert left == {"history.parquet", "new.failure.json"}
    assert (tmp_path / "o/history.parquet").read_bytes() == before


REFUSED = [
    (["--labels", "outcome"], ParamsError, "--labels: there is no --input that it belongs to"),
    ([], ParamsError, "--input is missing"),
    (["--input", "new.csv", "--query", "select 1"], ParamsError, "--query: the input is no database"),
    (["--input", "sqlite:///x.db"], ParamsError, "--query: an input that is a database needs one"),
    (["--input", "new.csv", "--labels", "a", "--labels-file", "b"], ParamsError,
     "outcomes come from one place"),
    (["--input", "new.csv", "--workers", "0"], ParamsError, "--workers must be 1 or more, got 0"),
    (["--window", "2"], ParamsError, "--window must be 5 or more, got 2"),
    (["--since", "yesterday"], ParamsError, "--since must be a date such as 2026-01-31, got yesterday"),
    (["--since", "2026-01-01T00:00:00+02:00"], ParamsError, "--since must have no zone"),
    (["--input", "new.csv", "--name", "../up"], ParamsError, "--name must be a file's name"),
    (["--input", "new.csv", "--name", "n" * 300], ParamsError, "--name must be a file's name"),
    (["--input", "new.csv"], SchemaError, "Give --labels outcome to measure performance by it, or drop"),
    (["--input", "new.csv", "--labels-file", "new.csv"], SchemaError, "Give --labels outcome"),
    (["--input", "new.csv", "--labels", "outcom"], SchemaError, "outcom"),
    (["--input", "bare.csv", "--labels", "signal"], SchemaError, "is a feature"),
    (["--input", "gone.csv"], ArtifactError, "gone.csv does not exist"),
    (["--input", "few.csv"], SchemaError, "1 required column is missing: noise"),
    (["--input", "empty.csv"], DataError, "empty.csv has no rows"),
    (["--input", "spoilt.csv"], DataError, "none of 800 rows can be scored"),
    (["--input", "bare.csv", "--receipts", "gone"], ArtifactError,
     "--receipts: gone does not exist. Run python -m stages.predict first"),
    (["--input", "bare.csv", "--receipts", "nothing"], ArtifactError,
     "neither nothing nor a folder in it has a file that ends in"),
    (["--input", "bare.csv", "--labels-file", "others.csv"], DataError, "names none of the 800 rows"),
    (["--input", "bare.csv", "--receipts", "list.json"], ArtifactError, "is no receipt of python -m"),
    (["--input", "bare.csv", "--receipts", "other.receipt.json"], SchemaError,
     "expected those of .* got some of another model: another"),
    (["--input", "bare.csv", "--output", "new.csv"], ArtifactError, "new.csv"),
    (["--input", "nothing", "--output", "nothing/o"], ArtifactError, "has no files of data"),
    (["--input", "some", "--output", "some/o"], ArtifactError, "lies in the input's folder some"),
    (["--window", "6"], ArtifactError, "history.parquet has no batches yet"),
]  # fmt: skip
CODES = {ParamsError: 10, SchemaError: 11, DataError: 12, ArtifactError: 14}


@pytest.fixture(scope="module")
def bad_inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    bare = NEW.drop(columns="outcome")
    NEW.to_csv(folder / "new.csv", index=False)
    bare.to_csv(folder / "bare.csv", index=False)
    bare.drop(columns="noise").to_csv(folder / "few.csv", index=False)
    bare[:0].to_csv(folder / "empty.csv", index=False)
    bare.assign(noise="many").to_csv(folder / "spoilt.csv", index=False)
    (folder / "nothing").mkdir()
    (folder / "some").mkdir()
    bare.to_csv(folder / "some/a.csv", index=False)
    (folder / "list.json").write_text("[]")
    NEW.assign(row_key=NEW["row_key"].map(lambda key: f"no {key}")).to_csv(
        folder / "others.csv", index=False
    )
    failure = {"model": {"run_id": "another", "manifest_sha256": "0" * 64}, "input": "x",
               "error": {"kind": "DataError", "exit_code": 12, "message": "no"}}  # fmt: skip
    (folder / "other.receipt.json").write_text(json.dumps(failure))
    return folder


@pytest.mark.parametrize(
    ("words", "kind", "message"), REFUSED, ids=[" ".join(c[0])[:60] for c in REFUSED]
)
def test_what_does_not_fit_is_refused_with_a_sentence(finished, bad_inputs, words, kind, message):
    output = [] if "--output" in words else ["--output", "reports"]
    with inside(bad_inputs), pytest.raises(AssayError, match=message) as caught:
        monitor.main([*words, *output, "--model", str(run_of(finished))])
    assert type(caught.value) is kind
    assert caught.value.exit_code == CODES[kind]
    left = list(bad_inputs.glob("reports/*"))
    reason = f"{Path((words or [None, 'none'])[1]).stem}.failure.json"
    assert [path.name for path in left] in ([], [reason])
    if words[:1] == ["--input"] and kind is not ParamsError:
        # Where the output is wrong, or lies where it is read, nothing is left.
        assert bool(left) == ("--output" not in words)
    shutil.rmtree(bad_inputs / "reports", ignore_errors=True)
    for path in bad_inputs.rglob("*.failure.json"):
        raise AssertionError(f"{path} is where nothing may be left")


def test_a_run_of_an_earlier_assay_is_refused(finished, tmp_path):
    NEW.drop(columns="outcome").to_csv(tmp_path / "new.csv", index=False)
    run = shutil.copytree(run_of(finished), tmp_path / "run")
    meta = artifacts.read_json(run / "run_meta.json")
    del meta["params"]["monitor"]
    forge(run, "run_meta.json", artifacts.json_text(meta).encode())
    with inside(tmp_path), pytest.raises(ArtifactError, match="packaged by an earlier Assay"):
        monitor.main(["--input", "new.csv", "--model", "run"])
    meta["params"]["monitor"] = {"window": "six"}
    forge(run, "run_meta.json", artifacts.json_text(meta).encode())
    with (
        inside(tmp_path),
        pytest.raises(ArtifactError, match=r"params\.monitor\..* Package the run"),
    ):
        monitor.main(["--input", "new.csv", "--model", "run"])


@pytest.mark.parametrize("name", ["a|b <script>.x", "ünïcode", "n" * 240, "with space. "])
def test_an_odd_name_of_the_input_names_its_files(finished, tmp_path, name):
    NEW.drop(columns="outcome").to_csv(tmp_path / f"{name}.csv", index=False)
    _, result = watch(finished, tmp_path, "--input", f"{name}.csv")
    assert name.startswith(result["batch"]["name"])
    written = {path.suffix for path in (tmp_path / "o").iterdir() if path.name[0] != "."}
    assert written == {".json", ".html", ".md", ".parquet"}


def test_the_scorer_of_a_run_folder_has_no_monitoring(finished):
    files = [path.as_posix() for path in (run_of(finished) / "scorer").rglob("*.py")]
    assert any(path.endswith("stages/predict.py") for path in files)
    assert not any("monitor" in path for path in files)


def test_the_command_ends_with_its_code(finished, tmp_path):
    import subprocess
    import sys

    from conftest import ROOT

    NEW.drop(columns="outcome").assign(signal=500.0).to_csv(tmp_path / "new.csv", index=False)
    words = ["stages.monitor", "--input", "new.csv", "--model", str(run_of(finished))]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=tmp_path, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (21, "")
    assert done.stdout.startswith(
        "Alarm: signal lies far outside of the training range in 100.0% of rows, such as 500; "
    )
    assert done.stdout.splitlines()[1].startswith("new, 800 cases, 2024-")
    assert (tmp_path / "reports/monitoring/new.html").exists()
    # Whoever reads the lines may leave before the last one.
    line = f"{sys.executable} -m {' '.join(words)} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (21, "")


def test_a_folder_of_run_folders_is_told_as_one(finished, tmp_path):
    NEW.drop(columns="outcome").to_csv(tmp_path / "new.csv", index=False)
    run = run_of(finished)
    words = ["--input", "new.csv", "--model", str(run.parent), "--output", "o"]
    with inside(tmp_path), pytest.raises(ArtifactError, match=f"it holds these: .*{run.name}"):
        monitor.main(words)
