"""The Markdown pages: how numbers are written, and the readiness of a table."""

import numpy as np
import pytest
from cases import changed_params
from conftest import make_table
from jinja2 import UndefinedError

from assay.checks.facts import table_facts
from assay.checks.findings import Wanted
from assay.checks.table import check_table
from assay.report.readiness import readiness_page
from assay.report.rendering import cell, interval, known, number, render


def test_a_blank_fact_is_an_error_and_never_a_blank():
    with pytest.raises(UndefinedError, match="table"):
        render("readiness.md.j2")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.71234, "0.712"), (0.9999, "1.000"), (12.3456, "12.35"), (123.456, "123.5"),
        (1234.56, "1,235"), (-12.3456, "-12.35"), (0.0, "0.000"), (-0.0001, "0.000"),
    ],
)  # fmt: skip
def test_a_number_has_as_many_digits_as_tell_something(value, text):
    assert number(value) == text


def test_an_interval_has_the_digits_of_its_largest_end():
    estimate = {"value": 0.71234, "ci_low": 0.7, "ci_high": 0.75}
    assert interval(estimate) == "0.712 [0.700, 0.750]"
    assert interval({"value": 8.2, "ci_low": -1, "ci_high": 123.456}) == "8.2 [-1.0, 123.5]"
    assert interval({"value": 0.063}) == "0.063"
    nothing = {"value": -1e-9, "ci_low": -1e-7, "ci_high": 0.0}
    assert interval(nothing) == "0.000 [0.000, 0.000]"


def test_what_is_not_known_is_a_dash():
    assert [known(None), known(float("nan")), known(0.5)] == ["-", "-", "0.500"]


def test_a_text_stays_in_its_cell():
    assert cell("a|b\nc") == "a\\|b c"


def page(table, params) -> str:
    wanted = Wanted(params.data, params.task, params.validate_)
    return readiness_page(table_facts(table, wanted, check_table(table, wanted)))


def test_readiness_of_a_good_table(table, params):
    text = page(table, params)
    assert "**Ready.** Every check passed." in text
    assert "- [ ]" not in text
    assert "| signal | feature | float64 |" in text
    assert "`aftermath`: known later" in text


def test_readiness_of_a_bad_table_lists_what_to_do(table, params):
    text = page(table.assign(noise=np.inf, same="x"), params)
    assert "**Not ready: 1 error.**" in text
    assert "- [ ] no infinite values (error)" in text
    assert "- [ ] no constant feature (warning)" in text
    assert "| error | infinite_values |" in text


def test_what_was_not_checked_is_not_ticked(table, params):
    text = page(table.drop(columns="entity"), params)
    assert "- [ ] declared columns exist (error)" in text
    assert "- [ ] no infinite values (not checked)" in text
    assert "- [x] enough rows" in text


def test_what_cannot_be_checked_is_not_ticked(table, params):
    data = params.data.model_copy(update={"group_column": None, "exclude_columns": {}})
    text = page(table.assign(outcome=1), params.model_copy(update={"data": data}))
    assert "- [ ] every row has a group (no such column is declared)" in text
    assert "- [ ] the positive label occurs (not checked)" in text


@pytest.mark.parametrize("target", ["absent", "outcome"])
def test_readiness_of_an_empty_table(table, params, target):
    data = params.data.model_copy(update={"target": target})
    text = page(table.iloc[:0], params.model_copy(update={"data": data}))
    assert "Not ready" in text


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_readiness_of_the_other_tasks(task):
    params = changed_params(task)
    text = page(make_table(task=task), params)
    assert "**Ready.** Every check passed." in text
    text = page(make_table(task=task).assign(outcome=1), params)
    assert "**Not ready: 1 error.**" in text
