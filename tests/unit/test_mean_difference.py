"""Differences of means, and p-values from resamples, against scipy."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from assay.uncertainty.mean_difference import mean_difference
from assay.uncertainty.resampled_p import resampled_p_value

RNG = np.random.default_rng(0)
VALUES = np.r_[RNG.normal(0.5, 2, 80), RNG.normal(0, 1, 300)]
INSIDE = np.arange(380) < 80


def test_independent_rows_are_nearly_welchs_test():
    found = mean_difference(VALUES, INSIDE, None, 0.95)
    expected = ttest_ind(VALUES[INSIDE], VALUES[~INSIDE], equal_var=False)
    assert found.value == pytest.approx(VALUES[INSIDE].mean() - VALUES[~INSIDE].mean())
    assert found.p_value == pytest.approx(expected.pvalue, rel=0.1)
    interval = expected.confidence_interval(0.95)
    assert (found.ci_low, found.ci_high) == pytest.approx((interval.low, interval.high), rel=0.05)


def test_copies_of_rows_add_nothing_where_they_are_a_group():
    once = mean_difference(VALUES, INSIDE, None, 0.95)
    groups = np.tile(np.arange(380), 3)
    thrice = mean_difference(np.tile(VALUES, 3), np.tile(INSIDE, 3), groups, 0.95)
    assert thrice.p_value == pytest.approx(once.p_value)
    alone = mean_difference(np.tile(VALUES, 3), np.tile(INSIDE, 3), None, 0.95)
    assert alone.p_value < once.p_value / 2


def test_no_difference_is_told_as_often_as_stated():
    rejected = 0
    for _ in range(400):
        values, inside = RNG.exponential(size=300), RNG.uniform(size=300) < 0.15
        rejected += mean_difference(values, inside, None, 0.95).p_value <= 0.05
    assert rejected <= 35


def test_what_cannot_be_told_has_the_p_value_1():
    one = np.arange(5) < 1
    assert mean_difference(np.arange(5.0), one, None, 0.95).p_value == 1
    assert mean_difference(np.ones(6), np.arange(6) < 3, None, 0.95).p_value == 1
    assert resampled_p_value(np.nan, np.ones(5), 10) == 1
    assert resampled_p_value(0.0, np.zeros(5), 10) == 1


def test_a_p_value_of_resamples_can_be_smaller_than_one_of_their_number():
    resamples = 1 + 0.1 * RNG.normal(size=200)
    assert resampled_p_value(1.0, resamples, 500) < 1e-10
    assert resampled_p_value(0.1, resamples - 0.9, 500) == pytest.approx(0.32, abs=0.08)
