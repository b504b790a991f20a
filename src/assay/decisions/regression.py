"""Numbers: an interval for each, and the number to act on where too much and too little differ in cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.conformal import IntervalRule, Limits, coverage_of, fit_intervals
from assay.costs import NumberCosts
from assay.decisions import options
from assay.decisions.amounts import amount_interval
from assay.decisions.options import Option, Valued
from assay.decisions.rows import REPORTS, TABLES, DecisionReport, Resampling, Rows, completed
from assay.decisions.verdict import Other, standing, value_warnings, verdict
from assay.metrics.core import FloatArray
from assay.newsvendor import QuantileRule, fit_quantile
from assay.sections import TaskParams, ThresholdParams
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.rates import rate_estimate

# Levels at which intervals are tried on the holdout.
_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
# Acting on the prediction itself; the model's option acts on its quantile.
PLAIN = "plain"
BASELINE_PLAIN = f"{options.BASELINE}_{PLAIN}"
# Both numbers are the model's: which of them serves better is no verdict on it.
_OTHERS = {
    options.BASELINE: Other("the baseline's quantile", "take the baseline"),
    BASELINE_PLAIN: Other("the baseline's prediction", "take the baseline"),
}


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
    decision, valued = rule.to_json(), list[Valued]()
    warnings: dict[str, str] = {}
    costs = out_of_fold.number_costs
    if costs is not None and holdout.number_costs is not None:
        quantile = fit_quantile(y_true, y_pred, costs, bins, limits)
        decision["quantile"] = quantile.to_json()
        ways = _ways(quantile, out_of_fold, holdout, costs, bins)
        valued = _valued(ways, holdout.y_true, holdout.number_costs, resampling.of(holdout))
        unit = params.costs.unit
        metrics["value"] = {
            **options.value_metrics(valued, unit),
            **verdict(valued, _OTHERS, "the baseline"),
            "baseline": baseline_name,
            "quantile_level": quantile.level,
        }
        warnings = value_warnings(valued, _OTHERS, unit) | _quantile_doubt(valued, unit)
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
        completed({"value": options.value_table(valued)} if valued else {}, REPORTS),
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
        "holdout_coverage": measured.to_json(),
        "mean_width": float((high - low).mean()),
        "bin_count": len(rule.low),
    }


def _ways(
    quantile: QuantileRule, out_of_fold: Rows, holdout: Rows, costs: NumberCosts, bins: int
) -> dict[str, FloatArray]:
    """Return the numbers to act on for the holdout, the model's quantile first."""
    found = {options.MODEL: quantile.shifted(holdout.predicted), PLAIN: holdout.predicted}
    if holdout.baseline is not None and out_of_fold.baseline is not None:
        # Its own quantile, from its own residuals: what the model gains is then not its shift.
        own = fit_quantile(
            out_of_fold.y_true.astype(float), out_of_fold.baseline, costs, bins, quantile.limits
        )
        found[options.BASELINE] = own.shifted(holdout.baseline)
        found[BASELINE_PLAIN] = holdout.baseline
    return found


def _quantile_doubt(valued: Sequence[Valued], unit: str) -> dict[str, str]:
    """Say where the model's quantile is not shown to be worth more than its plain prediction."""
    model, plain = valued[:2]
    stands = standing(model, plain)
    if stands == "more":
        return {}
    figures = f"{amount_interval(plain.gain.to_json())} {unit} per {options.PER:,} rows"
    told = {
        "less": f"is worth less than its plain prediction ({figures}): act on the prediction",
        "not shown": f"is not shown to be worth more than its plain prediction ({figures}): either "
        "serves",
        "same": "is its plain prediction on every row of the holdout: either serves",
    }
    return {"no_gain_over_plain": f"The model's quantile {told[stands]}."}


def _valued(
    acted: Mapping[str, FloatArray], y_true: FloatArray, costs: NumberCosts, bootstrap: Bootstrap
) -> list[Valued]:
    """Value acting on each of several numbers for the same rows."""
    found = [Option(name, costs.of_predictions(y_true, number)) for name, number in acted.items()]
    return options.value_options(found, bootstrap)
