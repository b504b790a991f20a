"""`threshold` with sensitive columns: a feature, a time and the group, in each task."""

import shutil
from pathlib import Path

import pytest
from conftest import read_yaml, run_stage

from assay import artifacts
from assay.report.fairness import fairness_facts
from assay.report.rendering import render

_WRITTEN = (
    *("metrics/fairness.json", "reports/tables/fairness.csv", "reports/tables/parity.csv"),
    *("reports/tables/proxies.csv", "plots/data/fairness.csv"),
)


@pytest.mark.parametrize(
    "finished_task",
    [("binary", "pycaret"), ("multiclass", "pycaret"), ("regression", "sklearn")],
    indirect=True,
    ids="-".join,
)
def test_the_groups_of_any_column_are_compared_and_nothing_is_decided_by_them(
    finished_task, tmp_path, monkeypatch
):
    from ruamel.yaml import YAML

    plain = finished_task.folder
    assert artifacts.read_json(plain / "metrics/fairness.json") == {"applicable": False}
    assert len(artifacts.read_report(plain / "reports/tables/fairness.csv")) == 0
    copy = shutil.copytree(plain, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(copy)
    params = read_yaml(copy / "params.yaml")
    params["evaluate"] |= {"sensitive_columns": ["kind", "moment"], "sensitive_min_rows": 10}
    with (copy / "params.yaml").open("w") as stream:
        YAML().dump(params, stream)
    run_stage("threshold")
    first = {name: Path(name).read_bytes() for name in _WRITTEN}
    run_stage("threshold")
    assert {name: Path(name).read_bytes() for name in _WRITTEN} == first
    assert (copy / "models/decision.json").read_bytes() == (
        plain / "models/decision.json"
    ).read_bytes()
    told = artifacts.read_json(copy / "metrics/fairness.json")
    table = artifacts.read_report(copy / "reports/tables/fairness.csv")
    assert list(told["columns"])[:2] == ["kind", "moment"]
    # 120 rows, each in one group of each column.
    rows = table[table["column"].isin(["kind", "moment"])].drop_duplicates(["column", "group"])
    assert rows.groupby("column")["rows"].sum().tolist() == [120, 120]
    assert {"a", "b", "(missing)"} <= set(rows["group"])
    proxies = artifacts.read_report(copy / "reports/tables/proxies.csv")
    assert "kind" not in set(proxies.loc[proxies["column"] == "kind", "feature"])
    assert told["columns"]["kind"]["proxies"]["is_feature"]
    assert not told["columns"]["moment"]["proxies"]["is_feature"]
    assert (copy / "plots/threshold/fairness_1.png").exists()
    page = render("card_fairness.md.j2", **fairness_facts(told, table))
    assert "- By kind: " in page
