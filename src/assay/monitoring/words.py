"""What is told of a result on a terminal."""

from collections.abc import Mapping
from typing import Any

from assay.errors import counted
from assay.metrics.words import metric_words
from assay.monitoring.telling import number

# Findings that are told before the page tells the others.
_MOST = 10


def result_lines(result: Mapping[str, Any]) -> list[str]:
    """Return the lines that the command prints of a batch.

    Parameters
    ----------
    result : dict
        See `assay.monitoring.result`.
    """
    lines = [result["verdict"]["sentence"], _batch_line(result)]
    lines += [f"note: {note}" for note in result["notes"]]
    findings = result["findings"]
    for place, each in enumerate(findings[:_MOST], start=1):
        lines.append(f"{place}. {each['level']}: {each['sentence']} {each['look_at']}")
    more = len(findings) - _MOST
    if more > 0:
        lines.append(f"and {counted(more, 'more finding')}.")
    lines += _performance_lines(result)
    retraining = result["retraining"]
    return lines + ([retraining["sentence"]] if retraining else [])


def _batch_line(result: Mapping[str, Any]) -> str:
    """Return the batch's name, its rows and its days."""
    batch = result["batch"]
    rows = counted(batch["rows_scored"], result["model"]["unit"] or "row")
    days = [str(batch[end])[:10] for end in ("first_time", "last_time") if batch[end] is not None]
    return ", ".join([batch["name"], rows, " to ".join(dict.fromkeys(days))]).removesuffix(", ")


def _performance_lines(result: Mapping[str, Any]) -> list[str]:
    """Return how good the model is, measured where outcomes are known, estimated otherwise."""
    metric = result["model"]["primary_metric"]
    words = metric_words(metric)
    performance, estimate = result["performance"], result["estimate"]
    lines = []
    if performance is not None and metric in performance["metrics"]:
        found = performance["metrics"][metric]
        rows = counted(performance["n"], "row")
        lines.append(
            f"measured {words} on {rows}: {_interval(found)}; the holdout had "
            f"{_interval(found['holdout'])}."
        )
    if estimate is not None:
        lines.append(
            f"estimated {words}: {_interval(estimate)}; the holdout had "
            f"{_interval(estimate['holdout'])}. {estimate['sentence']} {estimate['assumption']}"
        )
        doubts = " ".join(estimate["doubts"])
        lines += [f"Do not rely on it: {doubts[0].lower()}{doubts[1:]}"] if doubts else []
    return lines


def _interval(found: Mapping[str, Any]) -> str:
    value = found.get("value")
    if value is None:
        return "not defined"
    low, high = found.get("ci_low"), found.get("ci_high")
    ends = "" if low is None or high is None else f" [{number(low)}, {number(high)}]"
    return f"{number(value)}{ends}"
