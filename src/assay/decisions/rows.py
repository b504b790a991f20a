"""What a decision is made on, and how it is reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.costs import NumberCosts, RowCosts
from assay.metrics.core import FloatArray, TargetArray
from assay.uncertainty.bootstrap import Bootstrap, IntArray, IntervalKind

BoolArray = npt.NDArray[np.bool_]

# The data of plots, with their columns; every task writes all, and leaves empty what it has no use for.
TABLES: Mapping[str, tuple[str, ...]] = {
    "threshold": ("threshold", "precision", "recall", "f1", "flagged_rate"),
    "cost": ("threshold", "expected_cost"),
    "gain": ("acted_rate", "model_caught", "baseline_caught", "model_lift", "baseline_lift"),
    "value": ("acted_rate", "model_saved", "ci_low", "ci_high", "baseline_saved"),
    "confusion": ("actual", "predicted"),
    "rejection": ("decided_rate", "accuracy", "min_confidence"),
    "coverage": ("wanted_coverage", "measured_coverage", "mean_width"),
}
_OF_POINT = ("precision", "recall", "f1", "flagged_rate", "expected_cost")
# Reports, with their columns; empty where they do not apply.
REPORTS: Mapping[str, tuple[str, ...]] = {
    "thresholds": (
        "threshold",
        "chosen",
        *(f"out_of_fold_{name}" for name in _OF_POINT),
        *(f"holdout_{name}" for name in _OF_POINT),
    ),
    "operating_points": (
        *("threshold", "chosen", "true_positive_count", "false_positive_count"),
        *("false_negative_count", "true_negative_count", "expected_cost"),
    ),
    "cost_sensitivity": (
        "factor",
        "miss_per_false_alarm",
        "threshold",
        "flagged_rate",
        "cost_per_1000",
        "cost_per_1000_kept",
        "loss_per_1000",
    ),
    "value": (
        "option",
        "threshold",
        "acted_rate",
        *("value_per_1000", "ci_low", "ci_high"),
        *("gain_per_1000", "gain_ci_low", "gain_ci_high"),
    ),
}


@dataclass(frozen=True)
class Rows:
    """Outcomes and predictions of the same rows, with what acting on them costs.

    Attributes
    ----------
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
    baseline : ndarray, shape (n,) or (n, k), optional
        Predictions of the best baseline.
    costs : RowCosts, optional
        Of two classes; None where they are not known.
    number_costs : NumberCosts, optional
        Of numbers; None likewise.
    rule_holds : ndarray of bool, shape (n,), optional
        Where the rule of today says to act.
    clusters : ndarray of int, shape (n,), optional
        The group of each row, 0 to g - 1.
    """

    y_true: TargetArray
    predicted: FloatArray
    baseline: FloatArray | None = None
    costs: RowCosts | None = None
    number_costs: NumberCosts | None = None
    rule_holds: BoolArray | None = None
    clusters: IntArray | None = None


@dataclass(frozen=True)
class Resampling:
    """How intervals are made.

    Attributes
    ----------
    resamples : int
    confidence : float
        In (0, 1).
    seed : int
    kind : {"percentile", "bca"}
    """

    resamples: int
    confidence: float
    seed: int
    kind: IntervalKind = "percentile"

    def of(self, rows: Rows) -> Bootstrap:
        """Return the bootstrap of rows, or of their groups."""
        return Bootstrap(self.resamples, self.confidence, self.seed, rows.clusters, self.kind)


@dataclass(frozen=True)
class DecisionReport:
    """A decision with what it does.

    Attributes
    ----------
    decision : dict
        The content of `models/decision.json`.
    metrics : dict
        The content of `metrics/threshold.json`.
    rationale : str
    drawn : object
        What its figures show; see the module of its task.
    tables : dict of str to DataFrame
        By the names of `TABLES`.
    reports : dict of str to DataFrame
        By the names of `REPORTS`.
    warnings : dict of str to str
        What whoever acts must know, one sentence each, by a stable name.
    """

    decision: Mapping[str, Any]
    metrics: Mapping[str, Any]
    rationale: str
    drawn: Any
    tables: Mapping[str, pd.DataFrame]
    reports: Mapping[str, pd.DataFrame]
    warnings: Mapping[str, str] = field(default_factory=dict)


def completed(
    known: Mapping[str, pd.DataFrame], wanted: Mapping[str, Sequence[str]]
) -> dict[str, pd.DataFrame]:
    """Return every wanted table in order, with its columns; empty where it is not known."""
    return {
        name: known[name][list(columns)] if name in known else pd.DataFrame(columns=list(columns))
        for name, columns in wanted.items()
    }
