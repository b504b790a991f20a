"""The reference profile: what a batch will be compared with. Shares and quantiles, no raw rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from assay.conformal import interval_rule_from_json
from assay.metrics.core import FloatArray, TargetArray
from assay.newsvendor import quantile_rule_from_json
from assay.predictions import predictions_of
from assay.schema import Schema

_QUANTILES = np.linspace(0, 1, 11)
# Categories beyond these are summed up.
_CATEGORY_COUNT = 50


def reference_profile(
    train: pd.DataFrame,
    schema: Schema,
    out_of_fold: pd.DataFrame,
    decision: Mapping[str, Any],
) -> dict[str, Any]:
    """Describe the training rows and the model's out-of-fold predictions.

    Parameters
    ----------
    train : DataFrame
        Training rows, features in model form. Never the rows of the refit, whose predictions flatter.
    schema : Schema
    out_of_fold : DataFrame
        `y_true` and the calibrated predictions of the rows that have some.
    decision : dict
        The content of `models/decision.json`.
    """
    numeric = {name: _numeric_profile(train[name]) for name in schema.names_of("numeric")}
    categorical = {
        name: _categorical_profile(train[name]) for name in schema.names_of("categorical")
    }
    predicted = predictions_of(out_of_fold, schema)
    return {
        "row_count": len(train),
        "numeric": numeric,
        "categorical": categorical,
        "prediction": _prediction_profile(
            out_of_fold["y_true"].to_numpy(), predicted, schema, decision
        ),
    }


def _prediction_profile(
    y_true: TargetArray, predicted: FloatArray, schema: Schema, decision: Mapping[str, Any]
) -> dict[str, Any]:
    """Return how predictions are spread, and what was decided on them."""
    told: dict[str, Any] = {"row_count": len(predicted)}
    if schema.task == "multiclass":
        confidence, codes = predicted.max(axis=1), predicted.argmax(axis=1)
        shares = np.bincount(codes, minlength=len(schema.labels)) / len(codes)
        outcomes = np.bincount(y_true.astype(int), minlength=len(schema.labels)) / len(codes)
        labels = [str(label) for label in schema.labels]
        return told | {
            "confidence_quantiles": np.quantile(confidence, _QUANTILES).tolist(),
            "decided_rate": float((confidence >= decision["min_confidence"]).mean()),
            "predicted_shares": dict(zip(labels, shares.tolist(), strict=True)),
            "outcome_shares": dict(zip(labels, outcomes.tolist(), strict=True)),
        }
    told["quantiles"] = np.quantile(predicted, _QUANTILES).tolist()
    told["mean"] = float(predicted.mean())
    if schema.task == "regression":
        low, high = interval_rule_from_json(decision).interval(predicted)
        told |= {
            "outcome_mean": float(y_true.mean()),
            "mean_interval_width": float((high - low).mean()),
        }
        if "quantile" not in decision:
            return told
        acted = quantile_rule_from_json(decision).shifted(predicted)
        return told | {
            "prediction_quantile": {
                "level": decision["quantile"]["level"],
                "mean": float(acted.mean()),
                "quantiles": np.quantile(acted, _QUANTILES).tolist(),
                # Near the level while the number to act on is right.
                "outcome_at_or_below_rate": float((y_true <= acted).mean()),
            }
        }
    return told | {
        "flagged_rate": float((predicted >= decision["threshold"]).mean()),
        "positive_rate": float(y_true.mean()),
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
