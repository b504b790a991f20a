import numpy as np
import pytest
from sklearn import metrics as reference

from assay.metrics.binary import roc_curve
from assay.metrics.catalogue import task_metrics

SKLEARN = {
    "roc_auc": reference.roc_auc_score,
    "average_precision": reference.average_precision_score,
    "log_loss": reference.log_loss,
    "brier": reference.brier_score_loss,
}


def sample(n=400, ties=False, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.uniform(size=n)
    y_true = (rng.uniform(size=n) < score).astype(int)
    return y_true, np.round(score, 1).clip(0.01, 0.99) if ties else score


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", SKLEARN)
def test_unweighted_metrics_are_scikit_learns(name, ties):
    y_true, y_score = sample(ties=ties)
    ours = task_metrics("binary")[name].value(y_true, y_score)
    assert ours == pytest.approx(SKLEARN[name](y_true, y_score), rel=1e-12)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", SKLEARN)
def test_many_weightings_at_once_are_scikit_learns_one_by_one(name, ties):
    y_true, y_score = sample(ties=ties)
    weights = np.random.default_rng(1).integers(0, 4, size=(5, len(y_true))).astype(float)
    ours = task_metrics("binary")[name].function(y_true, y_score, weights)
    theirs = [SKLEARN[name](y_true, y_score, sample_weight=w) for w in weights]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_calibration_error_of_known_gaps():
    # Bin [0, 0.5): mean score 0.2, rate 0.5; bin [0.5, 1]: mean score 0.9, rate 1. Equal sizes.
    y_true = np.array([0, 1, 1, 1])
    y_score = np.array([0.1, 0.3, 0.8, 1.0])
    ece = task_metrics("binary", ece_bins=2)["ece"]
    assert ece.value(y_true, y_score) == pytest.approx((0.3 + 0.1) / 2)


def test_one_class_has_no_auc():
    auc = task_metrics("binary")["roc_auc"]
    assert np.isnan(auc.value(np.ones(5, dtype=int), np.linspace(0, 1, 5)))


def test_a_roc_curve_needs_both_classes():
    with pytest.raises(ValueError, match="both classes"):
        roc_curve(np.zeros(3, dtype=int), np.array([0.1, 0.2, 0.3]))
