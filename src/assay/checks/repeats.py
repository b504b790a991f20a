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
# Repeated rows whose outcomes agree better than this are taken for copies,
_COPIES = 0.9
# and those whose outcomes agree less than this for rows of an entity that tells nothing of its outcomes.
_UNRELATED = 0.3
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
    marked_rate : float
        Share of the holdout that repeats a training row whose value of some feature no other training
        row has, such as a measurement with many digits. Values that are common coincide by chance;
        such values do not.
    agreement : float
        Cohen's kappa of their outcomes and those of the training rows: 1 for copies, about 0 where
        rows coincide whose features tell nothing. NaN where all have one outcome.
    marked_agreement : float
        The same of the marked ones; for numbers, the correlation of ranks.
    """

    count: int
    rate: float
    example: tuple[int, int] | None = None
    marked_rate: float = 0.0
    agreement: float = float("nan")
    marked_agreement: float = float("nan")

    def are_copies(self, max_rate: float) -> bool:
        """Say whether more than so many holdout rows are copies, or rows of one entity and outcome.

        Rows that are marked are, unless their outcomes have nothing to do with each other; others, if
        their outcomes agree better than those of rows that happen to coincide would.
        """
        marked = self.marked_rate > max_rate and not self.marked_agreement < _UNRELATED
        return marked or (self.rate > max_rate and self.agreement > _COPIES)


def find_repeats(train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema) -> Repeats:
    """Count the holdout rows whose features all equal those of a training row.

    Rows are compared by a 64-bit hash; missing equals missing.
    """
    known, asked = feature_keys(train, schema), feature_keys(holdout, schema)
    repeated = np.isin(asked, known)
    if not repeated.any():
        return Repeats(0, 0.0)
    distinct, first, counts = np.unique(known, return_index=True, return_counts=True)
    place = np.searchsorted(distinct, asked[repeated])
    rows, twins = np.flatnonzero(repeated), first[place]
    example = (int(holdout[ROW].iloc[rows[0]]), int(train[ROW].iloc[twins[0]]))
    marked = _marked(train, twins, counts[place], schema.feature_names)
    outcomes = holdout[schema.target].to_numpy()[rows], train[schema.target].to_numpy()[twins]
    related = _kappa if schema.labels else _rank_correlation
    return Repeats(
        len(rows),
        float(repeated.mean()),
        example,
        float(marked.sum() / len(holdout)),
        _kappa(*outcomes),
        related(*(part[marked] for part in outcomes)) if marked.any() else float("nan"),
    )


def _marked(
    train: pd.DataFrame, rows: npt.NDArray[Any], equal: npt.NDArray[Any], features: Sequence[str]
) -> npt.NDArray[np.bool_]:
    """Say of some training rows whether a feature has a value there that only equal rows have.

    `equal` has, for each of them, the number of training rows with the same features.
    """
    found = np.zeros(len(rows), dtype=bool)
    for name in features:
        codes, values = pd.factorize(train[name])
        counts = np.bincount(codes + 1, minlength=len(values) + 1)
        found |= (counts[codes[rows] + 1] == equal) & (codes[rows] >= 0)
    return found


def _rank_correlation(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Return Spearman's correlation of two measurements of the same rows; NaN if one is constant."""
    return float(pd.Series(one).rank().corr(pd.Series(other).rank()))


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
