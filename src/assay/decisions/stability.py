"""How much a threshold depends on the rows that it was chosen on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.costs import RowCosts
from assay.decisions.resampled import some_weights
from assay.metrics.core import FloatArray, LabelArray
from assay.thresholds import Ranking, Rule, best_points, threshold_curve
from assay.uncertainty.bootstrap import Bootstrap

# What a strategy seeks, of the attributes of a curve.
_SOUGHT: Mapping[str, str] = {
    "max_f1": "f1",
    "min_precision": "recall",
    "min_recall": "precision",
    "min_cost": "expected_cost",
}


@dataclass(frozen=True)
class Stability:
    """What the same strategy chooses on other samples of the rows.

    Ends are those of percentile intervals; what thresholds do is told for the rows as they are.

    Attributes
    ----------
    resamples : int
    threshold, flagged_rate : tuple of float
        Ends of the interval of the chosen threshold, and of what it flags.
    sought_name : str
        What the strategy seeks: "f1", "recall", "precision" or "expected_cost".
    sought : tuple of float
        Its value at the threshold that was chosen, and the ends of its interval.
    mean_regret : float or None
        For `min_cost`, how much more such a threshold costs per 1,000 rows, on average.
    infeasible_rate : float
        Samples on which no threshold meets the constraint.
    kept_rate : float or None
        Thresholds that meet the constraint on the rows as they are; None without one.
    """

    resamples: int
    threshold: tuple[float, float]
    flagged_rate: tuple[float, float]
    sought_name: str
    sought: tuple[float, float, float]
    mean_regret: float | None
    infeasible_rate: float
    kept_rate: float | None

    def to_json(self, threshold: float, flagged_rate: float) -> dict[str, Any]:
        """Return the scalars of `stability`, about the threshold that was chosen."""
        told: dict[str, Any] = {
            "applicable": True,
            "resamples": self.resamples,
            "threshold": _scalars(threshold, self.threshold),
            "flagged_rate": _scalars(flagged_rate, self.flagged_rate),
            "infeasible_rate": self.infeasible_rate,
            "sought": self.sought_name,
            self.sought_name: _scalars(self.sought[0], self.sought[1:]),
        }
        if self.mean_regret is not None:
            told |= {"mean_regret": self.mean_regret, "regret_in": "cost per 1,000 rows"}
        return told if self.kept_rate is None else told | {"constraint_kept_rate": self.kept_rate}


def _scalars(value: float, ends: tuple[float, float]) -> dict[str, float]:
    return {"value": value, "ci_low": ends[0], "ci_high": ends[1]}


def threshold_stability(
    y_true: LabelArray,
    y_score: FloatArray,
    costs: RowCosts | None,
    rule: Rule,
    bootstrap: Bootstrap,
) -> Stability | None:
    """Choose the threshold again on bootstrap samples of rows or groups.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
    y_score : ndarray, shape (n,)
        Out-of-fold scores only.
    costs : RowCosts or None
    rule : Rule
    bootstrap : Bootstrap
        Fewer resamples are drawn of very many rows.

    Returns
    -------
    Stability or None
        None where the threshold is fixed, or no sample has one.
    """
    if rule.strategy == "fixed":
        return None
    n, ranking = len(y_true), Ranking(y_score)
    found = np.concatenate(
        [
            best_points(threshold_curve(y_true, y_score, costs, weights, ranking), rule)
            for weights in some_weights(bootstrap, n)
        ]
    )
    index = found[found >= 0]
    if not len(index):
        return None
    whole = threshold_curve(y_true, y_score, costs, ranking=ranking)
    best, name = int(best_points(whole, rule)), _SOUGHT[rule.strategy]
    sought: FloatArray = getattr(whole, name)
    tail = (1 - bootstrap.confidence) / 2
    # Where there is a constraint, a threshold that does not keep it may well cost less.
    is_cost = rule.strategy == "min_cost"
    return Stability(
        len(found),
        _middle(ranking.threshold[index], tail),
        _middle(whole.flagged_rate[index], tail),
        name,
        (float(sought[best]), *_middle(sought[index], tail)),
        1000 * float((sought[index] - sought[best]).mean()) if is_cost else None,
        float((found < 0).mean()),
        _kept(whole.precision[index], whole.recall[index], rule),
    )


def _kept(precision: FloatArray, recall: FloatArray, rule: Rule) -> float | None:
    if rule.strategy == "min_precision":
        return float((precision >= rule.min_precision).mean())
    return float((recall >= rule.min_recall).mean()) if rule.strategy == "min_recall" else None


def _middle(values: FloatArray, tail: float) -> tuple[float, float]:
    # The chosen threshold is one of those that exist: no mean of two.
    low, high = np.quantile(values, [tail, 1 - tail], method="nearest")
    return float(low), float(high)
