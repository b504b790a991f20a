"""What if a miss cost more or less than was said."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.costs import RowCosts
from assay.decisions.rows import BoolArray
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
        `miss_per_false_alarm` is the ratio of what misses cost on average, over positives, and false
        alarms, over negatives; `loss_per_1000` is what keeping
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
                "miss_per_false_alarm": _miss_per_false_alarm(scaled, y_true == 1),
                "threshold": float(curve.threshold[index]),
                "flagged_rate": float(curve.flagged_rate[index]),
                "cost_per_1000": 1000 * float(cost[index]),
                "cost_per_1000_kept": 1000 * kept,
                "loss_per_1000": 1000 * max(kept - float(cost[index]), 0.0),
            }
        )
    return pd.DataFrame(rows)


def _miss_per_false_alarm(costs: RowCosts, positive: BoolArray) -> float:
    """Return what a miss costs in false alarms, each beyond what being right costs.

    A row can be missed only if it is positive, and a false alarm only if it is negative: what the other
    error would cost there is of no account.
    """
    miss = (costs.false_negative - costs.true_positive)[positive]
    alarm = (costs.false_positive - costs.true_negative)[~positive]
    if not len(miss) or not len(alarm) or not alarm.mean():
        return np.nan
    return float(miss.mean()) / float(alarm.mean())
