"""What a threshold does to rows with known outcomes. A row is flagged at or above it."""

from dataclasses import asdict, dataclass
from typing import Any

from assay.costs import RowCosts
from assay.metrics.core import FloatArray, LabelArray


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold with what it does to a set of rows.

    Attributes
    ----------
    threshold : float
    precision : float
        Right among flagged; 0 where nothing is flagged.
    recall : float
        Flagged among positive.
    f1 : float
        Harmonic mean of both.
    flagged_rate : float
        Flagged among all rows.
    expected_cost : float or None
        Mean cost per row; None where costs are not known.
    true_positive_count, false_positive_count, false_negative_count, true_negative_count : int
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    flagged_rate: float
    expected_cost: float | None
    true_positive_count: int
    false_positive_count: int
    false_negative_count: int
    true_negative_count: int

    def to_json(self) -> dict[str, Any]:
        """Return the point as a dictionary of scalars; what is not known is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def operating_point(
    y_true: LabelArray, y_score: FloatArray, threshold: float, costs: RowCosts | None
) -> OperatingPoint:
    """Return what a threshold does to rows with known outcomes.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
    y_score : ndarray, shape (n,)
    threshold : float
    costs : RowCosts or None
        Of the same rows.
    """
    flagged = y_score >= threshold
    positive = y_true == 1
    tp, fp = int((flagged & positive).sum()), int((flagged & ~positive).sum())
    fn, tn = int((~flagged & positive).sum()), int((~flagged & ~positive).sum())
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    return OperatingPoint(
        threshold=float(threshold),
        precision=precision,
        recall=recall,
        f1=2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0,
        flagged_rate=(tp + fp) / len(y_true),
        expected_cost=None if costs is None else float(costs.of_decisions(y_true, flagged).mean()),
        true_positive_count=tp,
        false_positive_count=fp,
        false_negative_count=fn,
        true_negative_count=tn,
    )
