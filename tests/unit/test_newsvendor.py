import numpy as np
import pytest

from assay.costs import NumberCosts
from assay.newsvendor import QuantileRule, fit_quantile, quantile_rule_from_json


def same(n, over, under) -> NumberCosts:
    return NumberCosts(np.full(n, float(over)), np.full(n, float(under)))


@pytest.mark.parametrize(("over", "under"), [(1, 1), (1, 4), (9, 1), (0, 1)])
def test_the_quantile_of_a_known_distribution_is_found(over, under):
    """Under / (under + over): Arrow, Harris and Marschak 1951."""
    rng = np.random.default_rng(0)
    n, level = 40_000, under / (under + over)
    y_pred = rng.uniform(0, 10, n)
    y_true = y_pred + rng.uniform(-1, 1, n)
    rule = fit_quantile(y_true, y_pred, same(n, over, under), 4)
    assert rule.level == pytest.approx(level)
    assert np.allclose(rule.shift, 2 * level - 1, atol=0.04)
    assert (y_true <= rule.shifted(y_pred)).mean() == pytest.approx(level, abs=0.001)


def test_the_shift_costs_least_of_all_and_each_bin_has_its_own():
    rng = np.random.default_rng(1)
    y_pred = rng.uniform(0, 10, 4000)
    y_true = y_pred + rng.exponential(1 + y_pred)
    costs = NumberCosts(rng.uniform(0.5, 2, 4000), rng.uniform(1, 6, 4000))
    rule = fit_quantile(y_true, y_pred, costs, 3)
    assert len(rule.shift) == 3
    assert sorted(rule.shift) == list(rule.shift)
    index = np.searchsorted(rule.edges, y_pred, side="right")
    for number, shift in enumerate(rule.shift):
        rows = index == number
        part = NumberCosts(costs.over[rows], costs.under[rows])

        def mean(by, part=part, rows=rows):
            return part.of_predictions(y_true[rows], y_pred[rows] + by).mean()

        tried = [mean(shift + step) for step in np.linspace(-3, 3, 121)]
        assert mean(shift) <= min(tried) + 1e-12


def test_a_column_of_costs_weighs_rows_as_repeated_rows_would():
    rng = np.random.default_rng(2)
    y_pred, repeats = np.full(300, 5.0), rng.integers(1, 5, 300)
    y_true = rng.normal(5, 2, 300)
    weighed = fit_quantile(y_true, y_pred, NumberCosts(repeats * 1.0, repeats * 3.0), 1)
    again = np.repeat(np.arange(300), repeats)
    plain = fit_quantile(y_true[again], y_pred[again], same(len(again), 1, 3), 1)
    assert weighed.shift == plain.shift
    assert weighed.level == plain.level == 0.75


def test_rows_whose_errors_cost_nothing_are_left_about_where_they_are():
    rng = np.random.default_rng(3)
    y_pred = np.repeat([1.0, 9.0], 500)
    y_true = y_pred + rng.normal(size=1000)
    free = NumberCosts(np.where(y_pred < 5, 0.0, 1.0), np.where(y_pred < 5, 0.0, 3.0))
    low, high = fit_quantile(y_true, y_pred, free, 2).shift
    assert abs(low) < 0.2
    assert high == pytest.approx(0.674, abs=0.15)


def test_it_comes_back_from_a_decision_with_the_limits_of_its_intervals():
    rule = QuantileRule(0.8, (5.0,), (1.0, 2.0), (0.0, 8.0))
    back = quantile_rule_from_json({"quantile": rule.to_json(), "limits": [0.0, 8.0]})
    assert back == rule
    assert back.shifted(np.array([-3.0, 1.0, 5.0, 7.0])).tolist() == [0, 2, 7, 8]
