"""Interval marks of the performance beside the holdout's, and of watched slices."""

from collections.abc import Mapping
from typing import Any

from assay.report.charts.axes import Axis
from assay.report.charts.interval import Row, interval_chart
from assay.report.page.marks import Marks, marks_of
from assay.report.page.words import metric_title

# Slices in the chart.
_SLICES = 20


def marks_beside_holdout(name: str, found: Mapping[str, Any] | None) -> Marks | None:
    """Return marks of an estimate and of the holdout's; None where one is not known.

    Parameters
    ----------
    name : str
        What the estimate is called.
    found : dict or None
        `value`, `ci_low`, `ci_high`, and `holdout` with the same.
    """
    if not found or not found.get("holdout"):
        return None
    if any(each.get("value") is None for each in (found, found["holdout"])):
        return None
    return marks_of([(name, _with_ends(found)), ("holdout", _with_ends(found["holdout"]))])


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
            str(each["name"]),
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
        Axis(metric_title(metric)),
        title="Watched slices, now and on the holdout",
        description="The metric of each watched slice; the table has the numbers.",
        names=("now", "holdout"),
        identifier="chart-slices",
    )


def _ends(found: Mapping[str, Any]) -> tuple[float, float, float]:
    value, low, high = (
        float("nan") if found.get(key) is None else float(found[key])
        for key in ("value", "ci_low", "ci_high")
    )
    return value, low, high
