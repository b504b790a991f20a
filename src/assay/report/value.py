"""What acting on the model is worth against other ways to act, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.decisions.amounts import amount_interval
from assay.decisions.options import PER
from assay.report.facts import ReportFacts
from assay.report.words import turned

_DECISIONS = {
    "model": "the model",
    "baseline": "the baseline",
    "rule": "the rule of today",
    "all": "all",
    "none": "none",
}
_NUMBERS = {
    "model": "the model's quantile",
    "plain": "the model's prediction",
    "baseline": "the baseline's quantile",
    "baseline_plain": "the baseline's prediction",
}


def other_ways(facts: ReportFacts) -> Iterator[tuple[str, str, Mapping[str, float]]]:
    """Yield name, words and the model's gain per 1,000 rows for each other way to act.

    Nothing where costs are not known or the task has none. The model's own prediction, where it acts on a
    quantile, is no way to act without the model: see `over_plain`.
    """
    value = facts.metrics["threshold"].get("value", {})
    if not value.get("applicable"):
        return
    told = {
        "baseline": f"acting on the baseline {value['baseline']} at its own threshold",
        "rule": "acting on the rule of today",
        "all": "acting on all",
        "none": "acting on none",
        "baseline_plain": f"acting on the prediction of the baseline {value['baseline']}",
    }
    if facts.schema.task == "regression":
        told["baseline"] = f"acting on the quantile of the baseline {value['baseline']}"
    for name, words in told.items():
        if name in value["gain_over"]:
            yield name, words, value["gain_over"][name]


def over_plain(facts: ReportFacts) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yield words and the gain of the model's quantile over its own prediction, where both were valued."""
    gains = facts.metrics["threshold"].get("value", {}).get("gain_over", {})
    if "plain" in gains:
        yield "acting on its prediction", gains["plain"]


def standing(gain: Mapping[str, float]) -> str:
    """Return how the model stands to another way to act: `more`, `less`, `same` or `not shown`."""
    low, high = gain.get("ci_low", 0.0), gain.get("ci_high", 0.0)
    if low > 0:
        return "more"
    if high < 0:
        return "less"
    return "same" if gain["value"] == low == high == 0 else "not shown"


def told_of(
    facts: ReportFacts, words: str, gain: Mapping[str, float], acted_on: str = "the model"
) -> str:
    """Say what acting on the model is worth against another way, per 1,000 rows."""
    return (
        f"On the holdout, per 1,000 {facts.schema.unit}s, acting on {acted_on} "
        f"{against(gain, words, unit_of(facts))}."
    )


def against(gain: Mapping[str, float], words: str, unit: str) -> str:
    """Say what a gain over another way to act is, so that what costs count is not read as more of it."""
    stands = standing(gain)
    if stands == "more":
        return f"saves the equivalent of {amount_interval(gain)} {unit} against {words}"
    if stands == "less":
        return lost_to(gain, words, unit)
    if stands == "same":
        return f"is worth the same as {words}"
    return f"is not shown to be worth more than {words} (a gain of {amount_interval(gain)}, counted in {unit})"


def lost_to(gain: Mapping[str, float], words: str, unit: str) -> str:
    """Say what a negative gain costs."""
    return f"costs the equivalent of {amount_interval(turned(gain))} {unit} more than {words}"


def unit_of(facts: ReportFacts) -> str:
    """Return what costs count, such as EUR."""
    return str(facts.metrics["threshold"]["value"]["unit"])


def per_month(facts: ReportFacts, gain: Mapping[str, float]) -> dict[str, float] | None:
    """Return a gain per 1,000 rows as one per month, by `card.rows_per_month`; None where it is null."""
    rows = facts.run["params"]["card"]["rows_per_month"]
    return None if rows is None else {key: gain[key] * rows / PER for key in _scalars(gain)}


def impact_facts(facts: ReportFacts) -> dict[str, Any]:
    """Return the variables of `card_impact.md.j2`.

    Returns
    -------
    dict
        `impact`: a clause for each other way to act; `options`: a row of the table for each way, the
        model's first. Both are empty where costs are not known.
    """
    value = facts.metrics["threshold"].get("value", {})
    if not value.get("applicable"):
        return {"impact": [], "options": []}
    unit = unit_of(facts)
    told = [(words, gain) for _, words, gain in other_ways(facts)]
    ways = [against(gain, words, unit) for words, gain in (*told, *over_plain(facts))]
    words = _NUMBERS if facts.schema.task == "regression" else _DECISIONS
    names = [name for name in words if name in value["options"]]
    return {"impact": ways, "options": [_option(facts, name, words[name]) for name in names]}


def _option(facts: ReportFacts, name: str, words: str) -> dict[str, Any]:
    value = facts.metrics["threshold"]["value"]
    gain = value["gain_over"].get(name)
    month = None if gain is None else per_month(facts, gain)
    return {
        "name": name,
        "words": words,
        "acted_rate": value["options"][name].get("acted_rate"),
        "value": amount_interval(value["options"][name]),
        "gain": "-" if gain is None else amount_interval(gain),
        "per_month": "-" if month is None else amount_interval(month),
    }


def _scalars(gain: Mapping[str, float]) -> tuple[str, ...]:
    return ("value", "ci_low", "ci_high") if "ci_low" in gain else ("value",)
