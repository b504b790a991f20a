"""How far the numbers of the table's own windows moved within as many windows as trends look at.

Temperatures rise from January to July in every year. What the table did itself, in any run of windows, is
no slow drift; so limits of trends begin beyond it.
"""

from typing import Any

import numpy as np
import pandas as pd

from assay.monitoring.binning import IntArray
from assay.monitoring.output_values import output_values
from assay.monitoring.record import COLUMNS
from assay.monitoring.rows import ScoredRows
from assay.monitoring.series import Series, series_of
from assay.monitoring.slope import FEWEST_BATCHES
from assay.monitoring.table_rows import known_rows
from assay.monitoring.watch import Watch

# Windows that are looked at, the latest ones.
_MOST = 60
# Runs overlap and a year has few of them, so the next one may well be steeper than all.
_STEEPER = 1.25


def trend_limits(rows: ScoredRows, windows: IntArray, watch: Watch) -> dict[str, float]:
    """Return from which effect on a trend is steeper than runs of windows were, by the key of its check.

    Parameters
    ----------
    rows : ScoredRows
        All rows of the table; predictions are NaN where there are none.
    windows : ndarray of int, shape (n,)
        The window of each row, 0 upwards in time; -1 where it is in none.
    watch : Watch

    Returns
    -------
    dict of str to float
        For as many batches as `monitor.window`; a quarter more than the steepest run. Empty where there are fewer windows than a trend needs batches.
    """
    count = int(windows.max(initial=-1)) + 1
    if count < FEWEST_BATCHES:
        return {}
    told = [_window(rows.at(windows == at), watch) for at in range(max(0, count - _MOST), count)]
    batches = pd.DataFrame(told, columns=list(COLUMNS)).assign(metric="")
    run = min(watch.params.window, len(told))
    beyond = _STEEPER * (watch.params.window - 1) / (run - 1)
    effects = {series.key: _largest(series, run) for series in series_of(batches, watch)}
    return {key: beyond * effect for key, effect in effects.items() if effect is not None}


def _window(rows: ScoredRows, watch: Watch) -> dict[str, Any]:
    """Return what a history would keep of a window, as far as its trends are known."""
    told: dict[str, Any] = dict.fromkeys(COLUMNS)
    told["features"] = [
        _feature(name, entry, rows.features[name])
        for name, entry in watch.reference["inputs"].items()
    ]
    told["predicted_shares"] = []
    known = ~np.isnan(rows.outcome)
    if known.any() and watch.schema.task != "multiclass":
        told["outcome_mean"] = float(rows.outcome[known].mean())
    predicted = known_rows(rows)
    if len(predicted) < watch.params.min_rows:
        return told
    values = output_values(predicted.predicted, watch.schema, watch.decision)
    for name, numbers in {**values.rates, **values.means}.items():
        if name in COLUMNS:
            told[name] = float(numbers.mean())
    if values.classes is not None:
        shares = np.bincount(values.classes, minlength=len(watch.schema.labels)) / len(predicted)
        told["predicted_shares"] = [
            {"label": str(label), "share": float(share)}
            for label, share in zip(watch.schema.labels, shares, strict=True)
        ]
    return told


def _feature(name: str, entry: dict[str, Any], column: "pd.Series[Any]") -> dict[str, Any]:
    moved = None
    if entry["kind"] == "numeric" and entry["deviation"] and column.notna().any():
        moved = (float(column.mean()) - entry["mean"]) / entry["deviation"]
    # What fitting never saw, windows of its own rows do not tell.
    return {
        "name": name,
        "missing_rate": float(column.isna().mean()),
        "standardised_mean": moved,
        "unknown_rate": None,
    }


def _largest(series: Series, run: int) -> float | None:
    """Return the largest change along a line through a run of windows, on the scale of the limits."""
    values = np.lib.stride_tricks.sliding_window_view(np.asarray(series.values, dtype=float), run)
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        return None
    places = np.arange(run) - (run - 1) / 2
    changes = np.abs(values @ places) / float(places @ places) * (run - 1)
    size = np.full(len(values), series.sd if series.unit == "sd" else 1.0)
    if series.unit == "relative":
        size = np.abs(values).mean(axis=1)
    effects = np.divide(changes, size, out=np.zeros_like(changes), where=size > 0)
    return float(effects.max())
