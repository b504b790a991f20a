from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from conftest import make_params, parse_params, prepared, split_settings

from assay.schema import infer_schema, typed_table
from assay.splits.keys import feature_keys, group_keys, row_keys
from assay.splits.split import split_table


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint16", "float64", "Int64", "object", "str"])
def test_the_type_of_an_id_column_decides_nothing(table, dtype):
    number = pd.Series(np.arange(600) * 7)
    plain, typed = (
        prepared(table.assign(row_key=column.to_numpy()))
        for column in (number, number.astype(dtype))
    )
    np.testing.assert_array_equal(row_keys(plain[1], plain[0]), row_keys(typed[1], typed[0]))


def test_large_ids_are_told_apart(table):
    schema, typed = prepared(table.assign(row_key=2**60 + np.arange(600)))
    assert len(np.unique(row_keys(typed, schema))) == 600


def test_the_unit_of_a_time_decides_nothing(table):
    stamps = [table["moment"].astype(f"datetime64[{unit}]") for unit in ("s", "us", "ns")]
    first, *others = (row_keys(*prepared(table.assign(row_key=s))[::-1]) for s in stamps)
    for other in others:
        np.testing.assert_array_equal(first, other)


def test_without_ids_equal_rows_are_numbered_wherever_they_stand(table):
    twice = pd.concat([table, table.iloc[:50], table.iloc[:10]]).drop(columns="row_key")
    schema, typed = prepared(twice, id_columns=[])
    found = row_keys(typed, schema)
    assert len(np.unique(found)) == 660
    # Rows that are added change no old key, and the order of rows none at all.
    np.testing.assert_array_equal(row_keys(typed.iloc[:600], schema), found[:600])
    np.testing.assert_array_equal(row_keys(typed.iloc[:650], schema), found[:650])
    assert set(row_keys(typed.iloc[::-1], schema)) == set(found)
    np.testing.assert_array_equal(row_keys(typed[typed.columns[::-1]], schema), found)


def test_without_ids_rows_with_equal_features_are_split_by_chance():
    """Were equal rows kept together, the rate of a cell in the holdout would tell against the other."""
    rng = np.random.default_rng(3)
    cells = rng.integers(0, 40, 6000)
    chance = rng.uniform(0.1, 0.9, 40)
    table = pd.DataFrame({"cell": cells, "outcome": (rng.uniform(size=6000) < chance[cells]) * 1})
    roles = {key: [] for key in ("id_columns", "passthrough_columns", "categorical_columns")}
    roles |= {"time_column": None, "group_column": None, "exclude_columns": {}}
    schema, typed = prepared(table, **roles)
    split = split_table(typed, schema, split_settings(strategy="random"))
    rates = [
        table.iloc[rows].groupby("cell")["outcome"].mean() for rows in (split.train, split.holdout)
    ]
    assert np.corrcoef(*rates)[0, 1] > 0.8
    assert abs(table.iloc[split.holdout]["outcome"].mean() - table["outcome"].mean()) < 0.04


def test_without_ids_an_added_class_changes_no_old_key(table):
    named = table.assign(outcome=table["noise"].gt(0).map({True: "mid", False: "low"}))
    named["outcome"] = named["outcome"].where(named["noise"] < 1, "top")
    added = pd.concat([named, named.head(1).assign(outcome="a new one")])
    roles = {"id_columns": [], "exclude_columns": {"row_key": "no id"}}
    before, after = (
        row_keys(*classed(frame, **roles)[::-1]) for frame in (named, added.reset_index(drop=True))
    )
    np.testing.assert_array_equal(after[:600], before)
    assert after[600] not in set(before)


def classed(frame, **roles):
    raw = make_params()
    raw["data"] |= roles
    raw["task"] |= {"type": "multiclass", "positive_label": None, "primary_metric": "accuracy"}
    raw["baseline"]["rule"] = None
    params = parse_params(raw)
    schema = infer_schema(frame, params.data, params.task)
    return schema, typed_table(frame, schema)


@pytest.mark.parametrize("value", [2.5, "word"])
def test_without_ids_the_first_value_of_a_column_changes_one_key(table, value):
    empty = table.drop(columns="row_key").assign(later=np.full(600, np.nan, dtype=object))
    filled = empty.copy()
    filled.loc[3, "later"] = value
    before, after = (row_keys(*prepared(frame, id_columns=[])[::-1]) for frame in (empty, filled))
    assert np.flatnonzero(before != after).tolist() == [3]


def test_without_ids_a_time_counts_as_what_it_is_whatever_the_model_sees_of_it(table, params):
    """One time that is not at midnight gives every row an hour; it may not move the others."""
    midnights = table.drop(columns="row_key").assign(
        when=pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(600) % 50, unit="D")
    )
    one = midnights.assign(
        when=midnights["when"].where(midnights.index != 3, pd.Timestamp("2020-01-05 07:00"))
    )
    data = params.data.model_copy(update={"id_columns": []})
    keys = {}
    for name, frame, mode in (
        ("parts", midnights, "parts"), ("age", midnights, "age"), ("both", midnights, "parts_and_age"),
        ("one", one, "parts"), ("dates", midnights.assign(when=midnights["when"].dt.date), "parts"),
        ("units", midnights.astype({"when": "datetime64[s]"}), "parts"),
    ):  # fmt: skip
        schema = infer_schema(frame, data, params.task, mode)
        assert [f for f in schema.features if f.part]
        keys[name] = row_keys(typed_table(frame, schema), schema)
    assert np.flatnonzero(keys["parts"] != keys["one"]).tolist() == [3]
    for name in ("age", "both", "dates", "units"):
        np.testing.assert_array_equal(keys["parts"], keys[name])


def test_large_decimals_are_told_apart(table):
    numbers = [Decimal(2**60 + n) for n in range(600)]
    schema, typed = prepared(table.assign(row_key=numbers))
    plain, whole = prepared(table.assign(row_key=2**60 + np.arange(600)))
    np.testing.assert_array_equal(row_keys(typed, schema), row_keys(whole, plain))
    assert len(np.unique(row_keys(typed, schema))) == 600


def test_without_ids_a_value_counts_with_its_column(table):
    schema, typed = prepared(table.drop(columns="row_key"), id_columns=[])
    swapped = typed.assign(signal=typed["noise"], noise=typed["signal"])
    assert not np.isin(row_keys(swapped, schema), row_keys(typed, schema)).any()


def test_missing_equals_missing_and_zero_equals_zero(table):
    schema, typed = prepared(table)
    same = typed.iloc[[0, 0, 0, 0]].reset_index(drop=True)
    same["signal"] = [0.0, -0.0, np.nan, -np.nan]
    found = feature_keys(same, schema)
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert found[0] != found[2]


def test_keys_are_those_of_all_time(table):
    """Another hash would make another holdout of every table: no upgrade may do that silently."""
    schema, typed = prepared(table)
    fixed = typed.head(2).assign(
        row_key=["a", "b"], signal=[0.5, np.nan], noise=1.0, count=[2.0, 3.0], kind=["a", np.nan]
    )
    assert row_keys(fixed, schema).tolist() == KNOWN_ROW_KEYS
    assert feature_keys(fixed, schema).tolist() == KNOWN_FEATURE_KEYS
    assert row_keys(fixed, replace(schema, id_columns=())).tolist() == KNOWN_CONTENT_KEYS


KNOWN_ROW_KEYS = [9195013188537415459, 8886455295644189621]
KNOWN_CONTENT_KEYS = [16583229767810613610, 3532991384646380926]
KNOWN_FEATURE_KEYS = [14546286404000187833, 5596374472827566996]


def test_group_keys_tell_groups_apart(table):
    schema, typed = prepared(table)
    assert len(np.unique(group_keys(typed, schema))) == 50
