"""What drives a model, on a sample of rows: SHAP values in the user's features."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.interpretation.background import background_rows
from assay.interpretation.contributions import (
    RowExplainer,
    output_name,
    row_explainer,
)
from assay.interpretation.explainers import Codes, Explainer
from assay.metrics.core import FloatArray

# As many rows are explained as take about so long, and at least so many.
_SECONDS, _FEWEST = 20.0, 50
CLASS_COLUMNS = ["class", "feature", "mean_abs_shap"]


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
    by_class : DataFrame
        Of more than two classes: `class`, `feature` and `mean_abs_shap`, the feature's mean absolute
        contribution to the class's output over all rows. No rows with fewer.
    """

    values: pd.DataFrame
    features: pd.DataFrame
    positions: Codes
    output: str
    method: str
    additivity_gap: float
    by_class: pd.DataFrame

    def mean_absolute(self) -> "pd.Series[Any]":
        """Return each feature's mean absolute contribution, the greatest first."""
        means = self.values.abs().mean()
        order = np.lexsort((means.index.to_numpy(), -means.to_numpy()))
        ordered: pd.Series[Any] = means.iloc[order]
        return ordered


def trained_explainer(evidence: Evidence) -> RowExplainer:
    """Return what explains the judged model, against the training rows that ship with it."""
    background = background_rows(evidence.train, evidence.schema, evidence.task.seed)
    return row_explainer(evidence.predictor.pipeline, evidence.schema, background)


def predicted_classes(evidence: Evidence) -> Codes | None:
    """Return the class that is predicted for each holdout row after calibration; None of fewer than three."""
    if evidence.schema.task != "multiclass":
        return None
    codes: Codes = evidence.holdout.y_predicted.argmax(axis=1)
    return codes


def explain(evidence: Evidence) -> Explanation:
    """Explain a sample of the holdout's rows with SHAP, in the user's features.

    A large forest, and a model that only its predictions can explain, are explained on fewer rows (see
    `affordable_rows`). With more than two
    classes, a row's output is that of the class that is predicted for it, calibrated. A transformed
    target is explained as the estimator sees it.
    """
    schema, pipeline = evidence.schema, evidence.predictor.pipeline
    rng = np.random.default_rng(evidence.task.seed)
    explainer = trained_explainer(evidence)
    limit = affordable_rows(explainer.explainer, evidence.params.shap_sample_rows)
    positions = np.sort(rng.permutation(len(evidence.holdout))[:limit])
    sample = evidence.features.iloc[positions].reset_index(drop=True)
    codes = predicted_classes(evidence)
    codes = None if codes is None else codes[positions]
    values, reached, magnitude = np.zeros(sample.shape), np.zeros(len(sample)), np.zeros(0)
    for rows, added, base, chosen in explainer.parts(sample, codes):
        values[rows] = added[np.arange(len(added)), :, chosen]
        reached[rows] = base[chosen] + values[rows].sum(axis=1)
        total = np.abs(added).sum(axis=0)
        magnitude = total if not magnitude.size else magnitude + total
    whole = explainer.outputs(sample, codes)
    gap, scale = np.abs(reached - whole), max(1.0, float(np.abs(whole).max(initial=0.0)))
    return Explanation(
        pd.DataFrame(values, columns=schema.feature_names),
        sample,
        positions,
        output_name(pipeline, schema),
        explainer.explainer.method,
        float(gap.max(initial=0.0)) / scale,
        _by_class(evidence, magnitude / max(1, len(sample))),
    )


def affordable_rows(explainer: Explainer, most: int) -> int:
    """Return how many rows are explained: at most so many, fewer where each takes long.

    200 where only predictions can explain a model. Of a forest it depends on its leaves, their depth
    and its classes.
    """
    if explainer.row_seconds * most <= _SECONDS:
        return most
    return min(most, max(_FEWEST, round(_SECONDS / explainer.row_seconds)))


def _by_class(evidence: Evidence, means: FloatArray) -> pd.DataFrame:
    """Return mean absolute contributions (p, k) as rows, each class's greatest first."""
    schema = evidence.schema
    if schema.task != "multiclass" or means.ndim != 2:
        return pd.DataFrame(columns=CLASS_COLUMNS)
    table = pd.DataFrame(
        {
            "class": np.repeat([str(label) for label in schema.labels], len(schema.features)),
            "feature": np.tile(schema.feature_names, len(schema.labels)),
            "mean_abs_shap": means.T.ravel(),
        }
    )
    number = np.repeat(np.arange(len(schema.labels)), len(schema.features))
    names = table["feature"].to_numpy(dtype=object).astype(str)
    order = np.lexsort((names, -table["mean_abs_shap"].to_numpy(), number))
    ordered: pd.DataFrame = table.iloc[order].reset_index(drop=True)
    return ordered
