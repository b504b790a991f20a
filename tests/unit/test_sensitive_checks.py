import numpy as np
import pandas as pd
import pytest
from conftest import make_params, make_table

from assay.checks.findings import Wanted, refuse_errors
from assay.checks.table import check_table
from assay.errors import SchemaError
from assay.params import parse_params


def refused(*columns, table=None, min_rows=100, **data):
    raw = make_params()
    raw["data"] |= data
    raw["evaluate"] |= {"sensitive_columns": list(columns), "sensitive_min_rows": min_rows}
    params = parse_params(raw)
    sensitive = (params.evaluate.sensitive_columns, params.evaluate.sensitive_min_rows)
    times = (params.preprocess.datetimes, params.preprocess.datetime_reference, None)
    wanted = Wanted(params.data, params.task, params.validate_, *times, *sensitive)
    refuse_errors(check_table(make_table() if table is None else table, wanted), "t.parquet")


def with_column(values) -> pd.DataFrame:
    return make_table().assign(who=values)


WHEN = pd.Timestamp("2000-01-01") + pd.to_timedelta(np.arange(600), "D")
PASSED_ON = {"passthrough_columns": ["remark", "who"]}


@pytest.mark.parametrize("column", ["kind", "count", "noise", "moment", "entity"])
def test_features_times_and_groups_may_be_sensitive(column):
    refused(column, min_rows=10)


@pytest.mark.parametrize(
    "values",
    [
        np.arange(600) % 2 == 0,
        np.where(np.arange(600) % 2, "f", None),
        np.arange(600.0) / 7,
        pd.Categorical(np.where(np.arange(600) % 2, "f", "m"), ["f", "m", "x"]),
        WHEN,
        pd.Series(WHEN).dt.date,
        pd.to_timedelta(np.arange(600), "h"),
    ],
    ids=["booleans", "texts", "numbers", "categories", "times", "dates", "durations"],
)
def test_a_passthrough_column_of_any_kind_may_be_sensitive(values):
    refused("who", table=with_column(values), **PASSED_ON)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("f", "'who', named in evaluate.sensitive_columns, has the same value in every row"),
        (None, "has no value in any row: there are no groups"),
        ([f"n{n % 300}" for n in range(600)], "has 300 categories, of which none has 100 rows"),
        ([["f"]] * 600, "'who', which holds nested values, expected texts, numbers,"),
    ],
)
def test_a_column_that_makes_no_groups_is_one_sentence(values, words):
    with pytest.raises(SchemaError, match=words):
        refused("who", table=with_column(values), **PASSED_ON)


def test_many_categories_serve_where_one_has_enough_rows():
    many = [f"n{n}" if n < 300 else "usual" for n in range(600)]
    refused("who", table=with_column(many), **PASSED_ON)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("knid", "'knid', named in evaluate.sensitive_columns, is not in the table. "
         "Nearest in the table: kind. Correct"),
        ("outcome", "'outcome', which is the target"),
        ("aftermath", "'aftermath', which is in data.exclude_columns and gone after validate. Move it "
         "to data.passthrough_columns, where no model sees it either"),
    ],
)  # fmt: skip
def test_a_column_of_another_role_is_refused_with_what_to_do(column, words):
    with pytest.raises(SchemaError, match=words):
        refused(column)


def test_all_faults_are_told_at_once():
    with pytest.raises(SchemaError, match=r"2 faults:\n.*knid.*\n.*aftermath"):
        refused("knid", "aftermath")


def test_dates_that_are_dropped_must_be_passed_on():
    raw = make_params()
    raw["evaluate"]["sensitive_columns"] = ["who"]
    params = parse_params(raw)
    wanted = Wanted(params.data, params.task, params.validate_, "drop", sensitive_columns=["who"])
    with pytest.raises(SchemaError, match=r"gone after validate.*Put it into data.passthrough_col"):
        refuse_errors(check_table(with_column(WHEN), wanted), "t.parquet")
