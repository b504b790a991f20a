"""What the table's own windows did in a row is no slow drift."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import make_case
from watches import scored_rows, watch_of

from assay.monitoring.ordinary_trends import trend_limits
from assay.monitoring.windows import calendar_windows

DECISIONS = {
    "binary": {"threshold": 0.5},
    "multiclass": {"min_confidence": 0.4},
}


def year(task="binary", months=12, **monitor):
    """Return rows of a year whose `signal` rises until July and falls again, and their windows."""
    inputs = {
        "signal": {"kind": "numeric", "mean": 0.0, "deviation": 1.0},
        "noise": {"kind": "numeric", "mean": 0.0, "deviation": 1.0},
        "count": {"kind": "numeric", "mean": 4.0, "deviation": 0.0},
        "kind": {"kind": "categorical"},
    }
    outputs = {"out_of_fold": {"means": {"mean_prediction": [20.0, 3.0]}}}
    reference = {"inputs": inputs, "outputs": outputs}
    watch = watch_of(make_case(task), reference, DECISIONS[task], **monitor)
    rows = scored_rows(watch, 300 * months, 1)
    month = np.repeat(np.arange(months), 300)
    times = np.datetime64("2024-01", "M") + month
    signal = rows.features["signal"] + 0.2 * np.minimum(month, 12 - month)
    rows = replace(
        rows, times=times.astype("datetime64[us]"), features=rows.features.assign(signal=signal)
    )
    return rows, calendar_windows(rows.times, "month", watch.params.min_rows), watch


def test_a_season_of_the_table_sets_the_limit():
    rows, windows, watch = year(window=6)
    limits = trend_limits(rows, windows, watch)
    # Six months rise by a fifth each.
    assert limits["trend:signal:standardised_mean"] == pytest.approx(1.25, abs=0.2)
    assert limits["trend:noise:standardised_mean"] < 0.3
    assert limits["trend:kind:missing_rate"] < 0.05
    assert {"trend:predictions:mean", "trend:predictions:flagged_rate"} <= set(limits)
    assert "trend:outcomes:mean" in limits
    # A feature of one value has no standard deviation; what fitting never saw, the table does not tell.
    assert "trend:count:standardised_mean" not in limits
    assert not [key for key in limits if "unknown" in key or "performance" in key]


def test_limits_are_those_of_the_window_however_few_windows_there_are():
    rows, windows, watch = year(months=6, window=11)
    limits = trend_limits(rows, windows, watch)
    assert limits["trend:signal:standardised_mean"] == pytest.approx(2.5, abs=0.4)


def test_few_windows_and_rows_without_predictions_set_none():
    rows, windows, watch = year(months=4)
    assert trend_limits(rows, windows, watch) == {}
    rows, windows, watch = year()
    unpredicted = replace(rows, predicted=np.full(len(rows), np.nan))
    limits = trend_limits(unpredicted, windows, watch)
    assert "trend:signal:standardised_mean" in limits
    assert not [key for key in limits if key.startswith("trend:predictions")]


def test_shares_of_classes_and_numbers_have_limits_too():
    rows, windows, watch = year("multiclass")
    limits = trend_limits(rows, windows, watch)
    assert {"trend:predictions:share of high", "trend:predictions:mean_confidence"} <= set(limits)
    assert "trend:outcomes:mean" not in limits


def test_rows_in_no_window_count_for_nothing():
    rows, windows, watch = year()
    moved = rows.features["signal"].where(windows != 5, 99.0)
    windows = np.where(windows == 5, -1, windows)
    windows = np.where(windows > 5, windows - 1, windows)
    rows = replace(rows, features=rows.features.assign(signal=moved))
    assert trend_limits(rows, windows, watch)["trend:signal:standardised_mean"] < 2.5
    assert pd.Series(windows).nunique() == 12
