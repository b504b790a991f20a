"""When the model is to be trained again: one rule, for the model card and for every batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Any

import numpy as np
import pandas as pd

from assay.errors import shown
from assay.metrics.core import Metric
from assay.metrics.words import metric_words
from assay.monitoring.by_window import holdout_of, is_short, why_short
from assay.monitoring.learnt import moment_of, within_training
from assay.monitoring.telling import apart, joined, number
from assay.monitoring.watch import Watch

# Half of a 95% interval of a normal variable, in standard errors.
_NORMAL = 1.959964
# A difference of two figures that err alike has an error so many times as large.
_OF_DIFFERENCE = sqrt(2)
# Batches that a sentence names.
_NAMED = 6


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


@dataclass(frozen=True)
class Look:
    """The metric of one batch.

    Attributes
    ----------
    batch, batch_id : str
    value, standard_error : float
        The error is NaN where it is not known.
    rows : int
    first, last : Timestamp or None
        Of its rows; None where their times are not known.
    """

    batch: str
    batch_id: str
    value: float
    standard_error: float
    rows: int
    first: pd.Timestamp | None
    last: pd.Timestamp | None

    def same_rows(self, other: "Look") -> bool:
        """Say whether rows of both may be the same: the same batch, or periods that overlap."""
        if self.batch_id == other.batch_id:
            return True
        if self.first is None or self.last is None or other.first is None or other.last is None:
            return False
        within = self.first < other.last and other.first < self.last
        return within or (self.first, self.last) == (other.first, other.last)


def retraining_of(
    performance: Mapping[str, Any] | None,
    history: pd.DataFrame | None,
    watch: Watch,
    result: Mapping[str, Any],
) -> dict[str, Any] | None:
    """Say whether the model is to be trained again.

    The limit is for as many rows as the holdout has. A batch of fewer is pooled with the latest batches
    of the history that the same run scored: the mean of their metrics, weighted by rows. No row counts
    twice: of batches whose periods overlap, the latest counts. Rows from which the model may have learnt
    do not count. Batches of about a window of `monitor.cadence` are held against what the holdout had
    by window, and the limit moves by the same difference; shorter ones do not count (see
    `assay.monitoring.by_window`). Beyond the limit, the difference must also be beyond chance: where rows of one day
    share what happens, both errors are larger than the limit knows.

    Parameters
    ----------
    performance : dict or None
        From `performance_of`.
    history : DataFrame or None
        Of earlier batches, the latest last: those of this run only, with columns of the history.
    watch : Watch
    result : dict
        What is told of the batch and of the model; see `assay.monitoring.result`.

    Returns
    -------
    dict or None
        `metric`, `limit`, `rows_needed`, `rows`, `batches`, `batch_names`, `includes_batch`, `value`,
        `standard_error`, `met` (None: it cannot be said yet) and `sentence`; None for a run whose
        reference has no such rule.
    """
    reference = watch.reference.get("performance") or {}
    rule = reference.get("retraining")
    if rule is None:
        return None
    metric, needed = watch.metric, int(rule["rows_needed"])
    end = moment_of(result["model"].get("data_through"))
    own = _own_look(performance, metric.name, result)
    learnt = own is not None and within_training(own.first, end)
    looks = [own] if own is not None and not learnt else []
    includes = bool(looks)
    looks += [
        each for each in _earlier(history, metric.name) if not within_training(each.first, end)
    ]
    long = [look for look in looks if not is_short(reference, look.first, look.last)]
    used = _used(long, needed)
    pooled = _pooled(used) | _holdout_of(used, metric.name, reference)
    includes = includes and looks[0] in used
    value, rows = pooled["value"], pooled["rows"]
    # Within windows the holdout had another value, and the limit lies as far from it.
    limit = rule["limit"] + pooled["holdout"] - pooled["whole_holdout"]
    met: bool | None = None
    beyond = False
    if value is not None and rows >= needed:
        beyond = bool(value < limit if metric.greater_is_better else value > limit)
        met = beyond and _beyond_chance(pooled, watch)
    short, count = own is not None and own not in long, len(looks) - len(long)
    side = "below" if metric.greater_is_better else "above"
    told = _told(metric_words(metric.name), pooled, {**rule, "limit": limit}, side, met, beyond)
    figures = {"metric": metric.name, "limit": limit, "rows_needed": needed}
    figures |= pooled | {"includes_batch": includes, "met": met}
    return figures | {
        "sentence": f"{told}{_why_not(performance, learnt, includes, short)}{why_short(count, reference)}"
    }


def _why_not(
    performance: Mapping[str, Any] | None, learnt: bool, includes: bool, short: bool
) -> str:
    """Say why the batch itself does not count."""
    if includes or (short and not learnt):
        return ""
    if learnt:
        return (
            " This batch does not count: it begins before the model's data ended, and the model may have "
            "learnt from its rows."
        )
    reason = "it has no outcomes" if performance is None else "the metric is not defined on it"
    return f" This batch does not count: {reason}."


def _beyond_chance(pooled: Mapping[str, Any], watch: Watch) -> bool:
    """Say whether a metric is worse than the holdout's by more than both errors let expect (2.5%)."""
    before, error = pooled["holdout_error"], pooled["standard_error"]
    if before is None:
        return True
    if error is None:
        # Where all resamples of a batch gave the same, it has the holdout's error for so many rows.
        rule = watch.reference["performance"]["retraining"]
        error = before * sqrt(rule["rows_needed"] / pooled["rows"])
    worse = watch.metric.gain(pooled["holdout"], pooled["value"])
    return bool(worse > _NORMAL * hypot(before, error))


def _holdout_of(used: list[Look], name: str, reference: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the holdout had in batches so long, by rows, beside what it had as a whole."""
    whole = holdout_of(reference, name, None, None)[0]
    before = [holdout_of(reference, name, look.first, look.last) for look in used]
    figures = [figure for figure, _ in before] or [whole]
    rows = [look.rows for look in used] or [1]
    error = float(np.average([figure.standard_error for figure in figures], weights=rows))
    return {
        "holdout": float(np.average([figure.value for figure in figures], weights=rows)),
        "holdout_error": error if np.isfinite(error) else None,
        "holdout_by": next((cadence for _, cadence in before if cadence), None),
        "whole_holdout": whole.value,
    }


def _own_look(
    performance: Mapping[str, Any] | None, name: str, result: Mapping[str, Any]
) -> Look | None:
    """Return the batch's own metric; None where it has none."""
    told = ((performance or {}).get("metrics") or {}).get(name) or {}
    if performance is None or told.get("value") is None:
        return None
    error, batch = told.get("standard_error"), result["batch"]
    return Look(
        batch["name"],
        "",
        told["value"],
        np.nan if error is None else error,
        performance["n"],
        moment_of(batch.get("first_time")),
        moment_of(batch.get("last_time")),
    )


def _earlier(history: pd.DataFrame | None, name: str) -> list[Look]:
    """Return the metrics of earlier batches, the latest first."""
    if history is None or not len(history):
        return []
    same = history[(history["metric"] == name) & history["value"].notna()]
    same = same[same["metric_rows"].fillna(0) > 0]
    return [
        Look(
            str(row["batch"]),
            str(row["batch_id"]),
            float(row["value"]),
            float("nan" if pd.isna(row["standard_error"]) else row["standard_error"]),
            int(row["metric_rows"]),
            moment_of(row["first_time"]),
            moment_of(row["last_time"]),
        )
        for row in same.iloc[::-1].astype(object).to_dict("records")
    ]


def _used(looks: list[Look], needed: int) -> list[Look]:
    """Return the latest looks, until there are rows enough, none of them twice."""
    used: list[Look] = []
    for look in looks:
        if sum(each.rows for each in used) >= needed:
            break
        if not any(look.same_rows(each) for each in used):
            used.append(look)
    return used


def _pooled(used: list[Look]) -> dict[str, Any]:
    """Return the mean of looks, by rows."""
    rows = sum(look.rows for look in used)
    # The first batch in time is named first.
    counts = {
        "rows": rows,
        "batches": len(used),
        "batch_names": [look.batch for look in used[::-1]],
    }
    if not rows:
        return {"value": None, "standard_error": None, **counts}
    shares = np.array([look.rows / rows for look in used])
    values = np.array([look.value for look in used])
    errors = np.array([look.standard_error for look in used])
    error = float(np.sqrt(np.sum((shares * errors) ** 2)))
    return {
        "value": float(np.sum(shares * values)),
        "standard_error": error if np.isfinite(error) else None,
        **counts,
    }


def _told(
    name: str,
    pooled: Mapping[str, Any],
    rule: Mapping[str, Any],
    side: str,
    met: bool | None,
    beyond: bool,
) -> str:
    needed = f"{rule['rows_needed']:,}"
    if pooled["value"] is None:
        return (
            f"Whether to train again cannot be said yet: it needs {name} over {needed} rows with "
            "outcomes, and there are none that count."
        )
    names = pooled["batch_names"]
    shown_names = [shown(each) for each in names[-_NAMED:]]
    if len(names) > _NAMED:
        shown_names.insert(0, f"{len(names) - _NAMED} earlier batches")
    over = f"over {pooled['rows']:,} rows of {joined(shown_names)}"
    value, limit = apart(pooled["value"], rule["limit"])
    is_at, holdout = f"{name} {over} is {value}", f"(holdout {number(pooled['holdout'])})"
    if pooled["holdout_by"]:
        by = f"{number(pooled['holdout'])} by {pooled['holdout_by']}"
        holdout = f"(the holdout had {by}, {number(pooled['whole_holdout'])} as a whole)"
    if met is None:
        return (
            f"Whether to train again cannot be said yet: {is_at}, and the limit of {limit} is for "
            f"{needed} rows, as many as the holdout has."
        )
    if met:
        return f"Train the model again: {is_at}, {side} the limit of {limit} {holdout}."
    if beyond:
        return (
            f"No need to train again yet: {is_at}, {side} the limit of {limit}, but by no more than "
            f"chance where rows share days or groups {holdout}."
        )
    return f"No need to train again: {is_at}, not {side} the limit of {limit} {holdout}."
