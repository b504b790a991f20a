import numpy as np
import pytest
from sklearn import metrics as reference

from assay.metrics.catalogue import task_metrics


def _decided(function, **settings):
    """A metric of scikit-learn that judges the most probable class."""

    def judged(y_true, y_prob, **further):
        return function(y_true, y_prob.argmax(axis=1), **settings, **further)

    return judged


SKLEARN = {
    "accuracy": _decided(reference.accuracy_score),
    "balanced_accuracy": _decided(reference.balanced_accuracy_score),
    "f1_macro": _decided(reference.f1_score, average="macro"),
    "f1_weighted": _decided(reference.f1_score, average="weighted"),
    "roc_auc_ovr": lambda y, p, **w: reference.roc_auc_score(y, p, multi_class="ovr", **w),
    "log_loss": reference.log_loss,
}


def sample(n=400, classes=4, ties=False, seed=0):
    rng = np.random.default_rng(seed)
    y_prob = rng.dirichlet(np.ones(classes), n)
    y_true = (rng.uniform(size=(n, 1)) > y_prob.cumsum(axis=1)).sum(axis=1)
    if ties:
        y_prob = np.round(4 * y_prob) + 0.5
        y_prob /= y_prob.sum(axis=1, keepdims=True)
    return y_true, y_prob


def test_every_metric_but_the_calibration_error_has_a_reference():
    assert set(SKLEARN) | {"ece"} == set(task_metrics("multiclass"))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", SKLEARN)
def test_unweighted_metrics_are_scikit_learns(name, ties):
    y_true, y_prob = sample(ties=ties)
    ours = task_metrics("multiclass")[name].value(y_true, y_prob)
    assert ours == pytest.approx(SKLEARN[name](y_true, y_prob), rel=1e-12)


@pytest.mark.parametrize("name", sorted(set(SKLEARN) - {"roc_auc_ovr"}))
def test_many_weightings_at_once_are_scikit_learns_one_by_one(name):
    y_true, y_prob = sample()
    weights = np.random.default_rng(1).integers(1, 4, size=(5, len(y_true))).astype(float)
    ours = task_metrics("multiclass")[name].function(y_true, y_prob, weights)
    theirs = [SKLEARN[name](y_true, y_prob, sample_weight=w) for w in weights]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_weighted_auc_is_that_of_repeated_rows():
    """scikit-learn takes no weights for one against the rest."""
    y_true, y_prob = sample()
    counts = np.random.default_rng(1).integers(0, 4, len(y_true))
    rows = np.repeat(np.arange(len(y_true)), counts)
    metric = task_metrics("multiclass")["roc_auc_ovr"]
    ours = metric.function(y_true, y_prob, counts[None].astype(float))[0]
    assert ours == pytest.approx(SKLEARN["roc_auc_ovr"](y_true[rows], y_prob[rows]), rel=1e-12)


def test_a_class_without_rows_counts_in_no_mean():
    y_true, y_prob = sample(classes=3)
    rows = y_true != 2
    metrics = task_metrics("multiclass")
    areas = [reference.roc_auc_score(y_true[rows] == code, y_prob[rows, code]) for code in (0, 1)]
    area = metrics["roc_auc_ovr"].value(y_true[rows], y_prob[rows])
    assert area == pytest.approx(np.mean(areas))
    one_class = y_true == 2
    assert np.isnan(metrics["roc_auc_ovr"].value(y_true[one_class], y_prob[one_class]))
    recalls = [(y_prob[y_true == code].argmax(axis=1) == code).mean() for code in (0, 1)]
    balanced = metrics["balanced_accuracy"].value(y_true[rows], y_prob[rows])
    assert balanced == pytest.approx(np.mean(recalls))


def test_a_class_that_is_never_right_counts_as_zero_in_f1():
    y_true, y_prob = np.array([0, 0, 1]), np.eye(3)[[0, 0, 2]]
    metrics = task_metrics("multiclass")
    assert metrics["f1_macro"].value(y_true, y_prob) == pytest.approx(1 / 3)
    assert metrics["f1_weighted"].value(y_true, y_prob) == pytest.approx(2 / 3)


def test_the_calibration_error_is_that_of_the_highest_probability():
    # Confidence 0.5 is right in one of two rows, 0.8 in both.
    y_prob = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])
    ece = task_metrics("multiclass", ece_bins=10)["ece"]
    assert ece.value(np.array([0, 0, 1, 0]), y_prob) == pytest.approx((0 + 0.2) / 2)


def test_a_probability_of_zero_for_what_happened_is_a_finite_loss():
    loss = task_metrics("multiclass")["log_loss"].value(np.array([2]), np.array([[0.5, 0.5, 0.0]]))
    assert loss == pytest.approx(-np.log(np.finfo(float).eps))
