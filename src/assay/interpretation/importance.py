"""How much worse the model is without a feature."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.uncertainty import Bootstrap

Predict = Callable[[pd.DataFrame], FloatArray]


def permutation_importance(
    predict: Predict,
    features: pd.DataFrame,
    y_true: TargetArray,
    metric: Metric,
    repeats: int,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return how much worse the metric gets when one feature is shuffled.

    Each resample of rows judges the model before and after every shuffle, so that the interval holds
    the chance of the rows and of the shuffles.

    Parameters
    ----------
    predict : callable
        Features in model form to predictions.
    features : DataFrame, shape (n, p)
    y_true : ndarray, shape (n,)
    metric : Metric
    repeats : int
        Shuffles per feature.
    bootstrap : Bootstrap

    Returns
    -------
    DataFrame
        `feature`, `importance` (mean loss of the metric, positive is worse without the feature),
        `ci_low`, `ci_high`; the most important first.

    References
    ----------
    Breiman 2001, "Random Forests"; Fisher, Rudin and Dominici 2019.
    """
    rng = np.random.default_rng(bootstrap.seed)
    sign = 1.0 if metric.greater_is_better else -1.0
    resamples = np.concatenate(
        [np.ones((1, len(features))), *bootstrap.weights(len(features))], dtype=float
    )
    before = metric.function(y_true, predict(features), resamples)
    rows = []
    for name in features.columns:
        drops = np.zeros(len(resamples))
        for _ in range(repeats):
            shuffled = features.copy()
            shuffled[name] = features[name].to_numpy()[rng.permutation(len(features))]
            drops += sign * (before - metric.function(y_true, predict(shuffled), resamples))
        drops /= repeats
        low, high = bootstrap.interval(drops[1:])
        rows.append((name, drops[0], low, high))
    table = pd.DataFrame(rows, columns=["feature", "importance", "ci_low", "ci_high"])
    return table.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)
