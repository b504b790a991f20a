"""What a feature does over its values: SHAP values one by one, coloured by what they vary with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assay.plots.labels import label, labels
from assay.plots.style import BLUE, GREEN, GREY, ORANGE, PURPLE, panels

# Categories that have a place, and a colour, of their own.
_CATEGORIES = 10
# Of Okabe and Ito's, those that are furthest from each other, and from the grey of the others.
_COLORS = (BLUE, ORANGE, GREEN, PURPLE)


def shap_dependence_figure(
    values: pd.DataFrame,
    features: pd.DataFrame,
    interactions: pd.DataFrame,
    output: str,
) -> Figure:
    """Contribution against value for each feature of a table of interactions, side by side.

    The colour is the feature that it interacts with most, if there is one.
    """
    names = list(interactions["feature"])
    rows, columns = named_panels(len(names))
    size = (4.6 * columns, 3.7 * rows + 0.2 + lower_labels(features[names]))
    with panels(rows, columns, figsize=size, squeeze=False, sharey=True) as (figure, grid):
        figure.suptitle(f"SHAP dependence, holdout (n = {len(values):,})", x=0.01, ha="left")
        shown_axes = empty_after(grid, len(names))
        for axes, row in zip(shown_axes, interactions.itertuples(index=False), strict=True):
            column = features[row.feature]
            shown = np.ones(len(column), dtype=bool)
            if pd.api.types.is_numeric_dtype(column):
                x = _with_missing(axes, column.to_numpy(dtype=float))
            else:
                x, shown = _categories(axes, column)
            y = values[row.feature].to_numpy(dtype=float)
            partner = row.interacts_with
            other = None if pd.isna(partner) else features[partner]
            _points(figure, axes, x[shown], y[shown], None if other is None else other[shown])
            axes.axhline(0, color="black", linewidth=0.8)
            axes.set_xlabel(label(row.feature))
        # A colour's name must not look like that of the next panel's axis.
        figure.get_layout_engine().set(wspace=0.06)
        for axes in grid[:, 0]:
            axes.set_ylabel(f"Contribution\n({label(output)})")
    return figure


def _with_missing(axes: Any, x: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Return numbers with missing ones left of all others, and mark their place."""
    missing = np.isnan(x)
    if not missing.any() or missing.all():
        return np.zeros(len(x)) if missing.all() else x
    low, high = float(np.nanmin(x)), float(np.nanmax(x))
    place = low - 0.08 * ((high - low) or 1.0)
    axes.axvline(place, color=GREY, linewidth=0.6, linestyle=":")
    axes.annotate(
        "missing", (place, 1), xycoords=("data", "axes fraction"), rotation=90, va="top", ha="right",
        fontsize=8, color=GREY,
    )  # fmt: skip
    return np.where(missing, place, x)


def _categories(
    axes: Any, column: "pd.Series[Any]"
) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
    """Return places beside each other for the most frequent categories, and which rows have one."""
    texts = column.astype(object).where(column.notna(), "(missing)")
    counts = texts.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    top = list(counts.index[:_CATEGORIES])
    place = texts.map({name: number for number, name in enumerate(top)}).to_numpy(dtype=float)
    jitter = np.random.default_rng(0).uniform(-0.3, 0.3, len(place))
    axes.set_xticks(range(len(top)), labels(top, 18), rotation=60, ha="right")
    return place + jitter, ~np.isnan(place)


def _points(
    figure: Figure,
    axes: Any,
    x: "np.ndarray[Any, Any]",
    y: "np.ndarray[Any, Any]",
    other: "pd.Series[Any] | None",
) -> None:
    dots: dict[str, Any] = {"s": 9, "alpha": 0.7, "linewidths": 0}
    if other is None:
        axes.scatter(x, y, color=BLUE, **dots)
        return
    if pd.api.types.is_numeric_dtype(other):
        numbers = other.to_numpy(dtype=float)
        known = ~np.isnan(numbers)
        axes.scatter(x[~known], y[~known], color=GREY, **dots)
        low, high = np.quantile(numbers[known], [0.05, 0.95])
        found = axes.scatter(
            x[known], y[known], c=numbers[known], cmap="viridis", vmin=low, vmax=high, **dots
        )
        bar = figure.colorbar(found, ax=axes, aspect=40, pad=0.01)
        bar.set_label(
            f"{label(other.name)} (grey: missing)" if not known.all() else label(other.name)
        )
        return
    counts = other.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    top = list(counts.index[: len(_COLORS)])
    rest = (~other.isin(top)).to_numpy()
    if rest.any():
        axes.scatter(x[rest], y[rest], color=GREY, label="other", **dots)
    for name, text, color in zip(top, labels(top, 18), _COLORS, strict=False):
        rows = (other == name).to_numpy()
        axes.scatter(x[rows], y[rows], color=color, label=text, **dots)
    axes.legend(title=label(other.name, 24), fontsize=8.5, title_fontsize=8.5, markerscale=2)


def named_panels(count: int) -> tuple[int, int]:
    """Return rows and columns for so many panels, at most two side by side: a page is no wider."""
    columns = min(2, count)
    return -(-count // columns), columns


def lower_labels(features: pd.DataFrame) -> float:
    """Return the inches that names of categories below their panels take, rows of two together."""
    lengths = [
        0
        if pd.api.types.is_numeric_dtype(features[name])
        else min(18, max((len(str(each)) for each in features[name].unique()), default=0))
        for name in features.columns
    ]
    return sum(0.07 * max(lengths[place : place + 2]) for place in range(0, len(lengths), 2))


def empty_after(grid: "np.ndarray[Any, Any]", count: int) -> Sequence[Any]:
    """Take away the panels that nothing is drawn in; return the others."""
    every = list(grid.ravel())
    for axes in every[count:]:
        axes.remove()
    return every[:count]
