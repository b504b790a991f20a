"""A proposal is tried out: what `validate` finds changes it, and a split that does not work too."""

import numpy as np
import pandas as pd
import pytest
from proposals import churn, orders, patients, proposed

from assay.checks.findings import Finding
from assay.errors import DataError, ParamsError, SchemaError
from assay.proposal import trial
from assay.proposal.roles import Asked
from assay.proposal.summary import stops_at


@pytest.fixture
def planted(monkeypatch):
    """Return a function that plants findings beside those of the checks."""

    def plant(*findings):
        honest = trial.check_table
        monkeypatch.setattr(
            trial, "check_table", lambda frame, wanted: [
                *honest(frame, wanted),
                *(f for f in findings if set(f.columns) & set(wanted.features(frame))),
            ],
        )  # fmt: skip

    return plant


def leak(code, *columns):
    return Finding(code, "warning", f"feature {columns[0]!r} knows too much.", "Judge it.", columns)


@pytest.mark.parametrize(
    "code", ["leak_determines_target", "leak_single_feature", "leak_missing_by_class"]
)
def test_what_may_know_the_outcome_is_excluded(planted, code):
    planted(leak(code, "minutes"))
    proposal = proposed(churn())
    assert proposal.roles.excluded["minutes"] == (
        f"may know the outcome ({code}): feature 'minutes' knows too much"
    )
    assert "minutes" in proposal.params.data.exclude_columns
    assert not [found for found in proposal.trial.findings if found.code == code]


def test_a_name_alone_excludes_nothing(planted):
    planted(leak("leak_target_name", "minutes"))
    proposal = proposed(churn())
    assert "minutes" not in proposal.params.data.exclude_columns
    assert [found.code for found in proposal.to_judge] == ["leak_target_name"]


def test_what_is_excluded_need_not_be_judged(planted):
    planted(leak("leak_target_name", "minutes"), leak("leak_single_feature", "minutes"))
    assert proposed(churn()).to_judge == ()


def test_a_code_that_leaks_is_excluded_and_no_code(planted):
    planted(leak("leak_single_feature", "zip"))
    data = proposed(churn()).params.data
    assert "zip" in data.exclude_columns
    assert data.categorical_columns == []


def test_some_feature_is_left(planted):
    table = churn()[["plan", "minutes", "churn"]]
    planted(leak("leak_single_feature", "plan"), leak("leak_single_feature", "minutes"))
    proposal = proposed(table)
    assert proposal.params.data.exclude_columns == {}
    assert [found.columns for found in proposal.to_judge] == [("plan",), ("minutes",)]


def test_other_findings_exclude_nothing(planted):
    planted(leak("leak_of_another_kind", "minutes"))
    assert "minutes" not in proposed(churn()).params.data.exclude_columns


def test_what_params_cannot_mend_is_told():
    table = churn()
    table.loc[:9, "churn"] = None
    table["assay_row"] = 1
    proposal = proposed(table)
    codes = {found.code for found in proposal.trial.errors}
    assert codes == {"reserved_name"}
    assert "validate will stop at: column 'assay_row' has a name" in stops_at(proposal)[0]
    proposal = proposed(table.drop(columns="assay_row"))
    assert stops_at(proposal) == []
    assert proposal.values["validate.missing_target"] == "drop"
    assert "10 of 1,200 rows have no outcome" in proposal.reasons["validate.missing_target"][0]
    (told,) = stops_at(proposed(churn(60)))
    assert "the table has 60 rows, expected at least 100" in told


def test_copies_across_the_split_are_told_and_no_limit_is_raised():
    table = churn()
    again = table.assign(customer_id="again " + table["customer_id"])
    proposal = proposed(pd.concat([table, again], ignore_index=True))
    (told,) = stops_at(proposal)
    assert told.startswith("split will stop at: ")
    assert "repeat a training row in every feature" in told
    assert proposal.params.split.max_duplicate_rate == 0.01
    assert "split stops at it now" in proposal.reasons["split.max_duplicate_rate"][0]


def test_times_in_few_steps_get_fewer_folds():
    table = orders()
    table["placed_at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(3000) // 500, "W")
    proposal = proposed(table)
    split = proposal.params.split
    assert (split.strategy, split.fold_count) == ("time", 3)
    assert (
        "More of them do not work: split.fold_count of 5" in proposal.reasons["split.fold_count"][0]
    )
    assert stops_at(proposal) == []


def in_few_days(count, rows=3000):
    table = orders(rows)
    table["placed_at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) % count, "D")
    return table


def test_a_time_split_that_cannot_work_is_told_and_never_becomes_random():
    proposal = proposed(in_few_days(2), roles=Asked(no_group=True))
    assert proposal.params.split.strategy == "time"
    assert proposal.reasons["split.strategy"][0].startswith("time, because rows are scored later")
    (told,) = stops_at(proposal)
    assert told.startswith("split will stop at: ")


def test_new_entities_in_few_steps_of_time_keep_the_time():
    table = in_few_days(2)
    table["customer_id"] = np.arange(3000) // 2 + 7
    asked = Asked(group="customer_id", time="placed_at")
    assert proposed(table, roles=asked).params.split.strategy in {"time", "group_time"}


def test_groups_that_cannot_be_split_never_become_random():
    table = patients()
    table["diagnosis"] = np.where(table["patient_id"] == "P3", "rare", "common")
    proposal = proposed(table, target="diagnosis")
    assert proposal.params.split.strategy == "group"
    assert stops_at(proposal)[0].startswith(("split will stop at: ", "validate will stop at: "))


def test_rare_classes_get_fewer_folds():
    table = patients()
    table["diagnosis"] = np.where(np.arange(len(table)) < 5, "rare", "common")
    proposal = proposed(table.drop(columns="patient_id"), target="diagnosis")
    assert proposal.params.task.positive_label == "rare"
    assert proposal.params.split.fold_count < 5 or stops_at(proposal)


@pytest.mark.parametrize(
    ("wishes", "kind", "words"),
    [
        ({"target": "chrun"}, SchemaError, "--target: .* no column 'chrun'. Nearest: churn."),
        ({"roles": Asked(time="minute")}, SchemaError, "--time: .* Nearest: minutes."),
        ({"roles": Asked(time="plan")}, SchemaError, "--time: 'plan' is text, expected timestamps"),
        ({"roles": Asked(ids=["zip"], group="zip")}, ParamsError, "'zip' is given by --group and"),
        ({"target": "zip", "roles": Asked(group="zip")}, ParamsError, "by --target and --group"),
    ],
)
def test_wishes_that_do_not_fit_are_refused(wishes, kind, words):
    with pytest.raises(kind, match=words):
        proposed(churn(), **wishes)


def test_all_wrong_names_are_told_at_once():
    with pytest.raises(SchemaError, match=r"(?s)3 faults.*--target.*--group.*--ids"):
        proposed(churn(), target="a", roles=Asked(group="b", ids=["c"]))


def test_a_table_without_rows_or_targets_is_refused():
    with pytest.raises(DataError, match="has no rows"):
        proposed(churn().head(0))
    with pytest.raises(DataError, match=r"no column could be a target.*--target"):
        proposed(churn()[["customer_id", "currency"]])


def test_a_target_that_is_named_need_not_look_like_one():
    proposal = proposed(churn(), target="currency")
    assert "1 distinct values" in stops_at(proposal)[0]
    proposal = proposed(orders(), target="delivered_at")
    assert "named in data.target" in stops_at(proposal)[0] or stops_at(proposal)


def test_large_tables_are_sampled_and_it_is_said(monkeypatch):
    monkeypatch.setattr("assay.proposal.profile._MOST_ROWS", 1000)
    table = orders(5000)
    proposal = proposed(table)
    assert (proposal.profile.row_count, proposal.profile.looked_at) == (5000, 1000)
    assert proposal.params.validate_.min_rows == 2000
    assert stops_at(proposal) == [], "the sample is smaller than min_rows, the table is not"
    assert "1,000 of its 5,000 rows" in proposal.reasons["data.table"][0]
    # A key must be unique in all rows, and a gap may be in any.
    table.loc[4999, "order_id"] = table.loc[0, "order_id"]
    assert proposed(table).roles.ids == []
    table.loc[7, "placed_at"] = pd.NaT
    assert proposed(table.drop(columns="delivered_at")).roles.time is None


def test_entities_that_only_their_rows_tell_of_are_grouped(planted):
    table = orders().rename(columns={"customer_id": "whom", "placed_at": "day"})
    planted(leak("repeated_entities", "whom"))
    proposal = proposed(table.drop(columns=["day", "delivered_at"]))
    assert proposal.roles.group == "whom"
    assert proposal.params.split.strategy == "group"
    assert proposal.reasons["data.group_column"] == ["feature 'whom' knows too much."]
    assert proposed(table, roles=Asked(no_group=True)).roles.group is None
    gapped = table.assign(whom=table["whom"].where(table.index > 3))
    assert proposed(gapped).roles.group is None


def test_a_nested_target_that_is_named_is_told_of():
    table = churn().assign(churn=[[number % 2] for number in range(1200)])
    assert "validate will stop at" in stops_at(proposed(table, target="churn"))[0]
    infinite = churn().assign(churn=np.inf)
    assert "validate will stop at" in stops_at(proposed(infinite, target="churn"))[0]
