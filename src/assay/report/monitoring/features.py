"""The features of a batch, those that moved furthest first, and how they are spread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assay.report.charts.axes import Axis
from assay.report.charts.pair import Pair, pair_chart
from assay.report.monitoring.findings import EffectBar, effect_bar
from assay.report.monitoring.written import cannot_alarm

# Rows of the table that are shown, those that are folded, and features with a chart.
SHOWN, FOLDED, CHARTED = 50, 150, 8
_GRAVITY = ("fine", "not judged", "warning", "alarm")
_MOVED = _GRAVITY[2:]
# Bars of a chart, at most.
_BARS = 16


@dataclass(frozen=True)
class FeatureRow:
    """A feature in the table.

    Attributes
    ----------
    path : str
        Where its facts stand in the result.
    facts : dict
    level : str
        The gravest of its checks.
    reach : float
        How many times its limit the furthest of its effects is.
    findings : sequence of dict
        Its checks that are not fine.
    chart : str
        Of its distribution, before and now; empty where none is drawn.
    bar : EffectBar or None
        Of the distance beside its limits.
    levels : dict of str to str
        By measure, of its checks that are not fine.
    cannot_alarm : bool
        Whether no distance reaches the alarm.
    """

    path: str
    facts: Mapping[str, Any]
    level: str
    reach: float
    findings: Sequence[Mapping[str, Any]]
    chart: str = ""
    bar: EffectBar | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    cannot_alarm: bool = False


def feature_rows(result: Mapping[str, Any]) -> list[FeatureRow]:
    """Return the features, the gravest first, then those furthest beyond or nearest to their limit.

    Parameters
    ----------
    result : dict
        What `assay.monitoring` found.
    """
    checks: dict[str, list[Mapping[str, Any]]] = {}
    for check in result["checks"]:
        if check["area"] == "inputs":
            checks.setdefault(check["subject"], []).append(check)
    rows = [
        _row(place, facts, checks.get(facts["name"], []))
        for place, facts in enumerate(result["features"])
    ]
    rows.sort(key=lambda row: (-_GRAVITY.index(row.level), -row.reach, row.facts["name"]))
    return [
        replace(row, chart=_chart(row, place)) if place < CHARTED else row
        for place, row in enumerate(rows)
    ]


def moved_features(result: Mapping[str, Any]) -> set[str]:
    """Return the names of features of which any check is not fine.

    Parameters
    ----------
    result : dict
        What `assay.monitoring` found.
    """
    told = {each["name"] for each in result["features"] if each["level"] in _MOVED}
    found = {each["subject"] for each in result["findings"] if each["area"] == "inputs"}
    return told | found & {each["name"] for each in result["features"]}


def _row(place: int, facts: Mapping[str, Any], checks: Sequence[Mapping[str, Any]]) -> FeatureRow:
    distance = {**facts, "effect": facts["js_distance"], "measure": "js_distance"}
    asked = [distance, *checks]
    level = max((_known(each["level"]) for each in asked), key=_GRAVITY.index)
    findings = [check for check in checks if check["level"] != "fine"]
    known = facts["js_distance"] is not None and facts["warn_from"] is not None
    return FeatureRow(
        f"features.{place}",
        facts,
        level,
        max(map(_reach, asked)),
        findings,
        bar=effect_bar(distance) if known else None,
        levels={check["measure"]: check["level"] for check in findings},
        cannot_alarm=known and cannot_alarm(distance),
    )


def _known(level: str | None) -> str:
    """Return a level; what has none raised nothing."""
    return level if level in _GRAVITY else "fine"


def _reach(check: Mapping[str, Any]) -> float:
    effect, limit = check["effect"], check["warn_from"]
    return 0.0 if effect is None or not limit else float(effect) / float(limit)


def _chart(row: FeatureRow, place: int) -> str:
    return shares_chart(row.facts["bins"], row.facts["name"], f"chart-feature-{place}")


def shares_chart(bins: Sequence[Mapping[str, Any]], name: str, identifier: str) -> str:
    """Draw the shares of rows in bins, before and now; nothing where there is no bin.

    Parameters
    ----------
    bins : sequence of dict
        `label`, `before` and `now`.
    name : str
        Of what they are.
    identifier : str
        Unique in the page.
    """
    if not bins:
        return ""
    return pair_chart(
        [Pair(str(one["label"]), _number(one["before"]), _number(one["now"])) for one in bins[:_BARS]],
        Axis("Share of rows", percent=True),
        title=f"{name}: before and now",
        description="The share of rows in each bin, in what the model learnt from and in this batch.",
        identifier=identifier,
    )  # fmt: skip


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
