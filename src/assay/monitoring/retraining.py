"""When the model is to be trained again: one rule, for the model card and for every batch."""

from collections.abc import Mapping
from math import hypot, sqrt
from typing import Any

import numpy as np
import pandas as pd

from assay.metrics.core import Metric
from assay.monitoring.watch import Watch

# Half of a 95% interval of a normal variable, in standard errors.
_NORMAL = 1.959964
# A difference of two figures that err alike has an error so many times as large.
_OF_DIFFERENCE = sqrt(2)


def retraining_limit(metric: Metric, told: Mapping[str, float]) -> float:
    """Return the value of the metric from which to train again.

    A batch errs by chance as the holdout does. A batch of as many rows from an unchanged model would lie
    below the lower end of the holdout's 95% interval in 8% of looks (1.96 / sqrt(2) standard errors of the
    difference). So the limit is sqrt(2) times as far from the holdout's value, on the side that is worse.

    Parameters
    ----------
    metric : Metric
    told : dict
        The holdout's `value`, and `ci_low` and `ci_high` where it has an interval.
    """
    end = told.get("ci_low" if metric.greater_is_better else "ci_high")
    value = told["value"]
    return float(value if end is None else value + _OF_DIFFERENCE * (end - value))


def retraining_reference(metric: Metric, judged: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rule of a run: the metric, its limit, and on how many rows it is to be looked at.

    Parameters
    ----------
    metric : Metric
        The primary one.
    judged : dict
        The content of `metrics/holdout.json`.
    """
    told = judged["model"][metric.name]
    return {
        "metric": metric.name,
        "limit": retraining_limit(metric, told),
        "rows_needed": int(judged["row_count"]),
        "holdout": float(told["value"]),
    }


def retraining_of(
    performance: Mapping[str, Any] | None, history: pd.DataFrame | None, watch: Watch
) -> dict[str, Any] | None:
    """Say whether the model is to be trained again.

    The limit is for as many rows as the holdout has. A batch of fewer is pooled with the latest batches
    of the history that the same run scored: the mean of their metrics, weighted by rows. Beyond the
    limit, the difference must also be beyond chance: where rows of one day share what happens, both
    errors are larger than the limit knows.

    Parameters
    ----------
    performance : dict or None
        From `performance_of`.
    history : DataFrame or None
        Of earlier batches, the latest last: `run_id`s of this run only, with `metric`, `value`,
        `standard_error` and `metric_rows`.
    watch : Watch

    Returns
    -------
    dict or None
        `metric`, `limit`, `rows_needed`, `rows`, `batches`, `value`, `standard_error`, `met` (None: it
        cannot be said yet) and `sentence`; None for a run whose reference has no such rule.
    """
    rule = (watch.reference.get("performance") or {}).get("retraining")
    if rule is None:
        return None
    metric, needed = watch.metric, int(rule["rows_needed"])
    pooled = _pooled(_looks(performance, history, metric.name), needed)
    value, rows = pooled["value"], pooled["rows"]
    met: bool | None = None
    beyond = False
    if value is not None and rows >= needed:
        beyond = bool(value < rule["limit"] if metric.greater_is_better else value > rule["limit"])
        met = beyond and _beyond_chance(pooled, watch)
    side = "below" if metric.greater_is_better else "above"
    figures = {"metric": metric.name, "limit": rule["limit"], "rows_needed": needed}
    told = _told(metric.name, pooled, rule, side, met, beyond)
    return figures | pooled | {"met": met, "sentence": told}


def _beyond_chance(pooled: Mapping[str, Any], watch: Watch) -> bool:
    """Say whether a metric is worse than the holdout's by more than both errors let expect (2.5%)."""
    told = watch.reference["performance"]["metrics"][watch.metric.name]
    errors = pooled["standard_error"], told["standard_error"]
    if errors[0] is None or errors[1] is None:
        return True
    worse = told["value"] - pooled["value"]
    worse = worse if watch.metric.greater_is_better else -worse
    return bool(worse > _NORMAL * hypot(*errors))


def _looks(
    performance: Mapping[str, Any] | None, history: pd.DataFrame | None, name: str
) -> list[tuple[float, float, int]]:
    """Return value, standard error and rows of each look, the latest first."""
    looks = []
    if performance is not None:
        told = performance["metrics"].get(name) or {}
        if told.get("value") is not None:
            error = told.get("standard_error")
            looks.append((told["value"], np.nan if error is None else error, performance["n"]))
    if history is None or not len(history):
        return looks
    same = history[(history["metric"] == name) & history["value"].notna()]
    same = same[same["metric_rows"].fillna(0) > 0]
    latest = same[["value", "standard_error", "metric_rows"]].astype(float).iloc[::-1]
    looks += [(value, error, int(rows)) for value, error, rows in latest.to_numpy()]
    return looks


def _pooled(looks: list[tuple[float, float, int]], needed: int) -> dict[str, Any]:
    """Return the mean of the latest looks, by rows, until there are rows enough."""
    used: list[tuple[float, float, int]] = []
    for look in looks:
        if sum(rows for _, _, rows in used) >= needed:
            break
        used.append(look)
    rows = sum(n for _, _, n in used)
    if not rows:
        return {"value": None, "standard_error": None, "rows": 0, "batches": 0}
    shares = np.array([n / rows for _, _, n in used])
    values, errors = (np.array([look[place] for look in used]) for place in (0, 1))
    error = float(np.sqrt(np.sum((shares * errors) ** 2)))
    return {
        "value": float(np.sum(shares * values)),
        "standard_error": error if np.isfinite(error) else None,
        "rows": rows,
        "batches": len(used),
    }


def _told(
    name: str,
    pooled: Mapping[str, Any],
    rule: Mapping[str, Any],
    side: str,
    met: bool | None,
    beyond: bool,
) -> str:
    limit, needed = f"{rule['limit']:.4g}", f"{rule['rows_needed']:,}"
    if pooled["value"] is None:
        return (
            f"Whether to train again cannot be said yet: it needs {name} over {needed} rows with "
            "outcomes, and there are none."
        )
    over = f"over {pooled['rows']:,} rows"
    if pooled["batches"] > 1:
        over = f"{over} of the latest {pooled['batches']} batches"
    is_at = f"{name} {over} is {pooled['value']:.4g}"
    if met is None:
        return (
            f"Whether to train again cannot be said yet: {is_at}, and the limit of {limit} is for "
            f"{needed} rows, as many as the holdout has."
        )
    if met:
        return (
            f"Train the model again: {is_at}, {side} the limit of {limit} (holdout "
            f"{rule['holdout']:.4g})."
        )
    if beyond:
        return (
            f"No need to train again yet: {is_at}, {side} the limit of {limit}, but by no more than "
            f"chance where rows share days or groups (holdout {rule['holdout']:.4g})."
        )
    return (
        f"No need to train again: {is_at}, not {side} the limit of {limit} (holdout "
        f"{rule['holdout']:.4g})."
    )
