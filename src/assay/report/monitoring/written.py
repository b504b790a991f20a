"""How the pages of monitoring write limits, what a row costs, bins of scores and names of slices."""

import calendar
import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from assay.decisions.amounts import amount
from assay.report.rendering import number, percent

# Measures of a share of rows beside those that end so, and those of a relative change.
_SHARES = ("_rate", "_share", "coverage", "type")
_CHANGES = {"reconstruction_error", "mean_interval_width", "mean_confidence"}
# Of a classifier these are probabilities and shares; of a regression, amounts of the target.
_OF_CHANCES = {"mean_prediction", "calibration_gap", "outcome_mean"}
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])")
# Of times: the names that slices of them have.
_TIMES = {*calendar.day_name, *calendar.month_name} - {""}


def limit_text(measure: str, value: float, task: str) -> str:
    """Write a limit of a check as short as it can be: `2%`, `0.1`.

    Parameters
    ----------
    measure : str
        Of the check.
    value : float
    task : str
    """
    if measure == "estimated":
        return "the trigger"
    chances = measure in _OF_CHANCES and task != "regression"
    if chances or measure in _CHANGES or _is_share(measure):
        return f"{_short(percent(value).rstrip('%'))}%"
    return _short(number(value))


def limit_element(path: str, measure: str, value: float, task: str) -> Markup:
    """Write a limit as `limit_text` does, tied to where it stands in the result."""
    text = limit_text(measure, value, task)
    if measure == "estimated":
        return Markup("{}").format(text)
    return Markup('<data data-figure="{}" value="{}">{}</data>').format(path, repr(value), text)


def cannot_alarm(check: Mapping[str, Any]) -> bool:
    """Say whether no effect reaches a check's alarm: a distance or a share goes to 1 at most."""
    bounded = check["measure"] == "js_distance" or _is_share(check["measure"])
    alarm = check["alarm_from"]
    return bounded and alarm is not None and bool(alarm >= 1)


def value_words(value_per_row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what a row was worth at the shipped decision, as a cost where it costs.

    Parameters
    ----------
    value_per_row : dict or None
        `now`, `holdout`, and the interval; below 0 it costs.

    Returns
    -------
    dict or None
        `cost` (whether it is one), `now` and `holdout` (figures as texts, the latter with how far it is),
        `interval` and `change` (texts, perhaps empty), and `sign` that turns values of the result.
    """
    if not value_per_row or value_per_row.get("now") is None:
        return None
    now, before = value_per_row["now"], value_per_row.get("holdout")
    cost = now < 0 and (before is None or before <= 0)
    sign = -1 if cost else 1
    ends = [value_per_row.get(name) for name in ("ci_low", "ci_high")]
    told = sorted(sign * end for end in ends if end is not None)
    change = ""
    if before and before * now > 0:
        change = f"{sign * (now - before) / abs(before):+.0%}"
    return {
        "cost": cost,
        "sign": sign,
        "now": amount(sign * now),
        "interval": f"[{amount(told[0])}, {amount(told[1])}]" if len(told) == 2 else "",
        "holdout": "" if before is None else amount(sign * before),
        "change": change,
    }


def score_labels(labels: Sequence[str], task: str) -> list[str]:
    """Return the labels of bins of predictions: of probabilities, in percent.

    Parameters
    ----------
    labels : sequence of str
        Such as `0.068 to 0.085`.
    task : str
    """
    if task == "regression":
        return list(labels)
    told = [
        _NUMBER.sub(lambda found: percent(float(found.group())), str(label)) for label in labels
    ]
    # Rare events have bins that one decimal cannot tell apart.
    return told if len(set(told)) == len(told) else list(labels)


def slice_name(found: Mapping[str, Any]) -> str:
    """Return a slice's name; of one of times, without the column: `Saturday`."""
    name = str(found["name"])
    _, equals, value = name.partition(" = ")
    return value if equals and (found.get("kind") == "time" or value in _TIMES) else name


def _is_share(measure: str) -> bool:
    return measure.endswith(_SHARES)


def _short(text: str) -> str:
    """Return a number's text without noughts at its end."""
    return text.rstrip("0").rstrip(".") if "." in text else text
