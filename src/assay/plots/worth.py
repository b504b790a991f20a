"""Figures of what decisions are worth: gain and lift, and a chart for whoever pays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from assay.decisions import options
from assay.decisions.amounts import amount
from assay.decisions.binary import ThresholdDrawn
from assay.decisions.regression import BASELINE_PLAIN, PLAIN, IntervalsDrawn
from assay.plots.labels import label
from assay.plots.style import BASELINE, GREY, MODEL, RULE, panels
from assay.uncertainty.estimate import Estimate

# As the card writes amounts: a comma for thousands, and no digit that is not needed.
_THOUSANDS = "{x:,.10g}"
# What options are called, by task.
_OF_ROWS: Mapping[str, str] = {
    options.MODEL: "the model",
    options.BASELINE: "the baseline",
    options.RULE: "the rule of today",
    options.ALL: "all",
}
_OF_NUMBERS: Mapping[str, str] = {
    options.MODEL: "the model's quantile",
    PLAIN: "the model's prediction",
    options.BASELINE: "the baseline's quantile",
    BASELINE_PLAIN: "the baseline's prediction",
}

_COLORS: Mapping[str, str] = {
    options.MODEL: MODEL,
    PLAIN: MODEL,
    options.BASELINE: BASELINE,
    BASELINE_PLAIN: BASELINE,
    options.RULE: RULE,
}


def gain_figure(table: pd.DataFrame, chosen: float, rows: int) -> Figure:
    """Share of positives caught, and lift, against the share of rows acted on."""
    x = table["acted_rate"]
    with panels(1, 2, figsize=(9.6, 4.2)) as (figure, (caught, lift)):
        figure.suptitle(
            f"What acting on the highest scores catches, holdout (n = {rows:,})", x=0.01, ha="left"
        )
        for name, color in (("model", MODEL), ("baseline", BASELINE)):
            # Acting on none catches none.
            caught.plot(np.r_[0, x], np.r_[0, table[f"{name}_caught"]], color=color, label=name)
            lift.plot(x, table[f"{name}_lift"], color=color, label=name)
        caught.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="at random")
        lift.axhline(1, color=GREY, linestyle=":", label="at random")
        caught.set(ylabel="Share of positives caught", ylim=(0, 1.02))
        lift.set(ylabel="Lift over acting at random", ylim=(0, None))
        for axes in (caught, lift):
            axes.axvline(
                chosen, color="black", linestyle="--", label=f"chosen threshold: {chosen:.1%}"
            )
            axes.set(xlabel="Share of rows acted on", xlim=(0, 1))
            axes.xaxis.set_major_formatter(PercentFormatter(1))
        caught.yaxis.set_major_formatter(PercentFormatter(1))
        caught.legend(loc="lower right")
        lift.legend(loc="upper right")
    return figure


def value_figure(drawn: ThresholdDrawn, rows: int) -> Figure:
    """What acting saves against acting on none: by the share of rows, and for each option."""
    table, unit = drawn.value, label(drawn.cost_unit, 24)
    x, chosen = table["acted_rate"], drawn.valued[0]
    with panels(1, 2, figsize=(9.8, 4.4), width_ratios=(1.35, 1)) as (figure, (curve, bars)):
        figure.suptitle(
            f"What acting saves per {options.PER:,} {label(drawn.row_unit, 24)}s against acting on none, "
            f"holdout (n = {rows:,})",
            x=0.01,
            ha="left",
        )
        curve.fill_between(
            x, table["ci_low"], table["ci_high"], color=MODEL, alpha=0.18, linewidth=0,
            label="model, percentile interval",
        )  # fmt: skip
        curve.plot(x, table["model_saved"], color=MODEL, label="model")
        curve.plot(x, table["baseline_saved"], color=BASELINE, label="baseline")
        curve.axhline(0, color=GREY, linestyle=":")
        rate = chosen.option.acted_rate
        curve.plot(
            [rate], [chosen.saved.value], color="black", marker="o", linestyle="none",
            label=f"chosen: act on {rate:.1%}",
        )  # fmt: skip
        ends = ((0.0, 0.0, "none"), (1.0, float(table["model_saved"].iloc[-1]), "all"))
        for share, saved, name in ends:
            curve.plot([share], [saved], color=GREY, marker="s", linestyle="none", clip_on=False)
            side = (8, 8) if share == 0 else (-9, -13)
            curve.annotate(
                name, (share, saved), xytext=side, textcoords="offset points",
                ha="left" if share == 0 else "right", color="#4D4D4D",
            )  # fmt: skip
        curve.set(xlabel="Share of rows acted on", ylabel=f"Saved, in {unit}", xlim=(0, 1))
        curve.xaxis.set_major_formatter(PercentFormatter(1))
        curve.yaxis.set_major_formatter(StrMethodFormatter(_THOUSANDS))
        curve.legend(loc="best")
        shown = {_OF_ROWS[each.option.name]: each.saved for each in drawn.valued[:-1]}
        names = [each.option.name for each in drawn.valued[:-1]]
        _bars(bars, shown, names, 1.0)
        bars.set(xlabel=f"Saved, in {unit}")
    return figure


def options_figure(drawn: IntervalsDrawn, rows: int) -> Figure:
    """What each number to act on costs, as bars with intervals."""
    unit = label(drawn.cost_unit, 24)
    title = f"What acting on each number costs per {options.PER:,} rows, holdout (n = {rows:,})"
    with panels(1, 1, figsize=(7.6, 3.6)) as (figure, axes):
        # Over the names as well: the axes alone are too narrow for it.
        figure.suptitle(title, x=0.01, ha="left")
        shown = {_OF_NUMBERS[each.option.name]: each.value for each in drawn.valued}
        _bars(axes, shown, [each.option.name for each in drawn.valued], -1.0)
        axes.set(xlabel=f"Cost, in {unit}")
    return figure


def _bars(
    axes: Any, shown: Mapping[str, Estimate], options_shown: Sequence[str], sign: float
) -> None:
    """Draw numbers times a sign as bars, the model's on top, each with its interval."""
    estimates = list(shown.values())
    values = np.array([sign * each.value for each in estimates])
    ends = np.array([sorted((sign * each.ci_low, sign * each.ci_high)) for each in estimates])
    y = np.arange(len(values))[::-1]
    axes.barh(y, values, height=0.55, color=[_COLORS.get(name, GREY) for name in options_shown])
    axes.errorbar(
        values, y, xerr=np.abs(ends - values[:, None]).T, color="black", linestyle="none",
        capsize=3, linewidth=1,
    )  # fmt: skip
    for place, value, (low, high) in zip(y, values, ends, strict=True):
        axes.annotate(
            amount(value),
            (high if value >= 0 else low, place),
            xytext=(5 if value >= 0 else -5, 0),
            textcoords="offset points",
            ha="left" if value >= 0 else "right",
            va="center",
        )
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(y, [f"act on {name}" for name in shown])
    axes.margins(x=0.18)
    # Amounts may have many digits, and their marks must not touch.
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(StrMethodFormatter(_THOUSANDS))
    axes.grid(axis="y", visible=False)
