"""The columns that a scored file gets, by the decision of its task, and what they count."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from assay.conformal import interval_rule_from_json
from assay.metrics.core import FloatArray
from assay.newsvendor import quantile_rule_from_json


def decided_columns(
    decision: Mapping[str, Any], predicted: FloatArray, probabilities: bool = False
) -> pd.DataFrame:
    """Return the columns that a scored file gets.

    Parameters
    ----------
    decision : dict
        The content of `decision.json`.
    predicted : ndarray, shape (n,) or (n, k)
        Calibrated.
    probabilities : bool
        Whether two classes get a column for the probability of each; more classes always do.
    """
    kind = decision["kind"]
    if kind == "interval":
        low, high = interval_rule_from_json(decision).interval(predicted)
        ends = {"prediction": predicted, "prediction_low": low, "prediction_high": high}
        if "quantile" in decision:
            ends["prediction_quantile"] = quantile_rule_from_json(decision).shifted(predicted)
        return pd.DataFrame(ends)
    if kind == "most_probable_class":
        return _class_columns(decision, predicted)
    threshold, labels = float(decision["threshold"]), np.array(decision["labels"])
    columns = {
        "score": predicted,
        # One type whatever is flagged: that of the labels.
        "prediction": labels[(predicted >= threshold).astype(int)],
        "threshold": np.full(len(predicted), threshold),
    }
    if probabilities:
        negative, positive = decision["labels"]
        columns[f"probability_{negative}"] = 1 - predicted
        columns[f"probability_{positive}"] = predicted
    return pd.DataFrame(columns)


def _class_columns(decision: Mapping[str, Any], y_prob: FloatArray) -> pd.DataFrame:
    labels = decision["labels"]
    confidence = y_prob.max(axis=1) if len(y_prob) else np.empty(0)
    codes = y_prob.argmax(axis=1) if len(y_prob) else np.empty(0, dtype=int)
    prediction = pd.Series(np.array(labels, dtype=object)[codes], dtype=object)
    prediction = prediction.where(confidence >= decision["min_confidence"], None)
    whole = [isinstance(label, int) and not isinstance(label, bool) for label in labels]
    if all(whole):
        # Missing values would make floats of NumPy's integers.
        prediction = prediction.astype("Int64")
    columns = {"prediction": prediction, "confidence": confidence}
    for code, label in enumerate(labels):
        columns[f"probability_{label}"] = y_prob[:, code]
    return pd.DataFrame(columns)


def predictions_in(scored: pd.DataFrame, decision: Mapping[str, Any]) -> FloatArray:
    """Return the calibrated predictions that `decided_columns` was given, from a scored table."""
    kind = decision["kind"]
    if kind == "most_probable_class":
        names = [f"probability_{label}" for label in decision["labels"]]
        return scored[names].to_numpy(dtype=float)
    return scored["prediction" if kind == "interval" else "score"].to_numpy(dtype=float)


def outcomes(decision: Mapping[str, Any], scored: pd.DataFrame) -> dict[str, int]:
    """Count what was decided for the rows of a scored table: flagged ones, or undecided ones."""
    if decision["kind"] == "interval":
        return {}
    if decision["kind"] == "most_probable_class":
        return {"undecided": int(scored["prediction"].isna().sum())}
    return {"flagged": int((scored["score"] >= scored["threshold"]).sum())}


def outcomes_told(decision: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    """Say in a few words what `outcomes` counted."""
    if decision["kind"] == "interval":
        return f"with intervals that are to hold {decision['coverage']:.0%} of outcomes"
    if decision["kind"] == "most_probable_class":
        return (
            f"{counts.get('undecided', 0):,} left undecided below a confidence of "
            f"{decision['min_confidence']:.4f}"
        )
    return f"{counts.get('flagged', 0):,} at or above the threshold of {decision['threshold']:.4f}"
