import numpy as np
import pandas as pd
import pytest

from assay.monitoring.binning import (
    COARSE,
    FINE,
    bin_counts,
    bin_edges,
    bin_labels,
    binned,
    category_counts,
    category_places,
    coarse_places,
    merged_counts,
    number_text,
    top_categories,
)


def test_a_value_that_most_rows_share_is_a_bin_of_its_own():
    values = np.r_[np.zeros(950), np.linspace(0.1, 5, 50)]
    counts = bin_counts(values, bin_edges(values, FINE))
    assert counts[0] == 950 and len(counts) > 2
    assert bin_counts(np.array([-1.0, 0.0]), bin_edges(values, FINE))[0] == 2


def test_bins_of_a_continuous_number_have_equal_shares():
    values = np.random.default_rng(0).normal(size=5000)
    counts = bin_counts(values, bin_edges(values, COARSE))
    assert len(counts) == COARSE and counts.sum() == 5000
    assert counts == pytest.approx(np.full(COARSE, 500), abs=2)


@pytest.mark.parametrize("values", [
    np.random.default_rng(0).normal(size=999),
    np.random.default_rng(0).integers(0, 24, 999).astype(float),
    np.random.default_rng(0).integers(0, 2, 999).astype(float),
    np.full(9, 3.25),
    np.r_[np.zeros(90), 1e30],
])  # fmt: skip
def test_fine_bins_add_up_to_the_coarse_ones(values):
    fine, coarse = bin_edges(values, FINE), bin_edges(values, COARSE)
    merged = merged_counts(bin_counts(values, fine), coarse_places(fine, coarse))
    assert merged.tolist() == bin_counts(values, coarse).tolist()


def test_a_column_of_one_value_shows_any_other_one():
    edges = bin_edges(np.full(7, 3.25), COARSE)
    assert bin_counts(np.array([3.25, 3.0, 3.5, 4.0, np.nan]), edges).tolist() == [1, 1, 2]
    assert bin_labels(edges) == ["below 3.25", "3.25", "above 3.25"]


def test_a_column_without_values_has_one_bin():
    edges = bin_edges(np.empty(0), COARSE)
    assert bin_counts(np.array([np.nan, 1.0]), edges).tolist() == [1]
    assert bin_labels(edges) == ["all values"]


def test_sums_are_those_of_each_bin():
    counts, sums = binned(np.array([1.0, 2, 3, np.nan, 9]), np.array([2.0, 3]))
    assert counts.tolist() == [2, 1, 1] and sums.tolist() == [3, 3, 9]


def test_categories_beyond_the_most_frequent_are_others_and_new_ones_are_unknown():
    texts = pd.Series(["b", "b", "a", "a", "a", "c", None], dtype=object)
    assert top_categories(texts, 2) == ["a", "b"]
    places = category_places(
        pd.Series(["a", "c", "new", None, "b"], dtype=object), ["a", "b"], ["c"]
    )
    assert places.tolist() == [0, 2, 3, -1, 1]
    assert category_counts(places, ["a", "b"]).tolist() == [1, 1, 1, 1]


def test_equally_frequent_categories_are_ordered_by_their_text():
    texts = pd.Series(["z", "a", "m"] * 3, dtype=object)
    assert top_categories(texts) == ["a", "m", "z"]


@pytest.mark.parametrize(("number", "text"), [
    (0.0, "0"), (12345.678, "12350"), (-1.5, "-1.5"), (1e-7, "1e-07"), (3e9, "3e+09"), (56.94, "56.94"),
])  # fmt: skip
def test_numbers_are_told_shortly(number, text):
    assert number_text(number) == text
