"""The honest choice of a calibrator: fitted on some folds, judged on another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.calibration.maps import (
    Calibrator,
    Clip,
    Identity,
    Isotonic,
    PerClass,
    Sigmoid,
    Temperature,
    log_odds,
)
from assay.metrics.catalogue import row_loss
from assay.metrics.core import FloatArray, LabelArray, Metric, TargetArray
from assay.sections import TaskParams


def fit_sigmoid(y_true: LabelArray, score: FloatArray) -> Calibrator:
    """Fit slope and intercept by maximum likelihood.

    A slope that is not positive would turn the ranking around; the scores are then left as they are.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(penalty=None, max_iter=1000)
    model.fit(log_odds(score)[:, None], y_true)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    return Sigmoid(slope, intercept) if slope > 0 else Identity()


def fit_isotonic(y_true: LabelArray, score: FloatArray) -> Calibrator:
    """Fit the non-decreasing step function with the least squared error.

    Probabilities are kept half a row away from 0 and 1, which a finite sample cannot establish.
    """
    from sklearn.isotonic import IsotonicRegression

    margin = 0.5 / len(y_true)
    model = IsotonicRegression(y_min=margin, y_max=1 - margin, out_of_bounds="clip")
    model.fit(score, y_true)
    return Isotonic(tuple(map(float, model.X_thresholds_)), tuple(map(float, model.y_thresholds_)))


def fit_temperature(y_true: LabelArray, y_prob: FloatArray) -> Calibrator:
    """Fit the temperature by maximum likelihood, between a tenth and ten."""
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        calibrated = Temperature(float(np.exp(log_temperature))).apply(y_prob)
        return float(row_loss("multiclass", y_true, calibrated).mean())

    bound = float(np.log(10))
    found = minimize_scalar(loss, bounds=(-bound, bound), method="bounded")
    return Temperature(float(np.exp(found.x)))


def _per_class(fit: Callable[[LabelArray, FloatArray], Calibrator]) -> "_Fit":
    def fit_each(y_true: LabelArray, y_prob: FloatArray) -> Calibrator:
        codes = range(y_prob.shape[1])
        return PerClass(tuple(fit((y_true == code).astype(int), y_prob[:, code]) for code in codes))

    return fit_each


_Fit = Callable[[LabelArray, FloatArray], Calibrator]
_BINARY: Mapping[str, _Fit] = {"sigmoid": fit_sigmoid, "isotonic": fit_isotonic}
_MULTICLASS: Mapping[str, _Fit] = {
    "sigmoid": _per_class(fit_sigmoid),
    "isotonic": _per_class(fit_isotonic),
    "temperature": fit_temperature,
}


@dataclass(frozen=True)
class CalibrationChoice:
    """A calibrator with the comparison that chose it.

    Attributes
    ----------
    method : str
        "none", or the name of a method.
    calibrator : Calibrator
        Fitted on all out-of-fold predictions.
    log_loss : dict
        Cross-fitted log loss of each method, "none" included, on the same rows; empty for a
        regression, which is clipped and not calibrated.
    cross_fitted : ndarray, shape (n,) or (n, k)
        The predictions, each calibrated by the method as fitted on other folds; as they are where
        those lack a class.
    """

    method: str
    calibrator: Calibrator
    log_loss: Mapping[str, float]
    cross_fitted: FloatArray

    def to_json(self) -> dict[str, Any]:
        """Return scalars for a metrics file."""
        return {
            "applicable": bool(self.log_loss),
            "method": self.method,
            **{f"cross_fitted_log_loss_{name}": loss for name, loss in self.log_loss.items()},
        }


def choose_calibrator(
    task: TaskParams,
    y_true: TargetArray,
    predicted: FloatArray,
    fold: npt.NDArray[np.integer[Any]],
    ordered: bool,
    methods: Sequence[str],
) -> CalibrationChoice:
    """Choose the calibrator with the lowest cross-fitted log loss, if that is no chance.

    It is kept only if it lowers the loss of no calibrator by more than the standard error of the
    difference over the rows: on few rows a step function lowers it by chance, and does harm later.

    Parameters
    ----------
    task : TaskParams
        A regression's predictions are clipped as it says.
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
        Out-of-fold predictions only.
    fold : ndarray of int, shape (n,)
        The fold that validated each row.
    ordered : bool
        If true, the calibrator that judges a fold is fitted on earlier folds only, and the first
        fold is not judged; otherwise on all other folds.
    methods : sequence of str
        From "sigmoid", "isotonic" and, for classes, "temperature".
    """
    if task.type == "regression":
        clipping = _clipping(task)
        method = "none" if isinstance(clipping, Identity) else "clip"
        return CalibrationChoice(method, clipping, {}, clipping.apply(predicted))
    fits = _MULTICLASS if task.type == "multiclass" else _BINARY
    tried = [name for name in methods if name in fits]
    rows = _cross_fitted_losses(
        {name: fits[name] for name in tried}, task, y_true, predicted, fold, ordered
    )
    losses = {name: float(loss.mean()) for name, loss in rows.items()}
    method = min(losses, key=losses.__getitem__) if losses else "none"
    if method != "none":
        gain = rows["none"] - rows[method]
        if gain.mean() <= gain.std(ddof=1) / np.sqrt(len(gain)):
            method = "none"
    if method == "none":
        return CalibrationChoice(method, Identity(), losses, predicted)
    fit = fits[method]
    return CalibrationChoice(
        method, fit(y_true, predicted), losses, _cross_fitted(fit, y_true, predicted, fold)
    )


def _cross_fitted(
    fit: "_Fit", y_true: LabelArray, predicted: FloatArray, fold: npt.NDArray[np.integer[Any]]
) -> FloatArray:
    """Calibrate each fold by a map that is fitted on all others, earlier or later.

    It chooses nothing: it keeps a decision from being made on rows that the map has learnt.
    """
    calibrated = np.array(predicted)
    for number in np.unique(fold):
        judged = fold == number
        # Without a row of some class there is no map of it.
        if len(np.unique(y_true[~judged])) < _class_count(predicted):
            continue
        calibrated[judged] = fit(y_true[~judged], predicted[~judged]).apply(predicted[judged])
    return calibrated


def clip(predicted: FloatArray, task: TaskParams) -> FloatArray:
    """Return a regression's numbers within the task's limits; anything else as it is."""
    return _clipping(task).apply(predicted) if task.type == "regression" else predicted


def clipped_metric(metric: Metric, task: TaskParams) -> Metric:
    """Return the metric of predictions as the task clips them, so that a search judges what ships."""

    def function(y_true: TargetArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
        return metric.function(y_true, clip(predicted, task), weights)

    return replace(metric, function=function)


def _clipping(task: TaskParams) -> Calibrator:
    if task.clip_low is None and task.clip_high is None:
        return Identity()
    return Clip(task.clip_low, task.clip_high)


def _cross_fitted_losses(
    fits: Mapping[str, _Fit],
    task: TaskParams,
    y_true: LabelArray,
    predicted: FloatArray,
    fold: npt.NDArray[np.integer[Any]],
    ordered: bool,
) -> dict[str, FloatArray]:
    """Return the loss of each judged row by method; the same rows for all."""
    parts: dict[str, list[FloatArray]] = {name: [] for name in ("none", *fits)}
    for number in np.unique(fold):
        judged = fold == number
        fitted = fold < number if ordered else ~judged
        if len(np.unique(y_true[fitted])) < _class_count(predicted):
            continue
        parts["none"].append(row_loss(task.type, y_true[judged], predicted[judged]))
        for name, fit in fits.items():
            probability = fit(y_true[fitted], predicted[fitted]).apply(predicted[judged])
            parts[name].append(row_loss(task.type, y_true[judged], probability))
    return {name: np.concatenate(losses) for name, losses in parts.items() if losses}


def _class_count(predicted: FloatArray) -> int:
    return predicted.shape[1] if predicted.ndim > 1 else 2
