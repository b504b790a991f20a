"""Holdout rows outside what training had, and whether the model fails there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.expected_loss import loss_difference
from assay.metrics.catalogue import row_loss
from assay.metrics.core import FloatArray
from assay.robustness.distance import FAR_RATE, MOST_ROWS, far_from_training, reference_rows
from assay.robustness.outside import BoolArray, outside_by_chance, outside_training
from assay.robustness.perturbed import perturbed_of
from assay.schema import Schema
from assay.uncertainty.bootstrap import IntArray, clusters_of
from assay.uncertainty.estimate import Estimate
from assay.uncertainty.many import holm_adjusted
from assay.uncertainty.paired import metric_estimate
from assay.uncertainty.rates import rate_estimate, wilson_interval

COLUMNS = (
    *("rule", "feature", "reason", "n", "rate", "rate_ci_low", "rate_ci_high"),
    *("chance_rate", "chance_up_to"),
    *("metric", "there", "there_ci_low", "there_ci_high"),
    *("elsewhere", "elsewhere_ci_low", "elsewhere_ci_high"),
    *("loss_there", "loss_elsewhere"),
    *("excess_loss", "excess_ci_low", "excess_ci_high", "p_value", "p_adjusted", "alarm"),
)
# A feature of which more rows than this lie outside has moved as a whole.
_MOVED = 0.5


@dataclass(frozen=True)
class Support:
    """Where the holdout lies outside of what training had.

    Attributes
    ----------
    table : DataFrame
        With `COLUMNS`: the rules `outside` (any value that training had not) and `far` (far from all
        training rows), the counts of each `feature` behind the first, and what `moved`.
    moved : dict of str to float
        Features of which more than half of the holdout's rows lie outside, with their shares. They are
        told here, and make no row outside or far.
    """

    table: pd.DataFrame
    moved: dict[str, float]


def support_of(evidence: Evidence) -> Support:
    """Find the holdout's rows outside of training, and compare their errors with those of the others.

    An alarm needs both: more rows than chance would put there (the interval of their share lies above
    that of the share that training shows), and a greater mean loss there, with a p-value of Holm's
    method for the two rules.
    """
    found = outside_training(evidence.features, evidence.train, evidence.schema)
    moved = _moved(found, len(evidence.holdout))
    found = {key: rows for key, rows in found.items() if key[0] not in moved}
    schema = _without(evidence.schema, set(moved))
    rows = [
        *_judged_rules(evidence, found, schema),
        *_counts(evidence, found),
        *({"rule": "moved", "feature": name, "rate": rate} for name, rate in moved.items()),
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    n = len(evidence.holdout)
    table["n"] = table["n"].fillna((table["rate"] * n).round()).astype("int64")
    table[["feature", "reason"]] = table[["feature", "reason"]].fillna("")
    table["p_adjusted"] = np.nan
    judged = table["p_value"].notna().to_numpy()
    table.loc[judged, "p_adjusted"] = holm_adjusted(table.loc[judged, "p_value"].to_numpy(float))
    table["alarm"] = (
        (table["p_adjusted"] <= 1 - evidence.bootstrap.confidence)
        & (table["excess_loss"] > 0)
        & (table["rate_ci_low"] > table["chance_up_to"])
    ).astype(bool)
    return Support(table, moved)


def _moved(found: dict[tuple[str, str], BoolArray], n: int) -> dict[str, float]:
    outside: dict[str, BoolArray] = {}
    for (name, _), rows in found.items():
        outside[name] = outside.get(name, np.zeros(n, dtype=bool)) | rows
    rates = {name: float(rows.mean()) for name, rows in outside.items()}
    return {name: rate for name, rate in rates.items() if rate > _MOVED}


def _without(schema: Schema, names: set[str]) -> Schema:
    return replace(schema, features=tuple(f for f in schema.features if f.name not in names))


def _judged_rules(
    evidence: Evidence, found: dict[tuple[str, str], BoolArray], schema: Schema
) -> Iterator[dict[str, Any]]:
    n, units = len(evidence.holdout), _new_units(evidence)
    any_outside = np.any([np.zeros(n, dtype=bool), *found.values()], axis=0)
    chance = outside_by_chance(evidence.train, schema, units)
    yield _judged(
        "outside", any_outside, float(chance.mean()), _units_count(units, evidence), evidence
    )
    perturbed = perturbed_of(evidence)
    kept = np.isin(perturbed.source, schema.feature_names)
    rows = reference_rows(len(evidence.train), evidence.task.seed)
    reference = perturbed.transform(evidence.train[evidence.schema.feature_names].iloc[rows])
    far = far_from_training(
        perturbed.matrix[:, kept],
        reference[:, kept],
        None if units is None else units[rows],
        evidence.task.seed,
    )
    if far is not None:
        drawn = min(_units_count(units, evidence), MOST_ROWS)
        yield _judged("far", far, FAR_RATE, drawn, evidence)


def _units_count(units: IntArray | None, evidence: Evidence) -> int:
    """Return how many units of training tell what chance is."""
    return len(evidence.train) if units is None else int(units.max()) + 1


def _new_units(evidence: Evidence) -> IntArray | None:
    """Return the groups of the training rows, if most of the holdout's rows are of others."""
    column = evidence.schema.group_column
    if column is None:
        return None
    old = evidence.holdout.rows[column].isin(set(evidence.train[column]))
    return None if old.mean() > 0.5 else clusters_of(evidence.train, column)


def _judged(
    rule: str, inside: BoolArray, chance: float, drawn: int, evidence: Evidence
) -> dict[str, Any]:
    holdout, plan = evidence.holdout, evidence.bootstrap
    rate = rate_estimate(inside, plan)
    told = {
        "rule": rule,
        "n": int(inside.sum()),
        "rate": rate.value,
        "rate_ci_low": rate.ci_low,
        "rate_ci_high": rate.ci_high,
        "chance_rate": chance,
        "chance_up_to": wilson_interval(chance, drawn, plan.confidence)[1],
        "metric": evidence.metric.name,
    }
    for where, part in (("there", inside), ("elsewhere", ~inside)):
        if part.any():
            value, low, high = _metric(evidence, part)
            told |= {where: value, f"{where}_ci_low": low, f"{where}_ci_high": high}
    loss = row_loss(evidence.task.type, holdout.y_true, holdout.y_predicted)
    if inside.any() and not inside.all():
        told |= {"loss_there": loss[inside].mean(), "loss_elsewhere": loss[~inside].mean()}
    excess = loss_difference(evidence.task.type, holdout, loss, inside, plan)
    if excess is not None:
        told |= {
            "excess_loss": excess.value,
            "excess_ci_low": excess.ci_low,
            "excess_ci_high": excess.ci_high,
            "p_value": excess.p_value,
        }
    return told


def _metric(evidence: Evidence, part: BoolArray) -> tuple[float, float, float]:
    holdout = evidence.holdout
    y_true, predicted = holdout.y_true[part], _rows(holdout.y_predicted, part)
    if not np.isfinite(evidence.metric.value(y_true, predicted)):
        return np.nan, np.nan, np.nan
    found: Estimate = metric_estimate(
        evidence.metric, y_true, predicted, evidence.bootstrap.within(part)
    )
    ends = (found.ci_low, found.ci_high) if found.method else (np.nan, np.nan)
    return found.value, *ends


def _rows(predicted: FloatArray, part: BoolArray) -> FloatArray:
    rows: FloatArray = predicted[part]
    return rows


def _counts(evidence: Evidence, found: dict[tuple[str, str], BoolArray]) -> list[dict[str, Any]]:
    """Return the features that put rows outside, the most frequent first."""
    rows = []
    for (name, reason), inside in found.items():
        rate = rate_estimate(inside, evidence.bootstrap)
        rows.append(
            {
                "rule": "feature",
                "feature": name,
                "reason": reason,
                "n": int(inside.sum()),
                "rate": rate.value,
                "rate_ci_low": rate.ci_low,
                "rate_ci_high": rate.ci_high,
            }
        )
    return sorted(rows, key=lambda row: (-row["n"], row["feature"], row["reason"]))
