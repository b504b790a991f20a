from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from outputs_watched import watched
from watches import scored_rows

from assay.contract import build_contract
from assay.monitoring.clusters import cluster_codes, cluster_reference
from assay.monitoring.drift_checks import drift_checks
from assay.monitoring.input_reference import input_reference
from assay.monitoring.joint import joint_reference
from assay.monitoring.ordinary import calendar_windows, ordinary_limits
from assay.monitoring.tally import tally_rows
from assay.monitoring.unseen import unseen_effects

N = 6000


def seasonal(n, seed, months=10):
    """Rows whose signal has another mean each month, and whose count names the month."""
    rows = scored_rows(watched(), n, seed)
    times = np.datetime64("2024-01-01", "us") + np.arange(n) * np.timedelta64(
        months * 30 * 24 * 60 // n, "m"
    )
    month = times.astype("datetime64[M]").astype("int64") % 12 + 1
    mean = np.sin(month / 12 * 2 * np.pi)
    features = rows.features.assign(
        signal=rows.features["signal"] + mean, count=month.astype(float)
    )
    return replace(rows, features=features, times=times, groups=None)


def season_watch(rows, holdout):
    watch = watched()
    schema = watch.schema
    train = rows.at(~holdout)
    codes = cluster_codes(train.times, None)
    frame = train.features.assign(moment=train.times, entity="e")
    reference = dict(watch.reference) | {
        "clusters": cluster_reference(codes, len(train)),
        "inputs": input_reference(train.features, build_contract(schema, rows.features), codes),
        "joint": joint_reference(frame, schema),
        "ordinary": {"window_count": 0, "limits": {}},
    }
    return replace(watch, reference=reference)


@pytest.fixture(scope="module")
def told():
    rows = seasonal(N, 1)
    holdout = np.arange(N) >= 4800
    # The earliest rows have no prediction, as those that no fold validates.
    predicted = np.where(np.arange(N) < 1200, np.nan, rows.predicted)
    watch = season_watch(rows, holdout)
    return rows, watch, ordinary_limits(replace(rows, predicted=predicted), holdout, watch)


def test_no_window_of_the_table_goes_beyond_its_limits(told):
    rows, watch, ordinary = told
    windows = calendar_windows(rows.times, "month", 200)
    assert ordinary["window_count"] == windows.max() + 1 == 10
    for window in range(10):
        tally = tally_rows(rows.at(windows == window), watch)
        for check in drift_checks(tally, watch):
            if window >= 2 or check.area == "inputs":
                limit = ordinary["limits"][check.key]
                assert check.effect < limit or check.effect == limit == 0, check.key


def test_limits_of_what_has_seasons_are_far_and_others_are_near(told):
    limits = told[2]["limits"]
    assert 0.3 < limits["inputs:signal:js_distance"] < 0.8
    assert limits["inputs:noise:js_distance"] < 0.12
    assert limits["inputs:count:js_distance"] > 0.8
    # A month that no other window has is nothing new of a batch, so this cannot be asked. What lies as far
    # out again as all months lie apart is none, and is asked.
    assert limits["inputs:count:outside_rate"] >= 1
    assert limits["inputs:count:far_outside_rate"] == 0
    assert limits["inputs:kind:unknown_rate"] == 0
    assert "outputs:predictions:js_distance" in limits


def test_the_holdout_alone_sets_limits_where_there_is_no_time():
    rows = replace(scored_rows(watched(), 3000, 4), times=None, groups=None)
    holdout = np.arange(3000) >= 2400
    features = rows.features.assign(noise=rows.features["noise"] + np.where(holdout, 1.0, 0.0))
    rows = replace(rows, features=features)
    ordinary = ordinary_limits(rows, holdout, season_watch(rows, holdout))
    assert ordinary["window_count"] == 0
    assert ordinary["limits"]["inputs:noise:js_distance"] > 0.3
    assert ordinary["limits"]["inputs:count:js_distance"] < 0.1
    assert ordinary["limits"]["inputs:noise:outside_rate"] < 0.05


@pytest.mark.parametrize(("cadence", "count"), [("day", 63), ("week", 9), ("month", 3)])
def test_windows_are_those_of_the_calendar(cadence, count):
    times = np.datetime64("2024-01-01", "us") + np.arange(6000) * np.timedelta64(15, "m")
    windows = calendar_windows(times, cadence, 50)
    sizes = np.bincount(windows[windows >= 0])
    assert len(sizes) == pytest.approx(count, abs=1) and sizes.min() >= 50
    assert (np.diff(windows[windows >= 0]) >= 0).all()


def test_days_are_joined_until_they_have_enough_rows_and_what_is_left_is_no_window():
    days = np.repeat(np.arange(7), 100).astype("datetime64[D]").astype("datetime64[us]")
    windows = calendar_windows(np.r_[days, np.datetime64("NaT")], "day", 200)
    assert windows.tolist() == [0] * 200 + [1] * 200 + [2] * 200 + [-1] * 101
    week = np.array(["2024-01-07T23", "2024-01-08T00"], dtype="datetime64[us]")
    assert calendar_windows(np.repeat(week, 60), "week", 50).tolist() == [0] * 60 + [1] * 60


def test_what_one_part_alone_has_is_new_of_it():
    features = pd.DataFrame(
        {
            "x": [1.0, 2, 3, 9, np.nan, 2],
            "k": pd.Series(["a", "b", "a", "c", None, "c"], dtype=object),
        }
    )
    inputs = {"x": {"kind": "numeric"}, "k": {"kind": "categorical", "unseen_rate": 0.1}}
    found = unseen_effects(features, inputs, np.array([0, 0, 1, 1, 1, 2]))
    # The first part has the least value, the second the greatest two.
    assert found["inputs:x:outside_rate"].tolist() == [0.5, 1, 0]
    assert found["inputs:k:unknown_rate"].tolist() == [0.4, 0, 0]


def test_very_many_windows_are_asked_in_part_only():
    rows = seasonal(12_000, 3)
    watch = season_watch(rows, np.arange(12_000) >= 9000)
    watch = replace(
        watch, params=watch.params.model_copy(update={"cadence": "day", "min_rows": 50})
    )
    assert ordinary_limits(rows, np.arange(12_000) >= 9000, watch)["window_count"] == 60
