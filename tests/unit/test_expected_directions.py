"""What `validate` says of `interpret.expected_direction` and `interpret.explain_rows`."""

import pytest
from conftest import make_params, make_table

from assay.checks.findings import Wanted
from assay.checks.table import check_table
from assay.params import parse_params


def found(directions, **preprocess):
    raw = make_params()
    raw["preprocess"] |= preprocess
    params = parse_params(raw)
    wanted = Wanted(
        params.data, params.task, params.validate_, params.preprocess.datetimes,
        params.preprocess.datetime_reference, directions=directions,
    )  # fmt: skip
    table = make_table().assign(visit=make_table()["moment"])
    return [f for f in check_table(table, wanted) if f.code == "expected_direction"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("signl", "not in the table; expected a feature that is a number. Nearest: signal."),
        ("kind", "a category"),
        ("aftermath", "in data.exclude_columns"),
        ("outcome", "in data.target"),
        ("row_key", "in data.id_columns"),
        ("visit", "no feature"),
    ],
)
def test_a_name_that_is_no_numeric_feature_is_an_error(name, said):
    (finding,) = found({"signal": "increasing", name: "decreasing"}, datetimes="drop")
    assert finding.severity == "error"
    assert f"names {name!r}, which is {said}" in finding.message
    assert finding.columns == (name,)


def test_numeric_features_and_parts_of_times_are_accepted():
    assert found({"signal": "increasing", "count": "decreasing"}) == []
    assert found({"visit.month": "increasing"}, datetimes="parts") == []
    assert found({}) == []


def found_rows(names, ids=("row_key",), **columns):
    raw = make_params()
    raw["data"]["id_columns"] = list(ids)
    raw["validate"]["missing_target"] = "drop"
    params = parse_params(raw)
    wanted = Wanted(params.data, params.task, params.validate_, explain_rows=names)
    findings = check_table(make_table().assign(**columns), wanted)
    return [finding for finding in findings if finding.code == "explain_rows"]


def test_rows_to_explain_that_are_not_in_the_table_are_errors_each():
    known = make_table()["row_key"].iloc[0]
    (one, other) = found_rows([known, f"{known}x", "zzz", "zzz"])
    assert one.message == (
        f"interpret.explain_rows names {known}x, which the modelled rows do not have; expected values of "
        f"row_key. Nearest: {known}."
    )
    assert "names zzz, which" in other.message
    assert "Nearest" not in other.message
    assert len(found_rows([f"no {k}" for k in range(50)])) == 21


def test_rows_to_explain_go_by_numbers_and_by_positions_too():
    assert found_rows([100, "101"], row_key=range(100, 700)) == []
    assert len(found_rows([99], row_key=range(100, 700))) == 1
    outcome = make_table()["outcome"].astype(float)
    outcome.iloc[3] = float("nan")
    (finding,) = found_rows([0, 3, 599], ids=(), outcome=outcome)
    assert (
        "names 3, which the modelled rows do not have; expected values of assay_row"
        in finding.message
    )
