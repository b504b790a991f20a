"""How much worse the model is without a feature."""

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.predictor import Predictor, raw_predictions
from assay.preprocessing import source_features
from assay.uncertainty.bootstrap import Bootstrap
from assay.used_columns import used_columns


def permutation_importance(
    predictor: Predictor,
    features: pd.DataFrame,
    y_true: TargetArray,
    metric: Metric,
    repeats: int,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return how much worse the metric gets when one feature is shuffled.

    Each resample of rows judges the model before and after every shuffle, so that the interval holds
    the chance of the rows and of the shuffles. A feature is shuffled in the matrix that the model sees,
    all of its columns together, which gives the predictions of the shuffled table. One that the model
    does not read has an importance of 0 without being tried.

    Parameters
    ----------
    predictor : Predictor
        Its pipeline has the steps `features`, which treats every feature by itself, and `model`.
    features : DataFrame, shape (n, p)
        In model form.
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
    preprocessor, model = (predictor.pipeline.named_steps[step] for step in ("features", "model"))
    matrix = np.asarray(preprocessor.transform(features), dtype=float)
    source = np.array(source_features(preprocessor, list(features.columns)), dtype=object)
    used = used_columns(model, len(source))
    rng = np.random.default_rng(bootstrap.seed)
    sign = 1.0 if metric.greater_is_better else -1.0
    resamples = np.concatenate(
        [np.ones((1, len(features))), *bootstrap.weights(len(features))], dtype=float
    )

    def judged() -> FloatArray:
        predicted = predictor.calibrator.apply(raw_predictions(model, matrix))
        return metric.function(y_true, predicted, resamples)

    before = judged()
    rows = []
    for name in features.columns:
        drops = np.zeros(len(resamples))
        # Drawn for every feature, so that what one has does not depend on which others are read.
        orders = [rng.permutation(len(features)) for _ in range(repeats)]
        columns = np.flatnonzero(source == name)
        if used[columns].any():
            values = matrix[:, columns]
            for order in orders:
                matrix[:, columns] = values[order]
                drops += sign * (before - judged())
            matrix[:, columns] = values
            drops /= repeats
        low, high = bootstrap.interval(drops[1:], len(features))
        rows.append((name, drops[0], low, high))
    table = pd.DataFrame(rows, columns=["feature", "importance", "ci_low", "ci_high"])
    return table.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)
