"""What speaks against acting on the model as `threshold` says."""

from collections.abc import Iterator

from assay.report.constraints import alerts, missed_constraints
from assay.report.doubt import Doubt
from assay.report.facts import ReportFacts
from assay.report.rendering import percent
from assay.report.value import other_ways, over_plain, standing, told_of

# Warnings of the threshold that tell what acting is worth, which the gains have told.
_OF_VALUE = "no_gain_over_"
# A model that decides a smaller share of rows decides next to nothing.
_FEW_DECIDED = 0.01


def worth_less(facts: ReportFacts) -> Iterator[Doubt]:
    """Yield each other way to act that is worth more, beyond the interval."""
    for _, words, gain in other_ways(facts):
        if standing(gain) == "less":
            yield Doubt(f"it is worth less than {words}", told_of(facts, words, gain))


def acting_cautions(facts: ReportFacts) -> Iterator[Doubt]:
    """Yield what is not shown of acting on the model, or is missed on the holdout."""
    yield from _of_the_value(facts)
    for missed in missed_constraints(facts):
        if missed.beyond_chance:
            yield Doubt(
                f"the {missed.rate} that is asked for is missed on the holdout",
                f"{missed.told}: less, by more than chance.",
            )
    yield from _of_the_decisions(facts)


def _of_the_value(facts: ReportFacts) -> Iterator[Doubt]:
    for _, words, gain in other_ways(facts):
        stands = standing(gain)
        if stands == "not shown":
            yield Doubt(
                f"it is not shown to be worth more than {words}", told_of(facts, words, gain)
            )
        elif stands == "same":
            yield Doubt(f"it is worth the same as {words}", told_of(facts, words, gain))
    for words, gain in over_plain(facts):
        if standing(gain) == "less":
            told = told_of(facts, words, gain, "the model's quantile").rstrip(".")
            yield Doubt(
                "its prediction is worth more to act on than its quantile",
                f"{told}: act on the prediction.",
            )
    for key, warning in facts.metrics["threshold"].get("warnings", {}).items():
        if not key.startswith(_OF_VALUE):
            yield Doubt("the threshold is in doubt", warning)


def _of_the_decisions(facts: ReportFacts) -> Iterator[Doubt]:
    point = facts.metrics["threshold"].get("holdout", {})
    if facts.schema.task == "binary" and not alerts(point):
        yield Doubt(
            "it raises no alert on the holdout",
            "At its threshold the model raises no alert on the holdout, so that nothing shows what its "
            "alerts are worth.",
        )
    decided = point.get("decided_rate", 1.0)
    if decided == 0:
        yield Doubt("it decides no row", "On the holdout the model leaves every row undecided.")
    elif decided < _FEW_DECIDED:
        yield Doubt(
            "it decides next to nothing",
            f"On the holdout the model decides {percent(decided, 2)} of rows, and leaves the others undecided.",
        )
