"""Two classes: what acting at a threshold is worth on the holdout, beside what else could be done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from assay.costs import RowCosts
from assay.decisions import options
from assay.decisions.gain import value_curve
from assay.decisions.options import Option, Valued
from assay.decisions.rows import BoolArray, Resampling, Rows
from assay.decisions.sensitivity import FACTORS, cost_sensitivity
from assay.decisions.verdict import Other, value_warnings, verdict
from assay.errors import GateError
from assay.thresholds import Decision, Rule, choose_threshold

_OTHERS: Mapping[str, Other] = {
    options.BASELINE: Other("the baseline", "take the baseline"),
    options.RULE: Other("the rule of today", "keep to the rule"),
    options.ALL: Other("acting on all", "act on all"),
    options.NONE: Other("acting on none", "do not act on it"),
}
_UNKNOWN = "threshold.costs are not known"


@dataclass(frozen=True)
class Worth:
    """What a decision is worth, as far as that is known.

    Attributes
    ----------
    metrics : dict
        The members `value` and `sensitivity` of `metrics/threshold.json`.
    valued : tuple of Valued
        Every option, acting on none last; empty where costs are not known.
    tables, reports : dict of str to DataFrame
        By the names of `TABLES` and `REPORTS`.
    warnings : dict of str to str
    """

    metrics: Mapping[str, Any]
    valued: tuple[Valued, ...] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    reports: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    warnings: Mapping[str, str] = field(default_factory=dict)


def worth_of_acting(
    decision: Decision,
    rule: Rule,
    unit: str,
    out_of_fold: Rows,
    holdout: Rows,
    resampling: Resampling,
    baseline_name: str,
) -> Worth:
    """Value a threshold, the same strategy's for the baseline, the rule of today, all and none.

    Parameters
    ----------
    decision : Decision
    rule : Rule
        The strategy that chose it.
    unit : str
        Of the costs.
    out_of_fold : Rows
        The baseline's threshold is chosen on these, and other ratios of costs are tried on them.
    holdout : Rows
        What options are worth is told on these.
    resampling : Resampling
    baseline_name : str
    """
    if out_of_fold.costs is None or holdout.costs is None:
        unknown = options.not_valued(_UNKNOWN)
        return Worth({"value": unknown, "sensitivity": unknown})
    sensitivity = cost_sensitivity(
        out_of_fold.y_true, out_of_fold.predicted, out_of_fold.costs, decision.threshold
    )
    baseline = _baseline_threshold(out_of_fold, rule)
    ways = _options(decision, baseline, holdout, holdout.costs)
    valued = options.value_options(ways, resampling.of(holdout))
    best = "each other way that was compared"
    told = options.value_metrics(valued, unit) | verdict(valued, _OTHERS, best)
    told["baseline"] = baseline_name
    if baseline is None and out_of_fold.baseline is not None:
        told["baseline_left_out"] = (
            "no threshold of the baseline meets threshold.min_precision of "
            f"{rule.min_precision:g} out-of-fold"
        )
    curves = {}
    if holdout.baseline is not None:
        parts = (holdout.y_true, holdout.predicted, holdout.baseline, holdout.costs)
        curves["value"] = value_curve(*parts, resampling.of(holdout))
    return Worth(
        {"value": told, "sensitivity": _sensitivity_metrics(sensitivity)},
        tuple(valued),
        curves,
        {"cost_sensitivity": sensitivity, "value": options.value_table(valued)},
        value_warnings(valued, _OTHERS, unit, _blamed(rule))
        | _of_a_single_action(valued[0], rule)
        | _reversed_rule(out_of_fold),
    )


def _baseline_threshold(out_of_fold: Rows, rule: Rule) -> float | None:
    """Return the threshold that the strategy chooses for the baseline, or None if it finds none."""
    if out_of_fold.baseline is None:
        return None
    try:
        return choose_threshold(
            out_of_fold.y_true, out_of_fold.baseline, rule, "row", out_of_fold.costs
        )[0]
    except GateError:
        return None


def _options(
    decision: Decision, baseline: float | None, holdout: Rows, costs: RowCosts
) -> list[Option]:
    """Return the ways to act on the holdout, the model's first and none last."""
    y_true = holdout.y_true

    def option(name: str, acted: BoolArray, threshold: float | None = None) -> Option:
        return Option(name, costs.of_decisions(y_true, acted), float(acted.mean()), threshold)

    threshold = decision.threshold
    found = [option(options.MODEL, holdout.predicted >= threshold, threshold)]
    if baseline is not None and holdout.baseline is not None:
        found.append(option(options.BASELINE, holdout.baseline >= baseline, baseline))
    if holdout.rule_holds is not None:
        found.append(option(options.RULE, holdout.rule_holds))
    found.append(option(options.ALL, np.ones(len(y_true), dtype=bool)))
    found.append(option(options.NONE, np.zeros(len(y_true), dtype=bool)))
    return found


def _blamed(rule: Rule) -> str:
    """Return what to look at where a threshold is worth little: it may have been sought by other means."""
    return (
        "threshold.costs"
        if rule.strategy == "min_cost"
        else "threshold.strategy and threshold.costs"
    )


def _of_a_single_action(model: Valued, rule: Rule) -> dict[str, str]:
    """Say where the threshold does the same to all rows: there is no gain to tell over that."""
    for name, rate, rows, action in (
        (options.ALL, 1.0, "on every row", "act on all"),
        (options.NONE, 0.0, "on no row", "act on none"),
    ):
        if model.option.acted_rate == rate:
            by = "threshold.costs" if rule.strategy == "min_cost" else "threshold.strategy"
            return {
                f"no_gain_over_{name}": (
                    f"By {by} the best threshold is to {action}: it acts {rows} of the holdout, for "
                    f"which no model is needed. Check {by}, or {action}."
                )
            }
    return {}


def _reversed_rule(out_of_fold: Rows) -> dict[str, str]:
    """Say where the rule of today seems to say when to leave alone."""
    holds, positive = out_of_fold.rule_holds, out_of_fold.y_true == 1
    if holds is None or holds.all() or not holds.any():
        return {}
    inside, outside = float(positive[holds].mean()), float(positive[~holds].mean())
    if inside >= outside:
        return {}
    return {
        "rule_reversed": (
            f"Where baseline.rule is true, {inside:.1%} of out-of-fold rows are positive, and where it "
            f"is false {outside:.1%}, but true means to act. Turn the rule round if it says when to "
            "leave alone."
        )
    }


def _sensitivity_metrics(table: pd.DataFrame) -> dict[str, Any]:
    names = ("threshold", "flagged_rate", "loss_per_1000")
    rows = zip(FACTORS, table.to_dict("records"), strict=True)
    return {
        "applicable": True,
        **{told: {name: float(row[name]) for name in names} for told, row in rows},
    }
