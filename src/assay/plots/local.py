"""Why single rows are predicted as they are: what each feature adds, strongest first."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assay.interpretation.local import positions_of
from assay.plots.dependence import empty_after
from assay.plots.labels import label, plain_number
from assay.plots.style import BLUE, GREY, RED, panels

_ROWS, _FEATURES = 6, 8


def local_figure(table: pd.DataFrame) -> Figure:
    """One panel per row: from the base to its output, a bar for each of its strongest features."""
    number = positions_of(table)
    every = int(number.max()) + 1
    count = min(_ROWS, every)
    # One below the other as long as a page holds them: side by side, the names leave little room.
    columns = 1 if count <= 3 else 2
    rows = -(-count // columns)
    with panels(
        rows,
        columns,
        figsize=(8.0 if columns == 1 else 6.8 * columns, 3.1 * rows + 0.3),
        squeeze=False,
    ) as (
        figure,
        grid,
    ):
        more = f"; the first {count}" if every > count else ""
        figure.suptitle(
            f"Reasons of single predictions, holdout (n = {every}{more})", x=0.01, ha="left"
        )
        for place, axes in enumerate(empty_after(grid, count)):
            _panel(axes, table[number == place])
            axes.set_xlabel(label(table["output"].iloc[0], 60))
    return figure


def _panel(axes: Any, row: pd.DataFrame) -> None:
    first, shown, rest = row.iloc[0], row.head(_FEATURES), row.iloc[_FEATURES:]
    effects = shown["effect"].to_numpy(dtype=float)
    texts = [
        f"{label(feature, 24)} = {_short(value)}"
        for feature, value in zip(shown["feature"], shown["value"], strict=True)
    ]
    if len(rest):
        effects = np.append(effects, float(rest["effect"].sum()))
        texts.append(f"{len(rest)} {'other' if len(rest) == 1 else 'others'}")
    ends = float(first["base"]) + np.concatenate([[0.0], np.cumsum(effects)])
    places = np.arange(len(effects))[::-1]
    colors = [RED if effect > 0 else BLUE for effect in effects]
    axes.barh(places, effects, left=ends[:-1], color=colors, height=0.7)
    for step, place in enumerate(places[:-1]):
        axes.plot([ends[step + 1]] * 2, [place + 0.35, place - 1.35], color=GREY, linewidth=0.8)
    for end, place, effect in zip(ends[1:], places, effects, strict=True):
        axes.annotate(
            plain_number(effect, sign="+"), (end, place), xytext=(4 if effect >= 0 else -4, 0),
            textcoords="offset points", va="center", ha="left" if effect >= 0 else "right",
            fontsize=8.5,
        )  # fmt: skip
    axes.axvline(ends[0], color=GREY, linewidth=0.8, linestyle=":")
    axes.set_yticks(places, texts)
    axes.use_sticky_edges = False
    axes.margins(x=0.14)
    axes.grid(axis="y", visible=False)
    axes.set_title(_title(first))


def _short(value: Any) -> str:
    """Return a value as a text of few characters; numbers with five digits."""
    if pd.isna(value):
        return "missing"
    try:
        return plain_number(float(str(value)), 5) if len(str(value)) > 7 else label(value, 16)
    except ValueError:
        return label(value, 16)


def _title(first: "pd.Series[Any]") -> str:
    said = plain_number(first["prediction"])
    if not pd.isna(first["predicted_class"]):
        said = f"{label(first['predicted_class'], 16)} ({said})"
    outcome = _short(first["outcome"])
    if outcome.replace(".", "", 1).isdigit() and "." in outcome:
        outcome = plain_number(float(outcome), 5)
    return f"{label(first['row'], 30)}: {first['why']}\npredicted {said}, was {outcome}"
