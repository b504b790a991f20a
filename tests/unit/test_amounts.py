"""Amounts of cost, as the card and the warnings write them."""

import pytest

from assay.decisions.amounts import amount, amount_interval, compared


def scalars(value, low, high):
    return {"value": value, "ci_low": low, "ci_high": high}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (49.75, "50"), (-22626.4, "-22,626"), (9.94, "9.9"), (-1.234, "-1.2"), (0.1234, "0.12"),
        (0.00567, "0.0057"), (0.0, "0"), (-0.0, "0"), (-0.3, "-0.30"), (-10.4, "-10"),
    ],
)  # fmt: skip
def test_no_more_digits_than_are_read(value, written):
    assert amount(value) == written


@pytest.mark.parametrize(
    ("estimate", "written"),
    [
        (scalars(49.75, 23.71, 79.79), "50 [24, 80]"),
        (scalars(2.5, -7.04, 12.2), "2 [-7, 12]"),
        (scalars(-0.2, -3.2, 0.0), "-0.2 [-3.2, 0.0]"),
        (scalars(-0.01, -3.2, 4.0), "0.0 [-3.2, 4.0]"),
        ({"value": 49.75}, "50"),
    ],
)
def test_all_three_figures_have_the_digits_of_the_largest(estimate, written):
    assert amount_interval(estimate) == written


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (scalars(49.75, 23.71, 79.79), "worth 50 [24, 80] more than all"),
        (scalars(-49.75, -79.79, -23.71), "worth 50 [24, 80] less than all"),
        (scalars(-49.75, -79.79, 23.71), "not shown to be worth more than all (-50 [-80, 24])"),
        (scalars(12.0, 0.0, 20.0), "not shown to be worth more than all (12 [0, 20])"),
        (scalars(0.0, 0.0, 0.0), "worth the same as all"),
        ({"value": 12.0}, "not shown to be worth more than all (12)"),
    ],
)
def test_a_gain_is_worded_by_its_sign_and_interval(gain, words):
    assert compared(gain, "all") == words
