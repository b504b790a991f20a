"""What picking the best of k by its holdout score flatters, against simulated holdouts."""

import numpy as np
import pytest

from assay.metrics.binary import roc_auc
from assay.uncertainty.selection import (
    best_of_optimism,
    expected_maximum,
    score_correlation,
    standard_error,
)


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


def test_the_best_of_equal_models_is_flattered_by_what_is_told():
    """Ten models of one true AUC, which share most of their scores, on 300 simulated holdouts."""
    rng = np.random.default_rng(11)
    n, models, shared = 400, 10, 0.8
    y_true = (rng.uniform(size=(300, n)) < 0.4).astype(int)
    common = rng.normal(size=(300, n, 1)) + y_true[..., None]
    own = rng.normal(size=(300, n, models))
    scores = np.sqrt(shared) * common + np.sqrt(1 - shared) * own
    every = np.ones((1, n))
    areas = np.array(
        [
            [roc_auc(y, s[:, k], every)[0] for k in range(models)]
            for y, s in zip(y_true, scores, strict=True)
        ]
    )
    flattered = areas.max(axis=1).mean() - areas.mean()
    error = areas.std(axis=0, ddof=1).mean()
    gain = (areas[:, 0] - areas[:, 1]).std(ddof=1)
    correlation = score_correlation(error, error, gain)
    assert 0.5 < correlation < 0.95
    assert best_of_optimism(models, error, correlation) == pytest.approx(flattered, rel=0.1)
    assert best_of_optimism(models, error, 0.0) > 1.5 * flattered


def test_one_model_or_equal_ones_flatter_nothing():
    assert best_of_optimism(1, 0.1, 0.0) == 0
    assert best_of_optimism(50, 0.1, 1.0) == 0
    assert best_of_optimism(50, 0.1, -0.5) == best_of_optimism(50, 0.1, 0.0)


def test_correlation_and_error_of_known_scores():
    assert score_correlation(2.0, 1.0, np.sqrt(5 - 2 * 0.3 * 2)) == pytest.approx(0.3)
    assert score_correlation(1.0, 0.0, 1.0) == 0
    assert standard_error(-1.959964, 1.959964, 0.95) == pytest.approx(1.0, abs=1e-6)
