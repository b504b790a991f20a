import json

import numpy as np
import pandas as pd
import pytest
from cases import changed_params, make_case

from assay import artifacts
from assay.conformal import fit_intervals
from assay.decisions import (
    TABLES,
    Rows,
    decide_task,
    decided_columns,
    outcomes,
    outcomes_told,
    predictions_in,
)
from assay.errors import GateError

SCHEMAS = {task: make_case(task).schema for task in ("binary", "multiclass", "regression")}


def rows(task, n=800, seed=0) -> Rows:
    rng = np.random.default_rng(seed)
    if task == "binary":
        predicted = rng.beta(2, 4, n)
        return Rows((rng.uniform(size=n) < predicted).astype(int), predicted)
    if task == "multiclass":
        predicted = rng.dirichlet([1, 1, 1], n)
        return Rows((rng.uniform(size=(n, 1)) > predicted.cumsum(axis=1)).sum(axis=1), predicted)
    predicted = rng.gamma(3, 4, n)
    return Rows(predicted + rng.normal(0, 1 + predicted / 5), predicted)


def report(task, out_of_fold=None, holdout=None, **threshold):
    params = changed_params(task, threshold=threshold)
    out_of_fold = rows(task) if out_of_fold is None else out_of_fold
    holdout = rows(task, 300, seed=1) if holdout is None else holdout
    return decide_task(SCHEMAS[task], params.task, params.threshold, out_of_fold, holdout, 0.95)


KINDS = {"binary": "threshold", "multiclass": "most_probable_class", "regression": "interval"}
USED = {
    "binary": {"threshold", "confusion"},
    "multiclass": {"rejection", "confusion"},
    "regression": {"coverage"},
}


@pytest.mark.parametrize("task", KINDS)
def test_every_task_decides_in_its_own_way_and_has_every_table(task):
    found = report(task, accept_accuracy=0.8)
    assert found.decision["kind"] == KINDS[task]
    assert found.decision["applicable"] is (task != "regression")
    assert found.metrics["applicable"] is (task != "regression")
    assert found.rationale == found.decision["rationale"]
    assert {name for name, table in found.tables.items() if len(table)} == USED[task]
    assert list(found.tables) == list(TABLES)
    for name, table in found.tables.items():
        assert tuple(table.columns) == TABLES[name]
    json.dumps([found.decision, found.metrics], allow_nan=False)


@pytest.mark.parametrize("task", KINDS)
def test_the_holdout_never_changes_the_decision(task):
    """Other outcomes and other predictions there: another report, the same decision."""
    plain = report(task, accept_accuracy=0.8)
    other = rows(task, 40, seed=9)
    turned = Rows(other.y_true[::-1].copy(), other.predicted)
    changed = report(task, holdout=turned, accept_accuracy=0.8)
    assert changed.decision == plain.decision
    assert changed.metrics != plain.metrics
    unused = {"binary": ["threshold"], "multiclass": ["rejection"], "regression": []}[task]
    for name in unused:
        pd.testing.assert_frame_equal(changed.tables[name], plain.tables[name])


@pytest.mark.parametrize("task", KINDS)
def test_out_of_fold_rows_make_the_decision(task):
    changed = report(task, out_of_fold=rows(task, seed=5), accept_accuracy=0.8)
    assert changed.decision != report(task, accept_accuracy=0.8).decision


def test_an_accuracy_out_of_reach_stops():
    predicted = rows("multiclass").predicted
    always_wrong = Rows((predicted.argmax(axis=1) + 1) % 3, predicted)
    with pytest.raises(GateError, match=r"accept_accuracy of 0\.5 is out of reach"):
        report("multiclass", out_of_fold=always_wrong, accept_accuracy=0.5)


def test_decided_rows_alone_are_in_the_confusion_matrix():
    found = report("multiclass", accept_accuracy=0.8)
    told = found.metrics["holdout"]
    assert 0 < told["decided_count"] < 300
    assert len(found.tables["confusion"]) == told["decided_count"] == found.drawn.confusion.sum()
    right = (found.tables["confusion"]["actual"] == found.tables["confusion"]["predicted"]).mean()
    assert right == told["accuracy"] == np.trace(found.drawn.confusion) / told["decided_count"]
    assert found.metrics["holdout_all_decided"]["decided_rate"] == 1
    assert found.metrics["out_of_fold"]["accuracy"] >= 0.8


def test_the_coverage_of_other_levels_is_measured_too():
    found = report("regression", interval_coverage=0.85)
    table = found.tables["coverage"]
    assert table["wanted_coverage"].tolist() == [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98]
    assert table["measured_coverage"].is_monotonic_increasing
    assert table["mean_width"].is_monotonic_increasing
    told = found.metrics["interval"]["holdout_coverage"]
    assert told["ci_low"] < told["value"] < told["ci_high"]
    chosen = table[table["wanted_coverage"] == 0.85].iloc[0]
    assert told["value"] == chosen["measured_coverage"]
    assert found.metrics["interval"]["mean_width"] == chosen["mean_width"]


def test_levels_that_need_more_rows_than_there_are_are_left_out():
    found = report("regression", out_of_fold=rows("regression", 45))
    assert found.tables["coverage"]["wanted_coverage"].max() == 0.95


NUMBERS = np.array([-1.0, 2.0, 30.0])
SCORES = np.array([0.1, 0.5, 0.9])
CLASSES = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.1, 0.1, 0.8]])


def interval_decision():
    return fit_intervals(*vars(rows("regression")).values(), 0.9, 3).to_json()


def threshold_decision(labels):
    return {**report("binary").decision, "threshold": 0.5, "labels": labels}


def class_decision(labels):
    return {"kind": "most_probable_class", "min_confidence": 0.5, "labels": labels}


@pytest.mark.parametrize("labels", [[0, 1], ["no", "yes"], [True, False], [0.0, 1.0]])
def test_a_threshold_gives_labels_of_one_type_whatever_is_flagged(labels):
    for scores in (SCORES, SCORES[:1], SCORES[:0]):
        columns = decided_columns(threshold_decision(labels), scores)
        assert list(columns) == ["score", "prediction", "threshold"]
        assert columns["prediction"].tolist() == [labels[int(s >= 0.5)] for s in scores]
        assert columns["prediction"].dtype == pd.Series(labels).dtype


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [([3, 1, 2], "Int64"), (["a", "b", "c"], object), ([0.5, 1.5, 2.5], object)],
)
def test_undecided_rows_are_missing_and_the_others_have_the_datas_own_labels(labels, dtype):
    columns = decided_columns(class_decision(labels), CLASSES)
    probabilities = [f"probability_{label}" for label in labels]
    assert list(columns) == ["prediction", "confidence", *probabilities]
    assert columns["prediction"].dtype == dtype
    assert columns["prediction"].isna().tolist() == [False, True, False]
    assert columns["prediction"].dropna().tolist() == [labels[0], labels[2]]
    assert columns["confidence"].tolist() == [0.7, 0.4, 0.8]
    np.testing.assert_array_equal(columns[probabilities], CLASSES)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("labels", [[3, 1, 2], ["a", "b", "c"]])
def test_undecided_rows_are_missing_in_the_file_too(tmp_path, labels, kind):
    path = tmp_path / f"scored.{kind}"
    artifacts.write_table(path, decided_columns(class_decision(labels), CLASSES))
    back = artifacts.read_table(path)["prediction"]
    assert back.isna().tolist() == [False, True, False]
    assert [type(labels[0])(v) for v in back.dropna()] == [labels[0], labels[2]]


def test_intervals_stand_beside_the_number_and_obey_its_limits():
    decision = interval_decision()
    columns = decided_columns(decision, NUMBERS)
    assert list(columns) == ["prediction", "prediction_low", "prediction_high"]
    assert (columns["prediction_low"] < columns["prediction"]).all()
    assert (columns["prediction"] < columns["prediction_high"]).all()
    limited = decided_columns({**decision, "limits": [0.0, 31.0]}, NUMBERS)
    assert limited["prediction_low"].min() == 0
    assert limited["prediction_high"].max() == 31


EVERY = {
    "threshold": (threshold_decision([0, 1]), SCORES),
    "classes": (class_decision(["a", "b", "c"]), CLASSES),
    "intervals": (interval_decision(), NUMBERS),
}


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_predictions_come_back_from_a_scored_file_to_the_last_bit(tmp_path, kind, count):
    decision, predicted = EVERY[kind]
    predicted = predicted[:count] / 3
    scored = decided_columns(decision, predicted)
    assert len(scored) == count
    artifacts.write_table(tmp_path / "scored.parquet", scored)
    back = predictions_in(artifacts.read_table(tmp_path / "scored.parquet"), decision)
    np.testing.assert_array_equal(back, predicted)
    assert back.shape == predicted.shape


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("threshold", "2 at or above the threshold of 0.5000"),
        ("classes", "1 left undecided below a confidence of 0.5000"),
        ("intervals", "with intervals that are to hold 90% of outcomes"),
    ],
)
def test_what_was_decided_is_told_in_a_few_words(kind, words):
    decision, predicted = EVERY[kind]
    counts = outcomes(decision, decided_columns(decision, predicted))
    assert outcomes_told(decision, counts) == words
