import numpy as np
import pandas as pd
import pytest
from conftest import make_params, make_table, parse_params

from assay.checks.findings import Wanted, findings_json, refuse_errors
from assay.checks.table import CHECK_CODES, check_table
from assay.errors import DataError, SchemaError


def wanted(**changes) -> Wanted:
    task = changes.pop("task", "binary")
    raw = make_params(task)
    for place, value in changes.items():
        section, key = place.split("__")
        raw[section][key] = value
    params = parse_params(raw)
    times = (params.preprocess.datetimes, params.preprocess.datetime_reference)
    return Wanted(
        *(params.data, params.task, params.validate_, *times),
        costs=params.threshold.costs,
        sensitive_columns=params.evaluate.sensitive_columns,
        sensitive_min_rows=params.evaluate.sensitive_min_rows,
        directions=params.interpret.expected_direction,
        explain_rows=params.interpret.explain_rows or (),
    )


def costs(**changes):
    return make_params()["threshold"]["costs"] | changes


def codes(table, **changes) -> dict[str, str]:
    return {finding.code: finding.severity for finding in check_table(table, wanted(**changes))}


def test_features_without_any_value_are_no_features(table):
    table[["signal", "noise", "count", "kind", "remark"]] = np.nan
    findings = [found for found in check_table(table, wanted()) if found.severity == "error"]
    assert [found.code for found in findings] == ["no_features"]
    assert "of 4 columns ('signal', " in findings[0].message
    assert codes(table.assign(noise=np.arange(600.0) % 7)).get("no_features") is None


def test_a_clean_table_has_no_finding(table):
    assert codes(table) == {}


def spoil(**columns) -> pd.DataFrame:
    return make_table().assign(**columns)


def with_value(name, value, rows=3) -> pd.DataFrame:
    table = make_table()
    table[name] = table[name].astype(object) if isinstance(value, str) else table[name]
    table.loc[: rows - 1, name] = value
    return table


ONE_EACH = {
    "missing_column": (make_table().drop(columns="entity"), {}, "error"),
    "reserved_name": (spoil(assay_row=1), {}, "error"),
    "too_few_rows": (make_table(50), {}, "error"),
    "unreadable_type": (spoil(parts=[["a"]] * 600), {}, "error"),
    "time_type": (spoil(moment="2024"), {}, "error"),
    "time_range": (
        spoil(when=np.array([2**40] * 600, dtype="datetime64[s]")), {}, "error"),
    "datetime_reference": (
        spoil(when=make_table()["moment"]),
        {"preprocess__datetimes": "age", "preprocess__datetime_reference": "kind"}, "error"),
    "cost_column": (make_table(), {"threshold__costs": costs(false_positive="kind")}, "error"),
    "expected_direction": (
        make_table(), {"interpret__expected_direction": {"signa": "increasing"}}, "error"),
    "explain_rows": (make_table(), {"interpret__explain_rows": ["k9"]}, "error"),
    "cost_missing": (make_table(), {"threshold__costs": costs(false_negative="signal")}, "error"),
    "cost_nothing": (
        spoil(loss=0.0), {"threshold__costs": costs(false_positive="loss", false_negative=0.0)}, "error"),
    "cost_reversed": (
        with_value("count", -1, 40), {"threshold__costs": costs(false_positive="count")}, "warning"),
    "cost_negative": (
        make_table(task="regression").assign(loss=-1.0),
        {"task": "regression",
         "threshold__costs": costs(over_prediction="loss", under_prediction=2.0)}, "error"),
    "sensitive_column": (make_table(), {"evaluate__sensitive_columns": ["knid"]}, "error"),
    "time_missing": (with_value("moment", pd.NaT), {}, "error"),
    "target_missing": (with_value("outcome", np.nan), {}, "error"),
    "unlabelled_rows": (with_value("outcome", np.nan), {"validate__missing_target": "drop"}, "warning"),
    "target_classes": (spoil(outcome=1), {}, "error"),
    "rare_class": (spoil(outcome=np.arange(600) < 8), {"task__positive_label": True}, "warning"),
    "target_numbers": (spoil(outcome="3"), {"task": "regression"}, "error"),
    "target_looks_like_classes": (
        spoil(outcome=np.arange(600) % 4), {"task": "regression"}, "warning"),
    "target_beyond_limits": (
        make_table(task="regression"), {"task": "regression", "task__clip_high": 20.0}, "warning"),
    "positive_label": (make_table(), {"task__positive_label": "yes"}, "error"),
    "key_missing": (with_value("row_key", None, 1), {}, "error"),
    "key_repeated": (spoil(row_key="same"), {}, "error"),
    "group_missing": (with_value("entity", None), {}, "error"),
    "infinite_values": (with_value("signal", np.inf), {}, "error"),
    "constant": (spoil(same=4), {}, "warning"),
    "all_missing": (spoil(empty=np.nan), {}, "warning"),
    "missing_rate": (with_value("noise", np.nan, 400), {}, "warning"),
    "duplicate_rows": (
        spoil(signal=1.5, noise=0.5, kind="a", count=np.arange(600) % 7), {}, "warning"),
    "id_like": (spoil(token=make_table()["row_key"] + "x"), {}, "warning"),
    "many_categories": (make_table(), {"validate__max_category_count": 2}, "warning"),
    "text_dates": (
        spoil(day=make_table()["moment"].dt.strftime("%Y-%m-%d").astype(object)), {}, "warning"),
    "numeric_id": (spoil(number=np.random.default_rng(1).permutation(600)), {}, "warning"),
    "leak_determines_target": (spoil(copy=3 - make_table()["outcome"]), {}, "error"),
    "leak_missing_by_class": (
        spoil(paid=make_table()["noise"].where(make_table()["outcome"] == 1)), {}, "error"),
    "leak_single_feature": (
        spoil(proxy=make_table()["outcome"] + make_table()["noise"] / 5), {}, "warning"),
    "leak_target_name": (spoil(outcome_2=make_table()["noise"] * 2), {}, "warning"),
    "leak_row_order": (make_table().sort_values("outcome", ignore_index=True), {}, "warning"),
    "leak_after_decision": (
        spoil(closed=(make_table()["moment"] + pd.Timedelta("1d")).astype(str)), {}, "warning"),
    "repeated_entities": (
        spoil(**{f"trait_{n}": make_table()["entity"].str[1:].astype(int) * n % 47 for n in (3, 5, 7)}),
        {"data__group_column": None}, "warning"),
    "no_features": (
        make_table()[["row_key", "moment", "entity", "outcome", "aftermath"]],
        {"data__passthrough_columns": []}, "error"),
}  # fmt: skip


def test_each_check_has_its_case():
    assert set(ONE_EACH) == set(CHECK_CODES)


@pytest.mark.parametrize("code", ONE_EACH)
def test_each_check_finds_its_fault_with_its_severity(code):
    table, changes, severity = ONE_EACH[code]
    found = check_table(table, wanted(**changes))
    match = [finding for finding in found if finding.code == code]
    assert match, [finding.code for finding in found]
    assert match[0].severity == severity
    assert match[0].action


def test_faults_of_content_are_told_all_at_once():
    table = with_value("signal", -np.inf)
    table["row_key"] = "same"
    table["entity"] = None
    with pytest.raises(DataError, match="3 faults") as caught:
        refuse_errors(check_table(table, wanted()), "t.parquet")
    for word in ("infinite", "repeated", "missing in 600 rows"):
        assert word in str(caught.value)


def test_a_misspelt_column_names_the_nearest():
    with pytest.raises(SchemaError, match="Nearest in the table: outcome"):
        refuse_errors(check_table(make_table(), wanted(data__target="outcom")), "t.parquet")


@pytest.mark.parametrize(("values", "label"), [([0, 1], True), ([False, True], 1)])
def test_true_is_not_one(values, label):
    table = make_table()
    table["outcome"] = np.array(values)[table["outcome"].to_numpy()]
    assert "positive_label" in codes(table, task__positive_label=label)


@pytest.mark.parametrize(
    "name", ["y_pred", "absolute_error", "y_prob_0", "baseline_y_score", "raw_y_pred"]
)
def test_names_that_stand_beside_the_users_are_reserved(name):
    assert codes(spoil(**{name: 1})) == {"reserved_name": "error"}


def test_a_saved_index_is_no_feature():
    table = spoil(**{"__index_level_0__": 1})
    with pytest.raises(SchemaError, match="a pandas index that was saved"):
        refuse_errors(check_table(table, wanted()), "t.parquet")


def test_a_target_of_lists_is_a_sentence():
    assert codes(spoil(outcome=[[1]] * 600)) == {"unreadable_type": "error"}


def test_an_empty_table_is_told_so():
    with pytest.raises(DataError, match="the table is empty"):
        refuse_errors(check_table(make_table().iloc[:0], wanted()), "t.parquet")


def test_warnings_do_not_stop():
    refuse_errors(check_table(spoil(same=4), wanted()), "t.parquet")


def test_the_summary_counts():
    found = check_table(spoil(same=4), wanted())
    summary = findings_json(spoil(same=4), wanted(), found)
    assert (summary["error_count"], summary["warning_count"]) == (0, 1)
    assert summary["feature_count"] == 5
    assert summary["positive_rate"] == pytest.approx(make_table()["outcome"].mean())


def test_rows_that_coincide_are_told_from_copies():
    table = spoil(signal=1.5, noise=0.5, kind="a", count=np.arange(600) % 7)
    (found,) = [f for f in check_table(table, wanted()) if f.code == "duplicate_rows"]
    assert "If they are copies of one case, drop them" in found.action
    assert "If they are different cases that coincide" in found.action
    assert "validate.ignore" in found.action
