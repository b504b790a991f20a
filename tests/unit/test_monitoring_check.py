from dataclasses import replace

import numpy as np
import pytest
from conftest import make_params

from assay.monitoring.check import Check, judged, limits, rate_reach
from assay.monitoring.verdict import verdict_of
from assay.params import parse_params

CHECK = Check(
    "inputs", "temp", "js_distance", None, None, 0.3, 0.1, 0.25, 0.0001, "moved.", "Look."
)


def checks(area="inputs", count=10, **changes):
    return [replace(CHECK, area=area, subject=f"f{place}", **changes) for place in range(count)]


def levels(found):
    return {check.subject: check.level for check in found}


def test_it_takes_both_a_size_and_more_than_chance():
    cases = {
        "far": {},
        "some way": {"effect": 0.15},
        "near": {"effect": 0.05},
        "by chance": {"p_value": 0.2},
    }
    found = judged([replace(CHECK, subject=name, **each) for name, each in cases.items()], 0.05)
    assert levels(found) == {
        "far": "alarm",
        "some way": "warning",
        "near": "fine",
        "by chance": "fine",
    }
    assert [check.subject for check in found[:2]] == ["far", "some way"]


def test_what_is_estimated_is_a_warning_at_most():
    assert judged([replace(CHECK, at_most="warning")], 0.05)[0].level == "warning"


def test_more_questions_need_smaller_p_values():
    alone = judged([replace(CHECK, p_value=0.02)], 0.05)
    among = judged([replace(CHECK, p_value=0.02), *checks(p_value=1.0)], 0.05)
    assert alone[0].level == "alarm"
    assert levels(among)["temp"] == "fine"


def test_hundreds_of_features_do_not_drown_performance():
    fall = replace(CHECK, area="performance", subject="roc_auc", p_value=0.01)
    found = judged([fall, *checks(count=500, p_value=0.5)], 0.05)
    assert levels(found)["roc_auc"] == "alarm"
    assert next(each for each in found if each.area == "performance").adjusted == pytest.approx(
        0.02
    )


def test_all_families_together_keep_the_rate():
    rng = np.random.default_rng(0)
    raised = 0
    for _ in range(400):
        asked = [
            replace(CHECK, area=area, subject=str(place), p_value=float(rng.uniform()))
            for area in ("inputs", "outputs", "performance", "slices", "trend")
            for place in range(8)
        ]
        raised += any(check.level != "fine" for check in judged(asked, 0.05))
    # 5% of 400 batches, and three standard errors.
    assert 0 < raised <= 20 + 13


def test_limits_begin_where_windows_of_the_table_ended():
    params = parse_params(make_params()).monitor
    assert limits(params, "distance", None) == (0.1, 0.25)
    assert limits(params, "distance", 0.05) == (0.1, 0.25)
    assert limits(params, "distance", 0.4) == pytest.approx((0.4, 0.55))


def test_an_alarm_lies_where_it_can_be_reached():
    params = parse_params(make_params()).monitor
    assert limits(params, "distance", 0.8, reach=0.89) == pytest.approx((0.8, 0.83))
    # A share of 32% that may be 20 points off can be 32 points off, and no more, when it falls.
    assert rate_reach(0.32, 0.0) == 0.32 and rate_reach(0.32, 0.5) == pytest.approx(0.68)
    assert limits(params, "rate", 0.2, rate_reach(0.32, 0.0)) == pytest.approx((0.2, 0.24))
    assert limits(params, "rate", None, reach=0.05) == pytest.approx((0.02, 0.03))
    assert limits(params, "change", 2.0)[1] > 2
    assert not replace(CHECK, warn_from=0.95, furthest=0.9).askable
    assert replace(CHECK, furthest=None).askable and replace(CHECK, furthest=0.1).askable


def test_inputs_are_mended_before_the_model_is_blamed():
    params = parse_params(make_params()).monitor
    fall = replace(CHECK, area="performance", subject="roc_auc", effect=5.0)
    asked = [fall, replace(CHECK, area="inputs")]
    told = verdict_of(asked, params, 1000)
    assert told.findings[0].subject == "roc_auc"
    assert "Mend the inputs" in told.sentence
    assert "Look at outcomes" in verdict_of([fall], params, 1000).sentence


def test_equal_checks_have_one_order_whatever_the_order_of_asking():
    asked = checks(count=5)
    assert judged(asked, 0.05) == judged(asked[::-1], 0.05)
