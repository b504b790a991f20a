"""What would happen if the predictions were right: outcomes that each row may have."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.evidence import Evidence
from assay.expected_loss import near_residuals
from assay.metrics.core import FloatArray, Metric, Statistic, TargetArray

PickArray = npt.NDArray[np.int8]

# Outcomes of a row where there are more than can be taken one by one.
_OUTCOMES = 5
# Classes that are taken one by one.
_MOST_CLASSES = 6


@dataclass(frozen=True)
class Plausible:
    """What each row's outcome may be, if its prediction is right.

    Attributes
    ----------
    outcomes : ndarray, shape (n, k)
    shares : ndarray, shape (n, k)
        The probability of each; the k of a row add up to 1.
    """

    outcomes: TargetArray
    shares: FloatArray

    def at(self, rows: npt.NDArray[np.int64]) -> "Plausible":
        """Return those of rows at positions."""
        return Plausible(self.outcomes[rows], self.shares[rows])

    def statistic(self, metric: Metric, predicted: FloatArray) -> Statistic:
        """Return a metric of all outcomes as a function of the weights of each, (b, n * k)."""
        k = self.outcomes.shape[1]
        return metric.statistic(self.outcomes.ravel(), np.repeat(predicted, k, axis=0))

    def spread(self, weights: FloatArray) -> FloatArray:
        """Return row weights (b, n) as weights of every outcome by its share, (b, n * k)."""
        spread: FloatArray = (weights[:, :, None] * self.shares).reshape(len(weights), -1)
        return spread

    def picked(self, picks: PickArray) -> FloatArray:
        """Return weights (b, n * k) that take one outcome of each row, by its number (b, n)."""
        chosen = picks[:, :, None] == np.arange(self.outcomes.shape[1], dtype=np.int8)
        weights: FloatArray = chosen.astype(float).reshape(len(picks), -1)
        return weights

    def draws(self, count: int, seed: int) -> PickArray:
        """Draw outcomes of all rows, shape (count, n): the number of each."""
        ends = np.cumsum(self.shares, axis=1)[:, :-1]
        rng = np.random.default_rng([seed, 2])
        drawn = np.empty((count, len(ends)), dtype=np.int8)
        for number in range(count):
            drawn[number] = (rng.uniform(size=len(ends))[:, None] >= ends).sum(axis=1)
        return drawn


def plausible_outcomes(evidence: Evidence) -> Plausible:
    """Return what the holdout's outcomes may be, by the model's own predictions.

    Classes have the predicted probabilities. A number has the residuals that out-of-fold predictions had
    where they were nearest to its own: of 200 of them, some are taken evenly by rank, other ones for each
    row, and scaled to the mean absolute residual of the holdout. So residuals may grow with the
    prediction, and have any distribution.
    """
    predicted, seed = evidence.holdout.y_predicted, evidence.task.seed
    if evidence.task.type == "binary":
        shares = np.column_stack([1 - predicted, predicted])
        return Plausible(np.tile([0, 1], (len(predicted), 1)), shares)
    if evidence.task.type == "multiclass":
        return _of_classes(predicted, seed)
    residuals = near_residuals(predicted, evidence.out_of_fold)
    ranks = _spread_places(len(predicted), seed) * residuals.shape[1]
    chosen = np.take_along_axis(residuals, ranks.astype(np.int64), axis=1)
    # Folds have fewer rows to learn from, or older ones: residuals are scaled to those of all rows.
    usual, actual = np.abs(chosen).mean(), np.abs(evidence.holdout.y_true - predicted).mean()
    scale = actual / usual if usual > 0 else 1.0
    return Plausible(predicted[:, None] + scale * chosen, np.full(chosen.shape, 1 / _OUTCOMES))


def _of_classes(predicted: FloatArray, seed: int) -> Plausible:
    n, k = predicted.shape
    if k <= _MOST_CLASSES:
        return Plausible(np.tile(np.arange(k), (n, 1)), predicted / predicted.sum(axis=1)[:, None])
    ends = np.cumsum(predicted, axis=1)
    places = _spread_places(n, seed) * ends[:, -1:]
    codes = np.array([np.searchsorted(e, p, "right") for e, p in zip(ends, places, strict=True)])
    return Plausible(np.minimum(codes, k - 1), np.full(codes.shape, 1 / _OUTCOMES))


def _spread_places(n: int, seed: int) -> FloatArray:
    """Return for each row places in [0, 1) at equal distances, with a start of its own: (n, _OUTCOMES)."""
    starts = np.random.default_rng([seed, 3]).uniform(size=(n, 1))
    return (np.arange(_OUTCOMES) + starts) / _OUTCOMES
