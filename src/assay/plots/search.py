"""Figures of the search: how the models stand, and how the chosen one learns."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from assay.plots.labels import further_width, labels
from assay.plots.style import BLUE, GREEN, GREY, MODEL, TRAINING, panels, titled_axes
from assay.search.complexity import Complexity


def search_figures(
    board: pd.DataFrame, curve: pd.DataFrame, metrics: Mapping[str, Any], confidence: float
) -> dict[str, Figure]:
    """Return the figures of a search by name.

    Parameters
    ----------
    board : DataFrame
        `reports/tables/leaderboard.csv`.
    curve : DataFrame
        `plots/data/learning_curve.csv`; without rows it has no figure of its own.
    metrics : dict
        `metrics/train.json`.
    confidence : float
    """
    return {
        "leaderboard": leaderboard_figure(board, confidence),
        "learning_curve": learning_curve_figure(curve, metrics["learning_curve"]),
    }


def leaderboard_figure(board: pd.DataFrame, confidence: float) -> Figure:
    """How far each model is behind the best, with its interval, and what it holds beside it."""
    ranked = board[board["rank"].notna()].iloc[::-1]
    names = labels(
        [
            f"{row.model} (tuned)" if row.tuned else str(row.model)
            for row in ranked.itertuples(index=False)
        ]
    )
    names = [
        f"{name}, taken" if taken else name
        for name, taken in zip(names, ranked["selected"], strict=True)
    ]
    places, metric = np.arange(len(ranked)), ranked["metric"].iloc[0]
    size = (8.2 + further_width(names), 0.42 * len(ranked) + 1.7)
    ratios = {"width_ratios": [3, 2]}
    with panels(1, 2, figsize=size, sharey=True, gridspec_kw=ratios) as (figure, (left, right)):
        folds = sum(str(name).startswith("fold_") for name in board.columns)
        figure.suptitle(
            f"How far each model is behind the best, {100 * confidence:g}% interval over folds (n = {folds})",
            x=0.01,
            ha="left",
        )
        behind = ranked["behind_best"].to_numpy(dtype=float)
        ends = ranked[["behind_best_ci_low", "behind_best_ci_high"]].to_numpy(dtype=float)
        for mask, color, label in (
            (ranked["within_noise"].to_numpy(dtype=bool), GREEN, "within one standard error"),
            (~ranked["within_noise"].to_numpy(dtype=bool), BLUE, "further behind"),
        ):
            if mask.any():
                left.errorbar(
                    behind[mask],
                    places[mask],
                    xerr=np.abs(ends[mask].T - behind[mask]),
                    fmt="o",
                    color=color,
                    capsize=3,
                    label=label,
                )
        left.axvline(0, color="black", linewidth=0.8)
        left.set_yticks(places, names)
        left.set(xlabel=f"Behind the best in {metric}", ylim=(-0.6, len(ranked) - 0.4))
        left.grid(axis="y", visible=False)
        low, high = _shown_range(ranked)
        left.set_xlim(low, high)
        for place in places[behind > high]:
            left.annotate(
                f"{behind[place]:.3g} →", (high, place), ha="right", va="center", fontsize=8.5,
                # Over the interval, which goes on as well.
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )  # fmt: skip
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        _draw_complexity(right, ranked, places)
    return figure


def _shown_range(ranked: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the axis: those of the models that learn, which a constant would squeeze."""
    learning = ranked[ranked["model"] != "dummy"]
    shown = learning if len(learning) > 1 else ranked
    low = min(float(shown["behind_best_ci_low"].min()), 0.0)
    high = max(float(shown["behind_best_ci_high"].max()), 0.0)
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


def _draw_complexity(axes: Any, ranked: pd.DataFrame, places: Any) -> None:
    held = ranked["complexity"].to_numpy(dtype=float)
    axes.set_xscale("log")
    for place, count, unit in zip(places, held, ranked["complexity_unit"], strict=True):
        known = bool(np.isfinite(count))
        end = max(count, 1.0) * 1.4 if known else 1.0
        axes.barh([place], [end - 0.7], color=GREY, height=0.5, left=0.7)
        axes.annotate(
            str(Complexity(int(count), unit)) if known else "not known",
            (end, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
        )
    top = float(np.nanmax(held)) if np.isfinite(held).any() else 1.0
    # Room for the numbers, which stand in for the ticks.
    axes.set_xlim(0.7, 20 * max(top, 2.0) ** 1.6)
    axes.xaxis.set_major_locator(NullLocator())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("What it holds (log scale)")
    axes.grid(False)


def learning_curve_figure(curve: pd.DataFrame, told: Mapping[str, Any]) -> Figure:
    """Scores on the rows of the fit and on others against rows, to twice as many."""
    if curve.empty:
        with titled_axes("Learning curve: not asked for", figsize=(7.0, 1.6)) as (figure, axes):
            axes.axis("off")
            axes.text(0, 0.5, "train.learning_curve_points is 0.", transform=axes.transAxes)
        return figure
    rows = curve["rows"].to_numpy(dtype=float)
    title = (
        f"Learning curve of the chosen model (n = {rows[0]:,.0f} to {rows[-1]:,.0f} training rows)"
    )
    with titled_axes(title, figsize=(7.6, 4.6)) as (figure, axes):
        axes.set_xscale("log", base=2)
        for part, color, marker, label in (
            ("train", TRAINING, "s", "on the rows of the fit"),
            ("validation", MODEL, "o", "on other rows (out-of-fold)"),
        ):
            mean, error = curve[f"{part}_mean"], curve[f"{part}_error"]
            axes.plot(rows, mean, color=color, marker=marker, label=label)
            axes.fill_between(
                rows, mean - error, mean + error, color=color, alpha=0.18, linewidth=0
            )
        ticks = list(rows)
        if "next_doubling_gain" in told:
            ticks.append(2 * rows[-1])
            _draw_projection(axes, rows[-1], float(curve["validation_mean"].iloc[-1]), told)
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set(
            xlabel="Training rows (mean over folds, log scale); bands: one standard error",
            ylabel=told["metric"],
        )
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def _draw_projection(axes: Any, rows: float, level: float, told: Mapping[str, Any]) -> None:
    """Draw what twice the rows would bring, with its interval."""
    gain = told["next_doubling_gain"]
    # A gain lowers a loss.
    sign = 1.0 if told["greater_is_better"] else -1.0
    values = [level + sign * gain[key] for key in ("value", "ci_low", "ci_high")]
    steps = np.linspace(0, 1, 20)
    decay = 2.0 ** -(told["exponent"] * steps)
    share = (1 - decay) / (1 - decay[-1]) if told["exponent"] > 1e-6 else steps
    axes.plot(
        rows * 2**steps,
        level + (values[0] - level) * share,
        color=MODEL,
        linestyle=":",
        label="with twice the rows, by a power law",
    )
    axes.errorbar(
        [2 * rows],
        [values[0]],
        yerr=[[values[0] - min(values)], [max(values) - values[0]]],
        fmt="o",
        mfc="white",
        color=MODEL,
        capsize=4,
        label="its interval",
    )
