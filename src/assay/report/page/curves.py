"""The page's charts, from the tables and the plots' data."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Any

import pandas as pd

from assay.metrics.catalogue import primary_metric
from assay.report.charts.axes import Axis
from assay.report.charts.interval import Row, interval_chart
from assay.report.charts.line import Series, line_chart
from assay.report.charts.panel import Reference
from assay.report.facts import ReportFacts
from assay.report.page.holdout_charts import Chart, holdout_charts
from assay.report.page.words import metric_title, of_metric
from assay.report.slices import weakest
from assay.slices.judge import FAILS, HARD

# Rows of a chart of features or slices.
_FEATURES, _SLICES = 12, 10


@dataclass(frozen=True)
class Charts:
    """The charts of the page; an empty text where there is nothing to draw.

    Attributes
    ----------
    leaderboard, learning_curve, value, slices, periods, importance : str
        An `<svg>` each.
    holdout : list of Chart
    """

    leaderboard: str
    learning_curve: str
    value: str
    slices: str
    periods: str
    importance: str
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
        slices=_slices(facts),
        periods=_periods(facts, metric),
        importance=_importance(facts, metric),
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
        Axis(f"Behind the best in {of_metric(metric)}, over the folds"),
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


def _slices(facts: ReportFacts) -> str:
    table = weakest(facts.tables["slices"]).head(_SLICES)
    if table.empty:
        return ""
    metric = facts.metrics["interpret"]["slices"]["metric"]
    rows = [
        Row(
            f"{row['feature']} = {row['slice']}",
            row["difference"],
            row["difference_ci_low"],
            row["difference_ci_high"],
            judged="bad" if row["verdict"] in (FAILS, HARD) else "open",
            note=f"n = {row['n']:,}",
        )
        for row in _records(table)
    ]
    return interval_chart(
        rows,
        Axis(f"Worse than all rows by ({of_metric(metric)})"),
        title="The weakest part of each cut",
        description="How much worse the model is there than on all rows; the table has the numbers.",
        reference=("all rows", 0.0),
        verdicts={"bad": "fails, or is hard", "open": "as elsewhere"},
        identifier="chart-slices",
    )


def _periods(facts: ReportFacts, metric: str) -> str:
    table = facts.tables["periods"]
    table = table[~table["period"].astype(str).str.contains("half")]
    if len(table) < 2:
        return ""
    rows = [
        Row(
            f"from {str(row['from'])[:10]}",
            row["value"],
            row["ci_low"],
            row["ci_high"],
            note=f"n = {row['n']:,}",
        )
        for row in _records(table)
    ]
    whole = facts.metrics["holdout"]["model"][metric]["value"]
    return interval_chart(
        rows,
        Axis(metric_title(metric)),
        title="Periods of the holdout",
        description="The model's metric in periods of the holdout, in their order.",
        reference=("all rows", whole),
        identifier="chart-periods",
    )


def _importance(facts: ReportFacts, metric: str) -> str:
    table = facts.tables["importance"].head(_FEATURES)
    if table.empty:
        return ""
    rows = [
        Row(
            str(row["feature"]),
            row["importance"],
            row["ci_low"],
            row["ci_high"],
            judged="good" if row["ci_low"] > 0 else "open",
        )
        for row in _records(table)
    ]
    return interval_chart(
        rows,
        Axis(f"{metric_title(metric)} gets worse by"),
        title="Importance of features",
        description="How much worse the model gets when a feature is shuffled; the table has the numbers.",
        reference=("nothing lost", 0.0),
        verdicts={"good": "matters", "open": "not shown to matter"},
        identifier="chart-importance",
    )


def _records(table: pd.DataFrame) -> Iterator["dict[Any, Any]"]:
    yield from table.to_dict("records")
