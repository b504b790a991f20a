"""Figures of what breaks the model."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assay.plots.labels import further_width, labels
from assay.plots.style import BLUE, GREY, panels, titled_axes
from assay.robustness.examine import Robustness

_TITLES = {
    "missing": "the feature is missing",
    "noise": "the number has noise",
    "unseen": "the category is unseen in training",
}
_BARS = 8


def robustness_figures(found: Robustness, rows: int, noise_sd: float) -> dict[str, Figure]:
    """Return the figures of what was found on so many holdout rows.

    Parameters
    ----------
    found : Robustness
    rows : int
        Of the holdout.
    noise_sd : float
        `interpret.noise_sd`.
    """
    figures = {"robustness": drops_figure(found, rows, noise_sd)}
    if found.later is not None:
        figures["robustness_over_time"] = periods_figure(found, rows)
    return figures


def drops_figure(found: Robustness, rows: int, noise_sd: float) -> Figure:
    """How much worse the metric gets, for each kind of perturbation and feature."""
    kinds = [kind for kind in _TITLES if (found.drops["perturbation"] == kind).any()]
    tables = {kind: _shown(found.drops, kind) for kind in kinds}
    heights = [max(len(tables[kind]), 1) for kind in kinds]
    drawn = labels(pd.concat(list(tables.values()))["feature"])
    size = (7.2 + further_width(drawn), 0.3 * sum(heights) + 0.9 * len(kinds) + 0.6)
    shape = {"gridspec_kw": {"height_ratios": [each + 1.5 for each in heights]}}
    with panels(len(kinds), 1, figsize=size, squeeze=False, **shape) as (figure, grid):
        figure.suptitle(f"What breaks the model, holdout (n = {rows:,})", x=0.01, ha="left")
        for axes, kind in zip(grid[:, 0], kinds, strict=True):
            of_kind = found.drops["perturbation"] == kind
            title = _TITLES[kind] + (
                f" of {noise_sd:g} standard deviations" if kind == "noise" else ""
            )
            if len(tables[kind]) < of_kind.sum():
                title += f" (top {len(tables[kind])} of {of_kind.sum()})"
            axes.set_title(title[0].upper() + title[1:])
            _bars(axes, tables[kind].iloc[::-1])
        grid[-1][0].set_xlabel(
            f"How much worse {found.metric} gets\n(each panel its own scale; blue: beyond chance)"
        )
    return figure


def _shown(drops: pd.DataFrame, kind: str) -> pd.DataFrame:
    return drops[drops["perturbation"] == kind].head(_BARS)


def _bars(axes: Any, table: pd.DataFrame) -> None:
    places, drop = np.arange(len(table)), table["drop"].to_numpy()
    colors = [BLUE if beyond else GREY for beyond in table["beyond_chance"]]
    axes.barh(places, drop, color=colors)
    ends = np.vstack([drop - table["ci_low"].to_numpy(), table["ci_high"].to_numpy() - drop])
    axes.errorbar(drop, places, xerr=ends.clip(min=0), fmt="none", color="black", linewidth=1)
    axes.set_yticks(places, labels(table["feature"]))
    axes.set_ylim(-0.6, len(table) - 0.4)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.grid(axis="y", visible=False)


def periods_figure(found: Robustness, rows: int) -> Figure:
    """The metric over periods of the holdout, with its halves as lines."""
    if found.later is None:
        raise ValueError("there are no periods without times")
    table = found.periods
    halves = table[table["period"].str.endswith("half")]
    periods = table[~table["period"].str.endswith("half")]
    title = f"{found.metric} over the holdout's time (n = {rows:,})"
    with titled_axes(title, figsize=(7.2, 4.0)) as (figure, axes):
        starts, ends = (pd.to_datetime(periods[name]).to_numpy() for name in ("from", "to"))
        middle = starts + (ends - starts) / 2
        values = periods["value"].to_numpy(dtype=float)
        bounds = np.vstack(
            [
                values - periods["ci_low"].to_numpy(float),
                periods["ci_high"].to_numpy(float) - values,
            ]
        )
        axes.errorbar(
            middle,
            values,
            yerr=np.nan_to_num(bounds).clip(min=0),
            fmt="o",
            color=BLUE,
            label="period",
        )
        for color, half in zip((GREY, "black"), halves.to_dict("records"), strict=True):
            axes.hlines(
                half["value"], pd.Timestamp(half["from"]), pd.Timestamp(half["to"]),
                color=color, linewidth=2, label=str(half["period"]),
            )  # fmt: skip
        axes.set_ylabel(found.metric)
        axes.set_xlabel(f"Time (periods of about {int(periods['n'].median()):,} rows)")
        axes.legend(loc="best")
        axes.tick_params(axis="x", rotation=30)
    return figure
