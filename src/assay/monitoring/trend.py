"""Slow drift: what creeps from batch to batch while no single batch is far out.

    checks, trends = trend_checks(history, history_row(result), watch, since, window)
    result["trend"] = trend_facts(trends, judged([*checks, *others], rate))

A season looks the same over less than a year: `since` and `window` choose the batches that are compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from assay.monitoring.check import Check, limits
from assay.monitoring.record import with_row
from assay.monitoring.series import Series, series_of
from assay.monitoring.slope import FEWEST_BATCHES, Slope, fitted_slope
from assay.monitoring.telling import number, percent, points
from assay.monitoring.watch import Watch

_SEASON = "A season looks the same over less than a year; --since leaves out batches before a date."


@dataclass(frozen=True)
class Trend:
    """A series with the line through it."""

    series: Series
    batches: Sequence[str]
    slope: Slope
    effect: float


def trend_checks(
    history: pd.DataFrame,
    row: Mapping[str, Any] | None,
    watch: Watch,
    since: datetime | None = None,
    window: int | None = None,
) -> tuple[list[Check], list[Trend]]:
    """Ask of every series of a history whether it creeps.

    Parameters
    ----------
    history : DataFrame
        From `read_history`.
    row : dict or None
        This batch's, from `history_row`, whether or not the history has it; batches that come after it
        are left out. None: the history's own latest batch.
    watch : Watch
    since : datetime, optional
        Batches before are left out.
    window : int, optional
        The latest batches that are looked at; `monitor.window` by default.

    Returns
    -------
    tuple of list of Check and list of Trend
        In the same order; both empty where there are fewer than 5 batches of the same reference with
        enough rows.
    """
    batches = compared_batches(history, row, watch, since, window)
    if len(batches) < FEWEST_BATCHES:
        return [], []
    names = [str(name) for name in batches["batch"]]
    trends = [_trend(series, names) for series in series_of(batches, watch) if _enough(series)]
    return [_check(trend, watch) for trend in trends], trends


def trend_facts(trends: Sequence[Trend], checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Return what is told of trends: of predictions and performance all, of features what was found.

    Parameters
    ----------
    trends : sequence of Trend
    checks : sequence of Check
        Those of the batch, judged.
    """
    found = {check.key: check for check in checks if check.area == "trend"}
    told = []
    for trend in trends:
        check = found[trend.series.key]
        if trend.series.of_feature and check.level == "fine":
            continue
        told.append(
            {
                "area": "trend",
                "subject": check.subject,
                "measure": check.measure,
                "batches": len(trend.batches),
                "first": trend.batches[0],
                "last": trend.batches[-1],
                "slope_per_batch": trend.slope.per_batch,
                "change_over_window": trend.slope.end - trend.slope.start,
                "p_value": check.p_value,
                "level": check.level,
                "sentence": check.sentence,
                "series": _points(trend),
            }
        )
    return told


def compared_batches(
    history: pd.DataFrame,
    row: Mapping[str, Any] | None,
    watch: Watch,
    since: datetime | None,
    window: int | None,
) -> pd.DataFrame:
    """Return the rows of a history among which a trend is looked for, in their order."""
    if row is not None:
        history = with_row(history, row)
    if not len(history):
        return history
    latest = history.iloc[-1]
    if row is not None:
        last = int(np.flatnonzero(history["batch_id"] == row["batch_id"])[0])
        latest, history = history.iloc[last], history.iloc[: last + 1]
    kept = history["reference_sha256"] == latest["reference_sha256"]
    kept &= history["rows_scored"] >= watch.params.min_rows
    if since is not None:
        recorded = pd.to_datetime(history["recorded_at"], utc=True).dt.tz_localize(None)
        kept &= pd.to_datetime(history["first_time"]).fillna(recorded) >= since
    compared: pd.DataFrame = history[kept].tail(window or watch.params.window)
    return compared


def _enough(series: Series) -> bool:
    return int(np.isfinite(series.values).sum()) >= FEWEST_BATCHES


def _trend(series: Series, batches: Sequence[str]) -> Trend:
    """Fit a line; the ends of the line are those of the first and last batch with a value."""
    values = np.asarray(series.values, dtype=float)
    places = np.flatnonzero(np.isfinite(values))
    slope = fitted_slope(places.astype(float), values[places])
    change = slope.end - slope.start
    size = series.sd if series.unit == "sd" else 1.0
    if series.unit == "relative":
        size = float(np.abs(values[places]).mean())
    effect = abs(change) / size if size > 0 else 0.0
    if series.worse and np.sign(change) != series.worse:
        effect = 0.0
    first, last = int(places[0]), int(places[-1])
    ends = None
    if series.ends is not None:
        ends = (series.ends[0][first : last + 1], series.ends[1][first : last + 1])
    within = replace(series, values=series.values[first : last + 1], ends=ends)
    return Trend(within, batches[first : last + 1], slope, effect)


def _check(trend: Trend, watch: Watch) -> Check:
    series, slope = trend.series, trend.slope
    ordinary = _ordinary(trend, watch)
    warn_from, alarm_from = limits(watch.params, series.scale, ordinary)
    return Check(
        area="trend",
        subject=series.subject,
        measure=series.measure,
        now=series.values[-1],
        before=series.values[0],
        effect=trend.effect,
        warn_from=warn_from,
        alarm_from=alarm_from,
        p_value=slope.p_value,
        sentence=_sentence(trend, warn_from),
        look_at=f"Look at {series.words} in the batches from {trend.batches[0]} on. {_SEASON}",
        ordinary=ordinary,
        brief=_brief(_course(trend)),
    )


def _brief(course: str) -> str:
    """Return a sentence's beginning as a clause."""
    return f"{course[0].lower()}{course[1:]}" if course.startswith("The ") else course


def _ordinary(trend: Trend, watch: Watch) -> float | None:
    """Return how far the table went along as many windows; what is steep goes further along more."""
    found = watch.ordinary(trend.series.key)
    if found is None:
        return None
    return found * max(1.0, (len(trend.batches) - 1) / (watch.params.window - 1))


def _sentence(trend: Trend, warn_from: float) -> str:
    """Say how a series went: its own first and last value, and how steep the line through all is."""
    series = trend.series
    limit, along = f"{warn_from:.2g}", f"{trend.effect:.2g}"
    if series.share:
        limit, along = points(warn_from), points(trend.effect)
    elif series.unit == "relative":
        limit, along = f"{warn_from:.0%}", f"{trend.effect:.0%}"
    elif series.unit == "sd":
        along = f"{along} standard deviations"
    return (
        f"{_course(trend)}, along {len(trend.batches)} batches ({trend.batches[0]} to "
        f"{trend.batches[-1]}; by {along} along the line through all, warning from {limit})."
    )


def _course(trend: Trend) -> str:
    """Say what a series is, where it began and ended, and how steep it is."""
    series, steep = trend.series, abs(trend.slope.per_batch)
    about = points(steep) if series.share else number(steep, 2)
    first, last = (_told(series, value) for value in (series.values[0], series.values[-1]))
    if series.unit == "sd" and series.of_feature:
        about = f"{about} standard deviations"
        last = f"{last} standard deviations off the mean of training"
    where = f"{series.subject}: {series.words}" if series.of_feature else series.words
    where = where if series.of_feature else f"{where[0].upper()}{where[1:]}"
    rises = trend.slope.per_batch > 0
    if (series.values[-1] > series.values[0]) == rises:
        return (
            f"{where} {'rose' if rises else 'fell'} from {first} to {last}, about {about} a batch"
        )
    return f"{where} {'rises' if rises else 'falls'} by about {about} a batch ({first} at first, {last} at last)"


def _told(series: Series, value: float) -> str:
    return percent(value) if series.share else number(value)


def _points(trend: Trend) -> list[dict[str, Any]]:
    count = len(trend.batches)
    unknown = [float("nan")] * count
    lows, highs = trend.series.ends or (unknown, unknown)
    told = []
    for place in range(count):
        numbers = {
            "value": trend.series.values[place],
            "ci_low": lows[place],
            "ci_high": highs[place],
        }
        known = {name: None if np.isnan(each) else each for name, each in numbers.items()}
        told.append({"batch": trend.batches[place], **known})
    return told
