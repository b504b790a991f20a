import json

import numpy as np
import pandas as pd
import pytest

from assay.contract import accept, build_contract, contract_from_json
from assay.errors import SchemaError
from assay.schema import infer_schema, typed_table


@pytest.fixture
def contract(table, params):
    schema = infer_schema(table, params.data, params.task)
    return build_contract(schema, typed_table(table, schema))


@pytest.fixture
def rows(table):
    return table.drop(columns=["outcome", "aftermath"]).head(20)


def test_the_contract_round_trips_and_knows_what_it_saw(contract):
    back = contract_from_json(json.loads(json.dumps(contract.to_json())))
    assert back == contract
    assert contract.categories == {"kind": ["a", "b", "c"]}
    assert contract.ranges["count"] == [0.0, 8.0]


def test_good_rows_pass_without_notes(contract, rows):
    accepted = accept(rows, contract, "t")
    assert accepted.notes == []
    assert list(accepted.features) == ["signal", "noise", "count", "kind"]
    assert list(accepted.carried) == ["row_key", "moment", "entity", "remark"]
    assert accepted.carried["row_key"].tolist() == rows["row_key"].tolist()


def test_missing_columns_name_the_nearest_and_the_way_out(contract, rows):
    bad = rows.rename(columns={"signal": "signals"}).drop(columns="noise")
    with pytest.raises(SchemaError) as caught:
        accept(bad, contract, "new.csv")
    assert str(caught.value) == (
        "new.csv: 2 required columns are missing: signal, noise. Nearest in the file: signals for "
        "signal. Add them, or retrain without them."
    )


def test_every_fault_is_told_at_once(contract, rows):
    bad = rows.drop(columns="noise").assign(outcome=1, count="many", signal=rows["moment"])
    with pytest.raises(SchemaError, match="4 faults") as caught:
        accept(bad, contract, "new.csv")
    for words in (
        "1 required column is missing: noise",
        "target column 'outcome' is present",
        "column 'count' must hold numbers, got texts such as 'many'",
        "column 'signal' holds times or durations, expected numbers",
    ):
        assert words in str(caught.value)


def test_numbers_in_texts_are_read_and_what_is_none_is_counted(contract, rows):
    texts = rows["signal"].map(lambda v: None if pd.isna(v) else str(v)).astype(object)
    texts.iloc[3] = "n/a"
    accepted = accept(rows.assign(signal=texts), contract, "t")
    expected = rows["signal"].to_numpy().copy()
    expected[3] = np.nan
    np.testing.assert_array_equal(accepted.features["signal"], expected)
    assert accepted.coerced == {"signal": 1}
    assert accepted.notes == ["signal: no finite number in 1 row, read as missing"]


def test_infinite_values_count_as_missing(contract, rows):
    values = rows["noise"].to_numpy().copy()
    values[:2] = [np.inf, -np.inf]
    accepted = accept(rows.assign(noise=values), contract, "t")
    assert accepted.features["noise"].isna().sum() == 2
    assert accepted.coerced == {"noise": 2}


def test_an_infinite_value_is_missing_alone_too(contract, rows):
    accepted = accept(rows.head(1).assign(noise=np.inf), contract, "t")
    assert accepted.features["noise"].isna().all()


def test_unknown_categories_are_tolerated_and_counted(contract, rows):
    accepted = accept(rows.assign(kind=["z", None, *rows["kind"][2:]]), contract, "t")
    assert accepted.unknown_categories == {"kind": 1}


def test_what_plays_no_part_is_named(contract, rows):
    accepted = accept(rows.assign(aftermath=1, extra=2).drop(columns="entity"), contract, "t")
    assert accepted.notes == [
        "not in the input, so not in the output: entity",
        "left out, excluded from the model: aftermath",
        "left out, unknown to the model: extra",
    ]
    assert "extra" not in accepted.carried


def test_times_in_texts_are_read(contract, rows):
    moments = rows["moment"].astype(str).astype(object)
    moments.iloc[0] = "yesterday"
    accepted = accept(rows.assign(moment=moments), contract, "t")
    assert accepted.carried["moment"].tolist()[1:] == rows["moment"].tolist()[1:]
    assert accepted.coerced == {"moment": 1}


def test_order_of_columns_and_index_decide_nothing(contract, rows):
    plain = accept(rows, contract, "t")
    mixed = accept(rows[rows.columns[::-1]].set_index(pd.Index(range(100, 120))), contract, "t")
    pd.testing.assert_frame_equal(plain.features, mixed.features)


def test_no_rows_are_no_fault(contract, rows):
    assert len(accept(rows.iloc[:0], contract, "t").features) == 0


def contract_for(table, params, **changes):
    data = params.data.model_copy(update=changes)
    schema = infer_schema(table, data, params.task)
    return build_contract(schema, typed_table(table, schema))


def as_texts(frame):
    """What a CSV file would give."""
    return frame.astype(object).map(lambda v: np.nan if pd.isna(v) else str(v)).astype(object)


def test_texts_are_read_as_what_training_had(table, params):
    """Codes, truth values, leading zeros and texts such as NA come through a CSV file unchanged."""
    rng = np.random.default_rng(0)
    table = table.assign(
        code=rng.choice([1.0, 2.0, np.nan], len(table)),
        flag=rng.choice([True, False], len(table)),
        zip=rng.choice(["02139", "00501"], len(table)),
        land=rng.choice(["NA", "null", "true", "1.0", "FR"], len(table)),
    )
    contract = contract_for(table, params, categorical_columns=["code"])
    rows = table.drop(columns=["outcome", "aftermath"])
    plain, texts = accept(rows, contract, "t"), accept(as_texts(rows), contract, "t")
    pd.testing.assert_frame_equal(plain.features, texts.features)
    assert plain.unknown_categories == texts.unknown_categories == {}
    assert texts.coerced == {}


def test_numbers_that_name_rows_keep_their_type_and_codes_their_zeros(table, params):
    table = table.assign(row_key=np.arange(len(table)), remark=[f"{i:03d}" for i in range(600)])
    rows = table.drop(columns=["outcome", "aftermath"])
    carried = accept(as_texts(rows), contract_for(table, params), "t").carried
    assert carried["row_key"].tolist() == list(range(600))
    assert carried["row_key"].dtype == "int64"
    assert carried["remark"][7] == "007"


def test_durations_are_no_numbers(contract, rows):
    with pytest.raises(SchemaError, match="column 'noise' holds times or durations"):
        accept(rows.assign(noise=pd.Timedelta("1h")), contract, "t")
