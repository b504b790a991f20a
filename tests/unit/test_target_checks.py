"""Is the target what the task says it is? And what the table's summary says of it."""

import json

import numpy as np
import pandas as pd
import pytest
from cases import changed_params
from conftest import make_table

from assay.checks.findings import Wanted, findings_json, refuse_errors
from assay.checks.table import check_table
from assay.errors import DataError


def wanted(task, **changes) -> Wanted:
    params = changed_params(task, task=changes)
    return Wanted(params.data, params.task, params.validate_)


def table_of(outcome, task="regression") -> pd.DataFrame:
    return make_table(len(outcome), task=task).assign(outcome=outcome)


def codes(outcome, task, **changes) -> dict[str, str]:
    found = check_table(table_of(outcome), wanted(task, **changes))
    return {finding.code: finding.severity for finding in found}


def refusal(outcome, task, **changes) -> str:
    with pytest.raises(DataError, match="the target 'outcome'") as caught:
        refuse_errors(check_table(table_of(outcome), wanted(task, **changes)), "t.parquet")
    return str(caught.value)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_clean_table_of_each_task_has_no_finding(task):
    assert check_table(make_table(task=task), wanted(task)) == []


@pytest.mark.parametrize(
    ("class_count", "remedy"),
    [
        (1, "Name another target, or bring rows of other classes."),
        (2, "Set task.type to binary, or name another target."),
        (101, "Merge rare classes, or set task.type to regression if it is a number."),
    ],
)
def test_too_few_and_too_many_classes_are_refused_with_the_remedy(class_count, remedy):
    text = refusal(np.arange(4000) % class_count, "multiclass")
    assert f"has {class_count} distinct values" in text
    assert "expected 3 to 100 for task.type multiclass" in text
    assert text.endswith(remedy)


@pytest.mark.parametrize("class_count", [3, 100])
def test_three_to_a_hundred_classes_are_fine(class_count):
    assert codes(np.arange(4000) % class_count, "multiclass") == {}


def test_three_values_are_no_binary_target():
    text = refusal(np.arange(600) % 3, "binary")
    assert "expected 2 for task.type binary. Set task.type to multiclass" in text


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_rare_class_is_a_warning_with_its_count(task):
    outcome = np.arange(600) % (2 if task == "binary" else 4)
    outcome[outcome == 1] = 0
    outcome[::90] = 1
    found = check_table(table_of(outcome), wanted(task))
    assert [(finding.code, finding.severity) for finding in found] == [("rare_class", "warning")]
    assert "fewer than 20 rows: 1 (7 rows)" in found[0].message
    assert found[0].evidence == {"rare_class_count": 1}


def test_twenty_rows_of_a_class_are_not_rare():
    assert codes((np.arange(600) % 30 == 7).astype(int), "binary") == {}


@pytest.mark.parametrize(
    ("outcome", "dtype"),
    [
        (["1", "2", "3"], "object"),
        ([True, False, True], "bool"),
        (pd.Categorical([1, 2, 3]), "category"),
        (pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]), "datetime64"),
    ],
)
def test_what_is_no_number_is_no_target_of_a_regression(outcome, dtype):
    text = refusal(pd.Series(outcome).repeat(200).reset_index(drop=True), "regression")
    assert f"is of type {dtype}" in text
    assert "expected numbers for task.type regression" in text


NUMBERS = np.random.default_rng(0).normal(10, 2, 600)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "Float64", "Int64", "uint8"])
def test_numbers_of_any_type_are_a_target(dtype):
    assert codes(pd.Series(NUMBERS.round()).astype(dtype), "regression") == {}


def test_infinite_outcomes_are_refused_with_their_count():
    outcome = NUMBERS.copy()
    outcome[[3, 5]] = [np.inf, -np.inf]
    assert "is infinite in 2 rows" in refusal(outcome, "regression")


def test_missing_outcomes_are_refused_for_every_task():
    outcome = NUMBERS.copy()
    outcome[:4] = np.nan
    assert "is missing in 4 of 600 rows" in refusal(outcome, "regression")


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_an_outcome_that_never_varies_is_refused(value):
    assert "expected a number that varies" in refusal(np.full(600, value), "regression")


def test_few_distinct_numbers_look_like_classes():
    assert codes(np.arange(600) % 5, "regression") == {"target_looks_like_classes": "warning"}
    assert codes(np.arange(600) % 6, "regression") == {}


@pytest.mark.parametrize(("lowest", "refused"), [(-1.0, True), (-7.5, True), (-0.99, False)])
def test_log1p_needs_values_above_minus_one(lowest, refused):
    outcome = np.abs(NUMBERS)
    outcome[0] = lowest
    if refused:
        text = refusal(outcome, "regression", target_transform="log1p")
        assert (
            f"goes down to {lowest:g}, and task.target_transform log1p needs values above" in text
        )
        assert text.endswith("Set task.target_transform to none.")
    else:
        assert codes(outcome, "regression", target_transform="log1p") == {}
    assert codes(outcome, "regression") == {}


def summary(table, task):
    return findings_json(table, wanted(task), check_table(table, wanted(task)))


def test_the_summary_tells_of_classes_and_of_numbers():
    classes = make_table(task="multiclass")
    rates = classes["outcome"].value_counts(normalize=True)
    told = summary(classes, "multiclass")
    assert told["class_count"] == 3
    assert told["largest_class_rate"] == pytest.approx(rates.max())
    assert told["smallest_class_rate"] == pytest.approx(rates.min())
    numbers = make_table(task="regression")
    told = summary(numbers, "regression")
    assert told["target_mean"] == pytest.approx(numbers["outcome"].mean())
    assert told["target_median"] == pytest.approx(numbers["outcome"].median())
    assert told["target_min"] <= told["target_median"] <= told["target_max"]


AWKWARD = {
    "texts": ["a", "b", "c"],
    "lists": [[1], [2], [3]],
    "infinite": [np.inf, -np.inf, np.inf],
    "missing": [np.nan, np.nan, np.nan],
    "nullable": pd.array([1, None, 3], dtype="Int64"),
    "times": pd.to_datetime(["2024-01-01", "2024-01-02", None]),
}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("kind", AWKWARD)
def test_any_target_has_a_summary_of_finite_numbers(task, kind):
    """The summary is written before the table is refused."""
    table = make_table(3).assign(outcome=AWKWARD[kind])
    json.dumps(summary(table, task), allow_nan=False)
    assert summary(table, task)["error_count"] >= 1
    assert summary(table.iloc[:0], task)["row_count"] == 0


def test_outcomes_beyond_the_limits_of_predictions_are_told():
    table = make_table(task="regression")
    limit = float(table["outcome"].quantile(0.9))
    params = changed_params("regression", task={"clip_high": limit})
    wanted = Wanted(params.data, params.task, params.validate_)
    found = {finding.code: finding for finding in check_table(table, wanted)}
    told = found["target_beyond_limits"]
    assert told.severity == "warning"
    assert told.evidence["beyond_limits_count"] == (table["outcome"] > limit).sum()


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ("binary", "unreadable_type"),
        ("multiclass", "unreadable_type"),
        ("regression", "target_numbers"),
    ],
)
def test_a_time_is_no_target(task, code):
    table = make_table()
    days = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(600) % 3, "D")
    errors = [
        found
        for found in check_table(table.assign(outcome=days), wanted(task))
        if found.severity == "error"
    ]
    assert [found.code for found in errors] == [code]
    assert "'outcome'" in errors[0].message
    assert "of type datetime64" in errors[0].message


def test_a_time_may_be_a_key_or_a_group():
    table = make_table()
    moments = pd.date_range("2020-01-01", periods=600, freq="D")
    keyed = table.assign(row_key=moments, entity=moments[np.arange(600) // 10])
    assert not [
        found for found in check_table(keyed, wanted("binary")) if found.severity == "error"
    ]
