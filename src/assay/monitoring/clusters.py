"""How many rows of a batch share a day, or a group: what they share is counted once.

Rows of one day share its weather, rows of one plane its seats. What n such rows tell is what fewer
independent rows would, by the design effect: 1 + (mean size of a row's cluster - 1) * correlation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.metrics.core import FloatArray
from assay.monitoring.binning import IntArray
from assay.monitoring.rows import HashArray, ScoredRows, mixed
from assay.monitoring.watch import Watch
from assay.time_features import TimeArray

Kind = Literal["day", "group"]
KINDS: tuple[Kind, ...] = ("day", "group")
Codes = Mapping[Kind, IntArray]

# The sum of squares is right to sqrt(2 / buckets), 1%.
_BUCKETS = 1 << 14


@dataclass
class ClusterTally:
    """Rows by hash of their day and of their group, in memory that does not grow with either.

    Attributes
    ----------
    row_count : int
    counts : dict of str to ndarray of int
        By kind, the rows of each bucket; only kinds that the rows have.
    alone : dict of str to int
        By kind, rows without a day: each is a cluster of its own.
    """

    row_count: int = 0
    counts: dict[Kind, IntArray] = field(default_factory=dict)
    alone: dict[Kind, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "ClusterTally":
        """Count rows."""
        tally = cls(len(rows))
        if rows.times is not None:
            known = ~np.isnat(rows.times)
            days = rows.times[known].astype("datetime64[D]").astype("int64").view("uint64")
            tally.counts["day"], tally.alone["day"] = _bucketed(days), int((~known).sum())
        if rows.groups is not None:
            tally.counts["group"], tally.alone["group"] = _bucketed(rows.groups), 0
        return tally

    def merge(self, other: "ClusterTally") -> None:
        """Add the counts of later rows."""
        self.row_count += other.row_count
        for kind, counts in other.counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + counts
            self.alone[kind] = self.alone.get(kind, 0) + other.alone[kind]

    def excess(self, kind: Kind) -> float | None:
        """Return how many other rows are in a row's cluster, on average; None without such a column.

        This is sum(m_i^2) / n - 1 for clusters of m_i of n rows. Different clusters in one bucket add
        n^2 / buckets to the sum of squares, as if rows were dealt at random, which is taken off again.
        """
        if kind not in self.counts or not self.row_count:
            return None
        counts = self.counts[kind].astype(float)
        rows, buckets = counts.sum(), len(counts)
        if not rows:
            return 0.0
        squares = (np.sum(counts**2) - rows**2 / buckets) / (1 - 1 / buckets)
        squares = min(max(squares, rows), rows**2) + self.alone[kind]
        return float(squares / self.row_count - 1)


def _bucketed(numbers: HashArray) -> IntArray:
    """Return how many of the numbers fall into each bucket by their hash."""
    places = mixed(numbers) % np.uint64(_BUCKETS)
    return np.bincount(places.astype(np.int64), minlength=_BUCKETS).astype(np.int64)


def cluster_codes(
    times: TimeArray | None, groups: "npt.NDArray[Any] | pd.Series[Any] | None"
) -> dict[Kind, IntArray]:
    """Return which rows share a day, and a group.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n,), or None
    groups : array of any values, shape (n,), or None

    Returns
    -------
    dict of str to ndarray of int, each of shape (n,)
        Codes 0 upwards by kind; a row without a time or group is a cluster of its own.
    """
    codes: dict[Kind, IntArray] = {}
    if times is not None:
        days = times.astype("datetime64[D]")
        codes["day"] = _coded(days, np.isnat(days))
    if groups is not None:
        values = np.asarray(groups, dtype=object)
        codes["group"] = _coded(values, np.asarray(pd.isna(values)))
    return codes


def _coded(values: npt.NDArray[Any], missing: npt.NDArray[np.bool_]) -> IntArray:
    codes = np.asarray(pd.factorize(pd.Index(values))[0], dtype=np.int64)
    codes[missing] = codes.max(initial=-1) + 1 + np.arange(missing.sum())
    return codes


def cluster_reference(codes: Codes, row_count: int) -> dict[str, Any]:
    """Describe how training rows share days and groups.

    Parameters
    ----------
    codes : dict of str to ndarray of int, each of shape (n,)
        From `cluster_codes`.
    row_count : int

    Returns
    -------
    dict
        `row_count`, and by kind `count` (of clusters) and `excess` (how many other rows are in a row's
        cluster, on average).
    """
    kinds = {}
    for kind, found in codes.items():
        sizes = np.bincount(found).astype(float)
        kinds[kind] = {
            "count": int((sizes > 0).sum()),
            "excess": float(np.sum(sizes**2) / max(sizes.sum(), 1.0) - 1) if len(found) else 0.0,
        }
    return {"row_count": row_count, "kinds": kinds}


def intraclass(values: FloatArray, codes: IntArray) -> float:
    """Return how alike the rows of one cluster are: their intraclass correlation, 0 to 1.

    Parameters
    ----------
    values : ndarray, shape (n,) or (n, k)
        Of several columns, variances are added up.
    codes : ndarray of int, shape (n,)
        The cluster of each row.

    Returns
    -------
    float
        The estimator of the analysis of variance; 0 where it is negative, values do not vary, or no two
        rows share a cluster.

    References
    ----------
    Donner 1986, "A review of inference procedures for the intraclass correlation coefficient in the
    one-way random effects model".
    """
    if not len(values):
        return 0.0
    columns = np.reshape(values, (len(values), -1)).astype(float)
    columns = columns - columns.mean(axis=0)
    places, sizes = compacted(codes)
    n, clusters = len(columns), len(sizes)
    if clusters < 2 or clusters == n:
        return 0.0
    sums = np.stack([np.bincount(places, column, clusters) for column in columns.T])
    total, between = float(np.sum(columns**2)), float(np.sum(sums**2 / sizes))
    # What rounding leaves of columns that do not vary is no variance.
    if total <= 1e-12 * float(np.sum(np.square(values, dtype=float))):
        return 0.0
    return anova_correlation(between, total, sizes)


def anova_correlation(between: float, total: float, sizes: FloatArray) -> float:
    """Return the intraclass correlation from sums of squares.

    Parameters
    ----------
    between, total : float
        Sums of squares of clusters' means, and of rows, around the mean of all.
    sizes : ndarray, shape (g,)
        Rows of each cluster; at least two clusters, and one of more than one row.
    """
    n, clusters = sizes.sum(), len(sizes)
    among, within = between / (clusters - 1), (total - between) / (n - clusters)
    typical = typical_size(sizes)
    spread = among + (typical - 1) * within
    if spread <= 0:
        return 0.0
    return float(np.clip((among - within) / spread, 0.0, 1.0))


def compacted(codes: IntArray) -> tuple[IntArray, FloatArray]:
    """Return codes 0 upwards without gaps, and how many rows each has.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Not negative, and not far above the number of rows.
    """
    counts = np.bincount(codes)
    places = np.cumsum(counts > 0) - 1
    return np.asarray(places[codes], dtype=np.int64), counts[counts > 0].astype(float)


def typical_size(sizes: FloatArray) -> float:
    """Return the size of clusters that the analysis of variance takes for unequal ones."""
    n = sizes.sum()
    return float((n - np.sum(sizes**2) / n) / (len(sizes) - 1))


def shared_by_kind(values: FloatArray, codes: Codes) -> dict[str, float]:
    """Return the intraclass correlation of values within days, and within groups, where there are some.

    Parameters
    ----------
    values : ndarray, shape (n,) or (n, k)
    codes : dict of str to ndarray of int, each of shape (n,)
        From `cluster_codes`.
    """
    return {kind: intraclass(values, found) for kind, found in codes.items()}


def excess_of(clusters: ClusterTally, reference: Mapping[str, Any] | None, kind: Kind) -> float:
    """Return how many other rows are in a row's cluster, on average.

    A batch that does not tell is taken to have clusters as training had: of that size, and of a size
    that grows with its rows where it has more rows than training.

    Parameters
    ----------
    clusters : ClusterTally
    reference : dict or None
        From `cluster_reference`.
    kind : {"day", "group"}
    """
    found = clusters.excess(kind)
    if found is not None:
        return found
    if reference is None or kind not in reference["kinds"]:
        return 0.0
    grown = max(1.0, clusters.row_count / max(reference["row_count"], 1))
    expected = (reference["kinds"][kind]["excess"] + 1) * grown - 1
    return float(min(expected, max(clusters.row_count - 1, 0)))


def effective_rows(
    clusters: ClusterTally,
    rows: float,
    shared: Mapping[str, float],
    reference: Mapping[str, Any] | None = None,
) -> float:
    """Return how many independent rows tell as much as these.

    Parameters
    ----------
    clusters : ClusterTally
        Of the whole batch.
    rows : float
        Rows with a value, or drawn from the batch: of fewer rows, each cluster has fewer.
    shared : dict of str to float
        The intraclass correlation within days (`day`) and groups (`group`), where there are some.
    reference : dict, optional
        `reference["clusters"]`, for a batch without a time or group column.

    Returns
    -------
    float
        From 1 to `rows`; 0 for no rows.

    References
    ----------
    Kish 1965, "Survey Sampling", on design effects.
    """
    if not rows:
        return 0.0
    thinned = min(1.0, rows / max(clusters.row_count, 1))
    effect = 1.0 + sum(
        shared.get(kind, 0.0) * thinned * excess_of(clusters, reference, kind) for kind in KINDS
    )
    return float(max(rows / effect, min(rows, 1.0)))


def reference_effective_rows(
    reference: Mapping[str, Any], rows: float, shared: Mapping[str, float]
) -> float:
    """Return how many independent rows tell as much as those of the reference.

    Parameters
    ----------
    reference : dict
        `reference["clusters"]`.
    rows : float
        Rows of the reference with a value.
    shared : dict of str to float
        As for `effective_rows`.
    """
    if not rows:
        return 0.0
    thinned = min(1.0, rows / max(reference["row_count"], 1))
    effect = 1.0 + sum(
        shared.get(kind, 0.0) * thinned * found["excess"]
        for kind, found in reference["kinds"].items()
    )
    return float(max(rows / effect, min(rows, 1.0)))
