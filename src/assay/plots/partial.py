"""Partial dependence with the curves of single rows (ICE), and where training rows are."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assay.interpretation.partial_dependence import MISSING, PartialDependence
from assay.plots.dependence import empty_after, named_panels
from assay.plots.labels import label, labels
from assay.plots.style import CLASSES, GREY, panels

_LINES = 50
# More panels than this are in the table only.
_PANELS = 9
# How high the bars of training rows are, as a share of the panel.
_FOOT = 0.15


def partial_dependence_figure(found: PartialDependence, output: str) -> Figure:
    """One panel per feature: the mean prediction at each of its values, and some rows' own.

    All have one scale, so that what does little looks flat.
    """
    names = list(dict.fromkeys(found.curves["feature"]))[:_PANELS]
    rows, columns = named_panels(len(names))
    size = (4.6 * columns, 3.3 * rows + 0.5 + _lower_labels(found, names))
    with panels(rows, columns, figsize=size, squeeze=False, sharey=True) as (figure, grid):
        most = len(set(found.curves["feature"]))
        of = f"; {len(names)} of {most} features" if len(names) < most else ""
        drawn = found.curves[found.curves["feature"].isin(names).to_numpy()]
        unknown = (drawn["value_label"] == MISSING).to_numpy()
        # Where all known values are categories, what is missing stands beside them.
        numbers = drawn["feature"].isin(set(drawn["feature"][drawn["value"].notna().to_numpy()]))
        dotted = "; dotted: where it is missing" if (unknown & numbers.to_numpy()).any() else ""
        figure.suptitle(
            f"Partial dependence, holdout (n = {found.row_count:,}{of})\n"
            f"bars: training rows near each value{dotted}",
            x=0.01,
            ha="left",
        )
        for axes, name in zip(empty_after(grid, len(names)), names, strict=True):
            _panel(axes, found, name)
            axes.set_xlabel(label(name))
        for axes in grid[:, 0]:
            axes.set_ylabel(label(output))
        lines, texts = grid[0, 0].get_legend_handles_labels()
        if len(lines) > 1:
            figure.legend(lines, texts, loc="outside lower center", ncols=len(lines))
    return figure


def _lower_labels(found: PartialDependence, names: list[str]) -> float:
    """Return the inches that names of categories below their panels take, rows of two together."""
    lengths = []
    for name in names:
        curves = found.of(name)
        texts = curves["value_label"] if curves["value"].isna().all() else curves["value_label"][:0]
        lengths.append(min(18, max((len(str(text)) for text in texts), default=0)))
    return sum(0.07 * max(lengths[place : place + 2]) for place in range(0, len(lengths), 2))


def _panel(axes: Any, found: PartialDependence, name: str) -> None:
    curves = found.of(name)
    classes = list(dict.fromkeys(curves["class"]))
    first = curves[(curves["point"] == curves["point"]).to_numpy()].drop_duplicates("point")
    if first["value"].notna().any():
        x = first["value"].to_numpy(dtype=float)
    else:
        x = np.arange(len(first), dtype=float)
        axes.set_xticks(x, labels(first["value_label"], 18), rotation=60, ha="right")
    lines = found.lines[(found.lines["feature"] == name).to_numpy()]
    each = lines["prediction"].to_numpy(dtype=float).reshape(-1, len(first))
    if len(each):
        chosen = np.linspace(0, len(each) - 1, min(_LINES, len(each))).astype(int)
        _draw(axes, x, each[chosen].T, first, color=GREY, alpha=0.35, linewidth=0.6)
    for number, code in enumerate(classes):
        rows = curves[(curves["class"] == code).to_numpy()] if len(classes) > 1 else curves
        color = CLASSES[number % len(CLASSES)]
        mean = rows["mean"].to_numpy(dtype=float)
        _draw(axes, x, mean, first, color=color, linewidth=2.2, label=label(code, 18))
    _shares(axes, x, first)


def _draw(axes: Any, x: Any, y: Any, points: pd.DataFrame, **how: Any) -> None:
    """Draw curves; what is missing, and categories, are points beside each other."""
    known = ~np.isnan(x)
    categories = points["value"].isna().all()
    text = how.pop("label", None)
    style = {"linestyle": "none" if categories else "-"}
    if categories:
        style |= {"marker": "o" if y.ndim == 1 else "_", "markersize": "6" if y.ndim == 1 else "9"}
    elif known.sum() <= 12 and y.ndim == 1:
        style |= {"marker": "o", "markersize": "3"}
    drawn = axes.plot(x[known], y[known], **how, **style)
    if text is not None:
        drawn[0].set_label(text)
    if not known.all() and y.ndim == 1:
        axes.axhline(float(y[~known][0]), linestyle=":", linewidth=1.2, color=how["color"])


def _shares(axes: Any, x: "np.ndarray[Any, Any]", points: pd.DataFrame) -> None:
    """Draw the share of training rows near each point as bars at the foot."""
    known = ~np.isnan(x)
    share = points["row_share"].to_numpy(dtype=float)
    top = float(share[known].max(initial=0.0))
    if not top > 0:
        return
    gaps = np.diff(x[known])
    width = 0.5 * float(np.median(gaps)) if len(gaps) else 0.5
    axes.bar(
        x[known], _FOOT * share[known] / top, width=width, color=GREY, alpha=0.35, linewidth=0,
        transform=axes.get_xaxis_transform(), zorder=1,
    )  # fmt: skip
