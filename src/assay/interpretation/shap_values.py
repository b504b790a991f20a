"""What each feature contributes to the prediction of a row: SHAP values in the user's features."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier

from assay.metrics.core import FloatArray
from assay.preprocessing import source_features
from assay.schema import Schema

# Rows that stand for "the feature is unknown" in model-agnostic explanations.
_BACKGROUND_ROWS = 50
# Rows that the slow explainer explains.
_SLOW_ROWS = 200

Codes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Explanation:
    """SHAP values in the user's features.

    Attributes
    ----------
    values : DataFrame, shape (n, p)
        Contribution of each feature to each row's output.
    features : DataFrame, shape (n, p)
        The rows that were explained, in model form.
    positions : ndarray of int, shape (n,)
        Their positions in the table that was sampled.
    output : str
        What the contributions add up to, such as "log-odds".
    method : str
        The explainer that made them.
    additivity_gap : float
        The largest distance between base value plus contributions and the model's output, as a
        share of the largest output where that is above 1.
    """

    values: pd.DataFrame
    features: pd.DataFrame
    positions: Codes
    output: str
    method: str
    additivity_gap: float

    def mean_absolute(self) -> "pd.Series[Any]":
        """Return each feature's mean absolute contribution, the greatest first."""
        means = self.values.abs().mean()
        order = np.lexsort((means.index.to_numpy(), -means.to_numpy()))
        ordered: pd.Series[Any] = means.iloc[order]
        return ordered


@dataclass(frozen=True)
class _Contributions:
    """Contributions (n, columns) to an output, whose base value and whole are (n,)."""

    values: FloatArray
    base: FloatArray
    whole: FloatArray
    output: str
    method: str


def explain(
    pipeline: Any, schema: Schema, features: pd.DataFrame, sample_rows: int, seed: int
) -> Explanation:
    """Explain a sample of rows with SHAP, in the user's features.

    The final estimator is explained on the transformed columns, and the columns of one feature are
    summed: exact and fast for trees and linear models. Any other estimator is explained through its
    predictions by SHAP's permutation explainer, on at most 200 rows. With more than two classes, a
    row's output is that of the class that is predicted for it. A transformed target is explained as the
    estimator sees it.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted; steps `features` and `model`.
    schema : Schema
    features : DataFrame, shape (n, p)
        In model form.
    sample_rows : int
        Rows to explain, at most.
    seed : int
        Of the sample.

    References
    ----------
    Lundberg and Lee 2017; Lundberg et al. 2020 (trees).
    """
    rng = np.random.default_rng(seed)
    preprocessor, model = pipeline.named_steps["features"], pipeline.named_steps["model"]
    transformed = hasattr(model, "regressor_")
    model = model.regressor_ if transformed else model
    limit = sample_rows if _family(model) else min(sample_rows, _SLOW_ROWS)
    positions = np.sort(rng.permutation(len(features))[:limit])
    sample = features.iloc[positions].reset_index(drop=True)
    matrix = np.asarray(preprocessor.transform(sample), dtype=float)
    background = rng.permutation(len(features))[:_BACKGROUND_ROWS]
    found = _contributions(
        model,
        matrix,
        np.asarray(preprocessor.transform(features.iloc[background]), dtype=float),
        seed,
    )
    summed = np.zeros((len(sample), len(schema.feature_names)))
    index = {name: number for number, name in enumerate(schema.feature_names)}
    for column, source in enumerate(source_features(preprocessor, schema.feature_names)):
        summed[:, index[source]] += found.values[:, column]
    gap = np.abs(found.base + found.values.sum(axis=1) - found.whole)
    scale = max(1.0, float(np.abs(found.whole).max(initial=0.0)))
    return Explanation(
        pd.DataFrame(summed, columns=schema.feature_names),
        sample,
        positions,
        f"log1p of {schema.target}" if transformed else found.output.format(schema.target),
        found.method,
        float(gap.max(initial=0.0)) / scale,
    )


def _family(model: Any) -> str | None:
    """Return which fast explainer serves the model; None where none does."""
    name = type(model).__name__
    if name in {"LGBMClassifier", "LGBMRegressor"}:
        return "lightgbm"
    if name.startswith(("RandomForest", "ExtraTrees")):
        return "forest"
    return "linear" if name in {"LogisticRegression", "Ridge"} else None


def _contributions(
    model: Any, matrix: FloatArray, background: FloatArray, seed: int
) -> _Contributions:
    family = _family(model)
    # The class that is predicted for each row; of two classes, the positive one.
    codes: Codes | None = None
    if is_classifier(model):
        two = len(model.classes_) == 2
        codes = np.ones(len(matrix), int) if two else model.predict_proba(matrix).argmax(axis=1)
    if family == "lightgbm":
        return _lightgbm(model, matrix, codes)
    if family == "linear":
        return _linear(model, matrix, codes)
    import shap

    # Contributions add up to probabilities, or to the number.
    output = "{}" if codes is None else _named("probability", model)
    predict = model.predict if codes is None else model.predict_proba
    whole = _of_class(np.asarray(predict(matrix), dtype=float), codes)
    if family == "forest":
        explanation = shap.TreeExplainer(model)(matrix, check_additivity=False)
        method = "TreeSHAP (shap)"
    else:
        explainer = shap.PermutationExplainer(predict, background, seed=seed)
        explanation = explainer(matrix, max_evals=2 * matrix.shape[1] + 1, silent=True)
        method = "permutation SHAP"
    values, base = np.asarray(explanation.values), np.asarray(explanation.base_values)
    base = np.broadcast_to(base, (len(matrix), *base.shape[1:]))
    if codes is not None:
        values = values[np.arange(len(matrix)), :, codes]
        base = _of_class(base, codes)
    return _Contributions(values, base.reshape(len(matrix)), whole, output, method)


def _lightgbm(model: Any, matrix: FloatArray, codes: Codes | None) -> _Contributions:
    """LightGBM's own TreeSHAP: for each class its columns, the last of which is the base value."""
    raw = np.asarray(model.predict(matrix, pred_contrib=True), dtype=float)
    whole = np.asarray(model.predict(matrix, raw_score=True), dtype=float)
    if whole.ndim == 2 and codes is not None:
        raw = raw.reshape(len(matrix), whole.shape[1], -1)[np.arange(len(matrix)), codes]
        whole = _of_class(whole, codes)
    output = "{}" if codes is None else _named("log-odds", model)
    return _Contributions(raw[:, :-1], raw[:, -1], whole, output, "TreeSHAP (LightGBM)")


def _linear(model: Any, matrix: FloatArray, codes: Codes | None) -> _Contributions:
    """For a linear model SHAP values have a closed form: weight times distance from the mean."""
    center = matrix.mean(axis=0)
    weights, intercept = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    row = np.zeros(len(matrix), int) if len(weights) == 1 or codes is None else codes
    values = (matrix - center) * weights[row]
    base = intercept[row] + weights[row] @ center
    whole = np.asarray(
        model.predict(matrix) if codes is None else model.decision_function(matrix), dtype=float
    )
    whole = whole if whole.ndim == 1 else _of_class(whole, codes)
    output = "{}" if codes is None else _named("log-odds", model)
    return _Contributions(values, base, whole, output, "linear SHAP")


def _of_class(values: FloatArray, codes: Codes | None) -> FloatArray:
    """Return, for each row, the value of its class."""
    if codes is None:
        return values
    chosen: FloatArray = values[np.arange(len(values)), codes]
    return chosen


def _named(scale: str, model: Any) -> str:
    if len(model.classes_) == 2:
        return scale
    # Of more than two classes a model gives scores whose differences are log-odds.
    return f"{'score' if scale == 'log-odds' else scale} of the predicted class"
