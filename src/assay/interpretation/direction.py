"""Does the model move as it is known to be right? Partial dependence against `expected_direction`."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.interpretation.partial_dependence import PartialDependence
from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import IntArray, clusters_of
from assay.uncertainty.many import holm_adjusted, zero_mean_p_value

COLUMNS = [
    *("feature", "expected", "verdict", "meaning", "net_change", "curve_range"),
    *("reversal_from", "reversal_to", "reversal", "reversal_share", "rows_against"),
    *("outcome_change", "outcome_p_value", "outcome"),
]
AS_EXPECTED, MOSTLY, AGAINST = "as expected", "mostly as expected", "against what is expected"
ROUGH, NO_EFFECT, NOT_JUDGED = "as expected, but rough", "no effect", "not judged"
UNSURE = "no sure effect"
# What somebody should look at.
OPEN = (MOSTLY, AGAINST)
# The curve is averaged over blocks of about as many training rows each.
_BLOCKS = 8
# A stretch against the expectation that is a smaller part of the range is not told. By itself a larger
# one is no alarm: boosted trees have such stretches on clean data (docs/interpretation.md).
TOLERANCE = 0.15
# A curve whose range is a smaller part of the spread of predictions does nothing.
_FLAT = 0.02
_LEVEL = 0.05


def judge_directions(
    evidence: Evidence, found: PartialDependence, useful: Collection[str] = ()
) -> pd.DataFrame:
    """Compare the curve of each feature of `interpret.expected_direction` with what is expected.

    Parameters
    ----------
    evidence : Evidence
    found : PartialDependence
        Has the curves of these features.
    useful : collection of str
        The features that are shown to matter. The curve of any other one, whose outcomes do not go the
        same way, may be the noise of a fit.

    Returns
    -------
    DataFrame
        By feature, in the order of the params: `expected`, `verdict`, `meaning`; `net_change` of the
        curve from its first point to its last, and `curve_range`; the largest stretch against the
        expectation, of the curve averaged over eight blocks of training rows, from value
        `reversal_from` to `reversal_to`, by `reversal` (0 and nulls where there is none), which is
        `reversal_share` of the range; `rows_against`, the share of rows whose own net change is against
        it; and in the stretch the outcomes of training rows: `outcome_change` (above 0: as expected;
        the mean of its upper half less that of its lower half), `outcome_p_value` (of no change,
        corrected for all stretches that could have been the largest, and for all features by Holm)
        and `outcome` in words.
    """
    features = {feature.name: feature.kind for feature in evidence.schema.features}
    rows: list[dict[str, Any]] = []
    for name, expected in evidence.params.expected_direction.items():
        row: dict[str, Any] = {"feature": name, "expected": expected}
        if features.get(name) != "numeric" or evidence.schema.task == "multiclass":
            reason = "there are more than two classes" if name in features else "it is no feature"
            reason = "it is no number" if features.get(name) == "categorical" else reason
            row |= {"verdict": NOT_JUDGED, "meaning": f"not judged, because {reason}"}
        else:
            row |= _judged(evidence, found, name, 1.0 if expected == "increasing" else -1.0)
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    tested = table["outcome_p_value"].notna().to_numpy()
    if tested.any():
        p_values = holm_adjusted(table.loc[tested, "outcome_p_value"].to_numpy(dtype=float))
        table.loc[tested, "outcome_p_value"] = p_values
    told = [_told(row, row.feature in useful) for row in table.itertuples(index=False)]
    for number, column in enumerate(("verdict", "meaning", "outcome")):
        table[column] = pd.Series([each[number] for each in told], dtype=object)
    return table


def _judged(evidence: Evidence, found: PartialDependence, name: str, sign: float) -> dict[str, Any]:
    points = found.of(name)
    points = points[points["value"].notna().to_numpy()]
    values = points["value"].to_numpy(dtype=float)
    mean = sign * points["mean"].to_numpy(dtype=float)
    if len(values) < 2:
        return {"verdict": NOT_JUDGED, "meaning": "not judged, because it has one value"}
    share = points["row_share"].to_numpy(dtype=float)
    block = blocks(share)
    weight: FloatArray = np.bincount(block, share).astype(float)
    smooth = np.bincount(block, share * mean) / weight
    spread = float(np.ptp(mean))
    start, end, drop = largest_drop(smooth)
    row: dict[str, Any] = {
        "verdict": AS_EXPECTED,
        "net_change": sign * float(mean[-1] - mean[0]) + 0.0,
        "curve_range": spread,
        "reversal": drop,
        "reversal_share": drop / spread if spread > 0 else 0.0,
        "rows_against": _rows_against(found, name, len(values), sign),
    }
    if drop > 0:
        first, last = values[block == start][0], values[block == end][-1]
        row |= {"reversal_from": first, "reversal_to": last}
    if spread <= _FLAT * float(np.std(evidence.holdout.y_predicted)):
        row["verdict"] = NO_EFFECT
    elif _trend(smooth, weight) <= 0:
        row["verdict"] = AGAINST
    elif row["reversal_share"] > TOLERANCE:
        row["verdict"] = ROUGH
    if row["verdict"] in (AGAINST, ROUGH) and drop > 0:
        stretches = len(smooth) * (len(smooth) - 1) / 2
        row |= _outcomes(evidence, name, first, last, sign, stretches)
    return row


def blocks(share: FloatArray) -> IntArray:
    """Return the block of each point, from 0 on: eight of about as many training rows each."""
    total = float(share.sum())
    middle = np.cumsum(share) - share / 2
    place = np.minimum((_BLOCKS * middle / total).astype(int), _BLOCKS - 1) if total > 0 else None
    number = np.arange(len(share)) if place is None else place
    found: IntArray = np.unique(number, return_inverse=True)[1].astype("int64")
    return found


def _trend(smooth: FloatArray, weight: FloatArray) -> float:
    """Return the slope of a curve over the ranks of training rows."""
    rank = np.cumsum(weight) - weight / 2
    off = rank - np.average(rank, weights=weight)
    return float(np.sum(weight * off * smooth))


def largest_drop(mean: FloatArray) -> tuple[int, int, float]:
    """Return from where to where a curve falls most, in one stretch, and by how much (0: never)."""
    highest = np.maximum.accumulate(mean)
    end = int(np.argmax(highest - mean))
    start = int(np.flatnonzero(mean[: end + 1] == highest[end])[-1])
    return start, end, float(highest[end] - mean[end])


def _rows_against(found: PartialDependence, name: str, count: int, sign: float) -> float:
    """Return the share of rows whose prediction ends on the wrong side of where it starts."""
    lines = found.lines[(found.lines["feature"] == name).to_numpy()]
    lines = lines[lines["value"].notna().to_numpy()]
    each = lines["prediction"].to_numpy(dtype=float).reshape(-1, count)
    return float(np.mean(sign * (each[:, -1] - each[:, 0]) < 0)) if len(each) else 0.0


def _outcomes(
    evidence: Evidence, name: str, start: float, end: float, sign: float, stretches: float
) -> dict[str, Any]:
    """Return how outcomes of training rows change over a stretch, one of many that it could be."""
    column = evidence.train[name].to_numpy(dtype=float)
    inside = (column >= min(start, end)) & (column <= max(start, end))
    if inside.sum() < 30 or np.ptp(column[inside]) == 0:
        return {}
    target = sign * evidence.train[evidence.schema.target].to_numpy(dtype=float)[inside]
    x = column[inside]
    upper = x > np.median(x)
    upper = x >= np.median(x) if not upper.any() else upper
    share = upper.mean()
    if not 0 < share < 1:
        return {}
    # Its mean is the difference of the halves' means, and rows of a group are summed.
    half = np.where(upper, 1 / share, -1 / (1 - share))
    middle = np.where(upper, target[upper].mean(), target[~upper].mean())
    change = float(target[upper].mean() - target[~upper].mean())
    clusters = clusters_of(evidence.train, evidence.schema.group_column)
    kept = None if clusters is None else np.unique(clusters[inside], return_inverse=True)[1]
    p_value = zero_mean_p_value(half * (target - middle) + change, kept)
    return {"outcome_change": change, "outcome_p_value": min(1.0, stretches * p_value)}


def _told(row: Any, useful: bool) -> tuple[str, str, str | None]:
    """Return the verdict, what it means, and what outcomes say."""
    stretch = f"from {row.reversal_from:g} to {row.reversal_to:g} by {row.reversal:.3g}"
    stretch = f"{stretch} ({row.reversal_share:.0%} of its range)"
    sure = row.outcome_p_value < _LEVEL
    same = sure and row.outcome_change < 0
    outcome = None
    if not pd.isna(row.outcome_p_value):
        outcome = "outcomes of training rows do not show it"
        if sure:
            way = "the other way there, too" if same else "as expected there"
            outcome = f"outcomes of training rows go {way}"
    if row.verdict == AGAINST:
        said = f"the curve goes the other way, most {stretch}"
        if not (useful or same):
            unsure = "it is not shown to matter, so that this may be the noise of the fit"
            return UNSURE, f"{said}; {unsure}", outcome
        return AGAINST, f"{said}; {outcome}" if outcome else said, outcome
    if row.verdict == ROUGH and same:
        return MOSTLY, f"over all as expected, but the other way {stretch}; {outcome}", outcome
    if row.verdict == ROUGH:
        noise = "likely the noise of the fit"
        return ROUGH, f"over all as expected; the other way {stretch}: {noise}", outcome
    meanings = {
        NO_EFFECT: "the prediction hardly changes with it",
        AS_EXPECTED: f"no stretch against it of more than {TOLERANCE:.0%} of the curve's range",
    }
    return row.verdict, meanings.get(row.verdict, row.meaning), outcome
