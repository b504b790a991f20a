"""What a learning curve says: over- or underfitting, and what twice the rows would bring.

Everything here is in gains: a metric in the direction in which more is better, so that a loss is
turned around.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from assay.metrics.core import FloatArray
from assay.search.board import Standing, difference
from assay.search.engine import SearchProblem
from assay.search.learning_curve import LearningCurve, learning_curve
from assay.search.selection import SearchResult
from assay.search.words import learning_words
from assay.uncertainty.estimate import Estimate
from assay.uncertainty.folds import corrected_difference, corrected_error

# What one doubling brings is at least this part of what the one before brought, and at most all of it:
# power laws with exponents from 1 down to 0.
_SLOWEST, _FASTEST = 1.0, 0.5
_RATIOS = np.linspace(_FASTEST, _SLOWEST, 101)
# With two sizes there is one gain, and no ratio: that of the exponent 1/2.
_ASSUMED_RATIO = 0.5**0.5
# A model that carries less than this part of its gain over to other rows has learnt more of its own.
_LEAST_CARRIED = 0.5


class Doubling(NamedTuple):
    """What the last doubling of the rows brought, and what the next one would.

    Attributes
    ----------
    last : Estimate
    following : Estimate
    exponent : float
        c of the power law a - b n^-c.
    """

    last: Estimate
    following: Estimate
    exponent: float


def next_doubling(
    levels: FloatArray,
    train_rows: Sequence[int],
    validation_rows: Sequence[int],
    confidence: float,
    best: float = np.inf,
) -> Doubling:
    """Estimate what twice the rows would bring, from a curve whose sizes are halves of each other.

    A power law a - b n^-c, with c from 0 to 1, is fitted to the fold means by least squares, each
    weighted by its rows; under it what a doubling brings shrinks by the factor 2^-c each time. Its
    next gain is shrunk towards 0 by 1 - (error / last gain)^2, the positive-part rule of James and
    Stein, where the error is the corrected standard error of the last gain: what may be noise promises
    nothing. The interval takes that of the last gain, which under diminishing returns is an upper
    bound of the next; its lower end is halved (c = 1), neither end is below 0, and none leads beyond
    the best level that there is.

    Parameters
    ----------
    levels : ndarray, shape (k, sizes)
        The metric of each fold as a gain, all rows first, then half of them, and so on; at least two
        sizes.
    train_rows, validation_rows : sequence of int, length k
        Rows of each fold.
    confidence : float
    best : float
        The best level that the metric has: 1 of a score, 0 of a loss.

    References
    ----------
    Viering and Loog 2023, "The Shape of Learning Curves: A Review", IEEE TPAMI 45.
    Nadeau and Bengio 2003, "Inference for the Generalization Error", Machine Learning 52.
    """
    gains = levels[:, 0] - levels[:, 1]
    last = corrected_difference(gains.tolist(), train_rows, validation_rows, confidence)
    error = corrected_error(gains, train_rows, validation_rows)
    fitted, ratio = _power_law_gain(levels.mean(axis=0))
    kept = max(0.0, 1 - (error / last.value) ** 2) if last.value > 0 else 0.0
    room = max(best - float(levels[:, 0].mean()), 0.0)
    low, high = np.clip([last.ci_low * _FASTEST, last.ci_high], 0.0, room).tolist()
    value = float(np.clip(kept * fitted, low, high))
    method = "power law, within the corrected resampled t of the last doubling"
    following = Estimate(value, low, high, method, last.n)
    return Doubling(last, following, float(-np.log2(ratio)))


def _power_law_gain(curve: FloatArray) -> tuple[float, float]:
    """Return the next gain under a power law, and the ratio of one gain to the one before."""
    steps = np.arange(len(curve))
    weights = 0.5**steps
    ratios = _RATIOS if len(curve) > 2 else np.array([_ASSUMED_RATIO])
    found = []
    for ratio in ratios:
        # Below the whole by as many gains as there are halvings, each larger than the one after it.
        deficit = np.concatenate([[0.0], np.cumsum(ratio ** -steps[1:].astype(float))])
        x = deficit - np.average(deficit, weights=weights)
        y = curve - np.average(curve, weights=weights)
        gain = max(-float((weights * x * y).sum() / (weights * x * x).sum()), 0.0)
        found.append((float((weights * (y + gain * x) ** 2).sum()), gain, float(ratio)))
    _, gain, ratio = min(found)
    return gain, ratio


def chart_learning(
    problem: SearchProblem, search: SearchResult, sizes: int, report: Callable[[str], None]
) -> tuple[LearningCurve, dict[str, Any]]:
    """Return the learning curve of the model that a search chose, and what it says.

    Parameters
    ----------
    problem : SearchProblem
    search : SearchResult
    sizes : int
        Of the training set; 0 for no curve.
    report : callable
        Takes one line of progress.
    """
    curve = learning_curve(problem, search.estimator, sizes, report)
    chosen = next(one for one in search.board if one.scores is search.chosen)
    summary = learning_summary(problem, curve, search.board, chosen)
    if summary["applicable"]:
        report(f"learning curve: {learning_words(summary)}")
    return curve, summary


def learning_summary(
    problem: SearchProblem, curve: LearningCurve, board: Sequence[Standing], chosen: Standing
) -> dict[str, Any]:
    """Return the scalars of `learning_curve` in `metrics/train.json`.

    Parameters
    ----------
    problem : SearchProblem
    curve : LearningCurve
        Of the chosen model.
    board : sequence of Standing
    chosen : Standing
    """
    if curve.by_fold.empty:
        return {"applicable": False}
    train, validation = curve.scores("train"), curve.scores("validation")
    sizes = [(len(fitted), len(judged)) for fitted, judged in problem.folds.split()]
    train_rows, judged_rows = [fitted for fitted, _ in sizes], [judged for _, judged in sizes]
    gap = corrected_difference(
        _gains(problem, train[:, 0], validation[:, 0]).tolist(),
        train_rows,
        judged_rows,
        problem.confidence,
    )
    own, other = (
        _mean_gain(problem, scores[:, 0], curve.constant[:, column])
        for column, scores in enumerate((train, validation))
    )
    above = _above_and_more_complex(board, chosen)
    better = _better_beyond_noise(problem, above, chosen)
    summary: dict[str, Any] = {
        "applicable": True,
        "metric": problem.metric.name,
        "confidence": problem.confidence,
        "greater_is_better": problem.metric.greater_is_better,
        "size_count": train.shape[1],
        "rows": float(np.mean(train_rows)),
        "groups_whole": curve.groups_whole,
        "time_ordered": problem.folds.ordered,
        "train_score": float(train[:, 0].mean()),
        "validation_score": float(validation[:, 0].mean()),
        "constant_score": float(curve.constant[:, 1].mean()),
        "constant_own_score": float(curve.constant[:, 0].mean()),
        "gap": gap.to_json(),
    }
    summary["verdict"] = verdict(own, other, gap, better is not None)
    summary["underfitting_judged"] = bool(above)
    if summary["verdict"] in ("overfits", "underfits", "neither"):
        summary["carried_over"] = other / own
    if better is not None:
        summary["better_model"] = better[0]
        summary["better_by"] = better[1].to_json()
    if train.shape[1] > 1:
        levels = _gains(problem, validation, np.zeros_like(validation))
        best = 1.0 if problem.metric.greater_is_better else 0.0
        doubling = next_doubling(levels, train_rows, judged_rows, problem.confidence, best)
        summary["last_doubling_gain"] = doubling.last.to_json()
        # Rows are not what a model lacks that is worse than none.
        if summary["verdict"] != "worse than a constant":
            summary |= {
                "next_doubling_gain": doubling.following.to_json(),
                "exponent": doubling.exponent,
            }
    return summary


def verdict(own: float, other: float, gap: Estimate, flexible_is_better: bool) -> str:
    """Say whether a model fits its own rows too well, or not well enough.

    - `worse than a constant`: on other rows a constant prediction is better.
    - `overfits`: the gap between its own rows and others is no noise (its interval lies above 0), and
      less than half of its gain over a constant prediction carries over from its own rows to others.
    - `underfits`: a model on the board that holds more numbers is better, beyond noise (the interval
      of the difference lies above 0). The best model on the board cannot be shown to.
    - `learns nothing`: it gains nothing over a constant prediction, on its own rows either.
    - `neither`.

    Parameters
    ----------
    own, other : float
        Gain over a constant prediction, on the rows it was fitted on and on others.
    gap : Estimate
        How much better it is on its own rows.
    flexible_is_better : bool
        Whether there is such a model on the board.
    """
    if other < 0:
        return "worse than a constant"
    if own > 0 and gap.ci_low > 0 and other < _LEAST_CARRIED * own:
        return "overfits"
    if flexible_is_better and own > 0:
        return "underfits"
    return "neither" if own > 0 else "learns nothing"


def _mean_gain(problem: SearchProblem, scores: FloatArray, constant: FloatArray) -> float:
    """Return the mean gain over a constant prediction; what rounding leaves of none is none."""
    gain = float(_gains(problem, scores, constant).mean())
    return 0.0 if abs(gain) <= 1e-12 * float(np.abs([scores, constant]).max()) else gain


def _above_and_more_complex(board: Sequence[Standing], chosen: Standing) -> list[Standing]:
    """Return the models that stand above the chosen one and hold more; see `Complexity.order`."""
    held = chosen.cost.complexity
    above = board[: next(rank for rank, one in enumerate(board) if one is chosen)]
    return [
        one
        for one in above
        if held and one.cost.complexity and one.cost.complexity.order > held.order
    ]


def _better_beyond_noise(
    problem: SearchProblem, above: Sequence[Standing], chosen: Standing
) -> tuple[str, Estimate] | None:
    """Return the first of some models that is better beyond noise, and by how much."""
    for standing in above:
        gain, _ = difference(problem, standing.scores, chosen.scores)
        if gain.ci_low > 0:
            return standing.scores.label, gain
    return None


def _gains(problem: SearchProblem, better: FloatArray, than: FloatArray) -> FloatArray:
    sign = problem.metric.gain(1.0, than=0.0)
    gains: FloatArray = sign * (better - than)
    return gains
