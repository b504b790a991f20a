"""What a metric is: a number for each of many weightings of the rows at once.

A bootstrap resample is a vector of counts, so every metric takes weights of shape (b, n) and returns
b values. What does not depend on the weights (a sort, the losses of rows) is done once for all of them.
Without weights the result is scikit-learn's, which the tests compare to; where scikit-learn would
divide by nearly nothing (MAPE of an outcome of 0), or has no answer (a class without rows), the
docstring says what is done.

What is judged has one shape per task: the probability of the positive class (n,), the probabilities of
all classes (n, k), or predicted numbers (n,).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
# Classes as codes 0 to k - 1, or numbers, by task.
TargetArray = npt.NDArray[Any]
LabelArray = npt.NDArray[np.integer]  # type: ignore[type-arg]

# Below this distance from 0 and 1 a logarithm would make one row outweigh all others; it is the
# machine epsilon of float64, as in scikit-learn's log_loss.
PROBABILITY_MARGIN = float(np.finfo(np.float64).eps)

MetricFunction = Callable[..., FloatArray]
# Row weights (b, n) to values (b,).
Statistic = Callable[[FloatArray], FloatArray]


class Prepared:
    """A metric function that knows which part of its work does not depend on the weights.

    Attributes
    ----------
    prepare : callable
        `(y_true, predicted) -> statistic`, which takes weights (b, n) and gives b values.
    """

    def __init__(self, prepare: Callable[[Any, Any], Statistic]) -> None:
        update_wrapper(self, prepare)
        self.prepare = prepare

    def __call__(
        self, y_true: TargetArray, predicted: FloatArray, weights: FloatArray
    ) -> FloatArray:
        """Return the metric for each weighting."""
        return self.prepare(y_true, predicted)(weights)


def mean_of_rows(loss: Callable[[Any, Any], FloatArray]) -> Prepared:
    """Return the metric that is the weighted mean of what `loss` gives for each row."""

    def prepare(y_true: TargetArray, predicted: FloatArray) -> Statistic:
        values = loss(y_true, predicted)
        return lambda weights: ratio(weighted_sums(weights, values), weights.sum(axis=1))

    update_wrapper(prepare, loss)
    return Prepared(prepare)


@dataclass(frozen=True)
class Metric:
    """A metric with the direction in which it is better.

    Attributes
    ----------
    name : str
        Its key in metrics files.
    function : callable
        `(y_true, predicted, weights) -> values`; NaN where it is not defined.
    greater_is_better : bool
        Its direction.
    resamplable : bool
        Whether a bootstrap of rows tells its uncertainty. Not that of the calibration error: it is
        never negative, so resampling only adds to it, and its interval would miss a true 0.
    signed : bool
        Whether it can lie on both sides of 0, which is best. A gain is then one in distance to 0,
        and has no interval for the reason above.
    """

    name: str
    function: MetricFunction
    greater_is_better: bool
    resamplable: bool = True
    signed: bool = False

    def value(self, y_true: TargetArray, predicted: FloatArray) -> float:
        """Return the metric of unweighted rows."""
        return float(self.function(y_true, predicted, np.ones((1, len(y_true))))[0])

    def statistic(self, y_true: TargetArray, predicted: FloatArray) -> Statistic:
        """Return the metric of these rows as a function of their weights alone."""
        if isinstance(self.function, Prepared):
            return self.function.prepare(y_true, predicted)
        return lambda weights: self.function(y_true, predicted, weights)

    def gain(self, better: float, than: float) -> float:
        """Return how much better one value is than another; positive is better."""
        if self.signed:
            return abs(than) - abs(better)
        return better - than if self.greater_is_better else than - better


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide, giving NaN where the denominator is zero."""
    result: FloatArray = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def weighted_sums(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Return the sum of values, (n,) or (b, n), under each weighting (b, n), shape (b,).

    Unlike those of a matrix product, its bits do not depend on how many weightings stand together,
    where both are contiguous by row: `take` gives that, and `[:, rows]` does not.
    """
    sums: FloatArray = (weights * values).sum(axis=1)
    return sums


def binned_gap(
    outcome: FloatArray, score: FloatArray, weights: FloatArray, bins: int
) -> FloatArray:
    """Return the mean over equal-width bins of |mean score - observed rate|, weighted by rows.

    References
    ----------
    Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities".
    """
    gap = np.zeros(len(weights))
    index = np.minimum((score * bins).astype(int), bins - 1)
    for number in np.unique(index):
        inside = index == number
        # |weighted sum of (score - outcome)| is the bin's weight times its gap.
        gap += np.abs(weights[:, inside] @ (score[inside] - outcome[inside]))
    return ratio(gap, weights.sum(axis=1))
