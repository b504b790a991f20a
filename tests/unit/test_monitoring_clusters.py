import numpy as np
import pandas as pd
import pytest
from cases import make_case
from watches import scored_rows, watch_of

from assay.monitoring.clusters import (
    ClusterTally,
    cluster_codes,
    cluster_reference,
    effective_rows,
    excess_of,
    intraclass,
    reference_effective_rows,
)
from assay.monitoring.rows import row_keys
from assay.monitoring.sharing import bin_sharing, sharing_of


@pytest.fixture(scope="module")
def watch():
    return watch_of(make_case())


def rows_of(watch, n, groups):
    from dataclasses import replace

    return replace(scored_rows(watch, n, 1), groups=groups.astype(np.uint64))


@pytest.mark.parametrize("clusters", [20, 3000, 10**9])
def test_what_hash_buckets_tell_is_what_the_clusters_are(watch, clusters):
    groups = np.random.default_rng(0).integers(0, clusters, 60_000)
    rows = rows_of(watch, 60_000, groups)
    exact = cluster_reference(cluster_codes(rows.times, groups), 60_000)["kinds"]
    tally = ClusterTally.of(rows, watch)
    assert tally.excess("group") == pytest.approx(exact["group"]["excess"], rel=0.03, abs=0.05)
    assert tally.excess("day") == pytest.approx(exact["day"]["excess"], rel=0.03)


def test_tallies_merge_into_that_of_the_whole(watch):
    rows = rows_of(watch, 500, np.arange(500) % 7)
    first = np.arange(500) < 123
    merged = ClusterTally.of(rows.at(first), watch)
    merged.merge(ClusterTally.of(rows.at(~first), watch))
    whole = ClusterTally.of(rows, watch)
    assert merged.row_count == 500 and merged.alone == whole.alone
    assert all((merged.counts[kind] == whole.counts[kind]).all() for kind in ("day", "group"))


def test_rows_without_a_day_or_group_are_clusters_of_their_own(watch):
    codes = cluster_codes(
        np.array(["2024-01-01T05", "2024-01-01T09", "NaT", "NaT"], dtype="datetime64[us]"),
        pd.Series(["a", None, "a", None]),
    )
    assert len(set(codes["day"])) == 3 and len(set(codes["group"])) == 3
    rows = scored_rows(watch, 90, 1)
    rows.times[:] = np.datetime64("NaT")
    assert ClusterTally.of(rows, watch).excess("day") == 0


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_the_intraclass_correlation_is_the_planted_one(rho):
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 400, 8000)
    shared = rng.normal(size=(400, 2))[codes]
    values = np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.normal(size=(8000, 2))
    assert intraclass(values, codes) == pytest.approx(rho, abs=0.04)


@pytest.mark.parametrize(("values", "codes", "expected"), [
    (np.full(100, 0.1), np.arange(100) // 5, 0),
    (np.arange(100.0) // 5, np.arange(100) // 5, 1),
    (np.arange(100.0), np.arange(100), 0),
    (np.arange(100.0), np.zeros(100, dtype=int), 0),
    (np.empty(0), np.empty(0, dtype=int), 0),
])  # fmt: skip
def test_what_does_not_vary_or_is_not_shared_has_no_correlation(values, codes, expected):
    assert intraclass(values, codes) == pytest.approx(expected)


def test_rows_that_share_all_count_as_their_clusters():
    reference = cluster_reference({"group": np.arange(1000) // 10}, 1000)
    tally = ClusterTally(
        1000, {"group": np.bincount(np.arange(1000) // 10, minlength=4000)}, {"group": 0}
    )
    assert effective_rows(tally, 1000, {"group": 1.0}) == pytest.approx(100, rel=0.03)
    assert effective_rows(tally, 1000, {"group": 0.0}) == 1000
    assert effective_rows(tally, 0, {"group": 1.0}) == 0
    # Of rows drawn at random, fewer share a cluster.
    assert effective_rows(tally, 100, {"group": 1.0}) == pytest.approx(100 / 1.9, rel=0.03)
    assert reference_effective_rows(reference, 1000, {"group": 1.0}) == pytest.approx(100)


def test_a_batch_that_does_not_tell_has_clusters_as_training_had():
    reference = cluster_reference({"day": np.arange(1000) // 10}, 1000)
    assert excess_of(ClusterTally(500), reference, "day") == pytest.approx(9)
    assert excess_of(ClusterTally(5000), reference, "day") == pytest.approx(49)
    assert excess_of(ClusterTally(4), reference, "day") == 3
    assert excess_of(ClusterTally(4), reference, "group") == 0


def test_bins_of_rows_that_share_them_count_as_their_clusters():
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(300), 10)
    shared = bin_sharing(rng.integers(0, 5, 300)[codes], 5, {"day": codes})
    assert shared["day"]["correlation"] == pytest.approx(1)
    assert shared["day"]["squared"] == pytest.approx(1, abs=0.01)
    alone = bin_sharing(rng.integers(0, 5, 3000), 5, {"day": codes})
    assert alone["day"]["correlation"] == pytest.approx(0, abs=0.01)
    reference = cluster_reference({"day": codes}, 3000)
    found = sharing_of(shared, ClusterTally(3000), reference, 3000, 3000)
    assert found.rows_now == pytest.approx(300) and found.rows_before == pytest.approx(300)
    assert found.spread == pytest.approx(0, abs=0.02)
    # Where rows of a day share one of the bins only, chance is less even.
    rain = np.where((codes % 10 == 0), 0, rng.integers(1, 5, 3000))
    uneven = bin_sharing(rain, 5, {"day": codes})
    assert sharing_of(uneven, ClusterTally(3000), reference, 3000, 3000).spread > 0.5


def test_buckets_do_not_depend_on_how_hashes_were_made(watch):
    regular = rows_of(watch, 4000, np.arange(4000) % 1000 * 16384)
    mixed = rows_of(watch, 4000, row_keys(0, 1000)[np.arange(4000) % 1000])
    for rows in (regular, mixed):
        assert ClusterTally.of(rows, watch).excess("group") == pytest.approx(3, abs=0.2)
