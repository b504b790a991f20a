"""The parts of the pages of monitoring: bars of effects, the order of features, series over batches."""

import re

import numpy as np
import pytest
from monitored import monitored

from assay.report.monitoring.batches import MOST, batch_charts, batch_rows, trend_charts
from assay.report.monitoring.features import CHARTED, feature_rows, moved_features
from assay.report.monitoring.findings import effect_bar
from assay.report.monitoring.performance import key_marks
from assay.report.monitoring.places import places_of
from assay.report.monitoring.words import (
    measure_words,
    plain,
    shortened,
    shown_level,
    verdict_sentence,
)
from assay.report.monitoring.written import limit_text, score_labels, slice_name, value_words


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
    result, history = monitored()
    (found,) = result["trend"]
    (chart,) = trend_charts(result, history)
    assert chart.caption == found["sentence"]
    assert "estimated ROC AUC" in chart.svg
    result["trend"] = [found | {"level": "fine"}, found | {"series": []}]
    assert trend_charts(result, history) == []


def test_marks_share_one_scale_with_or_without_an_interval():
    measured = {
        "value": 0.7,
        "ci_low": 0.6,
        "ci_high": 0.8,
        "holdout": {"value": 0.75, "ci_low": None},
    }
    alone = key_marks(measured, None)
    now, holdout = alone.measured.marks
    assert holdout.low == holdout.at == holdout.high
    assert now.low < now.at < holdout.at < now.high
    assert [text for _, text in alone.ends] == ["0.600", "0.800"]
    estimated = measured | {"value": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    both = key_marks(measured, estimated)
    assert both.measured.marks[1].at == both.estimated.marks[1].at
    assert both.estimated.marks[0].high == both.measured.marks[0].low
    assert [text for _, text in both.ends] == ["0.400", "0.800"]
    nothing = key_marks(None, measured | {"holdout": {"value": None}})
    assert (nothing.measured, nothing.estimated, nothing.ends) == (None, None, ())


def test_batches_stand_at_their_times_and_lines_break_at_gaps():
    _, history = monitored(batches=7)
    places = places_of(history.drop(index=[1, 2, 3]))
    assert places.gaps == {1}
    assert np.isnan(places.x[1])
    assert places.broken([1, 2, 3, 4])[2:] == [2, 3, 4]
    first, second, third, _ = places.middle
    assert second - first > 3.5 * (third - second)
    # Without times, or where batches overlap, they stand side by side.
    for beside in (history.assign(last_time=None), history.iloc[[0, 0, 1]], history[["batch"]]):
        assert list(places_of(beside).middle) == list(range(len(beside)))
        assert not places_of(beside).gaps


def test_intervals_of_few_rows_do_not_widen_the_axis():
    result, history = monitored()
    history.loc[2, ["ci_low", "ci_high"]] = [-90.0, 90.0]
    wide = batch_charts(result, history)[0].svg
    history["judged"] = [place != 2 for place in range(len(history))]
    cut = batch_charts(result, history)[0].svg
    ticks = re.compile(r'class="tick">(-?[\d.,]+)</text>')
    assert max(abs(float(tick)) for tick in ticks.findall(wide)) > 50
    assert max(abs(float(tick)) for tick in ticks.findall(cut)) < 1
    assert ", 90" in cut


@pytest.mark.parametrize(
    ("measure", "value", "task", "told"),
    [
        ("missing_rate", 0.02, "binary", "2%"),
        ("js_distance", 0.1, "binary", "0.1"),
        ("js_distance", 0.2431, "binary", "0.243"),
        ("flagged_rate", 0.1445, "binary", "14.4%"),
        ("reconstruction_error", 0.1, "regression", "10%"),
        ("calibration_gap", 0.5, "regression", "0.5"),
        ("metric_drop", 2e-308, "binary", "0"),
        ("estimated", 1.0, "binary", "the trigger"),
    ],
)
def test_limits_are_short(measure, value, task, told):
    assert limit_text(measure, value, task) == told


def test_what_can_never_alarm_has_no_mark_of_one():
    share = {"measure": "outside_rate", "effect": 1.0, "warn_from": 1.000001}
    assert effect_bar(share | {"alarm_from": 1.000001}).alarm is None
    assert effect_bar(share | {"alarm_from": 0.9}).alarm is not None
    change = {"measure": "mean_prediction", "effect": 1.0, "warn_from": 0.5, "alarm_from": 2.0}
    assert effect_bar(change).alarm is not None
    assert effect_bar(change | {"at_most": "warning"}).alarm is None


def test_a_cost_is_told_as_a_cost_and_a_value_as_a_value():
    told = value_words({"now": -0.64, "holdout": -0.4, "ci_low": -0.73, "ci_high": -0.54})
    assert told["cost"]
    shown = [told[name] for name in ("now", "holdout", "interval", "change")]
    assert shown == ["0.64", "0.40", "[0.54, 0.73]", "+60%"]
    mixed = value_words({"now": -0.64, "holdout": 0.4})
    assert not mixed["cost"]
    assert [mixed[name] for name in ("now", "interval", "change")] == ["-0.64", "", ""]
    assert value_words(None) is None


def test_bins_of_scores_are_in_percent_where_that_tells_them_apart():
    assert score_labels(["up to 0.068", "0.068 to 0.2"], "binary") == [
        "up to 6.8%",
        "6.8% to 20.0%",
    ]
    assert score_labels(["0.0001 to 0.0002", "0.0002 to 0.0003"], "binary")[0].startswith("0.0001")
    assert score_labels(["1.5 to 2"], "regression") == ["1.5 to 2"]


def test_names_of_slices_levels_and_metrics():
    assert slice_name({"name": "sched_dep = Saturday"}) == "Saturday"
    assert slice_name({"name": "carrier = EV"}) == "carrier = EV"
    assert slice_name({"name": "time = 11", "kind": "time"}) == "11"
    assert plain("roc_auc 0.2 worse; estimated roc auc") == "ROC AUC 0.2 worse; estimated ROC AUC"
    assert shown_level({"level": "fine", "judged": np.False_}) is None
    assert shown_level({"level": "alarm", "judged": False}) == "alarm"
    assert shown_level({"level": "fine", "judged": None}) == "fine"


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
    assert verdict_sentence(few, "x") == "x has too few."
