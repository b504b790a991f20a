"""The pages of monitoring: what they hold, that everybody can read them, and that they say only what was found."""

import math
import re
from collections import Counter
from copy import deepcopy
from html.parser import HTMLParser
from itertools import pairwise

import pandas as pd
import pytest
from browser import PHONE, WIDE, becomes_true, browser, opened, violations
from bundles import run_of
from conftest import inside
from monitored import ODD, feature, monitored, with_odd_names

from assay import artifacts
from assay.monitoring.record import read_history
from assay.report.monitoring.report import monitoring_page
from assay.report.monitoring.sections import monitoring_sections
from assay.report.monitoring.summary import monitoring_markdown
from assay.report.monitoring.words import plain
from stages import monitor

TASKS = ("binary", "multiclass", "regression")


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


class Elements(HTMLParser):
    """Checks that every element is closed in its order, and gathers the texts around estimates."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr", "wbr"})

    def __init__(self):
        super().__init__()
        self.open, self.faults, self.ids, self.scripts = [], [], Counter(), 0
        # Of each open element, its tag, and whether its text so far says "estimated".
        self.estimates = []

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self.ids.update([held["id"]] if "id" in held else [])
        self.scripts += tag == "script"
        if tag not in self.VOID:
            self.open.append([tag, ""])
        figure = held.get("data-figure", "")
        measured = ".holdout." in figure and not figure.endswith(".estimated")
        if figure.startswith("estimate") and not measured and figure != "estimate.n":
            around = "".join(said for tag, said in self.open if tag == "span")
            self.estimates.append((figure, around))

    def handle_startendtag(self, tag, attrs):
        self.ids.update(value for name, value in attrs if name == "id")

    def handle_data(self, data):
        for each in self.open:
            each[1] += data

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            self.faults.append((tag, self.getpos()))


def read(text):
    elements = Elements()
    elements.feed(text)
    elements.close()
    assert (elements.faults, elements.open) == ([], [])
    assert {name: count for name, count in elements.ids.items() if count > 1} == {}
    return elements


def at(result, path):
    node = result
    for key in path.split("."):
        node = node[int(key)] if isinstance(node, list) else node[key]
    return node


@pytest.fixture
def page_of(chromium, tmp_path):
    def write(result, history):
        path = tmp_path / "page.html"
        path.write_text(monitoring_page(result, history))
        return path

    return write


def assert_told(result, history):
    """Check a page: it is well-formed, its figures are those of the result, and estimates are called so."""
    text = monitoring_page(result, history)
    elements = read(text)
    assert monitoring_page(deepcopy(result), history.copy()) == text
    assert len(text.encode()) < 1_500_000
    assert (
        re.findall(
            r"\bnan\b|\bNone\b",
            re.sub(r"<script.*?</script>|None (is|of|rejected)", "", text, flags=re.S),
        )
        == []
    )
    found = re.findall(r'<data data-figure="([^"]+)" value="([^"]+)">([^<]+)</data>', text)
    assert len({figure for figure, _, _ in found}) > 100
    for figure, value, told in found:
        node = at(result, figure)
        assert float(value) == node, figure
        shown = float(told.replace(",", "").rstrip("%")) / (100 if told.endswith("%") else 1)
        decimals = len(told.rstrip("%").partition(".")[2]) + (2 if told.endswith("%") else 0)
        # A cost is told without the sign that it has among values.
        node = abs(node) if figure.startswith("performance.value_per_row.") else node
        assert math.isclose(shown, node, abs_tol=0.5001 * 10**-decimals), (figure, told)
    assert len(elements.estimates) >= 3 or result["estimate"] is None
    assert [figure for figure, around in elements.estimates if "estimated" not in around] == []
    return text


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("level", ["fine", "warning", "alarm"])
@pytest.mark.parametrize("outcomes", [True, False])
def test_every_figure_is_the_one_of_the_result(task, level, outcomes):
    assert_told(*monitored(task, level, outcomes=outcomes))


def test_pages_of_finished_projects_tell_what_the_command_found(chromium, finished_task, tmp_path):
    rows = finished_task.new_rows().drop(columns="aftermath")
    rows.to_parquet(tmp_path / "labelled.parquet", index=False)
    rows.drop(columns="outcome").to_parquet(tmp_path / "bare.parquet", index=False)
    rows.head(60).drop(columns="outcome").to_parquet(tmp_path / "few.parquet", index=False)
    model = ["--model", str(run_of(finished_task.folder)), "--output", "o", "--workers", "1"]
    with inside(tmp_path):
        for name, words in (("labelled", ["--labels", "outcome"]), ("few", []), ("bare", [])):
            monitor.main(["--input", f"{name}.parquet", *words, *model])
    history = read_history(tmp_path / "o/history.parquet")
    assert len(history) == 3
    for name in ("labelled", "bare", "few"):
        result = artifacts.read_json(tmp_path / f"o/{name}.json")
        text = assert_told(result, history)
        assert ("Not judged" in text) == (name == "few")
        assert ("estimate.value" in text) == (result["estimate"] is not None)
        assert ('data-figure="performance.n"' in text) == (name == "labelled")
        assert len(monitoring_markdown(result, history).splitlines()) < 60
        page_file = tmp_path / f"o/{name}.html"
        read(page_file.read_text())
        with opened(chromium, page_file, viewport=PHONE) as page:
            assert page.locator("section#verdict .answer").count() == 1
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize(
    "path",
    [
        "verdict.exit_code", "batch.rows_scored", "batch.outcomes_known", "performance.metrics.roc_auc.value",
        "performance.metrics.roc_auc.holdout.ci_low", "performance.gap.value", "estimate.value",
        "estimate.ci_high", "outputs.flagged_rate.now", "outputs.mean.before", "features.29.psi",
        "features.29.missing_rate.now", "findings.0.warn_from", "checks.3.effect",
        "slices.1.mean_outcome", "operations.failed_jobs", "operations.latency_seconds.p99",
        "limits.warn.distance", "limits.false_alarm_rate", "outputs.joint.reconstruction_error.now",
    ],
)  # fmt: skip
def test_a_changed_figure_changes_the_page(path):
    result, history = monitored()
    before = monitoring_page(result, history)
    *parents, name = path.split(".")
    parent = at(result, ".".join(parents))
    parent[name] = parent[name] + 3 if isinstance(parent[name], int) else parent[name] * 1.37
    written = f'data-figure="{path}" value="{parent[name]!r}"'
    assert written not in before
    assert written in monitoring_page(result, history)


@pytest.mark.parametrize(
    "column", ["value", "estimated_value", "outcome_mean", "prediction_distance"]
)
def test_a_changed_history_changes_its_charts(column):
    result, history = monitored()
    changed = history.copy()
    changed.loc[1, column] *= 1.1
    before, after = monitoring_page(result, history), monitoring_page(result, changed)
    drawn = re.compile(r"<svg xmlns.*?</svg>", re.S)
    assert (
        sum(
            one != other
            for one, other in zip(drawn.findall(before), drawn.findall(after), strict=True)
        )
        == 1
    )


def test_sections_headings_and_landmarks_are_there(chromium, page_of):
    with opened(chromium, page_of(*monitored())) as page:
        sections = monitoring_sections()
        assert page.locator("main > section").count() == len(sections)
        for section in sections:
            assert page.locator(f"section#{section.anchor} > h2").inner_text() == section.title
        levels = [int(tag[1]) for tag in page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(each => each.tagName)"
        )]  # fmt: skip
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        ids = set(page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)"))
        targets = page.evaluate(
            "[...document.querySelectorAll('a')].map(each => each.hash.slice(1))"
        )
        assert set(targets) <= ids


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_is_in_the_way_of_anybody_and_it_fits(chromium, page_of, task, colours):
    outcomes = colours == "light"
    path = page_of(*monitored(task, "alarm" if outcomes else "warning", outcomes=outcomes))
    with opened(chromium, path, color_scheme=colours) as page:
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        width = "document.documentElement.scrollWidth"
        assert page.evaluate(width) <= WIDE["width"]
        assert violations(page, None if outcomes else ["color-contrast"]) == []
        page.set_viewport_size(PHONE)
        assert page.evaluate(width) <= PHONE["width"]


def test_colours_contents_and_details_answer_the_keyboard(chromium, page_of):
    paper = "getComputedStyle(document.body).backgroundColor"
    with opened(chromium, page_of(*monitored())) as page:
        light = page.evaluate(paper)
        for _ in range(2):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate(paper) != light
        page.locator("section#inputs summary").nth(0).focus()
        page.keyboard.press("Enter")
        assert page.locator("section#inputs details").nth(0).get_attribute("open") is not None


def test_paper_hides_nothing(chromium, page_of):
    with opened(chromium, page_of(*monitored()), viewport=WIDE) as page:
        page.emulate_media(media="print", color_scheme="dark")
        assert becomes_true(
            page,
            "[...document.querySelectorAll('main details:not(.contents) .inside')].every("
            "each => each.checkVisibility({contentVisibilityAuto: true}) && each.offsetHeight)",
        )
        assert page.locator("nav.side").is_hidden()


@pytest.mark.parametrize("task", TASKS)
def test_markup_in_names_is_text(chromium, page_of, task):
    plain = monitoring_page(*monitored(task))
    result, history = with_odd_names(*monitored(task))
    path = page_of(result, history)
    assert read(path.read_text()).scripts == read(plain).scripts
    with opened(chromium, path, viewport=PHONE) as page:
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        assert page.evaluate("typeof hacked") == "undefined"
        assert ODD.split("\n", maxsplit=1)[0] in page.locator(".lede").first.text_content()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    told = monitoring_markdown(result, history)
    # Names stand as code, where markup is text, or with their marks escaped.
    assert "<script>" not in re.sub(r"(`+).*?\1", "", told)
    assert all(line.count(" | ") <= 4 for line in told.splitlines() if line.startswith("|"))


def test_one_batch_alone_says_so_and_has_no_empty_chart():
    result, history = monitored(batches=1)
    text = monitoring_page(result, history)
    read(text)
    assert "This is the only batch so far" in text
    assert "chart-performance" not in text
    assert "Nothing to draw" not in text
    assert "This is the only batch so far" in monitoring_page(result, history.head(0))


@pytest.mark.parametrize("task", TASKS)
def test_too_few_rows_are_told_and_not_judged(chromium, page_of, task):
    result, history = monitored(task, judged=False, jobs=False, batches=2)
    path = page_of(result, history)
    with opened(chromium, path, viewport=PHONE) as page:
        assert page.locator(".answer .word").inner_text() == "Not judged"
        assert violations(page, ["color-contrast"]) == []
    assert "## Not judged: batch 2013-07" in monitoring_markdown(result, history)


def test_few_rows_are_nowhere_told_to_be_fine():
    result, history = monitored(judged=False, jobs=False, batches=1)
    text = monitoring_page(result, history)
    assert 'class="tag good"' not in text
    assert "120</data> of the <data" in text
    assert "features that moved | not judged" in monitoring_markdown(result, history)
    # What needs no more rows keeps its level.
    assert 'class="tag good">Fine' in monitoring_page(*monitored(judged=False, batches=1))


def test_of_1500_features_the_first_are_shown_and_the_others_counted():
    result, history = monitored(features=1500)
    text = monitoring_page(result, history)
    read(text)
    assert len(text.encode()) < 1_500_000
    assert "1,300 more features" in text
    shown = re.findall(r'data-figure="features\.(\d+)\.psi"', text)
    assert len(shown) == len(set(shown)) == 200
    # What raised an alarm leads, wherever it stands in the result.
    assert shown[0] == "1499"


def test_what_is_not_known_breaks_nothing():
    result, history = monitored(batches=3)
    result |= {
        "estimate": None, "performance": None, "slices": [], "retraining": None, "operations": None,
        "trend": [], "notes": [], "features": [], "findings": [], "checks": [],
        "outputs": {},
    }  # fmt: skip
    result["batch"] |= {
        "first_time": None,
        "last_time": None,
        "rejected_by_reason": {},
        "input": {},
    }
    result["model"] |= {"data_through": None}
    unknown = [name for name in history if name not in ("batch", "rows_scored", "level", "metric")]
    history[unknown] = None
    text = monitoring_page(result, history)
    read(text)
    assert "not known" in text
    assert "Nothing to draw" not in text
    assert "| rows scored | 4,012 |" in monitoring_markdown(result, history)


def test_bare_features_have_a_row_without_bars():
    result, history = monitored()
    bare = dict.fromkeys(feature(0)) | {
        "name": "constant", "kind": "numeric", "missing_rate": {"now": None, "before": 1.0},
        "level": "fine", "bins": [],
    }  # fmt: skip
    result["features"] = [bare]
    text = monitoring_page(result, history)
    read(text)
    assert text.count(">constant<") == 2


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("outcomes", [True, False])
def test_the_summary_fits_a_screen_and_says_what_is_estimated(task, outcomes):
    result, history = monitored(task, outcomes=outcomes)
    told = monitoring_markdown(result, history)
    assert len(told.splitlines()) < 45
    assert "](" not in told
    assert "http" not in told
    lines = [line for line in told.splitlines() if line.startswith("|")]
    value = result["estimate"]["value"]
    rounded = [line for line in lines if f"{value:.3f}"[:5] in line and "measured" not in line]
    # What was measured stands in place of an estimate.
    assert bool(rounded) != outcomes
    assert all("estimated" in line for line in rounded)
    assert ("measured |" in "\n".join(lines)) == outcomes
    for check in result["findings"]:
        assert plain(check["look_at"]) in told


def test_all_findings_beyond_the_first_are_folded_or_counted():
    result, history = monitored()
    result["findings"] = [
        dict(result["findings"][0], subject=f"s{n}", sentence=f"told {n}.") for n in range(100)
    ]
    text = monitoring_page(result, history)
    read(text)
    assert [int(n) for n in re.findall(r'class="said">told (\d+)\.', text)] == list(range(48))
    assert "52 more stand in the result" in text
    assert "95 more findings stand on the page." in monitoring_markdown(result, history)


def test_batches_of_another_metric_are_not_drawn_as_this_one():
    result, history = monitored()
    other = history.assign(metric=["log_loss", *history["metric"][1:]])
    assert monitoring_page(result, other) != monitoring_page(result, history)
    chart = re.search(
        r'<svg[^>]*aria-labelledby="chart-performance.*?</svg>',
        monitoring_page(result, other),
        re.S,
    )
    assert "measured, with outcomes: 2013-01" not in chart.group()
    assert "measured, with outcomes: 2013-02" in chart.group()
    assert isinstance(other, pd.DataFrame)
