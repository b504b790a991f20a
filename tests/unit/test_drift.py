"""Distances of two samples, against scipy and by hand."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from assay.drift import (
    PermutedDistance,
    binned_shares,
    category_shares,
    jensen_shannon_distance,
    ks_distance,
    missing_rate_difference,
    population_stability_index,
    total_variation,
    wasserstein_distance,
)

RNG = np.random.default_rng(0)
ONE, OTHER = RNG.integers(0, 20, 300).astype(float), RNG.integers(5, 25, 200).astype(float)


def test_numbers():
    assert ks_distance(ONE, OTHER) == pytest.approx(ks_2samp(ONE, OTHER).statistic)
    assert wasserstein_distance(ONE, ONE + 3) == pytest.approx(3 / ONE.std())
    assert wasserstein_distance(ONE, ONE) == 0
    assert np.isnan(wasserstein_distance(np.ones(5), np.zeros(5)))
    assert np.isnan(ks_distance(np.empty(0), OTHER))


def test_shares():
    reference, current = category_shares(list("aabb"), list("abcc"))
    assert reference.tolist() == [0.5, 0.5, 0]
    assert current.tolist() == [0.25, 0.25, 0.5]
    assert total_variation(reference, current) == 0.5
    assert jensen_shannon_distance(reference, current) == pytest.approx(
        jensenshannon(reference, current, base=2)
    )
    assert jensen_shannon_distance(reference, reference) == 0
    p, q = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    assert population_stability_index(p, q) == pytest.approx(
        0.4 * np.log(0.9 / 0.5) - 0.4 * np.log(0.1 / 0.5)
    )
    assert np.isfinite(population_stability_index(np.array([1.0, 0]), np.array([0, 1.0])))
    assert missing_rate_difference(np.array([True, False]), np.array([True, True])) == 0.5


def test_bins_are_those_of_the_reference():
    reference, current = binned_shares(np.arange(100.0), np.full(10, 1000.0))
    assert reference == pytest.approx(np.full(10, 0.1))
    assert current.tolist() == [0] * 9 + [1]


def test_dealing_rows_gives_the_distances_of_the_samples():
    values = np.r_[ONE, OTHER, np.nan, np.nan]
    side = RNG.permutation(np.arange(len(values)) < 200)
    known = ~np.isnan(values)
    found, gap = PermutedDistance(values, categorical=False).of(side)
    assert found == pytest.approx(ks_distance(values[known & ~side], values[known & side]))
    assert gap == pytest.approx(missing_rate_difference(~known[~side], ~known[side]))
    codes = np.where(known, np.nan_to_num(values), -1).astype(int)
    found, gap_of_codes = PermutedDistance(codes, categorical=True).of(side)
    shares = category_shares(codes[known & ~side], codes[known & side])
    assert found == pytest.approx(total_variation(*shares))
    assert gap_of_codes == gap
