"""What if a miss cost more or less than was said."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.costs import RowCosts
from assay.metrics.core import FloatArray, LabelArray
from assay.thresholds import Ranking, known_cost, threshold_curve

# How many times as much a miss costs, by name.
FACTORS: Mapping[str, float] = {
    "quarter": 0.25,
    "half": 0.5,
    "same": 1.0,
    "double": 2.0,
    "fourfold": 4.0,
}


def cost_sensitivity(
    y_true: LabelArray, y_score: FloatArray, costs: RowCosts, chosen: float
) -> pd.DataFrame:
    """Return which threshold would cost least if a miss cost so many times as much.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
    y_score : ndarray, shape (n,)
        Out-of-fold scores only.
    costs : RowCosts
        Of the same rows. What a miss costs more than a hit is multiplied.
    chosen : float
        The threshold that is kept.

    Returns
    -------
    DataFrame
        `miss_per_false_alarm` is the ratio of the mean costs of both; `loss_per_1000` is what keeping
        the chosen threshold costs more than the best one would, at the multiplied costs.
    """
    ranking, rows = Ranking(y_score), []
    for factor in FACTORS.values():
        scaled = costs.with_misses_times(factor)
        curve = threshold_curve(y_true, y_score, scaled, ranking=ranking)
        cost = known_cost(curve)
        index = int(cost.argmin())
        kept = float(scaled.of_decisions(y_true, y_score >= chosen).mean())
        rows.append(
            {
                "factor": factor,
                "miss_per_false_alarm": _ratio(scaled),
                "threshold": float(curve.threshold[index]),
                "flagged_rate": float(curve.flagged_rate[index]),
                "cost_per_1000": 1000 * float(cost[index]),
                "cost_per_1000_kept": 1000 * kept,
                "loss_per_1000": 1000 * max(kept - float(cost[index]), 0.0),
            }
        )
    return pd.DataFrame(rows)


def _ratio(costs: RowCosts) -> float:
    """Return what a miss costs in false alarms, each beyond what being right costs."""
    alarm = _mean(costs.false_positive - costs.true_negative)
    miss = _mean(costs.false_negative - costs.true_positive)
    return miss / alarm if alarm else np.nan


def _mean(values: FloatArray) -> float:
    return float(values.mean())
