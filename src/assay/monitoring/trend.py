"""Slow drift: what creeps from batch to batch while no single batch is far out.

    checks, trends = trend_checks(history, history_row(result), watch, since, window)
    result["trend"] = trend_facts(trends, judged([*checks, *others], rate))

A season looks the same over less than a year: `since` and `window` choose the batches that are compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from assay.monitoring.check import Check, Scale
from assay.monitoring.record import with_row
from assay.monitoring.slope import FEWEST_BATCHES, Slope, fitted_slope
from assay.monitoring.watch import Watch

_SEASON = "A season looks the same over less than a year; --since leaves out batches before a date."


@dataclass(frozen=True)
class Series:
    """One number of every batch.

    Attributes
    ----------
    subject, measure : str
        As in `Check`.
    words : str
        What it is called in a sentence.
    scale : {"distance", "rate", "change"}
        By which limits its change is judged.
    unit : {"", "sd", "relative"}
        Whether the change is told as it is, in standard deviations of the reference, or by how much of
        the mean value it is.
    values : sequence of float
        One for each batch, NaN where it is not known.
    worse : {-1, 0, 1}
        Whether only a fall or only a rise is looked for; 0 for both.
    of_feature : bool
    ends : tuple of sequence of float, optional
        Of intervals, the low and the high ends.
    """

    subject: str
    measure: str
    words: str
    scale: Scale
    unit: str
    values: Sequence[float]
    worse: int = 0
    of_feature: bool = False
    ends: tuple[Sequence[float], Sequence[float]] | None = None

    @property
    def key(self) -> str:
        """Its name among all checks."""
        return f"trend:{self.subject}:{self.measure}"


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


def series_of(batches: pd.DataFrame, watch: Watch) -> list[Series]:
    """Return the series of some batches, whether or not their values are known."""
    return [*_output_series(batches, watch), *_feature_series(batches)]


def _output_series(batches: pd.DataFrame, watch: Watch) -> list[Series]:
    number = watch.schema.task == "regression"
    mean: tuple[Scale, str] = ("change", "relative") if number else ("rate", "")
    better = watch.metric.greater_is_better
    score: tuple[Scale, str] = ("rate", "") if better else ("change", "relative")
    metric, worse = watch.metric.name, -1 if better else 1
    same = (batches["metric"] == metric).to_numpy()

    def values(name: str) -> list[float]:
        return [float(value) for value in pd.to_numeric(batches[name])]

    def scores(prefix: str) -> list[list[float]]:
        """Return values and ends of the metric, where it is the one that is judged by."""
        names = (f"{prefix}{name}" for name in ("value", "ci_low", "ci_high"))
        return [np.where(same, values(name), np.nan).tolist() for name in names]

    measured, estimated = scores(""), scores("estimated_")
    return [
        Series("prediction", "mean", "the mean prediction", *mean, values("mean_prediction")),
        Series(
            "prediction", "flagged_rate", "the flagged rate", "rate", "", values("flagged_rate")
        ),
        Series(
            "prediction", "decided_rate", "the decided rate", "rate", "", values("decided_rate")
        ),
        Series(
            *("prediction", "mean_interval_width", "the mean width of intervals", "change"),
            *("relative", values("mean_interval_width")),
        ),
        Series(
            *("outcome", "mean", "the mean outcome", *mean, values("outcome_mean")),
        ),
        Series(
            *("performance", metric, f"the measured {metric}", *score, measured[0], worse),
            ends=(measured[1], measured[2]),
        ),
        Series(
            *("performance", f"estimated_{metric}", f"the estimated {metric}", *score),
            *(estimated[0], worse),
            ends=(estimated[1], estimated[2]),
        ),
        Series(
            *(
                "all_features",
                "reconstruction_error",
                "the reconstruction error of all features together",
                "change",
            ),
            *("relative", values("reconstruction_error"), 1),
        ),
    ]


# Of a feature: what the history calls it, its words, scale and unit, and whether only a rise counts.
_OF_FEATURES: tuple[tuple[str, str, Scale, str, int], ...] = (
    ("standardised_mean", "its mean", "change", "sd", 0),
    ("missing_rate", "its missing rate", "rate", "", 0),
    ("unknown_rate", "its rate of unknown categories", "rate", "", 1),
)


def _feature_series(batches: pd.DataFrame) -> list[Series]:
    facts = [{fact["name"]: fact for fact in told} for told in batches["features"]]
    names = list(dict.fromkeys(name for told in facts for name in told))
    missing = float("nan")
    found = []
    for name in names:
        for measure, words, scale, unit, worse in _OF_FEATURES:
            values = [_number(told[name][measure]) if name in told else missing for told in facts]
            found.append(Series(name, measure, words, scale, unit, values, worse, of_feature=True))
    return found


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _enough(series: Series) -> bool:
    return int(np.isfinite(series.values).sum()) >= FEWEST_BATCHES


def _trend(series: Series, batches: Sequence[str]) -> Trend:
    """Fit a line; the ends of the line are those of the first and last batch with a value."""
    values = np.asarray(series.values, dtype=float)
    places = np.flatnonzero(np.isfinite(values))
    slope = fitted_slope(places.astype(float), values[places])
    change = slope.end - slope.start
    effect = abs(change)
    if series.unit == "relative":
        mean = float(np.abs(values[places]).mean())
        effect = effect / mean if mean > 0 else 0.0
    if series.worse and np.sign(change) != series.worse:
        effect = 0.0
    first, last = int(places[0]), int(places[-1])
    ends = None if series.ends is None else tuple(each[first : last + 1] for each in series.ends)
    within = Series(
        *(series.subject, series.measure, series.words, series.scale, series.unit),
        *(series.values[first : last + 1], series.worse, series.of_feature),
        ends,  # type: ignore[arg-type]
    )
    return Trend(within, batches[first : last + 1], slope, effect)


def _check(trend: Trend, watch: Watch) -> Check:
    series, slope = trend.series, trend.slope
    warn_from, alarm_from = watch.limits(series.scale, series.key)
    return Check(
        area="trend",
        subject=series.subject,
        measure=series.measure,
        now=slope.end,
        before=slope.start,
        effect=trend.effect,
        warn_from=warn_from,
        alarm_from=alarm_from,
        p_value=slope.p_value,
        sentence=_sentence(trend, warn_from),
        look_at=f"Look at {series.words} in the batches from {trend.batches[0]} on. {_SEASON}",
        ordinary=watch.ordinary(series.key),
    )


def _sentence(trend: Trend, warn_from: float) -> str:
    series, slope = trend.series, trend.slope
    way = "rose" if slope.per_batch > 0 else "fell"
    told = f"from {slope.start:.3g} to {slope.end:.3g}, {abs(slope.per_batch):.2g} a batch"
    limit = f"{warn_from:.2g}"
    if series.unit == "sd":
        told = f"by {trend.effect:.2f} standard deviations, {abs(slope.per_batch):.2g} a batch"
    elif series.unit == "relative":
        told, limit = f"{told}, by {trend.effect:.0%}", f"{warn_from:.0%}"
    where = f"{series.subject}: {series.words}" if series.of_feature else series.words
    where = where if series.of_feature else f"{where[0].upper()}{where[1:]}"
    return (
        f"{where} {way} {told}, along {len(trend.batches)} batches ({trend.batches[0]} to "
        f"{trend.batches[-1]}; warning from {limit})."
    )


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
