"""Metrics of predicted numbers, in the target's unit unless said otherwise."""

import numpy as np
import numpy.typing as npt

from assay.metrics.core import (
    FloatArray,
    Metric,
    MetricFunction,
    Prepared,
    Statistic,
    mean_of_rows,
    ratio,
    weighted_sums,
)


def row_absolute_error(y_true: FloatArray, y_pred: FloatArray) -> FloatArray:
    """|error| of each row, shape (n,)."""
    error: FloatArray = np.abs(y_pred - y_true)
    return error


def row_squared_error(y_true: FloatArray, y_pred: FloatArray) -> FloatArray:
    """Squared error of each row, shape (n,)."""
    error: FloatArray = (y_pred - y_true) ** 2
    return error


def row_bias(y_true: FloatArray, y_pred: FloatArray) -> FloatArray:
    """Prediction less outcome of each row, shape (n,)."""
    return y_pred - y_true


def row_smape(y_true: FloatArray, y_pred: FloatArray) -> FloatArray:
    """|error| over the mean of |outcome| and |prediction| of each row, in [0, 2]; 0 where both are 0."""
    scale = (np.abs(y_true) + np.abs(y_pred)) / 2
    relative: FloatArray = np.zeros_like(scale)
    np.divide(np.abs(y_pred - y_true), scale, out=relative, where=scale > 0)
    return relative


mean_absolute_error = mean_of_rows(row_absolute_error)
smape = mean_of_rows(row_smape)
# Positive where the model predicts too much.
bias = mean_of_rows(row_bias)


@Prepared
def root_mean_squared_error(y_true: FloatArray, y_pred: FloatArray) -> Statistic:
    """Root of the mean squared error."""
    squares = mean_of_rows(row_squared_error).prepare(y_true, y_pred)
    return lambda weights: np.sqrt(squares(weights))


@Prepared
def r2(y_true: FloatArray, y_pred: FloatArray) -> Statistic:
    """Share of the variance that is explained; NaN where all outcomes are equal."""
    # Shifted by a constant, so that large outcomes do not cancel.
    shifted = y_true - y_true.mean()
    squares, errors = shifted**2, row_squared_error(y_true, y_pred)

    def shares(weights: FloatArray) -> FloatArray:
        total = weights.sum(axis=1)
        mean = ratio(weighted_sums(weights, shifted), total)
        around = weighted_sums(weights, squares)
        spread = around - total * mean**2
        # What is left of equal outcomes is rounding.
        spread = np.where(spread > 1e-12 * around, spread, 0.0)
        return 1 - ratio(weighted_sums(weights, errors), spread)

    return shares


@Prepared
def mape(y_true: FloatArray, y_pred: FloatArray) -> Statistic:
    """Mean of |error / outcome| as a rate, over the rows whose outcome is not 0; NaN if none is."""
    nonzero = np.flatnonzero(y_true != 0)
    relative = np.abs(y_pred[nonzero] / y_true[nonzero] - 1)

    def means(weights: FloatArray) -> FloatArray:
        chosen = weights.take(nonzero, axis=1)
        return ratio(weighted_sums(chosen, relative), chosen.sum(axis=1))

    return means


def absolute_error_quantile(quantile: float) -> MetricFunction:
    """Return the smallest |error| that at least this share of rows does not exceed."""

    @Prepared
    def value(y_true: FloatArray, y_pred: FloatArray) -> Statistic:
        ordered, order = _errors_by_size(y_true, y_pred)

        def quantiles(weights: FloatArray) -> FloatArray:
            reached = np.cumsum(weights.take(order, axis=1), axis=1)
            # Rounding must not push a share that is met exactly to the next row.
            wanted = quantile * reached[:, -1:] * (1 - 1e-12)
            found: FloatArray = ordered[np.argmax(reached >= wanted, axis=1)]
            return found

        return quantiles

    return value


@Prepared
def median_absolute_error(y_true: FloatArray, y_pred: FloatArray) -> Statistic:
    """Median of |error|; midway between two rows where half of the weight is met exactly."""
    ordered, order = _errors_by_size(y_true, y_pred)

    def medians(weights: FloatArray) -> FloatArray:
        reached = np.cumsum(weights.take(order, axis=1), axis=1)
        half = 0.5 * reached[:, -1:]
        low = np.argmax(reached >= half * (1 - 1e-12), axis=1)
        high = np.argmax(reached > half * (1 + 1e-12), axis=1)
        median: FloatArray = (ordered[low] + ordered[high]) / 2
        return median

    return medians


def _errors_by_size(
    y_true: FloatArray, y_pred: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Return |error| ascending, and the positions of its rows."""
    error = row_absolute_error(y_true, y_pred)
    order = np.argsort(error, kind="stable")
    return error[order], order


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
