"""Markdown pages from templates: the environment, and how numbers are written."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, **facts: Any) -> str:
    """Fill a template of this package; a fact that is missing is an error, never a blank."""
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
    }
    return environment.get_template(template).render(**facts)


def number(value: float, digits: int = 3) -> str:
    """Write a number with fixed digits."""
    return f"{value:.{digits}f}"


def percent(value: float, digits: int = 1) -> str:
    """Write a rate as a percentage."""
    return f"{100 * value:.{digits}f}%"


def interval(estimate: Mapping[str, float], digits: int = 3) -> str:
    """Write an estimate's scalars, as in `0.718 [0.690, 0.746]`; the value alone without interval."""
    if "ci_low" not in estimate:
        return f"{estimate['value']:.{digits}f}"
    value, low, high = (estimate[key] for key in ("value", "ci_low", "ci_high"))
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def cell(text: object) -> str:
    """Write a text so that it stays within one cell of a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ")
