"""The parts of the HTML report that need no run: figures, marks, words."""

import json
from html import unescape

import pytest

from assay.report.page.environment import p_value, page_environment, there, ticked
from assay.report.page.figures import Figures
from assay.report.page.marks import marks_of
from assay.report.page.splits import time_line
from assay.report.page.words import metric_meaning, metric_title, of_metric

GAIN = {"value": 1234.5, "ci_low": -0.25, "ci_high": 2000.0}


@pytest.fixture
def figures():
    return Figures(
        {
            "holdout": {
                "gain": GAIN,
                "rate": {"value": 0.25},
                "count": 12345,
                "none": float("nan"),
            },
        }
    )


def test_a_figure_holds_its_path_and_its_unrounded_value(figures):
    assert figures.value("holdout.count", "count") == (
        '<data data-figure="holdout.count" value="12345">12,345</data>'
    )
    assert figures.value("holdout.rate", "percent") == (
        '<data data-figure="holdout.rate.value" value="0.25">25.0%</data>'
    )
    assert "not defined" in figures.value("holdout.none")
    with pytest.raises(KeyError, match="absent"):
        figures.value("holdout.absent")


def test_an_estimate_is_told_with_both_ends_and_digits_in_common(figures):
    told = figures.estimate("holdout.gain", "amount")
    assert told.striptags() == "1,234 [0, 2,000]"
    assert 'data-figure="holdout.gain.ci_low" value="-0.25"' in told
    assert "[" not in figures.estimate("holdout.rate")
    assert figures.interval("holdout.rate") == ""
    assert figures.interval("holdout.gain", "percent").striptags() == "[-25.0%, 200000.0%]"


def test_marks_keep_order_and_lie_within_the_scale():
    model, baseline = (
        {"value": 2.0, "ci_low": 1.25, "ci_high": 3.0},
        {"value": 1.0, "ci_low": 0.5, "ci_high": 1.5},
    )
    found = marks_of([("model", model), ("baseline", baseline)], 0.0)
    first, second = found.marks
    assert 0 < found.zero < second.low < second.at < first.low < first.at
    assert first.at < first.high < 100
    same = {"value": 1.0, "ci_low": 1.0, "ci_high": 1.0}
    assert marks_of([("model", same)]).marks[0].at == 50.0
    assert marks_of([("model", {"value": 1.0})]) is None


def test_a_time_line_places_both_parts():
    split = {
        "train_first_time": "2024-01-01", "train_last_time": "2024-01-09",
        "holdout_first_time": "2024-01-09", "holdout_last_time": "2024-01-11",
        "train_count": 8, "holdout_count": 2,
    }  # fmt: skip
    train, holdout = time_line(split)
    assert (train["left"], train["width"]) == (0.0, 80.0)
    assert (holdout["left"], holdout["width"]) == (80.0, 20.0)
    assert time_line({"train_count": 8}) == []


def test_words():
    assert metric_title("roc_auc") == of_metric("roc_auc") == "ROC AUC"
    assert of_metric("log_loss") == "log loss"
    assert of_metric("r2") == metric_title("r2")
    assert metric_title("unknown") == "unknown"
    assert metric_meaning("unknown") == ""
    assert p_value(0.0001) == "p < 0.001"
    assert not there(float("nan"))
    assert there(0.0)
    assert ticked("`a<b` & c") == "<code>a&lt;b</code> &amp; c"


def test_json_cannot_close_its_script():
    template = page_environment(Figures({})).from_string("<script>{{ found | tojson }}</script>")
    text = template.render(found={"name": "</script><!--"})
    assert text.count("</script>") == 1
    assert json.loads(unescape(text.removeprefix("<script>").removesuffix("</script>"))) == {
        "name": "</script><!--"
    }
