"""The parts of the pages of monitoring: bars of effects, the order of features, series over batches."""

import re

import numpy as np
import pytest
from monitored import monitored

from assay.report.monitoring.batches import MOST, batch_charts, batch_rows, trend_charts
from assay.report.monitoring.features import CHARTED, feature_rows, moved_features
from assay.report.monitoring.findings import effect_bar
from assay.report.monitoring.performance import marks_beside_holdout
from assay.report.monitoring.words import measure_words, shortened, verdict_sentence


@pytest.mark.parametrize(
    ("effect", "beyond"), [(0.0, False), (0.05, False), (0.3, False), (0.9, False), (40.0, True)]
)
def test_an_effect_and_its_limits_share_one_scale(effect, beyond):
    bar = effect_bar({"effect": effect, "warn_from": 0.1, "alarm_from": 0.25})
    assert 0 < bar.warn < bar.alarm < 100
    assert bar.alarm / bar.warn == pytest.approx(2.5, rel=0.01)
    assert bar.beyond == beyond
    assert bar.effect == (100 if beyond else pytest.approx(10 * effect * bar.warn, abs=0.1))


def test_a_limit_of_nothing_has_a_bar_too():
    bar = effect_bar({"effect": 0.0, "warn_from": 0.0, "alarm_from": 0.0})
    assert (bar.effect, bar.warn, bar.alarm, bar.beyond) == (0, 0, 0, False)


def test_features_are_ordered_by_the_gravest_and_furthest_of_their_checks():
    result, _ = monitored(features=12)
    rows = feature_rows(result)
    # The last one has an alarm by its distance, the first one a warning by what is missing.
    assert [row.facts["name"] for row in rows[:2]] == ["feature_11", "feature_0"]
    assert [row.level for row in rows[:3]] == ["alarm", "warning", "fine"]
    assert rows[1].findings[0]["measure"] == "missing_rate"
    reaches = [row.reach for row in rows[2:]]
    assert reaches == sorted(reaches, reverse=True)
    assert [bool(row.chart) for row in rows] == [True] * CHARTED + [False] * 4
    assert [row.path for row in rows[:2]] == ["features.11", "features.0"]
    assert moved_features(result) == {"feature_11", "feature_0"}


def test_what_is_no_feature_did_not_move():
    result, _ = monitored(features=3)
    result["findings"].append(dict(result["findings"][0], subject="all features"))
    assert moved_features(result) == {"feature_2", "feature_0"}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_each_task_has_charts_over_batches(task):
    result, history = monitored(task)
    drawn = "".join(chart.svg for chart in batch_charts(result, history))
    for name in ("performance", "means", "decided", "distance"):
        assert drawn.count(f'id="chart-{name}-title"') == 1
    assert batch_charts(result, history.tail(1)) == []


def test_only_the_latest_batches_are_shown():
    result, history = monitored(batches=MOST + 5)
    rows = batch_rows(history)
    assert [row["batch"] for row in rows] == history["batch"].tail(MOST).tolist()
    first = history["batch"].iloc[4]
    assert all(first not in chart.svg for chart in batch_charts(result, history))


def test_what_is_not_known_of_a_batch_is_none():
    _, history = monitored(batches=3)
    rows = batch_rows(history.assign(value=[np.nan, 0.7, np.nan], first_time=None))
    assert [row["value"] for row in rows] == [None, 0.7, None]
    assert {row["first_time"] for row in rows} == {None}


def test_a_new_model_is_marked_where_it_took_over():
    result, history = monitored()
    same = batch_charts(result, history.assign(run_id="a"))
    other = batch_charts(result, history.assign(run_id=["b", "b", "a", "a", "a", "a", "a"]))
    assert all("a new model from here" not in chart.svg for chart in same)
    for chart in other:
        assert "a new model from here" in chart.svg
        (place,) = re.findall(r'class="reference" x1="([\d.]+)" x2="\1"', chart.svg)
        dots = [
            float(x)
            for x in re.findall(r'class="dot" cx="([\d.]+)" cy="[\d.]+" r="4"><title', chart.svg)
        ]
        # Between the second batch and the third one, whose marks may stand a little aside.
        assert dots[1] < float(place) < dots[2]


def test_trends_that_are_fine_are_not_drawn():
    result, _ = monitored()
    (found,) = result["trend"]
    (chart,) = trend_charts(result)
    assert chart.caption == found["sentence"]
    assert "estimated roc auc" in chart.svg
    result["trend"] = [found | {"level": "fine"}, found | {"series": []}]
    assert trend_charts(result) == []


def test_marks_stand_beside_the_holdout_with_or_without_its_interval():
    found = {
        "value": 0.7,
        "ci_low": 0.6,
        "ci_high": 0.8,
        "holdout": {"value": 0.75, "ci_low": None},
    }
    marks = marks_beside_holdout("now", found)
    now, holdout = marks.marks
    assert holdout.low == holdout.at == holdout.high
    assert now.low < now.at < holdout.at < now.high
    assert marks_beside_holdout("now", None) is None
    assert marks_beside_holdout("now", found | {"holdout": {"value": None}}) is None


def test_words():
    assert shortened("short") == "short"
    long = shortened("a" * 200 + "z")
    assert len(long) < 90
    assert long.endswith("z")
    assert measure_words("some_new_measure") == "some new measure"
    told = {"sentence": "Alarm: in 2 checks, x differs.", "level": "alarm", "judged": True}
    assert verdict_sentence(told) == "In 2 checks, x differs."
    few = {"sentence": "Not judged: x has too few.", "level": "fine", "judged": False}
    assert verdict_sentence(few) == "X has too few."
