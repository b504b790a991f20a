"""The user's names and labels as texts that a picture can hold. Only pictures shorten them."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

# Longer labels would leave no room for what they label.
_LONGEST = 40
# Stands for a character that the font does not have.
_NO_GLYPH = "\N{WHITE SQUARE}"


def label(text: object, longest: int = _LONGEST) -> str:
    """Return a text as a label: one line, of limited length, every character as it is.

    What the font cannot draw is a square, and the middle of a long text an ellipsis.

    Parameters
    ----------
    text : object
    longest : int
        Characters, at most.
    """
    return _as_plain_text(_shortened(_drawable(str(text)), longest))


def labels(texts: Iterable[object], longest: int = _LONGEST) -> list[str]:
    """Return each text as a label; where several would look the same, they are numbered."""
    drawn = [_drawable(str(text)) for text in texts]
    short = [_shortened(text, longest) for text in drawn]
    repeated, seen = Counter(short), Counter[str]()
    found = []
    for text in short:
        seen[text] += 1
        mark = f" ({seen[text]})" if repeated[text] > 1 else ""
        found.append(_as_plain_text(_shortened(text, longest - len(mark)) + mark))
    return found


def plain_number(value: float, digits: int = 3, sign: str = "") -> str:
    """Return a number in plain digits: so many that count, and all of them before the point.

    Parameters
    ----------
    value : float
    digits : int
    sign : {"", "+"}
        Whether a sign stands before positive ones too.
    """
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:{sign},.0f}"
    return f"{value:{sign}.{digits}g}"


def further_width(drawn: Sequence[str]) -> float:
    """Return the inches that a figure needs on top for labels beside its axes that are long."""
    return 0.08 * max(0, max(map(len, drawn), default=0) - 26)


def _drawable(text: str) -> str:
    """Replace what cannot be drawn, so that no library warns of it."""
    known = _characters()
    characters = []
    for character in text:
        if character.isspace():
            characters.append(" ")
        elif unicodedata.category(character) in {"Cc", "Cf", "Cn", "Co", "Cs"}:
            characters.append(_NO_GLYPH)
        else:
            characters.append(character if ord(character) in known else _NO_GLYPH)
    return "".join(characters)


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    tail = (longest - 1) // 3
    return f"{text[: longest - 1 - tail]}\N{HORIZONTAL ELLIPSIS}{text[-tail:]}"


def _as_plain_text(text: str) -> str:
    """Keep matplotlib from reading a text as a formula, or as a line without a legend."""
    plain = text.replace("$", r"\$")
    return f" {plain}" if plain.startswith("_") else plain


@cache
def _characters() -> frozenset[int]:
    """Return the characters of the font of every figure."""
    from matplotlib import font_manager

    from assay.plots.style import FONT

    path = font_manager.findfont(FONT)
    return frozenset(font_manager.get_font(path).get_charmap())
