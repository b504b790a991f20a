"""What the first screen shows beside the verdict: interval marks, and the value of a month."""

from collections.abc import Mapping
from typing import Any

from assay.decisions.amounts import amount_interval
from assay.report.facts import ReportFacts
from assay.report.page.marks import marks_of
from assay.report.verdict import ANSWERS, verdict_of


def key_figures(facts: ReportFacts) -> dict[str, Any]:
    """Return the marks of the metric, of the gain and of the value, and the value of a month.

    Parameters
    ----------
    facts : ReportFacts
    """
    holdout = facts.metrics["holdout"]
    metric = holdout["gate"]["metric"]
    baseline = holdout["baseline"]
    value = facts.metrics["threshold"].get("value", {"applicable": False})
    gains = value["gain_over"] if value["applicable"] else {}
    told = {"none": "none", "all": "all", "rule": "the rule", "baseline": baseline["name"]}
    return {
        "metric": metric,
        "metric_marks": marks_of(
            [("model", holdout["model"][metric]), (baseline["name"], baseline[metric])]
        ),
        "gain_marks": marks_of([("gain", holdout["gain_over_baseline"][metric])], 0.0),
        "value_marks": marks_of([(told[name], gains[name]) for name in told if name in gains], 0.0)
        if gains
        else None,
        "month": _month(facts, gains),
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
    # A value is minus a cost, so that the ends change places.
    turned = {"value": -model["value"]}
    if "ci_low" in model:
        turned |= {"ci_low": -model["ci_high"], "ci_high": -model["ci_low"]}
    return amount_interval(turned)


def _month(facts: ReportFacts, gains: Mapping[str, Mapping[str, float]]) -> str:
    """Return what acting on the model is worth in a month; nothing where rows or costs are not told."""
    rows = (facts.run["params"].get("card") or {}).get("rows_per_month")
    over = "none" if "none" in gains else "baseline"
    if rows is None or over not in gains:
        return ""
    return amount_interval({key: part * rows / 1000 for key, part in gains[over].items()})
