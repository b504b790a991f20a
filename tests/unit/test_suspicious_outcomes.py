"""Planted slips of unit and sign are found first, and heavy tails are left alone."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict

from assay.feedback.outcomes import robust_deviations, suspicious_outcomes

NOISE = {
    "normal": lambda rng, n: 8 * rng.normal(size=n),
    "t3": lambda rng, n: 5 * rng.standard_t(3, n),
    "laplace": lambda rng, n: 6 * rng.laplace(size=n),
    "exponential": lambda rng, n: 8 * rng.exponential(size=n),
}


def numbers(rng, n, noise):
    features = rng.normal(size=(n, 3))
    if noise == "lognormal":
        return features, np.exp(3 + 0.5 * features[:, 0] + 0.8 * rng.normal(size=n))
    if noise == "counts":
        return features, rng.poisson(np.exp(0.5 + 0.5 * features[:, 0])).astype(float)
    return features, 100 + 10 * features[:, 0] + NOISE[noise](rng, n)


def out_of_fold(features, outcome):
    return cross_val_predict(Ridge(), features, outcome, cv=5)


@pytest.mark.parametrize("noise", [*NOISE, "lognormal", "counts"])
def test_tails_are_no_errors(noise):
    for seed in range(6):
        features, outcome = numbers(np.random.default_rng(seed), 2000, noise)
        assert not len(suspicious_outcomes(outcome, out_of_fold(features, outcome)))


@pytest.mark.parametrize("noise", ["normal", "t3", "laplace"])
@pytest.mark.parametrize("factor", [10.0, 1000.0, -1.0])
def test_slips_are_listed_first_with_what_explains_them(noise, factor):
    rng = np.random.default_rng(3)
    features, truth = numbers(rng, 2000, noise)
    wrong = rng.uniform(size=2000) < 0.01
    outcome = np.where(wrong, factor * truth, truth)
    found = suspicious_outcomes(outcome, out_of_fold(features, outcome))
    assert wrong[found.rows].mean() >= 0.85
    assert wrong[found.rows].sum() >= 0.9 * wrong.sum()
    assert np.mean(found.factor[wrong[found.rows]] == factor) >= 0.8
    assert (np.diff(np.abs(found.deviation)) <= 0).all()
    assert (np.abs(found.deviation) > found.usual).all()


def test_deviations_are_in_standard_ones_of_the_bin():
    rng = np.random.default_rng(0)
    predicted = rng.uniform(0, 10, 20_000)
    outcome = predicted + rng.normal(size=20_000) * (1 + predicted)
    deviation = robust_deviations(outcome, predicted, np.ones(20_000, dtype=bool))
    for low in (0, 3, 8):
        assert deviation[(predicted > low) & (predicted < low + 2)].std() == pytest.approx(
            1, abs=0.1
        )


def test_few_or_equal_rows_list_nothing():
    assert not len(suspicious_outcomes(np.arange(5.0), np.zeros(5)))
    assert not len(suspicious_outcomes(np.ones(500), np.ones(500)))
