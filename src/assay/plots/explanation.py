"""Figures of `interpret`: which signals drive the model."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assay.interpretation.interpret import Interpretation
from assay.metrics.catalogue import primary_metric
from assay.plots.agreement import agreement_figure
from assay.plots.dependence import shap_dependence_figure
from assay.plots.labels import further_width, label, labels
from assay.plots.local import local_figure
from assay.plots.partial import partial_dependence_figure
from assay.plots.style import BLUE, GREY, titled_axes
from assay.sections import InterpretParams, TaskParams


def explanation_figures(
    found: Interpretation, rows: int, task: TaskParams, params: InterpretParams
) -> dict[str, Figure]:
    """Return the figures of an interpretation of so many holdout rows, by name.

    Parameters
    ----------
    found : Interpretation
    rows : int
        Holdout rows that were looked at.
    task, params : TaskParams, InterpretParams
    """
    explained = found.explanation
    means = explained.mean_absolute()
    output = explained.output
    metric = primary_metric(task.type, task.primary_metric).name
    figures = {
        "importance": importance_figure(found.importance, metric, rows),
        "shap_bar": shap_bar_figure(means, output, len(explained.values)),
        "shap_beeswarm": shap_beeswarm_figure(
            explained.values, explained.features, list(means.index), output
        ),
        "shap_dependence": shap_dependence_figure(
            explained.values, explained.features, found.interactions, output
        ),
        "agreement": agreement_figure(found.agreement, rows),
    }
    if len(found.groups):
        figures["importance_groups"] = groups_figure(found.groups, metric, rows)
    if len(found.partial.curves):
        figures["partial_dependence"] = partial_dependence_figure(
            found.partial, _PREDICTED[task.type]
        )
    if len(found.local):
        figures["local_explanations"] = local_figure(found.local)
    return figures


_PREDICTED = {
    "binary": "Predicted probability",
    "multiclass": "Predicted probability",
    "regression": "Prediction",
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


def groups_figure(table: pd.DataFrame, metric: str, rows: int, top: int = 10) -> Figure:
    """Importance of features that go together: shuffled together, and the sum of one by one."""
    shown = table.head(top).iloc[::-1]
    names = [_wrapped(label(text, 120)) for text in shown["features"]]
    places = np.arange(len(shown))
    title = f"Importance of features that go together, holdout (n = {rows:,}{_of(len(shown), len(table), 'groups')})"
    with titled_axes(title, figsize=(9.0, 0.75 * len(shown) + 1.8)) as (figure, axes):
        errors = np.vstack(
            [shown["importance"] - shown["ci_low"], shown["ci_high"] - shown["importance"]]
        )
        axes.barh(
            places + 0.18, shown["importance"], height=0.34, color=BLUE, label="shuffled together"
        )
        axes.errorbar(
            shown["importance"], places + 0.18, xerr=errors.clip(min=0), fmt="none", color="black"
        )
        axes.barh(
            places - 0.18, shown["single_sum"], height=0.34, color=GREY,
            label="sum of one by one",
        )  # fmt: skip
        axes.set_yticks(places, names)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlabel(f"How much worse {metric} gets when the features are shuffled")
        axes.legend(loc="lower right")
        axes.grid(axis="y", visible=False)
    return figure


def _wrapped(text: str, width: int = 34) -> str:
    return "\n".join(wrap(text, width, break_long_words=True)[:4])


def _of(shown: int, every: int, what: str = "") -> str:
    """Say how many features are not drawn."""
    return f"; top {shown} of {every} {what}".rstrip() if shown < every else ""


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
