"""What a model must beat: constants, a regularised linear model, and the rule people use today."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from assay.calibration import choose_calibrator
from assay.errors import ParamsError
from assay.metrics import FloatArray, LabelArray, ScoredMetric, primary_metric
from assay.params import BaselineParams, CalibrateParams, TaskParams
from assay.predictor import (
    Predictor,
    assemble_pipeline,
    fold_metrics,
    load_predictor,
    out_of_fold_scores,
)
from assay.schema import ROW, Schema
from assay.splits.folds import Folds


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
        holds = self._holds(X)
        y = np.asarray(y)
        self.classes_ = np.array([0, 1])
        self.rate_ = float(y[holds].mean()) if holds.any() else float(y.mean())
        self.other_rate_ = float(y[~holds].mean()) if (~holds).any() else float(y.mean())
        return self

    def predict_proba(self, X: pd.DataFrame) -> FloatArray:
        """Return the two rates' probabilities, shape (n, 2)."""
        positive = np.where(self._holds(X), self.rate_, self.other_rate_)
        return np.column_stack([1 - positive, positive])

    def predict(self, X: pd.DataFrame) -> LabelArray:
        """Return 1 where the rule holds."""
        return self._holds(X).astype(int)

    def _holds(self, X: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
        try:
            result = X.eval(self.query, engine="python")
        except Exception as error:  # pandas raises many kinds for a query that it cannot read
            raise ParamsError(
                f"params.yaml: baseline.rule {self.query!r} cannot be evaluated: {error}. "
                f"It may use features only: {', '.join(map(str, X.columns))}."
            ) from None
        holds = np.asarray(result)
        if holds.dtype != bool or holds.shape != (len(X),):
            raise ParamsError(
                f"params.yaml: baseline.rule {self.query!r} must be true or false for each row, "
                f"got {holds.dtype}. Compare something, as in 'seats > 100'."
            )
        return holds


def load_baseline(folder: Path, name: str) -> Predictor:
    """Load one fitted baseline from the folder that `baseline` wrote.

    Raises
    ------
    ArtifactError
        If the file is missing or corrupt, or holds a type that is not trusted.
    """
    return load_predictor(folder / name, ("assay.baselines.RuleClassifier",))


def build_baselines(
    preprocessor: Any, params: BaselineParams, seed: int
) -> Mapping[str, Pipeline | RuleClassifier]:
    """Return the unfitted baselines by name, the simplest first.

    Parameters
    ----------
    preprocessor : ColumnTransformer
        The preprocessing that candidates have too.
    params : BaselineParams
        The section `baseline`.
    seed : int
        Seed of the linear solver.
    """
    linear = LogisticRegression(C=params.logistic_c, max_iter=2000, random_state=seed)
    baselines: dict[str, Pipeline | RuleClassifier] = {
        "most_frequent": Pipeline([("model", DummyClassifier(strategy="most_frequent"))]),
        "prior": Pipeline([("model", DummyClassifier(strategy="prior"))]),
        "logistic": assemble_pipeline(preprocessor, linear),
    }
    if params.rule:
        baselines["rule"] = RuleClassifier(params.rule)
    return baselines


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
        Row, fold, `y_true` and one column of scores per baseline; rows that a fold validates.
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
    baselines: Mapping[str, Pipeline | RuleClassifier],
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
    table = pd.DataFrame(
        {ROW: train[ROW][judged], "fold": folds.fold[judged], "y_true": y_true[judged]}
    )
    metrics: dict[str, Any] = {}
    models = {}
    for name, baseline in baselines.items():
        scores = out_of_fold_scores(baseline, features, y_true, folds)
        table[name] = scores[judged]
        metrics[name] = fold_metrics(y_true, scores, folds, ece_bins)
        choice = choose_calibrator(
            y_true[judged], scores[judged], folds.fold[judged], folds.ordered, calibrate.methods
        )
        metrics[name]["calibration_method"] = choice.method
        models[name] = Predictor(clone(baseline).fit(features, y_true), choice.calibrator)
    primary = primary_metric(task.primary_metric)
    best = _best(metrics, primary)
    return FittedBaselines(
        models, best, table.reset_index(drop=True), {"applicable": True, "best": best, **metrics}
    )


def _best(metrics: Mapping[str, Any], metric: ScoredMetric) -> str:
    sign = 1 if metric.greater_is_better else -1
    return max(metrics, key=lambda name: sign * metrics[name][metric.name]["cv_mean"])
