import numpy as np
import pandas as pd
import pytest
from conftest import make_params, make_table

from assay.checks.findings import Wanted, refuse_errors
from assay.checks.table import check_table
from assay.costs import NumberCosts, RowCosts, number_costs, row_costs, told_costs
from assay.errors import DataError, ParamsError, SchemaError
from assay.params import parse_params


def costs(**changes):
    raw = make_params()
    raw["threshold"]["costs"] |= changes
    return parse_params(raw).threshold.costs


ROWS = pd.DataFrame(
    {
        "amount": [10.0, 20.0, 30.0],
        "whole": pd.array([1, 2, 3], dtype="Int64"),
        "holed": pd.array([1, None, 3], dtype="Int64"),
        "endless": [1.0, np.inf, 2.0],
        "kind": ["a", "b", "c"],
        "loss": [1.0, -1.0, 2.0],
    }
)


def test_a_cost_is_a_number_for_all_rows_or_a_column():
    found = row_costs(costs(false_positive="whole", false_negative="amount"), ROWS)
    assert found.false_positive.tolist() == [1, 2, 3]
    assert found.false_negative.tolist() == [10, 20, 30]
    assert found.true_positive.tolist() == [0, 0, 0]


def test_what_acting_and_leaving_cost_depends_on_the_outcome():
    known = RowCosts(*(np.array([i, i * 10.0]) for i in (1, 2, 3, 4)))
    y_true = np.array([0, 1])
    assert known.of_acting(y_true).tolist() == [1, 30]
    assert known.of_leaving(y_true).tolist() == [4, 20]
    assert known.of_decisions(y_true, np.array([True, False])).tolist() == [1, 20]
    # Only what a miss costs more than a hit is multiplied.
    assert known.with_misses_times(2.0).false_negative.tolist() == [1, 10]


def test_errors_of_numbers_cost_by_their_size_and_side():
    known = NumberCosts(np.array([1.0, 1.0, 1.0]), np.array([3.0, 3.0, 3.0]))
    cost = known.of_predictions(np.array([5.0, 5.0, 5.0]), np.array([7.0, 5.0, 4.0]))
    assert cost.tolist() == [2, 0, 3]


def test_costs_that_are_not_known_are_none():
    assert row_costs(costs(false_positive=1.0), ROWS) is not None
    unknown = parse_params(
        make_params() | {"threshold": make_params()["threshold"] | {"strategy": "max_f1"}}
    ).threshold.costs.model_copy(update={"false_positive": None, "false_negative": None})
    assert row_costs(unknown, ROWS) is None
    assert number_costs(unknown, ROWS) is None


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        ("amuont", ParamsError, "false_negative: column 'amuont' is not in the validated table"),
        ("kind", SchemaError, "false_negative: column 'kind' holds texts, expected numbers"),
        ("holed", DataError, "false_negative: column 'holed' is missing or infinite in 1 row,"),
        ("endless", DataError, "column 'endless' is missing or infinite in 1 row,"),
    ],
)
def test_a_column_that_is_no_cost_is_one_sentence(column, kind, words):
    with pytest.raises(kind, match=words):
        row_costs(costs(false_negative=column), ROWS)


def test_an_error_of_a_number_is_no_gain():
    with pytest.raises(DataError, match="over_prediction: column 'loss' has 1 value below 0"):
        number_costs(costs(over_prediction="loss", under_prediction=1.0), ROWS)


def test_costs_are_told_in_words():
    assert told_costs(costs()) == "a false positive costs 1 and a false negative 5 (false alarms)"
    told = told_costs(costs(false_negative="amount", true_positive=-2.0))
    assert told == (
        "a false positive costs 1, a false negative what column amount says and a true positive -2 "
        "(false alarms)"
    )


def refused(table=None, **changes):
    raw = make_params()
    raw["threshold"]["costs"] |= changes
    params = parse_params(raw)
    known = params.threshold.costs
    wanted = Wanted(params.data, params.task, params.validate_, costs=known)
    refuse_errors(check_table(make_table() if table is None else table, wanted), "t.parquet")


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        ("conut", SchemaError, "named in threshold.costs.false_negative, is not in the table. "
         "Nearest in the table: count"),
        ("aftermath", SchemaError, "'aftermath', which is in data.exclude_columns. Move it to "),
        ("outcome", SchemaError, "'outcome', which is in data.target"),
        ("kind", SchemaError, "'kind', which holds texts, expected numbers"),
        ("remark", SchemaError, "'remark', which holds texts, expected numbers"),
        ("signal", DataError, r"'signal', named in threshold.costs.false_negative, is missing or "
         r"infinite in \d+ rows"),
    ],
)  # fmt: skip
def test_a_wrong_column_is_found_in_the_table_first(column, kind, words):
    with pytest.raises(kind, match=words):
        refused(false_negative=column)


def told(table, **changes) -> dict[str, str]:
    raw = make_params()
    raw["threshold"]["costs"] |= changes
    params = parse_params(raw)
    wanted = Wanted(params.data, params.task, params.validate_, costs=params.threshold.costs)
    found = check_table(table, wanted)
    return {each.code: each.message for each in found if each.code.startswith("cost_")}


def test_only_the_error_that_a_row_can_be_is_asked_for():
    """A loss stands in positive rows only; what the other rows would lose is of no account."""
    table = make_table()
    positive = table["outcome"] == 1
    changes = {"false_negative": "loss", "true_positive": 3.0}
    assert told(table.assign(loss=np.where(positive, 9.0, 0.0)), **changes) == {}
    few = positive & (positive.cumsum() <= 5)
    found = told(table.assign(loss=np.where(few, 1.0, 9.0)), **changes)
    assert list(found) == ["cost_reversed"]
    assert found["cost_reversed"].startswith(
        "threshold.costs.false_negative is less than threshold.costs.true_positive in 5 positive rows "
        f"({5 / positive.sum():.1%} of them)"
    )


def test_columns_by_which_nothing_can_be_decided_are_an_error():
    table = make_table().assign(same=1.5, loss=lambda t: np.where(t["outcome"] == 1, 0.0, 7.0))
    nothing = {"false_positive": "same", "true_negative": 1.5}
    assert "nothing can be" in told(table, false_negative="loss", **nothing)["cost_nothing"]
    # One error that costs is enough.
    assert told(table, false_negative="same", **nothing) == {}


def test_a_feature_and_a_passthrough_column_of_numbers_are_costs():
    refused(false_negative="count")
    refused(make_table().assign(remark=1.5), false_negative="remark", false_positive=0.0)
