import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from cases import changed_params
from conftest import make_table

from assay.errors import SchemaError
from assay.schema import (
    category_text,
    column_kind,
    infer_schema,
    model_frame,
    schema_from_json,
    typed_table,
    with_plain_roles,
)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "numeric"),
        ([1.5, None], "numeric"),
        ([True, False], "numeric"),
        (pd.array([1, None], dtype="Int64"), "numeric"),
        (pd.array([True, None], dtype="boolean"), "numeric"),
        (["a", None], "categorical"),
        (pd.array(["a", None], dtype="string"), "categorical"),
        (pd.Categorical(["a", "b"]), "categorical"),
        ([None, None], "numeric"),
        ([pd.Timestamp("2024")], None),
        ([["a"]], None),
        ([b"a"], None),
        (["a", 1], None),
    ],
)
def test_kinds_of_columns(values, kind):
    assert column_kind(pd.Series(values)) == kind


def test_codes_can_be_declared_categories():
    assert column_kind(pd.Series([1, 2]), declared_categorical=True) == "categorical"


def test_a_whole_number_has_one_text():
    floats = category_text(pd.Series([1.0, np.nan, 2.5]))
    assert floats.tolist()[:1] == category_text(pd.Series([1])).tolist()
    assert floats.tolist()[2] == "2.5"
    assert isinstance(floats.tolist()[1], float)


def test_roles_and_their_round_trip(table, params):
    schema = infer_schema(table, params.data, params.task)
    assert schema.feature_names == ["signal", "noise", "count", "kind"]
    assert schema.names_of("categorical") == ["kind"]
    assert schema.labels == (0, 1)
    assert schema.carried_columns == ["row_key", "moment", "entity", "remark"]
    assert schema_from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_the_typed_table_has_no_excluded_column(table, params):
    schema = infer_schema(table, params.data, params.task)
    typed = typed_table(table, schema)
    assert "aftermath" not in typed
    assert typed["assay_row"].tolist() == list(range(len(table)))
    assert typed["outcome"].tolist() == table["outcome"].tolist()
    assert typed[["signal", "noise", "count"]].dtypes.eq("float64").all()
    assert typed["kind"].isna().equals(table["kind"].isna())


def test_text_labels_become_zero_and_one(table, params):
    table["outcome"] = table["outcome"].map({1: "yes", 0: "no"})
    task = params.task.model_copy(update={"positive_label": "yes"})
    schema = infer_schema(table, params.data, task)
    assert schema.labels == ("no", "yes")
    assert (typed_table(table, schema)["outcome"] == (table["outcome"] == "yes")).all()


def test_a_column_without_reading_is_refused(table, params):
    with pytest.raises(SchemaError, match="column 'parts' holds nested values and cannot"):
        infer_schema(table.assign(parts=[["a"]] * 600), params.data, params.task)


def test_model_form_is_the_same_for_every_honest_variant(table, params):
    schema = infer_schema(table, params.data, params.task)
    variants = table.assign(
        count=table["count"].astype("Int64"),
        signal=table["signal"].astype("Float64"),
        kind=table["kind"].astype("category"),
    )
    pd.testing.assert_frame_equal(
        model_frame(variants, schema.features), model_frame(table, schema.features)
    )


def test_a_column_of_missing_texts_stays_a_column_of_texts(table, params):
    schema = infer_schema(table, params.data, params.task)
    rows = table.head(2).assign(kind=None)
    assert model_frame(rows, schema.features)["kind"].dtype == object


def test_a_column_without_any_value_is_no_feature(table, params):
    schema = infer_schema(table.assign(empty=None), params.data, params.task)
    assert "empty" not in schema.feature_names
    assert schema.excluded["empty"] == "has no value in any row"


def test_times_with_a_zone_are_told_in_utc(table, params):
    zoned = table.assign(moment=table["moment"].dt.tz_localize("America/New_York"))
    typed = typed_table(zoned, infer_schema(zoned, params.data, params.task))
    assert typed["moment"].tolist() == (table["moment"] + pd.Timedelta("5h")).tolist()


@pytest.mark.parametrize(
    ("labels", "positive", "expected"),
    [
        ([False, True], True, (False, True)),
        ([0.0, 1.0], 1, (0.0, 1.0)),
        ([2, 7], 2, (7, 2)),
        (["no", "yes"], "no", ("yes", "no")),
    ],
)
def test_labels_are_the_datas_own_values(table, params, labels, positive, expected):
    table["outcome"] = np.array(labels)[table["outcome"].to_numpy()]
    task = params.task.model_copy(update={"positive_label": positive})
    schema = infer_schema(table, params.data, task)
    assert schema.labels == expected
    assert [type(label) for label in schema.labels] == [type(label) for label in expected]
    assert typed_table(table, schema)["outcome"].mean() == (table["outcome"] == positive).mean()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["b", "a", "c"], ("a", "b", "c")),
        (["10", "9", "é"], ("10", "9", "é")),
        ([10, 9, -1], (-1, 9, 10)),
        ([2.5, 0.5, 1.0], (0.5, 1.0, 2.5)),
        (pd.array([3, 1, 2], dtype="Int64"), (1, 2, 3)),
        (pd.Categorical(["b", "a", "c"], categories=["c", "b", "a"]), ("a", "b", "c")),
        (["x", 2, 1], (1, 2, "x")),
    ],
)
def test_classes_have_an_order_that_the_rows_do_not_decide(labels, expected):
    params = changed_params("multiclass")
    outcome = pd.Series(labels).repeat(4).reset_index(drop=True)
    table = make_table(12).assign(outcome=outcome)
    for seed in range(3):
        mixed = table.sample(frac=1, random_state=seed).reset_index(drop=True)
        schema = infer_schema(mixed, params.data, params.task)
        assert schema.labels == expected
        assert [type(label) for label in schema.labels] == [type(label) for label in expected]
        codes = typed_table(mixed, schema)["outcome"]
        assert codes.dtype == "int8"
        assert [expected[code] for code in codes] == mixed["outcome"].tolist()
        assert schema_from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize("dtype", ["int64", "float32", "Float64", "Int64"])
def test_the_target_of_a_regression_is_a_plain_number_without_labels(dtype):
    params = changed_params("regression")
    table = make_table(task="regression")
    table["outcome"] = table["outcome"].round().astype(dtype)
    schema = infer_schema(table, params.data, params.task)
    assert schema.labels == ()
    assert schema.task == "regression"
    typed = typed_table(table, schema)
    assert typed["outcome"].dtype == "float64"
    assert typed["outcome"].tolist() == table["outcome"].tolist()


def test_a_target_of_decimals_is_one_of_numbers(table):
    params = changed_params("regression")
    exact = table.assign(outcome=[Decimal(number) / 100 for number in range(len(table))])
    plain = with_plain_roles(exact, params.data)
    assert plain["outcome"].tolist() == [number / 100 for number in range(len(table))]
    typed = typed_table(plain, infer_schema(plain, params.data, params.task))
    assert typed["outcome"].tolist() == plain["outcome"].tolist()
    assert exact["outcome"].dtype == object
    assert with_plain_roles(table, params.data) is table
    assert with_plain_roles(table.drop(columns="outcome"), params.data).equals(
        table.drop(columns="outcome")
    )


@pytest.mark.parametrize(
    ("spelling", "dtype"),
    [
        ("%Y-%m-%d %H:%M:%S", "datetime64[us]"),
        ("%Y-%m-%dT%H:%M:%S+00:00", "datetime64[us, UTC]"),
    ],
)
def test_a_time_column_of_texts_is_one_of_times_if_all_are_some(table, spelling, dtype):
    data = changed_params().data
    texts = table.assign(moment=table["moment"].dt.strftime(spelling).astype(object))
    plain = with_plain_roles(texts, data)
    assert plain["moment"].dtype == dtype
    assert plain["moment"].dt.tz_localize(None).tolist() == table["moment"].tolist()
    texts.loc[7, "moment"] = "tomorrow"
    assert with_plain_roles(texts, data) is texts
