"""The page's charts, from the tables and the plots' data."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Any

import pandas as pd

from assay.metrics.catalogue import primary_metric
from assay.metrics.words import metric_words
from assay.report.charts.axes import Axis
from assay.report.charts.interval import Row, interval_chart
from assay.report.charts.line import Series, line_chart
from assay.report.charts.panel import Reference
from assay.report.facts import ReportFacts
from assay.report.page.holdout_charts import Chart, holdout_charts
from assay.report.page.reason_charts import importance_chart, shap_chart
from assay.report.page.weakness_charts import (
    breaks_chart,
    gaps_chart,
    periods_chart,
    slices_chart,
)
from assay.report.page.words import metric_title


@dataclass(frozen=True)
class Charts:
    """The charts of the page; an empty text where there is nothing to draw.

    Attributes
    ----------
    leaderboard, learning_curve, value, ways : str
        Of the models, and of what acting is worth; an `<svg>` each.
    slices, gaps, breaks, periods : str
        Of what is weak.
    importance, shap : str
        Of what the model goes by.
    holdout : list of Chart
    """

    leaderboard: str
    learning_curve: str
    value: str
    ways: str
    slices: str
    gaps: str
    breaks: str
    periods: str
    importance: str
    shap: str
    holdout: list[Chart]


def page_charts(facts: ReportFacts) -> Charts:
    """Draw the charts.

    Parameters
    ----------
    facts : ReportFacts
    """
    task = facts.run["params"]["task"]
    metric = primary_metric(task["type"], task["primary_metric"]).name
    return Charts(
        leaderboard=_leaderboard(facts, metric),
        learning_curve=_learning_curve(facts, metric),
        value=_value(facts),
        ways=_ways(facts),
        slices=slices_chart(facts),
        gaps=gaps_chart(facts),
        breaks=breaks_chart(facts, metric),
        periods=periods_chart(facts, metric),
        importance=importance_chart(facts, metric),
        shap=shap_chart(facts),
        holdout=list(holdout_charts(facts)),
    )


def _leaderboard(facts: ReportFacts, metric: str) -> str:
    board = facts.tables["leaderboard"]
    board = board[board["failure"].isna() | (board["failure"] == "")]
    if len(board) < 2:
        return ""
    rows = [
        Row(
            f"{row['model']}{' (tuned)' if row['tuned'] else ''}",
            row["behind_best"],
            row["behind_best_ci_low"] if place else nan,
            row["behind_best_ci_high"] if place else nan,
            note="taken" if row["selected"] else "within noise" if row["within_noise"] else "",
        )
        for place, row in enumerate(_records(board))
    ]
    return interval_chart(
        rows,
        Axis(f"Behind the best in {metric_words(metric)}, over the folds"),
        title="Models behind the best",
        description="Each model's distance to the best over the folds; the table has the numbers.",
        reference=("the best", 0.0),
        identifier="chart-leaderboard",
    )


def _learning_curve(facts: ReportFacts, metric: str) -> str:
    curve = facts.curves["learning_curve"]
    if len(curve) < 2:
        return ""
    series = [
        Series(
            name,
            curve["rows"].tolist(),
            curve[f"{part}_mean"].tolist(),
            (curve[f"{part}_mean"] - curve[f"{part}_error"]).tolist(),
            (curve[f"{part}_mean"] + curve[f"{part}_error"]).tolist(),
            points=True,
        )
        for part, name in (("train", "rows it was fitted on"), ("validation", "other rows"))
    ]
    return line_chart(
        series,
        Axis("Rows that train", log=True),
        Axis(metric_title(metric)),
        title="Learning curve",
        description="Mean and standard error over the folds, by the number of training rows.",
        identifier="chart-learning",
    )


def _value(facts: ReportFacts) -> str:
    curve = facts.curves["value"]
    value = facts.metrics["threshold"].get("value", {})
    if curve.empty or not value.get("applicable"):
        return ""
    shares = curve["acted_rate"].tolist()
    saved, low, high = (curve[name].tolist() for name in ("model_saved", "ci_low", "ci_high"))
    series = [Series("model", shares, saved, low, high)]
    if curve["baseline_saved"].notna().any():
        series.append(Series("baseline", shares, curve["baseline_saved"].tolist()))
    return line_chart(
        series,
        Axis("Rows acted on, those with the highest scores", 0.0, 1.0, percent=True),
        Axis(f"Saved per 1,000 {facts.schema.unit}s ({value['unit']})"),
        title="What acting saves",
        description="What acting on the rows with the highest scores saves against acting on none.",
        references=[Reference("acting on none", "y", 0.0)],
        identifier="chart-value",
    )


def _ways(facts: ReportFacts) -> str:
    value = facts.metrics["threshold"].get("value", {})
    if not value.get("applicable"):
        return ""
    told = {
        "none": "none",
        "all": "all",
        "rule": "the rule of today",
        "baseline": f"the baseline {value['baseline']}",
        "plain": "the model's prediction",
        "baseline_plain": "the baseline's prediction",
    }
    rows = [
        Row(words, gain["value"], gain.get("ci_low", nan), gain.get("ci_high", nan))
        for name, words in told.items()
        for gain in [value["gain_over"].get(name)]
        if gain is not None
    ]
    return interval_chart(
        rows,
        Axis(f"Worth more per 1,000 {facts.schema.unit}s ({value['unit']})"),
        title="Gain over every other way to act",
        description="What acting on the model is worth more than each other way; the table has the numbers.",
        reference=("worth the same", 0.0),
        identifier="chart-ways",
    )


def _records(table: pd.DataFrame) -> Iterator["dict[Any, Any]"]:
    yield from table.to_dict("records")
