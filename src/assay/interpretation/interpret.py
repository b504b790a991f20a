"""Which signals drive the model, and where is it weak?"""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from assay.interpretation.importance import permutation_importance
from assay.interpretation.shap_values import Explanation, explain
from assay.interpretation.slices import error_slices
from assay.metrics.catalogue import primary_metric
from assay.predictor import Predictor
from assay.schema import Schema
from assay.sections import InterpretParams, TaskParams
from assay.uncertainty.bootstrap import Bootstrap, clusters_of

# What SHAP's explanation may miss the model's output by.
_ADDITIVITY_TOLERANCE = 1e-4


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
        predictor,
        features,
        y_true,
        primary_metric(task.type, task.primary_metric),
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
        predictor.predict(features),
        schema.names_of("categorical"),
        numeric[: params.slice_numeric_count],
        params,
        task,
        bootstrap,
    )
    return Interpretation(importance, explanation, slices)


# Features in the data of a plot; more names would overlap.
_PLOTTED = 25


def plot_tables(found: Interpretation) -> dict[str, pd.DataFrame]:
    """Return the data behind the bars of "importance" and "shap": the top features of each."""
    means = found.explanation.mean_absolute().rename("mean_abs_shap").rename_axis("feature")
    return {
        "importance": found.importance[["feature", "importance"]].head(_PLOTTED),
        "shap": means.reset_index().head(_PLOTTED),
    }


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
