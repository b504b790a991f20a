"""Figures of reports, in one style: colour-blind safe, units on axes, rows in the title.

Each function takes arrays or tables and returns a figure; nothing here opens a file.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assay.metrics import FloatArray, LabelArray, reliability, roc_curve
from assay.thresholds import OperatingPoint, ThresholdCurve

# Okabe and Ito 2008: told apart with every common colour vision.
BLUE, ORANGE, GREEN, GREY, RED = "#0072B2", "#E69F00", "#009E73", "#7F7F7F", "#D55E00"

_STYLE: Mapping[str, Any] = {
    "figure.figsize": (6.4, 4.4),
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "axes.axisbelow": True,
    "legend.frameon": False,
}


@contextmanager
def _axes(title: str, **size: Any) -> Iterator[tuple[Figure, Any]]:
    with plt.rc_context(dict(_STYLE)):
        figure, axes = plt.subplots(**size)
        axes.set_title(title)
        yield figure, axes
        plt.close(figure)


def roc_figure(y_true: LabelArray, scores: Mapping[str, FloatArray]) -> Figure:
    """ROC curves of several scores on the same rows; the first one is the model."""
    with _axes(f"ROC curve, holdout (n = {len(y_true):,})") as (figure, axes):
        for color, (name, score) in zip((BLUE, ORANGE, GREEN), scores.items(), strict=False):
            false_rate, true_rate, _ = roc_curve(y_true, score)
            axes.plot(false_rate, true_rate, color=color, label=name)
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="chance")
        axes.set(xlabel="False-positive rate", ylabel="True-positive rate (recall)")
        axes.set_aspect("equal", adjustable="box")
        axes.legend(loc="lower right")
    return figure


def precision_recall_figure(
    y_true: LabelArray, curves: Mapping[str, tuple[FloatArray, FloatArray]]
) -> Figure:
    """Precision against recall; each curve is (recall, precision), the first one is the model."""
    with _axes(f"Precision and recall, holdout (n = {len(y_true):,})") as (figure, axes):
        for color, (name, (recall, precision)) in zip(
            (BLUE, ORANGE, GREEN), curves.items(), strict=False
        ):
            axes.plot(recall, precision, color=color, label=name)
        prevalence = float(np.mean(y_true))
        axes.axhline(prevalence, color=GREY, linestyle=":", label=f"prevalence {prevalence:.3f}")
        axes.set(xlabel="Recall", ylabel="Precision", xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="upper right")
    return figure


def calibration_figure(
    y_true: LabelArray, y_score: FloatArray, bins: int, confidence: float
) -> Figure:
    """Observed rate against mean score per bin, with Wilson intervals, over the scores' histogram."""
    mean_score, observed, counts = reliability(y_true, y_score, bins)
    low, high = _wilson(observed, counts, confidence)
    with plt.rc_context(dict(_STYLE)):
        figure, (axes, histogram) = plt.subplots(
            2, 1, sharex=True, height_ratios=(4, 1), figsize=(6.4, 5.4)
        )
        axes.set_title(f"Calibration, holdout (n = {len(y_true):,}, {len(counts)} bins with rows)")
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="perfect")
        errors = np.vstack([observed - low, high - observed]).clip(min=0)
        axes.errorbar(
            mean_score,
            observed,
            yerr=errors,
            color=BLUE,
            marker="o",
            capsize=3,
            label=f"model, {confidence:.0%} interval",
        )
        axes.set(ylabel="Observed rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.legend(loc="upper left")
        histogram.hist(y_score, bins=np.linspace(0, 1, 41), color=BLUE)
        histogram.set(xlabel="Score (predicted probability)", ylabel="Rows")
        plt.close(figure)
    return figure


def _wilson(rate: FloatArray, counts: Any, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's interval of a rate (Wilson 1927)."""
    from scipy.special import ndtri

    z = float(ndtri(0.5 + confidence / 2))
    center = (rate + z**2 / (2 * counts)) / (1 + z**2 / counts)
    half = z * np.sqrt(rate * (1 - rate) / counts + z**2 / (4 * counts**2)) / (1 + z**2 / counts)
    return center - half, center + half


def threshold_figure(curve: ThresholdCurve, chosen: float, rows: int) -> Figure:
    """Precision, recall, F1 and expected cost against the threshold, with the chosen one."""
    order = np.argsort(curve.threshold)
    x = curve.threshold[order]
    # Where nothing is flagged there is no precision to draw.
    precision = np.where(curve.flagged_rate > 0, curve.precision, np.nan)[order]
    with plt.rc_context(dict(_STYLE)):
        figure, (axes, cost) = plt.subplots(2, 1, sharex=True, figsize=(7.6, 5.6))
        axes.set_title(f"What each threshold does, out-of-fold (n = {rows:,})")
        axes.plot(x, precision, color=BLUE, label="precision")
        axes.plot(x, curve.recall[order], color=ORANGE, label="recall")
        axes.plot(x, curve.f1[order], color=GREEN, label="F1")
        axes.set(ylabel="Rate", ylim=(0, 1.02))
        cost.plot(x, curve.expected_cost[order], color=RED, label="expected cost")
        cost.set(xlabel="Decision threshold", ylabel="Mean cost per row", xlim=(0, 1))
        for panel in (axes, cost):
            panel.axvline(chosen, color="black", linestyle="--", label=f"chosen {chosen:.3f}")
            # Beside the panel: the curves cross all of it.
            panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        plt.close(figure)
    return figure


def confusion_figure(point: OperatingPoint, labels: Sequence[Any]) -> Figure:
    """Counts and row shares of the confusion matrix at an operating point."""
    matrix = np.array(
        [
            [point.true_negative_count, point.false_positive_count],
            [point.false_negative_count, point.true_positive_count],
        ]
    )
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    title = f"Holdout at threshold {point.threshold:.3f} (n = {matrix.sum():,})"
    with _axes(title, figsize=(5.0, 4.4)) as (figure, axes):
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(matrix):
            share = shares[row, column]
            axes.text(
                column,
                row,
                f"{count:,}\n{share:.0%} of row",
                ha="center",
                va="center",
                color="white" if share > 0.5 else "black",
            )
        names = [str(label) for label in labels]
        axes.set_xticks([0, 1], names)
        axes.set_yticks([0, 1], names)
        axes.set(xlabel="Predicted", ylabel="Actual")
        axes.grid(False)
    return figure


def importance_figure(table: pd.DataFrame, metric: str, rows: int, top: int = 15) -> Figure:
    """Permutation importance of the top features with their intervals."""
    shown = table.head(top).iloc[::-1]
    title = f"Permutation importance, holdout (n = {rows:,}{_of(len(shown), len(table))})"
    with _axes(title, figsize=(6.8, 0.32 * len(shown) + 1.4)) as (figure, axes):
        errors = np.vstack(
            [shown["importance"] - shown["ci_low"], shown["ci_high"] - shown["importance"]]
        )
        axes.barh(shown["feature"], shown["importance"], color=BLUE)
        axes.errorbar(
            shown["importance"],
            shown["feature"],
            xerr=errors.clip(min=0),
            fmt="none",
            color="black",
        )
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlabel(f"Loss of {metric} when the feature is shuffled")
        axes.grid(axis="y", visible=False)
    return figure


def _of(shown: int, all_features: int) -> str:
    """Say how many features are not drawn."""
    return f"; top {shown} of {all_features}" if shown < all_features else ""


def shap_bar_figure(means: "pd.Series[Any]", output: str, rows: int, top: int = 15) -> Figure:
    """Mean absolute SHAP value of the top features."""
    shown = means.head(top).iloc[::-1]
    title = f"Mean |SHAP value|, holdout (n = {rows:,}{_of(len(shown), len(means))})"
    with _axes(title, figsize=(6.8, 0.32 * len(shown) + 1.4)) as (figure, axes):
        axes.barh(shown.index, shown.to_numpy(), color=BLUE)
        axes.set_xlabel(f"Mean absolute contribution ({output})")
        axes.grid(axis="y", visible=False)
    return figure


def shap_beeswarm_figure(
    values: pd.DataFrame, features: pd.DataFrame, order: Sequence[str], output: str, top: int = 12
) -> Figure:
    """One dot per row and feature: its contribution, coloured by the feature's rank."""
    shown = list(order[:top])[::-1]
    rng = np.random.default_rng(0)
    title = f"SHAP values, holdout (n = {len(values):,}{_of(len(shown), len(order))})"
    with _axes(title, figsize=(7.6, 0.42 * len(shown) + 1.6)) as (figure, axes):
        for level, name in enumerate(shown):
            column = features[name]
            color: Any = GREY
            if pd.api.types.is_numeric_dtype(column):
                color = column.rank(pct=True).to_numpy()
            known = column.notna().to_numpy() & pd.api.types.is_numeric_dtype(column)
            x, y = values[name].to_numpy(), level + rng.uniform(-0.28, 0.28, len(values))
            axes.scatter(x[~known], y[~known], s=5, color=GREY, linewidths=0)
            if known.any():
                points = axes.scatter(
                    x[known],
                    y[known],
                    s=5,
                    c=color[known],
                    cmap="viridis",
                    vmin=0,
                    vmax=1,
                    linewidths=0,
                )
        if "points" in locals():
            bar = figure.colorbar(points, ax=axes, ticks=[0.02, 0.98], aspect=40, pad=0.01)
            bar.ax.set_yticklabels(["low", "high"])
            bar.set_label("Feature value (grey: a category, or missing)")
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(shown)), shown)
        axes.set_xlabel(f"Contribution to the prediction ({output})")
    return figure


def shap_dependence_figure(
    values: pd.DataFrame, features: pd.DataFrame, names: Sequence[str], output: str
) -> Figure:
    """Contribution against value for each named feature, side by side."""
    with plt.rc_context(dict(_STYLE)):
        figure, panels = plt.subplots(
            1, len(names), figsize=(3.6 * len(names), 3.8), squeeze=False, sharey=True
        )
        figure.suptitle(f"SHAP dependence, holdout (n = {len(values):,})", x=0.01, ha="left")
        for axes, name in zip(panels[0], names, strict=True):
            column, contribution = features[name], values[name]
            if pd.api.types.is_numeric_dtype(column):
                axes.scatter(column, contribution, s=6, color=BLUE, alpha=0.5, linewidths=0)
            else:
                _dependence_by_category(axes, column, contribution)
            axes.axhline(0, color="black", linewidth=0.8)
            axes.set_xlabel(name)
        panels[0][0].set_ylabel(f"Contribution ({output})")
        plt.close(figure)
    return figure


def _dependence_by_category(
    axes: Any, column: "pd.Series[Any]", contribution: "pd.Series[Any]"
) -> None:
    """Draw the contributions of the most frequent categories."""
    top = column.value_counts().sort_index().sort_values(ascending=False, kind="stable").index[:10]
    groups = [contribution[(column == name).to_numpy()].to_numpy() for name in top]
    axes.boxplot(groups, vert=True, showfliers=False, medianprops={"color": BLUE})
    axes.set_xticks(range(1, len(top) + 1), [str(name) for name in top], rotation=60, ha="right")
