"""One screen of Markdown of a batch, for an e-mail or the summary of a job."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from assay.report.monitoring.features import moved_features
from assay.report.monitoring.words import NOT_JUDGED, area_words, level_word, verdict_sentence
from assay.report.page.words import metric_title
from assay.report.rendering import interval, number, percent, render, tidy

# Findings that fit on a screen.
_SHOWN = 5
# What is told of predictions, and how it is written.
_OUTPUTS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "flagged_rate": ("flagged", percent),
    "decided_rate": ("decided", percent),
    "mean": ("mean prediction", number),
    "mean_interval_width": ("mean width of the intervals", number),
}
_TRIGGER = {True: "met", False: "not met", None: "cannot be said yet"}


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
        filters={"level": level_word, "area": area_words},
        r=result,
        batch=result["batch"],
        model=result["model"],
        word=level_word(verdict["level"]) if verdict["judged"] else NOT_JUDGED,
        sentence=verdict_sentence(verdict),
        findings=result["findings"],
        shown=_SHOWN,
        rows=list(_rows(result, history)),
        trigger=_TRIGGER[retraining["met"]] if retraining else "",
    )
    return tidy(text)


def _rows(result: Mapping[str, Any], history: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Yield the rows of the table: what a figure is now, and what it was."""
    batch, outputs = result["batch"], result["outputs"]
    yield _row("rows scored", f"{batch['rows_scored']:,}", _last_rows(history))
    rejected = f"{batch['rows_rejected']:,} of {batch['rows_in']:,}"
    yield _row("rows rejected", rejected, "-")
    for name, (words, written) in _OUTPUTS.items():
        found = outputs.get(name)
        if found and found["now"] is not None:
            yield _row(words, written(found["now"]), _written(found["before"], written))
    metric = result["model"]["primary_metric"]
    measured = (result["performance"] or {"metrics": {}})["metrics"].get(metric)
    if measured:
        yield _row(
            f"{metric_title(metric)}, measured",
            _estimate(measured),
            f"{_estimate(measured['holdout'])} on the holdout",
        )
    estimate = result["estimate"]
    if estimate:
        yield _row(
            f"{metric_title(estimate['metric'])}, estimated without outcomes",
            f"estimated {_estimate(estimate)}",
            f"{_estimate(estimate['holdout'])} on the holdout",
        )
    moved, count = len(moved_features(result)), len(result["features"])
    yield _row("features that moved", f"{moved:,} of {count:,}", "-")


def _row(name: str, now: str, before: str) -> dict[str, str]:
    return {"name": name, "now": now, "before": before}


def _last_rows(history: pd.DataFrame) -> str:
    """Return the rows of the batch before, where there is one."""
    if len(history) < 2:
        return "-"
    return f"{int(history['rows_scored'].iloc[-2]):,} in the batch before"


def _written(value: float | None, written: Callable[[float], str]) -> str:
    return "-" if value is None else written(value)


def _estimate(found: Mapping[str, Any] | None) -> str:
    if not found or found.get("value") is None:
        return "-"
    return interval({name: value for name, value in found.items() if _is_end(name, value)})


def _is_end(name: str, value: Any) -> bool:
    return name in ("value", "ci_low", "ci_high") and value is not None
