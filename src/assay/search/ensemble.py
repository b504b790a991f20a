"""A weighted blend of candidates, if it beats the best of them by more than its standard error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.sections import TaskType
from assay.splits.folds import Folds

# Steps of the greedy choice; a weight is a multiple of one over their number.
_STEPS = 20


@dataclass(frozen=True)
class Blend:
    """Weights of models, and what they gain over the best of them.

    Attributes
    ----------
    weights : dict of str to float
        Positive weights by model, chosen on all folds; they add up to 1.
    gain : float
        Mean over the folds of the gain in the metric over the best single model, weights having been
        chosen on the other folds.
    gain_error : float
        Standard error of that mean.
    """

    weights: Mapping[str, float]
    gain: float
    gain_error: float

    @property
    def pays(self) -> bool:
        """Whether the gain is above its standard error."""
        return len(self.weights) > 1 and self.gain > self.gain_error


def choose_blend(
    predictions: Mapping[str, FloatArray],
    best: str,
    y_true: TargetArray,
    folds: Folds,
    metric: Metric,
) -> Blend:
    """Choose the weights of a blend greedily, and judge the choice on folds that had no part in it.

    In folds that follow each other in time, the weights that judge one come from earlier ones only, and
    the first is not judged.

    Parameters
    ----------
    predictions : dict of str to ndarray
        Out-of-fold predictions of each model, shape (n,) or (n, k).
    best : str
        The model with the best mean fold score.
    y_true : ndarray, shape (n,)
    folds : Folds
    metric : Metric

    References
    ----------
    Caruana et al. 2004, "Ensemble selection from libraries of models".
    """
    every, gains = range(1, folds.fold_count + 1), []
    for number in every:
        others = [k for k in every if (k < number if folds.ordered else k != number)]
        if not others:
            continue
        judged = folds.fold == number
        weights = _greedy(predictions, best, y_true, folds, metric, others)
        blended = metric.value(y_true[judged], blend(predictions, weights)[judged])
        gains.append(metric.gain(blended, metric.value(y_true[judged], predictions[best][judged])))
    # A single judged fold tells nothing of chance.
    error = float(np.std(gains, ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else np.inf
    weights = _greedy(predictions, best, y_true, folds, metric, every)
    return Blend(weights, float(np.mean(gains)), error)


def blend(predictions: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    """Return the weighted mean of predictions."""
    total: FloatArray = np.sum(
        [weight * predictions[name] for name, weight in weights.items()], axis=0
    )
    return total


def _greedy(
    predictions: Mapping[str, FloatArray],
    best: str,
    y_true: TargetArray,
    folds: Folds,
    metric: Metric,
    numbers: Sequence[int],
) -> dict[str, float]:
    """Add, from the best model on, whichever model makes the blend best on the numbered folds."""
    counts = dict.fromkeys(predictions, 0)
    counts[best] = 1
    total = predictions[best].copy()
    reached, chosen = _mean_score(metric, y_true, total, folds, numbers), dict(counts)
    for step in range(2, _STEPS + 1):
        scores = {
            name: _mean_score(metric, y_true, (total + values) / step, folds, numbers)
            for name, values in predictions.items()
        }
        name = max(scores, key=lambda key: metric.gain(scores[key], reached))
        counts[name] += 1
        total = total + predictions[name]
        if metric.gain(scores[name], reached) > 0:
            reached, chosen = scores[name], dict(counts)
    steps = sum(chosen.values())
    return {name: count / steps for name, count in chosen.items() if count}


def _mean_score(
    metric: Metric, y_true: TargetArray, predicted: FloatArray, folds: Folds, numbers: Sequence[int]
) -> float:
    return float(
        np.mean(
            [metric.value(y_true[folds.fold == k], predicted[folds.fold == k]) for k in numbers]
        )
    )


def blended_estimator(task: TaskType, models: Mapping[str, Any], blend: Blend) -> Any:
    """Return the blend as one unfitted scikit-learn estimator.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
    models : dict of str to estimator
        Unfitted, by the names of the weights.
    blend : Blend
    """
    from sklearn.ensemble import VotingClassifier, VotingRegressor

    members = [(name, models[name]) for name in blend.weights]
    weights = list(blend.weights.values())
    if task == "regression":
        return VotingRegressor(members, weights=weights, n_jobs=1)
    return VotingClassifier(members, voting="soft", weights=weights, n_jobs=1)
