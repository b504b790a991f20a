"""Figures of fairness: what is decided for the groups of a sensitive column, beside each other."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from assay.fairness.assess import Assessed, Fairness
from assay.fairness.parity import FOUR_FIFTHS
from assay.fairness.rates import Measured
from assay.plots.labels import further_width, label
from assay.plots.labels import labels as drawn_labels
from assay.plots.style import BLUE, GREY, ORANGE, RED, panels

# Bars that a picture has room for, and classes that are drawn.
_MOST_GROUPS, _MOST_CLASSES = 20, 4
_COMPARED, _LEFT = "compared", "not compared (few rows, or missing values)"
_ALL, _FOUR_FIFTHS = "all rows", "four fifths of the highest selection rate"
_LEGEND = (_COMPARED, _LEFT, _ALL, _FOUR_FIFTHS)
_TITLES = {
    "selection_rate": "Selection rate",
    "tpr": "True positive rate",
    "fpr": "False positive rate",
    "precision": "Precision",
    "mean_error": "Mean error",
    "mae": "Mean absolute error",
    "coverage": "Outcomes within intervals",
}
_UNITS = {
    "selection_rate": "Share of rows",
    "tpr": "Share of positives",
    "fpr": "Share of negatives",
    "precision": "Share of selected",
    "mean_error": "Prediction less outcome",
    "mae": "In units of the target",
    "coverage": "Share of rows",
}


def fairness_figures(found: Fairness) -> dict[str, Figure]:
    """Return a figure for each sensitive column that has groups to compare.

    The names are numbered as columns may be called anything; `reports/tables/fairness.csv` has the data.
    """
    return {
        f"fairness_{number}": _figure(each, found)
        for number, each in enumerate(found.assessed, start=1)
        if each.groups.comparable and not each.groups.against_missing
    }


def _figure(assessed: Assessed, found: Fairness) -> Figure:
    groups = assessed.groups
    codes = np.flatnonzero(groups.judged)
    if len(codes) > _MOST_GROUPS:
        largest = np.argsort(-groups.rows[codes], kind="stable")[:_MOST_GROUPS]
        codes = np.sort(codes[largest])
    shown = _panels(assessed, found)
    columns = max(len(row) for _, row in shown)
    names = drawn_labels([groups.short[code] for code in codes])
    rows = [f"{name} (n = {groups.rows[code]:,})" for name, code in zip(names, codes, strict=True)]
    width = 2.3 + 2.35 * columns + further_width(rows)
    # A title needs room above few bars.
    height = 1.1 + len(shown) * (0.75 + 0.32 * len(codes))
    with panels(len(shown), columns, squeeze=False, sharey=True, figsize=(width, height)) as (
        figure,
        grid,
    ):
        figure.suptitle(_title(assessed, found, len(codes)), x=0.01, ha="left")
        for (of_class, measured), line in zip(shown, grid, strict=True):
            for one, axes in zip(measured, line, strict=False):
                _draw(axes, one, codes)
                mark = f", {label(of_class, 18)}" if of_class else ""
                axes.set_title(f"{_TITLES[one.measure.name]}{mark}", fontsize=9)
            line[0].set_yticks(np.arange(len(codes)), rows)
            line[0].set_ylim(len(codes) - 0.5, -0.5)
        legend: dict[str, Any] = {}
        for axes in grid.flat:
            drawn, told = axes.get_legend_handles_labels()
            legend |= dict(zip(told, drawn, strict=True))
        ordered = [text for text in _LEGEND if text in legend]
        figure.legend(
            [legend[text] for text in ordered], ordered, loc="outside lower left", fontsize=8,
            ncols=min(len(ordered), max(1, int(width / 2.6))),
        )  # fmt: skip
    return figure


def _title(assessed: Assessed, found: Fairness, count: int) -> str:
    groups = assessed.groups
    judged = int(groups.judged.sum())
    left = len(groups.labels) - judged
    told = f"By {label(groups.column, 36)}, holdout (n = {found.row_count:,})"
    if count < judged:
        told += f": the {count} largest of {judged} judged groups"
    elif left:
        told += f": {left} of {len(groups.labels)} groups not drawn (< {groups.min_rows:,} rows)"
    return told


def _panels(assessed: Assessed, found: Fairness) -> list[tuple[str, list[Measured]]]:
    """Return the measures of each class that is drawn: those that are surest to differ first."""
    p_values = {
        (each.column, each.label): each.p_value
        for each in sorted(found.parities, key=lambda each: -np.nan_to_num(each.p_value, nan=2.0))
    }
    name = assessed.groups.column
    ordered = sorted(
        assessed.views, key=lambda each: np.nan_to_num(p_values.get((name, each), 2.0), nan=2.0)
    )
    kept = [each for each in assessed.views if each in ordered[:_MOST_CLASSES]]
    return [
        (
            of_class,
            [each for each in assessed.views[of_class] if each.measure.name in _UNITS],
        )
        for of_class in kept
    ]


def _draw(axes: Any, found: Measured, codes: Any) -> None:
    """Draw a measure of each group with its interval, and what the others are held against."""
    places = np.arange(len(codes))
    level = _overall(found)
    if found.measure.name == "selection_rate":
        highest = float(np.nanmax(found.value[found.compared], initial=0.0))
        axes.axvline(
            FOUR_FIFTHS * highest, color=RED, linestyle="--", linewidth=1,
            label=_FOUR_FIFTHS,
        )  # fmt: skip
    axes.axvline(level, color=GREY, linestyle=":", linewidth=1.5, label=_ALL)
    compared = found.compared[codes]
    for mask, color, told in ((compared, BLUE, _COMPARED), (~compared, ORANGE, _LEFT)):
        for place, code in zip(places[mask], codes[mask], strict=True):
            estimate = found.estimates[code]
            if estimate is None:
                axes.text(level, place, "no such row", va="center", ha="center", fontsize=8)
                continue
            axes.plot([estimate.ci_low, estimate.ci_high], [place, place], color=color, linewidth=2)
            axes.plot(found.value[code], place, "o", color=color, markersize=5, label=told)
    axes.set_xlabel(_UNITS[found.measure.name], fontsize=8)
    axes.tick_params(axis="both", labelsize=8)
    axes.locator_params(axis="x", nbins=4)


def _overall(found: Measured) -> float:
    """Return the measure of all rows."""
    inside = found.measure.values[found.measure.within]
    return float(inside.mean()) if len(inside) else 0.0
