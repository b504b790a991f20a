import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import changed_params, make_case

from assay import artifacts
from assay.conformal import fit_intervals
from assay.costs import NumberCosts, RowCosts
from assay.decisions.columns import decided_columns, outcomes, outcomes_told, predictions_in
from assay.decisions.decide import decide_task
from assay.decisions.rows import REPORTS, TABLES, Resampling, Rows
from assay.errors import GateError

SCHEMAS = {task: make_case(task).schema for task in ("binary", "multiclass", "regression")}


RESAMPLING = Resampling(100, 0.95, 0)


def rows(task, n=800, seed=0, costs=True) -> Rows:
    rng = np.random.default_rng(seed)
    if task == "binary":
        predicted = rng.beta(2, 4, n)
        y_true = (rng.uniform(size=n) < predicted).astype(int)
        known = RowCosts(*(np.full(n, cost) for cost in (1.0, 5.0, 0.0, 0.0))) if costs else None
        other = np.clip(predicted + rng.normal(0, 0.2, n), 0, 1)
        return Rows(y_true, predicted, other, known, rule_holds=other > 0.5)
    if task == "multiclass":
        predicted = rng.dirichlet([1, 1, 1], n)
        return Rows((rng.uniform(size=(n, 1)) > predicted.cumsum(axis=1)).sum(axis=1), predicted)
    predicted = rng.gamma(3, 4, n)
    known = NumberCosts(np.full(n, 1.0), np.full(n, 4.0)) if costs else None
    outcome = predicted + rng.normal(0, 1 + predicted / 5)
    return Rows(outcome, predicted, np.full(n, 12.0), number_costs=known)


def report(task, out_of_fold=None, holdout=None, **threshold):
    params = changed_params(task, threshold=threshold)
    out_of_fold = rows(task) if out_of_fold is None else out_of_fold
    holdout = rows(task, 300, seed=1) if holdout is None else holdout
    parts = (out_of_fold, holdout, RESAMPLING, "prior")
    return decide_task(SCHEMAS[task], params.task, params.threshold, *parts)


KINDS = {"binary": "threshold", "multiclass": "most_probable_class", "regression": "interval"}
USED = {
    "binary": {"threshold", "cost", "gain", "value", "confusion"},
    "multiclass": {"rejection", "confusion"},
    "regression": {"coverage"},
}
REPORTED = {
    "binary": {"thresholds", "operating_points", "cost_sensitivity", "value"},
    "multiclass": set(),
    "regression": {"value"},
}
OF_COSTS = {"cost", "value", "cost_sensitivity"}


@pytest.mark.parametrize("task", KINDS)
def test_every_task_decides_in_its_own_way_and_has_every_table(task):
    found = report(task, accept_accuracy=0.8)
    assert found.decision["kind"] == KINDS[task]
    assert found.decision["applicable"] is (task != "regression")
    assert found.metrics["applicable"] is (task != "regression")
    assert found.rationale == found.decision["rationale"]
    assert {name for name, table in found.tables.items() if len(table)} == USED[task]
    assert {name for name, table in found.reports.items() if len(table)} == REPORTED[task]
    for tables, wanted in ((found.tables, TABLES), (found.reports, REPORTS)):
        assert list(tables) == list(wanted)
        for name, table in tables.items():
            assert tuple(table.columns) == wanted[name]
    json.dumps([found.decision, found.metrics], allow_nan=False)


@pytest.mark.parametrize("task", KINDS)
def test_without_known_costs_nothing_is_told_of_value(task):
    parts = {"out_of_fold": rows(task, costs=False), "holdout": rows(task, 300, 1, costs=False)}
    found = report(task, **parts, strategy="max_f1", accept_accuracy=0.8)
    assert {name for name, table in found.tables.items() if len(table)} == USED[task] - OF_COSTS
    left = REPORTED[task] - OF_COSTS
    assert {name for name, table in found.reports.items() if len(table)} == left
    assert found.metrics["value"]["applicable"] is False
    assert "quantile" not in found.decision
    assert "expected_cost" not in json.dumps(found.metrics)
    assert not found.warnings


@pytest.mark.parametrize("task", KINDS)
def test_the_holdout_never_changes_the_decision(task):
    """Other outcomes and other predictions there: another report, the same decision."""
    plain = report(task, accept_accuracy=0.8)
    other = rows(task, 40, seed=9)
    turned = replace(other, y_true=other.y_true[::-1].copy())
    changed = report(task, holdout=turned, accept_accuracy=0.8)
    assert changed.decision == plain.decision
    assert changed.metrics != plain.metrics
    unused = {"binary": ["threshold", "cost"], "multiclass": ["rejection"], "regression": []}[task]
    for name in unused:
        pd.testing.assert_frame_equal(changed.tables[name], plain.tables[name])
    if task == "binary":
        chosen = ["threshold", "chosen", *(f"out_of_fold_{name}" for name in ("f1", "recall"))]
        for name, columns in (("thresholds", chosen), ("cost_sensitivity", slice(None))):
            ours, theirs = changed.reports[name], plain.reports[name]
            pd.testing.assert_frame_equal(ours.loc[:, columns], theirs.loc[:, columns])
        for name in ("stability", "sensitivity", "out_of_fold"):
            assert changed.metrics[name] == plain.metrics[name]
        # The thresholds behind the values, too, are chosen out-of-fold.
        assert list(changed.reports["value"]["threshold"].dropna()) == list(
            plain.reports["value"]["threshold"].dropna()
        )


@pytest.mark.parametrize("task", KINDS)
def test_out_of_fold_rows_make_the_decision(task):
    changed = report(task, out_of_fold=rows(task, seed=5), accept_accuracy=0.8)
    assert changed.decision != report(task, accept_accuracy=0.8).decision


def few_right(n, right):
    """Return rows whose highest scores are right, and of which the others are coins."""
    rng = np.random.default_rng(2)
    y_true = np.r_[np.ones(right, dtype=int), rng.integers(0, 2, n - right)]
    return Rows(y_true, np.r_[np.full(right, 0.9), rng.uniform(0, 0.5, n - right)])


def test_a_precision_that_rests_on_few_rows_is_told():
    asked = {"strategy": "min_precision", "min_precision": 0.95}
    found = report("binary", few_right(400, 12), few_right(200, 5), **asked)
    assert "rests on 12 flagged rows" in found.rationale
    told = found.warnings["precision_uncertain"]
    assert "flags 12 of 400 out-of-fold rows, whose precision of 1.00 may be anything from" in told
    assert found.metrics["warnings"] == found.warnings
    many = report("binary", few_right(400, 200), few_right(200, 5), **asked)
    assert "precision_uncertain" not in many.warnings


def test_a_threshold_that_raises_no_alert_is_told():
    found = report("binary", strategy="fixed", fixed=1.0)
    assert "raises no alert" in found.warnings["no_alert"]
    told = found.warnings["no_gain_over_none"]
    assert told.startswith(
        "By threshold.strategy the best threshold is to act on none: it acts on no"
    )
    assert found.metrics["stability"]["applicable"] is False
    assert found.metrics["holdout"]["precision"] == {"value": 0.0}


def test_a_baseline_without_a_threshold_is_left_out_of_the_options():
    hopeless = replace(rows("binary"), baseline=np.full(800, 0.5))
    found = report("binary", hopeless, strategy="min_precision", min_precision=0.9)
    told = found.metrics["value"]
    assert set(told["options"]) == {"model", "rule", "all", "none"}
    assert told["baseline_left_out"] == (
        "no threshold of the baseline meets threshold.min_precision of 0.9 out-of-fold"
    )
    assert "baseline_left_out" not in report("binary").metrics["value"]


def test_a_rule_or_a_baseline_that_is_worth_more_than_the_model_is_told():
    """Both know the outcome, and the model's scores are noise."""
    parts = {}
    for name, n in (("out_of_fold", 800), ("holdout", 300)):
        known = rows("binary", n, seed=n)
        noise = np.random.default_rng(n).uniform(size=n)
        parts[name] = replace(
            known,
            predicted=noise,
            baseline=0.1 + 0.8 * known.y_true,
            rule_holds=known.y_true == 1,
        )
    found = report("binary", **parts, strategy="fixed", fixed=0.5)
    value = found.metrics["value"]
    assert value["verdict"].startswith("worth less than the baseline")
    assert "the rule of today" in value["verdict"].split(";")[0]
    assert value["worth_it"] is False
    for name, words in (("baseline", "the baseline"), ("rule", "the rule of today")):
        told = found.warnings[f"no_gain_over_{name}"]
        assert told.startswith(
            f"Acting on the model is worth less than {words}: its gain per 1,000 "
        )
    better = {
        name: replace(part, predicted=0.1 + 0.8 * part.y_true, baseline=part.predicted,
                      rule_holds=part.predicted > 0.5)
        for name, part in parts.items()
    }  # fmt: skip
    found = report("binary", **better)
    assert found.metrics["value"]["verdict"] == "worth more than each other way that was compared"
    assert found.metrics["value"]["worth_it"] is True
    assert not {name for name in found.warnings if name.startswith("no_gain")}


def test_a_rule_that_holds_where_nothing_is_to_be_done_is_told():
    known = rows("binary")
    # Right in nine of ten rows, and the wrong way round.
    slips = np.random.default_rng(0).uniform(size=800) < 0.1
    turned = report("binary", replace(known, rule_holds=(known.y_true == 0) ^ slips))
    assert "true means to act. Turn the rule round" in turned.warnings["rule_reversed"]
    right = report("binary", replace(known, rule_holds=(known.y_true == 1) ^ slips))
    assert "rule_reversed" not in right.warnings


def test_a_quantile_that_is_no_better_than_the_prediction_is_no_fault_of_the_model():
    """Errors cost the same on both sides: the median is what the model predicts already."""
    parts = [
        replace(rows("regression", n, seed=n), number_costs=NumberCosts(*np.ones((2, n))))
        for n in (800, 300)
    ]
    found = report("regression", *parts)
    assert found.metrics["value"]["verdict"] == "worth more than the baseline"
    assert found.metrics["value"]["worth_it"] is True
    assert list(found.warnings) == ["no_gain_over_plain"]
    assert found.warnings["no_gain_over_plain"].endswith("either serves.")
    swapped = [replace(part, predicted=part.baseline, baseline=part.predicted) for part in parts]
    found = report("regression", *swapped)
    assert found.metrics["value"]["verdict"] == (
        "worth less than the baseline's quantile and the baseline's prediction"
    )
    assert {"no_gain_over_baseline", "no_gain_over_baseline_plain"} <= set(found.warnings)


def test_costs_that_favour_acting_on_all_are_told():
    n = {"out_of_fold": 800, "holdout": 300}
    parts = {
        name: replace(
            rows("binary", count, seed=count),
            costs=RowCosts(*(np.full(count, cost) for cost in (1.0, 5000.0, 0.0, 0.0))),
        )
        for name, count in n.items()
    }
    found = report("binary", **parts)
    assert "not shown to be worth more than acting on all" in found.warnings["no_gain_over_all"]
    assert "no_gain_over_none" not in found.warnings
    # The lowest score is a positive: nothing but acting on all is best.
    lowest = parts["out_of_fold"].predicted.argmin()
    parts["out_of_fold"].y_true[lowest] = 1
    found = report("binary", **parts)
    assert found.warnings["no_gain_over_all"] == (
        "By threshold.costs the best threshold is to act on all: it acts on every row of the holdout, "
        "for which no model is needed. Check threshold.costs, or act on all."
    )
    assert found.metrics["value"]["verdict"].endswith("the baseline and acting on all")


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
    known = rows("regression")
    return fit_intervals(known.y_true, known.predicted, 0.9, 3).to_json()


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


def test_the_number_to_act_on_stands_beside_where_costs_are_known():
    decision = report("regression").decision
    columns = decided_columns(decision, NUMBERS)
    assert list(columns) == [
        "prediction", "prediction_low", "prediction_high", "prediction_quantile",
    ]  # fmt: skip
    # Too little costs four times as much.
    assert (columns["prediction_quantile"] > columns["prediction"]).all()
    limited = decided_columns({**decision, "limits": [0.0, 29.0]}, NUMBERS)
    assert limited["prediction_quantile"].between(0, 29).all()


EVERY = {
    "threshold": (threshold_decision([0, 1]), SCORES),
    "classes": (class_decision(["a", "b", "c"]), CLASSES),
    "intervals": (interval_decision(), NUMBERS),
    "quantiles": (report("regression").decision, NUMBERS),
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
