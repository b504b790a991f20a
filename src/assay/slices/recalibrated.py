"""What is wrong with predictions everywhere is taken out, so that slices show what is wrong there."""

from dataclasses import replace

import numpy as np

from assay.evidence import Evidence, Predicted
from assay.metrics.core import FloatArray
from assay.sections import TaskType

# Probabilities nearer to 0 have no log of use.
_SMALLEST = 1e-7
# How much the fit is held to what is predicted, in rows: it settles also where classes are separated.
_HELD = 0.1


def recalibrated_evidence(evidence: Evidence) -> Evidence:
    """Return the evidence with recalibrated predictions of holdout and out-of-fold rows, each by its own.

    They only say what to expect of the predictions: nothing is chosen by them.
    """
    task = evidence.task.type
    return replace(
        evidence,
        holdout=recalibrated(task, evidence.holdout),
        out_of_fold=recalibrated(task, evidence.out_of_fold),
    )


def recalibrated(task: TaskType, known: Predicted) -> Predicted:
    """Return rows with predictions that are right on all of them, as far as a line can make them.

    Of classes, the logs of probabilities get one slope, and each class an intercept, by maximum
    likelihood; numbers get a line by least squares.

    References
    ----------
    Cox 1958, "Two further applications of a model for binary regression"; Guo et al. 2017, "On
    calibration of modern neural networks" (vector scaling, with one slope).
    """
    if not len(known):
        return known
    y_true, predicted = known.y_true, known.y_predicted
    if task == "regression":
        return replace(known, y_predicted=_on_a_line(y_true.astype(float), predicted))
    if task == "binary":
        both = _scaled(y_true, np.column_stack([1 - predicted, predicted]))
        return replace(known, y_predicted=both[:, 1])
    return replace(known, y_predicted=_scaled(y_true, predicted))


def _on_a_line(y_true: FloatArray, predicted: FloatArray) -> FloatArray:
    off = predicted - predicted.mean()
    spread = float(off @ off)
    slope = float(off @ y_true) / spread if spread > 0 else 0.0
    right: FloatArray = y_true.mean() + slope * off
    return right


def _scaled(y_true: FloatArray, shares: FloatArray) -> FloatArray:
    from scipy.optimize import minimize
    from scipy.special import softmax

    logs, k = np.log(np.clip(shares, _SMALLEST, 1)), shares.shape[1]
    happened = np.eye(k)[y_true.astype(np.int64)]
    start = np.concatenate([[1.0], np.zeros(k)])

    def loss(numbers: FloatArray) -> tuple[float, FloatArray]:
        told = softmax(numbers[0] * logs + numbers[1:], axis=1)
        wrong, held = told - happened, _HELD * (numbers - start)
        missed = -np.log(np.maximum((told * happened).sum(axis=1), 1e-300)).sum()
        pull = np.concatenate([[(wrong * logs).sum()], wrong.sum(axis=0)])
        return float(missed + held @ (numbers - start) / 2), pull + held

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-14})
    right: FloatArray = softmax(found.x[0] * logs + found.x[1:], axis=1)
    return right
