"""When the model is to be trained again: one rule, for the model card and for every batch."""

from collections.abc import Mapping
from math import hypot, sqrt
from typing import Any

import pandas as pd

from assay.metrics.core import Metric
from assay.monitoring.looks import looks_of, pooled
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
    of the history that the same run scored: the mean of their metrics, weighted by rows. Batches of about
    a window of `monitor.cadence` are held against what the holdout had by window, and the limit moves by
    the same difference (see `assay.monitoring.by_window`). Beyond the limit, the difference must also be beyond chance: where rows of one day share what happens, both
    errors are larger than the limit knows.

    Parameters
    ----------
    performance : dict or None
        From `performance_of`.
    history : DataFrame or None
        Of earlier batches, the latest last: `run_id`s of this run only, with `metric`, `value`,
        `standard_error`, `metric_rows`, and `first_time` and `last_time` where rows have times.
    watch : Watch

    Returns
    -------
    dict or None
        `metric`, `limit`, `rows_needed`, `rows`, `batches`, `value`, `standard_error`, `met` (None: it
        cannot be said yet), `sentence` and what `looks.pooled` gives; None for a run whose reference has no such rule.
    """
    reference = watch.reference.get("performance") or {}
    rule = reference.get("retraining")
    if rule is None:
        return None
    metric, needed = watch.metric, int(rule["rows_needed"])
    looks = looks_of(performance, history, metric.name)
    found = pooled(looks, needed, metric.name, reference)
    value, rows = found["value"], found["rows"]
    # Within windows the holdout had another value, and the limit lies as far from it.
    limit = rule["limit"]
    if found["holdout"] is not None:
        limit += found["holdout"] - float(reference["metrics"][metric.name]["value"])
    met: bool | None = None
    beyond = False
    if value is not None and rows >= needed:
        beyond = bool(value < limit if metric.greater_is_better else value > limit)
        met = beyond and _beyond_chance(found, watch)
    side = "below" if metric.greater_is_better else "above"
    here = {**rule, "limit": limit, "holdout": _words_of_holdout(found, rule)}
    told = _told(metric.name, found, here, side, met, beyond) + _left_out(found, reference)
    figures = {"metric": metric.name, "limit": limit, "rows_needed": needed}
    return figures | found | {"met": met, "sentence": told}


def _words_of_holdout(found: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """Return what the holdout had, and over what."""
    if not found["holdout_by"]:
        return f"{rule['holdout']:.4g}"
    return f"{found['holdout']:.4g} by {found['holdout_by']}, {rule['holdout']:.4g} as a whole"


def _left_out(found: Mapping[str, Any], reference: Mapping[str, Any]) -> str:
    """Return why some batches are not among those that were pooled."""
    told = ""
    if found["short"]:
        cadence = reference["by_window"]["cadence"]
        told += (
            f" Batches of less than half a {cadence} are left out ({found['short']}): they lack "
            f"differences between days that the holdout has by {cadence}. Set monitor.cadence to how "
            "often batches come, or monitor longer ones."
        )
    if found["overlapping"]:
        told += (
            f" Batches whose times overlap with those of later ones are left out "
            f"({found['overlapping']}): their rows may be the same."
        )
    return told


def _beyond_chance(found: Mapping[str, Any], watch: Watch) -> bool:
    """Say whether a metric is worse than the holdout's by more than both errors let expect (2.5%)."""
    reference = watch.reference["performance"]
    before, error = found["holdout_error"], found["standard_error"]
    if before is None:
        return True
    if error is None:
        # Where all resamples of a batch gave the same, it has the holdout's error for so many rows.
        error = before * sqrt(reference["retraining"]["rows_needed"] / found["rows"])
    worse = watch.metric.gain(found["holdout"], found["value"])
    return bool(worse > _NORMAL * hypot(before, error))


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
            f"{rule['holdout']})."
        )
    if beyond:
        return (
            f"No need to train again yet: {is_at}, {side} the limit of {limit}, but by no more than "
            f"chance where rows share days or groups (holdout {rule['holdout']})."
        )
    return (
        f"No need to train again: {is_at}, not {side} the limit of {limit} (holdout "
        f"{rule['holdout']})."
    )
