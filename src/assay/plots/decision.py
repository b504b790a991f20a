"""Figures of `threshold`: what each decision would do, and what the chosen one does."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from assay.decisions.binary import ThresholdDrawn
from assay.decisions.multiclass import ClassesDrawn
from assay.decisions.regression import IntervalsDrawn
from assay.decisions.rows import DecisionReport
from assay.plots.labels import labels as drawn_labels
from assay.plots.style import BLUE, GREEN, GREY, ORANGE, RED, SKY, panels, titled_axes
from assay.plots.worth import gain_figure, options_figure, value_figure
from assay.rejection import RejectionCurve
from assay.thresholds import ThresholdCurve

# Rows whose interval is drawn.
_SHOWN_INTERVALS = 80
# More classes than this have no room for a number in each cell.
_NUMBERED_CLASSES = 12


def decision_figures(report: DecisionReport) -> dict[str, Figure]:
    """Return the figures of a decision by name."""
    drawn = report.drawn
    if isinstance(drawn, ThresholdDrawn):
        point = drawn.holdout
        matrix = np.array(
            [
                [point.true_negative_count, point.false_positive_count],
                [point.false_negative_count, point.true_positive_count],
            ]
        )
        title = (
            f"Confusion matrix, holdout at threshold {point.threshold:.3f} (n = {matrix.sum():,})"
        )
        figures = {
            "threshold": threshold_figure(drawn.curve, point.threshold, drawn.row_count),
            "confusion": confusion_figure(matrix, drawn.labels, title),
        }
        if len(drawn.gain):
            figures["gain"] = gain_figure(drawn.gain, point.flagged_rate, int(matrix.sum()))
        if len(drawn.value):
            figures["value"] = value_figure(drawn, int(matrix.sum()))
        return figures
    if isinstance(drawn, ClassesDrawn):
        title = f"Confusion matrix, decided rows of the holdout (n = {drawn.confusion.sum():,})"
        return {
            "rejection": rejection_figure(drawn.curve, drawn.min_confidence, drawn.row_count),
            "confusion": confusion_figure(drawn.confusion, drawn.labels, title),
        }
    figures = {"coverage": coverage_figure(drawn), "intervals": intervals_figure(drawn)}
    if drawn.valued:
        figures["value"] = options_figure(drawn, len(drawn.holdout.y_true))
    return figures


def threshold_figure(curve: ThresholdCurve, chosen: float, rows: int) -> Figure:
    """Precision, recall, F1 and, where known, expected cost against the threshold, with the chosen one."""
    order = np.argsort(curve.threshold)
    x = curve.threshold[order]
    # Where nothing is flagged there is no precision to draw.
    precision = np.where(curve.flagged_rate > 0, curve.precision, np.nan)[order]
    cost, count = curve.expected_cost, 1 if curve.expected_cost is None else 2
    size = (7.6, 2.8 * count + 0.6 * (2 - count))
    with panels(count, 1, sharex=True, squeeze=False, figsize=size) as (figure, grid):
        shown = grid[:, 0]
        shown[0].set_title(f"What each threshold does, out-of-fold (n = {rows:,})")
        shown[0].plot(x, precision, color=BLUE, label="precision")
        shown[0].plot(x, curve.recall[order], color=ORANGE, label="recall")
        shown[0].plot(x, curve.f1[order], color=GREEN, label="F1")
        shown[0].set(ylabel="Rate", ylim=(0, 1.02))
        if cost is not None:
            shown[1].plot(x, cost[order], color=RED, label="expected cost")
            shown[1].set(ylabel="Mean cost per row")
        shown[-1].set(xlabel="Decision threshold", xlim=(0, 1))
        for panel in shown:
            panel.axvline(chosen, color="black", linestyle="--", label=f"chosen {chosen:.3f}")
            # Beside the panel: the curves cross all of it.
            panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def rejection_figure(curve: RejectionCurve, chosen: float, rows: int) -> Figure:
    """Accuracy of the decided rows against their share, with the chosen point."""
    index = int((curve.min_confidence >= chosen).sum()) - 1
    with titled_axes(f"Accuracy of decided rows, out-of-fold (n = {rows:,})") as (figure, axes):
        axes.plot(curve.decided_rate, curve.accuracy, color=BLUE)
        axes.plot(
            curve.decided_rate[index],
            curve.accuracy[index],
            color="black",
            marker="o",
            linestyle="none",
            label=f"chosen: confidence of at least {chosen:.3f}",
        )
        axes.set(xlabel="Share of rows decided", ylabel="Accuracy of these", xlim=(0, 1.02))
        # At least so much that a row or two more do not look like a cliff.
        low = min(float(np.nanmin(curve.accuracy)), 0.95)
        axes.set_ylim(low - 0.03, 1.0 + 0.03 * (1 - low))
        # Below: its sample is a point, and would be read as one.
        figure.legend(loc="outside lower left")
    return figure


def confusion_figure(
    matrix: np.ndarray[Any, np.dtype[np.int64]], labels: Sequence[Any], title: str
) -> Figure:
    """Counts and row shares of a confusion matrix, actual classes in rows."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    k = len(labels)
    size = min(5.6 + 0.55 * max(k - 2, 0), 11.0)
    with titled_axes(title, figsize=(size, size - 0.6)) as (figure, axes):
        drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        if k <= _NUMBERED_CLASSES:
            for (row, column), count in np.ndenumerate(matrix):
                share = shares[row, column]
                axes.text(
                    column,
                    row,
                    f"{count:,}\n{share:.0%} of row" if k == 2 else f"{count:,}\n{share:.0%}",
                    ha="center",
                    va="center",
                    fontsize=10 if k <= 5 else 8,
                    color="white" if share > 0.6 else "black",
                )
        if k > 2:
            figure.colorbar(drawn, ax=axes, shrink=0.8, label="Share of the actual class")
        names = drawn_labels(labels, 24)
        upright = sum(map(len, names)) <= 10 * k and k <= 6
        axes.set_xticks(
            range(k), names, rotation=0 if upright else 60, ha="center" if upright else "right"
        )
        axes.set_yticks(range(k), names)
        axes.set(xlabel="Predicted", ylabel="Actual")
        axes.grid(False)
    return figure


def coverage_figure(drawn: IntervalsDrawn) -> Figure:
    """Measured against wanted coverage."""
    table, rows = drawn.coverage, len(drawn.holdout.y_true)
    with titled_axes(f"Coverage of intervals, holdout (n = {rows:,})") as (figure, axes):
        ends = [float(table["wanted_coverage"].min()), 1.0]
        axes.plot(ends, ends, color=GREY, linestyle=":", label="perfect")
        axes.plot(
            table["wanted_coverage"], table["measured_coverage"], color=BLUE, marker="o",
            label="measured",
        )  # fmt: skip
        axes.axvline(drawn.wanted, color="black", linestyle="--", label=f"chosen {drawn.wanted:g}")
        axes.set(xlabel="Wanted coverage", ylabel="Measured coverage")
        axes.legend(loc="upper left")
    return figure


def intervals_figure(drawn: IntervalsDrawn) -> Figure:
    """Intervals and outcomes of rows spread evenly over the predictions."""
    predicted, actual = drawn.holdout.predicted, drawn.holdout.y_true
    order = np.argsort(predicted, kind="stable")
    shown = order[np.unique(np.linspace(0, len(order) - 1, _SHOWN_INTERVALS).round().astype(int))]
    x = np.arange(len(shown))
    inside = (actual >= drawn.low) & (actual <= drawn.high)
    title = f"{drawn.wanted:.0%} intervals, holdout (n = {len(shown)} of {len(actual):,})"
    with titled_axes(title, figsize=(7.6, 4.4)) as (figure, axes):
        axes.vlines(x, drawn.low[shown], drawn.high[shown], color=SKY, alpha=0.5, linewidth=3)
        axes.plot(x, predicted[shown], color=BLUE, marker="_", linestyle="none", label="prediction")
        for mask, color, marker, label in (
            (inside, GREEN, "o", "outcome inside"),
            (~inside, RED, "^", "outcome outside"),
        ):
            rows = mask[shown]
            axes.scatter(
                x[rows],
                actual[shown][rows],
                s=14,
                color=color,
                marker=marker,
                label=label,
                zorder=3,
            )
        axes.set(xlabel="Rows, by prediction", ylabel="Prediction and outcome")
        axes.legend(loc="upper left")
    return figure
