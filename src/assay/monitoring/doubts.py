"""Where the assumption of an estimate without outcomes is visibly broken."""

from collections.abc import Mapping, Sequence
from typing import Any

from assay.errors import shown
from assay.monitoring.check import Check
from assay.monitoring.telling import number, percent

# A gap between outcomes and predictions that chance gives more rarely is one.
_LEVEL = 0.05
# Features that are named.
_NAMED = 3


def estimate_doubts(
    checks: Sequence[Check], performance: Mapping[str, Any] | None, task: str
) -> list[str]:
    """Return why an estimate is not to be relied on, one sentence each.

    Scores can only stay calibrated on rows of a kind that training had, and where outcomes are known
    they say themselves whether scores did.

    Parameters
    ----------
    checks : sequence of Check
        Of the batch, judged.
    performance : dict or None
        From `performance_of`.
    task : {"binary", "multiclass", "regression"}
    """
    return [*_of_inputs(checks), *_of_outcomes(checks, performance, task)]


def _of_inputs(checks: Sequence[Check]) -> list[str]:
    measures = ("outside_rate", "unknown_rate")
    found = [check for check in checks if check.measure in measures and check.level != "fine"]
    if not found:
        return []
    named = [f"{shown(check.subject)} ({percent(check.now or 0.0)})" for check in found[:_NAMED]]
    more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    return [
        f"Rows have values that training never had: {', '.join(named)}{more}. Nothing confirms that "
        "scores are right there."
    ]


def _of_outcomes(
    checks: Sequence[Check], performance: Mapping[str, Any] | None, task: str
) -> list[str]:
    apart = [
        each for each in checks if (each.area, each.measure) == ("performance", "calibration_gap")
    ]
    if performance is None or not apart or apart[0].p_value >= _LEVEL:
        return []
    predicted, happened = performance["mean_prediction"], performance["mean_outcome"]
    told = {
        "binary": f"{percent(predicted)} were predicted, {percent(happened)} happened",
        "multiclass": f"{percent(predicted)} were expected to be right, {percent(happened)} were",
        "regression": f"the mean prediction is {number(predicted)}, the mean outcome {number(happened)}",
    }
    return [f"Outcomes show that its assumption failed: {told[task]}."]
