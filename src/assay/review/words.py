"""How a comment writes things: names and values that GitHub must show as they are, and differences."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assay.report.rendering import cell, code, interval, number, sentence
from assay.review.changes import ABSENT

_LONGEST = 160
# GitHub reads these as a person and as an issue, outside of code.
_LINKS = re.compile(r"@(?=\w)|(?<!&)#(?=\d)")


def shown(value: Any) -> str:
    """Write a value of params or metrics as code, shortened if it is long."""
    if value is ABSENT:
        return "(not there)"
    if value is None:
        text = "null"
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, float):
        text = f"{value:.6g}"
    else:
        text = str(value)
    return code(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def prose(text: object) -> str:
    """Write somebody's text so that it is shown as it is, and names no person and no issue."""
    return _LINKS.sub(lambda mark: f"{mark.group()}<!-- -->", sentence(text))


def told(estimate: Any, digits: int = 3) -> str:
    """Write an estimate, a number, a text or a dash."""
    if isinstance(estimate, Mapping):
        return interval(estimate, digits) if "value" in estimate else "-"
    if estimate is ABSENT or estimate is None:
        return "-"
    if isinstance(estimate, bool):
        return "yes" if estimate else "no"
    if isinstance(estimate, int):
        return f"{estimate:,}"
    return number(estimate, digits) if isinstance(estimate, float) else prose(estimate)


def value_of(estimate: Any) -> float | None:
    """Return the number of an estimate, or None."""
    found = estimate.get("value") if isinstance(estimate, Mapping) else estimate
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if is_number else None  # type: ignore[arg-type]


def difference(old: Any, new: Any, digits: int = 3) -> str:
    """Write the difference of two estimates, numbers or texts; empty where one is missing."""
    if old == new:
        return "same"
    before, after = value_of(old), value_of(new)
    if before is None or after is None:
        return "" if ABSENT in (old, new) or None in (old, new) else "changed"
    gap = after - before
    if gap == 0:
        return "same"
    if isinstance(old, int) and isinstance(new, int):
        return f"{new - old:+,}"
    for more in range(digits, digits + 4):
        text = number(gap, more)
        if text.strip("-0.,"):
            return text if gap < 0 else f"+{text}"
    return f"{gap:+.1g}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; cells are Markdown already."""
    lines = [list(header), ["---"] * len(header), *rows]
    return [f"| {' | '.join(cell(text) for text in row)} |" for row in lines]


def listed(names: Sequence[str], most: int = 6) -> str:
    """Write names as code, and how many there are beyond the first."""
    first = ", ".join(code(name) for name in names[:most])
    return first if len(names) <= most else f"{first} and {len(names) - most:,} more"
