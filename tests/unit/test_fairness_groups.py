import numpy as np
import pandas as pd
import pytest

from assay.fairness.groups import grouped


def labels(values, cut_by=None, **kwargs):
    column = pd.Series(values)
    names, code = grouped(column, column if cut_by is None else pd.Series(cut_by), **kwargs)
    return names, [names[each] for each in code]


def test_a_number_is_cut_into_quarters_with_labels_that_read():
    ages = np.arange(20, 60)
    names, of_rows = labels(ages)
    assert names == ["under 30", "30 to under 40", "40 to under 50", "50 and over"]
    assert pd.Series(of_rows).value_counts().tolist() == [10] * 4
    assert of_rows[9:11] == ["under 30", "30 to under 40"]


def test_the_cuts_are_those_of_other_rows():
    names, of_rows = labels([10.0, 1000.0], cut_by=np.arange(20, 60))
    assert of_rows == ["under 30", "50 and over"]
    assert len(names) == 4


def test_edges_have_few_digits_unless_these_would_be_the_same():
    assert labels(np.linspace(0, 1, 400))[0][0] == "under 0.251"
    assert labels(5 + np.linspace(0, 1e-6, 400))[0][0].startswith("under 5.00000025")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2, 10, 2, 1], ["1", "2", "10"]),
        ([2.5, np.nan, 1.0], ["1", "2.5", "(missing)"]),
        ([True, False, True], ["false", "true"]),
        (pd.array([True, None, False], dtype="boolean"), ["false", "true", "(missing)"]),
        (["m", None, "f"], ["f", "m", "(missing)"]),
        (["(missing)", None], ["(missing)", "((missing))"]),
        (pd.Categorical(["m", "f"], ["m", "f", "x"]), ["f", "m"]),
    ],
    ids=["few numbers", "missing", "booleans", "nullable", "texts", "odd text", "categories"],
)
def test_few_values_are_groups_by_value_and_missing_ones_the_last(values, expected):
    names, _ = labels(values)
    assert names == expected


def test_a_feature_of_true_and_false_is_told_as_such():
    assert labels([0.0, 1.0], is_flag=True)[0] == ["false", "true"]


def test_dates_are_cut_by_days():
    days = pd.date_range("2001-01-01", periods=400, freq="D")
    names, of_rows = labels(days)
    assert names[0] == "under 2001-04-11"
    assert pd.Series(of_rows).value_counts().tolist() == [100] * 4
    births = pd.date_range("1950-01-01", "1990-01-01", periods=401)
    names, of_rows = labels(births)
    assert names == ["under 1960", "1960 to under 1970", "1970 to under 1980", "1980 and over"]
    assert pd.Series(of_rows).value_counts().between(98, 102).all()
    assert labels(pd.date_range("2001-01-01", periods=1000, freq="D"))[0][0] == "under 2001-09"
    hours = pd.date_range("2001-01-01", periods=20, freq="h")
    assert labels(hours)[0][0] == "under 2001-01-01 05:00:00"


def test_many_equal_values_make_fewer_bands():
    names, of_rows = labels([0] * 90 + list(range(1, 11)))
    assert names == ["all values"]
    names, of_rows = labels([0] * 60 + list(range(1, 41)))
    assert of_rows[0] == names[0]
    assert 2 <= len(names) <= 3
