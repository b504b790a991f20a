"""What the first screen shows beside the verdict: interval marks, and what acting is worth."""

from collections.abc import Mapping
from typing import Any

from assay.decisions.amounts import amount_interval
from assay.report.facts import ReportFacts
from assay.report.page.marks import marks_of
from assay.report.value import against, other_ways, per_month, standing, unit_of
from assay.report.verdict import ANSWERS, verdict_of
from assay.report.words import turned

# What acting is told against, as in what speaks for shipping.
MAIN_WAYS = ("none", "baseline_plain", "baseline")


def key_figures(facts: ReportFacts) -> dict[str, Any]:
    """Return the marks of the metric, of the gain and of the value, and what acting is worth.

    Parameters
    ----------
    facts : ReportFacts
    """
    holdout = facts.metrics["holdout"]
    metric = holdout["gate"]["metric"]
    baseline = holdout["baseline"]
    value = facts.metrics["threshold"].get("value", {"applicable": False})
    gains = value["gain_over"] if value["applicable"] else {}
    told = _ways(facts)
    return {
        "metric": metric,
        "metric_marks": marks_of(
            [("model", holdout["model"][metric]), (baseline["name"], baseline[metric])]
        ),
        "gain_marks": marks_of([("gain", holdout["gain_over_baseline"][metric])], 0.0),
        "value_marks": marks_of(
            [(told[name], _with_ends(gains[name])) for name in told if name in gains], 0.0
        )
        if gains
        else None,
        "worth": _worth(facts),
        "alerts": _alerts(facts),
        "cost_per_1000": _cost_per_1000(facts),
        "sentence": _sentence(facts),
    }


def _sentence(facts: ReportFacts) -> str:
    """Return the verdict's sentence without the answer, which stands above it."""
    verdict = verdict_of(facts)
    told = verdict.sentence
    for middle in (": ", " on these figures: "):
        told = told.removeprefix(f"{ANSWERS[verdict.answer]}{middle}")
    return f"{told[:1].upper()}{told[1:]}"


def _cost_per_1000(facts: ReportFacts) -> str:
    """Return what decisions cost on the holdout, for the table beside the slider."""
    value = facts.metrics["threshold"].get("value", {"applicable": False})
    if not value["applicable"]:
        return ""
    model = value["options"]["model"]
    # A value is minus a cost.
    return amount_interval(turned(model))


def _ways(facts: ReportFacts) -> dict[str, str]:
    """Return how each other way to act is called beside its mark, the one that is told first."""
    if facts.schema.task == "regression":
        return {
            "baseline_plain": "baseline's prediction",
            "baseline": "baseline's quantile",
            "plain": "model's prediction",
        }
    baseline = facts.metrics["holdout"]["baseline"]["name"]
    return {"none": "none", "all": "all", "rule": "the rule", "baseline": baseline}


def _worth(facts: ReportFacts) -> dict[str, Any] | None:
    """Return what acting is worth against the first of `MAIN_WAYS` that is there.

    Returns
    -------
    dict or None
        `name`, `words` and `standing` of the way; `month`, what a month is worth against it (empty where
        its rows are not told). None where costs are not known.
    """
    ways = {name: (words, gain) for name, words, gain in other_ways(facts)}
    name = next((name for name in MAIN_WAYS if name in ways), None)
    if name is None:
        return None
    words, gain = ways[name]
    month = per_month(facts, gain)
    return {
        "name": name,
        "words": words,
        "standing": standing(gain),
        "month": "" if month is None else against(month, words, unit_of(facts)),
    }


def _alerts(facts: ReportFacts) -> dict[str, int] | None:
    """Return how many alerts a month has as the holdout has them, and how many of them are wrong."""
    rows = facts.run["params"]["card"]["rows_per_month"]
    if rows is None or facts.schema.task != "binary":
        return None
    point = facts.metrics["threshold"]["holdout"]
    alerts = rows * point["flagged_rate"]["value"]
    # Two figures at most are sure of a month to come.
    return {
        "count": _rounded(alerts),
        "in_vain": _rounded(alerts * (1 - point["precision"]["value"])),
    }


def _rounded(count: float) -> int:
    step = 10 if count < 1000 else 100
    return step * round(count / step)


def _with_ends(gain: Mapping[str, float]) -> dict[str, float]:
    """Return a gain with ends; one that no sample changes has none, and is a point."""
    value = gain["value"]
    return {"ci_low": value, "ci_high": value} | dict(gain)
