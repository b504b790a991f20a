from dataclasses import replace
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from joint_watched import CASE, NAMES, check_of, paired_rows, tally_of, watch_joint
from watches import watch_of

from assay.artifacts import json_text
from assay.monitoring.ahead import ahead_of_time
from assay.monitoring.check import judged
from assay.monitoring.encoding import encoding_from_json, fit_encoding
from assay.monitoring.inputs import input_checks
from assay.monitoring.joint import joint_checks, joint_facts, joint_reference
from assay.schema import Feature


def test_a_correlation_that_turned_round_is_found_where_no_feature_moved():
    watch = watch_joint(paired_rows(5000, 1))
    turned = paired_rows(2000, 2, correlation=-0.8)
    check = check_of(turned, watch)
    assert judged([check], 0.0005)[0].level == "warning"
    assert check.p_value < 1e-6
    # No feature moved by itself.
    inputs = input_checks(tally_of(turned, watch), watch)
    assert {check.level for check in judged(inputs, 0.05)} == {"fine"}
    assert {check.measure for check in inputs} >= {"js_distance", "missing_rate"}
    named = {each["name"] for each in joint_facts(tally_of(turned, watch), watch)["features"][:2]}
    assert named == {"signal", "noise"}
    assert "signal" in check.sentence


def test_rows_like_those_before_raise_nothing_more_often_than_stated():
    watch = watch_joint(paired_rows(5000, 1))
    small = np.array([check_of(paired_rows(300, 10 + seed), watch).p_value for seed in range(300)])
    # 15 and 3 are expected.
    assert 3 <= (small < 0.05).sum() <= 29
    assert (small < 0.01).sum() <= 9


def test_the_error_before_is_that_of_rows_the_components_have_not_seen():
    # 60 rows and 30 independent features: components fitted on them flatter their own rows.
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 30)), columns=[f"x{number}" for number in range(30)])
    schema = plain_schema(table)
    content = joint_reference(table, schema)
    watch = replace(watch_of(CASE, {"joint": content}), schema=schema)
    own = tally_of(table, watch).joint.total / 60
    fresh = pd.DataFrame(rng.normal(size=(4000, 30)), columns=table.columns)
    new = tally_of(fresh, watch).joint.total / 4000
    assert own < 0.75 * content["error"]["mean"]
    assert content["error"]["mean"] == pytest.approx(new, rel=0.15)


def plain_schema(table):
    features = tuple(Feature(name, "numeric", "float64", name) for name in table.columns)
    return replace(CASE.schema, features=features, time_column=None, group_column=None)


def test_halves_merge_into_the_whole_and_missing_values_are_no_error():
    watch = watch_joint(paired_rows(2000, 1))
    features = paired_rows(700, 2)
    whole = tally_of(features, watch).joint
    merged = tally_of(features.iloc[:300].reset_index(drop=True), watch).joint
    merged.merge(tally_of(features.iloc[300:].reset_index(drop=True), watch).joint)
    assert merged.count == whole.count == 700
    assert merged.total == pytest.approx(whole.total)
    assert merged.by_feature == pytest.approx(whole.by_feature)
    nothing = features.assign(**dict.fromkeys(features.columns, np.nan))
    assert tally_of(nothing, watch).joint.total == 0


def test_the_reference_is_the_same_bytes_again():
    features = paired_rows(3000, 1)
    made = [json_text(watch_joint(features).reference["joint"]) for _ in range(2)]
    assert made[0] == made[1]


def test_features_that_do_not_vary_have_nothing_in_common():
    features = paired_rows(300, 1).assign(signal=1.0, noise=np.nan, kind="a")
    watch = watch_joint(features)
    assert watch.reference["joint"] is None
    assert joint_checks(tally_of(features, watch), watch) == []
    assert joint_facts(tally_of(features, watch), watch) is None


def test_what_goes_on_with_time_is_left_out_with_its_reason():
    windows = np.repeat(np.arange(8), 50)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "month": windows + 1.0,
            "row": np.arange(400.0),
            "weekday": np.arange(400) % 7 * 1.0,
            "season": np.sin(windows / 8 * 2 * np.pi) + rng.normal(size=400),
            "late": np.where(windows < 6, np.nan, rng.normal(size=400)),
        }
    )
    assert ahead_of_time(table, list(table), windows) == ["month", "row"]
    assert ahead_of_time(table, list(table), np.full(400, -1)) == []
    # Years of months repeat, and the next is like one before.
    assert ahead_of_time(table.assign(month=windows % 4), ["month"], windows) == []
    features = paired_rows(500, 1)
    schema = replace(CASE.schema, time_column=None, group_column=None)
    content = joint_reference(features, schema, ["noise"])
    assert "noise" not in {each["name"] for each in content["encoding"]}
    watch = watch_joint(features)
    watch = replace(watch, reference={**watch.reference, "joint": content})
    left = joint_facts(tally_of(features, watch), watch)["left_out"]
    assert [each["name"] for each in left] == ["noise"] and "training" in left[0]["reason"]


def test_an_encoding_reads_back_and_knows_no_unit():
    features = paired_rows(800, 1)
    encoding = fit_encoding(features, NAMES)
    again = encoding_from_json(encoding.to_json())
    assert (encoding.encoded(features) == again.encoded(features)).all()
    columns = encoding.encoded(features)
    assert columns.mean(axis=0) == pytest.approx(0, abs=0.05)
    kinds = encoding.feature_of == len(encoding.codes) - 1
    assert kinds.sum() == 3
    assert columns[:, kinds].var(axis=0).sum() == pytest.approx(1, rel=0.1)
    scaled = features.assign(signal=features["signal"] * 1000)
    assert fit_encoding(scaled, NAMES).encoded(scaled) == pytest.approx(columns)


def test_a_very_wide_table_takes_seconds_and_tells_what_it_left_out():
    rng = np.random.default_rng(0)
    names = [f"x{number}" for number in range(1500)]
    table = pd.DataFrame(rng.normal(size=(1000, 1500)), columns=names)
    schema = plain_schema(table)
    start = perf_counter()
    content = joint_reference(table, schema)
    assert perf_counter() - start < 15
    assert len(json_text(content)) < 2_000_000
    watch = replace(watch_of(CASE, {"joint": content}), schema=schema)
    watch.reference["clusters"] = {"row_count": 1000, "kinds": {}}
    facts = joint_facts(tally_of(table, watch), watch)
    assert (facts["feature_count"], facts["of_features"]) == (500, 1500)
    assert facts["component_count"] == 20
