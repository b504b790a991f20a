"""What speaks for shipping the model, with figures, and what it beats by how much."""

from collections.abc import Iterator

from assay.decisions.amounts import amount_interval
from assay.metrics.words import metric_words
from assay.report.facts import ReportFacts
from assay.report.rendering import interval, number, percent
from assay.report.value import other_ways, over_plain, per_month, standing, unit_of
from assay.report.words import listed, percent_interval


def strengths(facts: ReportFacts) -> Iterator[str]:
    """Yield a sentence for each thing that is shown: the gain, the worth, and what was looked for in vain."""
    yield from _gains(facts)
    yield from _worth(facts)
    yield from _predictions(facts)
    yield from _parts(facts)


def headline(facts: ReportFacts) -> str:
    """Say in one clause what the model beats, by the gate's metric; only what is shown."""
    holdout = facts.metrics["holdout"]
    metric = holdout["gate"]["metric"]
    gain = holdout["gain_over_baseline"][metric]
    if gain.get("ci_low", 0.0) <= 0:
        return f"its gain over the best baseline ({holdout['baseline']['name']}) is not shown"
    return (
        f"it beats the best baseline ({holdout['baseline']['name']}) by {interval(gain)} in "
        f"{metric_words(metric)}"
    )


def worth(facts: ReportFacts) -> str:
    """Say in one clause what acting on the model is worth, or why that is not known."""
    ways = [(words, gain) for _, words, gain in other_ways(facts)]
    if not ways:
        return _not_known(facts)
    if any(standing(gain) != "more" for _, gain in ways):
        # Written by the stage that measured it, in its words.
        return f"acting on it is {facts.metrics['threshold']['value']['verdict']}"
    for words, gain in over_plain(facts):
        stands = standing(gain)
        if stands != "more":
            beaten = listed([other for other, _ in ways])
            but = "but less than" if stands == "less" else "but is not shown to be worth more than"
            return f"acting on its quantile is worth more than {beaten}, {but} {words}"
    first, *others = [words for words, _ in ways]
    # "Acting on" once for all of them.
    named = [first, *(words.removeprefix("acting on ") for words in others)]
    return f"acting on it is worth more than {listed(named)}"


def _not_known(facts: ReportFacts) -> str:
    if facts.schema.task == "multiclass":
        return "what acting on it is worth is not measured for more than two classes"
    costs = facts.run["params"]["threshold"]["costs"]
    if costs["over_prediction" if facts.schema.task == "regression" else "false_positive"] is None:
        return "what acting on it is worth is not known, because threshold.costs are null"
    return "what acting on it is worth is not known"


def _gains(facts: ReportFacts) -> Iterator[str]:
    holdout = facts.metrics["holdout"]
    gate, best = holdout["gate"], holdout["baseline"]["name"]
    metric = gate["metric"]
    gain = holdout["gain_over_baseline"][metric]
    if gain.get("ci_low", 0.0) > 0:
        passes = gate["action"] != "off" and gate["passed"]
        reached = (
            f", and the value that is asked for ({number(gate['min_value'])}, in the scorer's sign) is reached"
            if passes and "min_value" in gate
            else ""
        )
        yield (
            f"{'It passes the gate: on' if passes else 'On'} {holdout['row_count']:,} rows that it never saw "
            f"its {metric_words(metric)} is {interval(holdout['model'][metric])}, and that of the best "
            f"baseline ({best}) {interval(holdout['baseline'][metric])}, so that it is better by {interval(gain)}{reached}."
        )
    rule = holdout["gain_over"].get("rule", {}).get(metric, {})
    if best != "rule" and rule.get("ci_low", 0.0) > 0:
        yield f"Over the rule of today it gains {interval(rule)} in {metric_words(metric)}."


def _worth(facts: ReportFacts) -> Iterator[str]:
    more = [
        (name, words, gain) for name, words, gain in other_ways(facts) if standing(gain) == "more"
    ]
    unit = f"{facts.schema.unit}s"
    if more:
        first, *others = [(amount_interval(gain), words) for _, words, gain in more]
        told = listed(
            [
                f"{first[0]} {unit_of(facts)} against {first[1]}",
                *(f"{gain} against {words}" for gain, words in others),
            ]
        )
        yield (
            f"On the holdout, per 1,000 {unit}, acting on the model saves the equivalent of {told}."
        )
    for name, words, gain in more:
        month = per_month(facts, gain)
        if name in ("none", "baseline_plain") and month is not None:
            rows = facts.run["params"]["card"]["rows_per_month"]
            yield (
                f"At {rows:,} {unit} per month, it saves the equivalent of {amount_interval(month)} "
                f"{unit_of(facts)} per month against {words} (the mean per {facts.schema.unit}, scaled: "
                "a month's own chance is not in it)."
            )


def _predictions(facts: ReportFacts) -> Iterator[str]:
    calibration = facts.metrics["holdout"]["calibration"]
    error = calibration["calibrated"]["equal_mass_error"]
    # With a "though" it is a weak spot.
    if error["value"] <= error["chance_q95"] and "though" not in calibration["verdict"]:
        yield f"On the holdout, {calibration['verdict']}."
    measured = facts.metrics["threshold"].get("interval", {})
    coverage = measured.get("holdout_coverage", {})
    if coverage and coverage.get("ci_high", coverage["value"]) >= measured["wanted_coverage"]:
        yield (
            f"Prediction intervals hold {percent_interval(coverage)} of the holdout's outcomes, of "
            f"{percent(measured['wanted_coverage'])} that are wanted."
        )


def _parts(facts: ReportFacts) -> Iterator[str]:
    slices = facts.metrics["interpret"].get("slices", {})
    judged = slices.get("count", 0) - slices.get("verdicts", {}).get("too_few", 0)
    if judged > 0 and not slices["verdicts"]["fails"] and not slices["found"]["verdicts"]["fails"]:
        yield f"On none of {judged:,} parts of the holdout that could be judged does it fail beyond chance."
    fairness = facts.metrics["fairness"]
    if fairness.get("question_count") and not fairness["alarm_count"]:
        yield (
            f"Of {fairness['question_count']:,} comparisons of groups none differs beyond chance, which is "
            "no proof that they are treated alike."
        )
