"""Ids are told from amounts that happen to be all different."""

import numpy as np
import pytest

from assay.checks.identifiers import is_even, is_numeric_id

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("numbers", "is_id"),
    [
        (np.arange(6_000) + 10**6, True),
        (RNG.choice(10**12, 6_000, replace=False), True),
        (RNG.choice(10**6, 6_000, replace=False), True),
        (np.unique(RNG.lognormal(17, 2, 6_000).round()), False),
        (np.unique(RNG.gamma(2, 1e9, 50_000).round())[:20_000:3], False),
    ],
    ids=["running", "random", "without repeats", "revenue", "times between"],
)
def test_rows_by_the_thousand_make_no_id_of_an_amount(numbers, is_id):
    told = is_numeric_id(np.sort(numbers.astype(float)), 0.95)
    assert (told is not None) is is_id


def test_an_even_spread_is_told():
    assert is_even(np.arange(100.0))
    assert not is_even(np.arange(100.0) ** 3)
