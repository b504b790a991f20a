"""The series over batches: charts, the strip of verdicts and the table behind both."""

from collections.abc import Mapping, Sequence
from math import isfinite, isnan, nan
from typing import Any

import pandas as pd

from assay.report.charts.axes import Axis
from assay.report.charts.line import Series, line_chart
from assay.report.charts.panel import Reference
from assay.report.monitoring.words import measure_style, measure_words
from assay.report.page.holdout_charts import Chart
from assay.report.page.words import metric_title

# The latest batches that are shown.
MOST = 36
# Trends that are drawn.
_TRENDS = 4
# Pixels by which measured and estimated values stand beside each other.
_ASIDE = 3.0
# By task what is decided on predictions: its words, its column, and whether it is a share.
_DECIDED = {
    "binary": ("Rows that were flagged", "flagged_rate", True),
    "multiclass": ("Rows that were decided", "decided_rate", True),
    "regression": ("Mean width of the intervals", "mean_interval_width", False),
}


def batch_rows(history: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the latest batches, the oldest first, with None where a value is not known.

    Parameters
    ----------
    history : DataFrame
        One row per batch, in their order.
    """
    latest = history.tail(MOST)
    return [
        {str(name): _known(value) for name, value in row.items()}
        for row in latest.to_dict("records")
    ]


def batch_charts(result: Mapping[str, Any], history: pd.DataFrame) -> list[Chart]:
    """Draw what went on over batches; nothing of one batch alone.

    Parameters
    ----------
    result : dict
        What `assay.monitoring` found.
    history : DataFrame
        One row per batch, in their order.
    """
    latest = history.tail(MOST)
    if len(latest) < 2:
        return []
    names = [str(name) for name in latest["batch"]]
    drawn = (
        _performance(result, latest, names),
        _means(latest, names),
        _decided(result, latest, names),
        _distance(result, latest, names),
    )
    return [chart for chart in drawn if chart is not None]


def trend_charts(result: Mapping[str, Any]) -> list[Chart]:
    """Draw the trends that are not fine, the first few of them.

    Parameters
    ----------
    result : dict
        What `assay.monitoring` found.
    """
    found = [each for each in result["trend"] if each["level"] != "fine" and each["series"]]
    return [_trend(each, f"chart-trend-{place}") for place, each in enumerate(found[:_TRENDS])]


def _trend(trend: Mapping[str, Any], identifier: str) -> Chart:
    told, points = f"{trend['subject']}: {measure_words(trend['measure'])}", trend["series"]
    name = "estimated" if "estimated" in trend["measure"] else "each batch"
    values = [nan if point["value"] is None else float(point["value"]) for point in points]
    svg = line_chart(
        [Series(name, range(len(values)), values, points=True)],
        Axis("Batch", names=[str(point["batch"]) for point in points]),
        Axis(told, percent=measure_style(trend["measure"]) == "percent"),
        title=f"{told}, over batches",
        description="The figure of each batch among which the trend was looked for.",
        identifier=identifier,
    )
    return Chart(svg, str(trend["sentence"]))


def _performance(
    result: Mapping[str, Any], latest: pd.DataFrame, names: Sequence[str]
) -> Chart | None:
    metric = result["model"]["primary_metric"]
    # Batches that another model scored may have had another metric.
    known = latest.where(latest["metric"] == metric) if "metric" in latest else latest
    measured = [_numbers(known, name) for name in ("value", "ci_low", "ci_high")]
    estimated = [_numbers(known, f"estimated_{name}") for name in ("value", "ci_low", "ci_high")]
    if not any(map(isfinite, [*measured[0], *estimated[0]])):
        return None
    series = [
        *_holdout(result, metric, len(latest)),
        _estimates("measured, with outcomes", measured, 0, -_ASIDE),
        _estimates("estimated, without outcomes", estimated, 1, _ASIDE),
    ]
    retraining = result["retraining"]
    limit = retraining["limit"] if retraining and retraining["metric"] == metric else None
    references = _new_models(latest)
    if limit is not None:
        references.append(Reference("train again from here", "y", float(limit)))
    svg = line_chart(
        series,
        Axis("Batch", names=names),
        Axis(metric_title(metric)),
        title=f"{metric_title(metric)} over batches",
        description="Measured where outcomes are known, estimated where not; the table has the numbers.",
        references=references,
        identifier="chart-performance",
    )
    return Chart(
        svg,
        "Performance. Measured values need outcomes; estimated ones do without, on an assumption. Lines "
        "through marks are 95% intervals.",
    )


def _new_models(latest: pd.DataFrame) -> list[Reference]:
    """Return a line where the latest model took over, if another one scored batches before it."""
    runs = latest["run_id"].tolist() if "run_id" in latest else []
    places = [place for place in range(1, len(runs)) if runs[place] != runs[place - 1]]
    return [Reference("a new model from here", "x", places[-1] - 0.5)] if places else []


def _estimates(name: str, ends: Sequence[list[float]], style: int, aside: float) -> Series:
    """Return values with their intervals, batch by batch."""
    value, low, high = ends
    return Series(
        name, range(len(value)), value, low, high, points=True, style=style, whiskers=aside
    )


def _holdout(result: Mapping[str, Any], metric: str, count: int) -> list[Series]:
    """Return the holdout's value and interval as a band over all batches."""
    found = None
    if result["performance"]:
        found = result["performance"]["metrics"].get(metric, {}).get("holdout")
    elif result["estimate"] and result["estimate"]["metric"] == metric:
        found = result["estimate"]["holdout"]
    if not found or _known(found.get("value")) is None:
        return []
    known = _known(found.get("ci_low")) is not None
    low, high = ([[found[name]] * 2 for name in ("ci_low", "ci_high")]) if known else ([], [])
    return [Series("holdout", [-0.5, count - 0.5], [found["value"]] * 2, low, high, style=2)]


def _means(latest: pd.DataFrame, names: Sequence[str]) -> Chart | None:
    places = list(range(len(latest)))
    outcome, predicted = _numbers(latest, "outcome_mean"), _numbers(latest, "mean_prediction")
    if not any(map(isfinite, predicted)):
        return None
    svg = line_chart(
        [
            Series("mean prediction", places, predicted, points=True, style=0),
            Series("mean outcome", places, outcome, points=True, style=3),
        ],
        Axis("Batch", names=names),
        Axis("Mean"),
        title="Mean prediction and mean outcome over batches",
        description="Both means of each batch; the table has the numbers.",
        references=_new_models(latest),
        identifier="chart-means",
    )
    return Chart(svg, "What was predicted on average, and what happened. Apart, the model is off.")


def _decided(result: Mapping[str, Any], latest: pd.DataFrame, names: Sequence[str]) -> Chart | None:
    words, column, share = _DECIDED[result["model"]["task"]]
    values = _numbers(latest, column)
    if not any(map(isfinite, values)):
        return None
    before = _known((result["outputs"].get(column) or {}).get("before"))
    references = _new_models(latest)
    if before is not None:
        references.append(Reference("before, out-of-fold", "y", float(before)))
    svg = line_chart(
        [Series("each batch", range(len(latest)), values, points=True)],
        Axis("Batch", names=names),
        Axis(words, low=0.0, percent=share),
        title=f"{words}, over batches",
        description="The figure of each batch; the table has the numbers.",
        references=references,
        identifier="chart-decided",
    )
    return Chart(svg, f"{words}. The dotted line is what it was out-of-fold.")


def _distance(
    result: Mapping[str, Any], latest: pd.DataFrame, names: Sequence[str]
) -> Chart | None:
    distances = _numbers(latest, "prediction_distance")
    if not any(map(isfinite, distances)):
        return None
    facts = result["outputs"].get("distribution") or {}
    limits = (("warning from", facts.get("warn_from")), ("alarm from", facts.get("alarm_from")))
    svg = line_chart(
        [Series("distance", list(range(len(latest))), distances, points=True)],
        Axis("Batch", names=names),
        Axis("Distance of predictions (Jensen-Shannon)", low=0.0),
        title="Distance of predictions over batches",
        description="How far predictions are from those before; the table has the numbers.",
        references=[
            *_new_models(latest),
            *(
                Reference(told, "y", float(limit), strong=told.startswith("alarm"))
                for told, limit in limits
                if limit is not None
            ),
        ],
        identifier="chart-distance",
    )  # fmt: skip
    return Chart(
        svg, "How far the distribution of predictions is from the one before; 0 is the same."
    )


def _numbers(table: pd.DataFrame, column: str) -> list[float]:
    if column not in table:
        return [nan] * len(table)
    numbers: list[float] = pd.to_numeric(table[column], errors="coerce").astype(float).tolist()
    return numbers


def _known(value: Any) -> Any:
    """Return a cell of the history, None where it holds nothing."""
    if value is None or value is pd.NaT or (isinstance(value, float) and isnan(value)):
        return None
    return value
