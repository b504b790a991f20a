"""`validate.ignore`: what is accepted, with its reason, and what cannot be."""

import numpy as np
import pytest
from conftest import make_params, make_table, parse_params, proven
from leaks import wanted_for

from assay.checks.facts import table_facts
from assay.checks.findings import Finding, accept_known, findings_json, refuse_errors
from assay.checks.table import CHECK_CODES, LEAK_CODES, check_table
from assay.errors import DataError, ParamsError
from assay.finding_codes import ACCEPTABLE, OF_MODEL, OF_SPLIT, OF_TABLE, REQUIRED
from assay.report.readiness import readiness_page

COPY = {"leak_determines_target:copy": "it is a test"}


def params_with(**entries):
    raw = make_params()
    raw["validate"]["ignore"] = entries
    return parse_params(raw)


def leaking():
    return make_table().assign(copy=lambda t: 3 - t["outcome"], copy_2=lambda t: 1 + t["outcome"])


def test_every_code_is_in_the_catalogue():
    assert set(CHECK_CODES) == OF_TABLE | REQUIRED
    assert not REQUIRED & ACCEPTABLE
    assert LEAK_CODES < OF_TABLE
    assert not OF_TABLE & OF_SPLIT
    assert not OF_MODEL & (OF_TABLE | OF_SPLIT)


def test_an_accepted_error_does_not_stop_and_keeps_its_reason():
    wanted = wanted_for(validate={"ignore": {"leak_determines_target": "it is a test"}})
    found = check_table(leaking(), wanted)
    assert [(f.severity, f.reason) for f in found] == [("accepted", "it is a test")] * 2
    refuse_errors(found, "t.parquet")
    counts = findings_json(leaking(), wanted, found)
    assert [counts[f"{kind}_count"] for kind in ("error", "warning", "accepted")] == [0, 0, 2]


def test_one_column_is_accepted_and_another_not():
    wanted = wanted_for(validate={"ignore": COPY})
    found = check_table(leaking(), wanted)
    assert [(f.severity, f.columns) for f in found] == [
        ("error", ("copy_2",)),
        ("accepted", ("copy",)),
    ]
    with pytest.raises(DataError, match="'copy_2' determines the target"):
        refuse_errors(found, "t.parquet")


def test_the_narrower_entry_gives_the_reason_and_both_are_used():
    found = accept_known(
        [
            Finding("constant", "warning", "m", "a", ("x",)),
            Finding("constant", "warning", "m", "a", ("y",)),
        ],
        {"constant": "all", "constant:x": "this one"},
        OF_TABLE,
    )
    assert [f.reason for f in found] == ["this one", "all"]


def test_an_entry_that_matches_nothing_is_a_warning():
    ignore = {"constant": "why", "id_like:token": "why", "shared_groups": "why"}
    found = check_table(make_table(), wanted_for(validate={"ignore": ignore}))
    assert [(f.code, f.severity, f.evidence["entry"]) for f in found] == [
        ("ignore_unused", "warning", "constant"),
        ("ignore_unused", "warning", "id_like:token"),
    ]
    assert "accepts 'constant', which was not found" in found[0].message


def test_what_was_not_looked_for_is_not_unused():
    ignore = {"leak_target_name": "why", "constant": "why"}
    wanted = wanted_for(validate={"ignore": ignore})
    absent = check_table(make_table().drop(columns="entity"), wanted)
    assert [f.code for f in absent] == ["missing_column"]
    bad_target = check_table(make_table().assign(outcome=1), wanted)
    assert [f.code for f in bad_target] == ["target_classes", "ignore_unused"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("leak_singel_feature", r"validate\.ignore: 'leak_singel_feature' is the code of no finding that "
                                r"can be accepted; nearest: leak_single_feature"),
        ("leak_singel_feature:x", "nearest: leak_single_feature"),
        ("xyz", "no finding that can be accepted; known: all_missing, constant"),
        ("missing_column", "'missing_column' cannot be accepted, because nothing can be modelled with it"),
        ("target_missing:outcome", "'target_missing:outcome' cannot be accepted"),
        ("ignore_unused", "is the code of no finding that can be accepted"),
        ("constant:", "'constant:' names no column behind its colon"),
    ],
)  # fmt: skip
def test_an_entry_that_can_match_nothing_is_refused(entry, message):
    with pytest.raises(ParamsError, match=message):
        params_with(**{entry: "why"})


def test_all_wrong_entries_are_told_at_once():
    with pytest.raises(ParamsError, match=r"'missing_column' cannot .*; 'abc' is the code of no"):
        params_with(missing_column="why", abc="why")


def test_an_entry_needs_a_reason():
    with pytest.raises(
        ParamsError, match=r"validate\.ignore\.constant must be a text that is not emp"
    ):
        params_with(constant="")


def test_the_page_repeats_what_is_accepted():
    wanted = wanted_for(validate={"ignore": COPY})
    table = leaking().drop(columns="copy_2")
    page = readiness_page(table_facts(table, wanted, check_table(table, wanted)))
    assert "**Ready.** What was found is accepted." in page
    assert "## Findings" not in page
    row = next(line for line in page.splitlines() if line.startswith("| leak_determines_target |"))
    assert row.endswith("| it is a test |")
    assert "- [ ] no feature determines the target (accepted)" in page
    mixed = readiness_page(table_facts(leaking(), wanted, check_table(leaking(), wanted)))
    assert "**Not ready: 1 error.**" in mixed
    assert "- [ ] no feature determines the target (error)" in mixed


def test_leaks_are_not_ticked_where_the_target_is_unsound():
    wanted = wanted_for()
    table = make_table().assign(outcome=1)
    page = readiness_page(table_facts(table, wanted, check_table(table, wanted)))
    assert "- [ ] no feature determines the target (not checked)" in page
    page = readiness_page(table_facts(make_table(), wanted, check_table(make_table(), wanted)))
    assert "- [x] no feature determines the target\n" in page


def test_a_split_that_ignores_time_is_a_warning():
    proof = proven(make_table(), strategy="random")[1]
    found = next(f for f in proof.findings if f.code == "time_ignored")
    assert (found.severity, found.columns) == ("warning", ("moment",))
    assert "earlier than some that train" in found.message
    for changes in ({"strategy": "time"}, {"strategy": "group_time", "seen_groups": "keep"}):
        codes = [f.code for f in proven(make_table(), **changes)[1].findings]
        assert "time_ignored" not in codes
    untimed = make_table().drop(columns="moment")
    untimed = proven(untimed, {"time_column": None}, strategy="group")[1]
    assert "time_ignored" not in [f.code for f in untimed.findings]


def test_findings_of_the_split_can_be_accepted():
    from conftest import prepared, split_settings

    from assay.checks.split import prove_split
    from assay.splits.split import split_table

    schema, typed = prepared(make_table())
    params = split_settings(strategy="random")
    split = split_table(typed, schema, params)
    ignore = {"time_ignored": "rows are unrelated", "holdout_size": "?", "constant": "of the table"}
    found = prove_split(split, typed, schema, params, 0, ignore).findings
    told = {f.code: (f.severity, f.reason) for f in found}
    assert told["time_ignored"] == ("accepted", "rows are unrelated")
    assert [f.evidence["entry"] for f in found if f.code == "ignore_unused"] == ["holdout_size"]
    assert found[-1].severity == "accepted"


def test_the_bundled_entries_are_used():
    from conftest import ROOT

    from assay.artifacts import read_table, read_yaml
    from assay.checks.findings import Wanted

    params = parse_params(read_yaml(ROOT / "params.yaml"))
    table = read_table(ROOT / params.data.table)
    found = check_table(table, Wanted(params.data, params.task, params.validate_))
    assert {f.code: f.severity for f in found} == {"leak_target_name": "accepted"}
    assert len(found) == len(params.validate_.ignore) == 3
    # The outcome in minutes is what the sentinels are for.
    data = params.data.model_copy(update={"exclude_columns": {}})
    assert np.isin(
        ["leak_determines_target"],
        [f.code for f in check_table(table, Wanted(data, params.task, params.validate_))],
    ).all()
