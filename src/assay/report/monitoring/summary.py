"""One screen of Markdown of a batch, for an e-mail or the summary of a job."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import pandas as pd

from assay.report.monitoring.features import moved_features
from assay.report.monitoring.performance import has_value, measured_suffices
from assay.report.monitoring.words import (
    NOT_JUDGED,
    area_words,
    first_subject,
    level_word,
    metric_name,
    plain,
    verdict_sentence,
)
from assay.report.monitoring.written import value_words
from assay.report.rendering import code, interval, name, number, percent, render, sentence, tidy

# Findings that fit on a screen.
_SHOWN = 5
# What is told of predictions.
_OUTPUTS = {
    "flagged_rate": "flagged",
    "decided_rate": "decided",
    "mean": "mean prediction",
    "mean_interval_width": "mean width of the intervals",
}
# What is said of the trigger before its sentence; one that cannot be said has the sentence alone.
_TRIGGER = {True: "met", False: "not met", None: ""}
_DASH = "-"


def monitoring_markdown(result: Mapping[str, Any], history: pd.DataFrame) -> str:
    """Return the page's first screen as Markdown, without links.

    Parameters
    ----------
    result : dict
        What `assay.monitoring` found, as it is written as JSON.
    history : DataFrame
        One row per batch, in their order, this batch the last one.
    """
    verdict, retraining = result["verdict"], result["retraining"]
    text = render(
        "monitoring/summary.md.j2",
        filters={
            "level": level_word,
            "area": area_words,
            "told": partial(_told, _names(result)),
        },
        r=result,
        batch=result["batch"],
        model=result["model"],
        word=level_word(verdict["level"]) if verdict["judged"] else NOT_JUDGED,
        sentence=verdict_sentence(verdict, first_subject(result)),
        findings=result["findings"],
        shown=_SHOWN,
        rows=list(_rows(result, history)),
        estimated=bool(result["estimate"]) and not measured_suffices(result),
        trigger=_TRIGGER[retraining["met"]] if retraining else "",
    )
    return tidy(text)


def _rows(result: Mapping[str, Any], history: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Yield the rows of the table: what a figure is now, and what it was."""
    batch, verdict = result["batch"], result["verdict"]
    yield _row("rows scored", f"{batch['rows_scored']:,}", _last_rows(history))
    rejected = f"{batch['rows_rejected']:,} of {batch['rows_in']:,}"
    yield _row("rows rejected", rejected, _DASH)
    yield from _output_rows(result)
    yield from _performance_rows(result)
    moved, count = len(moved_features(result)), len(result["features"])
    judged = verdict["judged"] or moved
    needed = f"not judged: {batch['rows_scored']:,} of {result['limits']['min_rows']:,} rows needed"
    yield _row("features that moved", f"{moved:,} of {count:,}" if judged else needed, _DASH)


def _output_rows(result: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for figure, words in _OUTPUTS.items():
        found = result["outputs"].get(figure)
        if found and found["now"] is not None:
            shares = figure.endswith("_rate") or result["model"]["task"] != "regression"
            written = percent if shares and figure != "mean_interval_width" else number
            before = [
                f"{written(found[key])} {told}"
                for key, told in (("before", "out-of-fold"), ("holdout", "on the holdout"))
                if found.get(key) is not None
            ]
            yield _row(words, written(found["now"]), ", ".join(before) or _DASH)


def _performance_rows(result: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    metrics = (result["performance"] or {"metrics": {}})["metrics"]
    metric = result["model"]["primary_metric"]
    if measured := metrics.get(metric):
        holdout = f"{_estimate(measured['holdout'])} on the holdout"
        yield _row(f"{metric_name(metric)}, measured", _estimate(measured), holdout)
    worth = value_words((result["performance"] or {}).get("value_per_row"))
    if worth:
        change = f" ({worth['change']})" if worth["change"] else ""
        yield _row(
            f"{'cost' if worth['cost'] else 'value'} per {name(result['model']['unit'])}",
            f"{worth['now']} {worth['interval']}".strip(),
            f"{worth['holdout']} on the holdout{change}" if worth["holdout"] else _DASH,
        )
    for figure in ("precision", "recall"):
        if has_value(metrics.get(figure)):
            before = metrics[figure].get("holdout") or {}
            told = f"{percent(before['value'])} on the holdout" if has_value(before) else _DASH
            yield _row(f"{figure} at the threshold", percent(metrics[figure]["value"]), told)
    estimate = result["estimate"]
    if estimate and not measured_suffices(result):
        yield _row(
            f"{metric_name(estimate['metric'])}, estimated without outcomes",
            f"estimated {_estimate(estimate)}",
            f"{_estimate(estimate['holdout'])} on the holdout",
        )


def _row(name: str, now: str, before: str) -> dict[str, str]:
    return {"name": name, "now": now, "before": before}


def _last_rows(history: pd.DataFrame) -> str:
    """Return the rows of the batch before, where there is one."""
    if len(history) < 2:
        return _DASH
    return f"{int(history['rows_scored'].iloc[-2]):,} in the batch before"


def _told(names: Iterable[str], text: object) -> str:
    """Write a sentence; names in it that Markdown would change stand as code."""
    marked = sorted({each for each in names if name(each) != each}, key=len, reverse=True)
    if not marked:
        return sentence(plain(text))
    parts = re.split("(" + "|".join(map(re.escape, marked)) + ")", plain(text))
    return "".join(code(part) if number % 2 else _beside(part) for number, part in enumerate(parts))


def _beside(text: str) -> str:
    """Write what stands between names, with the blanks at its ends."""
    stripped = text.strip()
    before, after = " " * (text[:1].isspace()), " " * (text[-1:].isspace())
    return f"{before}{sentence(stripped)}{after}" if stripped else before


def _names(result: Mapping[str, Any]) -> list[str]:
    """Return the names that sentences may hold."""
    subjects = {
        str(each)
        for check in result["findings"]
        for each in (check["subject"], *check.get("also", ()))
    }
    return [result["model"]["run_id"], str(result["batch"]["name"]), *subjects]


def _estimate(found: Mapping[str, Any] | None) -> str:
    if not found or found.get("value") is None:
        return _DASH
    return interval({name: value for name, value in found.items() if _is_end(name, value)})


def _is_end(name: str, value: Any) -> bool:
    return name in ("value", "ci_low", "ci_high") and value is not None
