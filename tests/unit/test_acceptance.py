"""What is let in, as what, and what is told of the rest."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.acceptance import accept, check_columns, left_out, type_faults
from assay.contract import build_contract
from assay.errors import SchemaError
from assay.schema import infer_schema, typed_table


def contract_for(table, params, **changes):
    data = params.data.model_copy(update=changes)
    schema = infer_schema(table, data, params.task)
    return build_contract(schema, typed_table(table, schema))


@pytest.fixture
def contract(table, params):
    return contract_for(table, params)


@pytest.fixture
def rows(table):
    return table.drop(columns=["outcome", "aftermath"]).head(20)


def accepted(frame, contract, untyped=False):
    return accept({name: frame[name] for name in frame}, contract, "t", untyped)


def as_arrow(frame):
    """What a Parquet file gives."""
    return {name: pa.array(frame[name], from_pandas=True) for name in frame}


def as_texts(frame):
    """What a CSV file gives."""
    return frame.astype(object).map(lambda v: np.nan if pd.isna(v) else str(v)).astype(object)


def told(found):
    return [(fault.row, fault.reason, fault.column, fault.value) for fault in found.faults]


def test_good_rows_pass_in_model_form(contract, rows):
    found = accepted(rows, contract)
    assert list(found.features) == ["signal", "noise", "count", "kind"]
    assert (found.faults, found.coerced, found.unknown_categories) == ([], {}, {})


def test_model_form_is_that_of_training(table, params, contract):
    schema = contract.schema
    trained = typed_table(table, schema)[schema.feature_names]
    rows = table.drop(columns=["outcome", "aftermath"])
    pd.testing.assert_frame_equal(accepted(rows, contract).features, trained)
    found = accept(as_arrow(rows), contract, "t")
    pd.testing.assert_frame_equal(found.features, trained)


def test_missing_columns_name_the_nearest_and_the_way_out(contract, rows):
    bad = rows.rename(columns={"signal": "signals"}).drop(columns="noise")
    assert check_columns(list(bad), contract.schema, "new.csv") == [
        "new.csv: 2 required columns are missing: signal, noise. Nearest in the file: signals for "
        "signal. Add them, or retrain without them."
    ]


def test_a_target_is_refused(contract, rows):
    (fault,) = check_columns([*rows, "outcome"], contract.schema, "new.csv")
    assert "target column 'outcome' is present" in fault


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pd.Timestamp("2024-01-01"), "times"),
        (pd.Timedelta("1h"), "durations"),
        (b"a", "bytes"),
        ([[1, 2]] * 20, "nested values"),
        (1j, "complex numbers"),
    ],
)
def test_other_kinds_of_values_are_refused(contract, rows, values, words):
    for name in ("noise", "kind"):
        with pytest.raises(SchemaError, match=f"column '{name}' holds {words}, expected"):
            accepted(rows.assign(**{name: values}), contract)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (pa.timestamp("us", "UTC"), "times with a zone"),
        (pa.date32(), "dates"),
        (pa.duration("s"), "durations"),
        (pa.list_(pa.int64()), "nested values"),
        (pa.struct([("a", pa.int64())]), "nested values"),
        (pa.binary(), "values of type binary"),
        (pa.dictionary(pa.int8(), pa.date32()), "dates"),
    ],
)
def test_other_types_of_a_file_are_refused_before_a_row_is_read(contract, kind, words):
    assert type_faults({"noise": kind}, contract.schema) == [
        f"column 'noise' holds {words}, expected numbers. Convert it."
    ]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 2, None], pa.int8()),
        pa.array([1, 2, None], pa.uint64()),
        pa.array([1.0, 2.0, None], pa.float32()),
        pa.array([Decimal("1.0"), Decimal("2.0"), None]),
        pa.array(["1", "2", None]),
        pa.array([" 1", "2.0 ", None], pa.large_string()),
        pa.array(["1e0", "+2", None]).dictionary_encode(),
        pd.Series(["1", 2, None], dtype=object),
        pd.Series([Decimal(1), 2.0, np.nan], dtype=object),
        pd.Series([1, 2, None], dtype="Int64"),
        pd.Series(["1", "2", None], dtype="category"),
        pd.Series(["1", "2", None], dtype="string"),
    ],
)
def test_numbers_of_any_type_are_read(contract, rows, values):
    columns = {name: rows[name].head(3) for name in rows} | {"noise": values}
    found = accept(columns, contract, "t")
    np.testing.assert_array_equal(found.features["noise"], [1.0, 2.0, np.nan])
    assert found.faults == []


def test_texts_that_are_no_numbers_are_faults_of_their_rows(contract, rows):
    texts = rows["signal"].map(lambda v: None if pd.isna(v) else str(v)).astype(object)
    texts.iloc[[3, 7]] = ["1,234", "1_000"]
    found = accepted(rows.assign(signal=texts), contract)
    assert told(found) == [
        (3, "not_a_number", "signal", "1,234"), (7, "not_a_number", "signal", "1_000")
    ]  # fmt: skip
    expected = rows["signal"].to_numpy().copy()
    expected[[3, 7]] = np.nan
    np.testing.assert_array_equal(found.features["signal"], expected)


@pytest.mark.parametrize("text", ["NA", "n/a", "NaN", "null", "", "  ", "None", "<NA>", "#N/A"])
@pytest.mark.parametrize("arrow", [False, True])
def test_texts_that_mark_a_missing_number_are_counted(contract, rows, text, arrow):
    texts = as_texts(rows).assign(noise=["1.5", text, *["2"] * 18])
    columns = as_arrow(texts) if arrow else {name: texts[name] for name in texts}
    found = accept(columns, contract, "t", untyped=True)
    assert found.faults == []
    assert found.coerced == {"noise": {"text_as_missing": 1}}
    assert np.isnan(found.features["noise"][1])


def test_numbers_in_texts_are_counted_where_the_file_has_types(contract, rows):
    texts = rows.assign(noise=rows["noise"].astype(str))
    assert accepted(texts, contract).coerced == {"noise": {"text_as_number": 20}}
    assert accepted(texts, contract, untyped=True).coerced == {}


@pytest.mark.parametrize(
    "value", [np.inf, -np.inf, "inf", "-Infinity", "1e999", "9" * 400, 10**400], ids=range(7)
)
def test_infinite_values_are_faults_of_their_rows(contract, rows, value):
    values = pd.Series([value, *rows["noise"][1:]], dtype=object)
    found = accepted(rows.assign(noise=values), contract)
    assert [(f.row, f.reason, f.column) for f in found.faults] == [(0, "infinite", "noise")]
    assert found.features["noise"].isna()[0]


def test_texts_become_the_nearest_numbers(contract, rows):
    """pandas reads the last digit of some numbers wrong."""
    rng = np.random.default_rng(3)
    numbers = rng.normal(size=20) * 10.0 ** rng.integers(-20, 20, 20)
    for texts in (numbers.astype(str), [f"{n:.20e}" for n in numbers]):
        frame = rows.assign(noise=texts)
        np.testing.assert_array_equal(accepted(frame, contract).features["noise"], numbers)
        found = accept(as_arrow(frame), contract, "t").features["noise"]
        np.testing.assert_array_equal(found, numbers)


def test_decimals_become_the_nearest_numbers(contract, rows):
    """Arrow's own cast of a decimal is off by a digit for one in ten."""
    rng = np.random.default_rng(1)
    for kind, scale in ((pa.decimal128(10, 2), 2), (pa.decimal128(38, 6), 6)):
        texts = [f"{value:.{scale}f}" for value in rng.uniform(-9999, 9999, 500)]
        decimals = pa.array([Decimal(text) for text in texts], kind)
        columns = {name: pa.array(rows[name].iloc[[0] * 500], from_pandas=True) for name in rows}
        found = accept(columns | {"noise": decimals}, contract, "t").features["noise"]
        assert found.tolist() == [float(text) for text in texts]


def test_unknown_categories_are_tolerated_and_counted(contract, rows):
    found = accepted(rows.assign(kind=["z", None, *rows["kind"][2:]]), contract)
    assert found.unknown_categories == {"kind": 1}


def test_what_plays_no_part_is_named(contract, rows):
    names = [name for name in [*rows, "aftermath", "extra"] if name != "entity"]
    schema = contract.schema
    assert left_out(names, schema, ["row_key", "moment", "remark"]) == [
        "not in the input, so not in the output: entity",
        "left out, excluded from the model: aftermath",
        "left out, unknown to the model: extra",
    ]
    assert left_out([*rows, "extra"], schema, [*schema.carried_columns, "extra"]) == []


def test_order_of_columns_and_index_decide_nothing(contract, rows):
    plain = accepted(rows, contract)
    mixed = accepted(rows[rows.columns[::-1]].set_index(pd.Index(range(100, 120))), contract)
    pd.testing.assert_frame_equal(plain.features, mixed.features)


def test_no_rows_are_no_fault(contract, rows):
    assert len(accepted(rows.iloc[:0], contract).features) == 0
    assert len(accept(as_arrow(rows.iloc[:0]), contract, "t").features) == 0


def test_texts_are_read_as_what_training_had(table, params):
    """Codes, truth values, leading zeros and texts such as NA come through a CSV file unchanged."""
    rng = np.random.default_rng(0)
    table = table.assign(
        code=rng.choice([1.0, 2.0, np.nan], len(table)),
        flag=rng.choice([True, False], len(table)),
        named=rng.choice([True, False], len(table)),
        zip=rng.choice(["02139", "00501"], len(table)),
        land=rng.choice(["NA", "null", "true", "1.0", "FR"], len(table)),
    )
    contract = contract_for(table, params, categorical_columns=["code", "named"])
    rows = table.drop(columns=["outcome", "aftermath"])
    plain, texts = accepted(rows, contract), accepted(as_texts(rows), contract, untyped=True)
    pd.testing.assert_frame_equal(plain.features, texts.features)
    pd.testing.assert_frame_equal(plain.features, accept(as_arrow(rows), contract, "t").features)
    lower = as_texts(rows).assign(named=rows["named"].map({True: "true", False: "false"}))
    pd.testing.assert_frame_equal(plain.features, accepted(lower, contract).features)
    assert plain.unknown_categories == texts.unknown_categories == {}
    assert texts.coerced == {}


def test_codes_beyond_what_a_float_holds_keep_their_digits(table, params):
    big = 2**60
    table = table.assign(code=[big + i % 3 for i in range(len(table))])
    contract = contract_for(table, params, categorical_columns=["code"])
    rows = table.drop(columns=["outcome", "aftermath"]).head(5)
    for frame in (rows, as_texts(rows)):
        assert (
            accepted(frame, contract).features["code"].tolist() == rows["code"].astype(str).tolist()
        )
    # A missing value makes pandas read integers as floats; Arrow does not.
    codes = pa.array([big + 1, None, big + 2])
    columns = {name: rows[name].head(3) for name in rows} | {"code": codes}
    assert accept(columns, contract, "t").features["code"].tolist()[::2] == [
        str(big + 1),
        str(big + 2),
    ]


@pytest.mark.parametrize("value", [1, True, 1.0, "1"])
def test_a_value_in_a_mixed_column_is_read_as_it_would_be_alone(contract, rows, value):
    others = [1, True, 1.0, "1", None]
    frame = rows.head(6).assign(kind=pd.Series([value, *others], dtype=object).to_numpy())
    alone = accepted(frame.head(1), contract).features["kind"][0]
    assert accepted(frame, contract).features["kind"][0] == alone
