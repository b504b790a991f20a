"""The series over batches: charts, the strip of verdicts and the table behind both."""

from collections.abc import Mapping, Sequence
from math import isfinite, isnan, nan
from typing import Any

import pandas as pd

from assay.report.charts.axes import Axis
from assay.report.charts.line import Series, line_chart
from assay.report.charts.panel import Reference
from assay.report.monitoring.places import Places, places_of
from assay.report.monitoring.words import HOLDOUT_STYLE, measure_style, measure_words, plain
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
    places = places_of(latest)
    drawn = (
        _performance(result, latest, places),
        _means(result, latest, places),
        _decided(result, latest, places),
        _distance(result, latest, places),
    )
    return [chart for chart in drawn if chart is not None]


def trend_charts(result: Mapping[str, Any], history: pd.DataFrame) -> list[Chart]:
    """Draw the trends that are not fine, the first few of them.

    Parameters
    ----------
    result : dict
        What `assay.monitoring` found.
    history : DataFrame
        One row per batch, in their order.
    """
    found = [each for each in result["trend"] if each["level"] != "fine" and each["series"]]
    return [
        _trend(each, history, f"chart-trend-{place}") for place, each in enumerate(found[:_TRENDS])
    ]


def _trend(trend: Mapping[str, Any], history: pd.DataFrame, identifier: str) -> Chart:
    told, points = f"{trend['subject']}: {measure_words(trend['measure'])}", trend["series"]
    estimated = "estimated" in trend["measure"]
    values = [nan if point["value"] is None else float(point["value"]) for point in points]
    known = history.drop_duplicates("batch", keep="last").set_index("batch")
    names = [str(point["batch"]) for point in points]
    places = places_of(known.reindex(names).rename_axis("batch").reset_index())
    svg = line_chart(
        [
            Series(
                "estimated" if estimated else "each batch",
                places.x,
                places.broken(values),
                points=True,
                style=int(estimated),
            )
        ],
        places.axis,
        Axis(told, percent=measure_style(trend["measure"]) == "percent"),
        title=f"{told}, over batches",
        description="The figure of each batch among which the trend was looked for.",
        identifier=identifier,
    )
    return Chart(svg, plain(trend["sentence"]))


def _performance(result: Mapping[str, Any], latest: pd.DataFrame, places: Places) -> Chart | None:
    metric = result["model"]["primary_metric"]
    # Batches that another model scored may have had another metric.
    known = latest.where(latest["metric"] == metric) if "metric" in latest else latest
    measured = [_numbers(known, name) for name in ("value", "ci_low", "ci_high")]
    estimated = [_numbers(known, f"estimated_{name}") for name in ("value", "ci_low", "ci_high")]
    if not any(map(isfinite, [*measured[0], *estimated[0]])):
        return None
    few = [batch.get("judged") is not None and not batch["judged"] for batch in batch_rows(latest)]
    series = [
        *_holdout(result, metric, places),
        _estimates("measured, with outcomes", measured, 0, -_ASIDE, places, few),
        _estimates("estimated, without outcomes", estimated, 1, _ASIDE, places, few),
    ]
    retraining = result["retraining"]
    limit = retraining["limit"] if retraining and retraining["metric"] == metric else None
    references = _new_models(latest, places)
    if limit is not None:
        references.append(Reference("train again from here", "y", float(limit)))
    svg = line_chart(
        series,
        places.axis,
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


def _new_models(latest: pd.DataFrame, places: Places) -> list[Reference]:
    """Return a line where the latest model took over, if another one scored batches before it."""
    runs = latest["run_id"].tolist() if "run_id" in latest else []
    changes = [place for place in range(1, len(runs)) if runs[place] != runs[place - 1]]
    if not changes:
        return []
    between = (places.middle[changes[-1] - 1] + places.middle[changes[-1]]) / 2
    return [Reference("a new model from here", "x", between)]


def _estimates(
    name: str,
    ends: Sequence[list[float]],
    style: int,
    aside: float,
    places: Places,
    few: Sequence[bool],
) -> Series:
    """Return values with their intervals, batch by batch; those of few rows are cut at the rim."""
    value, low, high = map(places.broken, ends)
    cut = [each is True for each in places.broken(few)]
    return Series(
        name, places.x, value, low, high, points=True, style=style, whiskers=aside, cut=cut
    )


def _holdout(result: Mapping[str, Any], metric: str, places: Places) -> list[Series]:
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
    return [Series("holdout", places.ends, [found["value"]] * 2, low, high, style=HOLDOUT_STYLE)]


def _means(result: Mapping[str, Any], latest: pd.DataFrame, places: Places) -> Chart | None:
    outcome, predicted = _numbers(latest, "outcome_mean"), _numbers(latest, "mean_prediction")
    if not any(map(isfinite, predicted)):
        return None
    svg = line_chart(
        [
            Series("mean prediction", places.x, places.broken(predicted), points=True, style=0),
            Series("mean outcome", places.x, places.broken(outcome), points=True, style=3),
        ],
        places.axis,
        Axis("Mean", percent=result["model"]["task"] != "regression"),
        title="Mean prediction and mean outcome over batches",
        description="Both means of each batch; the table has the numbers.",
        references=_new_models(latest, places),
        identifier="chart-means",
    )
    return Chart(
        svg,
        "What was predicted on average, and what happened. Where the lines part, predictions are off.",
    )


def _decided(result: Mapping[str, Any], latest: pd.DataFrame, places: Places) -> Chart | None:
    words, column, share = _DECIDED[result["model"]["task"]]
    values = _numbers(latest, column)
    if not any(map(isfinite, values)):
        return None
    before = _known((result["outputs"].get(column) or {}).get("before"))
    references = _new_models(latest, places)
    if before is not None:
        references.append(Reference("before, out-of-fold", "y", float(before)))
    svg = line_chart(
        [Series("each batch", places.x, places.broken(values), points=True)],
        places.axis,
        Axis(words, low=0.0, percent=share),
        title=f"{words}, over batches",
        description="The figure of each batch; the table has the numbers.",
        references=references,
        identifier="chart-decided",
    )
    return Chart(svg, f"{words}. The dotted line is what it was out-of-fold.")


def _distance(result: Mapping[str, Any], latest: pd.DataFrame, places: Places) -> Chart | None:
    distances = _numbers(latest, "prediction_distance")
    if not any(map(isfinite, distances)):
        return None
    facts = result["outputs"].get("distribution") or {}
    limits = (("warning from", facts.get("warn_from")), ("alarm from", facts.get("alarm_from")))
    svg = line_chart(
        [Series("distance", places.x, places.broken(distances), points=True)],
        places.axis,
        Axis("Distance of predictions (Jensen-Shannon)", low=0.0),
        title="Distance of predictions over batches",
        description="How far predictions are from those before; the table has the numbers.",
        references=[
            *_new_models(latest, places),
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
