"""The examples: their params, their pages, and what the pages show."""

import re
import sys

import pandas as pd
import pytest
from conftest import ROOT, read_yaml

from assay.params import parse_params

EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/params.yaml"))
INDEX = (ROOT / "examples/README.md").read_text()


def table_of(example):
    own = example / "features.parquet"
    return own if own.exists() else ROOT / "data/processed/features.parquet"


def test_there_is_one_of_each_task_and_each_is_in_the_index():
    params = {e.name: parse_params(read_yaml(e / "params.yaml")) for e in EXAMPLES}
    assert {p.task.type for p in params.values()} == {"binary", "multiclass", "regression"}
    assert {p.split.strategy for p in params.values()} == {"time", "random", "group"}
    assert re.findall(r"\]\((\w+)/README\.md\)", INDEX) == [
        "hotel_rates",
        "penguins",
        "flights_by_plane",
    ]
    assert set(params) == set(re.findall(r"\]\((\w+)/README\.md\)", INDEX))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_params_are_complete_and_name_columns_of_the_table(example):
    params = parse_params(read_yaml(example / "params.yaml"), str(example))
    # The runner puts the table there.
    assert params.data.table == "data/processed/features.parquet"
    columns = set(pd.read_parquet(table_of(example)).columns)
    named = {params.data.target, *params.data.id_columns, *params.data.exclude_columns}
    named |= {params.data.time_column, params.data.group_column} - {None}
    assert named <= columns


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_a_page_shows_figures_and_pictures_that_exist(example):
    page = (example / "README.md").read_text()
    figures = page.split("<!-- figures -->")[1].split("<!-- end -->")[0]
    assert "| metric | model | baseline" in figures
    pictures = re.findall(r"\]\((results/[^)]+)\)", page)
    assert len(pictures) >= 2
    shown = sorted(
        path.relative_to(example).as_posix() for path in example.glob("results/**/*.png")
    )
    assert sorted(pictures) == shown
    assert f"make example NAME={example.name}" in page
    for link in re.findall(r"\]\((\.\./[^)#]+)\)", page):
        assert (example / link).exists(), link


def test_the_runner_puts_the_cards_figures_into_the_page(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import run_example

    assert run_example.examples() == [example.name for example in EXAMPLES]
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/model_card.md").write_text(
        "# Card\n\n## Verdict\n\nShip it.\n\n## Metrics\n\nIntro:\n\n| metric | model |\n| --- | --- |\n"
        "| mae | 1.5 |\n\n| rank | model |\n"
    )
    page = run_example.page_of("penguins", tmp_path)
    assert (
        "<!-- figures -->\nShip it.\n\n| metric | model |\n| --- | --- |\n| mae | 1.5 |\n<!-- end -->"
        in page
    )
    monkeypatch.setattr(run_example, "ROOT", tmp_path)
    (tmp_path / "examples/penguins").mkdir(parents=True)
    (tmp_path / "examples/penguins/README.md").write_text(page.replace("1.5", "1.4"))
    with pytest.raises(SystemExit, match=r"examples/penguins shows other results \(README\.md"):
        monkeypatch.setattr(run_example, "pictures_of", lambda _name: [])
        run_example.check("penguins", tmp_path)
    del sys.modules["run_example"]
