"""What breaks the model: perturbed features, later rows, rows outside of training."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.evidence import Evidence
from assay.robustness.drops import metric_drops
from assay.robustness.later import Later, later_half
from assay.robustness.support import Support, support_of

# Bars of a plot.
_BARS = 25


@dataclass(frozen=True)
class Robustness:
    """What breaks the model, on the holdout.

    Attributes
    ----------
    drops : DataFrame
        See `metric_drops`.
    later : Later or None
        See `later_half`.
    periods : DataFrame
        See `later_half`.
    support : Support
        See `support_of`.
    metric : str
        The primary metric.
    greater_is_better : bool
        Its direction.
    alpha : float
        The level below which a corrected p-value is beyond chance.
    """

    drops: pd.DataFrame
    later: Later | None
    periods: pd.DataFrame
    support: Support
    metric: str
    greater_is_better: bool
    alpha: float


def examine_robustness(evidence: Evidence) -> Robustness:
    """Perturb the holdout's features, compare its later rows with its earlier ones, and find its rows outside of training."""
    later, periods = later_half(evidence)
    return Robustness(
        metric_drops(evidence),
        later,
        periods,
        support_of(evidence),
        evidence.metric.name,
        evidence.metric.greater_is_better,
        1 - evidence.bootstrap.confidence,
    )


def robustness_json(found: Robustness) -> dict[str, Any]:
    """Return the figures of a metrics file."""
    told: dict[str, Any] = {"applicable": True}
    for kind in ("missing", "noise", "unseen"):
        told[kind] = _drops_json(found.drops[found.drops["perturbation"] == kind])
    told["later"] = _later_json(found)
    told["support"] = _support_json(found.support)
    return told


def plot_table(found: Robustness) -> pd.DataFrame:
    """Return the greatest drops as a table of bars: `perturbation of feature` and `drop`."""
    top = found.drops.sort_values(
        ["drop", "perturbation", "feature"], ascending=[False, True, True]
    ).head(_BARS)
    names = [
        f"{name}: {kind}" for name, kind in zip(top["feature"], top["perturbation"], strict=True)
    ]
    return pd.DataFrame({"perturbation": names, "drop": top["drop"].to_numpy()})


def _drops_json(table: pd.DataFrame) -> dict[str, Any]:
    if table.empty:
        return {"applicable": False}
    top = table.iloc[0]
    return {
        "applicable": True,
        "tried_count": len(table),
        "beyond_chance_count": int(table["beyond_chance"].sum()),
        "worst_feature": str(top["feature"]),
        "worst_drop": {
            "value": float(top["drop"]),
            "ci_low": float(top["ci_low"]),
            "ci_high": float(top["ci_high"]),
        },
    }


def _later_json(found: Robustness) -> dict[str, Any]:
    later = found.later
    if later is None:
        return {"applicable": False}
    return {
        "applicable": True,
        "earlier": later.earlier.to_json(),
        "later": later.later.to_json(),
        "drop": later.drop.to_json(),
        "p_value": later.p_value,
        "worse": bool(later.p_value <= found.alpha and later.drop.value > 0),
        "better": bool(later.p_value <= found.alpha and later.drop.value < 0),
        "slope": later.slope.to_json(),
        **_worst_period(found),
    }


def _worst_period(found: Robustness) -> dict[str, Any]:
    """Return the period with the worst value of the metric; nothing where none has one."""
    table = found.periods
    table = table[~table["period"].str.endswith("half") & table["value"].notna()]
    if table.empty:
        return {}
    sign = 1.0 if found.greater_is_better else -1.0
    row = table.loc[(sign * table["value"]).idxmin()]
    ends = {name: float(row[name]) for name in ("ci_low", "ci_high") if pd.notna(row[name])}
    return {
        "worst_period": {
            "number": int(row["period"]),
            "from": str(row["from"]),
            "to": str(row["to"]),
            "row_count": int(row["n"]),
            "value": float(row["value"]),
            **ends,
        }
    }


def _support_json(support: Support) -> dict[str, Any]:
    told: dict[str, Any] = {"moved_feature_count": len(support.moved)}
    for rule in ("outside", "far"):
        rows = support.table[support.table["rule"] == rule]
        if rows.empty:
            told[rule] = {"applicable": False}
            continue
        row = rows.iloc[0]
        told[rule] = {
            "applicable": True,
            "alarm": bool(row["alarm"]),
            "row_count": int(row["n"]),
        } | {
            name: float(row[name])
            for name in (
                *("rate", "rate_ci_low", "rate_ci_high", "chance_rate"),
                *("loss_there", "loss_elsewhere", "chance_up_to"),
                *(
                    "there",
                    "elsewhere",
                    "excess_loss",
                    "excess_ci_low",
                    "excess_ci_high",
                    "p_adjusted",
                ),
            )
            if pd.notna(row[name])
        }
    return told
