"""Markdown pages from templates: the environment, and how numbers are written."""

import re
from collections.abc import Callable, Mapping
from math import floor, isnan, log10, nan
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

# An interval has so many digits more, at most, where fewer would not tell its ends apart.
_MORE_DIGITS = 5


def render(
    template: str, filters: Mapping[str, Callable[..., str]] | None = None, **facts: Any
) -> str:
    """Fill a template of this package; a fact that is missing is an error, never a blank.

    Parameters
    ----------
    template : str
        Its file name.
    filters : dict of str to callable, optional
        How the page writes things, beside what every page knows.
    **facts : Any
    """
    environment = Environment(
        loader=PackageLoader("assay.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  (the pages are Markdown)
    )
    environment.filters |= {
        "number": number,
        "percent": percent,
        "interval": interval,
        "count": lambda value: f"{value:,}",
        "cell": cell,
        "code": code,
        "name": name,
        "sentence": sentence,
        "known": known,
        **(filters or {}),
    }
    return environment.get_template(template).render(**facts)


def tidy(text: str) -> str:
    """Return a Markdown page with one blank line between its blocks, and a line break at its end."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def number(value: float, digits: int = 3) -> str:
    """Write a number with so many digits after the point, fewer where there are some before it."""
    return _fixed(value, _digits(value, digits))


def known(value: float | None, digits: int = 3) -> str:
    """Write a number, or a dash where there is none."""
    return "-" if value is None or isnan(value) else number(value, digits)


def percent(value: float, digits: int = 1) -> str:
    """Write a rate as a percentage."""
    return f"{100 * value:.{digits}f}%"


def interval(estimate: Mapping[str, float], digits: int = 3) -> str:
    """Write an estimate's scalars, as in `0.718 [0.690, 0.746]`; the value alone without interval."""
    value = estimate["value"]
    if isnan(estimate.get("ci_low", nan)):
        return number(value, digits)
    told = (value, estimate["ci_low"], estimate["ci_high"])
    value_told, low, high = (_fixed(each, _digits_apart(told, digits)) for each in told)
    return f"{value_told} [{low}, {high}]"


def _digits_apart(told: tuple[float, ...], digits: int) -> int:
    """Return the digits that the largest needs, or more, so that all are told from 0 and from each other.

    So `0.0003 [0.0001, 0.0006]` does not read as `0.000 [0.000, 0.001]`. What only the last bits of a
    number tell apart stays alike.
    """
    fewest, numbers = _digits(max(map(abs, told)), digits), {0.0, *told}
    for more in range(_MORE_DIGITS):
        if len({_fixed(each, fewest + more) for each in numbers}) == len(numbers):
            return fewest + more
    return fewest


def _digits(value: float, digits: int) -> int:
    """Return how many of the digits stand after the point: fewer for large numbers, none from 1,000."""
    whole = floor(log10(abs(value))) if abs(value) >= 1 else 0
    return 0 if whole >= 3 else max(digits - whole, 0)


def _fixed(value: float, digits: int) -> str:
    """Write a number with fixed digits, and nothing as -0."""
    return f"{round(value, digits) + 0.0:,.{digits}f}"


def cell(text: object) -> str:
    """Write a text so that it stays within one cell of a Markdown table."""
    line = re.sub(r"[\r\n]+", " ", str(text))
    # A backslash before a bar would make the bar's own escape a pair of backslashes.
    return re.sub(r"(\\*)\|", r"\1\1\\|", line)


def code(text: object) -> str:
    r"""Write a text as Markdown's code, which shows every character as it is.

    Line breaks and tabs, which it would not show, are written as `\n` and `\t`.
    """
    line = str(text).translate({ord("\n"): r"\n", ord("\r"): r"\r", ord("\t"): r"\t"})
    if not line:
        return '`""`'
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    # One blank on both sides is taken off again.
    blank = " " if line[:1] in ("`", " ") or line[-1:] in ("`", " ") else ""
    return f"{fence}{blank}{line}{blank}{fence}"


# What Markdown may read as a mark: an underscore between letters is none.
_MARKS = re.compile(r"[`*<>&\\|~$\r\n\t]|\]\(|^\s|\s$|(?<![^\W_])_|_(?![^\W_])")


def name(text: object) -> str:
    """Write a name as it is, and as code where Markdown would show another one."""
    return code(text) if _MARKS.search(str(text)) else str(text)


# What Markdown reads as a mark within a line: an angle or an ampersand by itself is none.
_MARKS_OF_TEXT = re.compile(
    r"[`*\\|~$]|<(?=[A-Za-z/!?])|&(?=[#\w])|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])"
)


def sentence(text: object) -> str:
    """Write a text in which names stand, so that Markdown shows each character as it is, in one line."""
    line = " ".join(str(text).split())
    return _MARKS_OF_TEXT.sub(lambda mark: f"&#{ord(mark.group())};", line)
