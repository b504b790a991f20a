"""How far rows of one day, or of one group, fall into the same bins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from assay.metrics.core import FloatArray
from assay.monitoring.binning import IntArray
from assay.monitoring.clusters import (
    KINDS,
    ClusterTally,
    Codes,
    compacted,
    excess_of,
    typical_size,
)


@dataclass(frozen=True)
class Sharing:
    """What clusters leave of the rows on both sides of a comparison of shares.

    Attributes
    ----------
    rows_before, rows_now : float
        Effective numbers of rows of the reference and of the batch.
    spread : float
        The squared coefficient of variation of the design effects: 0 where rows of a cluster share all
        bins alike, and more where they share some.
    """

    rows_before: float
    rows_now: float
    spread: float


def bin_sharing(places: IntArray, width: int, codes: Codes) -> dict[str, dict[str, float]]:
    """Return how alike rows of one cluster are in the bins they fall into.

    Parameters
    ----------
    places : ndarray of int, shape (n,)
        The bin of each row; negative ones are left out.
    width : int
        The number of bins.
    codes : dict of str to ndarray of int, each of shape (n,)
        From `assay.monitoring.clusters.cluster_codes`.

    Returns
    -------
    dict of str to dict
        By kind, of the bins' standardised covariances between clusters, (k - 1) of which differ:
        `correlation`, the mean of the eigenvalues (0 to 1), and `squared`, the mean of their squares.

    References
    ----------
    Rao and Scott 1981, "The analysis of categorical data from complex sample surveys".
    """
    known = places >= 0
    return {kind: _shared(places[known], width, found[known]) for kind, found in codes.items()}


def _shared(places: IntArray, width: int, codes: IntArray) -> dict[str, float]:
    none = {"correlation": 0.0, "squared": 0.0}
    rows, sizes = compacted(codes)
    n, clusters = len(places), len(sizes)
    counts = np.bincount(places, minlength=width)
    used = np.flatnonzero(counts)
    if clusters < 2 or clusters == n or len(used) < 2:
        return none
    shares = counts[used] / n
    column = np.searchsorted(used, places)
    table = sparse.csr_matrix((np.ones(n), (rows, column)), shape=(clusters, len(used)))
    between = (table.T @ table.multiply(1 / sizes[:, None])).toarray()
    between -= n * np.outer(shares, shares)
    total = n * (np.diag(shares) - np.outer(shares, shares))
    among, within = between / (clusters - 1), (total - between) / (n - clusters)
    component = (among - within) / typical_size(sizes)
    scale = np.sqrt(np.outer(shares, shares))
    standard, whole = component / scale, (component + within) / scale
    freedom = float(np.trace(whole))
    if freedom <= 0 or np.trace(standard) <= 0:
        return none
    correlation = min(1.0, float(np.trace(standard)) / freedom)
    squared = float(np.sum(standard**2)) * (len(used) - 1) / freedom**2
    # Eigenvalues have at least the square of their mean, and at most that of 1 in as many as it takes.
    return {"correlation": correlation, "squared": float(np.clip(squared, correlation**2, 1.0))}


def sharing_of(
    shared: Mapping[str, Mapping[str, float]],
    clusters: ClusterTally,
    reference: Mapping[str, Any],
    rows_before: float,
    rows_now: float,
) -> Sharing:
    """Return the effective rows of a comparison of shares, and how far design effects differ.

    Parameters
    ----------
    shared : dict
        From `bin_sharing`, of training rows.
    clusters : ClusterTally
        Of the batch.
    reference : dict
        `reference["clusters"]`.
    rows_before, rows_now : float
        Rows with a value.
    """
    if rows_before <= 0 or rows_now <= 0:
        return Sharing(max(rows_before, 0.0), max(rows_now, 0.0), 0.0)
    kinds = [kind for kind in KINDS if kind in shared]
    correlation = np.array([shared[kind]["correlation"] for kind in kinds])
    root = np.sqrt([shared[kind]["squared"] for kind in kinds])
    now = np.array([excess_of(clusters, reference, kind) for kind in kinds])
    before = np.array([reference["kinds"][kind]["excess"] for kind in kinds])
    once = 1 / rows_before + 1 / rows_now
    weights = now / rows_now + before / rows_before
    mean = once + _sum(weights * correlation)
    squared = once**2 + 2 * once * _sum(weights * correlation) + _sum(weights * root) ** 2
    return Sharing(
        max(rows_before / (1 + _sum(before * correlation)), 1.0),
        max(rows_now / (1 + _sum(now * correlation)), 1.0),
        max(0.0, squared / mean**2 - 1),
    )


def _sum(values: FloatArray) -> float:
    return float(np.sum(values))
