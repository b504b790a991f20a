"""What must hold for any rows, shown on rows that Hypothesis makes up."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from assay.conformal import fit_intervals
from assay.costs import RowCosts
from assay.errors import GateError
from assay.metrics.catalogue import task_metrics
from assay.rejection import decide_classes, decided_rates, rejection_curve
from assay.thresholds import Rule, decide, threshold_curve

QUICK = settings(max_examples=60, deadline=None)


@st.composite
def scored_rows(draw):
    n = draw(st.integers(4, 40))
    y_true = draw(arrays(np.int64, n, elements=st.integers(0, 1)))
    assume(0 < y_true.sum() < n)
    grid = draw(arrays(np.int64, n, elements=st.integers(0, 20)))
    return y_true, grid / 20


@st.composite
def classed_rows(draw):
    n, classes = draw(st.integers(3, 30)), draw(st.integers(3, 5))
    y_true = draw(arrays(np.int64, n, elements=st.integers(0, classes - 1)))
    grid = draw(arrays(np.int64, (n, classes), elements=st.integers(1, 6)))
    return y_true, grid / grid.sum(axis=1, keepdims=True)


@st.composite
def numbered_rows(draw):
    n = draw(st.integers(2, 40))
    pair = draw(arrays(np.int64, (2, n), elements=st.integers(-12, 12)))
    return pair[0] / 4, pair[1] / 4


ROWS = {"binary": scored_rows(), "multiclass": classed_rows(), "regression": numbered_rows()}


@pytest.mark.parametrize("task", ROWS)
@QUICK
@given(data=st.data())
def test_weights_equal_repetition(task, data):
    """Also where a metric has no value: then the repeated rows have none either."""
    y_true, predicted = data.draw(ROWS[task])
    counts = data.draw(arrays(np.int64, len(y_true), elements=st.integers(0, 3)))
    repeated = np.repeat(np.arange(len(y_true)), counts)
    assume(len(repeated))
    for metric in task_metrics(task, 5).values():
        weighted = metric.function(y_true, predicted, counts[None].astype(float))[0]
        plain = metric.value(y_true[repeated], predicted[repeated])
        np.testing.assert_allclose(
            weighted, plain, rtol=1e-9, atol=1e-12, err_msg=f"{task} {metric.name}"
        )


@pytest.mark.parametrize("task", ROWS)
@QUICK
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_metrics_do_not_depend_on_the_order_of_rows(task, data, random):
    y_true, predicted = data.draw(ROWS[task])
    order = list(range(len(y_true)))
    random.shuffle(order)
    for metric in task_metrics(task, 5).values():
        np.testing.assert_allclose(
            metric.value(y_true[order], predicted[order]),
            metric.value(y_true, predicted),
            rtol=1e-9,
            atol=1e-12,
            err_msg=metric.name,
        )


_OF_NUMBERS = {
    "mae": reference.mean_absolute_error,
    "rmse": lambda y, p, **w: np.sqrt(reference.mean_squared_error(y, p, **w)),
    "r2": reference.r2_score,
}
_OF_CLASSES = {
    "accuracy": lambda y, p, **w: reference.accuracy_score(y, p.argmax(axis=1), **w),
    "balanced_accuracy": lambda y, p, **w: reference.recall_score(
        y, p.argmax(axis=1), average="macro", labels=np.unique(y), **w
    ),
    "f1_macro": lambda y, p, **w: reference.f1_score(y, p.argmax(axis=1), average="macro", **w),
    "f1_weighted": lambda y, p, **w: reference.f1_score(
        y, p.argmax(axis=1), average="weighted", **w
    ),
    "log_loss": lambda y, p, **w: reference.log_loss(y, p, labels=range(p.shape[1]), **w),
}
_OF_SCORES = {
    "roc_auc": reference.roc_auc_score,
    "average_precision": reference.average_precision_score,
    "log_loss": lambda y, p, **w: reference.log_loss(y, p.clip(0.01, 0.99), **w),
    "brier": reference.brier_score_loss,
}
REFERENCE = {"binary": _OF_SCORES, "multiclass": _OF_CLASSES, "regression": _OF_NUMBERS}


@pytest.mark.parametrize("task", REFERENCE)
@QUICK
@given(data=st.data())
def test_metrics_are_scikit_learns_with_and_without_weights(task, data):
    y_true, predicted = data.draw(ROWS[task])
    if task == "binary":
        predicted = predicted.clip(0.01, 0.99)
    weights = data.draw(arrays(np.int64, len(y_true), elements=st.integers(1, 4))).astype(float)
    metrics = task_metrics(task)
    for name, theirs in REFERENCE[task].items():
        if name == "r2" and np.ptp(y_true) == 0:
            # scikit-learn has a number for what is not defined.
            assert np.isnan(metrics[name].value(y_true, predicted))
            continue
        ours = [
            metrics[name].value(y_true, predicted),
            metrics[name].function(y_true, predicted, weights[None])[0],
        ]
        expected = [theirs(y_true, predicted), theirs(y_true, predicted, sample_weight=weights)]
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-12, err_msg=name)


@QUICK
@given(numbered_rows())
def test_no_metric_of_numbers_divides_by_zero(rows):
    for name, metric in task_metrics("regression").items():
        value = metric.value(*rows)
        has_none = {"mape": not rows[0].any(), "r2": np.ptp(rows[0]) == 0}
        assert np.isnan(value) == has_none.get(name, False), name


@QUICK
@given(classed_rows(), st.floats(0.1, 1))
def test_a_chosen_confidence_is_as_accurate_as_wanted_or_there_is_none(rows, wanted):
    y_true, y_prob = rows
    try:
        chosen = decide_classes(y_true, y_prob, wanted, "case", ("a", "b", "c"))
    except GateError:
        curve = rejection_curve(y_true, y_prob)
        # Fewer than 20 decided rows establish nothing.
        enough = curve.decided_rate * len(y_true) > min(20, len(y_true)) - 0.5
        assert curve.accuracy[enough].max() < wanted
        return
    rates = decided_rates(y_true, y_prob, chosen.min_confidence)
    assert rates["accuracy"] >= wanted
    assert rates["decided_count"] > 0


@QUICK
@given(
    arrays(np.int64, st.integers(3, 200), elements=st.integers(0, 12)),
    st.sampled_from([0.5, 0.8, 0.9]),
    st.integers(1, 6),
    st.integers(0, 1000),
)
def test_intervals_hold_the_rows_that_they_were_fitted_on(y_pred, coverage, bins, seed):
    """However predictions tie: no bin is without rows, and each end misses no more than its half."""
    y_true = y_pred + np.random.default_rng(seed).normal(size=len(y_pred))
    try:
        rule = fit_intervals(y_true, y_pred.astype(float), coverage, bins)
    except GateError:
        assert len(y_pred) < 2 / (1 - coverage)
        return
    assert 1 <= len(rule.low) == len(rule.high) == len(rule.edges) + 1 <= bins
    assert list(rule.edges) == sorted(set(rule.edges))
    low, high = rule.interval(y_pred.astype(float))
    assert (low <= high).all()
    tail = (1 - coverage) / 2
    assert (y_true < low).mean() <= tail
    assert (y_true > high).mean() <= tail


@QUICK
@given(scored_rows())
def test_a_monotone_map_keeps_the_ranking_metrics(rows):
    y_true, score = rows
    metrics = task_metrics("binary", 5)
    for name in ("roc_auc", "average_precision"):
        assert metrics[name].value(y_true, score**3) == metrics[name].value(y_true, score)


def one_and_five(rows) -> RowCosts:
    """Return a cost of 1 for each false alarm and of 5 for each miss."""
    return RowCosts(*(np.full(len(rows[0]), cost) for cost in (1.0, 5.0, 0.0, 0.0)))


@QUICK
@given(scored_rows())
def test_a_higher_threshold_never_flags_more(rows):
    curve = threshold_curve(*rows, one_and_five(rows))
    assert (np.diff(curve.threshold) < 0).all()
    assert (np.diff(curve.recall) >= 0).all()
    assert (np.diff(curve.flagged_rate) > 0).all()


@QUICK
@given(scored_rows(), st.sampled_from(["max_f1", "min_recall", "min_cost"]))
def test_the_chosen_point_does_what_the_curve_says(rows, strategy):
    y_true, score = rows
    costs = one_and_five(rows)
    point = decide(y_true, score, Rule(strategy, 0.5, 0.5, 0.5), "case", (0, 1), costs).out_of_fold
    curve = threshold_curve(y_true, score, costs)
    if strategy == "max_f1":
        np.testing.assert_allclose(point.f1, curve.f1.max())
    elif strategy == "min_cost":
        np.testing.assert_allclose(point.expected_cost, curve.expected_cost.min())
    else:
        assert point.recall >= 0.5
