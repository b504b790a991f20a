"""All strategies on a table, and the proof that is counted from it."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import as_task, make_table, placed, prepared, sessions, split_settings

from assay.errors import SplitError
from assay.splits.folds import plain_folds
from assay.splits.proof import split_summary
from assay.splits.split import split_table

STRATEGIES = [
    {"strategy": "random"},
    {"strategy": "group"},
    {"strategy": "time", "embargo_days": 0.5},
    {"strategy": "group_time", "seen_groups": "keep"},
    {"strategy": "group_time", "seen_groups": "drop"},
]


@pytest.mark.parametrize("changes", STRATEGIES, ids=str)
def test_the_order_of_rows_decides_nothing(table, changes):
    schema, typed = prepared(sessions(table))
    order = np.random.default_rng(1).permutation(600)
    mixed = typed.iloc[order].reset_index(drop=True)
    first = placed(split_table(typed, schema, split_settings(**changes)), typed["row_key"])
    second = placed(split_table(mixed, schema, split_settings(**changes)), mixed["row_key"])
    assert first == second


@pytest.mark.parametrize("changes", STRATEGIES, ids=str)
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_summary_holds_what_each_task_and_strategy_has(table, changes, task):
    schema, typed = prepared(sessions(table))
    schema, typed = as_task(schema, typed, task)
    params = split_settings(**changes)
    split = split_table(typed, schema, params)
    told = split_summary(split, typed, schema, params)
    assert told["train_count"] + told["holdout_count"] + told["dropped_count"] == (
        600 - told["embargoed_count"]
    )
    assert told["embargoed_count"] == (12 if changes["strategy"] == "time" else 0)
    assert told["fold_3"]["validation_count"] == (split.folds.fold == 3).sum()
    key = {"binary": "positive_rate", "multiclass": "class_rates", "regression": "target_mean"}[
        task
    ]
    assert f"train_{key}" in told
    assert f"holdout_{key}" in told
    assert f"validation_{key}" in told["fold_1"]
    if task == "multiclass":
        assert sum(told["train_class_rates"].values()) == pytest.approx(1)
        assert list(told["train_class_rates"]) == ["low", "mid", "high"]
        rates = told["holdout_class_rates"].values()
        assert told["holdout_smallest_class_rate"] == min(rates)
    ordered = changes["strategy"] in {"time", "group_time"}
    assert split.folds.ordered == ordered
    assert (told["time_overlap_count"] == 0) == ordered
    apart = changes["strategy"] == "group" or changes.get("seen_groups") == "drop"
    assert (told["group_overlap_count"] == 0) == apart
    assert (told["fold_group_overlap_count"] == 0) == apart


def test_a_broken_promise_is_a_fault_of_ours(table):
    schema, typed = prepared(sessions(table))
    random = split_table(typed, schema, split_settings(strategy="random"))
    with pytest.raises(AssertionError, match="not earlier than the rows it is judged by"):
        split_summary(random, typed, schema, split_settings(strategy="time"))
    with pytest.raises(AssertionError, match="a group stands on both sides"):
        split_summary(random, typed, schema, split_settings(strategy="group"))


def test_a_gap_that_is_no_longer_than_the_embargo_is_a_fault_of_ours(table):
    """The rows are an hour apart."""
    schema, typed = prepared(table)
    asked = split_settings(strategy="time", embargo_days=0.5)
    split = split_table(typed, schema, asked)
    told = split_summary(split, typed, schema, asked)
    assert told["least_fold_gap_days"] == pytest.approx(13 / 24)
    assert told["gap_days"] == pytest.approx(13 / 24)
    longer = split_settings(strategy="time", embargo_days=13 / 24)
    with pytest.raises(AssertionError, match="by no more than the embargo"):
        split_summary(split, typed, schema, longer)
    none = split_table(typed, schema, split_settings(strategy="time"))
    only_folds = replace(split, folds=plain_folds(np.arange(len(split.train)) % 3 + 1))
    for broken in (none, only_folds):
        with pytest.raises(AssertionError, match="by no more than the embargo"):
            split_summary(broken, typed, schema, asked)


@pytest.mark.parametrize(
    ("strategy", "missing"),
    [
        ("time", "time_column"),
        ("group_time", "time_column"),
        ("group", "group_column"),
        ("group_time", "group_column"),
    ],
)
def test_a_strategy_names_the_column_that_it_needs(table, strategy, missing):
    column = {"time_column": "moment", "group_column": "entity"}[missing]
    schema, typed = prepared(table.drop(columns=column), **{missing: None})
    with pytest.raises(SplitError, match=rf"{strategy} needs a data\.{missing}, which is null"):
        split_table(typed, schema, split_settings(strategy=strategy))


def test_a_table_without_time_and_groups_can_be_split():
    table = make_table().drop(columns=["moment", "entity", "row_key"])
    schema, typed = prepared(table, time_column=None, group_column=None, id_columns=[])
    params = split_settings(strategy="random")
    told = split_summary(split_table(typed, schema, params), typed, schema, params)
    assert not [name for name in told if "time" in name or "group" in name]
