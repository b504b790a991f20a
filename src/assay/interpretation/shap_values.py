"""What drives a model, on a sample of rows: SHAP values in the user's features."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.interpretation.contributions import (
    RowExplainer,
    explained_kind,
    output_name,
    row_explainer,
)
from assay.interpretation.explainers import Codes

# Rows that stand for "the feature is unknown" in model-agnostic explanations.
_BACKGROUND_ROWS = 50
# Rows whose mean is the center of a linear model.
_CENTER_ROWS = 1000
# Rows that the slow explainer explains.
_SLOW_ROWS = 200


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


def trained_explainer(evidence: Evidence) -> RowExplainer:
    """Return what explains the judged model; training rows stand for "the feature is unknown"."""
    pipeline, train = evidence.predictor.pipeline, evidence.train
    size = _BACKGROUND_ROWS if explained_kind(pipeline).slow else _CENTER_ROWS
    order = np.random.default_rng(evidence.task.seed).permutation(len(train))[:size]
    background = train.iloc[np.sort(order)][evidence.schema.feature_names]
    return row_explainer(pipeline, evidence.schema, background)


def explain(evidence: Evidence) -> Explanation:
    """Explain a sample of the holdout's rows with SHAP, in the user's features.

    A model that only its predictions can explain is explained on at most 200 rows. With more than two
    classes, a row's output is that of the class that is predicted for it. A transformed target is
    explained as the estimator sees it.
    """
    schema, pipeline = evidence.schema, evidence.predictor.pipeline
    rng = np.random.default_rng(evidence.task.seed)
    most = evidence.params.shap_sample_rows
    limit = min(most, _SLOW_ROWS) if explained_kind(pipeline).slow else most
    positions = np.sort(rng.permutation(len(evidence.holdout))[:limit])
    sample = evidence.features.iloc[positions].reset_index(drop=True)
    explainer = trained_explainer(evidence)
    found, whole = explainer.contributions(sample), explainer.outputs(sample)
    gap = np.abs(found.base + found.values.sum(axis=1) - whole)
    scale = max(1.0, float(np.abs(whole).max(initial=0.0)))
    return Explanation(
        pd.DataFrame(found.values, columns=schema.feature_names),
        sample,
        positions,
        output_name(pipeline, schema),
        explainer.explainer.method,
        float(gap.max(initial=0.0)) / scale,
    )
