"""What is counted of predictions: bins, the rows that are acted on, and numbers with a mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.conformal import interval_rule_from_json
from assay.metrics.core import FloatArray
from assay.newsvendor import quantile_rule_from_json
from assay.schema import Schema

BoolArray = npt.NDArray[np.bool_]
# Predicted classes that are compared one by one: those that training predicted most.
CLASSES = 20


@dataclass(frozen=True)
class OutputValues:
    """What predictions and the shipped decision say of rows.

    Attributes
    ----------
    binned : ndarray, shape (n,)
        The score of two classes, the highest probability of more, or the number.
    rates : dict of str to ndarray of bool, each of shape (n,)
        `flagged_rate` (scores at or above the threshold) or `decided_rate` (of more classes, rows whose
        highest probability reaches the least confidence).
    means : dict of str to ndarray, each of shape (n,)
        `mean_prediction`; of more classes `mean_confidence`; of numbers also `mean_interval_width`, and
        `mean_prediction_quantile` where the decision has one.
    classes : ndarray of int, shape (n,), or None
        The code of the most probable of more than two classes.
    """

    binned: FloatArray
    rates: Mapping[str, BoolArray]
    means: Mapping[str, FloatArray]
    classes: npt.NDArray[np.int64] | None


def output_values(
    predicted: FloatArray, schema: Schema, decision: Mapping[str, Any]
) -> OutputValues:
    """Apply the shipped decision to predictions.

    Parameters
    ----------
    predicted : ndarray, shape (n,) or (n, k)
    schema : Schema
    decision : dict
        The content of `decision.json`.
    """
    if schema.task == "multiclass":
        confidence = predicted.max(axis=1)
        decided = confidence >= decision["min_confidence"]
        codes = predicted.argmax(axis=1).astype(np.int64)
        return OutputValues(
            confidence, {"decided_rate": decided}, {"mean_confidence": confidence}, codes
        )
    means = {"mean_prediction": predicted}
    if schema.task == "binary":
        return OutputValues(
            predicted, {"flagged_rate": predicted >= decision["threshold"]}, means, None
        )
    low, high = interval_rule_from_json(decision).interval(predicted)
    means["mean_interval_width"] = high - low
    if "quantile" in decision:
        means["mean_prediction_quantile"] = quantile_rule_from_json(decision).shifted(predicted)
    return OutputValues(predicted, {}, means, None)


def class_columns(codes: npt.NDArray[np.int64], shares: FloatArray) -> dict[str, BoolArray]:
    """Return for each class that is compared whether it is predicted, by its code as a text.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
    shares : ndarray, shape (k,)
        Of predicted classes in training.
    """
    return {str(code): codes == code for code in compared_classes(shares)}


def compared_classes(shares: FloatArray) -> list[int]:
    """Return the codes of the classes that are compared one by one, ascending."""
    order = np.argsort(-np.asarray(shares), kind="stable")[:CLASSES]
    return sorted(int(code) for code in order)
