"""A fitted pipeline with its calibrator: the one way from features to a score."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from assay import artifacts
from assay.calibration import Calibrator, calibrator_from_json
from assay.metrics import FloatArray, LabelArray, ScoredMetric, binary_metrics
from assay.splits.folds import Folds

# What a skops file may hold beside skops' own safe types, by family of estimator. Anything else is
# refused by name.
TRUSTED_TYPES: tuple[str, ...] = (
    # scikit-learn's encoder and trees
    "numpy.dtype",
    # LightGBM
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
)


@dataclass(frozen=True)
class Predictor:
    """Scores features in model form.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted; `predict_proba` takes the features in model form.
    calibrator : Calibrator
        Applied to the pipeline's probability.
    """

    pipeline: Any
    calibrator: Calibrator

    def score(self, features: pd.DataFrame) -> FloatArray:
        """Return the calibrated probability of the positive class, shape (n,), in row order."""
        return self.calibrator.apply(positive_probability(self.pipeline, features))


# A matrix product handles rows in groups and what is left over by another kernel, whose last digit can
# differ. With whole groups only, a row scores the same alone and in any company. It is a multiple of
# every group size that OpenBLAS has.
_ROW_GROUP = 64


def positive_probability(model: Any, features: pd.DataFrame) -> FloatArray:
    """Return the raw probability of class 1, shape (n,); an empty table gives no scores.

    A row's probability does not depend on the rows around it, to the last bit.
    """
    n = len(features)
    if not n:
        return np.empty(0)
    surplus = -n % _ROW_GROUP
    padded = (
        features.iloc[np.r_[np.arange(n), np.zeros(surplus, dtype=int)]] if surplus else features
    )
    probability: FloatArray = model.predict_proba(padded)[:n, 1]
    return np.ascontiguousarray(probability, dtype=np.float64)


def save_predictor(folder: Path, predictor: Predictor) -> None:
    """Write a folder that `load_predictor` reads: `pipeline.skops` and `calibrator.json`."""
    artifacts.write_bytes(folder / "pipeline.skops", artifacts.model_bytes(predictor.pipeline))
    artifacts.write_json(folder / "calibrator.json", predictor.calibrator.to_json())


def load_predictor(folder: Path, further_types: Sequence[str] = ()) -> Predictor:
    """Load the folder of a candidate or a baseline; types beyond the trusted ones must be named.

    Raises
    ------
    ArtifactError
        If a file is missing or corrupt, or holds a type that is not trusted.
    """
    return Predictor(
        artifacts.read_model(folder / "pipeline.skops", (*TRUSTED_TYPES, *further_types)),
        calibrator_from_json(artifacts.read_json(folder / "calibrator.json")),
    )


def assemble_pipeline(preprocessor: Any, estimator: Any) -> Pipeline:
    """Return an unfitted pipeline of clones: features to matrix, matrix to probability."""
    return Pipeline([("features", clone(preprocessor)), ("model", clone(estimator))])


def out_of_fold_scores(
    model: Any, features: pd.DataFrame, y_true: LabelArray, folds: Folds
) -> FloatArray:
    """Return each row's raw score from a model that was fitted without its fold.

    Parameters
    ----------
    model : estimator
        Cloned for each fold, so preprocessing is fitted inside it.
    features : DataFrame, shape (n, p)
        Training rows in model form.
    y_true : ndarray of {0, 1}, shape (n,)
    folds : Folds

    Returns
    -------
    ndarray, shape (n,)
        NaN for the rows that no fold validates.
    """
    scores = np.full(len(features), np.nan)
    for fitted, validated in folds.split(features):
        fold_model = clone(model).fit(features.iloc[fitted], y_true[fitted])
        scores[validated] = positive_probability(fold_model, features.iloc[validated])
    return scores


def fold_scores(
    metric: ScoredMetric, y_true: LabelArray, scores: FloatArray, folds: Folds
) -> list[float]:
    """Return a metric of out-of-fold scores on each fold, fold 1 first."""
    return [
        metric.value(y_true[folds.fold == number], scores[folds.fold == number])
        for number in range(1, folds.fold_count + 1)
    ]


def fold_metrics(
    y_true: LabelArray, scores: FloatArray, folds: Folds, ece_bins: int
) -> dict[str, dict[str, float]]:
    """Return mean and standard deviation over the folds of every metric."""
    result = {}
    for name, metric in binary_metrics(ece_bins).items():
        values = fold_scores(metric, y_true, scores, folds)
        result[name] = {
            "cv_mean": float(np.mean(values)),
            "cv_std": float(np.std(values, ddof=1)),
        }
    return result
