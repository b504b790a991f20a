"""What a prediction lets expect of a row's loss, by out-of-fold rows with such predictions."""

import numpy as np

from assay.evidence import Predicted
from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import IntArray

# Out-of-fold rows with the nearest predictions, whose residuals a row may have.
_NEIGHBOURS = 200


def near_residuals(predicted: FloatArray, known: Predicted) -> FloatArray:
    """Return the residuals of the known rows whose predictions are nearest by rank, ascending.

    Parameters
    ----------
    predicted : ndarray, shape (n,)
    known : Predicted
        Out-of-fold predictions of numbers.

    Returns
    -------
    ndarray, shape (n, at most 200)
        Actual less predicted.
    """
    residuals, first, width = _nearest(predicted, known)
    windows = np.lib.stride_tricks.sliding_window_view(residuals, width)
    sorted_windows: FloatArray = np.sort(windows[first], axis=1)
    return sorted_windows


def expected_absolute_residual(predicted: FloatArray, known: Predicted) -> FloatArray:
    """Return the mean absolute residual of the known rows with the nearest predictions, shape (n,).

    Parameters
    ----------
    predicted : ndarray, shape (n,)
    known : Predicted
        Out-of-fold predictions of numbers.
    """
    residuals, first, width = _nearest(predicted, known)
    sums = np.concatenate([[0.0], np.cumsum(np.abs(residuals))])
    expected: FloatArray = (sums[first + width] - sums[first]) / max(width, 1)
    return expected


def _nearest(predicted: FloatArray, known: Predicted) -> tuple[FloatArray, IntArray, int]:
    """Return the residuals by their predictions, and where each row's nearest start; how many they are."""
    order = np.argsort(known.y_predicted, kind="stable")
    ordered = known.y_predicted[order]
    width = min(_NEIGHBOURS, len(ordered))
    # Equal predictions are many in some models: in the middle of them, not at their start.
    place = np.searchsorted(ordered, predicted, "left") + np.searchsorted(
        ordered, predicted, "right"
    )
    first: IntArray = np.clip(place // 2 - width // 2, 0, len(ordered) - width)
    return (known.y_true - known.y_predicted)[order], first, width


def class_probabilities(predicted: FloatArray) -> FloatArray:
    """Return the probabilities of all classes, shape (n, k), also of a binary score."""
    return predicted if predicted.ndim == 2 else np.stack([1 - predicted, predicted], axis=1)
