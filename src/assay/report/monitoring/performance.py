"""Interval marks of the performance beside the holdout's, and of watched slices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.report.charts.axes import Axis
from assay.report.charts.interval import Row, interval_chart
from assay.report.monitoring.words import HOLDOUT_STYLE, metric_name, metric_style
from assay.report.monitoring.written import slice_name
from assay.report.page.marks import Mark, Marks, marks_of
from assay.report.rendering import number

# Slices in the chart.
_SLICES = 20


def has_value(found: Mapping[str, Any] | None) -> bool:
    """Say whether an estimate has a value."""
    return found is not None and found.get("value") is not None


def measured_suffices(result: Mapping[str, Any]) -> bool:
    """Say whether rows enough have outcomes, so that nothing estimated need stand for them.

    Parameters
    ----------
    result : dict
        What `assay.monitoring` found.
    """
    performance = result["performance"]
    if not performance or not performance["judged"]:
        return False
    return has_value(performance["metrics"].get(result["model"]["primary_metric"]))


@dataclass(frozen=True)
class KeyMarks:
    """What was measured and what was estimated, each beside the holdout, on one scale.

    Attributes
    ----------
    measured, estimated : Marks or None
    ends : tuple of (float, str)
        The ends of the scale: their places in percent, and their texts; empty where nothing is drawn.
    """

    measured: Marks | None
    estimated: Marks | None
    ends: tuple[tuple[float, str], ...] = ()


def key_marks(measured: Mapping[str, Any] | None, estimated: Mapping[str, Any] | None) -> KeyMarks:
    """Place the measured value, the estimate and the holdout's on one scale.

    Parameters
    ----------
    measured, estimated : dict or None
        `value`, `ci_low`, `ci_high`, and `holdout` with the same.
    """
    pairs = [_beside_holdout("measured", measured), _beside_holdout("estimated", estimated)]
    every = [each for pair in pairs for each in pair]
    drawn = marks_of(every) if every else None
    if drawn is None:
        return KeyMarks(None, None)
    first = len(pairs[0])
    values = [each[name] for _, each in every for name in ("ci_low", "ci_high")]
    low = min(mark.low for mark in drawn.marks), number(min(values))
    high = max(mark.high for mark in drawn.marks), number(max(values))
    return KeyMarks(_some(drawn.marks[:first]), _some(drawn.marks[first:]), (low, high))


def _some(marks: Sequence[Mark]) -> Marks | None:
    return Marks(marks, None) if marks else None


def _beside_holdout(
    name: str, found: Mapping[str, Any] | None
) -> list[tuple[str, dict[str, float]]]:
    """Return an estimate and the holdout's; nothing where one of them is not known."""
    if not found or not found.get("holdout"):
        return []
    if any(each.get("value") is None for each in (found, found["holdout"])):
        return []
    return [(name, _with_ends(found)), ("holdout", _with_ends(found["holdout"]))]


def _with_ends(found: Mapping[str, Any]) -> dict[str, float]:
    """Return an estimate with ends; one without is a point."""
    value = float(found["value"])
    low, high = (found.get(name) for name in ("ci_low", "ci_high"))
    if low is None or high is None:
        return {"value": value, "ci_low": value, "ci_high": value}
    return {"value": value, "ci_low": float(low), "ci_high": float(high)}


def slices_chart(result: Mapping[str, Any]) -> str:
    """Draw the metric of watched slices beside the holdout's; nothing where none was measured.

    Parameters
    ----------
    result : dict
        What `assay.monitoring` found.
    """
    measured = [each for each in result["slices"] if each["value"] is not None][:_SLICES]
    if not measured:
        return ""
    rows = [
        Row(
            slice_name(each),
            *_ends(each),
            "",
            *_ends(each["holdout"] or {}),
            note=f"n = {each['n']:,}",
        )
        for each in measured
    ]
    metric = measured[0]["metric"]
    return interval_chart(
        rows,
        Axis(metric_name(metric), percent=metric_style(metric) == "percent"),
        title="Watched slices, now and on the holdout",
        description="The metric of each watched slice; the table has the numbers.",
        names=("measured", "holdout"),
        other_style=HOLDOUT_STYLE,
        identifier="chart-slices",
    )


def _ends(found: Mapping[str, Any]) -> tuple[float, float, float]:
    value, low, high = (
        float("nan") if found.get(key) is None else float(found[key])
        for key in ("value", "ci_low", "ci_high")
    )
    return value, low, high
