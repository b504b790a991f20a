"""Prediction intervals from out-of-fold residuals: as wide as the errors of rows alike have been."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np

from assay.errors import GateError
from assay.metrics.core import FloatArray

# On average a bin has at least this many rows beyond each end of its interval.
_ROWS_BEYOND = 5


Limits = tuple[float | None, float | None]


@dataclass(frozen=True)
class IntervalRule:
    """What is added to a prediction for the ends of its interval, by where the prediction lies.

    Attributes
    ----------
    coverage : float
        Share of outcomes that intervals are to hold.
    edges : tuple of float
        Inner edges of the bins of predictions, ascending; a bin begins at its edge.
    low, high : tuple of float
        For each bin, what is added for the lower and the upper end.
    limits : tuple of float or None
        Below and above which no end lies; None for no limit.
    rationale : str
    """

    coverage: float
    edges: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    limits: Limits
    rationale: str

    def interval(self, y_pred: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the lower and the upper end for each prediction, two of shape (n,)."""
        index = np.searchsorted(np.array(self.edges), y_pred, side="right")
        least = -np.inf if self.limits[0] is None else self.limits[0]
        most = np.inf if self.limits[1] is None else self.limits[1]
        ends = (y_pred + np.array(self.low)[index], y_pred + np.array(self.high)[index])
        return np.clip(ends[0], least, most), np.clip(ends[1], least, most)

    def to_json(self) -> dict[str, Any]:
        """Return the content of `models/decision.json`; there is no threshold."""
        return {
            "applicable": False,
            "kind": "interval",
            "coverage": self.coverage,
            "edges": list(self.edges),
            "low": list(self.low),
            "high": list(self.high),
            "limits": list(self.limits),
            "rationale": self.rationale,
        }


def interval_rule_from_json(content: Mapping[str, Any]) -> IntervalRule:
    """Read back what `IntervalRule.to_json` gave."""
    return IntervalRule(
        content["coverage"],
        tuple(content["edges"]),
        tuple(content["low"]),
        tuple(content["high"]),
        (content["limits"][0], content["limits"][1]),
        content["rationale"],
    )


def fit_intervals(
    y_true: FloatArray,
    y_pred: FloatArray,
    coverage: float,
    bins: int,
    limits: Limits = (None, None),
) -> IntervalRule:
    """Fit prediction intervals to out-of-fold residuals.

    Each bin of predictions has its own ends, so that large predictions may have wider intervals. An end
    is the order statistic of the residuals that makes a new row's outcome fall beyond it with a
    probability of at most half of what coverage leaves, if rows are exchangeable.

    Parameters
    ----------
    y_true, y_pred : ndarray, shape (n,)
        Out-of-fold predictions only.
    coverage : float
        In (0, 1).
    bins : int
        Bins of equal count of the predictions; fewer where a bin would have too few rows.
    limits : tuple of float or None
        Between which the user knows every outcome to lie.

    Raises
    ------
    GateError
        If there are too few rows for the coverage.

    References
    ----------
    Vovk, Gammerman and Shafer 2005; Lei et al. 2018 (residuals); Bostrom and Johansson 2020 (bins).
    """
    tail = (1 - coverage) / 2
    # Rounding must not ask for a row more, as 1 / ((1 - 0.9) / 2) would.
    needed = ceil(1 / tail - 1e-9) - 1
    if len(y_true) < needed:
        raise GateError(
            f"threshold.interval_coverage of {coverage:g} needs at least {needed} out-of-fold rows, "
            f"got {len(y_true)}. Ask for less, or bring more rows."
        )
    edges = bin_edges(y_pred, min(bins, len(y_true) // (_ROWS_BEYOND * (needed + 1))), needed)
    index = np.searchsorted(edges, y_pred, side="right")
    residual = y_true - y_pred
    ends = [_ends(residual[index == number], tail) for number in range(len(edges) + 1)]
    rationale = (
        f"{coverage:.0%} intervals from the residuals of {len(y_true):,} out-of-fold rows, in "
        f"{len(edges) + 1} {'bins' if len(edges) else 'bin'} of the prediction."
    )
    return IntervalRule(
        coverage,
        tuple(edges.tolist()),
        tuple(low for low, _ in ends),
        tuple(high for _, high in ends),
        limits,
        rationale,
    )


def bin_edges(y_pred: FloatArray, bins: int, needed: int) -> FloatArray:
    """Return the inner edges of as many bins as have enough rows; equal predictions stay together.

    Parameters
    ----------
    y_pred : ndarray, shape (n,)
    bins : int
        How many bins there are at most.
    needed : int
        Rows that each must have.
    """
    above = y_pred[y_pred > y_pred.min()]
    for count in range(bins if len(above) else 1, 1, -1):
        edges = np.quantile(y_pred, np.linspace(0, 1, count + 1)[1:-1])
        # Many equal predictions at the lower end, such as zeros, have a bin without the others.
        edges = np.unique(np.maximum(edges, above.min()))
        rows = np.bincount(np.searchsorted(edges, y_pred, side="right"), minlength=len(edges) + 1)
        if rows.min() >= needed:
            return np.asarray(edges, dtype=float)
    return np.empty(0)


def _ends(residual: FloatArray, tail: float) -> tuple[float, float]:
    ordered, n = np.sort(residual), len(residual)
    # The k-th smallest of n has a new value below it with probability k / (n + 1).
    low = max(floor((n + 1) * tail + 1e-9), 1)
    high = min(ceil((n + 1) * (1 - tail) - 1e-9), n)
    return float(ordered[low - 1]), float(ordered[high - 1])


def coverage_of(rule: IntervalRule, y_true: FloatArray, y_pred: FloatArray) -> tuple[float, float]:
    """Return the share of outcomes within their intervals, and the mean width of these."""
    low, high = rule.interval(y_pred)
    return float(((y_true >= low) & (y_true <= high)).mean()), float((high - low).mean())
