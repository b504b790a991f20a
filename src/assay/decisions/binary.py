"""Two classes: a threshold, what it does, and what acting on it is worth."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.decisions.acting import worth_of_acting
from assay.decisions.gain import gain_table
from assay.decisions.options import Valued, not_valued
from assay.decisions.points import (
    estimated_point,
    operating_points,
    point_estimates,
    thresholds_table,
)
from assay.decisions.rows import (
    REPORTS,
    TABLES,
    DecisionReport,
    Resampling,
    Rows,
    completed,
)
from assay.decisions.stability import Stability, threshold_stability
from assay.operating_point import OperatingPoint, operating_point
from assay.schema import Label, Schema
from assay.sections import ThresholdParams
from assay.thresholds import (
    Decision,
    ThresholdCurve,
    curve_points,
    decide,
    rule_from_params,
    threshold_curve,
)
from assay.uncertainty.rates import rate_estimate

_CURVE_POINTS = 200
# A precision of fewer flagged rows, or with a wider interval, is hardly known.
_FEW_FLAGGED, _WIDE = 30, 0.2
# On the same rows: what else could be done. No score reaches 2, and every score reaches 0.
_ALTERNATIVES = {"at_one_half": 0.5, "flag_all": 0.0, "flag_none": 2.0}


@dataclass(frozen=True)
class ThresholdDrawn:
    """What the figures show.

    Attributes
    ----------
    curve : ThresholdCurve
        Of the out-of-fold rows.
    row_count : int
        Of these.
    holdout : OperatingPoint
    labels : tuple
    gain : DataFrame
        Gain and lift on the holdout.
    value : DataFrame
        What acting on a share of the holdout saves; empty where costs are not known.
    valued : tuple of Valued
        Every option, acting on none last; empty likewise.
    cost_unit, row_unit : str
    """

    curve: ThresholdCurve
    row_count: int
    holdout: OperatingPoint
    labels: tuple[Label, ...]
    gain: pd.DataFrame
    value: pd.DataFrame
    valued: tuple[Valued, ...]
    cost_unit: str
    row_unit: str


def decide_threshold(
    schema: Schema,
    params: ThresholdParams,
    out_of_fold: Rows,
    holdout: Rows,
    resampling: Resampling,
    baseline_name: str,
) -> DecisionReport:
    """Choose the threshold out-of-fold, and report it on the holdout; see `decide_task`."""
    rule = rule_from_params(params)
    y_true, y_score, costs = out_of_fold.y_true, out_of_fold.predicted, out_of_fold.costs
    decision = decide(y_true, y_score, rule, schema.unit, schema.labels, costs)
    curve = threshold_curve(y_true, y_score, costs)
    stability = threshold_stability(y_true, y_score, costs, rule, resampling.of(out_of_fold))
    point = operating_point(holdout.y_true, holdout.predicted, decision.threshold, holdout.costs)
    worth = worth_of_acting(
        decision, rule, params.costs.unit, out_of_fold, holdout, resampling, baseline_name
    )
    warnings = {**_doubts(decision, out_of_fold, resampling), **worth.warnings}
    metrics = _metrics(decision, point, stability, holdout, resampling)
    drawn_at = curve_points(curve, _CURVE_POINTS)["threshold"].to_numpy()
    reports = {
        "thresholds": thresholds_table(decision.threshold, out_of_fold, holdout),
        "operating_points": operating_points(decision.threshold, drawn_at, out_of_fold),
    }
    plotted = {**_tables(decision, curve, holdout, schema.labels), **worth.tables}
    tables = completed(plotted, TABLES)
    drawn = ThresholdDrawn(
        curve,
        len(y_true),
        point,
        schema.labels,
        tables["gain"],
        tables["value"],
        worth.valued,
        params.costs.unit,
        schema.unit,
    )
    return DecisionReport(
        decision.to_json(),
        {**metrics, **worth.metrics, "warnings": warnings},
        decision.rationale,
        drawn,
        tables,
        completed({**reports, **worth.reports}, REPORTS),
        warnings,
    )


def _tables(
    decision: Decision, curve: ThresholdCurve, holdout: Rows, labels: tuple[Label, ...]
) -> dict[str, pd.DataFrame]:
    """Return the data of plots that need no value."""
    points = curve_points(curve, _CURVE_POINTS)
    tables = {"confusion": _labelled(holdout, decision, labels), "threshold": points}
    if curve.expected_cost is not None:
        tables["cost"] = points
    if holdout.baseline is not None and holdout.y_true.any():
        tables["gain"] = gain_table(holdout.y_true, holdout.predicted, holdout.baseline)
    return tables


def _labelled(rows: Rows, decision: Decision, labels: tuple[Label, ...]) -> pd.DataFrame:
    """Return `actual` and `predicted` of each row as labels, for a confusion matrix."""
    names = np.array([str(label) for label in labels], dtype=object)
    flagged = rows.predicted >= decision.threshold
    return pd.DataFrame({"actual": names[rows.y_true], "predicted": names[flagged.astype(int)]})


def _metrics(
    decision: Decision,
    point: OperatingPoint,
    stability: Stability | None,
    holdout: Rows,
    resampling: Resampling,
) -> dict[str, Any]:
    """Return the scalars of `metrics/threshold.json`, but for value and warnings."""
    costs, flagged = holdout.costs, holdout.predicted >= decision.threshold
    estimates = point_estimates(holdout.y_true, flagged, costs, resampling.of(holdout))
    others = {
        f"holdout_{name}": operating_point(holdout.y_true, holdout.predicted, t, costs).to_json()
        for name, t in _ALTERNATIVES.items()
    }
    chosen = decision.out_of_fold
    return {
        "applicable": True,
        "strategy": decision.strategy,
        "threshold": decision.threshold,
        "out_of_fold": chosen.to_json(),
        "holdout": estimated_point(point, estimates),
        **others,
        "stability": not_valued("the threshold was given")
        if stability is None
        else stability.to_json(decision.threshold, chosen.flagged_rate),
    }


def _doubts(decision: Decision, out_of_fold: Rows, resampling: Resampling) -> dict[str, str]:
    """Say where the chosen threshold rests on few rows; the holdout has no part in it."""
    point = decision.out_of_fold
    count = point.true_positive_count + point.false_positive_count
    if not count:
        return {"no_alert": "The threshold flags no out-of-fold row: it raises no alert."}
    flagged = out_of_fold.predicted >= decision.threshold
    precision = rate_estimate(
        out_of_fold.y_true[flagged] == 1, resampling.of(out_of_fold).within(flagged)
    )
    if count >= _FEW_FLAGGED and precision.ci_high - precision.ci_low <= _WIDE:
        return {}
    return {
        "precision_uncertain": (
            f"The threshold flags {count:,} of {len(flagged):,} out-of-fold rows, whose precision of "
            f"{point.precision:.2f} may be anything from {precision.ci_low:.2f} to "
            f"{precision.ci_high:.2f}. Bring more rows, or flag more."
        )
    }
