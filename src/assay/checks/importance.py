"""What the chosen model loses without each feature, measured without the holdout."""

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.predictor import Recipe, raw_predictions
from assay.preprocessing import source_features
from assay.splits.folds import Folds
from assay.used_columns import used_columns

# Rows that are shuffled, and how often: of few features more, so that all of them together make a
# model predict a million rows at most.
_MOST_ROWS, _FEWEST_ROWS, _MOST_PREDICTED = 2_000, 500, 1_000_000
_REPEATS, _MANY_FEATURES = 3, 100
# Shuffles of all features at once, which show what chance does to the metric.
_CHANCE_REPEATS, _CHANCE_DEVIATIONS = 20, 3.0


def fold_importance(
    recipe: Recipe,
    features: pd.DataFrame,
    y_true: TargetArray,
    folds: Folds,
    metric: Metric,
    seed: int,
) -> pd.DataFrame:
    """Fit a recipe without the last fold, and shuffle each feature within it.

    What a feature became is shuffled in the model's matrix, all its columns alike, so that the
    features are prepared once; features that the model does not use lose nothing.

    Parameters
    ----------
    recipe : Recipe
        Of the model that was chosen.
    features : DataFrame, shape (n, p)
        Training rows in model form.
    y_true : ndarray, shape (n,)
    folds : Folds
        The last one is validated; of its rows 500 to 2,000 are drawn, by the number of features.
    metric : Metric
        The loss is in its unit.
    seed : int

    Returns
    -------
    DataFrame
        `feature`, `loss` (how much worse the metric gets; the mean of three shuffles, or one where the
        features are more than 100) and `share` of all
        positive losses (0 for all where no loss is more than chance), the largest first.
    """
    rng = np.random.default_rng(seed)
    *_, (fitted, validated) = folds.split(features)
    repeats = _REPEATS if features.shape[1] <= _MANY_FEATURES else 1
    rows = _MOST_PREDICTED // (repeats * features.shape[1])
    rows = int(np.clip(rows, _FEWEST_ROWS, _MOST_ROWS))
    if len(validated) > rows:
        validated = np.sort(rng.choice(validated, rows, replace=False))
    pipeline = recipe.fit(features.iloc[fitted], y_true[fitted])
    preprocessor, model = pipeline.named_steps["features"], pipeline.named_steps["model"]
    matrix = np.asarray(preprocessor.transform(features.iloc[validated]))
    outcome = y_true[validated]
    predicted = raw_predictions(model, matrix)
    before = metric.value(outcome, predicted)
    orders = [rng.permutation(len(outcome)) for _ in range(repeats)]
    sources = np.array(source_features(preprocessor, list(features.columns)))
    loss = dict.fromkeys(features.columns, 0.0)
    for name in dict.fromkeys(sources[used_columns(model, matrix.shape[1])]):
        columns = np.flatnonzero(sources == name)
        kept = matrix[:, columns].copy()
        for order in orders:
            matrix[:, columns] = kept[order]
            after = metric.value(outcome, raw_predictions(model, matrix))
            loss[str(name)] += metric.gain(before, after) / repeats
        matrix[:, columns] = kept
    table = pd.DataFrame({"feature": list(loss), "loss": list(loss.values())})
    table["share"] = _shares(
        table["loss"].to_numpy(), _chance_loss(metric, outcome, predicted, rng)
    )
    return table.sort_values(["loss", "feature"], ascending=[False, True], ignore_index=True)


def _chance_loss(
    metric: Metric, outcome: TargetArray, predicted: FloatArray, rng: np.random.Generator
) -> float:
    """Return the loss that is no more than what chance does to a metric of so many rows."""
    values = [
        metric.value(outcome, predicted[rng.permutation(len(outcome))])
        for _ in range(_CHANCE_REPEATS)
    ]
    return _CHANCE_DEVIATIONS * float(np.std(values))


def _shares(loss: FloatArray, chance: float) -> FloatArray:
    positive = np.clip(np.nan_to_num(loss), 0.0, None)
    if not len(positive) or positive.max() <= chance:
        return np.zeros(len(positive))
    shares: FloatArray = positive / positive.sum()
    return shares
