"""Amounts of cost in words: as many digits as somebody reads who is to decide."""

from collections.abc import Mapping
from math import floor, log10


def amount(value: float) -> str:
    """Write an amount in whole units from 10 on, and with two significant digits below."""
    return _fixed(value, _digits(abs(value)))


def amount_interval(estimate: Mapping[str, float]) -> str:
    """Write an estimate's scalars, as in `50 [24, 80]`; the value alone without an interval."""
    if "ci_low" not in estimate:
        return amount(estimate["value"])
    told = (estimate["value"], estimate["ci_low"], estimate["ci_high"])
    # All three as the largest of them needs.
    digits = _digits(max(map(abs, told)))
    value, low, high = (_fixed(each, digits) for each in told)
    return f"{value} [{low}, {high}]"


def compared(gain: Mapping[str, float], other: str) -> str:
    """Say what a gain is over something else, by its sign, and by whether its interval holds 0.

    Parameters
    ----------
    gain : dict
        The scalars of an estimate.
    other : str
        In words, such as "acting on none".
    """
    low, high = gain.get("ci_low", 0.0), gain.get("ci_high", 0.0)
    if low > 0:
        return f"worth {amount_interval(gain)} more than {other}"
    if high < 0:
        turned = {"value": -gain["value"], "ci_low": -high, "ci_high": -low}
        return f"worth {amount_interval(turned)} less than {other}"
    if gain["value"] == low == high == 0:
        return f"worth the same as {other}"
    return f"not shown to be worth more than {other} ({amount_interval(gain)})"


def _digits(largest: float) -> int:
    return 0 if largest >= 10 or not largest else 1 - floor(log10(largest))


def _fixed(value: float, digits: int) -> str:
    """Write a number with fixed digits, and nothing as -0."""
    return f"{round(value, digits) + 0.0:,.{digits}f}"
