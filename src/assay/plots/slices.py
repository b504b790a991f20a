"""Figures of slices: where the model is weak."""

from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from assay.plots.labels import labels
from assay.plots.style import BLUE, GREY, ORANGE, RED, panels
from assay.slices.judge import AS_ELSEWHERE, FAILS, FALLS_SHORT, HARD, TOO_FEW
from assay.slices.table import Slices
from assay.uncertainty.bootstrap import IntArray

# Slices in a picture; more would not be read.
_SHOWN = 20
_LEVEL = "fails: level is off"
# Verdicts differ in colour and in marker.
_LOOK = {
    FAILS: (RED, "s"),
    _LEVEL: (RED, "D"),
    HARD: (ORANGE, "^"),
    AS_ELSEWHERE: (BLUE, "o"),
    TOO_FEW: (GREY, "x"),
}
_LONGEST, _LONGEST_RULE = 56, 96
# Characters of a line of a name.
_LINE = 42


def slices_figures(slices: Slices) -> dict[str, Figure]:
    """Return the figures of slices by name: of those that are cut, and of those that were found.

    The data are in `reports/tables/slices.csv` and `found_slices.csv`. There is no figure of nothing.
    """
    table, found = slices.table, slices.found
    names = table["feature"].astype(str) + " = " + table["slice"].astype(str)
    drawn = {
        "slices": _figure(slices, table, names, "Where it is weak", _LONGEST),
        "found_slices": _figure(
            slices, found, found["rule"], "Found in out-of-fold errors", _LONGEST_RULE
        ),
    }
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _figure(
    slices: Slices, table: pd.DataFrame, names: "pd.Series[Any]", title: str, longest: int
) -> Figure | None:
    """Draw the metric and the level of each slice with intervals, what is expected, and the whole."""
    has_value = table[slices.metric].notna()
    shown = table[has_value].head(_SHOWN).iloc[::-1]
    if shown.empty:
        return None
    told = [
        f"{name} ({n:,})"
        for name, n in zip(
            labels(names[has_value].head(_SHOWN).iloc[::-1], longest), shown["n"], strict=True
        )
    ]
    left = f"; {len(shown)} of {len(table)} slices" if len(shown) < len(table) else ""
    places = np.arange(len(shown))
    # Where the level alone is off, the metric may be as good as elsewhere.
    level = (shown["verdict"] == FAILS) & ~shown["why"].str.contains(FALLS_SHORT, regex=False)
    verdicts = shown["verdict"].where(~level, _LEVEL)
    lines = [wrap(text, _LINE, break_long_words=True) or [text] for text in told]
    most = max(map(len, lines))
    told = ["\n".join(each) for each in lines]
    height = (0.3, 0.38, 0.5)[min(most, 3) - 1] * len(shown) + 2.4
    size = {"figsize": (9.4, height), "sharey": True}
    with panels(1, 2, **size, gridspec_kw={"width_ratios": [3, 2]}) as (figure, (axes, levels)):
        figure.suptitle(f"{title}, holdout (n = {slices.rows:,}{left})", x=0.01, ha="left")
        axes.axvline(slices.whole, color="black", linewidth=1.0)
        levels.axvline(0, color=GREY, linewidth=1.0, linestyle="--")
        levels.axvline(slices.level, color="black", linewidth=1.0)
        for verdict, look in _LOOK.items():
            rows = (verdicts == verdict).to_numpy()
            _bars(axes, places[rows], shown[rows], (slices.metric, "ci_low", "ci_high"), look)
            gap = ("calibration_gap", "gap_ci_low", "gap_ci_high")
            _bars(levels, places[rows], shown[rows], gap, look)
        axes.plot(shown["expected"], places, "|", color="black", markersize=11, markeredgewidth=1.6)
        axes.set_yticks(places, told)
        axes.set_ylim(-0.7, len(shown) - 0.3)
        better = "higher" if slices.greater_is_better else "lower"
        axes.set_xlabel(f"{slices.metric} ({better} is better)")
        levels.set_xlabel("predicted less actual, mean")
        for each in (axes, levels):
            each.grid(axis="y", visible=False)
        figure.legend(
            handles=_legend(slices, set(verdicts)),
            loc="outside lower center",
            ncols=3,
        )
    return figure


def _bars(
    axes: Any,
    places: IntArray,
    shown: pd.DataFrame,
    columns: tuple[str, str, str],
    look: tuple[str, str],
) -> None:
    """Draw values with their intervals."""
    (color, marker), (value, low, high) = look, columns
    known = shown[low].notna().to_numpy()
    axes.hlines(places[known], shown[low][known], shown[high][known], color=color, linewidth=1.6)
    axes.plot(shown[value], places, marker, color=color, markersize=6)


def _legend(slices: Slices, verdicts: set[str]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=color, marker=marker, linewidth=1.6, label=verdict)
        for verdict, (color, marker) in _LOOK.items()
        if verdict in verdicts
    ]
    expected: dict[str, Any] = {"linestyle": "none", "marker": "|", "markersize": 11}
    return [
        *handles,
        Line2D([], [], color="black", **expected, label="if as right as on all rows"),
        Line2D([], [], color="black", linewidth=1.0, label=f"all rows ({slices.whole:.3g})"),
        Line2D([], [], color=GREY, linewidth=1.0, linestyle="--", label="right on average"),
    ]
