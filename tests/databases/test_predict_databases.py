"""`python -m stages.predict` from a query, to a table, or both."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from conftest import inside, make_table
from postgresql_server import PASSWORD

from assay.batch.scored import BatchScorer
from assay.databases.access import read_query, write_table
from assay.errors import ArtifactError, AssayError, DataError, ParamsError, SchemaError
from assay.scoring import score_table
from stages.predict import main


@pytest.fixture
def project_folder(finished, tmp_path, monkeypatch):
    """A folder from which the finished project's model is the latest, and outputs/ is writable."""
    run = finished / (finished / "models/registry/latest.txt").read_text().strip()
    (tmp_path / "models/registry").mkdir(parents=True)
    (tmp_path / "models/registry/latest.txt").write_text(f"{run}\n")
    with inside(tmp_path):
        yield tmp_path


@pytest.fixture
def filled(database, rows):
    """A database with the rows in a table."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    moment = table.schema.get_field_index("moment")
    table = table.set_column(moment, "moment", table["moment"].cast(pa.timestamp("us")))
    write_table(database, "due", table.to_reader(), "fail")
    return database


def receipt_of(table):
    (path,) = Path("outputs").glob(f"{table}-*.receipt.json")
    return json.loads(path.read_text())


def content(url, table, order="row_key"):
    query = f'SELECT * FROM "{table}" ORDER BY {order}'  # noqa: S608
    with read_query(url, query, 10_000) as found:
        return pa.Table.from_batches(list(found.batches), found.schema).to_pandas()


def test_from_a_query_to_a_file_and_to_a_table(project_folder, filled, bundle, rows, capsys):
    query = "SELECT * FROM due ORDER BY row_key"
    main(["--input", filled, "--query", query, "--output", "out.parquet"])
    main(["--input", filled, "--query", query, "--output", filled, "--table", "scored"])
    expected = score_table(bundle, rows.sort_values("row_key")).predictions
    for found in (pd.read_parquet("out.parquet"), content(filled, "scored")):
        assert list(found) == list(expected)
        assert found["row_key"].tolist() == expected["row_key"].tolist()
        np.testing.assert_array_equal(found["score"], expected["score"])
        np.testing.assert_array_equal(found["prediction"], expected["prediction"])
    told = receipt_of("scored")
    assert told["input"]["query_sha256"] == hashlib.sha256(query.encode()).hexdigest()
    assert told["output"]["rows"] == told["counts"]["rows_in"] == 500
    assert "500 rows scored by" in capsys.readouterr().out


def test_a_text_among_times_loses_no_row_of_a_query(project_folder, sqlite, rows, execute):
    texts = rows.assign(moment=rows["moment"].astype(str))
    texts.loc[3, "moment"] = "unknown"
    write_table(
        sqlite, "due", pa.Table.from_pandas(texts, preserve_index=False).to_reader(), "fail"
    )
    query = "SELECT * FROM due ORDER BY row_key"
    main(["--input", sqlite, "--query", query, "--output", "out.parquet"])
    found = pd.read_parquet("out.parquet")
    assert found["moment"].tolist() == texts.sort_values("row_key")["moment"].tolist()


def test_an_input_that_changed_is_refused_before_the_table_is_written(
    project_folder, database, rows, monkeypatch
):
    rows.to_csv("in.csv", index=False)
    before = BatchScorer.score

    def score(self, batch):
        os.utime("in.csv", (1, 1))
        return before(self, batch)

    monkeypatch.setattr(BatchScorer, "score", score)
    with pytest.raises(ArtifactError, match="Nothing was written; score it again"):
        main(["--input", "in.csv", "--output", database, "--table", "scored"])
    main(["--input", "in.csv", "--output", database, "--table", "scored"])
    assert len(content(database, "scored")) == 500


def test_scored_rows_outlive_a_table_that_cannot_be_written(
    project_folder, database, rows, monkeypatch, capsys
):
    rows.to_csv("in.csv", index=False)
    to = ["--input", "in.csv", "--output", database, "--table", "scored"]
    with monkeypatch.context() as patch:
        patch.setattr("assay.batch.targets.write_table", refuse)
        with pytest.raises(
            ArtifactError, match=r"lost\. The scored rows are kept; the same command"
        ):
            main(to)
    monkeypatch.setattr(BatchScorer, "score", refuse)
    main([*to, "--resume"])
    assert "note: 500 rows were finished by the run before" in capsys.readouterr().out
    assert len(content(database, "scored")) == 500


def refuse(*_):
    raise ArtifactError("The connection was lost.")


def test_a_table_may_be_replaced_by_its_own_scores(project_folder, filled, rows):
    query = "SELECT * FROM due"
    main(
        [
            "--input",
            filled,
            "--query",
            query,
            "--output",
            filled,
            "--table",
            "due",
            "--if-exists",
            "replace",
        ]
    )
    found = content(filled, "due")
    assert len(found) == 500
    assert "score" in found


def test_from_a_file_to_a_table_again_and_again(project_folder, database, rows):
    rows.to_csv("in.csv", index=False)
    to = ["--input", "in.csv", "--output", database, "--table", "scored"]
    main(to)
    with pytest.raises(AssayError, match="scored"):
        main(to)
    main([*to, "--if-exists", "append"])
    assert len(content(database, "scored")) == 1000
    main([*to, "--if-exists", "replace", "--proba"])
    assert len(content(database, "scored")) == 500
    with pytest.raises(SchemaError, match="probability_0"):
        main([*to, "--if-exists", "append"])


def test_a_refused_input_leaves_the_table_as_it_was(project_folder, filled, rows):
    make_table(5).to_csv("other.csv", index=False)
    rows.assign(noise=["x", *rows["noise"][1:]]).to_csv("in.csv", index=False)
    before = content(filled, "due")
    for source, kind in (("in.csv", DataError), ("other.csv", SchemaError)):
        with pytest.raises(kind, match=source):
            main(
                ["--input", source, "--output", filled, "--table", "due", "--if-exists", "replace"]
            )
    pd.testing.assert_frame_equal(content(filled, "due"), before)
    (left,) = project_folder.glob("outputs/*")
    told = json.loads(left.read_text())
    assert left.name.endswith(".failure.json")
    assert told["input"] == "other.csv"
    assert told["error"]["kind"] == "SchemaError"


def test_rows_of_a_query_that_cannot_be_scored_are_set_aside(project_folder, filled, execute):
    execute(filled, "ALTER TABLE due ADD COLUMN texts TEXT", "UPDATE due SET texts = CAST(noise AS TEXT)",
            "UPDATE due SET texts = 'many' WHERE row_key = 'k00007'")  # fmt: skip
    query = 'SELECT row_key, signal, texts AS noise, "count", kind FROM due ORDER BY row_key'
    main(
        [
            "--input",
            filled,
            "--query",
            query,
            "--output",
            filled,
            "--table",
            "s",
            "--bad-rows",
            "quarantine",
        ]
    )
    assert len(content(filled, "s")) == 499
    rejected = pd.read_parquet(next(Path("outputs").glob("s-*.rejected.parquet")))
    assert rejected["row_key"].tolist() == ["k00007"]
    assert rejected["rejected_row"].tolist() == [8]
    told = receipt_of("s")
    assert told["counts"]["rows_in"] == 500 == told["counts"]["rows_scored"] + 1


def test_no_password_reaches_a_message_a_receipt_or_an_output(
    project_folder, postgresql, rows, capsys
):
    rows.to_csv("in.csv", index=False)
    main(["--input", "in.csv", "--output", postgresql, "--table", "scored"])
    query = "SELECT * FROM scored WHERE 'password=hunter2' <> ''"
    with pytest.raises(SchemaError, match="required columns are missing") as caught:
        main(["--input", postgresql, "--query", query, "--output", "o.csv"])
    written = [path.read_bytes() for path in project_folder.rglob("*.json")]
    everything = [*written, str(caught.value).encode(), capsys.readouterr().out.encode()]
    assert not any(PASSWORD.encode() in text for text in everything)
    with pytest.raises(ParamsError, match="credentials come from the environment") as caught:
        main(
            [
                "--input",
                "postgresql://u:hunter2@localhost/d",
                "--query",
                "SELECT 1",
                "--output",
                "o.csv",
            ]
        )
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--input", "sqlite:///x.db", "--output", "o.csv"], "--query: an input that is a database needs one"),
        (["--input", "in.csv", "--query", "SELECT 1", "--output", "o.csv"], "--query: the input is no database"),
        (["--input", "in.csv", "--output", "sqlite:///x.db"], "--table: an output that is a database needs one"),
        (["--input", "in.csv", "--output", "o.csv", "--table", "t"], "--table: the output is no database"),
        (["--input", "mysql://h/d", "--query", "SELECT 1", "--output", "o.csv"], "mysql"),
        (["--input", "sqlite:///x.db", "--query", "SELECT 1", "--output", "o.csv", "--resume"], "--resume"),
    ],
)  # fmt: skip
def test_options_of_databases_stand_where_there_is_one(project_folder, options, message):
    with pytest.raises(ParamsError, match=message):
        main(options)
    assert [path.name for path in project_folder.iterdir()] == ["models"]
