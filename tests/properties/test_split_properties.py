"""What every split must be, on rows that Hypothesis makes up."""

from dataclasses import dataclass

import numpy as np
from conftest import placed
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import SplitError
from assay.splits.by_group import split_by_group
from assay.splits.by_row import split_by_row
from assay.splits.by_time import split_by_group_and_time, split_by_time
from assay.splits.keys import salted
from assay.splits.parts import Split, is_quantity

QUICK = settings(max_examples=80, deadline=None)
STRATEGIES = ("random", "group", "time", "group_time", "group_time_keep")


@dataclass(frozen=True)
class Rows:
    """Rows with all that a strategy may look at, and what it is asked."""

    keys: np.ndarray
    groups: np.ndarray
    times: np.ndarray
    y_true: np.ndarray
    fraction: float
    folds: int
    embargo: int

    def take(self, order) -> "Rows":
        parts = (self.keys, self.groups, self.times, self.y_true)
        return Rows(*(part[order] for part in parts), self.fraction, self.folds, self.embargo)

    def split(self, strategy) -> Split:
        asked = (self.fraction, self.folds)
        match strategy:
            case "random":
                return split_by_row(self.keys, self.y_true, *asked)
            case "group":
                return split_by_group(self.groups, self.y_true, *asked)
            case "time":
                return split_by_time(self.times, self.y_true, *asked, self.embargo)
        return split_by_group_and_time(
            self.times, self.groups, self.y_true, *asked, self.embargo,
            drop_seen=not strategy.endswith("keep"),
        )  # fmt: skip


@st.composite
def rows(draw):
    """Draw rows of any size, groups and times, with two classes, more, or a quantity."""
    n = draw(st.one_of(st.integers(60, 200), st.integers(1, 40)))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    days = rng.integers(0, draw(st.sampled_from([60, 400, 10, 1])), n)
    codes = rng.integers(0, draw(st.sampled_from([300, 60, 10, 3])), n)
    classes = draw(st.sampled_from([2, None, 3, 1]))
    y_true = rng.normal(size=n) if classes is None else rng.integers(0, classes, n)
    return Rows(
        keys=salted(np.arange(n, dtype=np.uint64), draw(st.integers(0, 50))),
        groups=salted(codes.astype(np.uint64), 1),
        times=np.datetime64("2024-01-01") + days * np.timedelta64(1, "D"),
        y_true=y_true,
        fraction=draw(st.sampled_from([0.2, 0.4, 0.1, 0.9, 0.01])),
        folds=draw(st.sampled_from([2, 3, 5, 8])),
        embargo=draw(st.sampled_from([0, 0, 1, 5])),
    )


def split_or_none(asked, strategy) -> Split | None:
    try:
        return asked.split(strategy)
    except SplitError as error:
        assert str(error).endswith(".")
        return None


@QUICK
@given(rows(), st.sampled_from(STRATEGIES))
def test_any_rows_give_a_valid_split_or_a_sentence(asked, strategy):
    split = split_or_none(asked, strategy)
    if split is None:
        return
    n = len(asked.keys)
    places = np.concatenate([split.train, split.holdout, split.dropped])
    assert len(set(places)) == len(places)
    embargoed = n - len(places)
    assert not embargoed or ("time" in strategy and asked.embargo)
    assert not len(split.dropped) or strategy == "group_time"
    assert len(split.holdout)
    assert len(split.folds.fold) == len(split.train)
    assert split.folds.fold_count == asked.folds
    assert split.folds.ordered == ("time" in strategy)
    classes = len(np.unique(asked.y_true)) if not is_quantity(asked.y_true) else 0
    trained = asked.y_true[split.train]
    for fitted, judged in split.folds.split():
        assert not set(fitted) & set(judged)
        assert len(fitted)
        assert len(judged)
        if classes:
            assert len(np.unique(trained[fitted])) == classes
            assert len(np.unique(trained[judged])) >= 2
    if classes:
        assert len(np.unique(asked.y_true[split.holdout])) >= 2


@QUICK
@given(rows(), st.sampled_from(STRATEGIES))
def test_the_order_of_rows_decides_nothing(asked, strategy):
    order = np.random.default_rng(0).permutation(len(asked.keys))
    plain, mixed = split_or_none(asked, strategy), split_or_none(asked.take(order), strategy)
    assert (plain is None) == (mixed is None)
    if plain and mixed:
        assert placed(plain, asked.keys) == placed(mixed, asked.keys[order])


@QUICK
@given(rows(), st.data())
def test_rows_that_are_added_move_no_old_row(asked, data):
    old = asked.take(np.arange(data.draw(st.integers(1, len(asked.keys)))))
    before, after = split_or_none(old, "random"), split_or_none(asked, "random")
    if before and after:
        held = set(asked.keys[after.holdout])
        assert {key for key in old.keys if key in held} == set(old.keys[before.holdout])


@QUICK
@given(rows(), st.sampled_from(["group", "group_time"]))
def test_no_group_is_on_both_sides(asked, strategy):
    split = split_or_none(asked, strategy)
    if split is None:
        return
    trained = asked.groups[split.train]
    assert set(trained).isdisjoint(asked.groups[split.holdout])
    assert set(asked.groups[split.dropped]) <= set(trained)
    for fitted, judged in split.folds.split():
        assert set(trained[fitted]).isdisjoint(trained[judged])


@QUICK
@given(rows(), st.sampled_from(["time", "group_time", "group_time_keep"]))
def test_what_trains_is_earlier_than_what_judges_by_more_than_the_embargo(asked, strategy):
    split = split_or_none(asked, strategy)
    if split is None:
        return
    gap = np.timedelta64(asked.embargo, "D")
    train = asked.times[split.train]
    assert train.max() + gap < asked.times[split.holdout].min()
    for fitted, judged in split.folds.split():
        assert train[fitted].max() + gap < train[judged].min()
