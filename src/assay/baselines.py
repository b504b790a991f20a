"""What a model must beat: constants, a regularised linear model, and the rule people use today."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from assay.calibration.choice import choose_calibrator, clip
from assay.errors import DataError, ParamsError
from assay.metrics.catalogue import primary_metric, undefined_remedy
from assay.metrics.core import FloatArray, LabelArray, TargetArray
from assay.predictions import prediction_columns, refuse_infinite
from assay.predictor import Predictor, fold_metrics, load_predictor, out_of_fold_predictions
from assay.preprocessing import on_target
from assay.rules import rule_holds, rule_values
from assay.schema import ROW, Schema
from assay.sections import BaselineParams, CalibrateParams, TaskParams
from assay.splits.folds import Folds
from assay.trust import FAMILIES

# Baselines that know nothing of a row.
CONSTANTS = ("most_frequent", "prior", "mean", "median")


class RuleClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A business rule as a classifier: the positive rate where it holds, and where it does not.

    Parameters
    ----------
    query : str
        A pandas query over features in model form.
    """

    def __init__(self, query: str = "True") -> None:
        self.query = query

    def fit(self, X: pd.DataFrame, y: LabelArray) -> "RuleClassifier":
        """Learn the two rates; a side without rows has the overall rate."""
        holds = rule_holds(X, self.query)
        y = np.asarray(y)
        self.classes_ = np.array([0, 1])
        self.rate_ = float(y[holds].mean()) if holds.any() else float(y.mean())
        self.other_rate_ = float(y[~holds].mean()) if (~holds).any() else float(y.mean())
        return self

    def predict_proba(self, X: pd.DataFrame) -> FloatArray:
        """Return the two rates' probabilities, shape (n, 2)."""
        positive = np.where(rule_holds(X, self.query), self.rate_, self.other_rate_)
        return np.column_stack([1 - positive, positive])

    def predict(self, X: pd.DataFrame) -> LabelArray:
        """Return 1 where the rule holds."""
        return rule_holds(X, self.query).astype(int)


class RuleRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A business rule as a regressor: the number that an expression over features gives.

    Parameters
    ----------
    query : str
        A pandas expression over features in model form, such as `sales_last_week * 1.02`.
    """

    def __init__(self, query: str = "0") -> None:
        self.query = query

    def fit(self, X: pd.DataFrame, y: TargetArray) -> "RuleRegressor":
        """Learn what is predicted where a feature of the rule is missing: the mean outcome."""
        self.mean_ = float(np.mean(y))
        self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> FloatArray:
        """Return the rule's number for each row."""
        numbers = rule_values(X, self.query)
        if numbers.dtype.kind not in "iuf":
            raise ParamsError(
                f"params.yaml: baseline.rule {self.query!r} must be a number for each row, "
                f"got {numbers.dtype}. Compute something, as in 'sales_last_week * 1.02'."
            )
        values = numbers.astype(float)
        return np.where(np.isfinite(values), values, self.mean_)


def load_baseline(folder: Path, name: str) -> Predictor:
    """Load one fitted baseline from the folder that `baseline` wrote.

    Raises
    ------
    ArtifactError
        If the file is missing or corrupt, or holds a type that is not trusted.
    """
    return load_predictor(folder / name, FAMILIES)


def build_baselines(
    preprocessor: Any, params: BaselineParams, task: TaskParams
) -> Mapping[str, Pipeline | RuleClassifier | RuleRegressor]:
    """Return the unfitted baselines by name, the simplest first.

    Parameters
    ----------
    preprocessor : ColumnTransformer
        The preprocessing that candidates have too.
    params : BaselineParams
        The section `baseline`.
    task : TaskParams
        Its type, its seed, and how its target is transformed.
    """
    if task.type == "regression":
        return _regressors(preprocessor, params, task)
    linear = LogisticRegression(C=params.logistic_c, max_iter=2000, random_state=task.seed)
    baselines: dict[str, Pipeline | RuleClassifier] = {
        "most_frequent": Pipeline([("model", DummyClassifier(strategy="most_frequent"))]),
        "prior": Pipeline([("model", DummyClassifier(strategy="prior"))]),
        "logistic": _linear(preprocessor, linear),
    }
    if params.rule:
        baselines["rule"] = RuleClassifier(params.rule)
    return baselines


def _regressors(
    preprocessor: Any, params: BaselineParams, task: TaskParams
) -> Mapping[str, Pipeline | RuleRegressor]:
    linear = Ridge(alpha=params.ridge_alpha, random_state=task.seed)
    baselines: dict[str, Pipeline | RuleRegressor] = {
        "mean": Pipeline([("model", DummyRegressor(strategy="mean"))]),
        "median": Pipeline([("model", DummyRegressor(strategy="median"))]),
        "ridge": _linear(preprocessor, on_target(linear, task)),
    }
    if params.rule:
        baselines["rule"] = RuleRegressor(params.rule)
    return baselines


def _linear(preprocessor: Any, model: Any) -> Pipeline:
    return Pipeline([("features", clone(preprocessor)), ("model", model)])


@dataclass(frozen=True)
class FittedBaselines:
    """Every baseline, judged out-of-fold and fitted on the whole training set.

    Attributes
    ----------
    models : dict of str to Predictor
        By name, fitted, and calibrated as a candidate is.
    best : str
        The one with the best mean fold score; the holdout has no say.
    out_of_fold : DataFrame
        Row, fold, `y_true`, and the predictions of every baseline, calibrated and raw, whose name is
        the prefix of its columns; rows that a fold validates.
    metrics : dict
        The scalars of `metrics/baseline.json`.
    """

    models: Mapping[str, Predictor]
    best: str
    out_of_fold: pd.DataFrame
    metrics: Mapping[str, Any]


def fit_baselines(
    train: pd.DataFrame,
    schema: Schema,
    folds: Folds,
    baselines: Mapping[str, Any],
    task: TaskParams,
    calibrate: CalibrateParams,
    ece_bins: int,
) -> FittedBaselines:
    """Cross-validate the baselines on the folds, then fit each on all training rows.

    They are calibrated on their out-of-fold scores like a candidate, so that a gain over them is a
    gain of the model, not of its calibrator.

    Parameters
    ----------
    train : DataFrame
        Training rows with target and features in model form.
    schema : Schema
    folds : Folds
    baselines : dict
        Unfitted, from `build_baselines`.
    task, calibrate : TaskParams, CalibrateParams
    ece_bins : int
        Bins of the calibration error.
    """
    features, y_true = train[schema.feature_names], train[schema.target].to_numpy()
    judged = folds.validated
    columns = [
        pd.DataFrame({ROW: train[ROW].to_numpy(), "fold": folds.fold, "y_true": y_true})[judged]
    ]
    metrics: dict[str, Any] = {}
    models = {}
    for name, baseline in baselines.items():
        raw = clip(out_of_fold_predictions(clone(baseline).fit, features, y_true, folds), task)
        refuse_infinite(raw, f"the baseline {name!r}")
        metrics[name] = fold_metrics(task.type, y_true, raw, folds, ece_bins)
        choice = choose_calibrator(
            task, y_true[judged], raw[judged], folds.fold[judged], folds.ordered, calibrate.methods
        )
        metrics[name]["calibration_method"] = choice.method
        # As the candidate's: a threshold that is chosen on them suits what is predicted later.
        multiclass = task.type == "multiclass"
        told = choice.cross_fitted if multiclass else choice.calibrator.apply(raw[judged])
        columns += [
            prediction_columns(told, schema, f"{name}_"),
            prediction_columns(raw[judged], schema, f"{name}_raw_"),
        ]
        models[name] = Predictor(clone(baseline).fit(features, y_true), choice.calibrator)
    best = _best(metrics, task)
    table = pd.concat([part.reset_index(drop=True) for part in columns], axis=1)
    return FittedBaselines(models, best, table, {"applicable": True, "best": best, **metrics})


def _best(metrics: Mapping[str, Any], task: TaskParams) -> str:
    metric = primary_metric(task.type, task.primary_metric)
    if any(metric.name not in values for values in metrics.values()):
        raise DataError(
            f"task.primary_metric: {metric.name} is not defined on every fold, "
            f"{undefined_remedy(task.type)}"
        )
    sign = 1 if metric.greater_is_better else -1
    return max(metrics, key=lambda name: sign * metrics[name][metric.name]["cv_mean"])
