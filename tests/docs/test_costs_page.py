"""The page on costs: its figures are the bundled run's, its files and keys exist."""

import json
import re

import pytest
from conftest import ROOT, read_yaml

from assay.decisions.options import PER
from assay.decisions.points import FLAGGED_RATES
from assay.decisions.rows import REPORTS, TABLES
from assay.decisions.sensitivity import FACTORS
from assay.sections import CostParams

PAGE = (ROOT / "docs/costs.md").read_text()
TOLD = dict(re.findall(r"<!-- (\w+) -->(.+?)<!-- -->", PAGE))
PARAMS = read_yaml(ROOT / "params.yaml")


def test_the_figures_are_those_of_the_bundled_run():
    told = json.loads((ROOT / "metrics/threshold.json").read_text())
    point, gain = told["holdout"], told["value"]["gain_over"]
    assert {
        "threshold": f"{told['threshold']:.3f}",
        "precision": f"{100 * point['precision']['value']:.0f}",
        "recall": f"{100 * point['recall']['value']:.0f}",
        "none": f"{gain['none']['value']:.0f}",
        "all": f"{gain['all']['value']:.0f}",
    } == TOLD


def test_the_example_is_the_bundled_one():
    from ruamel.yaml import YAML

    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    stated = YAML(typ="safe").load(block)["costs"]
    bundled = PARAMS["threshold"]["costs"]
    assert stated == {name: bundled[name] for name in stated}
    assert stated["false_positive"] / (1 + stated["false_negative"]) == pytest.approx(
        float(re.findall(r"1 / \(1 \+ 5\) = ([\d.]+)", PAGE)[0]), abs=5e-4
    )


def test_every_key_and_file_is_told():
    for key in set(CostParams.model_fields) - {"unit"}:
        assert f"`{key}`" in PAGE
    files = set(re.findall(r"`((?:reports|plots|metrics)/[\w./]+)`", PAGE))
    assert {f"reports/tables/{name}.csv" for name in REPORTS} <= files
    stage = read_yaml(ROOT / "dvc.yaml")["stages"]["threshold"]
    written = [*stage["outs"], *stage["metrics"], *stage["plots"]]
    known = {next(iter(each)) if isinstance(each, dict) else each for each in written}
    for name in files:
        assert name in known or name.rsplit("/", 1)[0] in known, name
    assert {"gain", "value"} <= set(TABLES)


def test_what_a_rule_means_is_said_wherever_one_is_stated():
    assert "counts as acting where it is true" in PAGE
    for path in [ROOT / "params.yaml", *ROOT.glob("examples/*/params.yaml")]:
        assert "binary: true means to act" in path.read_text()


def test_the_ranges_are_those_of_the_code():
    shares = re.search(r"ten thresholds, which flag from (\d+)% to (\d+)%", PAGE).groups()
    assert [int(share) / 100 for share in shares] == [FLAGGED_RATES[0], FLAGGED_RATES[-1]]
    assert len(FLAGGED_RATES) == 10
    assert (min(FACTORS.values()), max(FACTORS.values())) == (1 / 4, 4)
    assert f"per {PER:,} rows" in PAGE
