"""Every figure of the card and of the summary is that of the run's files, and follows them."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from cards import card_facts
from told_figures import figures, leaves, stale, unknown

from assay import artifacts
from assay.report.model_card import model_card
from assay.report.rendering import interval, number
from assay.report.summary import evaluation_summary

ROOT = Path(__file__).parents[2]
PAGES = {"card": model_card, "summary": evaluation_summary}
# What each section tells of, beside metrics, decision and params.
TABLES = {
    "Metrics": ("per_class",),
    "Choice of the model": ("leaderboard",),
    "Diagnostics": ("agreement", "directions"),
    "Where it fails": ("slices", "found_slices"),
    "For whom it works": ("fairness",),
    "What breaks it": ("robustness", "support"),
    "Verdict": (),
    "Limitations": ("slices", "found_slices", "robustness"),
    "Where it is weak": ("slices", "found_slices", "robustness"),
}


@pytest.fixture
def facts(finished_task):
    return card_facts(finished_task.folder)


def sections(text):
    """Return the sections of a page by their titles; what stands before them by an empty one."""
    top, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    return {"": top} | dict(part.split("\n", 1) for part in parts)


def known(facts, title):
    """Return the numbers that a section may tell."""
    params = facts.run["params"]
    numbers = [
        *leaves(facts.metrics), *leaves(facts.decision), *leaves(params), *leaves(facts.run["data"]),
        *leaves(list(facts.findings)), *leaves(dict(facts.schema.excluded)),
    ]  # fmt: skip
    for name in TABLES.get(title, ()):
        numbers += leaves(facts.tables[name], (name,))
    counts = [(("counted",), count) for count in counted(facts)]
    return [*numbers, *counts, *monthly(facts), *limits(facts.metrics["holdout"])]


def counted(facts):
    """Return the counts that are no leaf of a file: rows of tables, and what stays untold."""
    slices, robust = facts.metrics["interpret"]["slices"], facts.tables["robustness"]
    yield from (len(facts.schema.features), len(facts.schema.labels or ()))
    yield from (len(robust), int(robust["beyond_chance"].astype(bool).sum()))
    yield slices["count"] + slices["found"]["count"]
    yield slices["verdicts"]["fails"] + slices["found"]["verdicts"]["fails"]
    yield slices["count"] - slices["verdicts"]["too_few"]
    yield len(facts.metrics["holdout"]["gain_over"])
    yield from range(20)


def monthly(facts):
    rows = facts.run["params"]["card"]["rows_per_month"]
    for path, value in leaves(facts.metrics["threshold"]["value"].get("gain_over", {})):
        yield path, value * (rows or 0) / 1000


def limits(holdout):
    """Yield what a batch of an unchanged model seldom passes: its error and the holdout's are alike."""
    yield ("seldom",), (1 - holdout["interval"]["confidence"]) / 2
    for name, told in holdout["model"].items():
        for end in ("ci_low", "ci_high"):
            if end in told:
                yield (name, end), told["value"] + 2**0.5 * (told[end] - told["value"])


@pytest.mark.parametrize("name", PAGES)
def test_every_figure_is_one_of_the_runs(facts, name):
    text = PAGES[name](facts)
    assert len(figures(text)) > (200 if name == "card" else 20)
    wrong = {
        title: found
        for title, part in sections(text).items()
        if (found := unknown(part, known(facts, title)))
    }
    assert not wrong


def test_of_100_alerts_as_many_are_right_as_the_metrics_say(facts):
    if facts.schema.task == "binary":
        point = facts.metrics["threshold"]["holdout"]
        told = re.findall(
            r"of 100 alerts (\d+) are right, and they catch (\d+) of", model_card(facts)
        )
        rates = (point["precision"]["value"], point["recall"]["value"])
        assert told == [tuple(f"{100 * rate:.0f}" for rate in rates)]


def test_a_figure_that_was_changed_in_the_text_is_found(facts):
    """Now and then another number rounds to the wrong figure too; of most, none does."""
    tried = found = 0
    for title, part in sections(evaluation_summary(facts)).items():
        numbers = known(facts, title)
        assert unknown("its ROC AUC is 98765.4321", numbers) == ["98765.4321"]
        for figure in figures(part):
            if "." in figure and "%" not in figure:
                tried += 1
                found += bool(
                    unknown(f"it is {float(figure.replace(',', '')) * 1.83 + 0.0371:.4f}", numbers)
                )
    assert tried >= 5
    assert found > tried / 2


@pytest.mark.parametrize("name", PAGES)
def test_no_figure_stays_when_its_number_changes(facts, name):
    assert stale(PAGES[name], facts) == []


def test_a_figure_that_stays_is_found(facts):
    frozen = evaluation_summary(facts)
    assert len(stale(lambda _facts: frozen, facts)) >= 10
    gate = facts.metrics["holdout"]["gate"]["metric"]
    told = number(facts.metrics["holdout"]["baseline"][gate]["value"], 9)

    def hard_coded(changed):
        return f"{evaluation_summary(changed)}\nIt has {told}.\n"

    assert stale(hard_coded, facts) == [told]


# The committed card of the bundled run, as far as metrics tell it.


@pytest.fixture(scope="module")
def committed():
    metrics = {path.stem: artifacts.read_json(path) for path in (ROOT / "metrics").glob("*.json")}
    card, summary = (ROOT / f"reports/{name}.md" for name in ("model_card", "eval_summary"))
    return metrics, sections(card.read_text()) | sections(summary.read_text())


def test_the_committed_cards_table_is_that_of_the_committed_metrics(committed):
    metrics, parts = committed
    holdout = metrics["holdout"]
    for name, estimate in holdout["model"].items():
        told = (estimate, holdout["baseline"][name], holdout["gain_over_baseline"][name])
        assert f"| {name} | {' | '.join(map(interval, told))} | " in parts["Metrics"]


# metrics/train.json is not in Git, and so the figures of folds cannot be looked up, nor those of tables.
@pytest.mark.parametrize(
    "title",
    [
        *("Verdict", "Data", "Splits", "Threshold", "Business impact", "Monitoring plan"),
        *("What it is", "How good it is, and against what", "What must be watched"),
    ],
)
def test_the_committed_pages_figures_are_those_of_the_committed_metrics(committed, title):
    metrics, parts = committed
    params = artifacts.read_yaml(ROOT / "params.yaml")
    numbers = [*leaves(metrics), *leaves(params), *((("counted",), n) for n in range(20))]
    gains = leaves(metrics["threshold"]["value"]["gain_over"])
    numbers += [(path, value * params["card"]["rows_per_month"] / 1000) for path, value in gains]
    numbers += limits(metrics["holdout"])
    assert unknown(parts[title], numbers) == []


def test_committed_pages_are_in_git_and_the_metrics_are_no_empty_files(committed):
    listed = subprocess.run(
        ["git", "ls-files", "reports/model_card.md", "metrics"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert "reports/model_card.md" in listed
    assert all(json.loads((ROOT / name).read_text()) for name in listed if name.endswith(".json"))
