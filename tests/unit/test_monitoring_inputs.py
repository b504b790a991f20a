import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from drifting import held_against, thirty, with_column
from scipy import stats

from assay.drift import ks_distance, wasserstein_distance
from assay.monitoring.check import judged
from assay.monitoring.clusters import ClusterTally
from assay.monitoring.inputs import InputTally, feature_facts, input_checks
from assay.monitoring.rows import ScoredRows, row_keys

N = 2000


def counted(rows, watch):
    """The parts of a tally that inputs need."""
    return SimpleNamespace(
        row_count=len(rows),
        inputs=InputTally.of(rows, watch),
        clusters=ClusterTally.of(rows, watch),
    )


def asked(rows, watch):
    """Judged checks by feature and measure."""
    checks = judged(input_checks(counted(rows, watch), watch), watch.params.false_alarm_rate)
    return {(check.subject, check.measure): check for check in checks}


def raised(rows, watch):
    return {key for key, check in asked(rows, watch).items() if check.level != "fine"}


def fact(rows, watch, name):
    tally = counted(rows, watch)
    told = feature_facts(tally, watch, judged(input_checks(tally, watch), 0.05))
    json.dumps(told, allow_nan=False)
    return next(each for each in told if each["name"] == name)


@pytest.fixture(scope="module")
def watch():
    return held_against(thirty(8000, 1))


@pytest.fixture(scope="module")
def batch():
    return thirty(N, 2)


def small(values, name="x", text=False):
    """Rows of one feature."""
    column = pd.Series(values, dtype=object if text else float)
    n = len(column)
    return ScoredRows(pd.DataFrame({name: column}), np.zeros(n), row_keys(0, n), np.full(n, np.nan))


def test_tallies_of_parts_in_any_order_merge_into_that_of_the_whole(watch, batch):
    rows = with_column(batch, "7 kinds", [f"new {k % 30}" if k < 400 else "k1" for k in range(N)])
    whole = InputTally.of(rows, watch).features
    parts = [np.arange(N) % 5 == number for number in (3, 0, 4, 1, 2)]
    merged = InputTally()
    for part in parts:
        merged.merge(InputTally.of(rows.at(part), watch))
    for name, counts in merged.features.items():
        other = vars(whole[name])
        for member, value in vars(counts).items():
            assert value == pytest.approx(other[member]), (name, member)
    assert len(whole["7 kinds"].unknown) == 8


def test_a_batch_like_training_raises_nothing(watch, batch):
    assert raised(batch, watch) == set()


def test_a_shifted_mean_is_found(watch, batch):
    shifted = batch.features["measure 3"] + 0.3
    found = asked(with_column(batch, "measure 3", shifted), watch)
    check = found["measure 3", "js_distance"]
    assert check.level == "warning" and check.adjusted < 1e-6
    assert check.sentence.startswith(f"measure 3: the distribution moved by {check.effect:.2f} ")
    assert f"its mean is {shifted.mean():.4g}, against" in check.sentence
    assert {key for key, each in found.items() if each.level != "fine"} == {
        ("measure 3", "js_distance")
    }


def test_a_new_category_is_found_and_named(watch, batch):
    texts = batch.features["7 kinds"].where(np.arange(N) % 20 > 0, "Ж<b>|new")
    found = asked(with_column(batch, "7 kinds", texts), watch)
    check = found["7 kinds", "unknown_rate"]
    assert check.level == "warning" and check.now == pytest.approx(0.05)
    assert (
        "5.0% of rows have a category that fitting never saw, such as Ж<b>|new;" in check.sentence
    )
    assert fact(with_column(batch, "7 kinds", texts), watch, "7 kinds")["unknown_rate"] == 0.05


def test_another_unit_is_found(watch, batch):
    celsius = (batch.features["weather 1"] - 32) / 1.8
    found = asked(with_column(batch, "weather 1", celsius), watch)
    assert found["weather 1", "js_distance"].level == "alarm"
    assert found["weather 1", "outside_rate"].now == pytest.approx(
        (celsius < watch.reference["inputs"]["weather 1"]["range"][0]).mean()
    )


def test_values_far_outside_are_found_of_a_single_day(watch, batch):
    marked = with_column(batch.at(np.arange(N) < 60), "weather 1", -999.0)
    check = asked(marked, watch)["weather 1", "far_outside_rate"]
    assert check.level == "alarm" and check.p_value == 0 and "such as -999" in check.sentence
    few = np.where(np.arange(N) % 100 == 0, 5e4, batch.features["weather 1"])
    assert asked(with_column(batch, "weather 1", few), watch)[
        "weather 1", "far_outside_rate"
    ].level == ("fine")
    # Of one value, 1, nothing is as far away as 1.9; half of the values here are.
    for value, level in ((1.9, "fine"), (2.1, "alarm")):
        half = with_column(batch, "constant", np.where(np.arange(N) % 2, 1.0, value))
        assert asked(half, watch)["constant", "far_outside_rate"].level == level
        assert fact(half, watch, "constant")["far_outside_rate"] == (0.5 if value > 2 else 0)


def test_missing_values_are_found(watch, batch):
    values = batch.features["hour"].where(np.arange(N) % 10 > 0)
    found = raised(with_column(batch, "hour", values), watch)
    assert found == {("hour", "missing_rate")}


def test_a_column_that_came_empty_or_came_back_is_found(watch, batch):
    empty = with_column(batch, "hour", np.nan)
    assert asked(empty, watch)["hour", "missing_rate"].level == "alarm"
    assert asked(empty, watch)["hour", "js_distance"].p_value == 1
    back = with_column(batch, "nothing", 1.0)
    assert asked(back, watch)["nothing", "missing_rate"].level == "alarm"
    assert fact(back, watch, "nothing")["mean"] == {"now": 1.0, "before": None}


def test_a_feature_of_one_value_is_found_when_it_has_another(watch, batch):
    half = with_column(batch, "constant", np.where(np.arange(N) % 2, 1.0, 0.5))
    assert asked(half, watch)["constant", "js_distance"].level == "alarm"
    told = fact(half, watch, "constant")
    assert [each["label"] for each in told["bins"]] == ["below 1", "1", "above 1"]
    assert told["sd_before"] == 0 and told["wasserstein"] is None
    assert told["standardised_mean_shift"] is None


@pytest.mark.parametrize("name", ["flag", "hour", "rain", "3 kinds", "120 kinds"])
def test_flags_hours_atoms_and_categories_are_found(watch, batch, name):
    column = batch.features[name].copy()
    column.iloc[: N // 3] = column.max()
    assert asked(with_column(batch, name, column), watch)[name, "js_distance"].level != "fine"


def test_no_alarm_because_there_are_a_million_rows():
    trained = small(np.random.default_rng(0).normal(size=200_000))
    watch = held_against(trained)
    rows = small(np.random.default_rng(1).normal(0.03, 1, 1_000_000))
    check = asked(rows, watch)["x", "js_distance"]
    assert check.p_value < 1e-12 and check.level == "fine"


@pytest.mark.parametrize(("n", "batches"), [(200, 60), (2000, 40)])
@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_batches_without_drift_raise_no_more_than_the_stated_share(n, batches, shared):
    watch = held_against(thirty(8000, 1, shared))
    small_p, told = 0, 0
    for seed in range(batches):
        checks = asked(thirty(n, 1000 + seed, shared), watch).values()
        told += any(check.level != "fine" for check in checks)
        small_p += min(check.adjusted for check in checks) <= 0.05
    most = stats.binom.ppf(0.995, batches, 0.05)
    assert told <= small_p <= most


def test_rows_of_one_day_are_not_taken_for_as_many_days():
    watch = held_against(thirty(8000, 1, 0.9))
    rows = thirty(240, 7, 0.9)
    found = asked(rows, watch)["weather 1", "js_distance"]
    assert found.effect > 0.25 and found.level == "fine"
    # The same rows, as if each had a day of its own.
    apart = ScoredRows(
        rows.features, rows.predicted, rows.keys, rows.outcome,
        np.datetime64("2024-01-01", "us") + np.arange(240) * np.timedelta64(1, "D"),
    )  # fmt: skip
    assert asked(apart, watch)["weather 1", "js_distance"].level == "alarm"


def test_distances_along_numbers_are_those_of_the_values(watch, batch):
    moved = batch.features["measure 3"] * 1.4 + 0.2
    told = fact(with_column(batch, "measure 3", moved), watch, "measure 3")
    trained = thirty(8000, 1).features["measure 3"].to_numpy()
    assert told["ks"] == pytest.approx(ks_distance(trained, moved.to_numpy()), abs=0.01)
    assert told["wasserstein"] == pytest.approx(
        wasserstein_distance(trained, moved.to_numpy()), abs=0.02
    )
    assert told["standardised_mean_shift"] == pytest.approx(
        (moved.mean() - trained.mean()) / trained.std()
    )
    assert told["psi"] > 0.1
    assert sum(each["now"] for each in told["bins"]) == pytest.approx(1)
    assert len(told["bins"]) == 10 and told["level"] == "warning"


def test_categories_are_shown_from_the_most_frequent_with_the_others_summed_up(watch, batch):
    told = fact(batch, watch, "120 kinds")
    labels = [each["label"] for each in told["bins"]]
    assert labels[:2] == ["k0", "k1"] and labels[-2:] == ["rarer categories", "unknown categories"]
    assert sum(each["before"] for each in told["bins"]) == pytest.approx(1)
    assert told["ks"] is None and told["mean"] is None


def test_notes_on_types_are_told_beside_their_feature(watch, batch):
    tally = counted(batch, watch)
    told = feature_facts(tally, watch, type_notes={"hour": "12 values were texts."})
    notes = {each["name"]: each["type_note"] for each in told}
    assert notes["hour"] == "12 values were texts." and notes["flag"] is None


def test_new_categories_that_were_to_be_expected_are_no_finding():
    rng = np.random.default_rng(0)

    def names(n, start):
        # One row in ten has a name that no other row has.
        own = np.array([f"own {start + k}" for k in range(n)], dtype=object)
        return np.where(rng.uniform(size=n) < 0.1, own, "common")

    watch = held_against(small(names(5000, 0), text=True))
    assert watch.reference["inputs"]["x"]["unseen_rate"] == pytest.approx(0.1, abs=0.015)
    check = asked(small(names(2000, 5000), text=True), watch)["x", "unknown_rate"]
    assert check.now == pytest.approx(0.1, abs=0.02) and check.level == "fine"
    new = np.where(np.arange(2000) % 4 == 0, "new", names(2000, 9000))
    assert asked(small(new, text=True), watch)["x", "unknown_rate"].level == "alarm"


def test_an_empty_batch_is_no_finding(watch, batch):
    assert raised(batch.at(np.zeros(N, dtype=bool)), watch) == set()
