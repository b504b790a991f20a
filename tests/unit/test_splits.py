import numpy as np
import pytest
from conftest import placed

from assay.errors import ArtifactError, SplitError
from assay.splits.by_group import split_by_group
from assay.splits.by_row import split_by_row
from assay.splits.by_time import split_by_group_and_time, split_by_time
from assay.splits.folds import Folds, folds_from_table, folds_table, plain_folds
from assay.splits.keys import salted
from assay.splits.parts import Split, refuse_missing_classes, strata_of

HOUR = np.timedelta64(1, "h")


def times(hours) -> np.ndarray:
    return np.datetime64("2024-01-01") + np.asarray(hours) * HOUR


def classes(n, seed=0, count=2) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, count, n)


def keys(n, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, n, dtype=np.uint64)


def rising_keys(n) -> np.ndarray:
    """Return keys evenly spread, so that a holdout of 20% is the first fifth of rows."""
    return ((np.arange(n) + 0.5) / n * 2.0**64).astype(np.uint64)


def groups_of(codes) -> np.ndarray:
    """Return what `group_keys` would: one pseudo-random number for each group."""
    return salted(np.asarray(codes).astype(np.uint64), 1)


# By time.


def test_the_latest_rows_are_the_holdout_and_ties_stay_together():
    moments = times([0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 9])
    split = split_by_time(moments, classes(12, 1), 0.25, 2)
    # A quarter of 12 would start inside the three rows of hour 8: all three are held out.
    assert moments[split.holdout].min() == times([8])[0]
    assert len(split.holdout) == 4


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
    assert 500 - len(split.train) - len(split.holdout) == 8


@pytest.mark.parametrize(
    ("moments", "y_true", "arguments", "message"),
    [
        (times(np.zeros(50, int)), classes(50), (0.2, 3), "50 of 50 rows have the earliest time"),
        (times(np.r_[np.zeros(40, int), np.arange(10)]), classes(50), (0.3, 3),
         r"41 of 50 rows have the earliest time.*fraction below 0\.18"),
        (times(np.arange(100)), np.r_[np.ones(50, int), np.zeros(50, int)], (0.2, 3),
         "the holdout would have 20 rows of a single class .0. and none of class 1, "
         "which has 50 of 100 rows"),
        (times(np.arange(100)), np.r_[np.zeros(70, int), classes(30)], (0.2, 3),
         "the training part of fold 1"),
        (times(np.arange(100)), np.r_[classes(40), np.zeros(20, int), classes(40)], (0.2, 3),
         "fold 2 would have 20 rows of a single class"),
        (times(np.arange(100)), np.r_[np.full(90, 2), classes(10)] , (0.2, 3),
         "the training part of fold 1 would have 20 rows of a single class .2. and none of class 0"),
        (times(np.repeat([0, 1, 2], 40)), classes(120), (0.2, 5),
         "40 of 80 training rows have the time 2024-01-01T00.*stand together.*"
         r"Use another data\.time_column, or"),
        (times(np.r_[np.arange(100), np.full(60, 100), np.arange(101, 201), np.arange(300, 370)]),
         classes(330), (0.2, 8), r"60 of 264 training rows have the time 2024-01-05T04.*Use 7 folds, or a finer"),
        (times(np.arange(100)), classes(100), (0.2, 3, 30),
         r"leaves no row before the holdout, which starts at 2024-01-04.*, 3\.33 days after the "
         r"first row\. Shorten it to at most 0\.666 days"),
        (times(np.arange(100)), classes(100), (0.2, 3, 1),
         r"leaves fold 1 of 3 without training rows.*to at most 0\.666 days, or use fewer folds"),
        (times(np.r_[np.zeros(40, int), np.arange(60)]), classes(100), (0.2, 3, 1),
         "41 of 56 training rows have the time 2024-01-01T00"),
        (times(np.r_[np.zeros(60, int), np.arange(40)]), classes(100), (0.2, 3, 3),
         r"leaves no row before the holdout.*first row\. Use fewer folds"),
    ],
)  # fmt: skip
def test_a_time_split_that_cannot_work_says_what_would(moments, y_true, arguments, message):
    with pytest.raises(SplitError, match=message):
        split_by_time(moments, y_true, *arguments)


def test_the_longest_embargo_that_is_told_works():
    moments, y_true = times(np.arange(100)), np.zeros(100)
    split_by_time(moments, y_true, 0.2, 3, 0.666)
    with pytest.raises(SplitError, match="at most"):
        split_by_time(moments, y_true, 0.2, 3, 0.668)


# By time and group.


def test_only_new_groups_judge_and_those_dropped_still_train():
    moments, codes = times(np.arange(240)), np.arange(240) // 12 * 2 + np.arange(240) % 5 // 4
    # A regular of group 99 comes back every fifth hour.
    codes[np.arange(240) % 5 == 0] = 99
    groups, y_true = groups_of(codes), classes(240)
    split = split_by_group_and_time(moments, groups, y_true, 0.2, 3)
    known = set(groups[split.train])
    assert known.isdisjoint(groups[split.holdout])
    assert set(groups[split.dropped]) <= known
    assert len(split.train) + len(split.holdout) + len(split.dropped) == 240
    assert set(codes[split.dropped]) >= {99}
    trained = groups[split.train]
    for fitted, judged in split.folds.split():
        assert set(trained[fitted]).isdisjoint(trained[judged])
        assert moments[split.train][fitted].max() < moments[split.train][judged].min()
    skipped = ~split.folds.validated & (codes[split.train] == 99)
    assert split.folds.training_mask(3)[skipped].sum() > 20
    assert split.folds.ordered


def test_known_groups_may_be_kept():
    moments, groups = times(np.arange(200)), groups_of(np.arange(200) % 5)
    plain = split_by_time(moments, classes(200), 0.2, 3)
    kept = split_by_group_and_time(moments, groups, classes(200), 0.2, 3, drop_seen=False)
    np.testing.assert_array_equal(kept.holdout, plain.holdout)
    np.testing.assert_array_equal(kept.folds.fold, plain.folds.fold)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.arange(200) % 5, "all 40 rows of the holdout belong to groups with training rows.*"
         "seen_groups keep, or split.strategy group"),
        (np.r_[np.arange(160) % 5, np.arange(40) + 9], "all 40 rows of fold 1 belong to groups"),
    ],
)  # fmt: skip
def test_dropping_everything_is_refused(codes, message):
    with pytest.raises(SplitError, match=message):
        split_by_group_and_time(times(np.arange(200)), groups_of(codes), classes(200), 0.2, 3)


# By row.


def test_folds_have_their_share_of_every_class():
    y_true = (np.arange(1000) % 10 == 0).astype(int)
    split = split_by_row(keys(1000), y_true, 0.2, 5)
    counts = np.bincount(split.folds.fold * 2 + y_true[split.train]).reshape(-1, 2)[1:]
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert np.ptp(counts.sum(axis=1)) <= 1
    assert not split.folds.ordered
    assert split.folds.validated.all()
    assert len(split.holdout) == pytest.approx(200, abs=40)


def test_folds_of_a_quantity_have_their_share_of_its_fifths():
    y_true = np.random.default_rng(0).exponential(size=1000)
    split = split_by_row(keys(1000), y_true, 0.2, 5)
    fifth = strata_of(y_true[split.train])
    assert set(fifth) == {0, 1, 2, 3, 4}
    counts = np.bincount(split.folds.fold * 5 + fifth).reshape(-1, 5)[1:]
    assert (np.ptp(counts, axis=0) <= 1).all()


def test_a_quantity_has_no_classes_to_lack():
    y_true = np.zeros(50)
    split = split_by_row(keys(50), y_true, 0.3, 3)
    refuse_missing_classes(split, y_true)
    assert strata_of(y_true).tolist() == [1] * 50


def test_new_rows_move_no_old_row():
    more = keys(500)
    old = split_by_row(more[:300], classes(300), 0.2, 3)
    new = split_by_row(more, classes(500), 0.2, 3)
    assert set(new.holdout[new.holdout < 300]) == set(old.holdout)


def test_rows_of_one_key_stay_together():
    twins = np.repeat(keys(200), 2)
    split = split_by_row(twins, np.repeat(classes(200), 2), 0.2, 4)
    where = placed(split, np.arange(400))
    assert all(where[2 * n] == where[2 * n + 1] for n in range(200))


@pytest.mark.parametrize(
    ("n", "y_true", "fraction", "folds", "message"),
    [
        (20, classes(20), 0.001, 3, "puts none of 20 rows in the holdout. Use a larger fraction"),
        (20, classes(20), 0.999, 3, "puts all of 20 rows in the holdout. Use a smaller fraction"),
        (100, np.r_[np.zeros(97, int), np.ones(3, int)], 0.2, 5,
         r"class 1 has 3 of 80 training rows, fewer than folds\. Use 3 folds, merge it with"),
        (100, np.r_[np.zeros(99, int), np.ones(1, int)], 0.2, 5, r"fewer than folds\. Merge it"),
        (200, np.r_[np.zeros(195, int), np.ones(5, int)], 0.02, 2, "the holdout would have"),
        (6, np.zeros(6), 0.3, 8, "as many different training rows, of which there are"),
        (100, np.zeros(100, int), 0.3, 3, "of a single class .0.*Bring another class"),
    ],
)  # fmt: skip
def test_a_random_split_that_cannot_work_says_what_would(n, y_true, fraction, folds, message):
    with pytest.raises(SplitError, match=message):
        split_by_row(rising_keys(n), y_true, fraction, folds)


def test_a_class_is_named_by_its_label():
    y_true = np.r_[np.zeros(50, int), np.ones(50, int), [2, 2]]
    with pytest.raises(SplitError, match="class 'rare' has 2 of"):
        split_by_row(rising_keys(102), y_true, 0.6, 3, ("low", "high", "rare"))


def test_what_trains_needs_every_class_and_what_validates_needs_two():
    y_true = np.array([0, 1, 2, 0, 1, 2, 0, 1, 0, 1, 2])
    holdout, train = np.array([8, 9, 10]), np.arange(8)
    nothing = np.empty(0, dtype=np.int64)
    good = plain_folds(np.array([1, 1, 1, 2, 2, 2, 3, 3]))
    refuse_missing_classes(Split(train, holdout, nothing, good), y_true)
    lacking = plain_folds(np.array([1, 1, 1, 2, 2, 1, 2, 2]))
    with pytest.raises(SplitError, match="training part of fold 1 would have 4 rows and none of"):
        refuse_missing_classes(Split(train, holdout, nothing, lacking), y_true)
    # Of three classes the holdout may lack one, of two it may not.
    refuse_missing_classes(Split(train, holdout[:2], nothing, good), y_true)
    with pytest.raises(
        SplitError, match=r"holdout would have 1 row of a single class .0. and none"
    ):
        refuse_missing_classes(Split(train, holdout[:1], nothing, good), y_true)
    with pytest.raises(
        SplitError, match=r"holdout would have 1 row of a single class .0. and none"
    ):
        refuse_missing_classes(Split(train, holdout[:1], nothing, good), y_true % 2)


def test_many_classes_can_be_split_at_random():
    """Some class of twenty rows is in no holdout more often than not."""
    y_true = np.repeat(np.arange(100), 20)
    held_out = [
        len(np.unique(y_true[split_by_row(keys(2000, seed), y_true, 0.2, 3).holdout]))
        for seed in range(10)
    ]
    assert min(held_out) < 100


# By group.


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_whole_and_parts_are_alike(seed):
    rng = np.random.default_rng(seed)
    codes = rng.zipf(1.5, 2000) % 150
    groups, y_true = groups_of(codes), (rng.uniform(size=2000) < 0.1 + codes / 400).astype(int)
    split = split_by_group(groups, y_true, 0.25, 5)
    trained = groups[split.train]
    assert set(trained).isdisjoint(groups[split.holdout])
    assert len(split.train) + len(split.holdout) == 2000
    assert len(split.holdout) == pytest.approx(500, rel=0.1)
    assert y_true[split.holdout].mean() == pytest.approx(y_true.mean(), rel=0.15)
    for fitted, judged in split.folds.split():
        assert set(trained[fitted]).isdisjoint(trained[judged])
    assert not split.folds.ordered


def test_groups_of_like_size_are_dealt_evenly():
    codes = np.repeat(np.arange(60), 5)
    y_true = np.tile([0, 0, 0, 0, 1], 60)
    split = split_by_group(groups_of(codes), y_true, 0.2, 4)
    assert len(split.holdout) == 60
    assert np.bincount(split.folds.fold).tolist() == [0, 60, 60, 60, 60]


@pytest.mark.parametrize(
    ("codes", "y_true", "message"),
    [
        (np.arange(60) % 4, classes(60), "4 groups in data.group_column, but 4 folds and a holdout "
         "need 5. Use at most 3 folds, or another"),
        (np.zeros(60), classes(60), "1 group in data.group_column.*need 5. Use another"),
        (np.arange(60) % 12, (np.arange(60) % 12 == 3).astype(int),
         r"class 1 is in 1 group of 12, but .* need one each, 5 together\. Bring more groups"),
        (np.arange(60) % 12, (np.arange(60) % 12 < 4).astype(int),
         r"class 1 is in 4 groups of 12, but .* 5 together\. Use at most 3 folds, bring"),
        (np.arange(60) % 12, np.arange(60) % 12 // 11 * 2 + np.arange(60) // 30,
         r"class 2 is in 1 group of 12, but two folds need one each\. Bring more groups"),
        (np.arange(60) % 6, np.arange(60) % 6 // 2, "no holdout found among 6 groups"),
    ],
)  # fmt: skip
def test_a_group_split_that_cannot_work_says_what_would(codes, y_true, message):
    with pytest.raises(SplitError, match=message):
        split_by_group(groups_of(codes), y_true, 0.2, 4)


def in_groups(shares, seed) -> tuple[np.ndarray, np.ndarray]:
    """Return 100 groups of 20 rows, and classes of which each but 0 is in some groups only."""
    codes, y_true = np.repeat(np.arange(100), 20), np.zeros(2000, int)
    rng = np.random.default_rng(seed)
    for code, count in enumerate(shares, start=1):
        for group in rng.choice(100, count, replace=False):
            y_true[group * 20 + rng.choice(20, 4, replace=False)] = code
    return salted(codes.astype(np.uint64), seed + 1), y_true


@pytest.mark.parametrize(
    ("shares", "folds"),
    [([3], 2), ([4], 3), ([6], 5), ([50, 4], 5), ([50, 3, 3, 3, 4], 5)],
    ids=str,
)
@pytest.mark.parametrize("seed", range(10))
def test_a_class_in_few_groups_is_held_out_in_one_of_them(shares, folds, seed):
    groups, y_true = in_groups(shares, seed)
    split = split_by_group(groups, y_true, 0.1, folds)
    assert set(y_true[split.holdout]) == set(y_true)
    assert len(split.holdout) == pytest.approx(200, abs=40)


def test_a_class_that_the_folds_need_is_in_no_holdout():
    groups, y_true = in_groups([50, 2], 0)
    split = split_by_group(groups, y_true, 0.1, 5)
    assert set(y_true[split.holdout]) == {0, 1}


def test_where_no_holdout_has_every_class_one_with_two_is_taken():
    """Each group has three classes of its own and the common one; each class is in three groups."""
    groups = groups_of(np.repeat(np.arange(9), 40))
    y_true = np.tile(np.r_[np.zeros(10, int), np.repeat([1, 2, 3], 10)], 9)
    y_true = np.where(y_true, y_true + 3 * (np.repeat(np.arange(9), 40) // 3), 0)
    # Folds need five of nine groups, so four can be held out, and three are enough.
    assert len(np.unique(y_true[split_by_group(groups, y_true, 0.1, 5).holdout])) == 10
    # Of nine groups eight are for the folds; one has four classes of ten.
    assert len(np.unique(y_true[split_by_group(groups, y_true, 0.1, 8).holdout])) == 4


# Folds.


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
    folds = plain_folds(np.array([1, 2, 1, 2, 3]))
    assert not folds.ordered
    assert [sorted(fitted) for fitted, _ in folds.split()] == [[1, 3, 4], [0, 2, 4], [0, 1, 2, 3]]
