"""Does the holdout bear out what the model predicts: calibration before and after the calibrator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.metrics.calibration import (
    BinArray,
    bin_error,
    brier_parts,
    calibration_line,
    equal_mass_bins,
    equal_width_bins,
    levels,
)
from assay.metrics.core import FloatArray, TargetArray
from assay.sections import TaskType
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.estimate import Estimate
from assay.uncertainty.rates import mean_estimate, rate_estimate

BINS = ("bin", "n", "mean_prediction", "mean_outcome", "ci_low", "ci_high")
TABLE = ("stage", "binning", *BINS)
# Sets of outcomes that a calibrated model could have had.
_NULL_DRAWS = 500
# Outcomes that are drawn at once.
_CHUNK_CELLS = 1_000_000


@dataclass(frozen=True)
class CalibrationStage:
    """The calibration of predictions at one stage: raw, or calibrated.

    Attributes
    ----------
    outcome, prediction : ndarray, shape (n,)
        What happened and what was expected, in one unit; see `levels`.
    bins : dict of str to DataFrame
        By binning, with the columns `BINS`.
    metrics : dict
        The scalars of `metrics/holdout.json`.
    verdict : str
        The answer in words.
    """

    outcome: FloatArray
    prediction: FloatArray
    bins: Mapping[str, pd.DataFrame]
    metrics: Mapping[str, Any]
    verdict: str


@dataclass(frozen=True)
class Calibration:
    """Calibration before and after the calibrator.

    Attributes
    ----------
    task : str
    method : str
        The calibrator; with "none" both stages are the same.
    stages : dict of str to CalibrationStage
        "raw" and "calibrated".
    """

    task: TaskType
    method: str
    stages: Mapping[str, CalibrationStage]

    def table(self) -> pd.DataFrame:
        """Return the bins of both stages and both binnings, with the columns `TABLE`."""
        parts = [
            bins.assign(stage=stage, binning=binning)
            for stage, found in self.stages.items()
            for binning, bins in found.bins.items()
        ]
        return pd.concat(parts, ignore_index=True)[list(TABLE)]

    def to_json(self) -> dict[str, Any]:
        """Return the scalars of `metrics/holdout.json`; not applicable are numbers, not probabilities."""
        return {
            "applicable": self.task != "regression",
            "of": OF[self.task],
            "method": self.method,
            **{name: dict(stage.metrics) for name, stage in self.stages.items()},
            "verdict": self.stages["calibrated"].verdict,
        }


OF: Mapping[TaskType, str] = {
    "binary": "probability of the positive class",
    "multiclass": "highest probability",
    "regression": "predicted number",
}


def judge_calibration(
    task: TaskType,
    y_true: TargetArray,
    raw: FloatArray,
    calibrated: FloatArray,
    method: str,
    bins: int,
    bootstrap: Bootstrap,
) -> Calibration:
    """Judge predictions before and after calibration on the same rows.

    Parameters
    ----------
    task : str
    y_true : ndarray, shape (n,)
    raw, calibrated : ndarray, shape (n,) or (n, k)
    method : str
        The calibrator between the two.
    bins : int
    bootstrap : Bootstrap
        How rows or groups are resampled.
    """
    before = _stage(task, *levels(task, y_true, raw), bins, bootstrap)
    same = np.array_equal(raw, calibrated)
    after = before if same else _stage(task, *levels(task, y_true, calibrated), bins, bootstrap)
    return Calibration(task, method, {"raw": before, "calibrated": after})


def reliability_bins(
    task: TaskType,
    outcome: FloatArray,
    prediction: FloatArray,
    index: BinArray,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return mean prediction and mean outcome of each bin that has rows, with intervals of the latter.

    Parameters
    ----------
    task : str
    outcome, prediction : ndarray, shape (n,)
        From `levels`.
    index : ndarray of int, shape (n,)
        The bin of each row.
    bootstrap : Bootstrap

    Returns
    -------
    DataFrame
        With the columns `BINS`.
    """
    rows = []
    for number in np.unique(index):
        inside = index == number
        plan = bootstrap.within(inside)
        estimate_of = mean_estimate if task == "regression" else rate_estimate
        mean = estimate_of(outcome[inside], plan)
        told = (float(prediction[inside].mean()), mean.value, mean.ci_low, mean.ci_high)
        rows.append((int(number), int(inside.sum()), *told))
    return pd.DataFrame(rows, columns=list(BINS))


def _stage(
    task: TaskType, outcome: FloatArray, prediction: FloatArray, bins: int, bootstrap: Bootstrap
) -> CalibrationStage:
    binnings = {"equal_mass": equal_mass_bins(prediction, bins)}
    if task != "regression":
        binnings = {"equal_width": equal_width_bins(prediction, bins), **binnings}
    gap = mean_estimate(prediction - outcome, bootstrap)
    metrics: dict[str, Any] = {"mean_gap": gap.to_json()}
    for name, index in binnings.items():
        null = null_errors(task, outcome, prediction, index, bootstrap)
        metrics[f"{name}_error"] = {
            "value": bin_error(outcome, prediction, index),
            "chance_mean": float(null.mean()),
            "chance_q95": float(np.quantile(null, 0.95)),
        }
    slope = None
    if task != "regression":
        metrics["brier"] = _brier(outcome, prediction, binnings["equal_mass"])
        line = calibration_line(outcome, prediction)
        if line is not None:
            slope = bootstrap.estimate(line.slope_of, len(outcome))
            metrics["line"] = {"intercept": line.intercept, "slope": slope.to_json()}
    tables = {
        name: reliability_bins(task, outcome, prediction, index, bootstrap)
        for name, index in binnings.items()
    }
    return CalibrationStage(
        outcome, prediction, tables, metrics, _verdict(task, metrics, gap, slope)
    )


def _brier(outcome: FloatArray, prediction: FloatArray, index: BinArray) -> dict[str, float]:
    parts = brier_parts(outcome, prediction, index)
    return {"value": parts.total, **vars(parts)}


def null_errors(
    task: TaskType,
    outcome: FloatArray,
    prediction: FloatArray,
    index: BinArray,
    bootstrap: Bootstrap,
) -> FloatArray:
    """Return the bin errors that a calibrated model would show on these rows by chance.

    An error over bins is never negative, so that a model without any has one too. Of probabilities of
    independent rows, outcomes are drawn from the probabilities. Numbers have no such distribution, and
    rows of a group are alike: there the residuals of each bin, centered, are given the sign of their
    unit (row, or group) by chance.

    Parameters
    ----------
    task : str
    outcome, prediction : ndarray, shape (n,)
        From `levels`.
    index : ndarray of int, shape (n,)
        The bin of each row.
    bootstrap : Bootstrap
        Its seed and its groups.

    Returns
    -------
    ndarray, shape (500,)

    References
    ----------
    Broecker and Smith 2007, "Increasing the reliability of reliability diagrams" (outcomes drawn);
    Cameron, Gelbach and Miller 2008, "Bootstrap-based improvements for inference with clustered errors"
    (signs of groups).
    """
    rng = np.random.default_rng([bootstrap.seed, 2])
    n, bins = len(prediction), int(index.max()) + 1
    if task == "regression" or bootstrap.clusters is not None:
        residual = prediction - outcome
        centered = (
            residual - (np.bincount(index, residual) / np.maximum(np.bincount(index), 1))[index]
        )
        units = np.arange(n) if bootstrap.clusters is None else bootstrap.clusters
        return _signed_errors(centered, index, units, rng) / n
    order = np.argsort(index, kind="stable")
    score, starts = prediction[order], np.searchsorted(index[order], np.arange(bins))
    starts = starts[np.bincount(index, minlength=bins) > 0]
    errors, rows = [], max(1, _CHUNK_CELLS // n)
    for start in range(0, _NULL_DRAWS, rows):
        drawn = rng.random((min(rows, _NULL_DRAWS - start), n)) < score
        errors.append(np.abs(np.add.reduceat(score - drawn, starts, axis=1)).sum(axis=1))
    found: FloatArray = np.concatenate(errors) / n
    return found


def _signed_errors(
    residual: FloatArray, index: BinArray, units: BinArray, rng: np.random.Generator
) -> FloatArray:
    """Return the bins' absolute sums under random signs of units, added up, for each draw."""
    count, bins = int(units.max()) + 1, int(index.max()) + 1
    sums = np.bincount(units * bins + index, residual, minlength=count * bins).reshape(count, bins)
    errors, rows = [], max(1, _CHUNK_CELLS // count)
    for start in range(0, _NULL_DRAWS, rows):
        size = min(rows, _NULL_DRAWS - start)
        signs = rng.integers(0, 2, size=(size, count)) * 2.0 - 1
        errors.append(np.abs(np.einsum("du,ub->db", signs, sums)).sum(axis=1))
    found: FloatArray = np.concatenate(errors)
    return found


def _verdict(
    task: TaskType, metrics: Mapping[str, Any], gap: Estimate, slope: Estimate | None
) -> str:
    """Say whether predictions are off by more than chance, and how."""
    error = metrics["equal_mass_error"]
    within_chance = error["value"] <= error["chance_q95"]
    how = []
    if gap.method and (gap.ci_low > 0 or gap.ci_high < 0):
        side = "high" if gap.value > 0 else "low"
        how.append(f"too {side} by about {abs(gap.value):.3g} on average")
    if slope is not None and slope.method and (slope.ci_high < 1 or slope.ci_low > 1):
        shape = "too extreme" if slope.value < 1 else "not extreme enough"
        how.append(f"{shape} (calibration slope {slope.value:.3g})")
    what = "predictions" if task == "regression" else "scores"
    if within_chance:
        told = f"{what} are no more miscalibrated than chance shows"
        return f"{told}, though {' and '.join(how)}" if how else told
    return f"{what} are more miscalibrated than chance shows: " + (
        " and ".join(how) or "in some bins, though not on average"
    )
