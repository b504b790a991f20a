"""What drives a model, on a sample of rows: SHAP values in the user's features."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.interpretation.contributions import explained_kind, output_name, row_explainer
from assay.interpretation.explainers import Codes
from assay.schema import Schema

# Rows that stand for "the feature is unknown" in model-agnostic explanations.
_BACKGROUND_ROWS = 50
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


def explain(
    pipeline: Any, schema: Schema, features: pd.DataFrame, sample_rows: int, seed: int
) -> Explanation:
    """Explain a sample of rows with SHAP, in the user's features.

    A model that only its predictions can explain is explained on at most 200 rows. With more than two
    classes, a row's output is that of the class that is predicted for it. A transformed target is
    explained as the estimator sees it.

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
    """
    rng = np.random.default_rng(seed)
    kind = explained_kind(pipeline)
    limit = min(sample_rows, _SLOW_ROWS) if kind.slow else sample_rows
    positions = np.sort(rng.permutation(len(features))[:limit])
    sample = features.iloc[positions].reset_index(drop=True)
    background = sample
    if kind.slow:
        background = features.iloc[rng.permutation(len(features))[:_BACKGROUND_ROWS]]
    explainer = row_explainer(pipeline, schema, background)
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
