"""What a threshold does to rows, with intervals; and what others would do."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from assay.costs import RowCosts
from assay.decisions.resampled import joint_estimates
from assay.decisions.rows import BoolArray, Rows
from assay.metrics.core import FloatArray, LabelArray, weighted_sums
from assay.operating_point import OperatingPoint, operating_point
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.estimate import Estimate
from assay.uncertainty.rates import rate_estimate

# Shares of out-of-fold rows that the thresholds of the table flag.
FLAGGED_RATES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75)
_ESTIMATED = ("precision", "recall", "f1", "flagged_rate", "expected_cost")


def point_estimates(
    y_true: LabelArray, flagged: BoolArray, costs: RowCosts | None, bootstrap: Bootstrap
) -> dict[str, Estimate]:
    """Return precision, recall, F1, flagged rate and, where known, expected cost with intervals.

    Rates have Wilson's interval, or that of resampled groups: also where every alert is right, they are
    not certain. F1 and cost are resampled. Where nothing is flagged there is no precision, and where
    nothing is positive no recall; they are left out.
    """
    positive, n = y_true == 1, len(y_true)
    hits = flagged & positive
    columns = [each.astype(float) for each in (hits, flagged, positive, np.ones(n))]
    if costs is not None:
        columns.append(costs.of_decisions(y_true, flagged))

    def values(weights: FloatArray) -> FloatArray:
        tp, acted, positives, total, *cost = (weighted_sums(weights, each) for each in columns)
        with np.errstate(divide="ignore", invalid="ignore"):
            f1 = 2 * tp / (acted + positives)
        return np.column_stack([f1, *(each / total for each in cost)])

    parts = {"precision": flagged, "recall": positive, "flagged_rate": np.ones(n, dtype=bool)}
    of_rates = {"precision": hits, "recall": hits, "flagged_rate": flagged}
    found = {
        name: rate_estimate(of_rates[name][rows], bootstrap.within(rows))
        for name, rows in parts.items()
        if rows.any()
    }
    names = ("f1", "expected_cost")[: len(columns) - 3]
    others = dict(zip(names, joint_estimates(bootstrap, values, len(names), n), strict=True))
    return found | {name: each for name, each in others.items() if np.isfinite(each.value)}


def estimated_point(point: OperatingPoint, estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return a point's scalars, with the ends of those that have an interval."""
    told = point.to_json()
    return told | {
        # Where nothing is flagged, or nothing positive, the point's own 0 stands.
        name: estimates[name].to_json() if name in estimates else {"value": told[name]}
        for name in _ESTIMATED
        if name in told
    }


def thresholds_table(chosen: float, out_of_fold: Rows, holdout: Rows) -> pd.DataFrame:
    """Return what ten thresholds and the chosen one do, the highest first.

    The ten flag set shares of the out-of-fold rows, as nearly as these rows' scores allow; the holdout
    has no part in them.
    """
    # The score whose row is the last to be flagged at each share.
    ordered = np.sort(out_of_fold.predicted)[::-1]
    last = np.ceil(np.array(FLAGGED_RATES) * len(ordered)).astype(int).clip(1) - 1
    rows = []
    for threshold in sorted({*ordered[last].tolist(), chosen}, reverse=True):
        row: dict[str, Any] = {"threshold": threshold, "chosen": threshold == chosen}
        for name, part in (("out_of_fold", out_of_fold), ("holdout", holdout)):
            point = operating_point(part.y_true, part.predicted, threshold, part.costs)
            row |= {f"{name}_{each}": getattr(point, each) for each in _ESTIMATED}
        rows.append(row)
    return pd.DataFrame(rows)


def operating_points(chosen: float, thresholds: FloatArray, out_of_fold: Rows) -> pd.DataFrame:
    """Return what many thresholds and the chosen one do to the out-of-fold rows, the highest first.

    Parameters
    ----------
    chosen : float
    thresholds : ndarray, shape (k,)
    out_of_fold : Rows
    """
    rows = []
    for threshold in sorted({*thresholds.tolist(), chosen}, reverse=True):
        point = operating_point(
            out_of_fold.y_true, out_of_fold.predicted, threshold, out_of_fold.costs
        )
        rows.append({"chosen": threshold == chosen, **asdict(point)})
    return pd.DataFrame(rows)
