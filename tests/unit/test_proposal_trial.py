"""A proposal is tried out: what `validate` finds changes it, and a split that does not work too."""

import numpy as np
import pandas as pd
import pytest
from proposals import TABLE, churn, orders, patients, proposed

from assay.checks.findings import Finding
from assay.errors import DataError, ParamsError, SchemaError
from assay.proposal import trial
from assay.proposal.places import Place
from assay.proposal.roles import Asked
from assay.proposal.summary import stops_at, summary


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
    ("code", "why"),
    [
        ("leak_determines_target", "determines the target"),
        ("leak_single_feature", "alone predicts the target too well"),
        ("leak_after_decision", "is later than the time of the decision"),
    ],
)
def test_what_may_know_the_outcome_is_excluded(planted, code, why):
    planted(leak(code, "minutes"))
    proposal = proposed(churn())
    assert proposal.roles.excluded["minutes"] == f"may know the outcome: {why} ({code})"
    assert "minutes" in proposal.params.data.exclude_columns
    assert not [found for found in proposal.trial.findings if found.code == code]


def test_values_in_findings_reach_the_terminal_and_not_the_file():
    table = churn().assign(churn=np.where(churn()["churn"] == "yes", "s3cret word", "other"))
    table["copy"] = "x " + table["churn"]
    table["noted"] = np.where(table["churn"] == "s3cret word", 1.5, np.nan)
    proposal = proposed(table, target="churn")
    assert {"copy", "noted"} <= set(proposal.params.data.exclude_columns)
    held = " ".join(proposal.roles.excluded.values())
    assert "s3cret" not in held
    assert "is missing, or known, as the outcome is (leak_missing_by_class)" in held
    told = " ".join(summary(proposal, Place(TABLE), [], "dvc", 100))
    assert "s3cret word" in told
    assert "exactly where the target" in told


def income(positive):
    """A table in which `income` is missing in 25 rows: of positives, or of any."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({
        "income": rng.lognormal(10, 0.5, 4000), "a": rng.normal(size=4000),
        "churn": np.arange(4000) % 10 == 0,
    })  # fmt: skip
    table.loc[np.flatnonzero(table["churn"] if positive else ~table["churn"])[:25], "income"] = None
    return table


def test_a_handful_of_rows_excludes_no_feature():
    proposal = proposed(income(True))
    assert "income" not in proposal.params.data.exclude_columns
    assert [found.code for found in proposal.to_judge] == ["leak_missing_by_class"]
    assert proposed(income(False)).to_judge == ()


def test_missingness_that_tells_most_outcomes_excludes_a_feature():
    table = income(True)
    table["noted"] = np.where(table["churn"] | (np.arange(4000) == 7), 1.5, np.nan)
    assert list(proposed(table).params.data.exclude_columns) == ["noted"]


def numbered(rows, **columns):
    rng = np.random.default_rng(rows)
    base = {"a": rng.normal(size=rows), "churn": rng.uniform(size=rows) < 0.3}
    return pd.DataFrame({**columns, **base})


def test_amounts_that_do_not_repeat_are_features():
    rng = np.random.default_rng(0)
    cents = numbered(6000, revenue_cents=rng.lognormal(17, 2, 6000).round().astype("int64"))
    proposal = proposed(cents)
    assert proposal.params.data.exclude_columns == {}
    assert "numeric_id" not in {found.code for found in proposal.trial.findings}
    metres = numbered(600, distance_m=rng.choice(1_000_000, 600, replace=False))
    proposal = proposed(metres)
    assert proposal.params.data.exclude_columns == {}
    assert [found.code for found in proposal.to_judge] == ["numeric_id"]


def test_numbers_that_are_ids_by_name_or_without_gaps_are_no_features():
    rng = np.random.default_rng(0)
    wide = rng.choice(10**9, 600, replace=False)
    some = np.where(np.arange(600) % 9 == 0, np.nan, rng.permutation(600) + 70_000)
    table = numbered(600, order_key=[f"k{i}" for i in range(600)], claim_id=wide, running=some)
    table.loc[3, "claim_id"] = table.loc[4, "claim_id"]
    assert {"claim_id"} <= set(proposed(table).params.data.exclude_columns)
    table = numbered(600, running=rng.permutation(660)[:600] + 70_000)
    assert list(proposed(table).params.data.exclude_columns) == ["running"]


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


@pytest.mark.parametrize("tags", [["a"], {"a": 1}, np.array(["a"])], ids=["list", "map", "array"])
def test_groups_and_keys_of_nested_values_are_refused(tags):
    table = orders()
    table["tags"] = [tags] * len(table)
    with pytest.raises(SchemaError, match=r"--group: 'tags' holds .*, expected texts"):
        proposed(table, roles=Asked(group="tags"))
    with pytest.raises(SchemaError, match=r"(?s)2 faults.*--group.*--ids: 'tags' holds"):
        proposed(table, roles=Asked(group="missing", ids=["order_id", "tags"]))
    table["tags"] = [f"tag {number % 50}" for number in range(len(table))]
    assert proposed(table, roles=Asked(group="tags")).roles.group == "tags"


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
    assert proposal.reasons["data.group_column"] == [
        "300 values with 10.0 rows each, within which other columns stay the same: an entity that "
        "comes back."
    ]
    assert proposed(table, roles=Asked(no_group=True)).roles.group is None
    gapped = table.assign(whom=table["whom"].where(table.index > 3))
    assert proposed(gapped).roles.group is None


def with_attributes(name, rows=4000):
    """A table of which four columns are the same wherever one is."""
    rng = np.random.default_rng(0)
    area = rng.integers(0, 120, rows)
    known = {f"area_{part}": rng.normal(size=120).round(3)[area] for part in "abcd"}
    others = {f"x{number}": rng.normal(size=rows) for number in range(4)}
    code = rng.permutation(120)[area] * 37 + 10_000
    target = rng.uniform(size=rows) < 0.3
    return pd.DataFrame({name: code, **known, **others, "churn": target})


@pytest.mark.parametrize("name", ["zip", "PLZ", "product", "regionid"])
def test_a_kind_with_attributes_is_no_group_and_is_told(name):
    proposal = proposed(with_attributes(name))
    assert proposal.roles.group is None
    assert proposal.params.split.strategy == "random"
    assert name not in proposal.params.data.exclude_columns
    told = " ".join(" ".join(summary(proposal, Place(TABLE), [], "dvc", 100)).split())
    assert f"data.group_column: {name} has 120 values with 33.3 rows each" in told
    assert proposal.trial.split_error == ""


def test_an_entity_with_attributes_is_the_group():
    proposal = proposed(with_attributes("whom"))
    assert proposal.roles.group == "whom"
    assert proposal.params.split.strategy == "group"


def test_a_nested_target_that_is_named_is_told_of():
    table = churn().assign(churn=[[number % 2] for number in range(1200)])
    assert "validate will stop at" in stops_at(proposed(table, target="churn"))[0]
    infinite = churn().assign(churn=np.inf)
    assert "validate will stop at" in stops_at(proposed(infinite, target="churn"))[0]
