"""Whether the model is worse on the later part of the holdout than on the earlier one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.metrics.core import FloatArray, Statistic
from assay.periods import plans_of
from assay.uncertainty.bootstrap import Bootstrap, IntArray, Resampled
from assay.uncertainty.estimate import Estimate
from assay.uncertainty.resampled_p import resampled_p_value

COLUMNS = ("period", "from", "to", "n", "metric", "value", "ci_low", "ci_high")
# Periods behind the slope, each with as many rows as the others.
_PERIODS = 5
_FEWEST_ROWS = 50


@dataclass(frozen=True)
class Later:
    """The primary metric on the earlier and the later half of the holdout.

    Attributes
    ----------
    earlier, later : Estimate
    drop : Estimate
        How much worse the later half is, whatever the metric's direction.
    p_value : float
        Two-sided, of a drop of 0: the larger of the one with rows or groups resampled, and of the one
        with whole days, of which `drop` has the interval.
    slope : Estimate
        How much worse it gets from one of five periods to the next, by least squares.
    """

    earlier: Estimate
    later: Estimate
    drop: Estimate
    p_value: float
    slope: Estimate


def later_half(evidence: Evidence) -> tuple[Later | None, pd.DataFrame]:
    """Compare the halves of the holdout by time, and judge five periods of it.

    Halves and periods are resampled together, so that a group with rows in both counts as what it is.
    Their difference must also hold when whole days are resampled.

    Returns
    -------
    tuple of Later or None, and DataFrame
        None, and a table without rows, where there is no time column, where times are too few to cut
        the holdout into two parts of 50 rows, or where a half has no value of the metric. The table
        has `COLUMNS`: the two halves, then the periods.
    """
    nothing = pd.DataFrame(columns=list(COLUMNS))
    column = evidence.schema.time_column
    if column is None:
        return None, nothing
    times = pd.to_datetime(evidence.holdout.rows[column]).to_numpy()
    half = _cut(times, 2)
    sizes = np.bincount(half[half >= 0], minlength=2)
    if len(sizes) != 2 or sizes.min() < _FEWEST_ROWS:
        return None, nothing
    fifth = _cut(times, _PERIODS)
    plan, n = evidence.bootstrap, len(times)
    parts = [half == 0, half == 1, *(fifth == number for number in np.unique(fifth[fifth >= 0]))]
    found = plan.resampled([_statistic_of(part, evidence) for part in parts], n)
    sign = 1.0 if evidence.metric.greater_is_better else -1.0
    if not np.isfinite([found[0].value, found[1].value]).all():
        return None, nothing
    drop = found[0].less(found[1], sign)
    names = ["earlier half", "later half", *(f"{k + 1}" for k in range(len(parts) - 2))]
    rows = []
    for name, part, each in zip(names, parts, found, strict=True):
        estimate = plan.summary(each, n)
        ends = (estimate.ci_low, estimate.ci_high) if estimate.method else (np.nan, np.nan)
        span = (pd.Timestamp(times[part].min()), pd.Timestamp(times[part].max()))
        rows.append((name, *span, int(part.sum()), evidence.metric.name, estimate.value, *ends))
    difference, p_value = _interval_of_test(drop, plan, n)
    for by_time in plans_of(evidence)[0][1:]:
        again = by_time.resampled([_statistic_of(part, evidence) for part in parts[:2]], n)
        other = _interval_of_test(again[0].less(again[1], sign), by_time, n)
        difference, p_value = max((difference, p_value), other, key=lambda test: test[1])
    summary = Later(
        plan.summary(found[0], n),
        plan.summary(found[1], n),
        difference,
        p_value,
        plan.for_gains(n).summary(_slope(found[2:], -sign), n),
    )
    return summary, pd.DataFrame(rows, columns=list(COLUMNS))


def _interval_of_test(found: Resampled, plan: Bootstrap, n: int) -> tuple[Estimate, float]:
    """Return a difference with the interval of its t-test, and the p-value of no difference.

    The interval has 0 where the test does not reject.
    """
    from scipy.stats import t

    told, units = plan.summary(found, n), plan.units(n)
    p_value = resampled_p_value(found.value, found.resamples, units)
    if not told.method:
        return told, p_value
    known = found.resamples[np.isfinite(found.resamples)]
    error = float(known.std(ddof=1)) * float(np.sqrt(units / (units - 1)))
    half = float(t.ppf(0.5 + plan.confidence / 2, units - 1)) * error
    unit = "rows" if plan.clusters is None else "groups"
    method = f"t with bootstrap of {unit}"
    return Estimate(found.value, found.value - half, found.value + half, method, n), p_value


def _statistic_of(
    part: "np.ndarray[tuple[int], np.dtype[np.bool_]]", evidence: Evidence
) -> Statistic:
    rows = np.flatnonzero(part)
    holdout = evidence.holdout
    statistic = evidence.metric.statistic(holdout.y_true[rows], holdout.y_predicted[rows])
    return lambda weights: statistic(weights.take(rows, axis=1))


def _cut(times: "np.ndarray[tuple[int], np.dtype[np.datetime64]]", parts: int) -> IntArray:
    """Return the part of each row by time, 0 upwards; -1 without a time. Equal times stay together."""
    known = ~np.isnat(times)
    ordered = np.sort(times[known])
    index = np.full(len(times), -1, dtype=np.int64)
    if len(ordered):
        edges = np.unique(ordered[np.arange(1, parts) * len(ordered) // parts])
        edges = edges[edges > ordered[0]]
        index[known] = np.searchsorted(edges, times[known], side="right")
    return index


def _slope(periods: list[Resampled], sign: float) -> Resampled:
    steps: FloatArray = np.arange(len(periods), dtype=float)
    steps -= steps.mean()
    steps *= sign / max(float((steps**2).sum()), 1.0)

    def along(name: str) -> FloatArray:
        values = np.array([getattr(period, name) for period in periods])
        return np.asarray(steps @ values)

    return Resampled(float(along("value")), along("resamples"), along("influence"))
