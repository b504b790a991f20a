"""`python -m stages.init` as a user meets it: what it writes is what the pipeline accepts."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import read_yaml, run_stage
from corpus import snapshot
from proposals import KINDS, churn, orders

from assay import artifacts
from assay.errors import ArtifactError, DataError, ParamsError, SchemaError
from assay.params import parse_params
from stages import init


@pytest.fixture
def folder(project):
    """A project with params of another table."""
    return project()


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_pipeline_goes_on_from_what_is_written(folder, kind, capsys):
    table = KINDS[kind]()
    table.to_parquet(folder / "mine.parquet", index=False)
    init.main(["--table", "mine.parquet", "--force"])
    params = parse_params(read_yaml(folder / "params.yaml"))
    assert params.data.table == "mine.parquet"
    told = capsys.readouterr().out
    assert "written: params.yaml" in told
    assert "Not ready" not in told
    run_stage("validate")
    run_stage("split")
    split = artifacts.read_json(folder / "metrics/split.json")
    assert split["strategy"] == params.split.strategy
    assert split["fold_count"] == params.split.fold_count


def test_a_csv_file_goes_the_same_way(folder, tmp_path):
    table = churn().astype({"zip": str})
    table["zip"] = "0" + table["zip"]
    table.to_csv(tmp_path / "customers.csv", index=False)
    init.main(["--table", str(tmp_path / "customers.csv"), "--force"])
    data = parse_params(read_yaml(folder / "params.yaml")).data
    assert (data.table, data.unit) == ("data/processed/customers.parquet", "customer")
    written = artifacts.read_table(folder / data.table)
    assert written["zip"].str.startswith("0").all()
    assert written["minutes"].dtype == "float64"
    run_stage("validate")
    run_stage("split")


def test_a_fault_that_no_params_mend_is_told_and_the_file_is_written(folder, capsys):
    orders().assign(assay_row=1.5).to_parquet(folder / "mine.parquet")
    init.main(["--table", "mine.parquet", "--force"])
    told = " ".join(capsys.readouterr().out.split())
    assert "Not ready: - validate will stop at: column 'assay_row' has a name" in told
    with pytest.raises(SchemaError, match="'assay_row' has a name that Assay gives"):
        run_stage("validate")


def test_rows_without_an_outcome_are_left_out_and_told(folder, capsys):
    table = orders()
    table.loc[:9, "returned"] = np.nan
    table.to_parquet(folder / "mine.parquet")
    init.main(["--table", "mine.parquet", "--force"])
    assert "10 of 3,000 rows have no outcome" in " ".join(capsys.readouterr().out.split())
    run_stage("validate")
    assert "10 of 3,000 rows have no outcome" in capsys.readouterr().out


def test_a_time_of_texts_may_be_named(folder, capsys):
    table = orders()
    name = table.select_dtypes("datetime").columns[0]
    table[name] = table[name].dt.strftime("%Y-%m-%d %H:%M:%S").astype(object)
    table.to_parquet(folder / "mine.parquet")
    init.main(["--table", "mine.parquet", "--time", name, "--force"])
    run_stage("validate")
    table.loc[3, name] = "noon"
    table.to_parquet(folder / "mine.parquet")
    with pytest.raises(SchemaError, match=f"--time: '{name}' is text, expected timestamps, or ISO"):
        init.main(["--table", "mine.parquet", "--time", name, "--force"])


def test_nothing_is_overwritten_without_force(folder):
    churn().to_parquet(folder / "mine.parquet")
    before = snapshot(folder)
    with pytest.raises(ParamsError, match=r"params\.yaml exists, and is not overwritten.*--force"):
        init.main(["--table", "mine.parquet"])
    assert snapshot(folder) == before
    init.main(["--table", "mine.parquet", "--output", "another.yaml"])
    after = snapshot(folder)
    assert {name for name in after if after[name] != before.get(name)} == {"another.yaml"}


def test_a_table_from_elsewhere_does_not_overwrite_one(folder, tmp_path):
    churn().to_parquet(tmp_path / "features.parquet")
    with pytest.raises(ParamsError, match=r"features\.parquet exists and holds another table"):
        init.main(["--table", str(tmp_path / "features.parquet"), "--output", "another.yaml"])
    assert not (folder / "another.yaml").exists()
    init.main(["--table", str(tmp_path / "features.parquet"), "--force"])
    copied = (folder / "data/processed/features.parquet").read_bytes()
    assert copied == (tmp_path / "features.parquet").read_bytes()


def test_a_dry_run_shows_all_and_writes_nothing(folder, tmp_path, capsys):
    churn().to_parquet(tmp_path / "mine.parquet")
    before = snapshot(folder)
    init.main(["--table", str(tmp_path / "mine.parquet"), "--dry-run"])
    assert snapshot(folder) == before
    told = capsys.readouterr().out
    assert "params.yaml would be:" in told
    assert "  target: churn" in told
    assert "written" not in told


def test_the_terminal_tells_what_was_seen(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    churn().to_parquet(folder / "mine.parquet")
    init.main(["--table", "mine.parquet", "--force"])
    told = capsys.readouterr().out
    assert all(len(line) <= 90 for line in told.splitlines())
    assert "mine.parquet: 1,200 rows, 8 columns" in told
    assert re.search(r"^newsletter +text +[12]\d\.\d% +1 +feature +yes$", told, re.MULTILINE)
    assert "dvc add mine.parquet" in told
    assert "excluded  currency: has the same value in every row" in told
    for line in ("customer_id", "zip", "churn"):
        role = {"customer_id": "id", "zip": "category", "churn": "target"}[line]
        assert any(row.startswith(line) and f"  {role} " in row for row in told.splitlines())


def test_a_wide_table_is_told_in_few_lines(folder, capsys):
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(400, 300)), columns=[f"f{n}" for n in range(300)])
    wide.assign(target=wide["f0"] > 0).to_parquet(folder / "mine.parquet")
    init.main(["--table", "mine.parquet", "--force"])
    told = capsys.readouterr().out.splitlines()
    assert len(told) < 80
    assert "... and 261 more columns: 261 feature" in told
    assert any(line.startswith("target ") and " target " in line for line in told)


def test_words_of_the_user_are_taken(folder):
    orders().to_parquet(folder / "mine.parquet")
    init.main(
        ["--table", "mine.parquet", "--target", "channel", "--time", "none", "--group", "none",
         "--ids", "order_id,customer_id", "--unit", "sale", "--force"]
    )  # fmt: skip
    params = parse_params(read_yaml(folder / "params.yaml"))
    assert (params.task.type, params.data.target) == ("multiclass", "channel")
    assert (params.data.time_column, params.data.group_column) == (None, None)
    assert params.data.id_columns == ["order_id", "customer_id"]
    assert (params.data.unit, params.split.strategy) == ("sale", "random")


def test_names_with_odd_characters_are_named(folder):
    odd = {"plan": "plan, or: tariff #1", "churn": "has\nleft?", "zip": "Ünï {code}"}
    churn().rename(columns=odd).to_parquet(folder / "mine.parquet")
    init.main(["--table", "mine.parquet", "--target", "has\nleft?", "--force"])
    assert parse_params(read_yaml(folder / "params.yaml")).data.target == "has\nleft?"
    run_stage("validate")


@pytest.mark.parametrize(
    ("name", "content", "options", "kind", "words"),
    [
        ("gone.parquet", None, [], ArtifactError, "does not exist"),
        ("a.xlsx", b"x", [], ArtifactError, "must end in"),
        ("a.parquet", b"no table", [], ArtifactError, "is not a readable parquet file"),
        ("a.csv", b"a,b\n1,2\n1\n", [], ArtifactError, "is not a readable csv file"),
        ("a.csv", b"a;b\n1;2\n", [], SchemaError, "expected commas"),
        ("a.csv", b"a,b\n", [], DataError, "has no rows"),
        ("a.csv", b"a,a\n1,2\n", [], SchemaError, "must be unique"),
        ("a.csv", b"a,\n1,x\n2,y\n", [], SchemaError, "column 2 has no name"),
        ("a.csv", b"a,b\n1,2\n", ["--target", "c"], SchemaError, "no column 'c'"),
        ("a.csv", b"a,b\n1,1\n1,1\n", [], DataError, "no column could be a target"),
    ],
)
def test_bad_tables_and_options_get_a_sentence(folder, name, content, options, kind, words):
    if content is not None:
        (folder / name).write_bytes(content)
    before = snapshot(folder)
    with pytest.raises(kind, match=words):
        init.main(["--table", name, *options, "--output", "new.yaml"])
    assert snapshot(folder) == before
