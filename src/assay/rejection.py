"""When to leave a class undecided: the confidence below which no decision is made."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.errors import GateError
from assay.metrics.core import FloatArray, LabelArray

# An accuracy of fewer decided rows than this is luck.
_FEWEST_DECIDED = 20


@dataclass(frozen=True)
class RejectionCurve:
    """What each confidence does to a set of rows, the highest first.

    Attributes
    ----------
    min_confidence, decided_rate, accuracy : ndarray, shape (m,)
        Rows whose highest probability is at least this are decided; the share of them, and how many of
        those are right. The last point decides all.
    """

    min_confidence: FloatArray
    decided_rate: FloatArray
    accuracy: FloatArray


@dataclass(frozen=True)
class ClassDecision:
    """The most probable class, or none below a confidence.

    Attributes
    ----------
    min_confidence : float
        0 decides every row.
    rationale : str
    labels : tuple
        In the order of their codes.
    """

    min_confidence: float
    rationale: str
    labels: tuple[Any, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the content of `models/decision.json`."""
        return {
            "applicable": True,
            "kind": "most_probable_class",
            "min_confidence": self.min_confidence,
            "rationale": self.rationale,
            "labels": list(self.labels),
        }


def rejection_curve(y_true: LabelArray, y_prob: FloatArray) -> RejectionCurve:
    """Return what each distinct confidence does.

    Parameters
    ----------
    y_true : ndarray of codes, shape (n,)
    y_prob : ndarray, shape (n, k)
    """
    confidence = y_prob.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    hits = np.cumsum((y_prob.argmax(axis=1) == y_true)[order])
    last = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    decided = last + 1
    return RejectionCurve(ordered[last], decided / len(y_true), hits[last] / decided)


def decide_classes(
    y_true: LabelArray,
    y_prob: FloatArray,
    accept_accuracy: float | None,
    unit: str,
    labels: tuple[Any, ...],
) -> ClassDecision:
    """Choose the lowest confidence whose decided rows are as accurate as wanted.

    Parameters
    ----------
    y_true : ndarray of codes, shape (n,)
    y_prob : ndarray, shape (n, k)
        Out-of-fold probabilities only, calibrated.
    accept_accuracy : float or None
        None decides every row.
    unit : str
        What one row is, for the rationale.
    labels : tuple

    Raises
    ------
    GateError
        If no confidence reaches the accuracy on at least 20 decided rows; the message has the best that
        is reachable.
    """
    curve = rejection_curve(y_true, y_prob)
    rows = f"{len(y_true):,} out-of-fold rows (one row is one {unit})"
    if accept_accuracy is None:
        return ClassDecision(
            0.0,
            "every row is decided: threshold.accept_accuracy is null "
            f"(accuracy {curve.accuracy[-1]:.3f} on {rows}).",
            labels,
        )
    enough = curve.decided_rate * len(y_true) >= min(_FEWEST_DECIDED, len(y_true)) - 0.5
    feasible = np.flatnonzero(enough & (curve.accuracy >= accept_accuracy))
    if not len(feasible):
        best = int(np.argmax(np.where(enough, curve.accuracy, -1.0)))
        raise GateError(
            f"threshold.accept_accuracy of {accept_accuracy:g} is out of reach: the highest accuracy "
            f"on out-of-fold rows is {curve.accuracy[best]:.3f}, with {curve.decided_rate[best]:.1%} "
            "of rows decided. Ask for less, or set it to null."
        )
    index = int(feasible[-1])
    rationale = (
        f"{curve.decided_rate[index]:.1%} of rows are decided, the most whose accuracy is at least "
        f"{accept_accuracy:g} ({curve.accuracy[index]:.3f}), on {rows}."
    )
    # Deciding everything needs no limit, which a new row could miss by chance.
    lowest = index == len(curve.accuracy) - 1
    return ClassDecision(0.0 if lowest else float(curve.min_confidence[index]), rationale, labels)


def decided_rates(
    y_true: LabelArray, y_prob: FloatArray, min_confidence: float
) -> dict[str, float | int]:
    """Return how many rows are decided, and how many of those are right, if any is decided."""
    decided = y_prob.max(axis=1) >= min_confidence
    hits = int((y_prob.argmax(axis=1) == y_true)[decided].sum())
    count = int(decided.sum())
    rates: dict[str, float | int] = {"decided_rate": count / len(y_true), "decided_count": count}
    return rates | {"accuracy": hits / count} if count else rates
