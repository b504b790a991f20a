"""Features whose values differ between training rows and holdout rows, beyond chance."""

from typing import Any

import numpy as np
import pandas as pd

from assay.drift import (
    PermutedDistance,
    binned_shares,
    category_shares,
    jensen_shannon_distance,
    population_stability_index,
    wasserstein_distance,
)
from assay.evidence import Evidence
from assay.uncertainty.bootstrap import IntArray, clusters_of

COLUMNS = (
    *("feature", "kind", "distance", "distance_of", "missing_rate_train", "missing_rate_holdout"),
    *("chance_up_to", "p_value", "wasserstein_sd", "jensen_shannon", "psi", "drifts"),
)
# What is less is no drift to tell, however sure it is.
LEAST_EFFECT = 0.1
_DRAWS = 200
# Rows of each side, at most; groups whole are not needed to measure a distance.
_MOST_ROWS = 10_000
_CONFIDENCE = 0.95
# Categories of fewer rows, of both sides together, count as one.
_RARE = 20


def feature_drift(evidence: Evidence) -> pd.DataFrame:
    """Compare each feature's training rows with its holdout rows.

    The distance is the Kolmogorov-Smirnov distance of known numbers, the total variation of known
    categories (those of fewer than 20 rows count as one), or the difference of missing rates, whichever
    is greatest. Rows are dealt anew to the two sides 200 times: whole groups where those of the holdout
    are new, rows within groups where groups have rows on both sides. Each draw gives the greatest standardised distance of all
    features, so that `chance_up_to` (95%) and `p_value` are corrected for their number.

    Returns
    -------
    DataFrame
        With `COLUMNS`; `drifts` where the distance is beyond chance and at least 0.1; the greatest
        distance first.

    References
    ----------
    Westfall and Young 1993, "Resampling-Based Multiple Testing" (the maximum over features).
    """
    train, holdout = (
        _sampled(evidence.train, evidence, 5),
        _sampled(evidence.holdout.rows, evidence, 6),
    )
    both = pd.concat([train, holdout], ignore_index=True)
    is_holdout = np.arange(len(both)) >= len(train)
    names = evidence.schema.feature_names
    numeric = set(evidence.schema.names_of("numeric"))
    measured = [_measured(both[name], name not in numeric) for name in names]
    observed = np.array([_greatest(each.of(is_holdout))[0] for each in measured])
    clusters = clusters_of(both, evidence.schema.group_column)
    deal = _dealt_within if _span_both(is_holdout, clusters) else _dealt
    rng = np.random.default_rng([evidence.task.seed, 11])
    drawn = np.empty((_DRAWS, len(names)))
    for row in drawn:
        side = deal(is_holdout, clusters, rng)
        row[:] = [_greatest(each.of(side))[0] for each in measured]
    middle, spread = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
    standard = _standardised(drawn, middle, spread).max(axis=1)
    reach = float(np.quantile(standard, _CONFIDENCE))
    z = _standardised(observed, middle, spread)
    p_values = (1 + (standard[:, None] >= z).sum(axis=0)) / (1 + _DRAWS)
    rows = [
        _row(name, name in numeric, both[name], is_holdout, measured[k])
        | {"chance_up_to": float(middle[k] + reach * spread[k]), "p_value": float(p_values[k])}
        for k, name in enumerate(names)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    beyond = (table["distance"] > table["chance_up_to"]) & (table["p_value"] <= 1 - _CONFIDENCE)
    table["drifts"] = (beyond & (table["distance"] >= LEAST_EFFECT)).astype(bool)
    return table.sort_values(["distance", "feature"], ascending=[False, True], ignore_index=True)


def _sampled(table: pd.DataFrame, evidence: Evidence, stream: int) -> pd.DataFrame:
    if len(table) <= _MOST_ROWS:
        return table
    rng = np.random.default_rng([evidence.task.seed, stream])
    return table.iloc[np.sort(rng.permutation(len(table))[:_MOST_ROWS])]


def _measured(column: "pd.Series[Any]", categorical: bool) -> PermutedDistance:
    if categorical:
        codes = pd.factorize(column, sort=False)[0].astype(np.int64)
        if (codes >= 0).any():
            # Of rare categories any two samples have different ones.
            rare = np.bincount(codes[codes >= 0]) < _RARE
            codes[(codes >= 0) & rare[codes]] = len(rare)
        return PermutedDistance(codes, categorical=True)
    return PermutedDistance(column.to_numpy(dtype=float), categorical=False)


def _greatest(of: tuple[float, float]) -> tuple[float, bool]:
    """Return the greater of a distance and of a difference of missing rates, and whether it is the second."""
    distance, gap = of
    return (abs(gap), True) if abs(gap) > distance else (distance, False)


def _dealt(
    is_holdout: "np.ndarray[Any, np.dtype[np.bool_]]",
    clusters: IntArray | None,
    rng: np.random.Generator,
) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Deal rows anew to both sides; whole groups, until the second has as many rows as before."""
    if clusters is None:
        return rng.permutation(is_holdout)
    sizes = np.bincount(clusters)
    order = rng.permutation(len(sizes))
    taken = np.cumsum(sizes[order]) <= is_holdout.sum()
    # One group more where the first alone has more rows: no side may be empty.
    taken[0] = True
    if taken.all():
        taken[-1] = False
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[order[taken]] = True
    return np.asarray(chosen[clusters])


def _span_both(
    is_holdout: "np.ndarray[Any, np.dtype[np.bool_]]", clusters: IntArray | None
) -> bool:
    """Say whether most of the holdout's rows are of groups that training has too."""
    if clusters is None:
        return False
    trained = np.isin(clusters[is_holdout], clusters[~is_holdout])
    return bool(trained.mean() > 0.5)


def _dealt_within(
    is_holdout: "np.ndarray[Any, np.dtype[np.bool_]]",
    clusters: IntArray | None,
    rng: np.random.Generator,
) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Deal the rows of each group anew to both sides, which have as many of it as before."""
    groups = np.zeros(len(is_holdout)) if clusters is None else clusters
    side = np.empty(len(is_holdout), dtype=bool)
    shuffled = np.lexsort((rng.uniform(size=len(side)), groups))
    side[shuffled] = is_holdout[np.argsort(groups, kind="stable")]
    return side


def _standardised(values: Any, middle: Any, spread: Any) -> Any:
    """Return deviations in standard ones; 0 of what chance cannot change and is not changed."""
    off = np.where(np.abs(values - middle) < 1e-12, 0.0, values - middle)
    return np.divide(off, spread, out=np.where(off > 0, np.inf, 0.0), where=spread > 0)


def _row(
    name: str,
    numeric: bool,
    column: "pd.Series[Any]",
    is_holdout: "np.ndarray[Any, np.dtype[np.bool_]]",
    measured: PermutedDistance,
) -> dict[str, Any]:
    distance, missing = _greatest(measured.of(is_holdout))
    told = {
        "feature": name,
        "kind": "numeric" if numeric else "categorical",
        "distance": distance,
        "distance_of": "missing rate" if missing else ("KS" if numeric else "total variation"),
        "missing_rate_train": float(column[~is_holdout].isna().mean()),
        "missing_rate_holdout": float(column[is_holdout].isna().mean()),
    }
    reference, current = (column[side].dropna().to_numpy() for side in (~is_holdout, is_holdout))
    if len(reference) and len(current):
        shares = (binned_shares if numeric else category_shares)(reference, current)
        told |= {
            "jensen_shannon": jensen_shannon_distance(*shares),
            "psi": population_stability_index(*shares),
        }
        if numeric:
            told["wasserstein_sd"] = wasserstein_distance(reference, current)
    return told
