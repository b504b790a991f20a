"""Seasons of the bundled flights are no drift, and what is none of a season is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay.artifacts import read_table, read_yaml
from assay.contract import build_contract
from assay.monitoring.ahead import ahead_of_time
from assay.monitoring.blind import blind_notes
from assay.monitoring.check import judged
from assay.monitoring.clusters import cluster_reference
from assay.monitoring.drift_checks import drift_checks
from assay.monitoring.input_reference import input_reference
from assay.monitoring.inputs import feature_facts
from assay.monitoring.joint import KEY, joint_reference
from assay.monitoring.ordinary import ordinary_limits, table_windows
from assay.monitoring.outputs import output_reference
from assay.monitoring.rows import ScoredRows
from assay.monitoring.table_rows import codes_of, groups_of, keys_of, times_of
from assay.monitoring.tally import tally_rows
from assay.monitoring.watch import Watch
from assay.params import parse_params
from assay.schema import ROW, infer_schema, typed_table

WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")
# What is joined to a flight beside its weather.
OF_ROWS = (
    *(f"{whose}_late_rate_yesterday" for whose in ("carrier", "origin", "dest")),
    *("seats", "plane_age_years"),
)
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
    windows = table_windows(rows, PARAMS.monitor)
    ahead = ahead_of_time(rows.features, schema.names_of("numeric"), windows)
    codes, decision = codes_of(train, schema), {"threshold": 0.5}
    known = replace(rows, outcome=(rows.keys % np.uint64(5) == 0).astype(float))
    parts = known.at(~holdout), known.at(holdout)
    reference = {
        "clusters": cluster_reference(codes, len(train)),
        "inputs": input_reference(train, build_contract(schema, fitted), codes),
        "outputs": output_reference(*parts, schema, decision, PARAMS.task),
        "joint": joint_reference(train.reset_index(drop=True), schema, ahead),
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
    # Scores are by chance here.
    return {
        check.subject: check.level
        for check in told
        if check.level != "fine" and check.area == "inputs"
    }


def shuffled(table, names):
    """Each column in an order of its own: its values are what they were, its rows are others."""
    columns = {
        name: table[name].sample(frac=1, random_state=number).to_numpy()
        for number, name in enumerate(names)
    }
    return table.assign(**columns)


def test_a_month_that_never_was_in_the_table_is_no_drift_where_its_seasons_are_ordinary(
    flights, watch
):
    table, schema, month = flights
    november = table[month == 11]
    assert watch.reference["ordinary"]["window_count"] == 10
    assert raised(november, schema, watch) == {}
    assert watch.limits("distance", "inputs:temp:js_distance")[0] > 0.5
    # The month goes on with time, and what goes on would blind the check of all features together.
    assert watch.reference["joint"]["left_out"] == ["month"]
    assert watch.limits("change", KEY)[0] < 0.15
    assert watch.limits("distance", "inputs:carrier:js_distance")[0] == 0.1


def test_another_unit_and_a_lost_source_are_no_season(flights, watch):
    table, schema, month = flights
    november = table[month == 11]
    celsius = november.assign(temp=(november["temp"] - 32) / 1.8)
    assert raised(celsius, schema, watch)["temp"] == "alarm"
    lost = november.assign(seats=november["seats"].where(november[ROW] % 4 > 0))
    assert raised(lost, schema, watch) == {"seats": "alarm"}


def test_rows_that_were_joined_wrong_are_found_in_each_column_as_it_was(flights, watch):
    table, schema, month = flights
    july = table[month == 7]
    for names in (WEATHER, schema.feature_names):
        assert raised(shuffled(july, names), schema, watch) == {"all features": "warning"}
    order = np.random.default_rng(0).permutation(len(july))
    other = {name: july[name].to_numpy()[order] for name in (*WEATHER, *OF_ROWS)}
    assert raised(july.assign(**other), schema, watch) == {"all features": "warning"}


def test_another_unit_is_an_alarm_where_seasons_left_little_room(flights, watch):
    table, schema, month = flights
    july = table[month == 7]
    celsius = {name: (july[name] - 32) / 1.8 for name in ("temp", "dewp")}
    found = raised(july.assign(**celsius), schema, watch)
    assert found["temp"] == "alarm" and found["dewp"] in ("warning", "alarm")
    assert raised(july, schema, watch) == {}


def test_values_that_no_season_has_are_found_of_any_number_of_days(flights, watch):
    table, schema, month = flights
    november = table[month == 11].reset_index(drop=True)
    assert raised(november.assign(month=99.0), schema, watch) == {"month": "alarm"}
    marked = november.assign(temp=november["temp"].where(november.index % 20 > 0, -999.0))
    assert raised(marked, schema, watch) == {"temp": "warning"}
    day = november.iloc[:400].assign(sched_dep=pd.Timestamp("2013-11-11 10:00"))
    assert raised(day, schema, watch) == {}
    assert raised(day.assign(pressure=day["pressure"] * 100), schema, watch) == {
        "pressure": "alarm"
    }


def test_what_cannot_be_told_of_a_batch_is_said(flights, watch):
    table, schema, month = flights
    november = table[month == 11].reset_index(drop=True)
    day = november.iloc[:400].assign(sched_dep=pd.Timestamp("2013-11-11 10:00"))

    def notes(rows):
        tally = tally_rows(rows_of(rows, schema), watch)
        return blind_notes(drift_checks(tally, watch), feature_facts(tally, watch), tally)

    assert not any("The rows are of" in note for note in notes(november))
    assert any(note.startswith("The rows are of 1 day: ") for note in notes(day))
    assert any(
        note.startswith("Of month it cannot be asked") and "outside_rate" in note
        for note in notes(november)
    )


def test_weather_that_was_not_measured_in_december_is_found(flights, watch):
    table, schema, month = flights
    found = raised(table[month == 12], schema, watch)
    assert {"temp", "dewp", "humid", "precip", "visib", "wind_speed"} <= set(found)
    assert pd.Series(found).eq("warning").all()
