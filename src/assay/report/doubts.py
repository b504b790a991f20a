"""What speaks against shipping the model: what forbids it, and what calls for care."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from assay.baselines import CONSTANTS
from assay.interpretation.direction import AGAINST
from assay.report.facts import ReportFacts
from assay.report.rendering import interval, number, percent
from assay.report.value import other_ways, standing, told_of
from assay.report.words import counted, listed, metric_words, percent_interval, turned

# Warnings of the checks that are told one by one.
_SHOWN = 3
# Warnings of the threshold that tell what acting is worth, which the gains have told.
_OF_VALUE = "no_gain_over_"


class Doubt(NamedTuple):
    """A doubt in a few words, as in "Do not ship: ...", and as a sentence with its figures."""

    short: str
    told: str


def blockers(facts: ReportFacts) -> Iterator[Doubt]:
    """Yield what forbids to ship; see `assay.report.verdict.verdict_of` for the rules."""
    if _gate_refuses(facts):
        gate = facts.metrics["holdout"]["gate"]
        yield Doubt(
            "the gate is not passed",
            f"The gate is not passed on the holdout: {gate['sentence']}. {_instead(facts)}",
        )
    for name, gain in _gains(facts):
        if gain.get("ci_high", 0.0) < 0 and not _told_by_gate(facts, name):
            yield Doubt(
                f"it is worse than {_baseline(name)}",
                f"On the holdout the model is worse than {_baseline(name)}, by "
                f"{interval(turned(gain))} in {_gate_metric(facts)}.",
            )
    for _, words, gain in other_ways(facts):
        if standing(gain) == "less":
            yield Doubt(f"it is worth less than {words}", told_of(facts, words, gain))
    errors = facts.metrics["interpret"].get("feedback", {}).get("error_count", 0)
    if errors:
        yield Doubt(
            "the data are to be mended first",
            f"{counted(errors, 'likely error')} {'was' if errors == 1 else 'were'} found in the data, and "
            f"every figure is with {'it' if errors == 1 else 'them'}: first mend what "
            "reports/data_feedback.md lists.",
        )


def cautions(facts: ReportFacts) -> Iterator[Doubt]:
    """Yield what calls for care; see `assay.report.verdict.verdict_of` for the rules."""
    yield from _of_the_comparison(facts)
    yield from _of_the_value(facts)
    yield from _of_the_predictions(facts)
    yield from _of_parts(facts)
    yield from _of_the_checks(facts)
    yield from _of_the_history(facts)


def beats_constants(holdout: Mapping[str, Any]) -> bool:
    """Say whether the model is shown to be better than each constant prediction, by the gate's metric."""
    metric, gains = holdout["gate"]["metric"], holdout["gain_over"]
    told = [gains[name][metric] for name in CONSTANTS if metric in gains.get(name, {})]
    return bool(told) and all(gain.get("ci_low", 0.0) > 0 for gain in told)


def _of_the_comparison(facts: ReportFacts) -> Iterator[Doubt]:
    holdout = facts.metrics["holdout"]
    if holdout["gate"]["action"] == "off":
        yield Doubt(
            "the gate is off",
            "The gate is off (evaluate.gate.action), so the model was packaged without being asked to beat "
            "the best baseline.",
        )
    for name, gain in _gains(facts):
        if gain.get("ci_low", 0.0) <= 0 <= gain.get("ci_high", 0.0) and not _told_by_gate(
            facts, name
        ):
            yield Doubt(
                f"it is not shown to be better than {_baseline(name)}",
                f"On the holdout the model is not shown to be better than {_baseline(name)}: its gain in "
                f"{_gate_metric(facts)} is {interval(gain)}"
                f"{'' if 'ci_low' in gain else ', without an interval'}.",
            )
    for name, why in holdout.get("left_out", {}).items():
        yield Doubt(
            f"it was not compared with {_baseline(name)}",
            f"The model was not compared with {_baseline(name)}: {why}.",
        )
    if "caution" in holdout["interval"]:
        yield Doubt("its intervals are too narrow", f"{holdout['interval']['caution']}.")
    dummy = facts.metrics["train"].get("selection", {}).get("dummy")
    if dummy and dummy["within_noise"]:
        yield Doubt(
            "the folds do not show that it learns",
            "On the folds a constant prediction is as good within noise: they do not show that the "
            "features tell anything.",
        )


def _of_the_value(facts: ReportFacts) -> Iterator[Doubt]:
    for _, words, gain in other_ways(facts):
        stands = standing(gain)
        if stands == "not shown":
            yield Doubt(
                f"it is not shown to be worth more than {words}", told_of(facts, words, gain)
            )
        elif stands == "same":
            yield Doubt(f"it is worth the same as {words}", told_of(facts, words, gain))
    for key, warning in facts.metrics["threshold"].get("warnings", {}).items():
        if not key.startswith(_OF_VALUE):
            yield Doubt("the threshold is in doubt", warning)
    point = facts.metrics["threshold"].get("holdout", {})
    if point.get("decided_rate") == 0:
        yield Doubt("it decides no row", "On the holdout the model leaves every row undecided.")


def _of_the_predictions(facts: ReportFacts) -> Iterator[Doubt]:
    calibration = facts.metrics["holdout"]["calibration"]
    error = calibration["calibrated"]["equal_mass_error"]
    if error["value"] > error["chance_q95"]:
        yield Doubt(
            "it is miscalibrated",
            f"On the holdout, {calibration['verdict']} (calibration error {number(error['value'], 4)}, by "
            f"chance up to {number(error['chance_q95'], 4)}).",
        )
    measured = facts.metrics["threshold"].get("interval", {})
    coverage = measured.get("holdout_coverage", {})
    if coverage and coverage.get("ci_high", coverage["value"]) < measured["wanted_coverage"]:
        yield Doubt(
            "its intervals hold fewer outcomes than wanted",
            f"On the holdout, prediction intervals hold {percent_interval(coverage)} of outcomes, and "
            f"{percent(measured['wanted_coverage'])} are wanted (threshold.interval_coverage).",
        )
    against = facts.tables["directions"]
    names = [str(name) for name in against.loc[against["verdict"] == AGAINST, "feature"]]
    if names:
        yield Doubt(
            "it moves against what is known",
            f"The model moves against what interpret.expected_direction says of {listed(names)}.",
        )


def _of_parts(facts: ReportFacts) -> Iterator[Doubt]:
    slices = facts.metrics["interpret"].get("slices", {})
    of_all, found = slices.get("verdicts", {}).get("fails", 0), slices.get("found", {})
    fails = of_all + found.get("verdicts", {}).get("fails", 0)
    if fails:
        looked_at = slices["count"] + found.get("count", 0)
        yield Doubt(
            "it fails on parts of the holdout",
            f"Of {looked_at:,} parts of the holdout, the model fails on {fails:,} beyond chance.",
        )
    fairness = facts.metrics["fairness"]
    if fairness.get("alarm_count"):
        columns = [title for title, told in fairness["columns"].items() if told["alarm"]]
        yield Doubt(
            "it treats groups differently",
            f"Groups are treated differently beyond chance: {fairness['alarm_count']} of "
            f"{counted(fairness['question_count'], 'comparison')}, by {listed(columns)}.",
        )


def _of_the_checks(facts: ReportFacts) -> Iterator[Doubt]:
    warnings = [found for found in facts.findings if found["severity"] == "warning"]
    for found in warnings[:_SHOWN]:
        message = str(found["message"]).rstrip(".")
        yield Doubt(
            "the checks warn",
            f"A check warns of what nobody accepted ({found['code']}): {message}.",
        )
    if len(warnings) > _SHOWN:
        yield Doubt(
            "the checks warn",
            f"{counted(len(warnings) - _SHOWN, 'more warning')} of the checks "
            f"{'is' if len(warnings) == _SHOWN + 1 else 'are'} not accepted.",
        )


def _of_the_history(facts: ReportFacts) -> Iterator[Doubt]:
    ledger, comparison = facts.metrics["history"]["ledger"], facts.metrics["history"]["comparison"]
    gain = _gain_over_best(facts)
    bound = ledger.get("optimism_if_independent")
    if (
        ledger["model_count"] > 1
        and ledger["rank"] == 1
        and (bound is None or bound >= gain.get("ci_low", 0.0))
    ):
        flattered = (
            ""
            if bound is None
            else f", which can flatter it by up to {number(bound, 4)}, as much as the lower end of its gain"
        )
        yield Doubt(
            "the holdout was asked often",
            f"It is the best of {ledger['model_count']:,} models that were judged on this holdout"
            f"{flattered}. If it was chosen for that, judge it on rows that none of them saw.",
        )
    if comparison.get("verdict") == "worse":
        worse = comparison["metrics"].get(facts.metrics["history"]["metric"])
        by = f", by {interval(turned(worse['gain']))}" if worse else ""
        yield Doubt(
            "the run before was better",
            f"It is worse than the run before it ({comparison['previous_run']}){by} in "
            f"{metric_words(facts.metrics['history']['metric'])}.",
        )
    if not facts.metrics["train"]["reproducible"]:
        yield Doubt(
            "its search cannot be repeated",
            "The search had a budget of seconds (train.budget_seconds), so that nobody can build this model "
            "again.",
        )


def _gate_refuses(facts: ReportFacts) -> bool:
    gate = facts.metrics["holdout"]["gate"]
    return gate["action"] != "off" and not gate["passed"]


def _told_by_gate(facts: ReportFacts, name: str) -> bool:
    """Say whether the gate's own refusal tells how the model stands to this baseline."""
    return _gate_refuses(facts) and name == facts.metrics["holdout"]["baseline"]["name"]


def _gains(facts: ReportFacts) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yield every baseline with the model's gain over it, by the gate's metric."""
    holdout = facts.metrics["holdout"]
    for name, gains in holdout["gain_over"].items():
        if holdout["gate"]["metric"] in gains:
            yield name, gains[holdout["gate"]["metric"]]


def _gain_over_best(facts: ReportFacts) -> Mapping[str, float]:
    holdout = facts.metrics["holdout"]
    gain: Mapping[str, float] = holdout["gain_over_baseline"][holdout["gate"]["metric"]]
    return gain


def _gate_metric(facts: ReportFacts) -> str:
    return metric_words(facts.metrics["holdout"]["gate"]["metric"])


def _baseline(name: str) -> str:
    return "the rule of today" if name == "rule" else f"the baseline {name}"


def _instead(facts: ReportFacts) -> str:
    """Say what the model is good for that is not shown to beat the best baseline."""
    holdout = facts.metrics["holdout"]
    if beats_constants(holdout):
        return (
            "The model does predict: it is better than any constant. What is not shown is that it is worth "
            f"more than {holdout['baseline']['name']}, which may be all that these features hold. Ship that "
            "one (train.candidates, with evaluate.gate.action: warn), search harder (train.preset), or bring "
            "other features."
        )
    return (
        "Nor is it shown to be better than a constant prediction: on these rows the features tell nothing "
        "that holds."
    )
