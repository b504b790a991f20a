"""Numbers: an interval for each, and the number to act on where too much and too little differ in cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.conformal import IntervalRule, Limits, coverage_of, fit_intervals
from assay.costs import NumberCosts
from assay.decisions import options
from assay.decisions.options import Option, Valued
from assay.decisions.resampled import scalars
from assay.decisions.rows import REPORTS, TABLES, DecisionReport, Resampling, Rows, completed
from assay.metrics.core import FloatArray
from assay.newsvendor import fit_quantile
from assay.sections import TaskParams, ThresholdParams
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.rates import rate_estimate

# Levels at which intervals are tried on the holdout.
_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
# Acting on the prediction itself; the model's option acts on its quantile.
PLAIN = "plain"
_SIMPLE = {PLAIN: "the plain prediction"}


@dataclass(frozen=True)
class IntervalsDrawn:
    """Coverage by level, the holdout with its intervals, and what options are worth, if that is known."""

    coverage: pd.DataFrame
    wanted: float
    holdout: Rows
    low: FloatArray
    high: FloatArray
    valued: tuple[Valued, ...]
    cost_unit: str


def decide_intervals(
    task: TaskParams,
    params: ThresholdParams,
    out_of_fold: Rows,
    holdout: Rows,
    resampling: Resampling,
    baseline_name: str,
) -> DecisionReport:
    """Fit intervals out-of-fold, and report them on the holdout; see `decide_task`."""
    y_true, y_pred = out_of_fold.y_true.astype(float), out_of_fold.predicted
    limits = (task.clip_low, task.clip_high)
    wanted, bins = params.interval_coverage, params.interval_bins
    rule = fit_intervals(y_true, y_pred, wanted, bins, limits)
    coverage = _tried(y_true, y_pred, params, limits, holdout)
    metrics = {
        "applicable": False,
        "strategy": "interval",
        "interval": _measured(rule, wanted, holdout, resampling),
        "value": options.not_valued("threshold.costs are not known"),
    }
    decision, reports, valued = rule.to_json(), {}, list[Valued]()
    warnings: dict[str, str] = {}
    costs = out_of_fold.number_costs
    if costs is not None and holdout.number_costs is not None:
        quantile = fit_quantile(y_true, y_pred, costs, bins, limits)
        decision["quantile"] = quantile.to_json()
        acted = {options.MODEL: quantile.shifted(holdout.predicted), PLAIN: holdout.predicted}
        if holdout.baseline is not None and out_of_fold.baseline is not None:
            # Its own quantile, from its own residuals: what the model gains is then not its shift.
            own = fit_quantile(y_true, out_of_fold.baseline, costs, bins, limits)
            acted[options.BASELINE] = own.shifted(holdout.baseline)
            acted[f"{options.BASELINE}_{PLAIN}"] = holdout.baseline
        valued = _valued(acted, holdout.y_true, holdout.number_costs, resampling.of(holdout))
        reports["value"] = options.value_table(valued)
        metrics["value"] = options.value_metrics(valued, params.costs.unit) | {
            "baseline": baseline_name,
            "quantile_level": quantile.level,
        }
        warnings = options.value_warnings(valued, _SIMPLE, params.costs.unit)
    metrics["warnings"] = warnings
    drawn = IntervalsDrawn(
        coverage,
        wanted,
        holdout,
        *rule.interval(holdout.predicted),
        tuple(valued),
        params.costs.unit,
    )
    return DecisionReport(
        decision,
        metrics,
        rule.rationale,
        drawn,
        completed({"coverage": coverage}, TABLES),
        completed(reports, REPORTS),
        warnings,
    )


def _tried(
    y_true: FloatArray, y_pred: FloatArray, params: ThresholdParams, limits: Limits, holdout: Rows
) -> pd.DataFrame:
    """Return coverage and width of other levels on the holdout."""
    levels = []
    for level in sorted({*_LEVELS, params.interval_coverage}):
        # The extreme levels ask for more rows than a small table has.
        if len(y_true) * (1 - level) / 2 >= 1:
            tried = fit_intervals(y_true, y_pred, level, params.interval_bins, limits)
            levels.append((level, *coverage_of(tried, holdout.y_true, holdout.predicted)))
    return pd.DataFrame(levels, columns=list(TABLES["coverage"]))


def _measured(
    rule: IntervalRule, wanted: float, holdout: Rows, resampling: Resampling
) -> dict[str, Any]:
    """Return how many outcomes the intervals hold; rows of one group are not independent."""
    low, high = rule.interval(holdout.predicted)
    inside = (holdout.y_true >= low) & (holdout.y_true <= high)
    measured = rate_estimate(inside, resampling.of(holdout))
    return {
        "wanted_coverage": wanted,
        "holdout_coverage": scalars(measured),
        "mean_width": float((high - low).mean()),
        "bin_count": len(rule.low),
    }


def _valued(
    acted: Mapping[str, FloatArray], y_true: FloatArray, costs: NumberCosts, bootstrap: Bootstrap
) -> list[Valued]:
    """Value acting on each of several numbers for the same rows."""
    found = [Option(name, costs.of_predictions(y_true, number)) for name, number in acted.items()]
    return options.value_options(found, bootstrap)
