"""Figures of `interpret`: importance and SHAP values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assay.interpretation.interpret import Interpretation
from assay.metrics.catalogue import primary_metric
from assay.plots.labels import further_width, label, labels
from assay.plots.style import BLUE, GREY, panels, titled_axes
from assay.sections import InterpretParams, TaskParams


def explanation_figures(
    found: Interpretation, rows: int, task: TaskParams, params: InterpretParams
) -> dict[str, Figure]:
    """Return the figures of an interpretation of so many holdout rows, by name."""
    explained = found.explanation
    means = explained.mean_absolute()
    order = list(means.index)
    metric = primary_metric(task.type, task.primary_metric).name
    return {
        "importance": importance_figure(found.importance, metric, rows),
        "shap_bar": shap_bar_figure(means, explained.output, len(explained.values)),
        "shap_beeswarm": shap_beeswarm_figure(
            explained.values, explained.features, order, explained.output
        ),
        "shap_dependence": shap_dependence_figure(
            explained.values,
            explained.features,
            order[: params.dependence_feature_count],
            explained.output,
        ),
    }


def importance_figure(table: pd.DataFrame, metric: str, rows: int, top: int = 15) -> Figure:
    """Permutation importance of the top features with their intervals."""
    shown = table.head(top).iloc[::-1]
    names, places = labels(shown["feature"]), np.arange(len(shown))
    title = f"Permutation importance, holdout (n = {rows:,}{_of(len(shown), len(table))})"
    size = (6.8 + further_width(names), 0.32 * len(shown) + 1.4)
    with titled_axes(title, figsize=size) as (figure, axes):
        errors = np.vstack(
            [shown["importance"] - shown["ci_low"], shown["ci_high"] - shown["importance"]]
        )
        # By number: matplotlib would draw one bar for two names that are the same to it.
        axes.barh(places, shown["importance"], color=BLUE)
        axes.set_yticks(places, names)
        axes.errorbar(
            shown["importance"],
            places,
            xerr=errors.clip(min=0),
            fmt="none",
            color="black",
        )
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlabel(f"How much worse {metric} gets when the feature is shuffled")
        axes.grid(axis="y", visible=False)
    return figure


def _of(shown: int, all_features: int) -> str:
    """Say how many features are not drawn."""
    return f"; top {shown} of {all_features}" if shown < all_features else ""


def shap_bar_figure(means: "pd.Series[Any]", output: str, rows: int, top: int = 15) -> Figure:
    """Mean absolute SHAP value of the top features."""
    shown = means.head(top).iloc[::-1]
    names, places = labels(shown.index), np.arange(len(shown))
    title = f"Mean |SHAP value|, holdout (n = {rows:,}{_of(len(shown), len(means))})"
    size = (6.8 + further_width(names), 0.32 * len(shown) + 1.4)
    with titled_axes(title, figsize=size) as (figure, axes):
        axes.barh(places, shown.to_numpy(), color=BLUE)
        axes.set_yticks(places, names)
        axes.set_xlabel(f"Mean absolute contribution ({label(output)})")
        axes.grid(axis="y", visible=False)
    return figure


def shap_beeswarm_figure(
    values: pd.DataFrame, features: pd.DataFrame, order: Sequence[str], output: str, top: int = 12
) -> Figure:
    """One dot per row and feature: its contribution, coloured by the feature's rank."""
    shown = list(order[:top])[::-1]
    rng = np.random.default_rng(0)
    title = f"SHAP values, holdout (n = {len(values):,}{_of(len(shown), len(order))})"
    points, names = None, labels(shown)
    size = (7.6 + further_width(names), 0.42 * len(shown) + 1.6)
    with titled_axes(title, figsize=size) as (figure, axes):
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
        if points is not None:
            bar = figure.colorbar(points, ax=axes, ticks=[0.02, 0.98], aspect=40, pad=0.01)
            bar.ax.set_yticklabels(["low", "high"])
            bar.set_label("Feature value (grey: a category, or missing)")
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(shown)), names)
        axes.set_xlabel(f"Contribution to the prediction ({label(output)})")
    return figure


def shap_dependence_figure(
    values: pd.DataFrame, features: pd.DataFrame, names: Sequence[str], output: str
) -> Figure:
    """Contribution against value for each named feature, side by side."""
    size = (3.6 * len(names), 3.8)
    with panels(1, len(names), figsize=size, squeeze=False, sharey=True) as (figure, grid):
        figure.suptitle(f"SHAP dependence, holdout (n = {len(values):,})", x=0.01, ha="left")
        for axes, name in zip(grid[0], names, strict=True):
            column, contribution = features[name], values[name]
            if pd.api.types.is_numeric_dtype(column):
                axes.scatter(column, contribution, s=6, color=BLUE, alpha=0.5, linewidths=0)
            else:
                _dependence_by_category(axes, column, contribution)
            axes.axhline(0, color="black", linewidth=0.8)
            axes.set_xlabel(label(name))
        grid[0][0].set_ylabel(f"Contribution ({label(output)})")
    return figure


def _dependence_by_category(
    axes: Any, column: "pd.Series[Any]", contribution: "pd.Series[Any]"
) -> None:
    """Draw the contributions of the most frequent categories."""
    top = column.value_counts().sort_index().sort_values(ascending=False, kind="stable").index[:10]
    groups = [contribution[(column == name).to_numpy()].to_numpy() for name in top]
    axes.boxplot(groups, vert=True, showfliers=False, medianprops={"color": BLUE})
    axes.set_xticks(range(1, len(top) + 1), labels(top, 24), rotation=60, ha="right")
