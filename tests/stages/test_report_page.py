"""The HTML report in a browser: what it holds, what it does, and that everybody can read it."""

import json
import math
import re
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise, product

import pytest
from browser import PHONE, WIDE, becomes_true, browser, chromium_path, opened, violations
from cards import card_facts
from playwright.sync_api import expect
from pydantic import ValidationError

from assay import artifacts
from assay.decisions.amounts import amount
from assay.report.model_card import model_card
from assay.report.page.report import html_report
from assay.report.page.sections import sections_of
from assay.sections import CostParams


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


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<img src="https://example.org/a.png" alt="">', "asked for https://example.org/a.png"),
        ("<script>console.warn('odd')</script>", "warning: odd"),
        ("<script>throw new Error('broken')</script>", "thrown: broken"),
    ],
)
def test_a_page_that_complains_or_asks_elsewhere_fails(chromium, tmp_path, body, complaint):
    path = tmp_path / "page.html"
    path.write_text(f"<!doctype html><title>page</title>{body}")
    with pytest.raises(AssertionError, match=re.escape(complaint)), opened(chromium, path) as page:
        page.wait_for_load_state()


def test_without_a_browser_tests_are_skipped_but_not_where_it_must_be(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ASSAY_CHROMIUM", raising=False)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no chromium on PATH"):
        chromium_path()
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="the pages cannot be tested"):
        chromium_path()


class Elements(HTMLParser):
    """Checks that every element is closed, and in its order."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr", "wbr"})

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


def test_nothing_is_in_the_way_of_anybody_and_it_fits(chromium, path, finished_task):
    with opened(chromium, path) as page:
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        width = "document.documentElement.scrollWidth"
        assert page.evaluate(width) <= WIDE["width"]
        # The parts of a page are the same whatever found the model.
        if finished_task.engine == "sklearn":
            assert violations(page) == []
            # Only colours differ in the dark.
            page.emulate_media(color_scheme="dark")
            assert violations(page, ["color-contrast"]) == []
        page.set_viewport_size(PHONE)
        assert page.evaluate(width) <= PHONE["width"]


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
        assert becomes_true(
            page,
            "[...document.querySelectorAll('main details:not(.contents) .inside')].every("
            "each => each.checkVisibility({contentVisibilityAuto: true}) && each.offsetHeight)",
        )
        assert page.locator("nav.side").is_hidden()
        assert page.locator("#theme").is_hidden()
        assert (
            page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        )


def test_without_javascript_the_figures_of_what_ships_stand_there(chromium, path):
    without = chromium.browser.new_context(java_script_enabled=False)
    with opened(without, path) as page:
        assert page.locator("#controls").is_hidden()
        texts = {
            each.get_attribute("data-live"): each.inner_text()
            for each in page.locator("[data-live]").all()
        }
    without.close()
    with opened(chromium, path) as page:
        live = {name: page.locator(f'[data-live="{name}"]').first.inner_text() for name in texts}
    assert texts
    assert live == texts


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
    if "expected_cost" in metrics["out_of_fold"] and page.locator('[data-live="cost"]').count():
        assert live(page, "cost") == amount(1000 * metrics["out_of_fold"]["expected_cost"])
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


OUTCOMES = ("false_positive", "false_negative", "true_positive", "true_negative")


def costs_by_hand(folder, costs):
    """Return each threshold's cost per 1,000 rows, and that of acting on none and on all."""
    table = artifacts.read_report(folder / "reports/tables/operating_points.csv")
    table = table.sort_values("threshold").reset_index(drop=True)
    counts = {name: table[f"{name}_count"] for name in OUTCOMES}
    rows = sum(counts.values()).iloc[0]
    positives = (counts["true_positive"] + counts["false_negative"]).iloc[0]
    negatives = rows - positives
    at = sum(costs[name] * counts[name] for name in OUTCOMES)
    none = costs["false_negative"] * positives + costs["true_negative"] * negatives
    everything = costs["true_positive"] * positives + costs["false_positive"] * negatives
    return 1000 * at / rows, 1000 * none / rows, 1000 * everything / rows


def filled(page, costs):
    for name, cost in costs.items():
        page.locator(f"#cost-{name}").fill(repr(cost))


def told_at(page, index):
    page.locator("#slide").fill(str(index))
    told = {name: live(page, name) for name in ("cost", "over_none", "over_all")}
    command = (
        page.locator("#hint-command").inner_text() if page.locator("#hint").is_visible() else ""
    )
    return told, command


@pytest.mark.parametrize(
    "costs", [(1.0, 5.0, 0.0, 0.0), (3.0, 5.0, -20.0, -0.5), (1e7, 2e8 + 1, 1e6, 7.0)]
)
def test_other_costs_are_told_at_every_threshold(finished_task, page, costs):
    if not page.locator("#whatif").count():
        pytest.skip("it has no costs to change")
    costs = dict(zip(OUTCOMES, costs, strict=True))
    filled(page, costs)
    at, none, everything = costs_by_hand(finished_task.folder, costs)
    shipped = json.loads(page.locator("#slider-data").text_content())["shipped"]
    for index in (0, len(at) // 3, len(at) - 1):
        told, _ = told_at(page, index)
        worth = {"over_none": none - at[index], "over_all": everything - at[index]}
        assert told == {
            name: amount(value) for name, value in ({"cost": at[index]} | worth).items()
        }
    least = at.idxmin() if at[shipped] > at.min() else shipped
    page.locator("#slide").fill(str(len(at) - 1 if least == 0 else 0))
    page.locator("#best").click()
    assert page.locator("#slide").input_value() == str(least)
    assert not page.locator("#best").is_enabled()
    expect(page.locator("#live")).to_contain_text(
        f"None of the {len(at)} thresholds here costs less"
    )


def test_the_command_builds_what_is_shown(finished_task, page):
    if not page.locator("#whatif").count():
        pytest.skip("it has no costs to change")
    data = json.loads(page.locator("#slider-data").text_content())
    shipped, other = data["shipped"], len(data["thresholds"]) // 3
    fixed = "-S threshold.strategy=fixed -S threshold.fixed"
    fixed_other = f"{fixed}={data['thresholds'][other]!r}"
    assert data["strategy"] == "min_cost"
    assert told_at(page, shipped)[1] == ""
    assert told_at(page, other)[1] == f"dvc exp run {fixed_other}"
    filled(page, {"false_positive": 1234567.5})
    set_cost = "-S threshold.costs.false_positive=1234567.5"
    assert told_at(page, other)[1] == f"dvc exp run {fixed_other} {set_cost}"
    # The shipped threshold is no longer the best one, and min_cost would choose another.
    fixed_shipped = f"{fixed}={data['thresholds'][shipped]!r}"
    assert told_at(page, shipped)[1] == f"dvc exp run {fixed_shipped} {set_cost}"
    page.locator("#best").click()
    assert page.locator("#hint-command").inner_text() == f"dvc exp run {set_cost}"
    assert "sought among all scores" in page.locator("#hint-lead").inner_text()
    page.locator("#costs-reset").click()
    assert page.locator("#cost-false_positive").input_value() == "1"
    assert told_at(page, shipped)[1] == ""


@pytest.mark.parametrize("strategy", ["max_f1", "min_precision"])
def test_another_strategy_is_kept_at_the_shipped_threshold(chromium, finished, tmp_path, strategy):
    facts = card_facts(finished)
    path = tmp_path / "report.html"
    path.write_text(html_report(replace(facts, decision={**facts.decision, "strategy": strategy})))
    with opened(chromium, path) as page:
        shipped = json.loads(page.locator("#slider-data").text_content())["shipped"]
        filled(page, {"false_positive": 40.0})
        assert told_at(page, shipped)[1] == "dvc exp run -S threshold.costs.false_positive=40"
        page.locator("#best").click()
        command = page.locator("#hint-command").inner_text()
        assert "-S threshold.strategy=min_cost -S threshold.costs.false_positive=40" in command


TRIED = """all => all.map(given => {
  for (const [name, cost] of Object.entries(given)) document.getElementById(`cost-${name}`).value = cost;
  document.getElementById("cost-false_positive").dispatchEvent(new Event("input"));
  const hint = document.getElementById("hint");
  const told = ["cost", "over_none", "over_all"].map(each => document.querySelector(`[data-live=${each}]`).textContent);
  return [told, hint.hidden ? "" : document.getElementById("hint-command").textContent];
})"""


def test_costs_that_no_run_takes_get_no_command(finished_task, page):
    if not page.locator("#whatif").count():
        pytest.skip("it has no costs to change")
    unit = finished_task.params.threshold.costs.model_dump()
    tried = [
        dict(zip(OUTCOMES, costs, strict=True)) for costs in product((0.0, 1.0, -2.0), repeat=4)
    ]
    page.locator("#slide").fill("0")
    counts = Counter()
    for given, (told, command) in zip(tried, page.evaluate(TRIED, tried), strict=True):
        try:
            CostParams.model_validate(unit | given)
        except ValidationError:
            assert (set(told), command) == ({"-"}, ""), given
            counts["refused"] += 1
        else:
            assert command.startswith("dvc exp run"), given
            assert "-" not in told
            counts["taken"] += 1
    assert min(counts["refused"], counts["taken"]) > 10
    page.evaluate(TRIED, [dict.fromkeys(OUTCOMES, 0)])
    expect(page.locator("#live")).to_contain_text("cannot both cost what being right costs")
    assert page.locator("#best").is_disabled()
    page.evaluate(TRIED, [{"false_negative": ""}])
    expect(page.locator("#live")).to_contain_text("A cost is missing")
    assert live(page, "cost") == "-"


def test_shipped_costs_are_written_with_all_their_digits(chromium, finished, tmp_path):
    facts = card_facts(finished)
    run = deepcopy(dict(facts.run))
    run["params"]["threshold"]["costs"]["false_positive"] = 1234567.25
    path = tmp_path / "report.html"
    path.write_text(html_report(replace(facts, run=run)))
    with opened(chromium, path) as page:
        assert page.locator("#cost-false_positive").input_value() == "1234567.25"
        assert page.locator("#costs-reset").is_disabled()
        assert page.locator("#hint").is_hidden()


def valued(facts, **gains):
    """Return facts with other gains over other ways to act, each (value, low, high)."""
    metrics = deepcopy(dict(facts.metrics))
    for name, told in gains.items():
        metrics["threshold"]["value"]["gain_over"][name] |= dict(
            zip(("value", "ci_low", "ci_high"), told, strict=True)
        )
    run = deepcopy(dict(facts.run))
    run["params"]["card"]["rows_per_month"] = 28_000
    return replace(facts, metrics=metrics, run=run)


@pytest.mark.parametrize(
    ("gain", "word", "month"),
    [
        ((50.0, 20.0, 80.0), "More", "saves the equivalent of 1,400 [560, 2,240]"),
        ((-50.0, -80.0, -20.0), "Less", "costs the equivalent of 1,400 [560, 2,240]"),
        ((50.0, -20.0, 80.0), "Not shown", "is not shown to be worth more than"),
    ],
)
def test_what_acting_is_worth_is_told_by_its_sign(finished_task, gain, word, month):
    facts = card_facts(finished_task.folder)
    if not facts.metrics["threshold"].get("value", {}).get("applicable"):
        pytest.skip("its costs are not known")
    way = "baseline_plain" if finished_task.task == "regression" else "none"
    facts = valued(facts, **{way: gain})
    text = html_report(facts)
    card = text[text.index("Worth of acting on the model over") :].split("</li>", maxsplit=1)[0]
    assert f"<strong>{word}</strong>" in card
    assert month in card
    assert card.count('<div class="mark') - 1 == len(
        facts.metrics["threshold"]["value"]["gain_over"]
    )
    # One month, whichever page tells of it.
    if word == "More":
        assert month in model_card(facts)


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
        command = page.locator("#hint-command").inner_text()
        accept = float(command.removeprefix("dvc exp run -S threshold.accept_accuracy="))
        assert last["accuracy"] - 1e-6 < accept <= last["accuracy"]
    else:
        slid(page, "Home", 1)
        first = curve.sort_values("wanted_coverage").iloc[0]
        assert live(page, "at") == f"{first['wanted_coverage']:.0%}"
        assert live(page, "measured") == f"{first['measured_coverage']:.1%}"
        # These are figures of the holdout, by which nobody is to choose.
        assert page.locator("#hint").count() == 0
    assert page.locator("#slide").get_attribute("aria-valuetext")
    expect(page.locator("#live")).to_contain_text(re.compile(".{20}"))
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
        assert ODD.split("\n", maxsplit=1)[0] in page.locator(".lede").first.text_content()
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


def without(facts):
    """Return facts in which nothing is known that need not be known."""
    metrics = deepcopy(dict(facts.metrics))
    metrics["holdout"]["gate"] |= {"action": "off"}
    metrics["train"]["learning_curve"] = {"applicable": False}
    metrics["fairness"] = {"applicable": False}
    metrics["history"] |= {"renewed": False, "comparison": {"applicable": False}}
    metrics["threshold"]["value"] = {"applicable": False, "reason": "threshold.costs are not known"}
    metrics["interpret"]["feedback"] |= {"error_count": 0, "fact_count": 0, "hint_count": 0}
    metrics["interpret"]["robustness"]["later"] = {"applicable": False}
    if "stability" in metrics["threshold"]:
        metrics["threshold"]["stability"] = {"applicable": False}
    for part in ("model", "baseline", "gain_over_baseline"):
        for name, estimate in metrics["holdout"][part].items():
            if name != "name":
                metrics["holdout"][part][name] = {"value": estimate["value"]}
    run = deepcopy(dict(facts.run))
    run["params"]["threshold"]["costs"] |= dict.fromkeys(run["params"]["threshold"]["costs"])
    return replace(
        facts,
        run=run,
        metrics=metrics,
        tables={
            name: table.head(0) if name != "leaderboard" else table.head(1)
            for name, table in facts.tables.items()
        },
        curves={name: table.head(0) for name, table in facts.curves.items()},
        pictures={},
        findings=[],
    )


def test_what_is_not_known_breaks_nothing(chromium, finished_task, tmp_path):
    text = html_report(without(card_facts(finished_task.folder)))
    assert_well_formed(text)
    assert re.findall(r"\bnan\b", text) == []
    assert "no value is told" in text or finished_task.task == "multiclass"
    path = tmp_path / "report.html"
    path.write_text(text)
    with opened(chromium, path, viewport=PHONE) as page:
        assert page.locator("#slide").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
