"""How far one feature of a batch is from what it was in training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import wasserstein_distance

from assay.drift import jensen_shannon_distance, population_stability_index
from assay.metrics.core import FloatArray
from assay.monitoring.binning import merged_counts
from assay.monitoring.clusters import ClusterTally
from assay.monitoring.feature_counts import FeatureCounts, NumberCounts
from assay.monitoring.noise import js_p_value
from assay.monitoring.sharing import Sharing, sharing_of


@dataclass(frozen=True)
class Compared:
    """The values of a feature, compared.

    Attributes
    ----------
    before, now : ndarray, shape (k,)
        Shares of the bins, or of the categories, others and unknown ones; of rows with a value.
    distance : float
        Jensen-Shannon, base 2; 0 where a side has no values.
    p_value : float
    sharing : Sharing
        The effective rows of both sides.
    reach : float
        The greatest distance that there can be: that of a batch whose values all lie in the bin that was
        the rarest. The distance is convex in the shares, so none is further.
    """

    before: FloatArray
    now: FloatArray
    distance: float
    p_value: float
    sharing: Sharing
    reach: float


def compared(
    entry: Mapping[str, Any],
    counts: FeatureCounts,
    clusters: ClusterTally,
    reference: Mapping[str, Any],
    seed: int,
) -> Compared:
    """Compare a feature of a batch with the reference.

    Parameters
    ----------
    entry : dict
        The feature's in `reference["inputs"]`.
    counts : FeatureCounts
        Of the batch.
    clusters : ClusterTally
        Of the batch.
    reference : dict
        `reference["clusters"]`.
    seed : int
    """
    old = np.asarray(entry["counts"], dtype=np.int64)
    if isinstance(counts, NumberCounts):
        old = merged_counts(old, np.asarray(entry["coarse"], dtype=np.int64))
    before, now = _shares(old), _shares(counts.judged(entry))
    sharing = sharing_of(entry["shared"], clusters, reference, entry["row_count"], counts.known)
    if not entry["row_count"] or not counts.known:
        return Compared(before, now, 0.0, 1.0, sharing, 1.0)
    distance = jensen_shannon_distance(before, now)
    p_value = js_p_value(
        distance,
        before,
        now,
        sharing.rows_before,
        sharing.rows_now,
        spread=sharing.spread,
        seed=seed,
    )
    rarest = (np.arange(len(before)) == before.argmin()).astype(float)
    reach = jensen_shannon_distance(before, rarest)
    return Compared(before, now, distance, p_value, sharing, reach)


def _shares(counts: "np.ndarray[Any, np.dtype[Any]]") -> FloatArray:
    return np.asarray(counts / max(counts.sum(), 1), dtype=float)


def customary(
    entry: Mapping[str, Any], counts: FeatureCounts, found: Compared
) -> dict[str, float | None]:
    """Return the distances that the field is used to: PSI, Kolmogorov-Smirnov and Wasserstein.

    Parameters
    ----------
    entry, counts : as for `compared`
    found : Compared

    Returns
    -------
    dict
        `psi`; of numbers `ks`, in [0, 1], and `wasserstein`, in standard deviations of training, both
        on the fine bins. None where a side has no values, or training did not vary.
    """
    told: dict[str, float | None] = {"psi": None, "ks": None, "wasserstein": None}
    if not entry["row_count"] or not counts.known:
        return told
    told["psi"] = population_stability_index(found.before, found.now)
    if not isinstance(counts, NumberCounts):
        return told
    old = np.asarray(entry["counts"], dtype=float)
    old_sums = np.asarray(entry["sums"], dtype=float)
    gap = np.cumsum(old) / old.sum() - np.cumsum(counts.counts) / counts.known
    told["ks"] = float(np.abs(gap).max())
    if entry["deviation"]:
        some, there = old > 0, counts.counts > 0
        moved = wasserstein_distance(
            old_sums[some] / old[some],
            counts.sums[there] / counts.counts[there],
            old[some],
            counts.counts[there],
        )
        told["wasserstein"] = float(moved / entry["deviation"])
    return told
