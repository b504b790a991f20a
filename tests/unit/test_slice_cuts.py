"""How rows are cut: each category, number, missing value and time window, and no rows twice."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sliced import changed, clean

from assay.slices.advice import Adviser
from assay.slices.conditions import Equals, Missing, Slice, Within, view_of
from assay.slices.cuts import cut_slices
from assay.slices.judge import FAILS, FALLS_SHORT, HARD, Judge


def cut(evidence, categorical=("kind",), numeric=("signal", "count")):
    return cut_slices(evidence, categorical, numeric)


def with_rows(evidence, **columns):
    holdout = replace(evidence.holdout, rows=evidence.holdout.rows.assign(**columns))
    return replace(evidence, holdout=holdout)


def names(found, feature, kind=None):
    return [s.name for s, _ in found if s.feature == feature and kind in {None, s.kind}]


def test_every_way_to_cut_is_taken_in_the_words_of_the_calendar():
    found = cut(clean(n=3000))
    assert names(found, "kind")[:4] == ["a", "b", "c", "(missing)"]
    assert names(found, "signal", "missing")[0] == "(missing)"
    assert len(names(found, "signal", "quantile")) == 4
    times = names(found, "moment", "time")
    assert {"2024-01", "2024-02", "Monday", "Sunday", "07:00\N{EN DASH}07:59"} <= set(times)
    assert len(times) == 2 + 7 + 24


def test_whole_numbers_of_few_values_are_cut_by_value_and_rare_ones_join_their_neighbour():
    evidence = clean(n=900)
    rows = np.r_[np.repeat([1.0, 2, 3], 290), np.full(20, 4.0), np.full(10, 5.0)]
    found = cut(with_rows(evidence, count=rows), (), ["count"])
    assert names(found, "count") == ["1", "2", "3 to 5"]
    assert [mask.sum() for s, mask in found if s.feature == "count"] == [290, 290, 320]
    # Hours have more values than months; other numbers of as many are cut into quantiles.
    hours = np.arange(900) % 12 * 2.0
    assert len(names(cut(with_rows(evidence, count=hours), (), ["count"]), "count")) == 12
    many = np.arange(900) % 15 * 2.0
    assert names(cut(with_rows(evidence, count=many), (), ["count"]), "count")[0] == "Q1 [0, 6)"


@pytest.mark.parametrize("name", ["signal", "count"])
def test_the_cuts_of_a_number_hold_every_row_once(name):
    found = cut(clean(n=900), (), [name])
    masks = [mask for s, mask in found if s.feature == name and s.name != "(known)"]
    assert (np.sum(masks, axis=0) == 1).all()


def test_the_same_rows_are_one_slice_and_all_rows_are_none():
    evidence = clean(n=900)
    same = np.where(evidence.holdout.rows["kind"] == "a", 1.0, 0.0)
    found = cut(with_rows(evidence, count=same, noise=4.5), ("kind",), ("count", "noise"))
    assert names(found, "count") == ["0"]
    assert names(found, "noise") == []
    packed = {np.packbits(mask).tobytes() for _, mask in found}
    assert len(packed) == len(found)


def test_small_slices_are_left_out():
    assert cut(clean(n=300, slice_min_rows=10_000)) == []


def test_next_to_all_rows_are_no_slice():
    evidence = clean(n=900)
    for share in (0.88, 0.96):
        same = np.where(np.arange(900) < share * 900, "no", "yes").astype(object)
        found = names(cut(with_rows(evidence, kind=same), numeric=()), "kind")
        assert ("no" in found) == (share < 0.9)
    gaps = np.where(np.arange(900) < 70, np.nan, evidence.holdout.rows["count"])
    assert names(cut(with_rows(evidence, count=gaps)), "count", "missing") == ["(missing)"]


def test_without_times_of_day_there_are_no_hours_and_of_one_month_no_months():
    evidence = clean(n=900)
    days = pd.Timestamp("2024-03-01") + pd.to_timedelta(np.arange(900) % 28, unit="D")
    times = names(cut(with_rows(evidence, moment=days.astype("datetime64[us]"))), "moment")
    assert len(times) == 7
    none = replace(evidence, schema=replace(evidence.schema, time_column=None))
    assert names(cut(none), "moment") == []


def test_a_part_of_the_time_that_is_a_feature_is_not_cut_twice():
    evidence = clean(n=1500)
    weekday = evidence.holdout.rows["moment"].dt.day_name().to_numpy()
    found = cut(with_rows(evidence, kind=weekday))
    assert "Monday" in names(found, "kind")
    assert "Monday" not in names(found, "moment")


def test_conditions_are_told_as_they_hold():
    evidence = clean(n=300)
    view = view_of(evidence.holdout.rows, evidence.schema)
    signal, rows = ("signal", ""), evidence.holdout.rows
    for condition, told, expected in (
        (Within(signal, 0.5, np.inf, "high"), "signal > 0.5", rows["signal"] > 0.5),
        (Within(signal, -np.inf, 0.5, "high"), "signal ≤ 0.5", rows["signal"] <= 0.5),
        (
            Within(signal, -np.inf, 0.5, "high", True),
            "signal ≤ 0.5 or missing",
            ~(rows["signal"] > 0.5),
        ),
        (Within(signal, -1, 1, "low"), "-1 ≤ signal < 1", rows["signal"].between(-1, 1)),
        (Missing(signal), "signal is missing", rows["signal"].isna()),
        (Missing(signal, negated=True), "signal is known", rows["signal"].notna()),
        (Equals(("kind", ""), "a"), "kind is a", rows["kind"] == "a"),
        (Equals(("kind", ""), "a", negated=True), "kind is not a", rows["kind"] != "a"),
    ):
        assert str(condition) == told
        np.testing.assert_array_equal(condition.holds(view), expected.to_numpy())


OF_C = Slice("kind", "c", "category", (Equals(("kind", ""), "c"),))
SHORT = f"roc_auc is {FALLS_SHORT}"


def advised(evidence, each=OF_C, verdict=FAILS, why=SHORT):
    return Adviser(Judge(evidence)).advice(each, verdict, why)


def test_advice_tells_what_was_planted_in_the_slice():
    evidence = clean(n=900)
    inside = (evidence.holdout.rows["kind"] == "c").to_numpy()
    facts, action = advised(evidence)
    assert "training rows (" in facts
    assert "missing in" not in facts
    assert "new to the model" not in facts
    assert action.startswith("check the labels of kind = c")

    noise = evidence.holdout.rows["noise"]
    facts, action = advised(with_rows(evidence, noise=noise.where(~inside)))
    assert "noise is missing in 100.0% of rows (elsewhere 0.0%, in training 0.0%)" in facts
    assert action == "check how noise is recorded for kind = c"

    facts, action = advised(with_rows(evidence, count=np.where(inside, 99.0, 1.0)))
    assert "count is new to the model in 100.0% of rows (elsewhere 0.0%)" in facts
    assert "count (median 99, elsewhere 1)" in facts
    assert action.startswith("check the new values of count")

    train = evidence.train[evidence.train["kind"] != "c"]
    facts, action = advised(replace(evidence, train=train))
    assert facts.startswith("0 of ")
    assert action == "collect more rows of kind = c"


def half_missing(evidence):
    """Take half of the noise of c away, and return the evidence with the rows that lack it."""
    rng = np.random.default_rng(4)
    lost = (evidence.holdout.rows["kind"] == "c").to_numpy() & (rng.uniform(size=900) < 0.5)
    return with_rows(evidence, noise=evidence.holdout.rows["noise"].mask(lost)), lost


def test_a_gap_that_training_had_is_no_news():
    evidence, lost = half_missing(clean(n=900))
    wrong = changed(evidence.holdout, lost, 1 - evidence.holdout.y_true)
    evidence = replace(evidence, holdout=wrong)
    assert advised(evidence)[1] == "check how noise is recorded for kind = c"
    rng, train = np.random.default_rng(55), evidence.train
    known = train["noise"].mask((train["kind"] == "c") & (rng.uniform(size=len(train)) < 0.45))
    facts, action = advised(replace(evidence, train=train.assign(noise=known)))
    assert "noise is missing in" in facts, facts
    assert "check how" not in action, facts


@pytest.mark.parametrize(
    ("verdict", "why"), [(FAILS, SHORT), (FAILS, "predicts too much"), (HARD, "")]
)
def test_new_gaps_are_only_blamed_where_the_errors_are_among_them(verdict, why):
    """Half of c is new in having no noise: it is blamed where these rows are wrong, and only there."""
    evidence, lost = half_missing(clean(n=900))
    inside = (evidence.holdout.rows["kind"] == "c").to_numpy()
    blamed = []
    for rows in (lost, inside & ~lost):
        told = np.where(rows, 0.95, evidence.holdout.y_predicted)
        holdout = changed(replace(evidence.holdout, y_predicted=told), rows, 0)
        facts, action = advised(replace(evidence, holdout=holdout), OF_C, verdict, why)
        assert "noise is missing in" in facts
        blamed.append(action == "check how noise is recorded for kind = c")
    assert blamed == [True, False]


def test_what_is_hard_is_no_order_to_act():
    evidence = clean(n=900)
    action = advised(evidence, verdict=HARD, why="")[1]
    assert action.startswith("it may be in the nature of the rows of kind = c")
    assert "more of them" not in action
    train = evidence.train[evidence.train["kind"] != "c"]
    assert (
        "more of them in training may help"
        in advised(replace(evidence, train=train), verdict=HARD, why="")[1]
    )


def test_a_month_does_not_differ_in_its_month():
    evidence = clean(n=1500)
    moment = evidence.holdout.rows["moment"]
    # Of a tenth of the rows the clock had another zone.
    late = moment + pd.to_timedelta(np.where(np.arange(1500) % 30, 0, 9), unit="h")
    later = np.where(moment.dt.month == 2, 5.0, 0.0) + evidence.holdout.rows["noise"]
    days = (moment - moment.min()).dt.days.astype(float)
    for own in (late.dt.month.astype(float), days):
        table = with_rows(evidence, count=own, noise=later)
        of_month = Slice(
            "moment", "2024-02", "time", (Equals(("moment", "calendar month"), "2024-02"),)
        )
        facts = advised(table, of_month)[0]
        assert "count" not in facts
        assert "noise (median" in facts
    weekday = Slice("moment", "Sunday", "time", (Equals(("moment", "weekday"), "Sunday"),))
    number = with_rows(evidence, count=moment.dt.weekday.astype(float))
    assert "count" not in advised(number, weekday)[0]
    of_c = with_rows(evidence, count=np.where(evidence.holdout.rows["kind"] == "c", 9.0, 1.0))
    assert "count (median 9, elsewhere 1)" in advised(of_c)[0]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_advice_tells_an_outcome_that_has_moved(task):
    evidence = clean(task)
    assert "in the holdout" not in advised(evidence)[0]
    of_c = evidence.train["kind"] == "c"
    value = 50.0 if task == "regression" else 1
    train = evidence.train.assign(outcome=evidence.train["outcome"].where(~of_c, value))
    before = {"binary": "outcome rate 100.0%", "multiclass": "share of ", "regression": "50"}
    facts = advised(replace(evidence, train=train))[0]
    assert before[task] in facts
    assert "in the holdout" in facts
    inside = (evidence.holdout.rows["kind"] == "c").to_numpy()
    if task == "binary":
        assert f"{evidence.holdout.y_true[inside].mean():.1%} in the holdout" in facts


def test_no_advice_where_nothing_is_wrong():
    assert Adviser(Judge(clean(n=300))).advice(OF_C, "as elsewhere", "") == ("", "")
