"""Whether the model is worse on a slice than elsewhere, and worse than it says itself.

All slices and the whole holdout are resampled together, so that what they share cancels out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.gate import FEWEST_OF_A_CLASS
from assay.metrics.calibration import levels
from assay.metrics.catalogue import row_loss
from assay.metrics.core import FloatArray
from assay.slices.conditions import Mask, Slice
from assay.slices.expected import PickArray, Plausible, plausible_outcomes
from assay.slices.resamples import deviation, in_chunks, mean, means
from assay.uncertainty.bootstrap import IntArray, Resampled
from assay.uncertainty.many import holm_adjusted, zero_mean_p_value

FAILS, HARD, AS_ELSEWHERE, TOO_FEW = "fails", "hard", "as elsewhere", "too few"
# What a reason says of the metric, where it is not the level that is off.
FALLS_SHORT = "worse than its predictions expect"
VERDICTS = (FAILS, HARD, AS_ELSEWHERE, TOO_FEW)

# Metrics that rank or average classes, and so need rows of each that happened.
_OF_BOTH_CLASSES = frozenset({"roc_auc", "average_precision"})
_OF_EACH_CLASS = frozenset({"roc_auc_ovr", "balanced_accuracy", "f1_macro"})


def judged_columns(metric: str) -> tuple[str, ...]:
    """Return the columns of judged slices, in order."""
    return (
        *("feature", "slice", "kind", "cut", "n", "verdict", "why"),
        *(metric, "ci_low", "ci_high"),
        *("difference", "difference_ci_low", "difference_ci_high", "difference_p_value"),
        "expected",
        *("shortfall", "shortfall_ci_low", "shortfall_ci_high", "shortfall_p_value"),
        *("mean_outcome", "mean_prediction"),
        *("calibration_gap", "gap_ci_low", "gap_ci_high", "gap_p_value", "level_p_value"),
        "mean_loss",
    )


@dataclass(frozen=True)
class _Measured:
    """A metric of some rows, on the same resamples of all; what it would be if predictions were right."""

    value: float
    resamples: FloatArray
    expected: float
    expected_resamples: FloatArray
    simulated: FloatArray


@dataclass(frozen=True)
class _Test:
    """A number that is above 0 where the model is worse, with its interval and its p-value."""

    value: float
    low: float
    high: float
    p_value: float
    t: float


_UNDECIDED = _Test(np.nan, np.nan, np.nan, np.nan, 0.0)


class Judge:
    """Judges slices of the holdout by one set of resamples.

    Parameters
    ----------
    evidence : Evidence
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence, self.metric = evidence, evidence.metric
        holdout, self.plan = evidence.holdout, evidence.bootstrap
        self.y_true, self.predicted, n = holdout.y_true, holdout.y_predicted, len(holdout)
        self.weights = np.concatenate(list(self.plan.weights(n)))
        self.plausible: Plausible = plausible_outcomes(evidence)
        self.picks: PickArray = self.plausible.draws(self.plan.resamples, evidence.task.seed)
        self.outcome, self.level = levels(evidence.task.type, self.y_true, self.predicted)
        self.gap = self.level - self.outcome
        self.gaps = means(self.weights, self.gap)
        self.loss = row_loss(evidence.task.type, self.y_true, self.predicted)
        self.whole = self._measured(np.arange(n))

    def table(self, slices: Sequence[tuple[Slice, Mask]]) -> pd.DataFrame:
        """Judge slices, corrected for their number, in the order they are given.

        Returns
        -------
        DataFrame
            With the columns of `judged_columns`, and `severity`, by which `ranked` sorts. See
            docs/slices.md. Intervals are each for its slice alone; p-values are Holm's. What has no
            value is NaN.
        """
        rows = [self._row(each, np.flatnonzero(inside)) for each, inside in slices]
        table = pd.DataFrame(rows, columns=[*judged_columns(self.metric.name), "severity"])
        # What is an alarm is corrected together: falling short, and predicting too much or too little.
        alarms = table[["shortfall_p_value", "level_p_value"]].to_numpy(dtype=float)
        corrected = _corrected(alarms.ravel()).reshape(alarms.shape)
        table["shortfall_p_value"], table["level_p_value"] = corrected.T
        for name in ("difference_p_value", "gap_p_value"):
            table[name] = _corrected(table[name].to_numpy(dtype=float))
        limit = 1 - self.plan.confidence
        table["verdict"] = [
            _verdict(row, limit, len(self.loss)) for row in table.to_dict("records")
        ]
        table["why"] = [self._why(row, limit) for row in table.to_dict("records")]
        return table

    def _row(self, each: Slice, rows: IntArray) -> dict[str, Any]:
        told: dict[str, Any] = {"feature": each.feature, "slice": each.name, "kind": each.kind}
        told |= {"cut": each.cut, "n": len(rows), "verdict": "", "why": "", "severity": 0.0}
        if not len(rows):
            return told
        inside = np.zeros(len(self.y_true), dtype=bool)
        inside[rows] = True
        plan = self.plan.within(inside)
        units = plan.units(len(rows))
        found = self._measured(rows)
        metric = plan.summary(Resampled(found.value, found.resamples, np.empty(0)), len(rows))
        gap, gaps = (
            float(self.gap[rows].mean()),
            means(self.weights.take(rows, axis=1), self.gap[rows]),
        )
        enough = len(rows) >= self.evidence.params.slice_min_rows
        decided = enough and self._enough_of_each_class(rows)
        worse = self._difference(found, units) if decided else _UNDECIDED
        short = self._shortfall(found, units) if decided else _UNDECIDED
        gap_low, gap_high = plan.interval(gaps, len(rows))
        return told | {
            self.metric.name: found.value,
            "ci_low": metric.ci_low if metric.method else np.nan,
            "ci_high": metric.ci_high if metric.method else np.nan,
            **_told("difference", worse),
            "expected": self._assumed(found),
            **_told("shortfall", short),
            "mean_outcome": float(self.outcome[rows].mean()),
            "mean_prediction": float(self.level[rows].mean()),
            "calibration_gap": gap,
            "gap_ci_low": gap_low,
            "gap_ci_high": gap_high,
            "gap_p_value": self._gap_p_value(rows, plan.clusters),
            "level_p_value": self._level_p_value(gap, gaps, rows, units, plan.clusters),
            "mean_loss": float(self.loss[rows].mean()),
            "severity": max(short.t, worse.t),
        }

    def _measured(self, rows: IntArray) -> _Measured:
        y_true, predicted, plausible = (
            self.y_true[rows],
            self.predicted[rows],
            self.plausible.at(rows),
        )
        actual = self.metric.statistic(y_true, predicted)
        assumed = plausible.statistic(self.metric, predicted)
        weights, every = self.weights.take(rows, axis=1), np.ones((1, len(rows)))
        picks, cells = self.picks.take(rows, axis=1), plausible.shares.size
        simulated = in_chunks(lambda chunk: assumed(plausible.picked(chunk)), picks, cells)
        return _Measured(
            float(actual(every)[0]),
            in_chunks(actual, weights, len(rows)),
            mean(simulated),
            in_chunks(lambda chunk: assumed(plausible.spread(chunk)), weights, cells),
            simulated,
        )

    def _difference(self, found: _Measured, units: int) -> _Test:
        """Compare a slice with the whole: above 0 where it is worse."""
        sign = 1.0 if self.metric.greater_is_better else -1.0
        difference = sign * (self.whole.value - found.value)
        error = deviation(sign * (self.whole.resamples - found.resamples))
        return self._tested(difference, error, units)

    def _shortfall(self, found: _Measured, units: int) -> _Test:
        """Compare a slice with what its predictions say: above 0 where it is worse."""
        sign, whole = (1.0 if self.metric.greater_is_better else -1.0), self.whole
        short = sign * (self._assumed(found) - found.value)
        resampled = found.resamples - self._as_right(
            found.expected_resamples, whole.resamples, whole.expected_resamples
        )
        simulated = found.simulated - self._as_right(
            found.expected, whole.simulated, whole.expected
        )
        if self.evidence.task.type == "regression":
            simulated *= (self._best - whole.value) / (self._best - whole.expected)
        # Few rows of a class can look surer by chance than they would be if predictions were right.
        error = np.maximum(deviation(resampled), deviation(simulated))
        return self._tested(float(short), float(error), units)

    def _assumed(self, found: _Measured) -> float:
        """Return the metric of a slice, if its predictions were as right as those of all rows."""
        return float(self._as_right(found.expected, self.whole.value, self.whole.expected))

    def _as_right(self, expected: Any, whole: Any, of_whole: Any) -> Any:
        """Return what is expected of a slice, mended by what all rows miss what is expected of them.

        Of classes they miss it by a difference. Of numbers, whose residuals may be larger or smaller
        than they were out-of-fold, the distance to the best value is larger by a factor.
        """
        if self.evidence.task.type != "regression":
            return expected + whole - of_whole
        best = self._best
        return best - (best - expected) * (best - whole) / (best - of_whole)

    @property
    def _best(self) -> float:
        return 1.0 if self.metric.greater_is_better else 0.0

    def _tested(self, value: float, error: float, units: int) -> _Test:
        from scipy.special import stdtr, stdtrit

        if (
            units < 2
            or not np.isfinite([value, error]).all()
            or error <= 1e-12 * max(1.0, abs(value))
        ):
            return _UNDECIDED
        # Neither the spread of few units nor that of few resamples is known well.
        freedom = 1 / (1 / (units - 1) + 1 / (self.plan.resamples - 1))
        half, t = float(stdtrit(freedom, (1 + self.plan.confidence) / 2)) * error, value / error
        return _Test(value, value - half, value + half, float(stdtr(freedom, -t)), t)

    def _level_p_value(
        self, gap: float, gaps: FloatArray, rows: IntArray, units: int, clusters: IntArray | None
    ) -> float:
        """Return the p-value of a slice whose level is right, or off by no more than everywhere.

        Both are refuted by the larger of two p-values, and neither is where the slice is nearer to
        right than the whole.
        """
        level, whole = self.level[rows], float(self.gap.mean())
        if units < 2 or len(rows) < self.evidence.params.slice_min_rows:
            return float("nan")
        if self.evidence.task.type != "regression":
            likely = max(level.sum(), self.outcome[rows].sum())
            unlikely = max((1 - level).sum(), (1 - self.outcome[rows]).sum())
            if min(likely, unlikely) < FEWEST_OF_A_CLASS:
                return float("nan")
        beyond = self._tested(gap - whole, deviation(gaps - self.gaps), units)
        if not beyond.p_value >= 0 or gap * (gap - whole) <= 0:
            return 1.0
        of_whole = 2 * min(beyond.p_value, 1 - beyond.p_value)
        return max(self._gap_p_value(rows, clusters), of_whole)

    def _gap_p_value(self, rows: IntArray, clusters: IntArray | None) -> float:
        """Return the p-value of a slice whose predictions are right on average."""
        from scipy.special import ndtr

        p_value = zero_mean_p_value(self.gap[rows], clusters)
        if self.evidence.task.type == "regression":
            return p_value
        # Few outcomes can look surer than they are; those of right probabilities vary by this much.
        level = self.level[rows]
        error = float(np.sqrt((level * (1 - level)).sum())) / len(rows)
        of_model = 2 * float(ndtr(-abs(self.gap[rows].mean()) / error)) if error > 0 else 1.0
        return max(p_value, of_model)

    def _enough_of_each_class(self, rows: IntArray) -> bool:
        """Say whether there are rows enough of what the metric tells apart; see `gate`."""
        task, y_true, predicted = self.evidence.task.type, self.y_true[rows], self.predicted[rows]
        if task == "regression":
            return True
        if task == "binary":
            actual = np.bincount(y_true, minlength=2).astype(float)
            if self.metric.name not in _OF_BOTH_CLASSES:
                actual = np.maximum(actual, [(1 - predicted).sum(), predicted.sum()])
            return bool(actual.min() >= FEWEST_OF_A_CLASS)
        if self.metric.name in _OF_EACH_CLASS:
            actual = np.bincount(y_true, minlength=predicted.shape[1])
            happening = (actual > 0) | (predicted.sum(axis=0) >= 1)
            return bool(actual[happening].min() >= FEWEST_OF_A_CLASS)
        hits, sure = self.outcome[rows], self.level[rows]
        likely = max(hits.sum(), sure.sum()), max((1 - hits).sum(), (1 - sure).sum())
        return bool(min(likely) >= FEWEST_OF_A_CLASS)

    def _why(self, row: dict[Any, Any], limit: float) -> str:
        if row["n"] in {0, len(self.loss)}:
            return f"{'all rows' if row['n'] else 'no row'} of the holdout"
        if row["verdict"] == TOO_FEW:
            return "too few rows, rows of a class, or errors"
        if row["verdict"] == HARD:
            return (
                f"{self.metric.name} is worse than on all rows; its predictions expect "
                f"{row['expected']:.3g}"
            )
        reasons = []
        if row["shortfall_p_value"] < limit:
            reasons.append(f"{self.metric.name} is {FALLS_SHORT}")
        if row["level_p_value"] < limit:
            more = row["calibration_gap"] > 0
            words = ("too sure", "not sure enough") if self.evidence.task.type == "multiclass" else (
                "predicts too much", "predicts too little"
            )  # fmt: skip
            reasons.append(words[0] if more else words[1])
        return "; ".join(reasons)


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Sort judged slices: those that fail, those that are hard, the others; the surest first."""
    order = table["verdict"].map({name: number for number, name in enumerate(VERDICTS)})
    alarm = table[["shortfall_p_value", "level_p_value"]].min(axis=1)
    surest = alarm.where(table["verdict"] == FAILS, table["difference_p_value"]).fillna(1.0)
    keyed = table.assign(_order=order, _surest=surest)
    keyed = keyed.sort_values(
        ["_order", "_surest", "severity", "feature", "slice", "kind"],
        ascending=[True, True, False, True, True, True],
        ignore_index=True,
    )
    return keyed.drop(columns=["_order", "_surest", "severity"])


def _verdict(row: dict[Any, Any], limit: float, rows: int) -> str:
    if row["shortfall_p_value"] < limit or row["level_p_value"] < limit:
        return FAILS
    if row["n"] == rows:
        return AS_ELSEWHERE
    if np.isnan(row["shortfall_p_value"]) or np.isnan(row["difference_p_value"]):
        return TOO_FEW
    return HARD if row["difference_p_value"] < limit else AS_ELSEWHERE


def _corrected(p_values: FloatArray) -> FloatArray:
    """Correct those that there are by Holm's method."""
    known, corrected = np.isfinite(p_values), np.full(len(p_values), np.nan)
    corrected[known] = holm_adjusted(p_values[known])
    return corrected


def _told(name: str, test: _Test) -> dict[str, float]:
    return {
        name: test.value,
        f"{name}_ci_low": test.low,
        f"{name}_ci_high": test.high,
        f"{name}_p_value": test.p_value,
    }
