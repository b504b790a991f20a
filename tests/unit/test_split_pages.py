"""What the readiness page and the model card tell of each split."""

import re
from dataclasses import replace

import pytest
from cards import card_facts
from conftest import (
    as_task,
    make_params,
    make_table,
    parse_params,
    prepared,
    proven,
    sessions,
    split_settings,
    twins,
)

from assay.checks.facts import table_facts
from assay.checks.findings import Wanted
from assay.checks.split import prove_split
from assay.report.model_card import model_card
from assay.report.readiness import readiness_page
from assay.splits.split import split_table


def wanted(**roles) -> Wanted:
    raw = make_params()
    raw["data"] |= roles
    params = parse_params(raw)
    return Wanted(params.data, params.task, params.validate_)


def readiness(table, roles=None, **changes) -> str:
    facts = table_facts(table, wanted(**(roles or {})), [])
    return readiness_page(facts, proven(table, roles, **changes)[1].to_json())


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({"strategy": "time"},
         ["The latest rows are the holdout", "Later rows may differ",
          "0 training rows (0.0%) are as late", "also train, with"]),
        ({"strategy": "random"},
         ["Ready, with 2 warnings", "no added row moves it to the other. Folds",
          "also train, with 100.0% of its rows"]),
        ({"strategy": "group"}, ["Whole groups are held out", "0 of 10 groups in the holdout also",
                                 "With groups permuted between the two"]),
        ({"strategy": "group_time", "seen_groups": "keep"},
         ["groups that train judge too", "With rows permuted"]),
    ],
)  # fmt: skip
def test_the_page_tells_each_strategys_proof(changes, sentences):
    text = readiness(make_table(), **changes)
    for sentence in [*sentences, "| holdout | 1", "Repeats: 0 holdout rows", "with an AUC of"]:
        assert sentence in text
    assert "Not split yet" not in text


def test_the_page_of_new_groups_in_time_permutes_groups():
    text = readiness(sessions(make_table()), strategy="group_time", seen_groups="drop")
    assert "With groups permuted between the two" in text


@pytest.mark.parametrize(("p_value", "more"), [(1 / 21, True), (2 / 21, False)])
def test_the_page_goes_by_the_p_value(p_value, more):
    table = make_table()
    facts = table_facts(table, wanted(), [])
    proof = proven(table, strategy="random")[1].to_json()
    # Above the 95% quantile, which is interpolated, is not yet beyond chance.
    proof["metrics"]["adversarial"] |= {"auc": 0.6, "null_p95": 0.58, "p_value": p_value}
    text = readiness_page(facts, proof)
    assert ("They differ by more than chance" in text) == more
    assert ("What tells most" in text) == more


def test_the_page_without_time_and_groups():
    table = make_table().drop(columns=["moment", "entity"])
    text = readiness(table, {"time_column": None, "group_column": None}, strategy="random")
    assert "- Time:" not in text
    assert "- Groups:" not in text
    assert "| training set | 486 | 45.3% |\n" in text


@pytest.mark.parametrize(
    ("task", "row"),
    [
        ("multiclass", r"\| holdout \| \d+ \| low \d+\.\d%, mid \d+\.\d%, high \d+\.\d% \|"),
        ("regression", r"\| holdout \| \d+ \| -?\d+\.\d{3} \|"),
    ],
)
def test_the_page_tells_the_balance_of_each_task(params, task, row):
    table = make_table()
    schema, typed = as_task(*prepared(table), task)
    section = split_settings(strategy="group")
    proof = prove_split(split_table(typed, schema, section), typed, schema, section, 0)
    facts = table_facts(table, Wanted(params.data, params.task, params.validate_), [])
    assert re.search(row, readiness_page(facts, proof.to_json()))


def test_the_page_with_too_few_groups_to_tell():
    table = make_table().assign(entity=lambda t: "e" + (t.index % 4).astype(str))
    assert "too few groups on one side to tell" in readiness(table, strategy="group")


def test_the_page_of_a_split_that_stops_is_not_ready():
    assert "**Not ready: 1 error.**" in readiness(twins(0.1))


# The card.


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({"strategy": "time"},
         ["The holdout is the latest 20.0% of rows. 0 training rows are as late",
          "on folds that expand in time", "The holdout is one period, 2024-01-21 to 2024-01-25."]),
        ({"strategy": "random"},
         ["19.0% of the rows, drawn by a hash of each row's key. 100.0% of the training rows are",
          "each scored by a model of the other folds", "of the same period as the training set"]),
        ({"strategy": "group"}, ["groups (`entity`), with 20.0% of the rows; no group stands on"]),
        ({"strategy": "group_time", "seen_groups": "keep"},
         ["latest 20.0% of rows, 3.3% of them of groups (`entity`) that train. 0 training rows"]),
        ({"strategy": "group_time", "seen_groups": "drop"},
         ["19.3% of the rows: the latest ones, without 4 whose group (`entity`) trains. 0 train"]),
    ],
)  # fmt: skip
def test_the_card_tells_each_strategy(finished, changes, sentences):
    facts = card_facts(finished)
    told = proven(sessions(make_table()), **changes)[1].metrics
    card = model_card(replace(facts, metrics={**facts.metrics, "split": told}))
    both = [
        *sentences,
        "A classifier tells training set from holdout",
        "(0.0%) repeat the features",
    ]
    for sentence in both:
        assert sentence in card
    assert re.search(r"\| training set \| \d+ \| \d+\.\d% \| 2024-01-01T0", card)


def test_the_card_without_time_and_groups(finished):
    facts = card_facts(finished)
    table = make_table().drop(columns=["moment", "entity"])
    roles = {"time_column": None, "group_column": None}
    told = proven(table, roles, strategy="random")[1].metrics
    schema = replace(facts.schema, time_column=None, group_column=None)
    card = model_card(replace(facts, schema=schema, metrics={**facts.metrics, "split": told}))
    assert "| part | rows | positive |\n" in card
    assert "drawn from the same rows as the training set" in card
