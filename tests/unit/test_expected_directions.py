"""What `validate` says of `interpret.expected_direction`."""

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
