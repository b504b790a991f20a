"""How much more each row loses than rows with such a prediction are expected to."""

import numpy as np

from assay.evidence import Predicted
from assay.expected_loss import class_probabilities, expected_absolute_residual
from assay.metrics.catalogue import row_loss
from assay.metrics.core import PROBABILITY_MARGIN, FloatArray
from assay.sections import TaskType


def excess_row_loss(task: TaskType, rows: Predicted, known: Predicted) -> FloatArray:
    """Return the loss of each row less what is expected of it, shape (n,).

    Of classes, the log loss less the entropy of the row's own probabilities: 0 on average where they
    are calibrated, however uncertain the row is. Of numbers, the absolute error less the mean one of
    out-of-fold rows with such a prediction.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
    rows : Predicted
    known : Predicted
        The out-of-fold rows; only a regression needs them.
    """
    loss = row_loss(task, rows.y_true, rows.y_predicted)
    if task == "regression":
        return loss - expected_absolute_residual(rows.y_predicted, known)
    probability = class_probabilities(rows.y_predicted)
    safe = np.clip(probability, PROBABILITY_MARGIN, 1)
    entropy: FloatArray = -(probability * np.log(safe)).sum(axis=1)
    return loss - entropy
