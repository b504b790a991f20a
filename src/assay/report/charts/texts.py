"""Texts of a chart: how wide they are, how they are cut, and how numbers are written."""

import re
import unicodedata
from html import escape
from math import floor, isfinite, log10

# Pixels; the style sheet says the same.
FONT = 13.0
_ELLIPSIS = "…"
# Widths in parts of the font's size, those of a wide face: what a browser has may be narrower.
_NARROW, _LEAN, _BROAD = (
    frozenset("iljI.,:;'|!"),
    frozenset('frt()[]{}/\\-" '),
    frozenset("mwMW%@"),
)
# What XML cannot hold, not even escaped.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def width_of(text: str) -> float:
    """Return the pixels that a text takes, at most."""
    return FONT * sum(map(_width_of_character, text))


def cut(text: str, room: float) -> str:
    """Return a text that fits a width in pixels: its middle is an ellipsis where it does not."""
    if width_of(text) <= room:
        return text
    # The end of a name often tells it from its neighbours.
    for kept in range(len(text) - 1, 1, -1):
        head = (2 * kept + 2) // 3
        short = text[:head].rstrip() + _ELLIPSIS + text[len(text) - (kept - head) :].lstrip()
        if width_of(short) <= room:
            return short
    return _ELLIPSIS


def line_of(text: object) -> str:
    """Return a text as one line that XML can hold, not yet escaped."""
    return " ".join(_ILLEGAL.sub("\N{WHITE SQUARE}", str(text)).split())


def escaped(text: object) -> str:
    """Return a text as XML."""
    return escape(line_of(text))


def number_text(value: float, digits: int = 3) -> str:
    """Write a number with so many digits that count, and all of those before the point.

    Millions and billions have a letter; what is beyond them, or very small, an exponent.
    """
    if not isfinite(value):
        return "-"
    size = abs(value)
    if size and (size < 1e-4 or size >= 1e12):
        return _exponent(value, digits)
    for unit, letter in ((1e9, "bn"), (1e6, "M")):
        if size >= unit:
            return _signed(_stripped(f"{value / unit:,.{max(digits - 1, 0)}f}")) + letter
    before = floor(log10(size)) + 1 if size >= 1 else 0
    if size and size < 0.1:
        before = floor(log10(size)) + 1
    return _signed(f"{value:,.{max(digits - before, 0)}f}")


def percent_text(value: float, decimals: int = 1) -> str:
    """Write a rate as a percentage."""
    return _signed(f"{100 * value:.{decimals}f}") + "%" if isfinite(value) else "-"


def tick_texts(ticks: list[float], step: float, percent: bool = False) -> list[str]:
    """Write the numbers of an axis, all with the digits that their step needs."""
    if percent:
        decimals = _decimals(100 * step)
        return [_signed(f"{100 * tick:,.{decimals}f}") + "%" for tick in ticks]
    largest = max(map(abs, ticks), default=0.0)
    if largest >= 1e12 or step < 1e-4:
        digits = max(1, floor(log10(largest / step)) + 2) if largest else 1
        return [_exponent(tick, digits) for tick in ticks]
    for unit, letter in ((1e9, "bn"), (1e6, "M")):
        if largest >= unit and _decimals(step / unit) <= 3:
            decimals = _decimals(step / unit)
            return [
                f"{_signed(f'{tick / unit:,.{decimals}f}')}{letter}" if tick else "0"
                for tick in ticks
            ]
    return [_signed(f"{tick:,.{_decimals(step)}f}") for tick in ticks]


def _decimals(step: float) -> int:
    """Return the digits after the point that tell the multiples of a step apart."""
    decimals = max(0, -floor(log10(step) + 1e-9))
    # 2.5 has one digit more than 2 and 5.
    return decimals + int(abs(round(step * 10**decimals) - step * 10**decimals) > 1e-6)


def _exponent(value: float, digits: int) -> str:
    """Write a number as a factor and a power of ten."""
    if value == 0:
        return "0"
    factor, power = f"{value:.{max(digits - 1, 0)}e}".split("e")
    return f"{_signed(_stripped(factor))}e{int(power)}"


def _stripped(text: str) -> str:
    """Drop zeros at the end of what is behind the point."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signed(text: str) -> str:
    """Write a minus as a minus, and none before nothing."""
    if not text.startswith("-"):
        return text
    return text[1:] if not text.strip("-0.,") else f"\N{MINUS SIGN}{text[1:]}"


def _width_of_character(character: str) -> float:
    if character in _NARROW:
        return 0.33
    if character in _LEAN:
        return 0.42
    if character in _BROAD:
        return 1.0
    if ord(character) < 128:
        return 0.72 if character.isupper() else 0.64
    if unicodedata.combining(character):
        return 0.0
    return 1.1 if unicodedata.east_asian_width(character) in {"W", "F"} else 0.84
