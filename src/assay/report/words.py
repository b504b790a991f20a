"""How the pages of a run name metrics, and write figures within a sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

from assay.report.rendering import interval, percent


def turned(estimate: Mapping[str, float]) -> dict[str, float]:
    """Return an estimate's scalars with the other sign, such as a loss for a gain."""
    told = {"value": -estimate["value"]}
    if "ci_low" in estimate:
        told |= {"ci_low": -estimate["ci_high"], "ci_high": -estimate["ci_low"]}
    return told


def ends(row: Mapping[Any, Any], value: str, low: str, high: str, digits: int = 3) -> str:
    """Write the estimate that stands in three columns of a table's row."""
    return interval({"value": row[value], "ci_low": row[low], "ci_high": row[high]}, digits)


def percent_interval(estimate: Mapping[str, float], digits: int = 1) -> str:
    """Write a rate with its interval, as in `78.4% [76.9%, 79.8%]`."""
    told = percent(estimate["value"], digits)
    if "ci_low" not in estimate:
        return told
    return f"{told} [{percent(estimate['ci_low'], digits)}, {percent(estimate['ci_high'], digits)}]"


def counted(count: int, one: str, more: str | None = None) -> str:
    """Write a count with its noun: `1 warning`, `2,000 warnings`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def listed(parts: Sequence[str]) -> str:
    """Join parts of a sentence: `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
