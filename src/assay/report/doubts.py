"""What speaks against shipping the model: what forbids it, and what calls for care."""

from collections.abc import Iterator, Mapping

from assay.interpretation.direction import AGAINST
from assay.metrics.words import metric_words
from assay.report.acting import acting_cautions, worth_less
from assay.report.doubt import Doubt
from assay.report.earlier import history_cautions
from assay.report.facts import ReportFacts
from assay.report.refusal import gate_refuses, refusal
from assay.report.rendering import interval, number, percent
from assay.report.words import counted, listed, percent_interval, turned

# Warnings of the checks that are told one by one.
_SHOWN = 3


def blockers(facts: ReportFacts) -> Iterator[Doubt]:
    """Yield what forbids to ship; see `assay.report.verdict.verdict_of` for the rules."""
    if gate_refuses(facts):
        yield refusal(facts)
    for name, gain in _gains(facts):
        if gain.get("ci_high", 0.0) < 0 and not _told_by_gate(facts, name):
            yield Doubt(
                f"it is worse than {_baseline(name)}",
                f"On the holdout the model is worse than {_baseline(name)}, by "
                f"{interval(turned(gain))} in {_gate_metric(facts)}.",
            )
    yield from worth_less(facts)
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
    yield from acting_cautions(facts)
    yield from _of_the_predictions(facts)
    yield from _of_parts(facts)
    yield from _of_the_checks(facts)
    yield from history_cautions(facts)
    if not facts.metrics["train"]["reproducible"]:
        yield Doubt(
            "its search cannot be repeated",
            "The search had a budget of seconds (train.budget_seconds), so that nobody can build this model "
            "again.",
        )


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
    yield from _of_the_primary_metric(facts)
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


def _of_the_primary_metric(facts: ReportFacts) -> Iterator[Doubt]:
    """Yield the baselines that are better by the metric that models are chosen by, where the gate has another."""
    primary, table = facts.metrics["history"]["metric"], facts.tables["baseline_gains"]
    if primary == facts.metrics["holdout"]["gate"]["metric"]:
        return
    # A gain without an interval compares as False.
    for row in table[(table["metric"] == primary) & (table["ci_high"] < 0)].to_dict("records"):
        gain = {"value": row["gain"], "ci_low": row["ci_low"], "ci_high": row["ci_high"]}
        words = metric_words(primary)
        yield Doubt(
            f"in {words} it is worse than {_baseline(row['baseline'])}",
            f"On the holdout the model is worse than {_baseline(row['baseline'])} in {words} "
            f"(task.primary_metric), by {interval(turned(gain))}; the gate asks for another metric.",
        )


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


def _told_by_gate(facts: ReportFacts, name: str) -> bool:
    """Say whether the gate's own refusal tells how the model stands to this baseline."""
    return gate_refuses(facts) and name == facts.metrics["holdout"]["baseline"]["name"]


def _gains(facts: ReportFacts) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yield every baseline with the model's gain over it, by the gate's metric."""
    holdout = facts.metrics["holdout"]
    for name, gains in holdout["gain_over"].items():
        if holdout["gate"]["metric"] in gains:
            yield name, gains[holdout["gate"]["metric"]]


def _gate_metric(facts: ReportFacts) -> str:
    return metric_words(facts.metrics["holdout"]["gate"]["metric"])


def _baseline(name: str) -> str:
    return "the rule of today" if name == "rule" else f"the baseline {name}"
