import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import make_case

from assay.artifacts import json_text
from assay.conformal import fit_intervals
from assay.contract import build_contract
from assay.errors import ArtifactError
from assay.metrics.catalogue import primary_metric
from assay.monitoring.check import judged
from assay.monitoring.drift_checks import drift_checks
from assay.monitoring.inputs import feature_facts
from assay.monitoring.reference import Parts, reference_of, reference_profile
from assay.monitoring.table_rows import table_rows
from assay.monitoring.tally import tally_rows
from assay.monitoring.watch import Watch
from assay.predictions import prediction_columns
from assay.schema import ROW

TASKS = ["binary", "multiclass", "regression"]


def predictions_of(rows, case, seed):
    """Made-up predictions of rows, which are right."""
    rng, n, y_true = np.random.default_rng(seed), len(rows), rows[case.schema.target].to_numpy()
    if case.schema.task == "binary":
        predicted = np.clip(0.3 + 0.4 * y_true + rng.normal(0, 0.1, n), 0.01, 0.99)
    elif case.schema.task == "multiclass":
        predicted = rng.dirichlet([2, 2, 2], n) + 0.5 * np.eye(3)[y_true]
        predicted /= predicted.sum(axis=1, keepdims=True)
    else:
        predicted = y_true + rng.normal(size=n)
    told = pd.DataFrame({ROW: rows[ROW].to_numpy(), "y_true": y_true})
    return pd.concat([told, prediction_columns(predicted, case.schema)], axis=1)


def built(task, case=None, seed=0):
    """A reference, and what batches are held against with it."""
    case = case or make_case(task)
    out_of_fold = predictions_of(case.train.iloc[100:], case, seed)
    parts = Parts(case.train, case.holdout, out_of_fold, predictions_of(case.holdout, case, 1))
    contract = build_contract(case.schema, pd.concat([case.train, case.holdout]))
    decision = {"binary": {"threshold": 0.5}, "multiclass": {"min_confidence": 0.6}}.get(task)
    if decision is None:
        y_true, y_pred = out_of_fold["y_true"].to_numpy(), out_of_fold["y_pred"].to_numpy()
        decision = fit_intervals(y_true, y_pred, 0.9, 1).to_json()
    metric = primary_metric(task, case.params.task.primary_metric).name
    told = {"value": 0.7, "ci_low": 0.6, "ci_high": 0.8}
    measured = {"row_count": len(case.holdout), "model": {metric: told}}
    params = case.params
    reference = reference_profile(parts, contract, decision, params, measured, [])
    return case, parts, Watch(case.schema, decision, reference, params.monitor, params.task)


@pytest.mark.parametrize("task", TASKS)
def test_a_reference_is_whole_the_same_bytes_again_and_raises_nothing_for_the_holdout(task):
    case, parts, watch = built(task)
    text = json_text(watch.reference)
    assert text == json_text(built(task)[-1].reference)
    read = reference_of(json.loads(text), "baseline.json")
    watch = replace(watch, reference=read)
    assert read["row_count"] == len(case.train) and read["format_version"] == 2
    for name, entry in read["inputs"].items():
        assert sum(entry["counts"]) == entry["row_count"] == case.train[name].notna().sum()
        assert entry["row_count"] + entry["missing_count"] == len(case.train)
    rows = table_rows(case.holdout, parts.holdout_predictions, case.schema)
    tally = tally_rows(rows, watch)
    checks = judged(drift_checks(tally, watch), 0.05)
    assert [check.key for check in checks if check.level != "fine"] == []
    assert len({check.key for check in checks}) == len(checks)
    assert [
        fact["name"] for fact in feature_facts(tally, watch, checks)
    ] == case.schema.feature_names


def test_no_row_of_the_table_is_in_the_reference():
    case, _, watch = built("binary")
    text = json_text(watch.reference)
    held = [f"{value!r}" for value in case.train["noise"].dropna()]
    # The least and the greatest are told, and so are bounds between bins.
    assert sum(value in text for value in held) <= 60 + 2 + 10


@pytest.mark.parametrize("strange", [
    {"noise": np.nan}, {"noise": 1.0}, {"kind": "only"}, {"kind": None},
    {"noise": lambda frame: np.where(np.arange(len(frame)) % 2, np.nan, frame["noise"])},
])  # fmt: skip
def test_features_of_one_value_or_none_read_well(strange):
    # A column without any value is no feature; among the training rows alone it may have none.
    case = make_case()
    case = replace(case, train=case.train.assign(**strange))
    _, parts, watch = built("binary", case)
    tally = tally_rows(table_rows(case.holdout, parts.holdout_predictions, case.schema), watch)
    facts = feature_facts(tally, watch)
    json.dumps(facts, allow_nan=False)
    json_text(watch.reference)


def test_a_table_without_time_and_group_has_no_clusters_and_no_windows():
    case = make_case(data={"time_column": None, "group_column": None}, split={"strategy": "random"})
    _, _, watch = built("binary", case)
    assert watch.reference["clusters"]["kinds"] == {}
    assert watch.reference["ordinary"]["window_count"] == 0


@pytest.mark.parametrize(("change", "message"), [
    ({"format_version": None}, "was packaged by an earlier Assay, whose reference"),
    ({"format_version": 3}, "was packaged by a later Assay; monitor with that one"),
    ({"inputs": []}, "inputs is no part of a reference"),
    ({"row_count": "many"}, "row_count is no part of a reference"),
    ({"ordinary": {"window_count": 1, "limits": {"a": "b"}}}, "ordinary.limits.a is no part"),
])  # fmt: skip
def test_an_older_or_broken_reference_is_refused_in_one_sentence(change, message):
    content = json.loads(json_text(built("binary")[-1].reference)) | change
    if content["format_version"] is None:
        del content["format_version"]
    with pytest.raises(ArtifactError, match=message) as error:
        reference_of(content, "runs/x/monitoring/baseline.json")
    assert str(error.value).startswith("runs/x/monitoring/baseline.json")
    assert "\n" not in str(error.value)


def test_what_is_no_object_is_no_reference():
    with pytest.raises(ArtifactError, match="holds no object, expected the reference of a run"):
        reference_of([], "baseline.json")
