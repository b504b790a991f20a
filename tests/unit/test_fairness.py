"""Groups of people: what is measured of them, and when they differ."""

import json

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    demographic_parity_difference,
    demographic_parity_ratio,
    equalized_odds_difference,
)
from people import DECISIONS, assessed

from assay.fairness.assess import COLUMNS, fairness_json, plot_table
from assay.fairness.chance import Labelled, design_effect, means_by_chance, rates_by_chance
from assay.fairness.parity import COLUMNS as PARITY_COLUMNS
from assay.fairness.parity import parity_table
from assay.fairness.proxies import COLUMNS as PROXY_COLUMNS
from assay.plots.fairness import fairness_figures


def rows_of(counts):
    """Return group, outcome and decision of rows, from counts by (group, outcome, decision)."""
    return (np.concatenate(part) for part in zip(*(
        ([group] * n, [outcome] * n, [decision] * n)
        for (group, outcome, decision), n in counts.items()
    ), strict=True))  # fmt: skip


# Group f is selected half as often as m.
HALVED = {
    ("m", 1, 1): 120, ("m", 1, 0): 30, ("m", 0, 1): 80, ("m", 0, 0): 170,
    ("f", 1, 1): 60, ("f", 1, 0): 90, ("f", 0, 1): 40, ("f", 0, 0): 210,
    ("x", 1, 1): 3, ("x", 0, 0): 4,
}  # fmt: skip
CROSSED = "sex \N{MULTIPLICATION SIGN} old"
# Both groups are selected equally often, but of those who should be, f less often.
MISSED = {
    ("m", 1, 1): 130, ("m", 1, 0): 20, ("m", 0, 1): 30, ("m", 0, 0): 220,
    ("f", 1, 1): 80, ("f", 1, 0): 70, ("f", 0, 1): 80, ("f", 0, 0): 170,
}  # fmt: skip


def found_of(counts, **kwargs):
    group, outcome, decision = rows_of(counts)
    return assessed(outcome, decision * 0.8 + 0.1, pd.DataFrame({"sex": group}), ["sex"], **kwargs)


def value(found, group, measure):
    table = found.table
    (row,) = table[(table["group"] == group) & (table["measure"] == measure)].to_dict("records")
    return row


def parity(found, name):
    (row,) = found.parity[found.parity["parity"] == name].to_dict("records")
    return row


def test_a_group_that_is_selected_half_as_often_is_found_with_the_numbers_of_fairlearn():
    found = found_of(HALVED)
    assert value(found, "f", "selection_rate")["value"] == pytest.approx(100 / 400)
    assert value(found, "f", "tpr")["value"] == pytest.approx(60 / 150)
    assert value(found, "f", "fpr")["value"] == pytest.approx(40 / 250)
    assert value(found, "f", "precision")["value"] == pytest.approx(60 / 100)
    assert value(found, "m", "prevalence")["value"] == pytest.approx(150 / 400)
    assert value(found, "m", "calibration_gap")["value"] == pytest.approx(
        (200 * 0.9 + 200 * 0.1 - 150) / 400
    )
    told = parity(found, "demographic_parity")
    assert told["verdict"] == "below four fifths, beyond chance"
    assert (told["highest"], told["lowest"]) == ("m", "f")
    assert told["ratio"] == pytest.approx(0.5)
    assert told["difference"] == pytest.approx(0.25)
    assert told["ci_low"] < 0.25 < told["ci_high"]
    assert told["chance_up_to"] < 0.1
    group, outcome, decision = rows_of(HALVED)
    judged = group != "x"
    args = {
        "y_true": outcome[judged], "y_pred": decision[judged], "sensitive_features": group[judged]
    }  # fmt: skip
    assert told["difference"] == pytest.approx(demographic_parity_difference(**args))
    assert told["ratio"] == pytest.approx(demographic_parity_ratio(**args))
    odds = parity(found, "equalized_odds")
    assert odds["difference"] == pytest.approx(equalized_odds_difference(**args)) == 0.4
    assert odds["verdict"] == "different beyond chance in tpr and fpr"
    assert value(found, "f", "tpr")["differs"]


def test_a_small_group_is_listed_and_not_judged():
    found = found_of(HALVED)
    small = value(found, "x", "selection_rate")
    assert (small["rows"], small["judged"], small["reason"]) == (
        7, False, "too few rows (fewer than 50)",
    )  # fmt: skip
    assert small["value"] == pytest.approx(3 / 7)
    assert np.isnan(small["p_value"])
    assert parity(found, "demographic_parity")["group_count"] == 2
    told = fairness_json(found)["columns"]["sex"]
    assert (told["group_count"], told["judged_group_count"], told["not_judged_row_count"]) == (
        3,
        2,
        7,
    )
    assert plot_table(found)["group"].tolist() == ["sex = f", "sex = m"]


def test_equal_selection_with_unequal_misses_is_found():
    found = found_of(MISSED)
    assert parity(found, "demographic_parity")["verdict"] == "within four fifths"
    told = parity(found, "equal_opportunity")
    assert told["difference"] == pytest.approx(130 / 150 - 80 / 150)
    assert told["alarm"]
    assert parity(found, "equalized_odds")["alarm"]
    assert value(found, "f", "tpr")["differs"]
    assert not value(found, "f", "selection_rate")["differs"]


def test_a_rate_that_is_not_defined_is_missing_with_its_reason():
    found = found_of({("m", 1, 1): 60, ("m", 0, 0): 60, ("f", 0, 0): 60})
    for measure, reason in (("tpr", "no row is positive"), ("precision", "no row is selected")):
        row = value(found, "f", measure)
        assert np.isnan(row["value"])
        assert row["reason"] == reason
    told = parity(found, "equal_opportunity")
    assert told["verdict"] == "too few rows to tell"
    assert np.isnan(told["p_value"])
    assert parity(found, "equalized_odds")["verdict"] == "too few rows to tell"
    json.dumps(fairness_json(found), allow_nan=False)


def test_where_no_row_is_selected_there_is_no_ratio():
    found = found_of({("m", 1, 0): 60, ("m", 0, 0): 60, ("f", 1, 0): 60, ("f", 0, 0): 60})
    told = parity(found, "demographic_parity")
    assert told["verdict"] == "no group is selected"
    assert not told["alarm"]
    json.dumps(fairness_json(found), allow_nan=False)


def test_two_columns_are_crossed_where_groups_are_large_enough():
    """Neither sex nor age tells anything alone; together they do."""
    rng = np.random.default_rng(0)
    n = 1200
    sex, old = rng.integers(0, 2, n), rng.integers(0, 2, n)
    selected = rng.random(n) < np.where(sex == old, 0.6, 0.3)
    table = pd.DataFrame({"sex": np.array(["f", "m"])[sex], "old": old == 1})
    outcome = rng.integers(0, 2, n)
    found = assessed(outcome, selected * 0.8 + 0.1, table, ["sex", "old"])
    told = fairness_json(found)["columns"]
    assert list(told) == ["sex", "old", CROSSED]
    assert [told[name]["demographic_parity"]["alarm"] for name in told] == [False, False, True]
    assert set(found.table[found.table["column"] == CROSSED]["group"]) == {
        "sex = f and old = false", "sex = f and old = true",
        "sex = m and old = false", "sex = m and old = true",
    }  # fmt: skip
    few = assessed(outcome, selected * 0.8 + 0.1, table, ["sex", "old"], min_rows=500)
    assert list(fairness_json(few)["columns"]) == ["sex", "old"]


def test_each_class_is_held_against_the_others():
    rng = np.random.default_rng(1)
    n = 900
    group = rng.choice(["f", "m"], n)
    truth = rng.integers(0, 3, n)
    # Of group f, class b is hardly ever recognised.
    chosen = np.where((group == "f") & (truth == 1) & (rng.random(n) < 0.7), 0, truth)
    predicted = np.eye(3)[chosen] * 0.7 + 0.1
    found = assessed(truth, predicted, pd.DataFrame({"who": group}), ["who"], "multiclass")
    missed = found.parity[
        (found.parity["class"] == "b") & (found.parity["parity"] == "equal_opportunity")
    ]
    assert missed["alarm"].all()
    assert missed["lowest"].tolist() == ["f"]
    told = fairness_json(found)["columns"]["who"]["equal_opportunity"]
    assert (told["class"], told["alarm"]) == ("b", True)
    assert set(found.table["class"]) == {"a", "b", "c"}
    fairness_figures(found)


def test_rows_left_undecided_are_no_decision_and_are_compared_too(monkeypatch):
    monkeypatch.setitem(DECISIONS["multiclass"], "min_confidence", 0.6)
    rng = np.random.default_rng(2)
    n = 600
    group = np.repeat(["f", "m"], n // 2)
    truth = rng.integers(0, 3, n)
    unsure = (group == "f") & (rng.random(n) < 0.5)
    predicted = np.where(unsure[:, None], np.eye(3)[truth] * 0.2 + 0.8 / 3, np.eye(3)[truth])
    found = assessed(truth, predicted, pd.DataFrame({"who": group}), ["who"], "multiclass")
    left = found.table[(found.table["class"] == "(undecided)") & (found.table["group"] == "f")]
    assert left["value"].tolist() == pytest.approx([unsure.sum() / 300])
    rates = found.table[
        (found.table["measure"] == "selection_rate") & (found.table["group"] == "f")
    ]
    assert rates["value"].sum() == pytest.approx(1)


def test_numbers_are_compared_by_their_errors():
    """One group is predicted too high; another has larger errors, and fewer outcomes in its intervals."""
    rng = np.random.default_rng(3)
    n = 1500
    group = rng.integers(0, 3, n)
    truth = rng.normal(size=n)
    error = rng.normal(size=n) * np.where(group == 1, 2.0, 1.0) + 0.6 * (group == 2)
    table = pd.DataFrame({"who": np.array(["plain", "noisy", "high"])[group]})
    found = assessed(truth, truth + error, table, ["who"], "regression")
    assert value(found, "high", "mean_error")["value"] == pytest.approx(error[group == 2].mean())
    assert value(found, "noisy", "mae")["value"] == pytest.approx(np.abs(error[group == 1]).mean())
    assert value(found, "noisy", "rmse")["value"] == pytest.approx(
        np.sqrt((error[group == 1] ** 2).mean())
    )
    inside = (np.abs(error) <= 2)[group == 1].mean()
    assert value(found, "noisy", "coverage")["value"] == pytest.approx(inside)
    assert value(found, "high", "mean_error")["differs"]
    assert value(found, "noisy", "mae")["differs"]
    assert (
        not value(found, "plain", "coverage")["differs"]
        or value(found, "noisy", "coverage")["differs"]
    )
    for name in ("bias", "error_size", "coverage"):
        assert parity(found, name)["alarm"], name
    assert list(plot_table(found)["measure"].unique()) == ["mae"]
    assert set(fairness_figures(found)) == {"fairness_1"}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_without_sensitive_columns_all_is_empty_and_has_its_columns(task):
    predicted = np.full((60, 3), 1 / 3) if task == "multiclass" else np.full(60, 0.4)
    found = assessed(np.zeros(60), predicted, pd.DataFrame(index=range(60)), [], task)
    assert fairness_json(found) == {"applicable": False}
    for table, columns in (
        (found.table, COLUMNS), (found.parity, PARITY_COLUMNS), (found.proxies, PROXY_COLUMNS)
    ):  # fmt: skip
        assert table.empty
        assert tuple(table) == columns
    assert plot_table(found).empty
    assert fairness_figures(found) == {}
    assert parity_table([]).empty


def test_rates_that_differ_by_nothing_but_entities_are_no_alarm():
    """40 entities, each of one group, and of one decision in all rows: the rows say too much."""
    entity = np.repeat(np.arange(40), 30)
    selected = (np.arange(40) % 10 < np.where(np.arange(40) < 20, 4, 6))[entity]
    table = pd.DataFrame({"who": np.where(entity < 20, "f", "m")})
    outcome = np.random.default_rng(0).integers(0, 2, len(entity))
    scores = selected * 0.8 + 0.1
    assert parity(assessed(outcome, scores, table, ["who"]), "demographic_parity")["alarm"]
    found = assessed(outcome, scores, table, ["who"], clusters=entity)
    told = parity(found, "demographic_parity")
    assert told["ratio"] == pytest.approx(8 / 12)
    assert told["verdict"] == "below four fifths, but chance may do that"


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_exactly_what_is_larger_than_its_bound_of_chance_is_an_alarm(task):
    """Of several questions, and of errors that vary unequally: the sentence never says yes and no."""
    alarms = []
    for seed in (0, 2, 4):
        rng = np.random.default_rng(seed)
        n = 300
        table = pd.DataFrame({"who": rng.choice(list("abc"), n)})
        size = 0.3 * seed * (table["who"] == "a").to_numpy()
        truth = rng.integers(0, 2, n).astype(float)
        if task == "binary":
            predicted = (rng.random(n) < 0.4 + size / 4) * 0.8 + 0.1
        else:
            predicted = truth + rng.standard_t(3, n) * (1 + size) + size / 2
        found = assessed(truth, predicted, table, ["who"], task, resamples=50)
        asked = found.parity.dropna(subset=["p_value"])
        beyond = asked["difference"] > asked["chance_up_to"] + 1e-9
        assert beyond.tolist() == asked["alarm"].tolist()
        ratios = asked.dropna(subset=["ratio"])
        below = ratios["ratio"] < ratios["chance_down_to"] - 1e-9
        assert below.tolist() == ratios["alarm"].tolist()
        alarms += asked["alarm"].tolist()
    assert set(alarms) == {True, False}


def test_one_far_outlier_makes_no_group_different():
    """Group f has the same errors, and one that is 1,000 times as large: its mean is far off."""
    rng = np.random.default_rng(0)
    error = rng.standard_t(2, 600)
    error[0] = 5000.0
    table = pd.DataFrame({"sex": np.repeat(["f", "m"], [200, 400])})
    found = assessed(np.zeros(600), error, table, ["sex"], "regression")
    told = parity(found, "error_size")
    assert told["difference"] > 20
    assert not found.parity["alarm"].any()


def test_rates_of_few_rows_are_told_and_not_judged():
    """3 positives of group f, all missed, where groups of 20 rows are judged."""
    counts = {("m", 1, 1): 60, ("m", 0, 0): 60, ("f", 1, 0): 3, ("f", 0, 0): 27}
    for least in (3, 20):
        found = found_of(counts, min_rows=least)
        row = value(found, "f", "tpr")
        assert (row["n"], row["value"], row["reason"]) == (
            3, 0.0, "too few of these rows to compare",
        )  # fmt: skip
        assert parity(found, "equal_opportunity")["verdict"] == "too few rows to tell"


def test_a_group_of_few_entities_is_not_compared():
    """200 rows of 4 hospitals say little of hospitals."""
    entity = np.repeat(np.arange(34), [50] * 4 + [20] * 30)
    who = np.where(entity < 4, "f", "m")
    selected = np.where(entity < 4, 0.1, 0.9)
    found = assessed(entity % 2, selected, pd.DataFrame({"who": who}), ["who"], clusters=entity)
    assert parity(found, "demographic_parity")["verdict"] == "too few rows to tell"
    assert value(found, "f", "selection_rate")["reason"] == "too few of these rows to compare"


def test_a_group_that_one_entity_fills_is_not_compared():
    """One of 120 rows, all selected, among 90 others of one row each."""
    entity = np.r_[np.zeros(120, dtype=int), np.arange(1, 301)]
    who = np.where((entity == 0) | (entity > 210), "f", "m")
    selected = np.where(entity == 0, 0.9, 0.1 + 0.8 * (entity % 2))
    found = assessed(entity % 2, selected, pd.DataFrame({"who": who}), ["who"], clusters=entity)
    assert parity(found, "demographic_parity")["verdict"] == "too few rows to tell"


def test_more_questions_than_deals_do_not_hide_what_is_plain():
    """Few deals of many rows reach no small p-value; the tail behind them is that of t."""
    rng = np.random.default_rng(0)
    code = np.repeat([0, 1, 2], 400)
    shifted = means_by_chance(Labelled(rng.normal(size=1200) + (code == 0), code), rng)
    assert shifted.p_value < 1e-9
    hits = (rng.random(1200) < 0.2 + 0.4 * (code == 0)).astype(float)
    assert rates_by_chance(Labelled(hits, code), rng).p_value < 1e-9
    for level in (0.05, 0.01, 1e-5):
        assert shifted.bound(level) < 1
    bounds = [shifted.bound(level) for level in (0.05, 0.001, 1e-5, 1e-9)]
    assert bounds == sorted(bounds)


def test_the_design_effect_is_that_of_whole_entities():
    """Rows of an entity that are all alike count as one."""
    rng = np.random.default_rng(0)
    hits = np.repeat(rng.integers(0, 2, 300), 4).astype(float)
    code = np.repeat(rng.integers(0, 2, 300), 4)
    entities = np.repeat(np.arange(300), 4)
    assert design_effect(Labelled(hits, code, entities)) == pytest.approx(4, rel=0.02)
    assert design_effect(Labelled(hits, code)) == 1


def test_chance_is_that_of_two_rates_by_hand():
    """10 of 40 rows are hits; which of two halves has 9 or more of them is hypergeometric."""
    from scipy.stats import hypergeom

    hits = np.r_[np.ones(9), np.zeros(11), np.ones(1), np.zeros(19)]
    found = rates_by_chance(Labelled(hits, np.repeat([0, 1], 20)), np.random.default_rng(0))
    exact = 2 * hypergeom(40, 10, 20).sf(8)
    assert found.p_value == pytest.approx(exact, abs=0.004)
    alike = rates_by_chance(
        Labelled(hits, np.repeat([0, 1], 20), np.arange(40)), np.random.default_rng(0)
    )
    assert alike.p_value == pytest.approx(exact, abs=0.006)


def test_groups_that_vary_more_are_not_thereby_different():
    """A small group with a large spread; dealt labels alone would call it different too often."""
    alarms = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        values = np.r_[rng.normal(0, 4, 40), rng.normal(0, 1, 360)]
        labelled = Labelled(values, np.repeat([0, 1], [40, 360]))
        small = Labelled(labelled.values, labelled.code)
        alarms += means_by_chance(small, rng).p_value < 0.05
    assert alarms <= 4


@pytest.mark.parametrize("clustered", [False, True])
def test_decisions_that_know_nothing_of_groups_raise_no_alarm(clustered):
    """The rate over many tables is in docs/fairness.md; of 10 here, alarms in 4 would have odds of 1:1,000."""
    alarms = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        entity = np.repeat(np.arange(100), 6)
        shared = rng.normal(size=100)[entity]
        score = 1 / (1 + np.exp(-rng.normal(size=600) - (shared if clustered else 0)))
        outcome = rng.random(600) < score
        of_entity = rng.choice(list("abcde"), 100)[entity]
        group = of_entity if clustered else rng.choice(list("abcde"), 600)
        found = assessed(
            outcome, score, pd.DataFrame({"who": group}), ["who"],
            clusters=entity if clustered else None, seed=seed, min_rows=30,
        )  # fmt: skip
        alarms += fairness_json(found)["alarm_count"] > 0
        assert not found.table["differs"].any() or found.parity["alarm"].any()
    assert alarms <= 3


def test_the_same_rows_give_the_same_figures():
    one, other = found_of(HALVED), found_of(HALVED)
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.parity, other.parity)
