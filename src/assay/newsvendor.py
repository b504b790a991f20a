"""Which quantile to act on where too much and too little cost differently: the newsvendor's question."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from assay.conformal import Limits, bin_edges
from assay.costs import NumberCosts
from assay.metrics.core import FloatArray

# A bin has at least this many rows, and on average some beyond its quantile.
_FEWEST_ROWS, _ROWS_BEYOND = 20, 5
# Further out no number of rows is enough; the quantile is then that of fewer bins.
_LEAST_TAIL = 0.01


@dataclass(frozen=True)
class QuantileRule:
    """What is added to a prediction so that acting on it costs least, by where the prediction lies.

    Attributes
    ----------
    level : float
        The quantile of the outcome that is acted on, in [0, 1].
    edges : tuple of float
        Inner edges of the bins of predictions, ascending; a bin begins at its edge.
    shift : tuple of float
        For each bin, what is added.
    limits : tuple of float or None
        Between which every prediction lies; None for no limit.
    """

    level: float
    edges: tuple[float, ...]
    shift: tuple[float, ...]
    limits: Limits

    def shifted(self, y_pred: FloatArray) -> FloatArray:
        """Return the number to act on for each prediction, shape (n,)."""
        index = np.searchsorted(np.array(self.edges), y_pred, side="right")
        least = -np.inf if self.limits[0] is None else self.limits[0]
        most = np.inf if self.limits[1] is None else self.limits[1]
        acted_on: FloatArray = np.clip(y_pred + np.array(self.shift)[index], least, most)
        return acted_on

    def to_json(self) -> dict[str, Any]:
        """Return the member `quantile` of `models/decision.json`; limits are those of the intervals."""
        return {"level": self.level, "edges": list(self.edges), "shift": list(self.shift)}


def quantile_rule_from_json(decision: Mapping[str, Any]) -> QuantileRule:
    """Read the rule back from a decision of intervals that has one."""
    content, limits = decision["quantile"], decision["limits"]
    return QuantileRule(
        content["level"],
        tuple(content["edges"]),
        tuple(content["shift"]),
        (limits[0], limits[1]),
    )


def fit_quantile(
    y_true: FloatArray,
    y_pred: FloatArray,
    costs: NumberCosts,
    bins: int,
    limits: Limits = (None, None),
) -> QuantileRule:
    """Fit the shift of predictions whose errors cost least, in each bin of predictions.

    With the same costs for all rows it is the quantile under / (under + over) of the residuals. Where
    rows have their own, each residual counts as much as its two costs together, which is where the
    mean cost is least too.

    Parameters
    ----------
    y_true, y_pred : ndarray, shape (n,)
        Out-of-fold predictions only.
    costs : NumberCosts
        Of the same rows.
    bins : int
        Bins of equal count of the predictions; fewer where a bin would have too few rows.
    limits : tuple of float or None
        Between which the user knows every outcome to lie.

    References
    ----------
    Arrow, Harris and Marschak 1951, "Optimal Inventory Policy"; Koenker and Bassett 1978.
    """
    weight = float((costs.under + costs.over).sum())
    level = float(costs.under.sum()) / weight if weight else 0.5
    tail = max(min(level, 1 - level), _LEAST_TAIL)
    needed = max(_FEWEST_ROWS, ceil(1 / tail - 1e-9))
    edges = bin_edges(y_pred, min(bins, len(y_true) // (_ROWS_BEYOND * needed)), needed)
    index = np.searchsorted(edges, y_pred, side="right")
    residual = y_true - y_pred
    shift = []
    for number in range(len(edges) + 1):
        rows = index == number
        shift.append(_cheapest(residual[rows], costs.over[rows], costs.under[rows]))
    return QuantileRule(level, tuple(edges.tolist()), tuple(shift), limits)


def _cheapest(residual: FloatArray, over: FloatArray, under: FloatArray) -> float:
    """Return the residual q with the least sum of over * (q - r) below it and under * (r - q) above."""
    order = np.argsort(residual, kind="stable")
    reached = np.cumsum((over + under)[order])
    if not reached[-1]:
        # Errors of these rows cost nothing.
        return float(np.median(residual))
    # Rounding must not ask for a row more.
    index = int(np.searchsorted(reached, under.sum() - 1e-9 * reached[-1]))
    return float(residual[order][min(index, len(order) - 1)])
