"""Does the holdout repeat rows that trained? Exact repeats are counted, near ones estimated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.schema import ROW, Schema
from assay.splits.keys import feature_keys

FloatArray = npt.NDArray[np.float64]

# Numbers this share of their training standard deviation apart are nearly equal.
_NEARLY = 0.01
# Beyond this, distances would overflow.
_FARTHEST = 1e300
# Repeated rows whose outcomes agree better than this (Cohen's kappa) are taken for copies.
_COPIES = 0.9
# Holdout rows whose neighbours are looked for.
_SAMPLE_ROWS = 2000


@dataclass(frozen=True)
class Repeats:
    """Rows of the holdout with the features of a training row.

    Attributes
    ----------
    count : int
        Exact repeats.
    rate : float
        Their share of the holdout.
    example : tuple of int or None
        The source positions of a holdout row and of the training row that it repeats.
    agreement : float
        Cohen's kappa of their outcomes and those of the training rows: 1 for copies, about 0 where
        rows coincide whose features tell nothing. NaN where all have one outcome.
    """

    count: int
    rate: float
    example: tuple[int, int] | None
    agreement: float

    @property
    def are_copies(self) -> bool:
        """Whether they are taken for copies, and not for rows that happen to coincide."""
        return self.count > 0 and not self.agreement < _COPIES


def find_repeats(train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema) -> Repeats:
    """Count the holdout rows whose features all equal those of a training row.

    Rows are compared by a 64-bit hash; missing equals missing.
    """
    known, asked = feature_keys(train, schema), feature_keys(holdout, schema)
    repeated = np.isin(asked, known)
    if not repeated.any():
        return Repeats(0, 0.0, None, float("nan"))
    distinct, first = np.unique(known, return_index=True)
    twins = first[np.searchsorted(distinct, asked[repeated])]
    rows = np.flatnonzero(repeated)
    example = (int(holdout[ROW].iloc[rows[0]]), int(train[ROW].iloc[twins[0]]))
    outcomes = holdout[schema.target].to_numpy()[rows], train[schema.target].to_numpy()[twins]
    return Repeats(len(rows), float(repeated.mean()), example, _kappa(*outcomes))


def _kappa(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Return Cohen's kappa of two codings of the same rows (Cohen 1960); NaN if both have one value."""
    values, codes = np.unique(np.concatenate([one, other]), return_inverse=True)
    counts = [np.bincount(part, minlength=len(values)) for part in np.split(codes, 2)]
    by_chance = float(counts[0] @ counts[1]) / len(one) ** 2
    if by_chance == 1:
        return float("nan")
    return float((np.mean(one == other) - by_chance) / (1 - by_chance))


def estimate_near_repeats(
    train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema, seed: int
) -> dict[str, Any]:
    """Estimate the share of holdout rows that nearly repeat a training row.

    Nearly: each number within 1% of its training standard deviation, each category equal, and the
    same values missing.

    Returns
    -------
    dict
        `near_duplicate_rate`, of the `near_duplicate_sample_count` holdout rows that were drawn.
    """
    from scipy.spatial import cKDTree

    if len(holdout) > _SAMPLE_ROWS:
        drawn = np.random.default_rng(seed).choice(len(holdout), _SAMPLE_ROWS, replace=False)
        holdout = holdout.iloc[np.sort(drawn)]
    both = pd.concat([train, holdout], ignore_index=True)
    points = _points(both, len(train), schema.names_of("numeric"), schema.names_of("categorical"))
    tree = cKDTree(points[: len(train)])
    distance, _ = tree.query(points[len(train) :], p=np.inf, distance_upper_bound=1 + 1e-9)
    return {
        "near_duplicate_rate": float(np.isfinite(distance).mean()),
        "near_duplicate_sample_count": len(holdout),
    }


def _points(
    rows: pd.DataFrame, train_count: int, numeric: Sequence[str], categorical: Sequence[str]
) -> FloatArray:
    """Return rows as points: those that nearly repeat each other are at most 1 apart everywhere."""
    columns = []
    for name in numeric:
        values = rows[name].to_numpy(dtype=np.float64)
        known = values[:train_count][~np.isnan(values[:train_count])]
        columns += [
            np.where(np.isnan(values), 0, _scaled(values, known)),
            np.isnan(values) * 2.0,
        ]
    for name in categorical:
        columns.append(pd.factorize(rows[name], sort=True)[0] * 2.0)
    points = np.column_stack(columns)
    # The tree need not look at columns that tell nothing.
    varied = np.ptp(points, axis=0) > 0
    return points[:, varied] if varied.any() else points[:, :1]


def _scaled(values: FloatArray, known: FloatArray) -> FloatArray:
    """Return numbers in units of what is near; where there is no such unit, far apart if unequal."""
    with np.errstate(over="ignore", invalid="ignore"):
        unit = _NEARLY * float(known.std()) if len(known) else 0.0
    if 0 < unit < np.inf:
        with np.errstate(over="ignore"):
            scaled: FloatArray = np.clip(values / unit, -_FARTHEST, _FARTHEST)
        return scaled
    return np.asarray(pd.factorize(pd.Series(values))[0] * 2.0)
