"""Metrics of predicted numbers, in the target's unit unless said otherwise."""

import numpy as np

from assay.metrics.core import FloatArray, Metric, MetricFunction, ratio


def mean_absolute_error(y_true: FloatArray, y_pred: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean of |error|."""
    return ratio(weights @ row_absolute_error(y_true, y_pred), weights.sum(axis=1))


def row_absolute_error(y_true: FloatArray, y_pred: FloatArray) -> FloatArray:
    """|error| of each row, shape (n,)."""
    error: FloatArray = np.abs(y_pred - y_true)
    return error


def root_mean_squared_error(
    y_true: FloatArray, y_pred: FloatArray, weights: FloatArray
) -> FloatArray:
    """Root of the mean squared error."""
    return np.sqrt(ratio(weights @ (y_pred - y_true) ** 2, weights.sum(axis=1)))


def r2(y_true: FloatArray, y_pred: FloatArray, weights: FloatArray) -> FloatArray:
    """Share of the variance that is explained; NaN where all outcomes are equal."""
    total = weights.sum(axis=1)
    # Shifted by a constant, so that large outcomes do not cancel.
    shifted = y_true - y_true.mean()
    mean = ratio(weights @ shifted, total)
    spread = weights @ shifted**2 - total * mean**2
    # What is left of equal outcomes is rounding.
    spread = np.where(spread > 1e-12 * (weights @ shifted**2), spread, 0.0)
    return 1 - ratio(weights @ (y_pred - y_true) ** 2, spread)


def mape(y_true: FloatArray, y_pred: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean of |error / outcome| as a rate, over the rows whose outcome is not 0; NaN if none is."""
    nonzero = y_true != 0
    relative = np.abs(y_pred[nonzero] / y_true[nonzero] - 1)
    return ratio(weights[:, nonzero] @ relative, weights[:, nonzero].sum(axis=1))


def smape(y_true: FloatArray, y_pred: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean of |error| over the mean of |outcome| and |prediction|, in [0, 2]; 0 where both are 0."""
    scale = (np.abs(y_true) + np.abs(y_pred)) / 2
    relative = np.divide(np.abs(y_pred - y_true), scale, out=np.zeros_like(scale), where=scale > 0)
    return ratio(weights @ relative, weights.sum(axis=1))


def absolute_error_quantile(quantile: float) -> MetricFunction:
    """Return the smallest |error| that at least this share of rows does not exceed."""

    def value(y_true: FloatArray, y_pred: FloatArray, weights: FloatArray) -> FloatArray:
        ordered, reached = _errors_by_size(y_true, y_pred, weights)
        # Rounding must not push a share that is met exactly to the next row.
        wanted = quantile * reached[:, -1:] * (1 - 1e-12)
        found: FloatArray = ordered[np.argmax(reached >= wanted, axis=1)]
        return found

    return value


def median_absolute_error(
    y_true: FloatArray, y_pred: FloatArray, weights: FloatArray
) -> FloatArray:
    """Median of |error|; midway between two rows where half of the weight is met exactly."""
    ordered, reached = _errors_by_size(y_true, y_pred, weights)
    half = 0.5 * reached[:, -1:]
    low = np.argmax(reached >= half * (1 - 1e-12), axis=1)
    high = np.argmax(reached > half * (1 + 1e-12), axis=1)
    median: FloatArray = (ordered[low] + ordered[high]) / 2
    return median


def _errors_by_size(
    y_true: FloatArray, y_pred: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return |error| ascending (n,), and the weight up to each (b, n)."""
    error = row_absolute_error(y_true, y_pred)
    order = np.argsort(error, kind="stable")
    return error[order], np.cumsum(weights[:, order], axis=1)


def bias(y_true: FloatArray, y_pred: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean of prediction less outcome; positive where the model predicts too much."""
    return ratio(weights @ (y_pred - y_true), weights.sum(axis=1))


def regression_metrics() -> list[Metric]:
    """Return every metric of predicted numbers, in the order of reports."""
    return [
        Metric("mae", mean_absolute_error, False),
        Metric("rmse", root_mean_squared_error, False),
        Metric("r2", r2, True),
        Metric("median_absolute_error", median_absolute_error, False),
        Metric("p90_absolute_error", absolute_error_quantile(0.9), False),
        Metric("mape", mape, False),
        Metric("smape", smape, False),
        Metric("bias", bias, False, signed=True),
    ]
