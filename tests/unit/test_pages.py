"""The reference profile, the figures, and the Markdown pages."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from jinja2 import UndefinedError

from assay import artifacts, plots
from assay.checks.facts import table_facts
from assay.checks.findings import Wanted
from assay.checks.table import check_table
from assay.monitoring import reference_profile
from assay.report.readiness import readiness_page
from assay.report.rendering import cell, interval, render
from assay.schema import infer_schema, typed_table
from assay.thresholds import Costs, operating_point, threshold_curve


@pytest.fixture
def profile(table, params):
    schema = infer_schema(table, params.data, params.task)
    typed = typed_table(table, schema).assign(empty=np.nan)
    y_true = typed["outcome"].to_numpy()
    return typed, reference_profile(typed, schema, y_true, np.linspace(0, 1, len(typed)), 0.75)


def test_shares_add_up_and_are_those_of_the_rows(profile):
    typed, told = profile
    for name, entry in told["numeric"].items():
        assert sum(entry["bin_shares"]) == pytest.approx(1)
        assert len(entry["bin_shares"]) == len(entry["bin_edges"]) + 1
        assert entry["missing_rate"] == pytest.approx(typed[name].isna().mean())
    kinds = told["categorical"]["kind"]
    assert sum(kinds["shares"].values()) + kinds["other_share"] == pytest.approx(1)
    assert kinds["shares"]["b"] == pytest.approx((typed["kind"].dropna() == "b").mean())
    assert told["score"]["flagged_rate"] == pytest.approx(0.25, abs=0.01)
    json.dumps(told, allow_nan=False)


def test_a_feature_without_values_has_a_profile(table, params):
    schema = infer_schema(table, params.data, params.task)
    typed = typed_table(table, schema).assign(noise=np.nan)
    told = reference_profile(typed, schema, typed["outcome"].to_numpy(), np.full(600, 0.5), 0.5)
    assert told["numeric"]["noise"]["missing_rate"] == 1


def figures():
    rng = np.random.default_rng(0)
    score = rng.uniform(size=200)
    y_true = (rng.uniform(size=200) < score).astype(int)
    importance = pd.DataFrame(
        {
            "feature": ["a", "b"],
            "importance": [0.2, 0],
            "ci_low": [0.1, -0.1],
            "ci_high": [0.3, 0.1],
        }
    )
    values = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"])
    features = pd.DataFrame({"a": rng.normal(size=200), "b": rng.choice(["x", "y"], 200)})
    features.loc[:10, "a"] = np.nan
    point = operating_point(y_true, score, 0.5, Costs(1, 5))
    return {
        "roc": plots.roc_figure(y_true, {"model": score, "baseline": 1 - score}),
        "pr": plots.precision_recall_figure(
            y_true, {"model": (np.array([0, 1.0]), np.array([1.0, 0.5]))}
        ),
        "calibration": plots.calibration_figure(y_true, score, 10, 0.95),
        "threshold": plots.threshold_figure(threshold_curve(y_true, score, Costs(1, 5)), 0.3, 200),
        "confusion": plots.confusion_figure(point, ("no", "yes")),
        "importance": plots.importance_figure(importance, "roc_auc", 200),
        "bar": plots.shap_bar_figure(values.abs().mean(), "log-odds", 200),
        "beeswarm": plots.shap_beeswarm_figure(values, features, ["a", "b"], "log-odds"),
        "dependence": plots.shap_dependence_figure(values, features, ["a", "b"], "log-odds"),
    }


def test_each_figure_names_its_rows_its_axes_and_draws_the_same_bytes(tmp_path):
    first, second = figures(), figures()
    for name, figure in first.items():
        suptitle = figure._suptitle.get_text() if figure._suptitle else ""
        title = suptitle or figure.axes[0].get_title(loc="left")
        assert "n = 200" in title, name
        assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes), name
        artifacts.write_figure(tmp_path / "a.png", figure)
        artifacts.write_figure(tmp_path / "b.png", second[name])
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
        assert (tmp_path / "a.png").stat().st_size > 5000


def test_a_blank_fact_is_an_error_and_never_a_blank():
    with pytest.raises(UndefinedError, match="table"):
        render("readiness.md.j2")


def test_numbers_and_cells():
    assert interval({"value": 0.71234, "ci_low": 0.7, "ci_high": 0.75}) == "0.712 [0.700, 0.750]"
    assert cell("a|b\nc") == "a\\|b c"


def page(table, params) -> str:
    wanted = Wanted(params.data, params.task, params.validate_)
    return readiness_page(table_facts(table, wanted, check_table(table, wanted)))


def test_readiness_of_a_good_table(table, params):
    text = page(table, params)
    assert "**Ready.** Every check passed." in text
    assert "- [ ]" not in text
    assert "| signal | feature | float64 |" in text
    assert "`aftermath`: known later" in text


def test_readiness_of_a_bad_table_lists_what_to_do(table, params):
    text = page(table.assign(noise=np.inf, same="x"), params)
    assert "**Not ready: 1 error.**" in text
    assert "- [ ] no infinite values (error)" in text
    assert "- [ ] no constant feature (warning)" in text
    assert "| error | infinite_values |" in text


def test_what_was_not_checked_is_not_ticked(table, params):
    text = page(table.drop(columns="entity"), params)
    assert "- [ ] declared columns exist (error)" in text
    assert "- [ ] no infinite values (not checked)" in text
    assert "- [x] enough rows" in text


def test_what_cannot_be_checked_is_not_ticked(table, params):
    data = params.data.model_copy(update={"group_column": None, "exclude_columns": {}})
    text = page(table.assign(outcome=1), params.model_copy(update={"data": data}))
    assert "- [ ] every row has a group (no such column is declared)" in text
    assert "- [ ] the positive label occurs (not checked)" in text


@pytest.mark.parametrize("target", ["absent", "outcome"])
def test_readiness_of_an_empty_table(table, params, target):
    data = params.data.model_copy(update={"target": target})
    text = page(table.iloc[:0], params.model_copy(update={"data": data}))
    assert "Not ready" in text


def test_every_figure_of_the_card_stands_in_the_metrics(finished):
    """Each decimal number of the card, rounded as it is there, comes from the run's own files."""
    card = (finished / "reports/model_card.md").read_text()
    run = finished / (finished / "models/registry/latest.txt").read_text().strip()
    known = []
    for path in [*(finished / "metrics").glob("*.json"), run / "run_meta.json"]:
        known += re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", path.read_text())
    for path in (finished / "reports/tables").glob("*.csv"):
        known += re.findall(r"-?\d+\.\d+(?:e-?\d+)?", path.read_text())
    values = np.unique([float(number) for number in known])
    prose = re.sub(r"`[^`]*`", "", card.split("## Monitoring plan")[0])
    for text in re.findall(r"(?<![\w.-])-?\d+\.\d+%?", prose):
        number = float(text.rstrip("%"))
        digits = len(text.rstrip("%").split(".")[1])
        candidates = values * 100 if text.endswith("%") else values
        assert (np.abs(candidates - number) <= 0.51 * 10**-digits).any(), text


def test_the_card_has_every_section(finished):
    card = (finished / "reports/model_card.md").read_text()
    for section in (
        "Verdict", "Problem", "Data", "Splits", "Metrics", "Threshold", "Diagnostics",
        "Limitations", "Monitoring plan", "Reproducibility", "How to run",
    ):  # fmt: skip
        assert f"## {section}\n" in card
    assert "**Do not ship on these figures.**" in card
