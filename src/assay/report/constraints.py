"""Whether decisions keep on the holdout what `threshold` asked of them out-of-fold."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from assay.report.facts import ReportFacts
from assay.report.rendering import percent
from assay.report.words import percent_interval
from assay.uncertainty.rates import wilson_interval


class Missed(NamedTuple):
    """A rate of the holdout below what is asked for, and whether by more than chance."""

    rate: str
    told: str
    beyond_chance: bool


def missed_constraints(facts: ReportFacts) -> Iterator[Missed]:
    """Yield each constraint of the decisions that the holdout's value does not reach."""
    if facts.schema.task == "binary":
        yield from _of_alerts(facts)
    elif facts.schema.task == "multiclass":
        yield from _of_decided_rows(facts)


def _of_alerts(facts: ReportFacts) -> Iterator[Missed]:
    params, point = facts.run["params"]["threshold"], facts.metrics["threshold"]["holdout"]
    asked_by = params["strategy"]
    if asked_by not in ("min_precision", "min_recall") or not alerts(point):
        return
    rate, asked = asked_by.removeprefix("min_"), params[asked_by]
    found = point[rate]
    if found["value"] < asked:
        yield Missed(
            rate,
            f"On the holdout its {rate} is {percent_interval(found)}, and at least {_asked(asked)} is asked "
            f"for (threshold.{asked_by})",
            found.get("ci_high", 1.0) < asked,
        )


def _of_decided_rows(facts: ReportFacts) -> Iterator[Missed]:
    params, point = facts.run["params"]["threshold"], facts.metrics["threshold"]["holdout"]
    asked, found = params["accept_accuracy"], point.get("accuracy")
    if asked is None or found is None or found >= asked:
        return
    yield Missed(
        "accuracy",
        f"On the holdout it is right on {percent(found)} of {point['decided_count']:,} rows that it "
        f"decides, and at least {_asked(asked)} is asked for (threshold.accept_accuracy)",
        _upper_end(found, point["decided_count"], facts.metrics["holdout"]["interval"]) < asked,
    )


def _upper_end(rate: float, count: int, interval: Mapping[str, Any]) -> float:
    """Return the upper end of Wilson's interval: no file has one of the accuracy of decided rows.

    Rows of one group may all be right or wrong together; then there are at most as many as groups.
    """
    _, high = wilson_interval(rate, min(count, interval["units"]), interval["confidence"])
    return float(high)


def alerts(point: Mapping[str, Any]) -> int:
    """Return how many rows of two classes are flagged at an operating point."""
    return int(point["true_positive_count"] + point["false_positive_count"])


def _asked(rate: float) -> str:
    return f"{100 * rate:g}%"
