"""What the slider of the operating point moves over, as JSON for the page's script."""

from collections.abc import Mapping, Sequence
from math import floor
from typing import Any

import pandas as pd

from assay.costs import OF_CLASSES
from assay.report.facts import ReportFacts
from assay.report.rendering import known, number, percent

_COUNTS = ("true_positive", "false_positive", "false_negative", "true_negative")


def operating_facts(facts: ReportFacts) -> dict[str, Any]:
    """Return the slider's facts: `slider`, or none where there is nothing to choose.

    Parameters
    ----------
    facts : ReportFacts
    """
    makers = {"binary": _thresholds, "multiclass": _confidences, "regression": _coverages}
    return {"slider": makers[facts.schema.task](facts)}


def _thresholds(facts: ReportFacts) -> dict[str, Any] | None:
    """Return the out-of-fold counts of each threshold, from the lowest to the highest."""
    table = facts.tables["operating_points"].sort_values("threshold")
    if table.empty:
        return None
    costs = facts.run["params"]["threshold"]["costs"]
    plain = plain_costs(costs)
    shipped = facts.decision["threshold"]
    # The table rounds nothing, so the shipped threshold is there; the nearest one stands in for it.
    chosen = int((table["threshold"] - shipped).abs().to_numpy().argmin())
    slider: dict[str, Any] = {
        "kind": "threshold",
        "shipped": chosen,
        "thresholds": table["threshold"].tolist(),
        **{name: table[f"{name}_count"].astype(int).tolist() for name in _COUNTS},
        "costs": plain,
        "strategy": facts.decision["strategy"],
    }
    if plain is not None:
        slider |= _gains(table.iloc[chosen].to_dict(), plain)
    if plain is None and table["expected_cost"].notna().all():
        slider["expected_cost"] = table["expected_cost"].tolist()
    return slider


def _gains(point: Mapping[Any, Any], costs: Mapping[str, float]) -> dict[str, float]:
    """Return what a threshold is worth more than acting on none and on all, per 1,000 rows."""
    rows = sum(point[f"{name}_count"] for name in _COUNTS)
    # Who acts on none misses the hits and raises no false alarm; who acts on all lets no row go.
    over_none = point["true_positive_count"] * (costs["false_negative"] - costs["true_positive"])
    over_none -= point["false_positive_count"] * (costs["false_positive"] - costs["true_negative"])
    over_all = point["true_negative_count"] * (costs["false_positive"] - costs["true_negative"])
    over_all -= point["false_negative_count"] * (costs["false_negative"] - costs["true_positive"])
    return {"over_none": 1000 * over_none / rows, "over_all": 1000 * over_all / rows}


def plain_costs(costs: Mapping[str, Any]) -> dict[str, float] | None:
    """Return what the four outcomes cost, if each is a plain number."""
    values = {name: costs[name] for name in OF_CLASSES}
    if any(value is None or isinstance(value, str) for value in values.values()):
        return None
    return {name: float(value) for name, value in values.items()}


def _confidences(facts: ReportFacts) -> dict[str, Any] | None:
    """Return how many rows are decided at each confidence, and how many of these rightly."""
    curve = facts.curves["rejection"]
    if curve.empty:
        return None
    point = facts.metrics["threshold"]["out_of_fold"]
    least = facts.decision["min_confidence"]
    mine = pd.DataFrame(
        {
            "decided_rate": [point["decided_rate"]],
            "accuracy": [point.get("accuracy")],
            "min_confidence": [least],
        }
    )
    # Of all rows that are decided alike, the one that ships is told by its own confidence.
    others = curve[curve["decided_rate"] != point["decided_rate"]]
    table = pd.concat([others, mine.astype(float)]).sort_values("decided_rate", ascending=False)
    return _steps(
        "confidence",
        [
            {
                "at": number(row["min_confidence"]),
                "decided": percent(row["decided_rate"]),
                "undecided": percent(1 - row["decided_rate"]),
                "accuracy": _accuracy(row["accuracy"]),
                # Cut, not rounded, so that this point is accurate enough.
                "accept": None if pd.isna(row["accuracy"]) else floor(1e6 * row["accuracy"]) / 1e6,
            }
            for row in table.to_dict("records")
        ],
        int((table["min_confidence"] == least).to_numpy().argmax()),
    )


def _accuracy(value: float) -> str:
    return "-" if pd.isna(value) else percent(value)


def _coverages(facts: ReportFacts) -> dict[str, Any] | None:
    """Return what intervals of each wanted coverage hold, and how wide they are."""
    curve = facts.curves["coverage"]
    if curve.empty:
        return None
    interval = facts.metrics["threshold"]["interval"]
    wanted = interval["wanted_coverage"]
    mine = pd.DataFrame(
        {
            "wanted_coverage": [wanted],
            "measured_coverage": [interval["holdout_coverage"]["value"]],
            "mean_width": [interval["mean_width"]],
        }
    )
    others = curve[(curve["wanted_coverage"] - wanted).abs() > 1e-9]
    table = pd.concat([others, mine]).sort_values("wanted_coverage")
    return _steps(
        "coverage",
        [
            {
                "at": percent(row["wanted_coverage"], 0),
                "measured": percent(row["measured_coverage"]),
                "width": known(row["mean_width"]),
            }
            for row in table.to_dict("records")
        ],
        int((table["wanted_coverage"] == wanted).to_numpy().argmax()),
    )


def _steps(kind: str, steps: Sequence[Mapping[str, Any]], shipped: int) -> dict[str, Any]:
    """Return a slider whose texts stand ready: the script only shows them."""
    return {"kind": kind, "shipped": shipped, "steps": list(steps)}
