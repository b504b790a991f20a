"""A flag that one outcome alone has, and most of its rows, is told though its score is not high."""

import numpy as np
import pandas as pd
import pytest
from leaks import leaks, plain_table, told

RNG = np.random.default_rng(41)
ROWS = 4_000
FOUND = {"leak_single_feature:flag": "warning"}


def rare(rows=ROWS, positives=48):
    """Return a table with few positive rows."""
    outcome = RNG.permutation(np.arange(rows) < positives).astype(int)
    return plain_table("binary", rows).assign(outcome=outcome)


def set_in(table, hits, misses=0):
    """Return a flag of so many rows with the outcome 1, and so many others."""
    flag = np.zeros(len(table), dtype=int)
    flag[np.flatnonzero(table["outcome"] == 1)[:hits]] = 1
    flag[np.flatnonzero(table["outcome"] == 0)[:misses]] = 1
    return flag


def as_words(flag):
    return np.array(["no", "yes"])[flag]


def with_gaps(flag):
    return pd.Series(flag, dtype="Int64").where(np.arange(len(flag)) % 50 > 0)


@pytest.mark.parametrize("form", [np.asarray, as_words, with_gaps, lambda flag: flag == 1])
def test_a_flag_of_one_outcome_alone_is_a_warning(form):
    table = rare()
    assert told(table.assign(flag=form(set_in(table, 45)))) == FOUND
    # As many rows of the other outcome as of this one; then a flag of a minority of it.
    assert told(table.assign(flag=form(set_in(table, 40, 40)))) == {}
    assert told(table.assign(flag=form(set_in(table, 20)))) == {}


def test_the_message_says_which_rows():
    table = rare()
    (found,) = leaks(table.assign(flag=as_words(set_in(table, 45))))
    assert "feature 'flag' is 'yes' in 45 rows, and the target 'outcome' is '1' in all of them" in (
        found.message
    )
    assert "which are 94% of the rows with that outcome" in found.message
    assert found.evidence["row_count"] == 45
    # Neither label is special.
    turned = table.assign(flag=set_in(table, 45), outcome=1 - table["outcome"])
    (found,) = leaks(turned)
    assert "the target 'outcome' is '0' in all of them" in found.message


def test_a_flag_of_one_class_of_several():
    table = plain_table("multiclass", ROWS)
    here = (table["outcome"] == table["outcome"].iloc[0]) & (RNG.uniform(size=ROWS) < 0.7)
    assert told(table.assign(flag=here), "multiclass") == FOUND
    nearly = here | (RNG.uniform(size=ROWS) < 0.02)
    assert told(table.assign(flag=nearly), "multiclass") == {}


def test_more_than_two_values_are_categories():
    # A place where one kind alone lives is what a category may honestly say.
    table = rare(positives=400)
    place = np.where(set_in(table, 300) == 1, "a", np.array(["b", "c"])[RNG.integers(0, 2, ROWS)])
    assert told(table.assign(flag=place)) == {}


def test_rows_of_one_group_are_no_independent_evidence():
    table = plain_table("binary")
    outcome = (table["entity"] == table["entity"].iloc[0]).astype(int)
    table = table.assign(outcome=outcome, flag=outcome * (np.arange(len(table)) % 7 > 0))
    assert outcome.sum() == 40
    assert "leak_single_feature:flag" not in told(table)
    assert told(table, data={"group_column": None})["leak_single_feature:flag"] == "warning"
