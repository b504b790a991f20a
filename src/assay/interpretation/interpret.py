"""Which signals drive the model?"""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.evidence import Evidence
from assay.interpretation.importance import permutation_importance
from assay.interpretation.shap_values import Explanation, explain

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
    """

    importance: pd.DataFrame
    explanation: Explanation


def interpret_model(evidence: Evidence) -> Interpretation:
    """Explain a model on the holdout: importance and SHAP values."""
    params = evidence.params
    importance = permutation_importance(
        evidence.predictor,
        evidence.features,
        evidence.holdout.y_true,
        evidence.metric,
        params.permutation_repeats,
        evidence.bootstrap,
    )
    explanation = explain(evidence)
    importance["mean_abs_shap"] = importance["feature"].map(explanation.mean_absolute())
    return Interpretation(importance, explanation)


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
    """Return the scalars of `metrics/interpret.json` that tell of signals."""
    top = found.importance.iloc[0]
    explained = found.explanation
    return {
        "applicable": True,
        "top_feature": top["feature"],
        "top_importance": float(top["importance"]),
        "positive_importance_count": int((found.importance["ci_low"] > 0).sum()),
        "feature_count": len(found.importance),
        "shap": {
            "row_count": len(explained.values),
            "method": explained.method,
            "output": explained.output,
            "additivity_gap": round(explained.additivity_gap, 9),
            "additive": bool(explained.additivity_gap < _ADDITIVITY_TOLERANCE),
        },
    }
