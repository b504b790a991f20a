"""A fitted pipeline with its calibrator: the one way from features to a prediction."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline

from assay import artifacts, skops_files, trust
from assay.calibration.maps import Calibrator, calibrator_from_json
from assay.errors import ArtifactError
from assay.metrics.catalogue import task_metrics
from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.sections import TaskType
from assay.splits.folds import Folds


@dataclass(frozen=True)
class Predictor:
    """Predicts from features in model form.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted; takes the features in model form.
    calibrator : Calibrator
        Applied to what the pipeline gives.
    """

    pipeline: Any
    calibrator: Calibrator

    def predict(self, features: pd.DataFrame) -> FloatArray:
        """Return the prediction that the task has for each row, in row order.

        The calibrated probability of the positive class (n,), of each of k classes (n, k), or the
        number (n,).
        """
        return self.calibrator.apply(raw_predictions(self.pipeline, features))


# A matrix product handles rows in groups and what is left over by another kernel, whose last digit can
# differ. With whole groups only, a row scores the same alone and in any company. It is a multiple of
# every group size that OpenBLAS has.
_ROW_GROUP = 64


def raw_predictions(model: Any, features: pd.DataFrame | FloatArray) -> FloatArray:
    """Return what a fitted model says of each row before calibration.

    The probability of class 1 of two (n,), of each of k classes (n, k), or the number (n,). A row's
    prediction does not depend on the rows around it, to the last bit. An empty table gives none.
    """
    n = len(features)
    classes = len(model.classes_) if is_classifier(model) else 0
    if not n:
        return np.empty((0, classes) if classes > 2 else 0)
    surplus = -n % _ROW_GROUP
    padded = features
    if surplus:
        rows = np.r_[np.arange(n), np.zeros(surplus, dtype=int)]
        padded = features.iloc[rows] if isinstance(features, pd.DataFrame) else features[rows]
    if not classes:
        return np.ascontiguousarray(model.predict(padded)[:n], dtype=np.float64)
    probability = model.predict_proba(padded)[:n]
    if classes == 2:
        probability = probability[:, 1]
    return np.ascontiguousarray(probability, dtype=np.float64)


_PIPELINE, _CALIBRATOR, _FAMILIES = "pipeline.skops", "calibrator.json", "families.json"


def save_predictor(folder: Path, predictor: Predictor) -> None:
    """Write a folder that `load_predictor` reads: pipeline, its families of types, calibrator.

    Raises
    ------
    ArtifactError
        If the pipeline holds a type of no family.
    """
    content = skops_files.model_bytes(predictor.pipeline)
    source = str(folder / _PIPELINE)
    types = skops_files.untrusted_types(content, source)
    families = trust.families_of(types, trust.FAMILIES, source)
    artifacts.write_bytes(folder / _PIPELINE, content)
    artifacts.write_json(folder / _FAMILIES, families)
    artifacts.write_json(folder / _CALIBRATOR, predictor.calibrator.to_json())


def load_predictor(folder: Path, known: trust.Families = trust.SHIPPED) -> Predictor:
    """Load the folder of a candidate or a baseline.

    Parameters
    ----------
    folder : Path
        From `save_predictor`.
    known : dict of str to tuple of str
        The families of types that it may declare.

    Raises
    ------
    ArtifactError
        If a file is missing or corrupt, declares an unknown family, or holds a type that its families
        do not have.
    """
    families = artifacts.read_json(folder / _FAMILIES)
    if not isinstance(families, list) or not all(isinstance(name, str) for name in families):
        raise ArtifactError(f"{folder / _FAMILIES} is no list of families. Run `dvc repro`.")
    path = folder / _PIPELINE
    trusted = trust.types_of(families, known, str(path))
    pipeline = skops_files.read_model(artifacts.read_bytes(path), trusted, str(path))
    document = artifacts.read_json(folder / _CALIBRATOR)
    try:
        return Predictor(pipeline, calibrator_from_json(document))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ArtifactError(f"{folder / _CALIBRATOR} is no calibrator. Run `dvc repro`.") from None


@dataclass(frozen=True)
class Recipe:
    """How a pipeline is fitted: features to matrix, rows resampled, matrix to prediction.

    Attributes
    ----------
    preprocessor, estimator : estimator
        Unfitted; cloned for every fit.
    sampler : imbalanced-learn sampler, optional
        Changes the rows that the estimator is fitted on, and none that it predicts.
    """

    preprocessor: Any
    estimator: Any
    sampler: Any = None

    def fit(self, features: pd.DataFrame, y_true: TargetArray) -> Pipeline:
        """Return a fitted pipeline of `features` and `model`; the sampler has done its work."""
        preprocessor = clone(self.preprocessor)
        # An encoder of the target gives the rows of its own fit other values than new rows.
        matrix = preprocessor.fit_transform(features, y_true)
        if self.sampler is not None:
            matrix, y_true = clone(self.sampler).fit_resample(matrix, y_true)
        model = clone(self.estimator).fit(matrix, y_true)
        _forget_when(model)
        return Pipeline([("features", preprocessor), ("model", model)])


def _forget_when(model: Any) -> None:
    """Take the time of its fit and a random id out of a CatBoost model, alone or within another."""
    if type(model).__module__.startswith("catboost."):
        notes = model.get_metadata()
        for name in ("train_finish_time", "model_guid"):
            notes[name] = ""
    for member in [getattr(model, "regressor_", None), *getattr(model, "estimators_", [])]:
        if member is not None:
            _forget_when(member)


Fit = Callable[[pd.DataFrame, TargetArray], Any]


def out_of_fold_predictions(
    fit: Fit, features: pd.DataFrame, y_true: TargetArray, folds: Folds
) -> FloatArray:
    """Return each row's raw prediction from a model that was fitted without its fold.

    Parameters
    ----------
    fit : callable
        Features and outcomes to a model fitted on them, and on nothing else.
    features : DataFrame, shape (n, p)
        Training rows in model form.
    y_true : ndarray, shape (n,)
    folds : Folds

    Returns
    -------
    ndarray, shape (n,) or (n, k)
        NaN for the rows that no fold validates.
    """
    parts = []
    for fitted, validated in folds.split(features):
        fold_model = fit(features.iloc[fitted], y_true[fitted])
        parts.append((validated, raw_predictions(fold_model, features.iloc[validated])))
    predicted = np.full((len(features), *parts[0][1].shape[1:]), np.nan)
    for validated, values in parts:
        predicted[validated] = values
    return predicted


def fold_scores(
    metric: Metric, y_true: TargetArray, predicted: FloatArray, folds: Folds
) -> list[float]:
    """Return a metric of out-of-fold predictions on each fold, fold 1 first."""
    return [
        metric.value(y_true[folds.fold == number], predicted[folds.fold == number])
        for number in range(1, folds.fold_count + 1)
    ]


def fold_metrics(
    task: TaskType, y_true: TargetArray, predicted: FloatArray, folds: Folds, ece_bins: int
) -> dict[str, dict[str, float]]:
    """Return mean and standard deviation over the folds of every metric.

    A metric that some fold cannot have (a class is absent, every outcome is 0) is left out.
    """
    result = {}
    for name, metric in task_metrics(task, ece_bins).items():
        values = fold_scores(metric, y_true, predicted, folds)
        if np.isfinite(values).all():
            result[name] = {
                "cv_mean": float(np.mean(values)),
                "cv_std": float(np.std(values, ddof=1)),
            }
    return result
