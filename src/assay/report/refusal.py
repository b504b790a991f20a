"""What a gate that is not passed says of the model, and what to do instead of shipping it."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.baselines import CONSTANTS
from assay.gate import FEWEST_OF_A_CLASS
from assay.metrics.words import metric_words
from assay.report.doubt import Doubt
from assay.report.facts import ReportFacts
from assay.report.rendering import interval, number
from assay.report.words import listed, turned

_FURTHER = "search harder (train.preset), or bring other features"


def gate_refuses(facts: ReportFacts) -> bool:
    """Say whether the gate is asked, and not passed."""
    gate = facts.metrics["holdout"]["gate"]
    return gate["action"] != "off" and not gate["passed"]


def refusal(facts: ReportFacts) -> Doubt:
    """Return what the gate's refusal says: in short what is not shown, and what comes next."""
    gate = facts.metrics["holdout"]["gate"]
    return Doubt(
        listed(list(_not_shown(facts))),
        f"The gate is not passed on the holdout: {gate['sentence']}. {_instead(facts)}",
    )


def beats_constants(holdout: Mapping[str, Any]) -> bool:
    """Say whether the model is shown to be better than each constant prediction, by the gate's metric."""
    metric, gains = holdout["gate"]["metric"], holdout["gain_over"]
    told = [gains[name][metric] for name in CONSTANTS if metric in gains.get(name, {})]
    return bool(told) and all(gain.get("ci_low", 0.0) > 0 for gain in told)


def _not_shown(facts: ReportFacts) -> Iterator[str]:
    """Yield each condition that does not hold; the value's only where it alone can be to blame."""
    holdout = facts.metrics["holdout"]
    gate, gain, best = holdout["gate"], _gain(holdout), holdout["baseline"]["name"]
    words, asked = metric_words(gate["metric"]), gate.get("min_gain_over_baseline", 0.0)
    judged = gain["value"] if gate["on"] == "value" else gain.get("ci_low", 0.0)
    by = f"{interval(gain)}{'' if 'ci_low' in gain else ' (without an interval)'} in {words}"
    rare = holdout["interval"].get("rarer_class_rows", FEWEST_OF_A_CLASS) < FEWEST_OF_A_CLASS
    if gain.get("ci_high", 0.0) < 0:
        yield (
            f"it is worse than the best baseline ({best}), by {interval(turned(gain))} in {words}"
        )
    elif gain.get("ci_low", 0.0) <= 0:
        yield f"it is not shown to beat the best baseline ({best}): gain {by}"
    elif judged <= asked:
        yield (
            f"it beats the best baseline ({best}), but is not shown to do so by more than the {asked:g} "
            f"that is asked for: gain {by}"
        )
    elif not (rare and gate["on"] == "ci_low"):
        of = interval(holdout["model"][gate["metric"]])
        value = f" ({number(gate['min_value'])}, in the scorer's sign)" if "min_value" in gate else ""  # fmt: skip
        yield (
            f"it beats the best baseline ({best}), but its {words} of {of} is not shown to reach the value "
            f"that is asked for{value}"
        )
    if rare and gate["on"] == "ci_low":
        yield "the holdout has too few rows of the rarer class to show anything"


def _instead(facts: ReportFacts) -> str:
    """Say what the refused model is good for, and what comes next."""
    holdout = facts.metrics["holdout"]
    gain, best = _gain(holdout), holdout["baseline"]["name"]
    if gain.get("ci_low", 0.0) > 0:
        return (
            f"The model does beat {best}, by {interval(gain)}, so that {best} is no better choice: more is "
            f"asked for than is shown. Judge on more rows (split.holdout_fraction), {_FURTHER}."
        )
    if not beats_constants(holdout):
        return (
            "Nor is it shown to be better than a constant prediction: on these rows the features tell nothing "
            "that holds."
        )
    shown = "The model does predict: it is better than any constant."
    if facts.metrics["train"]["chosen_model"] == best:
        return (
            f"{shown} It is itself of the baseline's kind ({best}), so that there is little to gain over "
            f"it. Next: {_FURTHER}."
        )
    missing = f"What is not shown is that it is better than {best}, which may be all that these features hold."
    if best == "rule":
        return f"{shown} {missing} Keep that rule, {_FURTHER}."
    return f"{shown} {missing} Ship that one (train.candidates, with evaluate.gate.action: warn), {_FURTHER}."


def _gain(holdout: Mapping[str, Any]) -> Mapping[str, float]:
    gain: Mapping[str, float] = holdout["gain_over_baseline"][holdout["gate"]["metric"]]
    return gain
