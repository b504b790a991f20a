import json

import numpy as np
import pytest
from mapie.conformity_scores import AbsoluteConformityScore
from mapie.regression import SplitConformalRegressor
from sklearn.base import BaseEstimator, RegressorMixin

from assay.conformal import coverage_of, fit_intervals, interval_rule_from_json
from assay.errors import GateError

TWO_BINS = {
    "coverage": 0.9, "edges": [5.0], "low": [-1.0, -2.0], "high": [1.0, 2.0],
    "limits": [None, None], "rationale": "",
}  # fmt: skip


def normal(rng, y_pred):
    return rng.normal(0, 2, len(y_pred))


def skewed(rng, y_pred):
    return rng.exponential(3, len(y_pred)) - 1


def heteroscedastic(rng, y_pred):
    return rng.normal(0, 0.2 + y_pred, len(y_pred))


def draw(rng, error, n=500):
    y_pred = rng.uniform(0, 10, n)
    return y_pred + error(rng, y_pred), y_pred


@pytest.mark.parametrize("bins", [1, 5])
@pytest.mark.parametrize("error", [normal, skewed, heteroscedastic])
def test_a_90_percent_interval_holds_90_percent_of_new_outcomes(error, bins):
    rng = np.random.default_rng(4)
    held, above, below = [], [], []
    for _ in range(200):
        rule = fit_intervals(*draw(rng, error), 0.9, bins)
        assert len(rule.low) == bins
        y_true, y_pred = draw(rng, error)
        low, high = rule.interval(y_pred)
        above.append((y_true > high).mean())
        below.append((y_true < low).mean())
        held.append(coverage_of(rule, y_true, y_pred)[0])
    assert 0.88 <= np.mean(held) <= 0.92
    # Each end is missed by half of what is left.
    assert 0.04 <= np.mean(above) <= 0.06
    assert 0.04 <= np.mean(below) <= 0.06


def test_bins_hold_the_coverage_also_where_errors_are_large():
    """One width for all is too narrow for large predictions, and too wide for small ones."""
    rng = np.random.default_rng(0)
    rows, fresh = draw(rng, heteroscedastic, 5000), draw(rng, heteroscedastic, 5000)
    large = fresh[1] > 8
    held = [
        coverage_of(fit_intervals(*rows, 0.9, bins), fresh[0][large], fresh[1][large])[0]
        for bins in (1, 5)
    ]
    assert held[0] < 0.8
    assert held[1] == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize(
    ("n", "coverage", "low", "high"),
    [(19, 0.9, 1, 19), (39, 0.9, 2, 38), (99, 0.9, 5, 95), (9, 0.8, 1, 9), (20, 0.9, 1, 20)],
)
def test_the_ends_are_order_statistics_of_the_residuals(n, coverage, low, high):
    """Of n residuals the k-th smallest has a new one below it with probability k / (n + 1)."""
    residual = np.random.default_rng(0).permutation(np.arange(1, n + 1)).astype(float)
    rule = fit_intervals(10 + residual, np.full(n, 10.0), coverage, 1)
    assert (rule.low, rule.high) == ((low,), (high,))
    assert rule.edges == ()
    ends = rule.interval(np.array([100.0]))
    assert [float(end[0]) for end in ends] == [100 + low, 100 + high]


@pytest.mark.parametrize(("coverage", "needed"), [(0.9, 19), (0.8, 9), (0.98, 99), (0.5, 3)])
def test_too_few_rows_are_told_with_the_number_that_is_needed(coverage, needed):
    y_true = np.arange(needed - 1.0)
    with pytest.raises(GateError, match=f"needs at least {needed} out-of-fold rows, got"):
        fit_intervals(y_true, y_true, coverage, 1)
    y_true = np.arange(float(needed))
    assert len(fit_intervals(y_true, y_true, coverage, 5).low) == 1


def test_few_rows_have_fewer_bins():
    rng = np.random.default_rng(0)
    counts = [len(fit_intervals(*draw(rng, normal, n), 0.9, 5).low) for n in (60, 200, 310, 900)]
    assert counts == [1, 2, 3, 5]


def test_predictions_that_are_mostly_zero_stay_in_one_bin():
    rng = np.random.default_rng(0)
    y_pred = np.where(rng.uniform(size=2000) < 0.7, 0.0, rng.gamma(2, 5, 2000))
    y_true = y_pred + rng.normal(0, 0.1 + y_pred / 3)
    rule = fit_intervals(y_true, y_pred, 0.9, 5)
    assert 2 <= len(rule.low) < 5
    assert min(rule.edges) > 0
    at_zero = y_pred == 0
    for rows in (at_zero, ~at_zero):
        assert coverage_of(rule, y_true[rows], y_pred[rows])[0] == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("values", [[3.0], [0.0, 1.0], [0.0, 0.0, 0.0, 0.0, 7.0]])
def test_ties_break_nothing(values):
    """Equal predictions are never cut apart, and every bin has rows."""
    rng = np.random.default_rng(1)
    y_pred = np.tile(values, 1000 // len(values))
    y_true = y_pred + rng.normal(size=len(y_pred))
    rule = fit_intervals(y_true, y_pred, 0.9, 5)
    assert 1 <= len(rule.low) <= len(set(values))
    assert coverage_of(rule, y_true, y_pred)[0] == pytest.approx(0.9, abs=0.02)


def test_a_bin_begins_at_its_edge():
    rule = interval_rule_from_json(TWO_BINS)
    low, high = rule.interval(np.array([4.999, 5.0, -100.0, 100.0]))
    np.testing.assert_allclose(high - low, [2, 4, 2, 4])


def test_a_rule_round_trips_through_json_to_the_last_bit():
    rng = np.random.default_rng(2)
    rule = fit_intervals(*draw(rng, skewed), 0.9, 5)
    content = json.loads(json.dumps(rule.to_json()))
    assert interval_rule_from_json(content) == rule
    assert content["applicable"] is False
    assert content["kind"] == "interval"
    assert content["rationale"].startswith(
        "90% intervals from the residuals of 500 out-of-fold rows, in 5 bins"
    )


def test_the_width_is_the_mean_over_the_rows():
    rule = interval_rule_from_json(TWO_BINS)
    held, width = coverage_of(rule, np.array([1.0, 9.0, 20.0]), np.array([0.0, 7.5, 6.0]))
    assert held == pytest.approx(2 / 3)
    assert width == pytest.approx((2 + 4 + 4) / 3)


def test_coverage_is_that_of_the_limited_intervals():
    """What is reported is what ships: outcomes beyond the limits are not held."""
    rule = interval_rule_from_json({**TWO_BINS, "limits": [0.0, 8.0]})
    low, high = rule.interval(np.array([0.5, 7.0]))
    assert low.tolist() == [0.0, 5.0]
    assert high.tolist() == [1.5, 8.0]
    held, width = coverage_of(rule, np.array([-0.2, 8.5]), np.array([0.5, 7.0]))
    assert held == 0
    assert width == pytest.approx((1.5 + 3) / 2)


class Passing(RegressorMixin, BaseEstimator):
    """Predicts its only feature, so that MAPIE sees the predictions that we see."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return X[:, 0]


@pytest.mark.parametrize("error", [normal, skewed])
@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("rows", [57, 200, 501])
def test_one_bin_gives_the_intervals_of_mapie(rows, coverage, error):
    y_true, y_pred = draw(np.random.default_rng(rows), error, rows)
    signed = AbsoluteConformityScore(sym=False)
    reference = SplitConformalRegressor(
        Passing().fit(None, None), confidence_level=coverage, conformity_score=signed, prefit=True
    ).conformalize(y_pred[:, None], y_true)
    new = np.linspace(0, 10, 7)
    expected = reference.predict_interval(new[:, None])[1][:, :, 0]
    ends = np.column_stack(fit_intervals(y_true, y_pred, coverage, 1).interval(new))
    np.testing.assert_allclose(ends, expected, rtol=0, atol=1e-12)
