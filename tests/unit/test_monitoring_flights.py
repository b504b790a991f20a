"""Seasons of the bundled flights are no drift, and what is none of a season is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay.artifacts import read_table, read_yaml
from assay.contract import build_contract
from assay.monitoring.check import judged
from assay.monitoring.clusters import cluster_reference
from assay.monitoring.drift_checks import drift_checks
from assay.monitoring.input_reference import input_reference
from assay.monitoring.joint import joint_reference
from assay.monitoring.ordinary import ordinary_limits
from assay.monitoring.outputs import output_reference
from assay.monitoring.rows import ScoredRows
from assay.monitoring.table_rows import codes_of, groups_of, keys_of, times_of
from assay.monitoring.tally import tally_rows
from assay.monitoring.watch import Watch
from assay.params import parse_params
from assay.schema import ROW, infer_schema, typed_table

ROOT = Path(__file__).resolve().parents[2]
PARAMS = parse_params(read_yaml(ROOT / "params.yaml"))


@pytest.fixture(scope="module")
def flights():
    """The table in typed form, and the month of each row."""
    table = read_table(ROOT / PARAMS.data.table).sort_values("sched_dep", kind="stable")
    schema = infer_schema(table, PARAMS.data, PARAMS.task)
    table = typed_table(table.reset_index(drop=True), schema)
    return table, schema, table["sched_dep"].dt.month.to_numpy()


def rows_of(table, schema):
    """Rows with scores by chance, whose outcomes are not known."""
    n = len(table)
    return ScoredRows(
        table[schema.feature_names].reset_index(drop=True),
        np.random.default_rng(n).uniform(size=n),
        keys_of(table[ROW].to_numpy()),
        np.full(n, np.nan),
        times_of(table, schema),
        groups_of(table, schema),
    )


@pytest.fixture(scope="module")
def watch(flights):
    """What November is held against: January to August trained, and September and October judged."""
    table, schema, month = flights
    train, fitted = table[month <= 8], table[month <= 10]
    rows, holdout = rows_of(fitted, schema), month[month <= 10] > 8
    codes, decision = codes_of(train, schema), {"threshold": 0.5}
    known = replace(rows, outcome=(rows.keys % np.uint64(5) == 0).astype(float))
    parts = known.at(~holdout), known.at(holdout)
    reference = {
        "clusters": cluster_reference(codes, len(train)),
        "inputs": input_reference(train, build_contract(schema, fitted), codes),
        "outputs": output_reference(*parts, schema, decision, PARAMS.task),
        "joint": joint_reference(train.reset_index(drop=True), schema),
        "performance": None,
        "slices": [],
        "ordinary": {"window_count": 0, "limits": {}},
    }
    watch = Watch(schema, decision, reference, PARAMS.monitor, PARAMS.task)
    ordinary = ordinary_limits(rows, holdout, watch)
    return replace(watch, reference=reference | {"ordinary": ordinary})


def raised(table, schema, watch):
    checks = drift_checks(tally_rows(rows_of(table, schema), watch), watch)
    told = judged(checks, watch.params.false_alarm_rate)
    # All features together say rightly that it was never November before: a late month, and cold.
    return {
        check.subject: check.level
        for check in told
        if check.level != "fine" and check.subject in schema.feature_names
    }


def test_a_month_that_never_was_in_the_table_is_no_drift_where_its_seasons_are_ordinary(
    flights, watch
):
    table, schema, month = flights
    november = table[month == 11]
    assert watch.reference["ordinary"]["window_count"] == 10
    assert raised(november, schema, watch) == {}
    assert watch.limits("distance", "inputs:temp:js_distance")[0] > 0.5
    assert watch.limits("distance", "inputs:carrier:js_distance")[0] == 0.1


def test_another_unit_and_a_lost_source_are_no_season(flights, watch):
    table, schema, month = flights
    november = table[month == 11]
    celsius = november.assign(temp=(november["temp"] - 32) / 1.8)
    assert raised(celsius, schema, watch)["temp"] == "alarm"
    lost = november.assign(seats=november["seats"].where(november[ROW] % 4 > 0))
    assert raised(lost, schema, watch) == {"seats": "alarm"}


def test_weather_that_was_not_measured_in_december_is_found(flights, watch):
    table, schema, month = flights
    found = raised(table[month == 12], schema, watch)
    assert {"temp", "dewp", "humid", "precip", "visib", "wind_speed"} <= set(found)
    assert pd.Series(found).eq("warning").all()
