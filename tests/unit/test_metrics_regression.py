import numpy as np
import pytest
from sklearn import metrics as reference

from assay.metrics.catalogue import task_metrics

METRICS = task_metrics("regression")
SKLEARN = {
    "mae": reference.mean_absolute_error,
    "rmse": lambda y, p, **w: np.sqrt(reference.mean_squared_error(y, p, **w)),
    "r2": reference.r2_score,
    "mape": reference.mean_absolute_percentage_error,
}


def sample(n=401, seed=0):
    rng = np.random.default_rng(seed)
    y_true = rng.normal(1000, 30, n)
    return y_true, y_true + rng.normal(2, 10, n)


@pytest.mark.parametrize("name", SKLEARN)
def test_unweighted_metrics_are_scikit_learns(name):
    y_true, y_pred = sample()
    assert METRICS[name].value(y_true, y_pred) == pytest.approx(
        SKLEARN[name](y_true, y_pred), rel=1e-12
    )


@pytest.mark.parametrize("name", SKLEARN)
def test_many_weightings_at_once_are_scikit_learns_one_by_one(name):
    y_true, y_pred = sample()
    weights = np.random.default_rng(1).integers(0, 4, size=(5, len(y_true))).astype(float)
    ours = METRICS[name].function(y_true, y_pred, weights)
    theirs = [SKLEARN[name](y_true, y_pred, sample_weight=w) for w in weights]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_the_median_error_of_an_odd_count_is_scikit_learns():
    y_true, y_pred = sample(401)
    expected = reference.median_absolute_error(y_true, y_pred)
    assert METRICS["median_absolute_error"].value(y_true, y_pred) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "expected"), [(10, 9), (11, 10), (9, 9), (1, 1), (100, 90)])
def test_p90_is_the_smallest_error_that_nine_in_ten_rows_do_not_exceed(n, expected):
    error = np.arange(1, n + 1).astype(float)
    value = METRICS["p90_absolute_error"].value(np.zeros(n), -error[::-1])
    assert value == expected
    assert (error <= value).mean() >= 0.9
    assert (error < value).mean() < 0.9


def test_outcomes_that_are_all_equal_explain_nothing():
    y_true = np.full(7, 0.1)
    assert np.isnan(METRICS["r2"].value(y_true, np.linspace(0, 1, 7)))
    mixed, weights = np.array([5.0, 5.0, 9.0]), np.array([[3.0, 2.0, 0.0]])
    assert np.isnan(METRICS["r2"].function(mixed, np.array([5.0, 4.0, 9.0]), weights)[0])


def test_r2_survives_outcomes_far_from_zero():
    y_true, y_pred = sample()
    near = METRICS["r2"].value(y_true - 1000, y_pred - 1000)
    assert METRICS["r2"].value(y_true + 1e7, y_pred + 1e7) == pytest.approx(near, rel=1e-6)


def test_mape_leaves_out_the_rows_whose_outcome_is_zero():
    y_true, y_pred = np.array([0.0, 2.0, -4.0]), np.array([5.0, 3.0, -4.0])
    assert METRICS["mape"].value(y_true, y_pred) == pytest.approx((0.5 + 0) / 2)
    assert np.isnan(METRICS["mape"].value(np.zeros(3), y_pred))


def test_smape_lies_between_zero_and_two_and_is_zero_where_both_are():
    smape = METRICS["smape"]
    assert smape.value(np.zeros(3), np.zeros(3)) == 0
    assert smape.value(np.array([1.0]), np.array([-1.0])) == 2
    assert smape.value(np.array([0.0, 3.0]), np.array([0.0, 1.0])) == pytest.approx(0.5)


def test_bias_is_positive_where_the_model_predicts_too_much():
    bias = METRICS["bias"]
    assert bias.value(np.array([1.0, 2.0]), np.array([2.0, 4.0])) == 1.5
    assert bias.value(np.array([2.0, 4.0]), np.array([1.0, 2.0])) == -1.5


def test_a_gain_in_bias_is_one_in_distance_to_zero():
    bias = METRICS["bias"]
    assert bias.gain(-0.1, than=0.5) == pytest.approx(0.4)
    assert bias.gain(0.5, than=-0.1) == pytest.approx(-0.4)
    assert bias.gain(-0.5, than=0.5) == 0
