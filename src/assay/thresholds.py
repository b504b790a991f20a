"""Where a score becomes an action: operating points and the choice among them.

A row is flagged when its score is at or above the threshold. Candidate thresholds lie midway between
neighbouring scores, so that a score is never equal to the threshold that was chosen on it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.errors import GateError
from assay.metrics.core import FloatArray, LabelArray
from assay.sections import ThresholdParams


@dataclass(frozen=True)
class Costs:
    """What an error costs, in one unit; right decisions cost nothing."""

    false_positive: float
    false_negative: float


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
    expected_cost : float
        Mean cost per row.
    true_positive_count, false_positive_count, false_negative_count, true_negative_count : int
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    flagged_rate: float
    expected_cost: float
    true_positive_count: int
    false_positive_count: int
    false_negative_count: int
    true_negative_count: int

    def to_json(self) -> dict[str, Any]:
        """Return the point as a dictionary of scalars."""
        return asdict(self)


@dataclass(frozen=True)
class ThresholdCurve:
    """Every distinct operating point of a set of rows, thresholds descending.

    Attributes
    ----------
    threshold, precision, recall, f1, flagged_rate, expected_cost : ndarray, shape (k,)
        As in `OperatingPoint`; the first point flags nothing, the last one everything.
    """

    threshold: FloatArray
    precision: FloatArray
    recall: FloatArray
    f1: FloatArray
    flagged_rate: FloatArray
    expected_cost: FloatArray


@dataclass(frozen=True)
class Decision:
    """A chosen threshold and why.

    Attributes
    ----------
    threshold : float
    strategy : str
    rationale : str
        One sentence with the figures that decided.
    labels : tuple
        What a row is called below the threshold, and at or above it.
    out_of_fold : OperatingPoint
        What the threshold does to the rows that it was chosen on.
    """

    threshold: float
    strategy: str
    rationale: str
    labels: tuple[Any, ...]
    out_of_fold: OperatingPoint

    def to_json(self) -> dict[str, Any]:
        """Return the content of `models/decision.json`."""
        return {"applicable": True, "kind": "threshold", **asdict(self)}


@dataclass(frozen=True)
class ThresholdReport:
    """What a decision does on the holdout, beside what else could be done.

    Attributes
    ----------
    decision : Decision
    holdout : OperatingPoint
        At the chosen threshold.
    alternatives : dict of str to OperatingPoint
        On the same rows: "at_one_half", "flag_all" and "flag_none".
    y_true : ndarray of {0, 1}, shape (n,)
    flagged : ndarray of bool, shape (n,)
    """

    decision: Decision
    holdout: OperatingPoint
    alternatives: Mapping[str, OperatingPoint]
    y_true: LabelArray
    flagged: npt.NDArray[np.bool_]

    def to_json(self) -> dict[str, Any]:
        """Return the scalars of `metrics/threshold.json`."""
        return {
            "applicable": True,
            "strategy": self.decision.strategy,
            "threshold": self.decision.threshold,
            "out_of_fold": self.decision.out_of_fold.to_json(),
            "holdout": self.holdout.to_json(),
            **{f"holdout_{name}": point.to_json() for name, point in self.alternatives.items()},
        }

    def labelled(self, labels: tuple[Any, ...]) -> pd.DataFrame:
        """Return `actual` and `predicted` of each row as labels, for a confusion matrix."""
        names = np.array([str(label) for label in labels], dtype=object)
        return pd.DataFrame(
            {"actual": names[self.y_true], "predicted": names[self.flagged.astype(int)]}
        )


@dataclass(frozen=True)
class Rule:
    """A strategy with the values it may need.

    Attributes
    ----------
    strategy : str
        "fixed", "max_f1", "min_precision", "min_recall" or "min_cost".
    fixed, min_precision, min_recall : float
        In [0, 1].
    costs : Costs
    """

    strategy: str
    fixed: float
    min_precision: float
    min_recall: float
    costs: Costs


def operating_point(
    y_true: LabelArray, y_score: FloatArray, threshold: float, costs: Costs
) -> OperatingPoint:
    """Return what a threshold does to rows with known outcomes.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
    y_score : ndarray, shape (n,)
    threshold : float
    costs : Costs
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
        expected_cost=(costs.false_positive * fp + costs.false_negative * fn) / len(y_true),
        true_positive_count=tp,
        false_positive_count=fp,
        false_negative_count=fn,
        true_negative_count=tn,
    )


def threshold_curve(y_true: LabelArray, y_score: FloatArray, costs: Costs) -> ThresholdCurve:
    """Return every distinct operating point of the rows.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
        With at least one positive.
    y_score : ndarray, shape (n,)
        In [0, 1].
    costs : Costs
    """
    order = np.argsort(-y_score, kind="stable")
    scores, outcomes = y_score[order], y_true[order] == 1
    last_of_group = np.flatnonzero(np.r_[scores[1:] != scores[:-1], True])
    tp = np.r_[0, np.cumsum(outcomes)[last_of_group]].astype(float)
    flagged = np.r_[0, last_of_group + 1].astype(float)
    positives, n = float(outcomes.sum()), len(y_true)
    fp, fn = flagged - tp, positives - tp
    precision = np.divide(tp, flagged, out=np.zeros_like(tp), where=flagged > 0)
    return ThresholdCurve(
        threshold=_between(scores[last_of_group]),
        precision=precision,
        recall=tp / positives,
        f1=2 * tp / (flagged + positives),
        flagged_rate=flagged / n,
        expected_cost=(costs.false_positive * fp + costs.false_negative * fn) / n,
    )


def _between(scores: FloatArray) -> FloatArray:
    """Return thresholds above, midway between, and at the bottom of descending distinct scores."""
    top = (scores[0] + 1) / 2 if scores[0] < 1 else np.nextafter(1.0, 2.0)
    middle = (scores[:-1] + scores[1:]) / 2
    # Between neighbouring floats there is no midpoint; the upper one flags itself.
    middle = np.where(middle > scores[1:], middle, scores[:-1])
    thresholds: FloatArray = np.r_[top, middle, 0.0]
    return thresholds


def curve_points(curve: ThresholdCurve, count: int) -> ThresholdCurve:
    """Return at most `count` points of a curve, evenly spaced by rank, both ends among them."""
    keep = np.unique(np.linspace(0, len(curve.threshold) - 1, count).round().astype(int))
    return ThresholdCurve(**{name: values[keep] for name, values in vars(curve).items()})


def rule_from_params(params: ThresholdParams) -> Rule:
    """Return the rule that the section `threshold` describes."""
    return Rule(
        params.strategy,
        params.fixed,
        params.min_precision,
        params.min_recall,
        Costs(
            *(
                cost if isinstance(cost, float) else 1.0
                for cost in (params.costs.false_positive, params.costs.false_negative)
            )
        ),
    )


def decide(
    y_true: LabelArray, y_score: FloatArray, rule: Rule, unit: str, labels: tuple[Any, ...]
) -> Decision:
    """Choose the operating point that the strategy asks for.

    Of equally good points the one that flags least is taken.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
    y_score : ndarray, shape (n,)
        Out-of-fold scores only, calibrated, in [0, 1].
    rule : Rule
    unit : str
        What one row is, for the rationale.
    labels : tuple
        The target's values, the negative one first.

    Raises
    ------
    GateError
        If no point meets the strategy's constraint; the message has the best that is reachable.
    """
    threshold, rationale = choose_threshold(y_true, y_score, rule, unit)
    point = operating_point(y_true, y_score, threshold, rule.costs)
    return Decision(threshold, rule.strategy, rationale, labels, point)


def choose_threshold(
    y_true: LabelArray, y_score: FloatArray, rule: Rule, unit: str
) -> tuple[float, str]:
    """Return the threshold and its rationale; see `decide`."""
    if rule.strategy == "fixed":
        return rule.fixed, f"fixed: {rule.fixed:g} was given in threshold.fixed."
    curve = threshold_curve(y_true, y_score, rule.costs)
    index = _best_index(curve, rule)
    rows = f"{len(y_true):,} out-of-fold rows (one row is one {unit})"
    figures = (
        f"precision {curve.precision[index]:.3f}, recall {curve.recall[index]:.3f}, "
        f"{curve.flagged_rate[index]:.1%} flagged"
    )
    reasons = {
        "max_f1": f"F1 is highest there, {curve.f1[index]:.3f}",
        "min_precision": (
            f"recall is highest among points with a precision of at least {rule.min_precision:g}"
        ),
        "min_recall": (
            f"precision is highest among points with a recall of at least {rule.min_recall:g}"
        ),
        "min_cost": (
            f"a false positive costs {rule.costs.false_positive:g} and a false negative "
            f"{rule.costs.false_negative:g}; the mean cost per row is lowest there, "
            f"{curve.expected_cost[index]:.3f}"
        ),
    }
    rationale = f"{rule.strategy}: {reasons[rule.strategy]} ({figures}), on {rows}."
    return float(curve.threshold[index]), rationale


def report_decision(
    decision: Decision, y_true: LabelArray, y_score: FloatArray, costs: Costs
) -> ThresholdReport:
    """Report what a decision does on rows that had no part in it.

    Parameters
    ----------
    decision : Decision
    y_true : ndarray of {0, 1}, shape (n,)
    y_score : ndarray, shape (n,)
        Holdout scores.
    costs : Costs
    """
    # No score reaches 2, and every score reaches 0.
    alternatives = {"at_one_half": 0.5, "flag_all": 0.0, "flag_none": 2.0}
    return ThresholdReport(
        decision,
        operating_point(y_true, y_score, decision.threshold, costs),
        {name: operating_point(y_true, y_score, t, costs) for name, t in alternatives.items()},
        y_true,
        y_score >= decision.threshold,
    )


def _best_index(curve: ThresholdCurve, rule: Rule) -> int:
    if rule.strategy == "max_f1":
        return int(np.argmax(curve.f1))
    if rule.strategy == "min_cost":
        return int(np.argmin(curve.expected_cost))
    if rule.strategy == "min_recall":
        feasible = curve.recall >= rule.min_recall
        # Flagging everything has recall 1, so some point is always feasible.
        return int(np.argmax(np.where(feasible, curve.precision, -1.0)))
    feasible = (curve.precision >= rule.min_precision) & (curve.flagged_rate > 0)
    if not feasible.any():
        best = int(np.argmax(curve.precision))
        raise GateError(
            f"threshold.min_precision of {rule.min_precision:g} is out of reach: the highest "
            f"precision on out-of-fold rows is {curve.precision[best]:.3f}, at threshold "
            f"{curve.threshold[best]:.3f} with recall {curve.recall[best]:.3f}. "
            "Ask for less, or choose another strategy."
        )
    return int(np.argmax(np.where(feasible, curve.recall, -1.0)))
