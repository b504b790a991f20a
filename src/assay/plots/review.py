"""Figures of a review: what a change did to curves. The old side is thin and dashed, the new one solid."""

from collections.abc import Iterator, Mapping, Set
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from assay.plots.labels import label, labels
from assay.plots.style import BASELINE, GREY, MODEL, panels, titled_axes

# The new side lies below, so that the old one shows where both are the same.
# What is compared with has the colour of a baseline, what is judged that of the model.
OLD: Mapping[str, Any] = {"color": BASELINE, "linestyle": "--", "linewidth": 1.2, "zorder": 3}
NEW: Mapping[str, Any] = {"color": MODEL, "linestyle": "-", "linewidth": 2.2, "zorder": 2}
BOTH: Mapping[str, Any] = {"color": GREY, "linestyle": "-", "linewidth": 1.8, "zorder": 2}
_SIZE = (5.0, 3.9)
_FEATURES, _BINS = 12, 10

Curves = Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]
Sides = tuple[Mapping[str, Any], Mapping[str, Any]]


def change_figures(
    curves: Curves, changed: Set[str], metrics: Sides, old_name: str, primary: str
) -> dict[str, tuple[str, Figure]]:
    """Return up to four figures by name, each with its title; only those whose data changed.

    Parameters
    ----------
    curves : dict of str to (DataFrame, DataFrame)
        Tables of `plots/data/` of the old and of the new side, without rows where there is none.
    changed : set of str
        The curves that differ, and `decision` if the decision does.
    metrics : (dict, dict)
        The metrics files of both sides, by stage.
    old_name : str
        What the old side is called.
    primary : str
        The metric that models are chosen by.
    """
    names = (label(old_name, 20), "now")
    n = _row_count(metrics)
    found: dict[str, tuple[str, Figure]] = {}
    if changed & {"roc", "precision_recall"} and _drawable(curves["roc"]):
        title = f"ROC, and precision and recall, {n}"
        found["curves"] = title, _curves(curves, names, title)
    if "calibration" in changed and _drawable(curves["calibration"]):
        title = f"Calibration, {n}"
        found["calibration"] = title, _calibration(curves["calibration"], names, title)
    if "residuals" in changed and _drawable(curves["residuals"]):
        title = "Residuals by prediction, holdout sample"
        found["residuals"] = title, _residuals(curves["residuals"], names, title)
    for name, title, figure in _decision(curves, changed, metrics, names, n):
        found[name] = title, figure
    if "importance" in changed and _drawable(curves["importance"]):
        title = f"Permutation importance, {n}"
        found["importance"] = title, _importance(curves["importance"], names, title, primary)
    return found


def _drawable(pair: tuple[pd.DataFrame, pd.DataFrame]) -> bool:
    return all(len(each) > 0 for each in pair)


def _row_count(metrics: Sides) -> str:
    old, new = (side.get("holdout", {}).get("row_count", 0) for side in metrics)
    return f"holdout (n = {new:,})" if old == new else f"holdout (n = {old:,}, now {new:,})"


def _curves(curves: Curves, names: tuple[str, str], title: str) -> Figure:
    with panels(1, 2, figsize=(8.4, 3.9)) as (figure, (roc, recall)):
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        for axes, key, x, y in (
            (roc, "roc", "false_positive_rate", "true_positive_rate"),
            (recall, "precision_recall", "recall", "precision"),
        ):
            for frame, style, name in zip(curves[key], (OLD, NEW), names, strict=True):
                if len(frame):
                    axes.plot(frame[x], frame[y], label=name, **style)
            axes.set(xlim=(0, 1), ylim=(0, 1.02))
        roc.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="chance")
        roc.set(xlabel="False-positive rate", ylabel="True-positive rate (recall)")
        roc.legend(loc="lower right")
        recall.set(xlabel="Recall", ylabel="Precision")
    return figure


def _calibration(
    pair: tuple[pd.DataFrame, pd.DataFrame], names: tuple[str, str], title: str
) -> Figure:
    with titled_axes(title, figsize=_SIZE) as (figure, axes):
        columns = ["mean_prediction", "mean_outcome"]
        low, high = (
            float(pick([frame[columns].to_numpy() for frame in pair])) for pick in (_low, _high)
        )
        margin = 0.04 * (high - low) or 0.05
        ends = (low - margin, high + margin)
        axes.plot(ends, ends, color=GREY, linestyle=":", label="perfect")
        for frame, style, name in zip(pair, (OLD, NEW), names, strict=True):
            x, y = frame["mean_prediction"], frame["mean_outcome"]
            beyond = np.vstack([y - frame["ci_low"], frame["ci_high"] - y]).clip(min=0)
            thin = style is OLD
            bars = None if thin else beyond
            axes.errorbar(
                x, y, yerr=bars, marker="o", markersize=3 if thin else 5, capsize=2, elinewidth=1,
                label=name, **style,
            )  # fmt: skip
        axes.set(xlabel="Mean prediction of a bin", ylabel="Mean outcome")
        axes.legend(loc="upper left")
    return figure


def _low(tables: list[Any]) -> float:
    return min(float(table.min()) for table in tables)


def _high(tables: list[Any]) -> float:
    return max(float(table.max()) for table in tables)


def _residuals(
    pair: tuple[pd.DataFrame, pd.DataFrame], names: tuple[str, str], title: str
) -> Figure:
    with titled_axes(title, figsize=_SIZE) as (figure, axes):
        for frame, style, name in zip(pair, (OLD, NEW), names, strict=True):
            ordered = frame.sort_values("prediction", kind="stable")
            bins = np.array_split(np.arange(len(ordered)), _BINS)
            parts: list[Any] = [ordered.iloc[rows] for rows in bins if len(rows)]
            x = [part["prediction"].mean() for part in parts]
            axes.plot(x, [p["residual"].mean() for p in parts], marker="o", markersize=3,
                      label=f"{name}: mean of a bin", **style)  # fmt: skip
            for quantile, words in ((0.05, f"{name}: 5% and 95%"), (0.95, None)):
                ends = [part["residual"].quantile(quantile) for part in parts]
                axes.plot(x, ends, label=words, **{**style, "linewidth": 0.8, "alpha": 0.7})
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(xlabel="Prediction", ylabel="Residual (actual less predicted)")
        # Room for the legend.
        axes.margins(y=0.3)
        axes.legend(loc="lower left", fontsize=8, ncols=2)
    return figure


def _decision(
    curves: Curves, changed: Set[str], metrics: Sides, names: tuple[str, str], n: str
) -> Iterator[tuple[str, str, Figure]]:
    """Yield the figure of how predictions are acted on, if it or the decision changed."""
    if changed & {"value", "decision"} and _drawable(curves["value"]):
        title = f"What acting saves, {n}"
        yield "decision", title, _value(curves["value"], metrics, names, title)
    elif changed & {"threshold", "decision"} and _drawable(curves["threshold"]):
        title = "Precision and recall by threshold, out-of-fold"
        yield "decision", title, _threshold(curves["threshold"], metrics, names, title)
    elif changed & {"rejection", "decision"} and _drawable(curves["rejection"]):
        title = "Accuracy of the rows that are decided, out-of-fold"
        yield "decision", title, _rejection(curves["rejection"], metrics, names, title)
    elif changed & {"coverage", "decision"} and _drawable(curves["coverage"]):
        title = f"Coverage of intervals, {n}"
        yield "coverage", title, _coverage(curves["coverage"], metrics, names, title)


def _value(
    pair: tuple[pd.DataFrame, pd.DataFrame], metrics: Sides, names: tuple[str, str], title: str
) -> Figure:
    values = [side.get("threshold", {}).get("value", {}) for side in metrics]
    unit = label(values[1].get("unit", "units of cost"))
    with titled_axes(title, figsize=_SIZE) as (figure, axes):
        x, y = "acted_rate", "model_saved"
        for frame, style, name in _told_apart(pair, names, [x, y]):
            axes.plot(frame[x], frame[y], label=name, **style)
        for frame, style, name, value in zip(pair, (OLD, NEW), names, values, strict=True):
            acted = value.get("options", {}).get("model", {}).get("acted_rate")
            if acted is not None:
                _mark(axes, acted, frame, (x, y), style, f"{name}: acts on {acted:.1%}")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(xlabel="Share of rows acted on, the highest scores first",
                 ylabel=f"Saved per 1,000 rows against\nacting on none, in {unit}", xlim=(0, 1))  # fmt: skip
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        _legend(axes, "best")
    return figure


def _threshold(
    pair: tuple[pd.DataFrame, pd.DataFrame], metrics: Sides, names: tuple[str, str], title: str
) -> Figure:
    with titled_axes(title, figsize=_SIZE) as (figure, axes):
        x, rates = "threshold", ("recall", "precision")
        for frame, style, name in _told_apart(pair, names, [x, *rates]):
            for rate, share in zip(rates, (1.0, 0.5), strict=True):
                thinner = {**style, "linewidth": share * style["linewidth"]}
                axes.plot(frame[x], frame[rate], label=f"{name}: {rate}", **thinner)
        for frame, style, name, side in zip(pair, (OLD, NEW), names, metrics, strict=True):
            chosen = side.get("threshold", {}).get("threshold")
            if chosen is not None:
                _mark(axes, chosen, frame, (x, *rates), style, f"{name}: threshold {chosen:.3g}")
        axes.set(xlabel="Threshold", ylabel="Precision, recall", ylim=(0, 1.02))
        _legend(axes, "best")
    return figure


def _rejection(
    pair: tuple[pd.DataFrame, pd.DataFrame], metrics: Sides, names: tuple[str, str], title: str
) -> Figure:
    with titled_axes(title, figsize=_SIZE) as (figure, axes):
        x, y = "decided_rate", "accuracy"
        for frame, style, name in _told_apart(pair, names, [x, y]):
            axes.plot(frame[x], frame[y], label=name, **style)
        for frame, style, name, side in zip(pair, (OLD, NEW), names, metrics, strict=True):
            decided = side.get("threshold", {}).get("out_of_fold", {}).get("decided_rate")
            if decided is not None:
                _mark(axes, decided, frame, (x, y), style, f"{name}: decides {decided:.1%}")
        axes.set(
            xlabel="Share of rows decided, the surest first", ylabel="Accuracy", xlim=(0, 1.02)
        )
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        _legend(axes, "best")
    return figure


def _coverage(
    pair: tuple[pd.DataFrame, pd.DataFrame], metrics: Sides, names: tuple[str, str], title: str
) -> Figure:
    with titled_axes(title, figsize=_SIZE) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="as wanted")
        x, y = "wanted_coverage", "measured_coverage"
        for frame, style, name in _told_apart(pair, names, [x, y]):
            axes.plot(frame[x], frame[y], marker=".", label=name, **style)
        for frame, style, name, side in zip(pair, (OLD, NEW), names, metrics, strict=True):
            wanted = side.get("threshold", {}).get("interval", {}).get("wanted_coverage")
            if wanted is not None:
                _mark(axes, wanted, frame, (x, y), style, f"{name}: wants {wanted:.0%}")
        axes.set(
            xlabel="Wanted coverage",
            ylabel="Outcomes inside the interval",
            xlim=(0.4, 1),
            ylim=(0, 1.02),
        )
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        _legend(axes, "lower right")
    return figure


def _importance(
    pair: tuple[pd.DataFrame, pd.DataFrame], names: tuple[str, str], title: str, primary: str
) -> Figure:
    """Importance of the strongest features of either side, as points joined by a line."""
    old, new = (frame.set_index("feature")["importance"].astype(float) for frame in pair)
    both = pd.concat([old, new], axis=1, keys=["old", "new"])
    strongest = both.max(axis=1).sort_values(ascending=False, kind="stable").index[:_FEATURES]
    shown = both.loc[strongest[::-1]]
    y = np.arange(len(shown))
    height = 1.2 + 0.26 * len(shown)
    with panels(1, 1, figsize=(6.2, max(_SIZE[1], height))) as (figure, axes):
        # Over the whole width: names of features take much of it.
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        axes.hlines(y, shown.min(axis=1), shown.max(axis=1), color=GREY, linewidth=1)
        axes.plot(shown["old"], y, "o", markersize=7, markerfacecolor="none",
                  markeredgecolor=BASELINE, markeredgewidth=1.4, label=names[0], zorder=3)  # fmt: skip
        axes.plot(shown["new"], y, "o", markersize=5, color=MODEL, label=names[1], zorder=2)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(y, labels(shown.index, 28))
        axes.set(xlabel=f"Loss of {label(primary)} when shuffled")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.legend(loc="lower right")
    return figure


def _told_apart(
    pair: tuple[pd.DataFrame, pd.DataFrame], names: tuple[str, str], columns: list[str]
) -> Iterator[tuple[pd.DataFrame, Mapping[str, Any], str]]:
    """Yield what to draw of both sides with its style and name: one curve where they are the same."""
    old, new = pair
    if old[columns].equals(new[columns]):
        yield new, BOTH, "both"
    else:
        yield old, OLD, names[0]
        yield new, NEW, names[1]


def _mark(
    axes: Any,
    at: float,
    frame: pd.DataFrame,
    columns: tuple[str, ...],
    style: Mapping[str, Any],
    words: str,
) -> None:
    """Mark where a side acts: a line up from the axis, and a point on each curve of that side."""
    x, *heights = columns
    axes.axvline(at, color=style["color"], linestyle=style["linestyle"], linewidth=0.9, zorder=1)
    ordered = frame.sort_values(x, kind="stable")
    points = [float(np.interp(at, ordered[x], ordered[height])) for height in heights]
    is_old = style is OLD
    axes.plot(
        [at] * len(points), points, label=words, linestyle="none", color=style["color"], zorder=4,
        marker="s" if is_old else "o", markersize=8, markeredgewidth=1.6,
        markerfacecolor="white" if is_old else style["color"],
    )  # fmt: skip


def _legend(axes: Any, place: str) -> None:
    """Draw the legend on white, because lines may run below it."""
    axes.legend(loc=place, fontsize=8, frameon=True, framealpha=0.9, edgecolor="none")
