"""Which signals drive the model, and where is it weak?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from assay.metrics import FloatArray, LabelArray, ScoredMetric, log_loss, primary_metric
from assay.params import InterpretParams, TaskParams
from assay.predictor import Predictor
from assay.preprocessing import source_features
from assay.schema import Schema
from assay.uncertainty import Bootstrap, clusters_of, metric_estimate

Scorer = Callable[[pd.DataFrame], FloatArray]

# Values that SHAP's explanation may miss the model's output by, in log-odds.
_ADDITIVITY_TOLERANCE = 1e-4
# Rows that stand for "the feature is unknown" in model-agnostic explanations.
_BACKGROUND_ROWS = 50


def permutation_importance(
    score: Scorer,
    features: pd.DataFrame,
    y_true: LabelArray,
    metric: ScoredMetric,
    repeats: int,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return how much worse the metric gets when one feature is shuffled.

    Each resample of rows judges the model before and after every shuffle, so that the interval holds
    the chance of the rows and of the shuffles.

    Parameters
    ----------
    score : callable
        Features in model form to scores.
    features : DataFrame, shape (n, p)
    y_true : ndarray of {0, 1}, shape (n,)
    metric : ScoredMetric
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
    before = metric.function(y_true, score(features), resamples)
    rows = []
    for name in features.columns:
        drops = np.zeros(len(resamples))
        for _ in range(repeats):
            shuffled = features.copy()
            shuffled[name] = features[name].to_numpy()[rng.permutation(len(features))]
            drops += sign * (before - metric.function(y_true, score(shuffled), resamples))
        drops /= repeats
        low, high = bootstrap.interval(drops[1:])
        rows.append((name, drops[0], low, high))
    table = pd.DataFrame(rows, columns=["feature", "importance", "ci_low", "ci_high"])
    return table.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)


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
        What the contributions add up to: "log-odds" or "probability".
    method : str
        The explainer that made them.
    additivity_gap : float
        The largest distance between base value plus contributions and the model's output.
    """

    values: pd.DataFrame
    features: pd.DataFrame
    positions: np.ndarray[Any, np.dtype[np.int64]]
    output: str
    method: str
    additivity_gap: float

    def mean_absolute(self) -> "pd.Series[Any]":
        """Return each feature's mean absolute contribution, the greatest first."""
        means = self.values.abs().mean()
        order = np.lexsort((means.index.to_numpy(), -means.to_numpy()))
        ordered: pd.Series[Any] = means.iloc[order]
        return ordered


def explain(
    pipeline: Any, schema: Schema, features: pd.DataFrame, sample_rows: int, seed: int
) -> Explanation:
    """Explain a sample of rows with SHAP, in the user's features.

    The final estimator is explained on the transformed columns, and the columns of one feature are
    summed: exact and fast for trees and linear models. Any other estimator is explained through its
    probabilities by SHAP's permutation explainer, on at most 200 rows.

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
    model = pipeline.named_steps["model"]
    limit = sample_rows if _fast_explainer(model) else min(sample_rows, 200)
    positions = np.sort(rng.permutation(len(features))[:limit])
    sample = features.iloc[positions].reset_index(drop=True)
    matrix = np.asarray(pipeline.named_steps["features"].transform(sample), dtype=float)
    background_rows = rng.permutation(len(features))[:_BACKGROUND_ROWS]
    background = np.asarray(
        pipeline.named_steps["features"].transform(features.iloc[background_rows]), dtype=float
    )
    contributions, base, method, output = _shap_values(model, matrix, background, seed)
    sources = source_features(pipeline.named_steps["features"], schema.feature_names)
    summed = np.zeros((len(sample), len(schema.feature_names)))
    index = {name: number for number, name in enumerate(schema.feature_names)}
    for column, source in enumerate(sources):
        summed[:, index[source]] += contributions[:, column]
    gap = np.abs(base + contributions.sum(axis=1) - _model_output(model, matrix, output))
    return Explanation(
        pd.DataFrame(summed, columns=schema.feature_names),
        sample,
        positions,
        output,
        method,
        float(gap.max()) if len(gap) else 0.0,
    )


def _fast_explainer(model: Any) -> str | None:
    name = type(model).__name__
    if name == "LGBMClassifier":
        return "tree"
    if name in {"RandomForestClassifier", "ExtraTreesClassifier"}:
        return "forest"
    return "linear" if name == "LogisticRegression" else None


def _shap_values(
    model: Any, matrix: FloatArray, background: FloatArray, seed: int
) -> tuple[FloatArray, FloatArray | float, str, str]:
    """Return contributions (n, columns), base value, method and output of the positive class."""
    kind = _fast_explainer(model)
    if kind == "tree":
        # LightGBM's own TreeSHAP: the last column is the base value, in log-odds.
        raw = np.asarray(model.predict(matrix, pred_contrib=True), dtype=float)
        return raw[:, :-1], raw[:, -1], "TreeSHAP (LightGBM)", "log-odds"
    if kind == "linear":
        # For a linear model SHAP values have a closed form: weight times distance from the mean.
        weights, center = model.coef_[0], matrix.mean(axis=0)
        base = float(model.intercept_[0] + center @ weights)
        return (matrix - center) * weights, base, "linear SHAP", "log-odds"
    import shap

    if kind == "forest":
        explanation = shap.TreeExplainer(model)(matrix, check_additivity=False)
        values = np.asarray(explanation.values)[..., 1]
        base_values = np.asarray(explanation.base_values)[..., 1]
        return values, base_values, "TreeSHAP (shap)", "probability"
    explainer = shap.PermutationExplainer(
        lambda rows: model.predict_proba(rows)[:, 1], background, seed=seed
    )
    explanation = explainer(matrix, max_evals=2 * matrix.shape[1] + 1, silent=True)
    return explanation.values, explanation.base_values, "permutation SHAP", "probability"


def _model_output(model: Any, matrix: FloatArray, output: str) -> FloatArray:
    """Return what contributions must add up to; log-odds from the model itself, never infinite."""
    if output == "probability":
        return np.asarray(model.predict_proba(matrix)[:, 1], dtype=float)
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(matrix), dtype=float)
    return np.asarray(model.predict(matrix, raw_score=True), dtype=float)


def error_slices(
    features: pd.DataFrame,
    y_true: LabelArray,
    y_score: FloatArray,
    categorical: Sequence[str],
    numeric: Sequence[str],
    params: InterpretParams,
    task: TaskParams,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return the model's quality on parts of the rows: each category, each quantile of a number.

    Parameters
    ----------
    features : DataFrame, shape (n, p)
        In model form.
    y_true, y_score : ndarray, shape (n,)
    categorical, numeric : sequence of str
        Features to cut by; missing values make a slice of their own.
    params : InterpretParams
        The section `interpret`; slices under `slice_min_rows` are left out.
    task : TaskParams
        Names the primary metric.
    bootstrap : Bootstrap

    Returns
    -------
    DataFrame
        `feature`, `slice`, `n`, `positive_rate`, `mean_score`, the primary metric with its interval
        (NaN where the slice has one class), `log_loss`; the greatest log loss first.
    """
    metric = primary_metric(task.primary_metric)
    rows = []
    cuts = [(name, _categories(features[name])) for name in categorical]
    cuts += [(name, _quantiles(features[name], params.slice_quantiles)) for name in numeric]
    for name, labels in cuts:
        for label in sorted(set(labels)):
            inside = labels == label
            n = int(inside.sum())
            if n < params.slice_min_rows:
                continue
            outcome, score = y_true[inside], y_score[inside]
            estimate = metric_estimate(metric, outcome, score, bootstrap.within(inside))
            rows.append(
                {
                    "feature": name,
                    "slice": label,
                    "n": n,
                    "positive_rate": float(outcome.mean()),
                    "mean_score": float(score.mean()),
                    metric.name: estimate.value,
                    "ci_low": estimate.ci_low,
                    "ci_high": estimate.ci_high,
                    "log_loss": float(log_loss(outcome, score, np.ones((1, n)))[0]),
                }
            )
    columns = ["feature", "slice", "n", "positive_rate", "mean_score", metric.name]
    columns = list(dict.fromkeys([*columns, "ci_low", "ci_high", "log_loss"]))
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["log_loss", "feature", "slice"], ascending=[False, True, True])


def _categories(column: "pd.Series[Any]") -> np.ndarray[Any, np.dtype[np.object_]]:
    return column.fillna("(missing)").to_numpy(dtype=object)


def _quantiles(column: "pd.Series[Any]", count: int) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return, for each value, its quantile bin as a text such as `Q1 [0, 12.5]`."""
    edges = np.unique(np.nanquantile(column, np.linspace(0, 1, count + 1)))
    if len(edges) < 2:
        return column.map(lambda value: "(missing)" if pd.isna(value) else f"{value:g}").to_numpy()
    index = np.clip(np.searchsorted(edges, column, side="right") - 1, 0, len(edges) - 2)
    labels = [
        f"Q{number + 1} [{edges[number]:g}, {edges[number + 1]:g}"
        + ("]" if number == len(edges) - 2 else ")")
        for number in range(len(edges) - 1)
    ]
    texts = np.array(labels, dtype=object)[index]
    texts[column.isna().to_numpy()] = "(missing)"
    return texts


@dataclass(frozen=True)
class Interpretation:
    """Everything that `interpret` found.

    Attributes
    ----------
    importance : DataFrame
        From `permutation_importance`, with the mean absolute SHAP value beside it.
    explanation : Explanation
    slices : DataFrame
        From `error_slices`.
    """

    importance: pd.DataFrame
    explanation: Explanation
    slices: pd.DataFrame


def interpret_model(
    predictor: Predictor,
    schema: Schema,
    holdout: pd.DataFrame,
    params: InterpretParams,
    task: TaskParams,
    bootstrap: Bootstrap,
) -> Interpretation:
    """Explain a model on the holdout: importance, SHAP values, slices.

    Parameters
    ----------
    predictor : Predictor
    schema : Schema
    holdout : DataFrame
        Holdout rows with target and features in model form.
    params, task : InterpretParams, TaskParams
    bootstrap : Bootstrap
    """
    features = holdout[schema.feature_names]
    y_true = holdout[schema.target].to_numpy()
    bootstrap = replace(bootstrap, clusters=clusters_of(holdout, schema.group_column))
    importance = permutation_importance(
        predictor.score,
        features,
        y_true,
        primary_metric(task.primary_metric),
        params.permutation_repeats,
        bootstrap,
    )
    explanation = explain(predictor.pipeline, schema, features, params.shap_sample_rows, task.seed)
    shap_means = explanation.mean_absolute()
    importance["mean_abs_shap"] = importance["feature"].map(shap_means)
    numeric = [name for name in importance["feature"] if name in schema.names_of("numeric")]
    slices = error_slices(
        features,
        y_true,
        predictor.score(features),
        schema.names_of("categorical"),
        numeric[: params.slice_numeric_count],
        params,
        task,
        bootstrap,
    )
    return Interpretation(importance, explanation, slices)


def interpretation_json(found: Interpretation) -> dict[str, Any]:
    """Return the summary of `metrics/interpret.json`."""
    top = found.importance.iloc[0]
    explained = found.explanation
    return {
        "applicable": True,
        "top_feature": top["feature"],
        "top_importance": float(top["importance"]),
        "positive_importance_count": int((found.importance["ci_low"] > 0).sum()),
        "feature_count": len(found.importance),
        "slice_count": len(found.slices),
        "shap": {
            "row_count": len(explained.values),
            "method": explained.method,
            "output": explained.output,
            "additivity_gap": round(explained.additivity_gap, 9),
            "additive": bool(explained.additivity_gap < _ADDITIVITY_TOLERANCE),
        },
    }
