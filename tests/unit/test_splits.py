import numpy as np
import pytest

from assay.errors import ArtifactError, SplitError
from assay.splits import Folds, folds_from_table, folds_table, split_by_time

HOUR = np.timedelta64(1, "h")


def times(hours) -> np.ndarray:
    return np.datetime64("2024-01-01") + np.asarray(hours) * HOUR


def classes(n, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, n)


def test_the_latest_rows_are_the_holdout_and_ties_stay_together():
    moments = times([0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 9])
    split = split_by_time(moments, classes(12, 1), 0.25, 2)
    # A quarter of 12 would start inside the three rows of hour 8: all three are held out.
    assert moments[split.holdout].min() == times([8])[0]
    assert len(split.holdout) == 4
    assert split.proof["time_overlap_count"] == 0


def test_row_order_decides_nothing():
    moments, y_true = times(np.arange(200) // 3), classes(200)
    order = np.random.default_rng(1).permutation(200)
    plain = split_by_time(moments, y_true, 0.2, 4)
    mixed = split_by_time(moments[order], y_true[order], 0.2, 4)
    assert set(order[mixed.holdout]) == set(plain.holdout)
    fold_of = dict(zip(plain.train, plain.folds.fold, strict=True))
    assert all(fold_of[order[p]] == f for p, f in zip(mixed.train, mixed.folds.fold, strict=True))


def test_each_fold_trains_on_the_past_of_what_it_validates():
    moments = times(np.arange(300))
    split = split_by_time(moments, classes(300), 0.2, 5)
    train = moments[split.train]
    validated = []
    for fitted, judged in split.folds.split(split.train):
        assert train[fitted].max() < train[judged].min()
        validated.extend(judged)
    assert len(validated) == len(set(validated))
    assert set(validated) == set(np.flatnonzero(split.folds.validated))
    assert split.folds.get_n_splits(X=None, y=None, groups=None) == 5
    assert split.folds.ordered


def test_the_embargo_keeps_its_distance_everywhere():
    moments = times(np.arange(0, 3000, 6))
    split = split_by_time(moments, classes(500), 0.2, 4, embargo_days=2)
    gap = np.timedelta64(2, "D")
    train = moments[split.train]
    assert moments[split.holdout].min() - train.max() >= gap
    for fitted, judged in split.folds.split():
        assert train[judged].min() - train[fitted].max() >= gap
    # Two days of rows, one each six hours, the one exactly two days before among them.
    assert split.proof["embargoed_count"] == 8


@pytest.mark.parametrize(
    ("moments", "y_true", "arguments", "message"),
    [
        (times(np.zeros(50, int)), classes(50), (0.2, 3), "50 of 50 rows have the earliest time"),
        (times(np.arange(100)), np.r_[np.ones(50, int), np.zeros(50, int)], (0.2, 3),
         "the holdout would have 20 rows of a single class"),
        (times(np.arange(100)), np.r_[np.zeros(70, int), classes(30)], (0.2, 3),
         "the training part of fold 1"),
        (times(np.repeat([0, 1, 2], 40)), classes(120), (0.2, 5), "Use fewer folds"),
        (times(np.arange(100)), classes(100), (0.2, 3, 30), "split.embargo_days"),
    ],
)  # fmt: skip
def test_a_split_that_cannot_work_says_what_would(moments, y_true, arguments, message):
    with pytest.raises(SplitError, match=message):
        split_by_time(moments, y_true, *arguments)


def test_folds_round_trip_through_their_table(table):
    split = split_by_time(table["moment"].to_numpy(), table["outcome"].to_numpy(), 0.2, 3)
    train = table.assign(assay_row=np.arange(len(table))).iloc[split.train]
    back = folds_from_table(folds_table(train, split.folds), train)
    with pytest.raises(ArtifactError, match="is not about the rows"):
        folds_from_table(folds_table(train, split.folds), train.iloc[::-1])
    np.testing.assert_array_equal(back.fold, split.folds.fold)
    np.testing.assert_array_equal(back.trains_from, split.folds.trains_from)


def test_folds_refuse_other_rows():
    folds = Folds(np.array([0, 1, 1]), np.array([1, 2, 2]))
    with pytest.raises(ValueError, match="for 3 rows, got 4"):
        list(folds.split(np.zeros(4)))


def test_plain_folds_train_on_all_others():
    folds = Folds(np.array([1, 2, 1, 2, 3]), np.zeros(5, dtype=int))
    assert not folds.ordered
    assert [sorted(fitted) for fitted, _ in folds.split()] == [[1, 3, 4], [0, 2, 4], [0, 1, 2, 3]]
