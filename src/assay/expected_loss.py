"""What a prediction lets expect of a row's loss, by out-of-fold rows with such predictions."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from assay.evidence import Predicted
from assay.metrics.core import PROBABILITY_MARGIN, FloatArray
from assay.sections import TaskType
from assay.uncertainty.bootstrap import Bootstrap, IntArray
from assay.uncertainty.mean_difference import MeanDifference, mean_difference, permuted_p_value

# Units (rows or groups), and errors of class that are expected or seen, on each side, at least.
_FEWEST_UNITS, _FEWEST_ERRORS = 20, 10.0
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


def loss_difference(
    task: TaskType,
    rows: Predicted,
    values: FloatArray,
    inside: npt.NDArray[np.bool_],
    plan: Bootstrap,
) -> MeanDifference | None:
    """Return how much greater the mean of losses is on some rows than on the others.

    Of classes, the variance is never less than the one that the predictions imply; of numbers, the
    p-value never less than that of a permutation: a small side hardly ever has the rare outcome, or the
    heavy tail, that the other one has.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
    rows : Predicted
    values : ndarray, shape (n,)
        Losses of the rows, or what they are beyond expectation.
    inside : ndarray of bool, shape (n,)
    plan : Bootstrap
        Its groups (of these rows), confidence and seed.

    Returns
    -------
    MeanDifference or None
        None where a side has fewer than 20 rows or groups, or fewer than 10 errors of class, expected and
        seen.
    """
    sides, clusters = (inside, ~inside), plan.clusters
    units = [
        int(side.sum()) if clusters is None else len(np.unique(clusters[side])) for side in sides
    ]
    if min(units) < _FEWEST_UNITS:
        return None
    if task == "regression":
        found = mean_difference(values, inside, clusters, plan.confidence)
        chance = permuted_p_value(values, inside, plan.seed)
        return replace(found, p_value=max(found.p_value, chance))
    probability = class_probabilities(rows.y_predicted)
    expected, wrong = 1 - probability.max(axis=1), probability.argmax(axis=1) != rows.y_true
    if min(max(expected[side].sum(), wrong[side].sum()) for side in sides) < _FEWEST_ERRORS:
        return None
    surprise = -np.log(np.clip(probability, PROBABILITY_MARGIN, 1))
    entropy = (probability * surprise).sum(axis=1)
    implied = np.maximum((probability * surprise**2).sum(axis=1) - entropy**2, 0.0)
    return mean_difference(values, inside, clusters, plan.confidence, implied)


def class_probabilities(predicted: FloatArray) -> FloatArray:
    """Return the probabilities of all classes, shape (n, k), also of a binary score."""
    return predicted if predicted.ndim == 2 else np.stack([1 - predicted, predicted], axis=1)
