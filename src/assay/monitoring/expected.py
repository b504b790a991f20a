"""Which outcomes predictions let expect, and how far a metric's value then varies from batch to batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from assay.metrics.core import FloatArray, Metric
from assay.schema import Schema

# Sets of outcomes that are drawn, of rows at most: the spread of more rows follows from theirs.
_DRAWS, _DRAWN_ROWS = 200, 4_000
# Of more classes outcomes are drawn, so many times of so many rows at most, instead of taken one by one.
_MOST_CLASSES = 6
_FEW_DRAWS, _MANY_ROWS = 50, 20_000


def class_probabilities(predicted: FloatArray) -> FloatArray:
    """Return the probability of each class, (n, k), that adds up to 1; of two classes from the score."""
    if predicted.ndim == 1:
        return np.column_stack([1 - predicted, predicted])
    rows: FloatArray = predicted / predicted.sum(axis=1, keepdims=True)
    return rows


def expected_value(metric: Metric, predicted: FloatArray, seed: int = 0) -> float:
    """Return a metric over all outcomes that each row may have, each counted by its probability.

    Of many classes it is the mean over drawn outcomes, whose error is a seventh of that of a batch.

    Parameters
    ----------
    metric : Metric
    predicted : ndarray, shape (n,) or (n, k)
        Calibrated probabilities, which are taken to be right; in an order at random.
    seed : int
        Of the draws.

    References
    ----------
    Bialek, Kuberski and Perrakis 2024, "Estimating Model Performance Under Covariate Shift Without
    Labels" (confidence-based performance estimation).
    """
    shares = class_probabilities(predicted)
    n, k = shares.shape
    if k > _MOST_CLASSES:
        values = _drawn_values(metric, predicted[:_MANY_ROWS], _FEW_DRAWS, seed)
        return float(np.mean(values)) if len(values) else float("nan")
    outcomes = np.tile(np.arange(k), n)
    statistic = metric.statistic(outcomes, np.repeat(predicted, k, axis=0))
    return float(statistic(np.ascontiguousarray(shares.reshape(1, -1)))[0])


def _drawn_values(metric: Metric, predicted: FloatArray, draws: int, seed: int) -> FloatArray:
    """Return a metric's values for outcomes drawn from the predictions, where it has one."""
    ends = np.cumsum(class_probabilities(predicted), axis=1)[:, :-1]
    rng = np.random.default_rng([seed, 19])
    values = np.empty(draws)
    for number in range(draws):
        outcomes = (rng.uniform(size=len(predicted))[:, None] >= ends).sum(axis=1)
        values[number] = metric.value(outcomes, predicted)
    known: FloatArray = values[~np.isnan(values)]
    return known


def spread_by_outcomes(metric: Metric, predicted: FloatArray, seed: int) -> float:
    """Return the standard deviation of a metric over outcomes drawn from the predictions.

    Parameters
    ----------
    metric : Metric
    predicted : ndarray, shape (n,) or (n, k)
        In an order at random: the first ones stand for all.
    seed : int
        Of the draws.

    Returns
    -------
    float
        For n independent rows.
    """
    some = predicted[:_DRAWN_ROWS]
    known = _drawn_values(metric, some, _DRAWS, seed)
    if len(known) < 2:
        return float("nan")
    return float(known.std(ddof=1) * (len(some) / len(predicted)) ** 0.5)


def rate_metrics(threshold: float) -> list[Metric]:
    """Return what is decided by a threshold, as metrics: precision, recall and the share of positives."""

    def share(of: str) -> Any:
        def prepare(y_true: Any, y_score: FloatArray, weights: FloatArray) -> FloatArray:
            flagged, positive = y_score >= threshold, y_true == 1
            chosen = {"precision": flagged, "recall": positive}.get(of, np.ones_like(flagged))
            hits = positive & flagged if of != "positive_rate" else positive
            whole = weights @ chosen
            found: FloatArray = np.full(len(weights), np.nan)
            np.divide(weights @ hits, whole, out=found, where=whole > 0)
            return found

        return prepare

    return [
        Metric("precision", share("precision"), True),
        Metric("recall", share("recall"), True),
        Metric("positive_rate", share("positive_rate"), True),
    ]


def surprise(
    name: str, outcome: FloatArray, predicted: FloatArray, decision: Mapping[str, Any]
) -> FloatArray:
    """Return how much each row's outcome moved a metric from what its prediction let expect.

    Up to a factor; what rows of one day share of it makes the metric vary more from batch to batch.

    Parameters
    ----------
    name : str
        A metric of two classes.
    outcome, predicted : ndarray, shape (n,)
        Codes 0 and 1, and scores.
    decision : dict
        The content of `decision.json`.
    """
    residual = outcome - predicted
    if name == "roc_auc":
        return np.asarray(residual * _rank_weights(predicted))
    if name == "log_loss":
        clipped = np.clip(predicted, 1e-6, 1 - 1e-6)
        return np.asarray(residual * np.log(clipped / (1 - clipped)))
    if name == "brier":
        return np.asarray(residual * (1 - 2 * predicted))
    if name in ("precision", "recall"):
        flagged = predicted >= decision["threshold"]
        if name == "precision":
            return np.asarray(residual * flagged)
        caught = float(predicted[flagged].sum() / max(predicted.sum(), 1e-12))
        return np.asarray(residual * (flagged - caught))
    return np.asarray(residual)


def _rank_weights(score: FloatArray) -> FloatArray:
    """Return by how much a positive in place of a negative moves the ROC AUC, at each row."""
    positives, negatives = float(score.sum()), float((1 - score).sum())
    below_negative = _mid_share(score, 1 - score) / max(negatives, 1e-12)
    above_positive = 1 - _mid_share(score, score) / max(positives, 1e-12)
    area = float((score * below_negative).sum()) / max(positives, 1e-12)
    weights: FloatArray = (below_negative - area) / max(positives, 1e-12) - (
        above_positive - area
    ) / max(negatives, 1e-12)
    return weights


def _mid_share(score: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weight of rows with lower scores, and half of those with equal ones."""
    _, places = np.unique(score, return_inverse=True)
    of_values = np.bincount(places, weights)
    middle: FloatArray = (np.cumsum(of_values) - of_values / 2)[places]
    return middle


def surprise_of_classes(name: str, outcome: FloatArray, predicted: FloatArray) -> FloatArray:
    """Return the same for a metric of more classes: of the loss, or of whether the row is right.

    Parameters
    ----------
    name : str
    outcome : ndarray, shape (n,)
        Codes.
    predicted : ndarray, shape (n, k)
    """
    shares = class_probabilities(predicted)
    codes = outcome.astype(int)
    if name == "log_loss":
        logs = np.log(np.maximum(shares, 1e-6))
        losses = -logs[np.arange(len(codes)), codes] + (shares * logs).sum(axis=1)
        return np.asarray(losses, dtype=float)
    return np.asarray((shares.argmax(axis=1) == codes) - shares.max(axis=1), dtype=float)


def surprises(
    names: list[str],
    outcome: FloatArray,
    predicted: FloatArray,
    schema: Schema,
    decision: Mapping[str, Any],
) -> dict[str, FloatArray]:
    """Return the rows' surprises of each metric of classes, shape (n,)."""
    if schema.task == "multiclass":
        return {name: surprise_of_classes(name, outcome, predicted) for name in names}
    return {name: surprise(name, outcome, predicted, decision) for name in names}
