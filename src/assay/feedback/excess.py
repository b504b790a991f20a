"""How much more each row loses than rows with such a prediction are expected to."""

import numpy as np

from assay.metrics.calibration import equal_mass_bins
from assay.metrics.catalogue import row_loss
from assay.metrics.core import PROBABILITY_MARGIN, FloatArray, TargetArray
from assay.sections import TaskType

# Bins of the prediction in which a regression's errors are compared, and rows of each, at least.
_BINS, _ROWS_OF_A_BIN = 20, 50


def excess_loss(
    task: TaskType,
    y_true: TargetArray,
    predicted: FloatArray,
    known: tuple[TargetArray, FloatArray],
) -> FloatArray:
    """Return the loss of each row less what is expected of it, shape (n,).

    Of classes, the log loss less the entropy of the row's own probabilities: 0 on average where they
    are calibrated, however uncertain the row is. Of numbers, the absolute error less the mean one of
    out-of-fold rows with such a prediction.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
    known : tuple of ndarray
        Outcomes and predictions of the out-of-fold rows; only a regression needs them.
    """
    loss = row_loss(task, y_true, predicted)
    if task == "regression":
        errors, expected = row_loss(task, *known), np.empty(len(loss))
        edges = prediction_edges(known[1])
        there = np.searchsorted(edges, known[1], side="right")
        here = np.searchsorted(edges, predicted, side="right")
        for number in range(len(edges) + 1):
            inside = errors[there == number]
            expected[here == number] = inside.mean() if len(inside) else errors.mean()
        return loss - expected
    probability = class_probabilities(predicted)
    safe = np.clip(probability, PROBABILITY_MARGIN, 1)
    entropy: FloatArray = -(probability * np.log(safe)).sum(axis=1)
    return loss - entropy


def prediction_edges(predicted: FloatArray) -> FloatArray:
    """Return the inner edges of bins of equal mass of predictions, 50 rows each at least."""
    bins = max(1, min(_BINS, len(predicted) // _ROWS_OF_A_BIN))
    numbers = equal_mass_bins(predicted, bins)
    edges: FloatArray = np.array(
        [predicted[numbers == number].min() for number in range(1, int(numbers.max()) + 1)]
    )
    return edges


def class_probabilities(predicted: FloatArray) -> FloatArray:
    """Return the probabilities of all classes, shape (n, k), also of a binary score."""
    return predicted if predicted.ndim == 2 else np.stack([1 - predicted, predicted], axis=1)
