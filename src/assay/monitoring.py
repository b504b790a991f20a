"""The reference profile: what a batch will be compared with. Shares and quantiles, no raw rows."""

from typing import Any

import numpy as np
import pandas as pd

from assay.metrics import FloatArray, LabelArray
from assay.schema import Schema

_QUANTILES = np.linspace(0, 1, 11)
# Categories beyond these are summed up.
_CATEGORY_COUNT = 50


def reference_profile(
    train: pd.DataFrame,
    schema: Schema,
    y_true: LabelArray,
    out_of_fold_score: FloatArray,
    threshold: float,
) -> dict[str, Any]:
    """Describe the training rows and the model's out-of-fold scores.

    Parameters
    ----------
    train : DataFrame
        Training rows, features in model form. Never the rows of the refit, whose scores flatter.
    schema : Schema
    y_true : ndarray of {0, 1}, shape (m,)
        Outcomes of the rows that have an out-of-fold score.
    out_of_fold_score : ndarray, shape (m,)
        Calibrated.
    threshold : float
    """
    numeric = {name: _numeric_profile(train[name]) for name in schema.names_of("numeric")}
    categorical = {
        name: _categorical_profile(train[name]) for name in schema.names_of("categorical")
    }
    return {
        "row_count": len(train),
        "numeric": numeric,
        "categorical": categorical,
        "score": {
            "row_count": len(out_of_fold_score),
            "quantiles": np.quantile(out_of_fold_score, _QUANTILES).tolist(),
            "mean": float(out_of_fold_score.mean()),
            "flagged_rate": float((out_of_fold_score >= threshold).mean()),
            "positive_rate": float(y_true.mean()),
        },
    }


def _numeric_profile(column: "pd.Series[Any]") -> dict[str, Any]:
    """Return missing rate, deciles, and the share of rows in each bin between distinct deciles."""
    values = column.dropna().to_numpy()
    if not len(values):
        return {"missing_rate": 1.0, "quantiles": [], "bin_edges": [], "bin_shares": []}
    quantiles = np.quantile(values, _QUANTILES)
    edges = np.unique(quantiles)
    # Bins are [edge, next edge), the last one open above; a single value makes one bin.
    inner = edges[1:-1]
    counts = np.bincount(np.searchsorted(inner, values, side="right"), minlength=len(inner) + 1)
    return {
        "missing_rate": float(column.isna().mean()),
        "quantiles": quantiles.tolist(),
        "bin_edges": inner.tolist(),
        "bin_shares": (counts / len(values)).tolist(),
    }


def _categorical_profile(column: "pd.Series[Any]") -> dict[str, Any]:
    counts = column.value_counts(dropna=True)
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    total = max(int(counts.sum()), 1)
    top = counts.iloc[:_CATEGORY_COUNT]
    return {
        "missing_rate": float(column.isna().mean()),
        "shares": {str(name): int(count) / total for name, count in top.items()},
        "other_share": 1 - int(top.sum()) / total if len(counts) else 0.0,
    }
