"""What picking the best of k by its holdout score flatters, against simulated holdouts."""

import numpy as np
import pytest

from assay.metrics.binary import roc_auc
from assay.uncertainty.selection import best_of_optimism, expected_maximum, standard_error


@pytest.mark.parametrize("count", [2, 5, 30])
def test_the_expected_maximum_is_that_of_simulated_numbers(count):
    drawn = np.random.default_rng(3).normal(size=(200_000, count)).max(axis=1)
    assert expected_maximum(count) == pytest.approx(drawn.mean(), abs=0.01)


def test_known_maxima():
    """Of two: 1 / sqrt(pi); of three: 1.5 / sqrt(pi)."""
    assert expected_maximum(1) == 0
    assert expected_maximum(2) == pytest.approx(1 / np.sqrt(np.pi))
    assert expected_maximum(3) == pytest.approx(1.5 / np.sqrt(np.pi))
    assert expected_maximum(10_000) == pytest.approx(3.851, abs=0.001)


@pytest.mark.parametrize(("shared", "least", "most"), [(0.0, 0.85, 1.15), (0.8, 0.2, 0.7)])
def test_the_best_of_equal_models_is_flattered_by_no_more_than_is_told(shared, least, most):
    """Ten models of one true AUC on 300 simulated holdouts: independent ones, and alike ones."""
    rng = np.random.default_rng(11)
    n, models = 400, 10
    y_true = (rng.uniform(size=(300, n)) < 0.4).astype(int)
    if shared:
        common = np.sqrt(shared) * (rng.normal(size=(300, n, 1)) + y_true[..., None])
        scores = common + np.sqrt(1 - shared) * rng.normal(size=(300, n, models))
    every = np.ones((1, n))

    def area(holdout, k):
        if not shared:
            # Nothing in common: rows of its own.
            y = (rng.uniform(size=n) < 0.4).astype(int)
            return roc_auc(y, y + rng.normal(size=n), every)[0]
        return roc_auc(y_true[holdout], scores[holdout, :, k], every)[0]

    areas = np.array([[area(h, k) for k in range(models)] for h in range(300)])
    flattered = areas.max(axis=1).mean() - areas.mean()
    told = best_of_optimism(models, areas.std(axis=0, ddof=1).mean())
    assert least < flattered / told < most


def test_one_model_is_not_flattered():
    assert best_of_optimism(1, 0.1) == 0


def test_the_error_of_a_known_interval():
    assert standard_error(-1.959964, 1.959964, 0.95) == pytest.approx(1.0, abs=1e-6)
