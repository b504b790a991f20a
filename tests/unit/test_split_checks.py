"""What training set and holdout share, and whether they can be told apart."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import as_task, make_table, prepared, proven, sessions, split_settings, twins

from assay.checks.adversarial import sample_sides, tell_apart
from assay.checks.repeats import estimate_near_repeats, find_repeats
from assay.checks.split import prove_split, refuse_unfair_split
from assay.errors import SplitError
from assay.splits.split import split_table


def codes(proof) -> list[str]:
    return [finding.code for finding in proof.findings]


def halves(n=800, seed=0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return training rows and as many holdout rows of one distribution."""
    _, typed = prepared(make_table(n, seed))
    return typed.iloc[: n // 2], typed.iloc[n // 2 :]


FEATURES = ["signal", "noise", "count", "kind"]


# Adversarial validation.


def told(train, holdout, group_column=None, seed=0, permutations=20):
    sides = sample_sides(train, holdout, FEATURES, group_column, 800, seed)
    return tell_apart(sides, permutations, seed)


@pytest.mark.parametrize(
    ("feature", "shift"),
    [
        ("noise", lambda column: column + 1.5),
        # No single cut finds this one.
        ("noise", lambda column: column * 4),
        ("kind", lambda column: column.where(column != "b", "d")),
        ("signal", lambda column: column.where(np.arange(len(column)) % 2 == 0)),
    ],
)
def test_a_planted_shift_and_its_feature_are_found(feature, shift):
    train, holdout = halves()
    found = told(train, holdout.assign(**{feature: shift(holdout[feature])}))
    assert found["auc"] > 0.65
    assert found["auc"] > found["null_p95"]
    assert found["p_value"] == pytest.approx(1 / 21)
    assert next(iter(found["top_features"])) == feature


def test_exchangeable_sides_stay_within_chance():
    within = []
    for seed in range(6):
        found = told(*halves(seed=seed), seed=100 + seed)
        assert 0.4 < found["null_mean"] < 0.6
        # The 99% quantile of a null that is near to normal.
        spread = (found["null_p95"] - found["null_mean"]) / 1.64
        within.append(found["auc"] < found["null_mean"] + 2.33 * spread)
    assert sum(within) >= 5


def test_groups_are_exchanged_as_a_whole():
    """What is constant in a group tells its rows; among rows it would look like a difference."""
    train, holdout = (
        part.assign(
            entity=[f"{side}{number // 10}" for number in range(400)],
            noise=np.repeat(np.random.default_rng(seed).normal(size=40), 10),
        )
        for side, seed, part in zip("th", (1, 2), halves(), strict=True)
    )
    by_row, by_group = told(train, holdout), told(train, holdout, "entity")
    assert by_row["auc"] > 0.8
    assert by_group["auc"] < max(0.6, by_group["null_p95"])


def test_it_is_the_same_twice_and_with_another_seed_is_not():
    sides = halves()
    assert told(*sides) == told(*sides)
    assert told(*sides)["auc"] != told(*sides, seed=1)["auc"]


def test_two_rows_on_one_side_cannot_be_told():
    train, holdout = halves()
    assert told(train, holdout.iloc[:2]) == {"applicable": False}
    assert told(train, holdout.assign(entity="one"), "entity") == {"applicable": False}


def test_the_sample_has_half_of_each_side():
    train, holdout = halves()
    sides = sample_sides(train, holdout.iloc[:150], FEATURES, None, 400, 0)
    assert np.bincount(sides.held_out).tolist() == [200, 150]
    assert sides.matrix.shape == (350, 4)
    assert np.isnan(sides.matrix).any(axis=0).tolist() == [True, False, False, True]


# Repeats.


def test_repeats_are_counted_and_shown(table):
    schema, typed = prepared(table)
    train, holdout = typed.iloc[:400], typed.iloc[400:].copy()
    assert find_repeats(train, holdout, schema).count == 0
    # The first holdout row has a missing number, the second a missing category.
    missing = [typed.index[train_rows][0] for train_rows in (
        typed["signal"].isna() & (typed.index < 400), typed["kind"].isna() & (typed.index < 400))]  # fmt: skip
    holdout.loc[[400, 401, 402], FEATURES] = typed.loc[[*missing, 7], FEATURES].to_numpy()
    found = find_repeats(train, holdout.infer_objects(), schema)
    assert found.count == 3
    assert found.rate == 3 / 200
    assert found.example == (400, missing[0])


def repeats_of(outcomes, of_twins, task="binary", **features):
    """Repeats between rows that have these outcomes and features, and twins with their own outcomes."""
    schema, typed = as_task(*prepared(make_table()), task)
    rows = typed.iloc[[0] * len(outcomes)].reset_index(drop=True).assign(**features)
    others = typed.iloc[100:].assign(noise=GRADED, signal=9.0)
    train = pd.concat([rows.assign(outcome=of_twins), others], ignore_index=True)
    return find_repeats(train, rows.assign(outcome=outcomes), schema)


RNG = np.random.default_rng(0)
MEASURED, GRADED = RNG.normal(size=500), np.repeat(np.arange(5.0), 100)
OUTCOMES = RNG.integers(0, 2, 500)
RARE = (np.arange(500) < 8).astype(int)


@pytest.mark.parametrize(
    ("outcomes", "of_twins", "values", "copies"),
    [
        (OUTCOMES, OUTCOMES, MEASURED, True),
        (OUTCOMES, np.where(np.arange(500) % 20, OUTCOMES, 1 - OUTCOMES), MEASURED, True),
        # An entity that comes back, and tells nothing of its outcomes.
        (OUTCOMES, RNG.permutation(OUTCOMES), MEASURED, False),
        # Nothing speaks against it.
        (np.zeros(500), np.zeros(500), MEASURED, True),
        # Common values coincide; 98% of outcomes agree by chance.
        (OUTCOMES, RNG.permutation(OUTCOMES), GRADED, False),
        (RARE, RNG.permutation(RARE), GRADED, False),
        (np.zeros(500), np.zeros(500), GRADED, False),
    ],
)
def test_copies_are_told_from_rows_that_coincide(outcomes, of_twins, values, copies):
    repeats = repeats_of(outcomes, of_twins, noise=values)
    assert repeats.rate == 1
    assert repeats.marked_rate == (values is MEASURED)
    assert repeats.are_copies(0.01) == copies


def test_an_outcome_that_was_measured_again_makes_no_other_row():
    again = MEASURED * 1.001
    assert repeats_of(MEASURED, again, "regression", noise=MEASURED).are_copies(0.01)
    shuffled = RNG.permutation(MEASURED)
    assert not repeats_of(MEASURED, shuffled, "regression", noise=MEASURED).are_copies(0.01)
    assert not repeats_of(MEASURED, again, "regression", noise=GRADED).are_copies(0.01)


@pytest.mark.parametrize(("noise", "severity"), [(0.0, "error"), (0.4, "warning")])
def test_rows_that_coincide_with_other_outcomes_are_a_warning(noise, severity):
    rng = np.random.default_rng(1)
    table = twins(0.5)
    flipped = rng.uniform(size=len(table)) < noise
    table["outcome"] = np.where(flipped, 1 - table["outcome"], table["outcome"])
    _, proof = proven(table)
    (finding,) = [found for found in proof.findings if found.code == "split_duplicates"]
    assert finding.severity == severity
    assert ("do not speak for copies" in finding.message) == (severity == "warning")


def test_near_repeats_are_estimated(table):
    schema, typed = prepared(table)
    train, holdout = typed.iloc[:400], typed.iloc[400:].copy()
    near = typed.iloc[:50][FEATURES].assign(
        signal=lambda t: t["signal"] + 0.004, noise=lambda t: t["noise"] - 0.004
    )
    holdout.loc[400:449, FEATURES] = near.to_numpy()
    holdout = holdout.astype({"signal": float, "noise": float, "count": float})
    found = estimate_near_repeats(train, holdout, schema, 0)
    assert found == {"near_duplicate_rate": 0.25, "near_duplicate_sample_count": 200}
    other = holdout.assign(kind="z")
    assert estimate_near_repeats(train, other, schema, 0)["near_duplicate_rate"] == 0
    far = holdout.assign(signal=holdout["signal"] + 0.02)
    assert estimate_near_repeats(train, far, schema, 0)["near_duplicate_rate"] < 0.05


@pytest.mark.parametrize("value", [5.0, 1e308, 1e-320, np.nan])
def test_numbers_without_a_spread_of_use_are_compared_as_they_are(table, value):
    schema, typed = prepared(table)
    train = typed.iloc[:400].assign(signal=value, noise=value, count=value, kind="a")
    same, other = train.iloc[:10], train.iloc[:10].assign(count=7.0)
    assert estimate_near_repeats(train, same, schema, 0)["near_duplicate_rate"] == 1
    assert estimate_near_repeats(train, other, schema, 0)["near_duplicate_rate"] == 0
    extreme = train.assign(signal=np.where(np.arange(400) % 2, 1.7e308, -1.7e308))
    assert estimate_near_repeats(extreme, extreme, schema, 0)["near_duplicate_rate"] == 1


def test_many_holdout_rows_are_sampled():
    schema, typed = prepared(make_table(2600))
    found = estimate_near_repeats(typed.iloc[:100], typed.iloc[100:], schema, 0)
    assert found["near_duplicate_sample_count"] == 2000


# Findings.


def test_repeats_across_the_split_stop_it_and_say_what_works():
    _, proof = proven(twins(0.1))
    assert proof.metrics["duplicate_count"] == 12
    assert codes(proof) == ["split_duplicates"]
    with pytest.raises(
        SplitError,
        match=r"12 holdout rows \(10\.0%\) repeat .* above 1\.0% \(split\.max_duplicate_rate\): "
        r"row 588 of the table repeats row 0.*split\.strategy group",
    ):
        refuse_unfair_split(proof)


def test_repeats_within_the_limit_pass():
    _, proof = proven(twins(0.1), max_duplicate_rate=0.1)
    assert proof.metrics["duplicate_rate"] == pytest.approx(0.1)
    assert proof.findings == ()
    refuse_unfair_split(proof)


def test_repeats_of_one_entity_pass_where_groups_are_apart():
    table = twins(0.5)
    table["entity"] = [f"e{number if number < 540 else number - 540}" for number in range(600)]
    with pytest.raises(SplitError, match="repeat a training row"):
        refuse_unfair_split(proven(table)[1])
    _, proof = proven(table, strategy="group")
    assert proof.metrics["duplicate_count"] == 0


def test_a_group_leak_flatters_the_random_split_only():
    """Each entity has a constant reading and an outcome of its own; the two are unrelated."""
    from sklearn.metrics import roc_auc_score
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(3)
    member = rng.integers(0, 60, 1200)
    table = make_table(1200).assign(
        entity=[f"e{number}" for number in member],
        noise=rng.normal(size=60)[member],
        outcome=(rng.uniform(size=60) < 0.5).astype(int)[member],
    )
    scores, shared = {}, {}
    for strategy in ("random", "group"):
        split, proof = proven(table, strategy=strategy)
        train, holdout = table.iloc[split.train], table.iloc[split.holdout]
        tree = DecisionTreeClassifier(random_state=0).fit(train[["noise"]], train["outcome"])
        scored = tree.predict_proba(holdout[["noise"]])[:, 1]
        scores[strategy] = roc_auc_score(holdout["outcome"], scored)
        shared[strategy] = proof.metrics["group_overlap_count"]
        assert ("shared_groups" in codes(proof)) == (strategy == "random")
    assert scores["random"] > 0.95
    assert scores["group"] < 0.75
    assert shared["random"] > 50
    assert shared["group"] == 0


def test_a_time_leak_is_counted_where_a_split_does_not_prevent_it():
    """`noise` creeps upwards: in time order the sides differ, at random the later rows train."""
    table = make_table()
    table["noise"] = (table["moment"] - table["moment"].min()).dt.days + 0.0
    _, by_time = proven(table)
    assert by_time.metrics["time_overlap_count"] == 0
    assert by_time.metrics["adversarial"]["auc"] > 0.95
    assert next(iter(by_time.metrics["adversarial"]["top_features"])) == "noise"
    # Expected with time, so no finding.
    assert by_time.findings == ()
    _, at_random = proven(table, strategy="random")
    assert at_random.metrics["time_overlap_rate"] > 0.9
    assert at_random.metrics["adversarial"]["auc"] < 0.65


@pytest.mark.parametrize("strategy", ["random", "group"])
def test_sides_that_should_be_alike_and_are_not_are_a_warning(strategy):
    table = make_table().assign(entity=lambda t: "e" + (t.index % 90).astype(str))
    held_out = proven(table, strategy=strategy)[0].holdout
    # The place of a row depends on its key or its group, and on nothing that is changed here.
    table.loc[held_out, "noise"] += 2
    split, proof = proven(table, strategy=strategy)
    np.testing.assert_array_equal(split.holdout, held_out)
    assert codes(proof)[0] == "sides_differ"
    finding = proof.findings[0]
    assert "most of all by 'noise'" in finding.message
    assert finding.severity == "warning"
    refuse_unfair_split(proof)


@pytest.mark.parametrize(("p_value", "warned"), [(1 / 21, True), (2 / 21, False)])
def test_a_difference_that_chance_reaches_is_no_warning(monkeypatch, p_value, warned):
    """Of 20 permutations one reaches the AUC, and still its interpolated 95% quantile is below."""
    told = {"applicable": True, "sample_count": 600, "auc": 0.6, "null_mean": 0.5}
    told |= {"null_p95": 0.58, "p_value": p_value, "top_features": {"noise": 0.6}}
    monkeypatch.setattr("assay.checks.split.tell_apart", lambda *_: told)
    _, proof = proven(make_table(), strategy="group")
    assert ("sides_differ" in codes(proof)) == warned


def test_new_groups_in_time_are_told_apart_as_groups():
    """A reading that is constant in a group would tell each of its rows, without any drift."""
    table = sessions(make_table())
    entity = pd.factorize(table["entity"])[0]
    table["noise"] = np.random.default_rng(0).normal(size=600)[entity]
    _, dropped = proven(table, strategy="group_time", seen_groups="drop")
    assert dropped.metrics["adversarial"]["auc"] < 0.65
    _, kept = proven(table, strategy="group_time", seen_groups="keep")
    assert kept.metrics["adversarial"]["auc"] > 0.7


def test_a_holdout_that_lost_most_of_its_rows_is_a_warning():
    table = sessions(make_table())
    late = table["moment"] > "2024-01-21 12:00"
    _, proof = proven(
        table.assign(entity=table["entity"].where(~late, "regular")), strategy="group_time"
    )
    assert proof.metrics["dropped_count"] > 100
    assert codes(proof) == ["holdout_size"]
    assert "20.0% were asked for" in proof.findings[0].message


def test_classes_that_no_holdout_row_has_are_named(table):
    schema, typed = as_task(*prepared(table), "multiclass")
    params = split_settings(strategy="random")
    split = split_table(typed, schema, params)
    assert "holdout_classes" not in codes(prove_split(split, typed, schema, params, 0))
    lacking = typed["outcome"].to_numpy()[split.holdout] != 1
    proof = prove_split(replace(split, holdout=split.holdout[lacking]), typed, schema, params, 0)
    finding = next(found for found in proof.findings if found.code == "holdout_classes")
    assert finding.severity == "warning"
    assert finding.message.startswith("1 of 3 classes have no row in the holdout ('mid')")
