"""How far windows of the table went themselves: a batch that goes no further has not drifted.

A month differs from the year that it is of, and the next month will. So the table is cut into windows as
long as a batch, each is asked what a batch is asked, and limits begin where they ended.
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from assay.metrics.core import FloatArray
from assay.monitoring.binning import IntArray
from assay.monitoring.clusters import ClusterTally
from assay.monitoring.drift_checks import drift_checks
from assay.monitoring.inputs import InputTally, input_checks
from assay.monitoring.joint import JointTally, joint_checks
from assay.monitoring.ordinary_trends import trend_limits
from assay.monitoring.outputs import output_checks
from assay.monitoring.performance import outcome_checks
from assay.monitoring.rows import ScoredRows
from assay.monitoring.table_rows import known_rows
from assay.monitoring.tally import tally_rows
from assay.monitoring.unseen import unseen_effects
from assay.monitoring.watch import Watch
from assay.sections import MonitorParams
from assay.time_features import TimeArray

Cadence = Literal["day", "week", "month"]

# Of fewer windows one cannot tell how much they vary.
_FEWEST = 5
_MOST = 60
_DEVIATIONS = 3.0
# A limit is reached from itself on, and a window does not reach its own.
_NO_LESS = 1 + 1e-6
# Monday 5 January 1970: weeks begin on Mondays.
_MONDAY = 4


def ordinary_limits(
    rows: ScoredRows, holdout: npt.NDArray[np.bool_], watch: Watch
) -> dict[str, Any]:
    """Return how far windows of the table went in every check.

    Parameters
    ----------
    rows : ScoredRows
        All rows of the table. Predictions are those made out-of-fold, and for the holdout; NaN where
        there are none.
    holdout : ndarray of bool, shape (n,)
        Which rows are the holdout's.
    watch : Watch
        Its reference has an empty `ordinary`.

    Returns
    -------
    dict
        `window_count`, and `limits`: by the key of a check, more than the greatest effect of a window
        and that of the whole holdout; no less than three standard deviations above the mean effect of
        windows, if there are at least five.
        Of trends, the largest among runs of windows.
    """
    of_windows: list[dict[str, float]] = []
    trends: dict[str, float] = {}
    if rows.times is not None:
        windows = table_windows(rows, watch.params)
        of_windows = _effects_of(rows, windows, watch)
        trends = trend_limits(rows, windows, watch)
    of_holdout = _effects(rows.at(holdout), watch)
    if holdout.any() and not holdout.all():
        parts = holdout.astype(np.int64)
        of_holdout |= _at(unseen_effects(rows.features, watch.reference["inputs"], parts), 1)
    by_key = {key: np.empty(0) for key in of_holdout} | _by_key(of_windows)
    limits = {
        key: max(_limit(key, effects), of_holdout.get(key, 0.0) * _NO_LESS)
        for key, effects in sorted(by_key.items())
    }
    limits |= trends
    return {"window_count": len(of_windows), "limits": dict(sorted(limits.items()))}


def table_windows(rows: ScoredRows, params: MonitorParams) -> IntArray:
    """Return the calendar window of each row; -1 for all where rows have no times."""
    if rows.times is None:
        return np.full(len(rows), -1, dtype=np.int64)
    return calendar_windows(rows.times, params.cadence, params.min_rows)


def calendar_windows(times: TimeArray, cadence: Cadence, min_rows: int) -> IntArray:
    """Return the window of each row: days, weeks or months, joined until they have enough rows.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n,)
    cadence : {"day", "week", "month"}
    min_rows : int
        The fewest rows of a window.

    Returns
    -------
    ndarray of int, shape (n,)
        0 upwards in time; -1 where a row has no time, or too few rows are left at the end.
    """
    windows = np.full(len(times), -1, dtype=np.int64)
    known = ~np.isnat(times)
    if cadence == "month":
        starts = times[known].astype("datetime64[M]").astype("int64")
    else:
        starts = times[known].astype("datetime64[D]").astype("int64")
        starts = (starts - _MONDAY) // 7 if cadence == "week" else starts
    _, period = np.unique(starts, return_inverse=True)
    of_period, window, rows = list[int](), 0, 0
    for count in np.bincount(period):
        of_period.append(window)
        rows += int(count)
        if rows >= min_rows:
            window, rows = window + 1, 0
    found = np.array(of_period, dtype=np.int64)
    found[found == window] = -1
    windows[known] = found[period]
    return windows


def _effects_of(rows: ScoredRows, windows: IntArray, watch: Watch) -> list[dict[str, float]]:
    """Return the effects of windows by key; of very many windows, those of some that lie evenly."""
    count = int(windows.max(initial=-1)) + 1
    if count < 2:
        return []
    # Rows in no window are still rows that others were seen among.
    parts = np.where(windows < 0, count, windows)
    new = unseen_effects(rows.features, watch.reference["inputs"], parts)
    some = np.unique(np.linspace(0, count - 1, min(count, _MOST)).round().astype(int))
    return [_effects(rows.at(windows == window), watch) | _at(new, int(window)) for window in some]


def _at(effects: dict[str, FloatArray], part: int) -> dict[str, float]:
    return {key: float(found[part]) for key, found in effects.items()}


def _effects(rows: ScoredRows, watch: Watch) -> dict[str, float]:
    """Return the effects of rows by key; those of outputs where enough rows have a prediction."""
    predicted = known_rows(rows)
    tally = tally_rows(predicted, watch)
    if len(predicted) == len(rows):
        checks = [*drift_checks(tally, watch), *outcome_checks(tally, watch)]
    else:
        whole = replace(
            tally,
            row_count=len(rows),
            inputs=InputTally.of(rows, watch),
            joint=JointTally.of(rows, watch),
            clusters=ClusterTally.of(rows, watch),
        )
        checks = [*input_checks(whole, watch), *joint_checks(whole, watch)]
        if len(predicted) >= watch.params.min_rows:
            checks += [*output_checks(tally, watch), *outcome_checks(tally, watch)]
    return {check.key: check.effect for check in checks}


def _limit(key: str, effects: FloatArray) -> float:
    """Return what no window went beyond: three deviations above their mean, and no less than any."""
    most = float(effects.max(initial=0.0)) * _NO_LESS
    if len(effects) < _FEWEST:
        return most
    # Shares of rows and distances end at 1.
    end = 1.0 if key.endswith(("_rate", ":js_distance")) else np.inf
    return max(most, min(float(effects.mean() + _DEVIATIONS * effects.std(ddof=1)), end))


def _by_key(windows: list[dict[str, float]]) -> dict[str, FloatArray]:
    keys = dict.fromkeys(key for effects in windows for key in effects)
    return {key: np.array([found[key] for found in windows if key in found]) for key in keys}
