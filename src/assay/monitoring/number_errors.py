"""How large errors of predicted numbers are, by where the prediction lies."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from assay.metrics.core import FloatArray
from assay.monitoring.binning import bin_edges, bins_of

METRICS = ("mae", "rmse", "r2", "median_absolute_error")
# Absolute errors of a bin are told by this many quantiles, evenly spaced.
_LEVELS = (np.arange(10) + 0.5) / 10
# Many bins, because rows of a batch may lie at one end of theirs, each with as many rows on average.
_BINS, _ROWS_OF_BIN = 30, 40
# Of fewer rows, a bin is taken to be as all rows are.
_FEWEST_ROWS = 20


def error_edges(predicted: FloatArray) -> FloatArray:
    """Return the bounds of the bins of out-of-fold predictions in which errors are told."""
    return bin_edges(predicted, max(1, min(_BINS, len(predicted) // _ROWS_OF_BIN)))


def number_errors(outcome: FloatArray, predicted: FloatArray, edges: FloatArray) -> dict[str, Any]:
    """Describe out-of-fold errors in each bin of predictions.

    Parameters
    ----------
    outcome, predicted : ndarray, shape (n,)
    edges : ndarray, shape (b - 1,)
        Bounds of the bins, from `assay.monitoring.binning.bin_edges`.

    Returns
    -------
    dict
        For each of `predicted`, `bias`, `absolute`, `square`, `absolute_sd`, `square_sd` a list of b means
        or standard deviations; `quantiles`, of absolute errors.
    """
    places = bins_of(predicted, edges)
    error = outcome - predicted
    told: dict[str, list[Any]] = {}
    for number in range(len(edges) + 1):
        inside = places == number
        if inside.sum() < _FEWEST_ROWS:
            inside = np.ones_like(inside)
        e, absolute = error[inside], np.abs(error[inside])
        facts = {
            "predicted": float(predicted[inside].mean()),
            "bias": float(e.mean()),
            "absolute": float(absolute.mean()),
            "square": float((e**2).mean()),
            "absolute_sd": float(absolute.std()),
            "square_sd": float((e**2).std()),
            "quantiles": np.quantile(absolute, _LEVELS).tolist(),
        }
        for name, value in facts.items():
            told.setdefault(name, []).append(value)
    return told


def scaled_errors(
    errors: dict[str, Any], outcome: FloatArray, predicted: FloatArray, edges: FloatArray
) -> dict[str, Any]:
    """Return errors by bin of the size that the holdout's have.

    Models of the folds learnt from fewer rows, or from older ones, than the model that is used. How errors
    grow with the prediction is theirs; how large they are is the holdout's.

    Parameters
    ----------
    errors : dict
        From `number_errors`.
    outcome, predicted : ndarray, shape (n,)
        Of the holdout.
    edges : ndarray
        Bounds of the bins.
    """
    bins = np.bincount(bins_of(predicted, edges), minlength=len(edges) + 1) / len(predicted)
    usual = float(bins @ np.array(errors["absolute"]))
    scale = float(np.abs(outcome - predicted).mean()) / usual if usual > 0 else 1.0
    power = {
        "bias": 1,
        "absolute": 1,
        "absolute_sd": 1,
        "quantiles": 1,
        "square": 2,
        "square_sd": 2,
    }
    scaled = {
        name: (np.array(errors[name]) * scale**times).tolist() for name, times in power.items()
    }
    return {**errors, **scaled, "scale": scale}


def number_surprises(
    outcome: FloatArray, predicted: FloatArray, edges: FloatArray
) -> dict[str, FloatArray]:
    """Return how much each row's error moved each metric from what its prediction let expect, (n,)."""
    told, places = number_errors(outcome, predicted, edges), bins_of(predicted, edges)
    error = np.abs(outcome - predicted)
    square = error**2 - np.array(told["square"])[places]
    return {
        "mae": error - np.array(told["absolute"])[places],
        "rmse": square,
        "r2": square,
        "median_absolute_error": (error > np.median(error)) - 0.5,
    }


def expected_of_numbers(
    name: str, bins: FloatArray, predicted_sd: float, errors: Mapping[str, Any]
) -> tuple[float, float]:
    """Return what a metric is expected to be, and its standard deviation for one row.

    Parameters
    ----------
    name : str
        One of `METRICS`.
    bins : ndarray, shape (b,)
        The share of the batch's rows in each bin of predictions.
    predicted_sd : float
        The standard deviation of the batch's predictions.
    errors : dict
        From `number_errors`.
    """

    def mean(of: str) -> float:
        return float(bins @ np.array(errors[of]))

    if name == "mae":
        return mean("absolute"), float((bins @ np.array(errors["absolute_sd"]) ** 2) ** 0.5)
    if name == "median_absolute_error":
        return _median(bins, np.array(errors["quantiles"]))
    square = mean("square")
    spread = float((bins @ np.array(errors["square_sd"]) ** 2) ** 0.5)
    if name == "rmse":
        root = square**0.5
        return root, spread / (2 * root) if root > 0 else 0.0
    bias, places = np.array(errors["bias"]), np.array(errors["predicted"])
    together = float(bins @ (bias * places)) - mean("bias") * mean("predicted")
    variance = predicted_sd**2 + 2 * together + square - mean("bias") ** 2
    if variance <= 0:
        return float("nan"), float("nan")
    return 1 - square / variance, spread / variance


def _median(bins: FloatArray, quantiles: FloatArray) -> tuple[float, float]:
    """Return the median of the bins' absolute errors together, and its deviation for one row."""
    bins, quantiles = bins[bins > 0], quantiles[bins > 0]
    values = quantiles.ravel()
    weights = np.repeat(bins / quantiles.shape[1], quantiles.shape[1])
    order = np.argsort(values, kind="stable")
    # Each quantile stands for as many rows below it as above.
    reached = np.cumsum(weights[order]) - weights[order] / 2
    low, middle, high = np.interp([0.4, 0.5, 0.6], reached, values[order])
    # The median's deviation is 0.5 over the density there: a fifth of the rows in this width.
    return float(middle), float(0.5 * (high - low) / 0.2)
