"""Which batches tell together whether to train again, and what the holdout had in batches so long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from assay.monitoring.by_window import holdout_of, is_short


@dataclass(frozen=True)
class Look:
    """The metric of one batch.

    Attributes
    ----------
    value, error : float
        The error is NaN where it is not known.
    rows : int
    first, last : datetime or None
    """

    value: float
    error: float
    rows: int
    first: datetime | None = None
    last: datetime | None = None

    def overlaps(self, other: "Look") -> bool:
        """Say whether both have rows of one time; batches that only touch do not."""
        mine, others = (self.first, self.last), (other.first, other.last)
        if None in mine or None in others:
            return False
        if mine == others:
            return True
        return self.first < other.last and other.first < self.last  # type: ignore[operator]


def looks_of(
    performance: Mapping[str, Any] | None, history: pd.DataFrame | None, name: str
) -> list[Look]:
    """Return a look at each batch whose metric is known, the latest first."""
    looks = []
    if performance is not None:
        told = performance["metrics"].get(name) or {}
        if told.get("value") is not None:
            times = (_moment(performance.get(each)) for each in ("first_time", "last_time"))
            error = told.get("standard_error")
            looks.append(
                Look(told["value"], np.nan if error is None else error, performance["n"], *times)
            )
    if history is None or not len(history):
        return looks
    same = history[(history["metric"] == name) & history["value"].notna()]
    same = same[same["metric_rows"].fillna(0) > 0]
    return looks + [
        Look(
            float(row["value"]),
            np.nan if row["standard_error"] is None else float(row["standard_error"]),
            int(row["metric_rows"]),
            _moment(row.get("first_time")),
            _moment(row.get("last_time")),
        )
        for row in same.iloc[::-1].to_dict("records")
    ]


def _moment(told: Any) -> datetime | None:
    if told is None or pd.isna(told):
        return None
    return pd.Timestamp(told).to_pydatetime(warn=False)


def pooled(
    looks: list[Look], needed: int, name: str, reference: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the mean of the latest looks, by rows, until there are rows enough.

    Batches of less than half a window are left out, because their metric lacks differences that the
    holdout's has; so is one whose time overlaps with that of a later one: its rows may be the same.

    Parameters
    ----------
    looks : list of Look
        The latest first.
    needed : int
    name : str
        Of the metric.
    reference : dict
        `performance` of the reference.

    Returns
    -------
    dict
        `value`, `standard_error`, `rows`, `batches`, `holdout` and `holdout_error` (what the holdout had
        in batches so long), `holdout_by`, and how many batches were left out: `short`, `overlapping`.
    """
    used, short, overlapping = list[Look](), 0, 0
    for look in looks:
        if sum(each.rows for each in used) >= needed:
            break
        if is_short(reference, look.first, look.last):
            short += 1
        elif any(look.overlaps(each) for each in used):
            overlapping += 1
        else:
            used.append(look)
    rows = sum(look.rows for look in used)
    told: dict[str, Any] = {"rows": rows, "batches": len(used)}
    told |= {"short": short, "overlapping": overlapping}
    if not rows:
        nothing = ("value", "standard_error", "holdout", "holdout_error", "holdout_by")
        return told | dict.fromkeys(nothing)
    shares = np.array([look.rows / rows for look in used])
    errors = np.array([look.error for look in used])
    error = float(np.sqrt(np.sum((shares * errors) ** 2)))
    before = [holdout_of(reference, name, look.first, look.last) for look in used]
    of_holdout = float(np.sum(shares * [figure.standard_error for figure, _ in before]))
    return told | {
        "value": float(np.sum(shares * [look.value for look in used])),
        "standard_error": error if np.isfinite(error) else None,
        "holdout": float(np.sum(shares * [figure.value for figure, _ in before])),
        "holdout_error": of_holdout if np.isfinite(of_holdout) else None,
        "holdout_by": next((cadence for _, cadence in before if cadence), None),
    }
