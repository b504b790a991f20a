"""The HTML report in a browser: what it holds, what it does, and that everybody can read it."""

import json
import math
import re
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from browser import browser, opened, violations
from cards import card_facts

from assay import artifacts
from assay.report.page.report import html_report
from assay.report.page.sections import sections_of

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 800}


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@pytest.fixture
def path(finished_task):
    return finished_task.folder / "reports/report.html"


@pytest.fixture
def page(chromium, path):
    with opened(chromium, path, viewport=WIDE) as page:
        yield page


class Elements(HTMLParser):
    """Checks that every element is closed, and in its order."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})

    def __init__(self):
        super().__init__()
        self.open, self.faults, self.ids = [], [], Counter()

    def handle_starttag(self, tag, attrs):
        self.ids.update(value for name, value in attrs if name == "id")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.ids.update(value for name, value in attrs if name == "id")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append((tag, self.getpos()))


def assert_well_formed(text):
    elements = Elements()
    elements.feed(text)
    elements.close()
    assert (elements.faults, elements.open) == ([], [])
    assert {name: count for name, count in elements.ids.items() if count > 1} == {}


def test_the_page_is_well_formed_small_and_the_same_twice(finished_task, path):
    text = path.read_text()
    assert_well_formed(text)
    assert len(text.encode()) < 3_000_000
    assert html_report(card_facts(finished_task.folder)) == text


def test_every_figure_is_the_one_of_its_metrics_file(finished_task, path):
    metrics = card_facts(finished_task.folder).metrics
    found = re.findall(
        r'<data data-figure="([^"]+)" value="([^"]+)">([^<]+)</data>', path.read_text()
    )
    assert len({figure for figure, _, _ in found}) > 60
    for figure, value, text in found:
        node = metrics
        for key in figure.split("."):
            node = node[key]
        assert float(value) == node, figure
        shown = float(text.replace(",", "").rstrip("%")) / (100 if text.endswith("%") else 1)
        decimals = len(text.rstrip("%").partition(".")[2]) + (2 if text.endswith("%") else 0)
        assert math.isclose(shown, node, abs_tol=0.5001 * 10**-decimals), (figure, text)


def test_sections_headings_and_landmarks_are_there(page, finished_task):
    sections = sections_of(finished_task.task)
    assert page.locator("main > section").count() == len(sections)
    for section in sections:
        assert page.locator(f"section#{section.anchor} > h2").inner_text() == section.title
        assert len(page.locator(f"section#{section.anchor}").inner_text()) > 100
    levels = [int(tag[1]) for tag in page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(each => each.tagName)"
    )]  # fmt: skip
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    links = page.evaluate("[...document.querySelectorAll('nav a')].map(each => each.hash.slice(1))")
    assert set(links) == {section.anchor for section in sections}
    for svg in page.locator("main svg.chart").all():
        assert svg.locator("> title").count() == 1
    assert page.locator("img:not([alt])").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anybody(chromium, path, scheme):
    with opened(chromium, path, viewport=WIDE, color_scheme=scheme) as page:
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        # Only colours differ in the dark.
        assert violations(page, ["color-contrast"] if scheme == "dark" else None) == []


def test_it_fits_the_width(chromium, path):
    for viewport in (WIDE, PHONE):
        with opened(chromium, path, viewport=viewport) as page:
            page.evaluate(
                "document.querySelectorAll('details').forEach(each => { each.open = true })"
            )
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= viewport["width"]


def test_colours_follow_the_system_and_the_button(chromium, path):
    paper = "getComputedStyle(document.body).backgroundColor"
    with opened(chromium, path, color_scheme="light") as page:
        light = page.evaluate(paper)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        dark = page.evaluate(paper)
        assert dark != light
        assert page.locator("#theme").inner_text() == "Light colours"
        page.keyboard.press("Enter")
        assert page.evaluate(paper) == light
    with opened(chromium, path, color_scheme="dark") as page:
        assert page.evaluate(paper) == dark


def test_paper_hides_nothing(chromium, path):
    with opened(chromium, path, viewport=WIDE) as page:
        page.emulate_media(media="print", color_scheme="dark")
        # What is hidden is told once the page is drawn anew.
        page.wait_for_function(
            "[...document.querySelectorAll('main details:not(.contents) .inside')].every("
            "each => each.checkVisibility({contentVisibilityAuto: true}) && each.offsetHeight)"
        )
        assert page.locator("nav.side").is_hidden()
        assert page.locator("#theme").is_hidden()
        assert (
            page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        )


def test_without_javascript_the_figures_of_what_ships_stand_there(chromium, path, finished_task):
    with opened(chromium, path, java_script_enabled=False) as page:
        assert page.locator("#controls").is_hidden()
        texts = {
            each.get_attribute("data-live"): each.inner_text()
            for each in page.locator("[data-live]").all()
        }
    with opened(chromium, path) as page:
        live = {name: page.locator(f'[data-live="{name}"]').first.inner_text() for name in texts}
    told = {name: text for name, text in texts.items() if text != "-"}
    assert told
    assert {name: live[name] for name in told} == told


def slid(page, key, presses):
    page.locator("#slide").focus()
    for _ in range(presses):
        page.keyboard.press(key)


def live(page, name):
    return page.locator(f'[data-live="{name}"]').inner_text()


def test_the_slider_shows_the_counts_of_the_table(finished_task, page):
    if finished_task.task != "binary":
        pytest.skip("other tasks have no threshold")
    table = artifacts.read_report(finished_task.folder / "reports/tables/operating_points.csv")
    table = table.sort_values("threshold").reset_index(drop=True)
    metrics = card_facts(finished_task.folder).metrics["threshold"]
    data = json.loads(page.locator("#slider-data").text_content())
    assert bool(table["chosen"].iloc[data["shipped"]])
    at = table.iloc[data["shipped"]]
    assert live(page, "tp") == f"{metrics['out_of_fold']['true_positive_count']:,}"
    assert page.locator("#reset").is_disabled()
    for key, index in (("ArrowLeft", data["shipped"] - 3), ("Home", 0), ("End", len(table) - 1)):
        slid(page, key, 3 if key == "ArrowLeft" else 1)
        at = table.iloc[index]
        for name, column in (
            ("tp", "true_positive_count"),
            ("fp", "false_positive_count"),
            ("fn", "false_negative_count"),
            ("tn", "true_negative_count"),
        ):
            assert live(page, name) == f"{int(at[column]):,}"
        if not math.isnan(at["expected_cost"]):
            assert math.isclose(
                float(live(page, "cost").replace(",", "")), 1000 * at["expected_cost"], abs_tol=0.51
            )
    page.locator("#reset").click()
    assert page.locator("#slide").input_value() == str(data["shipped"])
    assert live(page, "fp") == f"{metrics['out_of_fold']['false_positive_count']:,}"
    assert page.locator("#reset").is_disabled()


def test_other_costs_give_another_best_threshold(finished_task, page):
    if finished_task.task != "binary":
        pytest.skip("other tasks have no threshold")
    if not page.locator("#whatif").count():
        pytest.skip("its costs are columns")
    table = artifacts.read_report(finished_task.folder / "reports/tables/operating_points.csv")
    page.locator("#cost-false_negative").fill("10")
    assert page.locator("#costs-reset").is_enabled()
    counts = {name: table[f"{name}_count"] for name in ("false_positive", "false_negative")}
    costs = (
        1000
        * (counts["false_positive"] * 1.0 + counts["false_negative"] * 10.0)
        / (table.filter(like="_count").iloc[0].sum())
    )
    if page.locator("#best").is_enabled():
        page.locator("#best").click()
    shown = float(live(page, "cost").replace(",", ""))
    assert math.isclose(shown, costs.min(), abs_tol=0.51)
    assert "threshold.costs.false_negative=10" in page.locator("#hint-command").inner_text()
    page.locator("#cost-false_negative").fill("")
    assert live(page, "cost") == "-"
    page.locator("#costs-reset").click()
    assert page.locator("#cost-false_negative").input_value() == "5"
    if page.locator("#reset").is_enabled():
        page.locator("#reset").click()
    assert page.locator("#hint").is_hidden()


def test_the_sliders_of_other_tasks_follow_their_curves(finished_task, page):
    if finished_task.task == "binary":
        pytest.skip("it has a threshold")
    multiclass = finished_task.task == "multiclass"
    name = "rejection" if multiclass else "coverage"
    curve = artifacts.read_report(finished_task.folder / f"plots/data/{name}.csv")
    if multiclass:
        slid(page, "End", 1)
        last = curve.sort_values("decided_rate").iloc[0]
        assert live(page, "decided") == f"{last['decided_rate']:.1%}"
        assert live(page, "accuracy") == f"{last['accuracy']:.1%}"
    else:
        slid(page, "Home", 1)
        first = curve.sort_values("wanted_coverage").iloc[0]
        assert live(page, "at") == f"{first['wanted_coverage']:.0%}"
        assert live(page, "measured") == f"{first['measured_coverage']:.1%}"
    assert page.locator("#slide").get_attribute("aria-valuetext")
    page.wait_for_function("document.getElementById('live').textContent.length > 20")
    page.locator("#reset").click()
    data = json.loads(page.locator("#slider-data").text_content())
    assert page.locator("#slide").input_value() == str(data["shipped"])


ODD = '</script><script>hacked = 1</script><img src=x onerror="hacked=1">\'"`&<b>|\n日本'


def with_odd_names(facts):
    """Put markup wherever a user's own names and words stand."""
    columns = (
        "feature",
        "slice",
        "cut",
        "rule",
        "message",
        "finding",
        "action",
        "what_went_wrong",
        "group",
        "class",
    )
    tables = {
        name: table.assign(**{
            column: [f"{ODD}{number}" for number in range(len(table))]
            for column in columns
            if column in table and table[column].dtype == object
        })
        for name, table in facts.tables.items()
    }  # fmt: skip
    run = deepcopy(dict(facts.run))
    run["params"]["card"] |= {"problem": ODD, "known_limits": [ODD], "out_of_scope": [ODD]}
    labels = tuple(f"{label}{ODD}" for label in facts.schema.labels)
    metrics = {**facts.metrics, "fairness": {"applicable": False}}
    return replace(
        facts,
        run=run,
        metrics=metrics,
        tables=tables,
        schema=replace(facts.schema, unit=ODD, target=ODD, labels=labels, excluded={ODD: ODD}),
        findings=[
            {"severity": severity, "code": "constant", "message": ODD, "action": ODD, "reason": ODD}
            for severity in ("warning", "accepted")
        ],
    )


def test_markup_in_names_is_text(chromium, finished_task, tmp_path):
    plain = (finished_task.folder / "reports/report.html").read_text()
    text = html_report(with_odd_names(card_facts(finished_task.folder)))
    assert_well_formed(text)
    assert text.count("<script") == plain.count("<script")
    assert text.count("<b>") < 100
    path = tmp_path / "report.html"
    path.write_text(text)
    with opened(chromium, path, viewport=PHONE) as page:
        assert page.evaluate("typeof hacked") == "undefined"
        assert ODD.split("\n", maxsplit=1)[0] in page.locator("h1").text_content()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_what_is_not_said_is_told_once(finished_task):
    facts = card_facts(finished_task.folder)
    run = deepcopy(dict(facts.run))
    run["params"]["card"] = dict.fromkeys(run["params"]["card"]) | {
        "out_of_scope": [],
        "known_limits": [],
    }
    text = html_report(replace(facts, run=run))
    assert text.count("card.problem") == 1
    assert "card.known_limits" in text
    assert_well_formed(text)
