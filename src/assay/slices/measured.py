"""A metric of some rows: as it is, on resamples of all rows, and if the predictions were right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.evidence import Evidence
from assay.metrics.core import FloatArray
from assay.slices.expected import PickArray, Plausible, plausible_outcomes
from assay.slices.resamples import deviation, in_chunks, mean
from assay.uncertainty.bootstrap import Bootstrap, IntArray


@dataclass(frozen=True)
class Measured:
    """A metric of some rows; what it would be if predictions were right.

    Attributes
    ----------
    value, expected : float
    resamples, expected_resamples : tuple of ndarray, each of shape (b,)
        On the resamples of each way to draw them.
    simulated : ndarray, shape (b,)
        Of outcomes that are drawn as expected.
    """

    value: float
    resamples: tuple[FloatArray, ...]
    expected: float
    expected_resamples: tuple[FloatArray, ...]
    simulated: FloatArray


@dataclass(frozen=True)
class Test:
    """A number that is above 0 where the model is worse, with its interval and its p-value."""

    value: float
    low: float
    high: float
    p_value: float
    t: float

    def told(self, name: str) -> dict[str, float]:
        """Return its columns."""
        return {
            name: self.value,
            f"{name}_ci_low": self.low,
            f"{name}_ci_high": self.high,
            f"{name}_p_value": self.p_value,
        }


UNDECIDED = Test(np.nan, np.nan, np.nan, np.nan, 0.0)


class Measurer:
    """Measures slices by one set of resamples for each way in which rows may depend on each other.

    Parameters
    ----------
    evidence : Evidence
    right : Evidence
        With predictions that are right on all rows: what they expect of the actual ones.
    plans : sequence of Bootstrap
        What may depend on each other, each of the holdout's rows. The least sure decides.
    """

    def __init__(self, evidence: Evidence, right: Evidence, plans: Sequence[Bootstrap]) -> None:
        self.metric, self.regression = evidence.metric, evidence.task.type == "regression"
        self.y_true, self.predicted = evidence.holdout.y_true, evidence.holdout.y_predicted
        self.plans, n = plans, len(evidence.holdout)
        self.weights = [np.concatenate(list(plan.weights(n))) for plan in plans]
        self.plausible: Plausible = plausible_outcomes(right)
        self.right = right.holdout.y_predicted
        self.picks: PickArray = self.plausible.draws(plans[0].resamples, evidence.task.seed)
        self.whole = self.measured(np.arange(n))

    def measured(self, rows: IntArray) -> Measured:
        """Measure the rows at positions."""
        y_true, predicted = self.y_true[rows], self.predicted[rows]
        plausible = self.plausible.at(rows)
        actual = self.metric.statistic(y_true, predicted)
        assumed = plausible.statistic(self.metric, predicted)
        weights, every = [w.take(rows, axis=1) for w in self.weights], np.ones((1, len(rows)))
        picks, cells = self.picks.take(rows, axis=1), plausible.shares.size
        simulated = in_chunks(lambda chunk: assumed(plausible.picked(chunk)), picks, cells)
        return Measured(
            float(actual(every)[0]),
            tuple(in_chunks(actual, each, len(rows)) for each in weights),
            mean(simulated),
            tuple(
                in_chunks(lambda chunk: assumed(plausible.spread(chunk)), each, cells)
                for each in weights
            ),
            simulated,
        )

    def difference(self, found: Measured, units: Sequence[int]) -> Test:
        """Compare a slice with the whole: above 0 where it is worse."""
        value = self._sign * (self.whole.value - found.value)
        pairs = zip(self.whole.resamples, found.resamples, strict=True)
        errors = [deviation(whole - of_slice) for whole, of_slice in pairs]
        return self.tested(value, errors, units)

    def shortfall(self, found: Measured, units: Sequence[int]) -> Test:
        """Compare a slice with what its predictions say: above 0 where it is worse."""
        whole = self.whole
        simulated = found.simulated - self._as_right(
            found.expected, whole.simulated, whole.expected
        )
        if self.regression:
            simulated = simulated * self._further(whole.value, whole.expected)
        # Few rows of a class can look surer by chance than they would be if predictions were right.
        least = deviation(simulated)
        errors = [
            max(deviation(found.resamples[plan] - self._resampled_as_right(found, plan)), least)
            for plan in range(len(self.plans))
        ]
        return self.tested(self._sign * (self.assumed(found) - found.value), errors, units)

    def assumed(self, found: Measured) -> float:
        """Return the metric of a slice, if its predictions were as right as those of all rows."""
        return float(self._as_right(found.expected, self.whole.value, self.whole.expected))

    def tested(self, value: float, errors: Sequence[float], units: Sequence[int]) -> Test:
        """Return the least sure of the t-tests of a value: one for each standard error and its units."""
        tests = [self._tested(value, *each) for each in zip(errors, units, strict=True)]
        if any(np.isnan(test.p_value) for test in tests):
            return UNDECIDED
        return Test(
            value,
            min(test.low for test in tests),
            max(test.high for test in tests),
            max(test.p_value for test in tests),
            min(test.t for test in tests),
        )

    def _tested(self, value: float, error: float, units: int) -> Test:
        from scipy.special import stdtr, stdtrit

        if (
            units < 2
            or not np.isfinite([value, error]).all()
            or error <= 1e-12 * max(1.0, abs(value))
        ):
            return UNDECIDED
        plan = self.plans[0]
        # Neither the spread of few units nor that of few resamples is known well.
        freedom = 1 / (1 / (units - 1) + 1 / (plan.resamples - 1))
        half, t = float(stdtrit(freedom, (1 + plan.confidence) / 2)) * error, value / error
        return Test(value, value - half, value + half, float(stdtr(freedom, -t)), t)

    def _resampled_as_right(self, found: Measured, plan: int) -> FloatArray:
        whole = self.whole
        right: FloatArray = self._as_right(
            found.expected_resamples[plan], whole.resamples[plan], whole.expected_resamples[plan]
        )
        return right

    def _as_right(self, expected: Any, whole: Any, of_whole: Any) -> Any:
        """Return what is expected of a slice, mended by what all rows miss what is expected of them.

        Of classes they miss it by a difference. Of numbers, whose residuals may be larger or smaller
        than they were out-of-fold, the distance to the best value is larger by a factor.
        """
        if not self.regression:
            return expected + whole - of_whole
        return self._best - (self._best - expected) * self._further(whole, of_whole)

    def _further(self, value: Any, expected: Any) -> Any:
        """Return how much further from the best a metric is than expected; NaN where that is the best."""
        apart = np.asarray(self._best - expected, dtype=float)
        undefined = np.full(np.broadcast(value, apart).shape, np.nan)
        return np.divide(self._best - value, apart, out=undefined, where=apart != 0)

    @property
    def _best(self) -> float:
        return 1.0 if self.metric.greater_is_better else 0.0

    @property
    def _sign(self) -> float:
        return 1.0 if self.metric.greater_is_better else -1.0
