"""Where the model is weak: its quality on parts of the rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.metrics.calibration import levels
from assay.metrics.catalogue import row_loss
from assay.uncertainty.estimate import Estimate
from assay.uncertainty.many import holm_adjusted, zero_mean_p_value
from assay.uncertainty.paired import metric_estimate
from assay.uncertainty.rates import mean_estimate


def slice_columns(metric: str) -> tuple[str, ...]:
    """Return the columns of the table of slices."""
    return (
        *("feature", "slice", "n", "mean_outcome", "mean_prediction"),
        *("calibration_gap", "gap_ci_low", "gap_ci_high", "gap_p_value"),
        *(metric, "ci_low", "ci_high", "mean_loss"),
    )


def error_slices(
    evidence: Evidence, categorical: Sequence[str], numeric: Sequence[str]
) -> pd.DataFrame:
    """Return the model's quality on parts of the rows: each category, each quantile of a number.

    Parameters
    ----------
    evidence : Evidence
        Slices with fewer than `slice_min_rows` rows are left out.
    categorical, numeric : sequence of str
        Features to cut by; missing values make a slice of their own.

    Returns
    -------
    DataFrame
        With the columns of `slice_columns`: `mean_outcome` and `mean_prediction` (see `levels`) and
        how much the second is higher (`calibration_gap`), with its interval and its p-value, corrected
        by Holm's method for all slices of the table; the primary metric with its interval (NaN where
        the slice cannot have one), `mean_loss`; the greatest loss first.
    """
    params, task, bootstrap, metric = (
        *(evidence.params, evidence.task),
        *(evidence.bootstrap, evidence.metric),
    )
    features, y_true, predicted = (
        *(evidence.features, evidence.holdout.y_true),
        evidence.holdout.y_predicted,
    )
    outcome, level = levels(task.type, y_true, predicted)
    loss = row_loss(task.type, y_true, predicted)
    rows = []
    cuts = [(name, _categories(features[name])) for name in categorical]
    cuts += [(name, _quantiles(features[name], params.slice_quantiles)) for name in numeric]
    for name, labels in cuts:
        for label in sorted(set(labels)):
            inside = labels == label
            n = int(inside.sum())
            if n < params.slice_min_rows:
                continue
            plan = bootstrap.within(inside)
            estimate = metric_estimate(metric, y_true[inside], predicted[inside], plan)
            residual = level[inside] - outcome[inside]
            gap = mean_estimate(residual, plan)
            gap_low, gap_high = _ends(gap)
            low, high = _ends(estimate)
            rows.append(
                {
                    "feature": name,
                    "slice": label,
                    "n": n,
                    "mean_outcome": float(outcome[inside].mean()),
                    "mean_prediction": float(level[inside].mean()),
                    "calibration_gap": gap.value,
                    "gap_ci_low": gap_low,
                    "gap_ci_high": gap_high,
                    "gap_p_value": zero_mean_p_value(residual, plan.clusters),
                    metric.name: estimate.value,
                    "ci_low": low,
                    "ci_high": high,
                    "mean_loss": float(loss[inside].mean()),
                }
            )
    table = pd.DataFrame(rows, columns=list(slice_columns(metric.name)))
    table["gap_p_value"] = holm_adjusted(table["gap_p_value"].to_numpy(dtype=float))
    return table.sort_values(["mean_loss", "feature", "slice"], ascending=[False, True, True])


def _ends(estimate: Estimate) -> tuple[float, float]:
    return (estimate.ci_low, estimate.ci_high) if estimate.method else (np.nan, np.nan)


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
