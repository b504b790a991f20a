"""Clean tables, real and simulated: no sentinel raises an error, and hardly one a warning."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from assay.checks.table import LEAK_CODES, check_table

spec = importlib.util.spec_from_file_location(
    "sentinel_alarms", ROOT / "scripts/sentinel_alarms.py"
)
alarms = importlib.util.module_from_spec(spec)
spec.loader.exec_module(alarms)

REAL = {name: (table, target, task) for name, table, target, task in alarms.bundled()}


def found_in(table, target, task):
    found = check_table(table, alarms.wanted_of(table, target, task))
    return [(f.code, f.severity, *f.columns) for f in found if f.code in LEAK_CODES]


@pytest.mark.parametrize("name", REAL)
def test_real_tables_have_no_leak(name):
    assert found_in(*REAL[name]) == []


@pytest.mark.parametrize("name", ["iris", "wine"])
def test_those_that_are_delivered_sorted_are_told(name):
    table, target, task = REAL[name]
    by_class = table.sort_values(target, kind="stable", ignore_index=True)
    assert found_in(by_class, target, task) == [("leak_row_order", "warning")]


def simulated(seed):
    """Return a table of many kinds of columns; the outcome depends on three of them."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(500, 4_000))
    table = pd.DataFrame(
        {
            "amount": rng.lognormal(8, 1.5, rows).round(2),
            "population": rng.lognormal(9, 2, rows).round().astype(int),
            "age": rng.integers(18, 90, rows),
            "visits": rng.poisson(2, rows),
            "region": rng.choice([f"r{k}" for k in range(30)], rows),
            "shop": rng.choice([f"s{k}" for k in range(300)], rows),
            "grade": rng.choice(list("abcde"), rows, p=[0.6, 0.2, 0.1, 0.05, 0.05]),
            "active": rng.integers(0, 2, rows).astype(bool),
            "score": np.where(rng.uniform(size=rows) < 0.3, np.nan, rng.normal(size=rows)),
            "rarely": np.where(rng.uniform(size=rows) < 0.98, np.nan, rng.normal(size=rows)),
        }
    )
    level = np.log(table["amount"]) - 8 + table["active"] + table["score"].fillna(-1)
    return table, level + rng.normal(size=rows) * rng.uniform(0.3, 2)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("seed", range(12))
def test_simulated_tables_have_no_leak(seed, task):
    table, level = simulated(seed)
    cuts = {"binary": [np.quantile(level, 0.5 + 0.04 * seed)], "multiclass": [-1, 1, 3]}
    outcome = level if task == "regression" else np.digitize(level, cuts[task])
    assert found_in(table.assign(reached=outcome), "reached", task) == []


def test_the_script_lists_what_is_found(tmp_path, capsys, monkeypatch):
    table = REAL["iris"][0]
    table.assign(copy=table["target"]).to_parquet(tmp_path / "flowers.parquet")
    (tmp_path / "list.txt").write_text("flowers target multiclass\n")
    monkeypatch.setattr("sys.argv", ["alarms", str(tmp_path), str(tmp_path / "list.txt")])
    alarms.main()
    out = capsys.readouterr().out
    assert out.startswith("flowers: 150 rows, multiclass, ")
    assert "error leak_determines_target: feature 'copy' determines" in out
