"""Figures of the metrics files as the page shows them: rounded, and tied to where they come from."""

from collections.abc import Callable, Mapping
from math import isnan
from typing import Any

from markupsafe import Markup

from assay.decisions.amounts import amount, amount_interval
from assay.report.rendering import interval, number, percent

_PARTS = ("value", "ci_low", "ci_high")


class Figures:
    """Writes figures as HTML's `data` elements.

    Each holds the unrounded value, and as `data-figure` its path in the metrics files, so that a reader,
    a script or a test can tell where it comes from.

    Parameters
    ----------
    metrics : dict
        The metrics files by stage, or another document.
    """

    def __init__(self, metrics: Mapping[str, Any]) -> None:
        self._metrics = metrics

    def at(self, path: str) -> Any:
        """Return what stands at a path such as `holdout.model.roc_auc`, or `features.3.psi` in a list."""
        node: Any = self._metrics
        for key in path.split("."):
            node = node[int(key)] if isinstance(node, list) else node[key]
        return node

    def has(self, path: str) -> bool:
        """Say whether a number, a text or more stands at a path."""
        try:
            found = self.at(path)
        except (KeyError, TypeError, IndexError):
            return False
        return found is not None and not (isinstance(found, float) and isnan(found))

    def value(self, path: str, style: str = "number", digits: int | None = None) -> Markup:
        """Write a number, or an estimate's value without its interval."""
        found = self.at(path)
        if isinstance(found, Mapping):
            return self.value(f"{path}.value", style, digits)
        if not _is_number(found):
            return Markup('<span class="none">not defined</span>')
        return _data(path, found, written(found, style, digits))

    def estimate(
        self, path: str, style: str = "number", digits: int | None = None, value_at: str = "value"
    ) -> Markup:
        """Write an estimate with its interval, if it has one; its value may have another name."""
        found = self.at(path)
        if not (_is_number(found.get("ci_low")) and _is_number(found.get(value_at))):
            return self.value(f"{path}.{value_at}", style, digits)
        texts = _estimate_texts({**found, "value": found[value_at]}, style, digits)
        value, low, high = (
            _data(f"{path}.{part}", found[part], text)
            for part, text in zip((value_at, *_PARTS[1:]), texts, strict=True)
        )
        return Markup('{} <span class="interval">[{}, {}]</span>').format(value, low, high)

    def interval(self, path: str, style: str = "number", digits: int | None = None) -> Markup:
        """Write an estimate's interval alone; nothing where it has none."""
        found = self.at(path)
        if not _is_number(found.get("ci_low")):
            return Markup("")
        _, *ends = _estimate_texts(found, style, digits)
        low, high = (
            _data(f"{path}.{part}", found[part], text)
            for part, text in zip(_PARTS[1:], ends, strict=True)
        )
        return Markup('<span class="interval">[{}, {}]</span>').format(low, high)


def written(value: float, style: str, digits: int | None = None) -> str:
    """Write a number in one of the styles: number, percent, amount, count."""
    styles: Mapping[str, Callable[[float], str]] = {
        "number": lambda x: number(x, 3 if digits is None else digits),
        "percent": lambda x: percent(x, 1 if digits is None else digits),
        "amount": amount,
        "count": lambda x: f"{x:,}",
    }
    return styles[style](value)


def _is_number(found: Any) -> bool:
    return isinstance(found, (int, float)) and not isnan(found)


def _data(path: str, value: float, text: str) -> Markup:
    return Markup('<data data-figure="{}" value="{}">{}</data>').format(path, repr(value), text)


def _estimate_texts(found: Mapping[str, float], style: str, digits: int | None) -> list[str]:
    """Return value and both ends, with digits in common."""
    if style == "percent":
        return [written(found[part], style, digits) for part in _PARTS]
    if style == "amount":
        return _three(amount_interval(found))
    return _three(interval(found, 3 if digits is None else digits))


def _three(told: str) -> list[str]:
    """Take `1,234 [1,000, 1,500]` apart."""
    value, ends = told.rstrip("]").split(" [")
    return [value, *ends.split(", ")]
