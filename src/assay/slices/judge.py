"""Whether the model is worse on a slice than elsewhere, and worse than it says itself.

All slices and the whole holdout are resampled together, so that what they share cancels out. Rows may
depend on each other by their group and by their day: both are tried, and the less sure decides.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.gate import FEWEST_OF_A_CLASS
from assay.metrics.calibration import levels
from assay.metrics.catalogue import row_loss
from assay.metrics.core import FloatArray
from assay.periods import plans_of
from assay.slices.conditions import Mask, Slice
from assay.slices.measured import UNDECIDED, Measured, Measurer
from assay.slices.recalibrated import recalibrated_evidence
from assay.slices.resamples import deviation, means
from assay.uncertainty.bootstrap import Bootstrap, IntArray, Resampled
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


class Judge:
    """Judges slices of the holdout by one set of resamples, or two where it has days.

    Parameters
    ----------
    evidence : Evidence

    Attributes
    ----------
    periods : Periods or None
        What rows share beside their group, where the holdout has a time column.
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence, self.metric = evidence, evidence.metric
        holdout = evidence.holdout
        self.plans, self.periods = plans_of(evidence)
        self.recalibrated = recalibrated_evidence(evidence)
        self.measurer = Measurer(evidence, self.recalibrated, self.plans)
        self.outcome, self.level = levels(evidence.task.type, holdout.y_true, holdout.y_predicted)
        self.gap = self.level - self.outcome
        self.right = _right_levels(evidence, self.recalibrated)
        self.beyond = self.right - self.outcome
        self.beyonds = [means(weights, self.beyond) for weights in self.measurer.weights]
        self.loss = row_loss(evidence.task.type, holdout.y_true, holdout.y_predicted)
        self.whole = self.measurer.whole

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
        limit = 1 - self.plans[0].confidence
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
        inside = np.zeros(len(self.loss), dtype=bool)
        inside[rows] = True
        plans = [plan.within(inside) for plan in self.plans]
        units = [plan.units(len(rows)) for plan in plans]
        found = self.measurer.measured(rows)
        gap = float(self.gap[rows].mean())
        gaps = [means(w.take(rows, axis=1), self.gap[rows]) for w in self.measurer.weights]
        enough = len(rows) >= self.evidence.params.slice_min_rows
        decided = enough and self._enough_of_each_class(rows)
        worse = self.measurer.difference(found, units) if decided else UNDECIDED
        short = self.measurer.shortfall(found, units) if decided else UNDECIDED
        low, high = _widest(
            _interval(plan, found, each, len(rows)) for each, plan in enumerate(plans)
        )
        gap_low, gap_high = _widest(
            plan.interval(each, len(rows)) for plan, each in zip(plans, gaps, strict=True)
        )
        level_p_value = self._level_p_value(rows, plans)
        return told | {
            self.metric.name: found.value,
            "ci_low": low,
            "ci_high": high,
            **worse.told("difference"),
            "expected": self.measurer.assumed(found),
            **short.told("shortfall"),
            "mean_outcome": float(self.outcome[rows].mean()),
            "mean_prediction": float(self.level[rows].mean()),
            "calibration_gap": gap,
            "gap_ci_low": gap_low,
            "gap_ci_high": gap_high,
            "gap_p_value": self._gap_p_value(self.gap, self.level, rows, plans),
            "level_p_value": level_p_value,
            "mean_loss": float(self.loss[rows].mean()),
            "severity": max(short.t, worse.t, _t_of(level_p_value)),
        }

    def _level_p_value(self, rows: IntArray, plans: Sequence[Bootstrap]) -> float:
        """Return the p-value of a slice whose level is right, or off by no more than everywhere.

        Both are refuted by the larger of two p-values: of the predictions, and of predictions that are
        right on all rows. Neither is where these are off to different sides.
        """
        level, units = self.level[rows], [plan.units(len(rows)) for plan in plans]
        if min(units) < 2 or len(rows) < self.evidence.params.slice_min_rows:
            return float("nan")
        if self.evidence.task.type != "regression":
            likely = max(level.sum(), self.outcome[rows].sum())
            unlikely = max((1 - level).sum(), (1 - self.outcome[rows]).sum())
            if min(likely, unlikely) < FEWEST_OF_A_CLASS:
                return float("nan")
        beyond = float(self.beyond[rows].mean())
        if beyond * float(self.gap[rows].mean()) <= 0:
            return 1.0
        errors = [
            deviation(means(weights.take(rows, axis=1), self.beyond[rows]) - of_all)
            for weights, of_all in zip(self.measurer.weights, self.beyonds, strict=True)
        ]
        test = self.measurer.tested(abs(beyond), errors, units)
        if np.isnan(test.p_value):
            return 1.0
        return max(
            self._gap_p_value(self.gap, self.level, rows, plans),
            self._gap_p_value(self.beyond, self.right, rows, plans),
            min(2 * test.p_value, 1.0),
        )

    def _gap_p_value(
        self, gap: FloatArray, level: FloatArray, rows: IntArray, plans: Sequence[Bootstrap]
    ) -> float:
        """Return the p-value of a slice whose predictions are right on average.

        Few outcomes, or outcomes with a long tail, can look surer than they are: the errors of what
        happened, and of what may happen, are both tried.
        """
        p_value = max(zero_mean_p_value(gap[rows], plan.clusters) for plan in plans)
        if self.evidence.task.type == "regression":
            return max(p_value, self._plausible_p_value(float(gap[rows].mean()), rows))
        from scipy.special import ndtr

        error = float(np.sqrt((level[rows] * (1 - level[rows])).sum())) / len(rows)
        of_model = 2 * float(ndtr(-abs(gap[rows].mean()) / error)) if error > 0 else 1.0
        return max(p_value, of_model)

    def _plausible_p_value(self, gap: float, rows: IntArray) -> float:
        """Return the p-value of a mean by the variance and the skewness of residuals at near predictions.

        References
        ----------
        Pearson 1895 on the type III distribution, which has a sum's first three moments.
        """
        from scipy.stats import pearson3

        outcomes = self.measurer.plausible.outcomes[rows]
        residuals = outcomes - self.measurer.right[rows, None]
        off = residuals - residuals.mean()
        deviated = float(np.sqrt(np.mean(off**2)))
        if deviated <= 0:
            return 1.0
        skew = float(np.mean(off**3)) / deviated**3 / np.sqrt(len(rows))
        law = pearson3(skew)
        # Predicting too much is an actual mean that is too low.
        place = -gap / deviated * np.sqrt(len(rows))
        return float(min(2 * min(law.cdf(place), law.sf(place)), 1.0))

    def _enough_of_each_class(self, rows: IntArray) -> bool:
        """Say whether there are rows enough of what the metric tells apart; see `gate`."""
        task, holdout = self.evidence.task.type, self.evidence.holdout
        y_true, predicted = holdout.y_true[rows], holdout.y_predicted[rows]
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
            return "too few rows, rows of a class, errors, or days"
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
    surest = alarm.where(table["verdict"] == FAILS, table["difference_p_value"])
    surest = surest.where(table["verdict"] != AS_ELSEWHERE, np.fmin(alarm, surest)).fillna(1.0)
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


def _right_levels(evidence: Evidence, right: Evidence) -> FloatArray:
    """Return what recalibrated predictions expect, in the unit of `levels`."""
    predicted = right.holdout.y_predicted
    if evidence.task.type == "multiclass":
        top: FloatArray = predicted[
            np.arange(len(predicted)), evidence.holdout.y_predicted.argmax(axis=1)
        ]
        return top
    return predicted


def _t_of(p_value: float) -> float:
    """Return how many standard errors a two-sided p-value of many units stands for."""
    from scipy.special import ndtri

    return float(-ndtri(max(p_value, 1e-300) / 2)) if p_value < 1 else 0.0


def _interval(plan: Bootstrap, found: Measured, drawn: int, n: int) -> tuple[float, float]:
    """Return the interval of a metric by one way to draw; NaN where it tells nothing."""
    resampled = Resampled(found.value, found.resamples[drawn], np.empty(0))
    told = plan.summary(resampled, n)
    return (told.ci_low, told.ci_high) if told.method else (float("nan"), float("nan"))


def _widest(intervals: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the interval that holds all; NaN where one tells nothing."""
    lows, highs = zip(*intervals, strict=True)
    return float(np.min(lows)), float(np.max(highs))
