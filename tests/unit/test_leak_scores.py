"""The figures behind the sentinels: scores out-of-fold, chance, names."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from leaks import plain_table, wanted_for
from scipy.special import comb
from sklearn.metrics import roc_auc_score

from assay.checks.alone import alone_score, class_scores, grouped_auc, number_score
from assay.checks.determined import log_arrangements, log_ordered
from assay.checks.names import sounds_like
from assay.checks.sample import Values, column_values, draw_sample, number_bins

RNG = np.random.default_rng(2)


def test_the_auc_of_groups_is_that_of_rows():
    score = RNG.integers(0, 6, 50).astype(float)
    positive, negative = RNG.integers(0, 5, 50), RNG.integers(0, 5, 50)
    rows = np.repeat([1] * 50 + [0] * 50, [*positive, *negative])
    scores = np.r_[np.repeat(score, positive), np.repeat(score, negative)]
    found = grouped_auc(score[:, None], positive[:, None] * 1.0, negative[:, None] * 1.0)
    assert found == pytest.approx([roc_auc_score(rows, scores)])
    assert np.isnan(grouped_auc(score[:, None], positive[:, None] * 0.0, negative[:, None] * 1.0))


@pytest.mark.parametrize("distinct", [1, 2, 10, 300, 3_000, 20_000])
@pytest.mark.parametrize("classes", [2, 5])
def test_noise_of_any_cardinality_tells_nothing_of_a_class(distinct, classes):
    rows = 6_000
    values = pd.Series(RNG.permutation(np.arange(rows) % distinct))
    outcome, fold = RNG.integers(0, classes, rows), RNG.permutation(rows) % 5
    for column in (values, "v" + values.astype(str), values.where(values % 3 > 0)):
        found = class_scores(column_values(column).bins, outcome, fold)
        assert np.abs(found - 0.5).max() < 0.06
        assert len(found) == (1 if classes == 2 else classes)


@pytest.mark.parametrize("distinct", [1, 2, 10, 300, 3_000, 20_000])
def test_noise_of_any_cardinality_tells_nothing_of_a_number(distinct):
    rows = 6_000
    values = pd.Series(RNG.permutation(np.arange(rows) % distinct))
    outcome, fold = RNG.lognormal(size=rows), RNG.permutation(rows) % 5
    for column in (values, "v" + values.astype(str), values.where(values % 3 > 0)):
        assert number_score(column_values(column), outcome, fold) < 0.02


@pytest.mark.parametrize("rare", [0.002, 0.01, 0.2])
def test_a_threshold_is_seen_whatever_the_share_of_a_class(rare):
    number = RNG.lognormal(size=20_000)
    outcome = (number > np.quantile(number, 1 - rare)).astype(int)
    outcome[RNG.choice(20_000, 5)] = 1
    found = class_scores(
        column_values(pd.Series(number)).bins, outcome, RNG.permutation(20_000) % 5
    )
    assert found[0] > 0.9


@pytest.mark.parametrize("shape", [np.square, np.exp, np.sin, np.abs])
def test_a_curve_is_seen(shape):
    number = RNG.normal(size=8_000)
    fold = RNG.permutation(8_000) % 5
    assert number_score(column_values(pd.Series(number)), shape(number), fold) > 0.97


def test_a_value_of_many_rows_stands_alone():
    number = np.where(RNG.uniform(size=5_000) < 0.3, 1.0, RNG.normal(size=5_000) + 1)
    bins = column_values(pd.Series(number)).bins
    assert set(bins[number == 1.0]).isdisjoint(bins[number != 1.0])
    assert np.unique(bins).size <= 68
    gaps = column_values(pd.Series(number).where(number < 2)).bins
    assert set(gaps[number >= 2]).isdisjoint(gaps[number < 2])


def test_bins_have_about_as_many_rows_each():
    number = RNG.lognormal(size=6_400)
    counts = np.bincount(number_bins(number, np.sort(number)))
    assert counts.min() >= 95
    assert counts.max() <= 105


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([[1], [2], None] * 200),
        pd.Series([True, None, False] * 200, dtype="boolean"),
        pd.Series([1, 2, None] * 200, dtype="Int64"),
        pd.Series([b"a", b"b", None] * 200),
        pd.Series(["a", 1, None] * 200),
        pd.Series(["a", "b", None] * 200, dtype="category"),
        pd.Series(pd.to_timedelta([1, 2, None] * 200, unit="D")),
        pd.Series([np.inf, -np.inf, 1.0] * 200),
        pd.Series([1 + 2j, 3, 4] * 200),
    ],
    ids=lambda column: str(column.dtype) + str(column.iloc[0]),
)
def test_any_column_has_values(column):
    table = plain_table("binary", 600).assign(odd=column)
    sample = draw_sample(table, wanted_for())
    values = column_values(column)
    assert len(values.bins) == 600
    # Two in three of the infinite numbers are like missing ones.
    assert values.missing.sum() in {0, 200, 400}
    assert 0.3 < alone_score(sample, values) < 0.7


def test_truths_and_decimals_among_nothing_are_numbers():
    found = column_values(pd.Series([True, None, False], dtype=object)).numbers
    np.testing.assert_array_equal(found, [1, np.nan, 0])
    found = column_values(pd.Series([Decimal("1.5"), None], dtype=object)).numbers
    np.testing.assert_array_equal(found, [1.5, np.nan])


def test_times_far_away_keep_their_order():
    far = np.array(["1900-01-01", "2024-01-01", "9999-01-01", "NaT"], dtype="datetime64[s]")
    found = column_values(pd.Series(far)).numbers
    assert (np.diff(found[:3]) > 0).all()
    assert np.isnan(found[3])


def test_infinite_values_are_missing():
    values = column_values(pd.Series([np.inf] * 300))
    assert values.missing.all()
    assert number_score(values, RNG.normal(size=300), np.arange(300) % 5) < 0.01
    assert number_score(Values(None, np.arange(300)), np.ones(300), np.arange(300) % 5) == 0


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_sample_is_the_tasks(task):
    table = plain_table(task, 3_000)
    wanted = wanted_for(task, validate={"leak_sample_rows": 500})
    one, two = draw_sample(table, wanted), draw_sample(table, wanted)
    assert one.position.tolist() == two.position.tolist() == sorted(set(one.position))
    assert (one.fold == two.fold).all()
    assert len(one.frame) == 500
    assert one.row_count == 3_000
    # Groups stand in one fold.
    assert (
        pd.DataFrame({"e": one.frame["entity"], "f": one.fold}).groupby("e")["f"].nunique().max()
        == 1
    )
    seeded = replace(wanted, task=wanted.task.model_copy(update={"seed": 5}))
    assert draw_sample(table, seeded).position.tolist() != one.position.tolist()


def test_classes_are_dealt_evenly_to_folds():
    table = plain_table("binary", 3_000)
    sample = draw_sample(table, wanted_for(data={"group_column": None}))
    positive = np.bincount(sample.fold, sample.target == sample.target[0])
    assert np.ptp(positive) <= 1
    assert np.ptp(np.bincount(sample.fold)) <= 1


def test_chance_is_counted():
    assert np.exp(log_arrangements(np.array([3, 4, 2]))) == pytest.approx(comb(9, 3) * comb(6, 4))
    assert np.exp(log_ordered(10, 2, 2)) == pytest.approx(2)
    # Three runs of two outcomes: two cuts among nine places, and at most eight ways to fill them.
    assert np.exp(log_ordered(10, 3, 2)) == pytest.approx(comb(9, 2) * 8)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("late_minutes", "late"), ("is_late", "late"), ("outcome_2", "outcome"),
        ("target_enc", "churn"), ("lateFlag", "late"), ("LATE_RATE", "late"),
        ("logwage", "wage"), ("wage2", "wage"), ("churned", "churn"), ("cancellation_fee", "cancelled"),
        ("survival_time", "survived"), ("sale_price_usd", "Sale_Price"), ("SalePrice", "sale_price"),
        ("type_encoded", "type"), ("y_lag1", "y"), ("class_2", "class"), ("delivery_time", "time_to_delivery"),
        ("default_date", "is_default"), ("city_target_mean", "churn"), ("is_target", "churn"),
        ("outcome_date", "churn"), ("returned_on", "return"), ("returns", "returned"), ("lateness", "late"),
    ],
)  # fmt: skip
def test_names_that_sound_like_the_target(name, target):
    assert sounds_like(name, target)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("latitude", "late"), ("latent_heat", "late"), ("plate", "late"), ("template", "late"),
        ("Sale_Type", "Sale_Price"), ("distance", "time_to_delivery"), ("hour", "time_to_delivery"),
        ("loan_type", "type"), ("passengerClass", "class"), ("year", "y"), ("country", "y"), ("y2k", "y"),
        ("years_at_company", "y"), ("international_plan", "interest"), ("total_day_minutes", "total"),
        ("purpose", "purchase"), ("attribute", "attrition"), ("specialty", "species"),
        ("house_age", "house_value"), ("value_of_house", "class"), ("x1", "x2"), ("income", "outcome"),
        ("class_size", "class"), ("age", "wage"), ("target", "churn"),
        ("later_visits", "late"), ("latest_order", "late"), ("national", "nation"), ("nation", "national"),
        ("returning_customer", "returned"), ("returning_customer", "return"), ("target_temp", "energy"),
        ("target_market", "sales"),
    ],
)  # fmt: skip
def test_names_that_do_not(name, target):
    assert not sounds_like(name, target)
