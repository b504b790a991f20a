"""How figures are written in what is said of a batch."""

from collections.abc import Sequence

# Digits beyond which two numbers are no longer told apart.
_MOST_DIGITS = 6


def percent(rate: float) -> str:
    """Return a share of rows in percent; what is not none is never told as none."""
    return f"{rate:.1%}" if rate == 0 or abs(rate) >= 0.0005 else "less than 0.1%"


def points(difference: float) -> str:
    """Return a difference of two shares, in percentage points."""
    size = 100 * abs(difference)
    told = f"{size:.0f}" if size >= 9.95 else f"{size:.2g}"
    return f"{told} {'point' if told == '1' else 'points'}"


def number(value: float, digits: int = 3) -> str:
    """Return a number with a few digits that count; of large ones, all before the point."""
    if abs(value) >= 10 ** (digits - 1) and abs(value) < 1e9:
        return f"{value:,.{max(0, digits - len(str(int(abs(value)))))}f}"
    return f"{value:.{digits}g}"


def apart(now: float, before: float) -> tuple[str, str]:
    """Return two numbers with as many digits as it takes to tell them apart."""
    for digits in range(3, _MOST_DIGITS):
        told = number(now, digits), number(before, digits)
        if told[0] != told[1]:
            return told
    return number(now, _MOST_DIGITS), number(before, _MOST_DIGITS)


def joined(parts: Sequence[str]) -> str:
    """Join parts of a sentence: `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
