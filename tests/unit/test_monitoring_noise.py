import numpy as np
import pytest
from scipy import stats

from assay.drift import jensen_shannon_distance
from assay.monitoring.noise import js_p_value, mean_p_value, rate_p_value

ZIPF = 1 / np.arange(1, 31) ** 1.5


def p_values(shares, before, now, draws=2000, references=1):
    """P-values of batches from the shares, against few references, whose simulations are kept."""
    rng = np.random.default_rng(0)
    shares = np.asarray(shares) / np.sum(shares)
    p = rng.multinomial(before, shares, references)[np.arange(draws) % references] / before
    q = rng.multinomial(now, shares, draws) / now
    return np.array(
        [
            js_p_value(jensen_shannon_distance(a, b), a, b, before, now)
            for a, b in zip(p, q, strict=True)
        ]
    )


@pytest.mark.parametrize(("shares", "now"), [
    (np.ones(10), 2000), (np.ones(10), 200), ([0.9, 0.09, 0.01], 200), ([0.97, 0.03], 300), (ZIPF, 60),
])  # fmt: skip
def test_distances_by_chance_have_p_values_no_smaller_than_they_should(shares, now):
    found = p_values(shares, 20_000, now, 300 if now < 100 else 2000)
    for level in (0.05, 0.005):
        most = stats.binom.ppf(0.999, len(found), 1.3 * level)
        assert (found <= level).sum() <= most


def test_p_values_of_dense_bins_are_even():
    found = p_values(np.ones(10), 5000, 2000, references=2000)
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)


def test_a_distance_beyond_chance_has_a_small_p_value_however_far():
    before, now = np.full(10, 0.1), np.r_[np.full(5, 0.08), np.full(5, 0.12)]
    distance = jensen_shannon_distance(before, now)
    found = [js_p_value(distance, before, now, 10_000, n) for n in (50, 500, 5000)]
    assert found[0] > 0.3 and found[2] < 1e-8 and sorted(found, reverse=True) == found


def test_one_category_or_no_rows_is_no_evidence():
    one, two = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert js_p_value(0.0, one, one, 100, 100) == 1
    assert js_p_value(0.3, one, two, 100, 0) == 1


def test_a_wider_spread_makes_the_same_distance_less_rare():
    before, now = np.full(10, 0.1), np.r_[np.full(5, 0.08), np.full(5, 0.12)]
    distance = jensen_shannon_distance(before, now)
    even, uneven = (js_p_value(distance, before, now, 9e4, 3e3, spread=s) for s in (0.0, 2.0))
    assert even < uneven / 10


@pytest.mark.parametrize(("before", "now", "m", "n"), [
    (0.1, 0.12, 2000, 500), (0.95, 0.9, 400, 200), (0.0, 0.02, 1000, 100), (0.3, 0.3, 10, 10),
])  # fmt: skip
def test_rates_are_judged_by_fishers_exact_tail(before, now, m, n):
    table = [[round(now * n), n - round(now * n)], [round(before * m), m - round(before * m)]]
    side = "greater" if now > before else "less"
    expected = min(1.0, 2 * stats.fisher_exact(table, alternative=side)[1])
    assert rate_p_value(before, now, m, n) == pytest.approx(expected if now != before else 1.0)


def test_large_counts_are_judged_by_their_likelihood_ratio():
    rng = np.random.default_rng(0)
    hits = rng.binomial(100_000, 0.3, 2000) / 100_000
    old = rng.binomial(1_000_000, 0.3, 2000) / 1_000_000
    found = [rate_p_value(b, a, 1_000_000, 100_000) for a, b in zip(hits, old, strict=True)]
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=0.017)


def test_effective_rows_of_less_than_one_are_no_evidence():
    assert rate_p_value(0.0, 1.0, 300, 0.4) == 1


def test_means_are_judged_by_students_t():
    expected = 2 * stats.t.sf(0.5 / np.sqrt(1 / 50 + 1 / 400), 49)
    assert mean_p_value(0.5, 1.0, 400, 50) == pytest.approx(expected)
    assert mean_p_value(-0.5, 1.0, 400, 50) == pytest.approx(expected)
    assert mean_p_value(0.0, 0.0, 400, 50) == 1
    assert mean_p_value(0.1, 0.0, 400, 50) == 0
