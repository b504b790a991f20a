"""Where a score becomes an action: the curve of operating points and the choice among them.

A row is flagged when its score is at or above the threshold. Candidate thresholds lie midway between
neighbouring scores, so that a score is never equal to the threshold that was chosen on it.

There is one threshold for all rows, also where each row has costs of its own: it is the one whose mean
cost is lowest. A threshold per row from the row's own costs (Elkan 2001; Bahnsen et al. 2014) is not
built: it would need the costs of every row that is scored, and probabilities that are right row by row.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.costs import RowCosts, told_costs
from assay.errors import GateError, counted
from assay.metrics.core import FloatArray, LabelArray
from assay.operating_point import OperatingPoint, operating_point
from assay.sections import ThresholdParams


@dataclass(frozen=True)
class ThresholdCurve:
    """Every distinct operating point of a set of rows, thresholds descending.

    Attributes
    ----------
    threshold : ndarray, shape (k,)
    precision, recall, f1, flagged_rate : ndarray, shape (k,), or (b, k) for b weightings of the rows
        As in `OperatingPoint`; the first point flags nothing, the last one everything.
    expected_cost : ndarray of the same shape, or None
        None where costs are not known.
    """

    threshold: FloatArray
    precision: FloatArray
    recall: FloatArray
    f1: FloatArray
    flagged_rate: FloatArray
    expected_cost: FloatArray | None


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
        point = self.out_of_fold.to_json()
        return {"applicable": True, "kind": "threshold", **asdict(self), "out_of_fold": point}


@dataclass(frozen=True)
class Rule:
    """A strategy with the values it may need.

    Attributes
    ----------
    strategy : str
        "fixed", "max_f1", "min_precision", "min_recall" or "min_cost".
    fixed, min_precision, min_recall : float
        In [0, 1].
    costs_told : str
        What errors cost, in words, for `min_cost`.
    """

    strategy: str
    fixed: float
    min_precision: float
    min_recall: float
    costs_told: str = ""


def rule_from_params(params: ThresholdParams) -> Rule:
    """Return the rule that the section `threshold` describes."""
    return Rule(
        params.strategy,
        params.fixed,
        params.min_precision,
        params.min_recall,
        "" if params.costs.false_positive is None else told_costs(params.costs),
    )


class Ranking:
    """Rows by descending score, to be cut at every distinct one.

    Parameters
    ----------
    y_score : ndarray, shape (n,)
        In [0, 1].

    Attributes
    ----------
    threshold : ndarray, shape (k,)
        One for each cut; the first flags nothing, the last one everything.
    """

    def __init__(self, y_score: FloatArray) -> None:
        self._order = np.argsort(-y_score, kind="stable")
        scores = y_score[self._order]
        self._last = np.flatnonzero(np.r_[scores[1:] != scores[:-1], True])
        self.threshold = _between(scores[self._last])

    def flagged_sum(self, values: FloatArray) -> FloatArray:
        """Return the sum of a value over the rows that each cut flags.

        Parameters
        ----------
        values : ndarray, shape (n,) or (b, n)

        Returns
        -------
        ndarray, shape (k,) or (b, k)
            Ascending in flagged rows; 0 first.
        """
        sums = np.cumsum(values[..., self._order], axis=-1)[..., self._last]
        return np.concatenate([np.zeros((*sums.shape[:-1], 1)), sums], axis=-1)


def threshold_curve(
    y_true: LabelArray,
    y_score: FloatArray,
    costs: RowCosts | None,
    weights: FloatArray | None = None,
    ranking: Ranking | None = None,
) -> ThresholdCurve:
    """Return every distinct operating point of the rows.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
        With at least one positive.
    y_score : ndarray, shape (n,)
        In [0, 1].
    costs : RowCosts or None
        Of the same rows.
    weights : ndarray, shape (b, n), optional
        How often each row counts, for b curves at once; once by default, for one.
    ranking : Ranking, optional
        Of the scores, where it is there already.
    """
    ranking = ranking or Ranking(y_score)
    weight = np.ones(len(y_true)) if weights is None else weights
    tp, flagged = ranking.flagged_sum(weight * (y_true == 1)), ranking.flagged_sum(weight)
    positives, n = tp[..., -1:], flagged[..., -1:]
    expected_cost = None
    if costs is not None:
        left = costs.of_leaving(y_true)
        change = ranking.flagged_sum(weight * (costs.of_acting(y_true) - left))
        expected_cost = ((weight * left).sum(axis=-1, keepdims=True) + change) / n
    return ThresholdCurve(
        threshold=ranking.threshold,
        precision=_ratio(tp, flagged),
        recall=_ratio(tp, positives),
        f1=_ratio(2 * tp, flagged + positives),
        flagged_rate=flagged / n,
        expected_cost=expected_cost,
    )


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return a ratio, and 0 where there is nothing to divide by."""
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _between(scores: FloatArray) -> FloatArray:
    """Return thresholds above, midway between, and at the bottom of descending distinct scores."""
    top = (scores[0] + 1) / 2 if scores[0] < 1 else np.nextafter(1.0, 2.0)
    middle = (scores[:-1] + scores[1:]) / 2
    # Between neighbouring floats there is no midpoint; the upper one flags itself.
    middle = np.where(middle > scores[1:], middle, scores[:-1])
    thresholds: FloatArray = np.r_[top, middle, 0.0]
    return thresholds


def curve_points(curve: ThresholdCurve, count: int) -> pd.DataFrame:
    """Return at most `count` points of a curve, evenly spaced by rank, both ends among them.

    The columns are the curve's attributes; without known costs there is none of them.
    """
    keep = np.unique(np.linspace(0, len(curve.threshold) - 1, count).round().astype(int))
    known = {name: values for name, values in vars(curve).items() if values is not None}
    return pd.DataFrame({name: values[keep] for name, values in known.items()})


def decide(
    y_true: LabelArray,
    y_score: FloatArray,
    rule: Rule,
    unit: str,
    labels: tuple[Any, ...],
    costs: RowCosts | None,
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
    costs : RowCosts or None
        Of the same rows; `min_cost` needs them.

    Raises
    ------
    GateError
        If no point meets the strategy's constraint; the message has the best that is reachable.
    """
    threshold, rationale = choose_threshold(y_true, y_score, rule, unit, costs)
    point = operating_point(y_true, y_score, threshold, costs)
    return Decision(threshold, rule.strategy, rationale, labels, point)


def choose_threshold(
    y_true: LabelArray, y_score: FloatArray, rule: Rule, unit: str, costs: RowCosts | None
) -> tuple[float, str]:
    """Return the threshold and its rationale; see `decide`."""
    if rule.strategy == "fixed":
        return rule.fixed, f"fixed: {rule.fixed:g} was given in threshold.fixed."
    curve = threshold_curve(y_true, y_score, costs)
    index = int(best_points(curve, rule))
    if index < 0:
        best = int(np.argmax(curve.precision))
        raise GateError(
            f"threshold.min_precision of {rule.min_precision:g} is out of reach: the highest "
            f"precision on out-of-fold rows is {curve.precision[best]:.3f}, at threshold "
            f"{curve.threshold[best]:.3f} with recall {curve.recall[best]:.3f}. "
            "Ask for less, or choose another strategy."
        )
    n = len(y_true)
    figures = (
        f"precision {curve.precision[index]:.3f}, recall {curve.recall[index]:.3f}, "
        f"{curve.flagged_rate[index]:.1%} flagged"
    )
    rationale = (
        f"{rule.strategy}: {_reason(curve, index, rule, n)} ({figures}), on {n:,} out-of-fold rows "
        f"(one row is one {unit})."
    )
    return float(curve.threshold[index]), rationale


def _reason(curve: ThresholdCurve, index: int, rule: Rule, n: int) -> str:
    if rule.strategy == "max_f1":
        return f"F1 is highest there, {curve.f1[index]:.3f}"
    if rule.strategy == "min_recall":
        return f"precision is highest among points with a recall of at least {rule.min_recall:g}"
    if rule.strategy == "min_precision":
        flagged = round(float(curve.flagged_rate[index]) * n)
        return (
            f"recall is highest among points with a precision of at least {rule.min_precision:g}, "
            f"which rests on {counted(flagged, 'flagged row')}"
        )
    # Sums may leave nothing as a little less than nothing.
    cost = round(float(known_cost(curve)[index]), 3) + 0.0
    return f"{rule.costs_told}; the mean cost per row is lowest there, {cost:.3f}"


def best_points(curve: ThresholdCurve, rule: Rule) -> npt.NDArray[np.int64]:
    """Return the index of the point that a strategy takes, for each weighting of the rows.

    Parameters
    ----------
    curve : ThresholdCurve
        Of one weighting or of b.
    rule : Rule
        Any strategy but "fixed".

    Returns
    -------
    ndarray of int, shape () or (b,)
        -1 where no point meets the constraint.
    """
    if rule.strategy == "max_f1":
        return np.asarray(curve.f1.argmax(axis=-1))
    if rule.strategy == "min_cost":
        return np.asarray(known_cost(curve).argmin(axis=-1))
    if rule.strategy == "min_recall":
        # Flagging everything has recall 1, so some point is always feasible.
        feasible = curve.recall >= rule.min_recall
        return np.asarray(np.where(feasible, curve.precision, -1.0).argmax(axis=-1))
    feasible = (curve.precision >= rule.min_precision) & (curve.flagged_rate > 0)
    best = np.where(feasible, curve.recall, -1.0).argmax(axis=-1)
    return np.where(feasible.any(axis=-1), best, -1)


def known_cost(curve: ThresholdCurve) -> FloatArray:
    """Return the expected cost of each point.

    Raises
    ------
    GateError
        If costs are not known.
    """
    if curve.expected_cost is None:
        raise GateError(
            "threshold.strategy min_cost needs to know what errors cost. Set "
            "threshold.costs.false_positive and false_negative, or choose another strategy."
        )
    return curve.expected_cost
