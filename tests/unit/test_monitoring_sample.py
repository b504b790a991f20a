import itertools

import numpy as np
import pandas as pd
import pytest
from cases import make_case
from watches import scored_rows, watch_of

from assay.monitoring.rows import row_keys
from assay.monitoring.sample import RowSample
from assay.monitoring.watched_conditions import memberships, slice_json, slice_of_json
from assay.slices.conditions import Equals, Missing, Slice, Within


def parts_of(rows, sizes):
    ends = np.cumsum([0, *sizes])
    for first, last in itertools.pairwise(ends):
        inside = np.zeros(len(rows), dtype=bool)
        inside[first:last] = True
        yield rows.at(inside)


def merged(watch, parts):
    first, *others = [RowSample.of(part, watch) for part in parts]
    for other in others:
        first.merge(other)
    return first


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_same_rows_are_drawn_in_any_order_and_any_parts(task):
    watch = watch_of(make_case(task), sample_rows=100)
    rows = scored_rows(watch, 1_000, seed=1)
    whole = RowSample.of(rows, watch)
    shuffled = [*parts_of(rows, [1, 350, 9, 40, 300, 300])]
    again = merged(watch, reversed(shuffled))
    assert len(whole) == len(again.keys) == 100
    assert whole.total == again.total == 1_000
    assert whole.drawn
    for name in ("keys", "predicted", "outcome", "slices"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(again, name))
    # They are the rows of the smallest keys, with their own values.
    order = np.argsort(rows.keys)[:100]
    np.testing.assert_array_equal(whole.predicted, rows.predicted[order])


def test_rows_with_one_key_are_drawn_alike_in_any_order():
    watch = watch_of(make_case(), sample_rows=5)
    rows = scored_rows(watch, 60, seed=2)
    rows.keys[:] = rows.keys[np.arange(60) // 20]
    parts = [*parts_of(rows, [20, 20, 20])]
    drawn = {
        tuple(merged(watch, order).predicted.tolist()) for order in itertools.permutations(parts)
    }
    assert len(drawn) == 1


def test_each_row_is_drawn_as_often_as_any_other():
    watch = watch_of(make_case(), sample_rows=50)
    rows = scored_rows(watch, 200, seed=3)
    counts = np.zeros(200)
    place = {value: number for number, value in enumerate(rows.predicted)}
    for draw in range(300):
        rows.keys[:] = row_keys(draw * 200, 200)
        counts[[place[value] for value in RowSample.of(rows, watch).predicted]] += 1
    # Binomial(300, 1/4) in every row: the sum of squares is a chi-square of 199 degrees.
    chi_square = ((counts - 75) ** 2 / (300 * 0.25 * 0.75)).sum()
    assert 140 < chi_square < 270


def test_a_part_without_rows_changes_nothing():
    watch = watch_of(make_case(), sample_rows=50)
    rows = scored_rows(watch, 30, seed=4)
    none = rows.at(np.zeros(30, dtype=bool))
    for order in ([none, rows], [rows, none]):
        drawn = merged(watch, order)
        assert (len(drawn), drawn.drawn) == (30, False)
    assert len(RowSample.of(none, watch).keys) == 0


def test_slices_hold_after_json_and_back():
    watch = watch_of(make_case())
    rows = scored_rows(watch, 500, seed=5)
    features = rows.features
    slices = [
        Slice("kind", "a", "category", (Equals(("kind", ""), "a"),)),
        Slice("kind", "not a", "found", (Equals(("kind", ""), "a", negated=True),)),
        Slice("signal", "(missing)", "missing", (Missing(("signal", "")),)),
        Slice("signal", "low", "found", (Within(("signal", ""), -np.inf, 0.5, "high", True),)),
        Slice("moment", "Monday", "time", (Equals(("moment", "weekday"), "Monday"),)),
    ]
    back = [slice_of_json(slice_json(each)) for each in slices]
    assert back == slices
    inside = memberships(rows, back, watch.schema)
    np.testing.assert_array_equal(inside[:, 0], features["kind"] == "a")
    np.testing.assert_array_equal(inside[:, 1], features["kind"] != "a")
    np.testing.assert_array_equal(inside[:, 2], features["signal"].isna())
    np.testing.assert_array_equal(inside[:, 3], ~(features["signal"] > 0.5))
    days = pd.Series(rows.times).dt.day_name()
    np.testing.assert_array_equal(inside[:, 4], days == "Monday")
    assert inside.any(axis=0).all()
