"""Each kind of leak is planted and found, and its clean counterpart is not."""

import numpy as np
import pandas as pd
import pytest
from leaks import TASKS, codes_of, leaks, plain_table, told

RNG = np.random.default_rng(11)
ROWS = 2_000
NOISE = RNG.normal(size=ROWS)
GROUPLESS = {"group_column": None}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", range(5))
def test_a_clean_table_has_no_finding(task, seed):
    assert told(plain_table(task, seed=seed), task) == {}


# The target is a function of a feature.


def copies(table, task):
    outcome = codes_of(table)
    made = {
        "copy": outcome,
        "turned": -3.0 * outcome + 7,
        "with_gaps": pd.Series(outcome).where(NOISE > -1).to_numpy(),
    }
    if task == "regression":
        made |= {"curved": np.exp(outcome / 10), "rank": pd.Series(outcome).rank() / 3}
    else:
        made |= {
            "relabelled": np.array(["x", "y", "z"])[outcome],
            "finer": [
                f"{kind}{int(number * 4) % 4}"
                for kind, number in zip(outcome, abs(NOISE), strict=True)
            ],
            "beyond": outcome * 10 + RNG.uniform(size=ROWS) * 9,
        }
    return made


@pytest.mark.parametrize("task", TASKS)
def test_what_determines_the_target_is_an_error(task):
    table = plain_table(task)
    for name, column in copies(table, task).items():
        found = told(table.assign(planted=column), task)
        assert found == {"leak_determines_target:planted": "error"}, name


@pytest.mark.parametrize("task", TASKS)
def test_one_row_that_disagrees_leaves_a_warning(task):
    table = plain_table(task)
    planted = codes_of(table).astype(float).copy()
    planted[5] = np.unique(planted)[
        np.unique(planted).argmax() if planted[5] == planted.min() else 0
    ]
    if task == "regression":
        planted = codes_of(table) + NOISE / 1_000
    assert told(table.assign(planted=planted), task) == {"leak_single_feature:planted": "warning"}


@pytest.mark.parametrize("task", TASKS)
def test_unique_values_determine_nothing(task):
    table = plain_table(task).assign(
        name=[f"n{number:x}" for number in RNG.permutation(ROWS)],
        number=RNG.permutation(ROWS) * 7,
        amount=RNG.normal(size=ROWS),
        pair=[f"p{number // 2}" for number in RNG.permutation(ROWS)],
    )
    assert told(table, task) == {"numeric_id:number": "warning"}


def test_few_rows_of_a_rare_class_may_stand_together_by_chance():
    table = plain_table("binary")
    outcome = np.zeros(ROWS, dtype=int)
    outcome[[3, 500, 1700]] = 1
    table = table.assign(outcome=outcome, planted=outcome * 10 + RNG.uniform(size=ROWS))
    assert "leak_determines_target:planted" not in told(table)
    # Twenty would not.
    outcome = np.zeros(ROWS, dtype=int)
    outcome[::100] = 1
    table = table.assign(outcome=outcome, planted=outcome * 10 + RNG.uniform(size=ROWS))
    assert told(table)["leak_determines_target:planted"] == "error"


def test_a_trait_of_groups_that_have_one_outcome_each_is_no_proof():
    table = plain_table("binary").assign(
        outcome=lambda t: (t["entity"].str[1:].astype(int) % 25 == 0).astype(int),
    )
    trait = table["entity"].str[1:].astype(int) % 25
    assert "leak_determines_target:trait" not in told(table.assign(trait=trait))
    alone = told(table.assign(trait=trait), data={"group_column": None})
    assert alone["leak_determines_target:trait"] == "error"


def test_the_sample_misses_no_function_of_a_large_table():
    table = plain_table("binary", 30_000)
    codes = table["outcome"] + 2 * RNG.integers(0, 700, 30_000)
    found = told(
        table.assign(code=[f"c{code}" for code in codes]),
        validate={"leak_sample_rows": 500},
        data=GROUPLESS,
    )
    assert found == {"leak_determines_target:code": "error"}


def test_the_whole_table_is_asked_before_an_error():
    table = plain_table("binary", 30_000)
    planted = table["outcome"].to_numpy().copy()
    planted[:20] = 1 - planted[:20]
    found = told(table.assign(planted=planted), validate={"leak_sample_rows": 500})
    assert found == {"leak_single_feature:planted": "warning"}


# Missing by class.


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("turned", [False, True])
def test_missing_exactly_where_the_target_is_one_class(task, turned):
    table = plain_table(task)
    here = (codes_of(table) == 1) ^ turned
    table["reason"] = pd.Series(NOISE).where(here)
    assert told(table, task) == {"leak_missing_by_class:reason": "error"}
    table["reason"] = pd.Series(["a", "b"] * (ROWS // 2)).where(here)
    assert told(table, task) == {"leak_missing_by_class:reason": "error"}


def test_missing_exactly_where_a_number_is_zero():
    table = plain_table("regression")
    table["outcome"] = (table["outcome"] - 20).clip(lower=0)
    table["paid_by"] = pd.Series(["card", "cash"] * (ROWS // 2)).where(table["outcome"] > 0)
    assert told(table, "regression") == {"leak_missing_by_class:paid_by": "error"}


def test_missing_nearly_by_class_is_a_warning():
    table = plain_table("binary")
    here = table["outcome"].to_numpy() == 1
    here[:6] = ~here[:6]
    table["reason"] = pd.Series(NOISE).where(here)
    assert told(table) == {"leak_missing_by_class:reason": "warning"}


def test_known_for_some_of_one_class_only_is_a_warning():
    table = plain_table("binary").assign(outcome=(NOISE > 1).astype(int))
    table["reason"] = pd.Series(RNG.normal(size=ROWS)).where(
        (NOISE > 1) & (RNG.uniform(size=ROWS) < 0.4)
    )
    found = leaks(table, validate={"max_missing_rate": 1.0})
    assert [(f.code, f.severity, f.columns) for f in found] == [
        ("leak_missing_by_class", "warning", ("reason",))
    ]
    assert "is known in" in found[0].message
    assert "'outcome' is '1' in all of them" in found[0].message


def test_missing_tells_the_number():
    table = plain_table("regression")
    above = NOISE > 0
    table = table.assign(outcome=above * 100 + RNG.normal(size=ROWS))
    table["reason"] = pd.Series(RNG.normal(size=ROWS)).where(above)
    found = told(table, "regression")
    assert found == {"leak_missing_by_class:reason": "warning"}


@pytest.mark.parametrize("task", TASKS)
def test_missing_at_random_or_more_often_in_a_class_is_fine(task):
    table = plain_table(task)
    often = np.where(codes_of(table) > np.median(codes_of(table)), 0.6, 0.2)
    for rate in (0.01, 0.4, 0.99, often):
        table["gaps"] = pd.Series(NOISE).where(RNG.uniform(size=ROWS) < rate)
        assert told(table, task, validate={"max_missing_rate": 1.0}) == {}


# One feature alone.


@pytest.mark.parametrize("task", TASKS)
def test_a_feature_that_nearly_is_the_target_is_a_warning(task):
    table = plain_table(task)
    spread = 0.2 if task != "regression" else table["outcome"].std() / 15
    # Its ends overlap in some rows.
    planted = codes_of(table) + RNG.normal(size=ROWS) * spread
    assert told(table.assign(planted=planted), task) == {"leak_single_feature:planted": "warning"}
    weaker = codes_of(table) + RNG.normal(size=ROWS) * spread * 4
    assert told(table.assign(planted=weaker), task) == {}


def test_what_a_group_shares_is_no_leak_where_groups_are_declared():
    table = plain_table("regression")
    number = table["entity"].str[1:].astype(int)
    table = table.assign(
        outcome=number * 1.0 + NOISE / 100, trait="t" + (number * 7 % 50).astype(str)
    )
    assert "leak_single_feature:trait" not in told(table, "regression")
    found = told(table, "regression", data={"group_column": None})
    assert found["leak_single_feature:trait"] == "warning"


# The order of rows.


@pytest.mark.parametrize("task", TASKS)
def test_a_sorted_table_is_told(task):
    table = plain_table(task).sort_values("outcome", ignore_index=True)
    assert told(table, task) == {"leak_row_order": "warning"}


@pytest.mark.parametrize("task", TASKS)
def test_a_sorted_id_is_told_in_any_order_of_rows(task):
    table = plain_table(task).sort_values("outcome", ignore_index=True)
    table["row_key"] = [f"case-{number:06d}/A" for number in range(ROWS)]
    table["moment"] = table["moment"].sample(frac=1, random_state=0).to_numpy()
    mixed = table.sample(frac=1, random_state=1, ignore_index=True)
    assert told(mixed, task) == {"leak_row_order:row_key": "warning"}
    mixed["row_key"] = mixed["row_key"].str[5:11].astype(int)
    assert told(mixed, task) == {"leak_row_order:row_key": "warning"}


def test_blocks_of_one_outcome_are_told():
    table = plain_table("binary").sort_values("outcome", ignore_index=True)
    blocks = np.array_split(table.index, 8)
    table = table.loc[np.concatenate([blocks[at] for at in (0, 7, 1, 6, 2, 5, 3, 4)])]
    assert told(table.reset_index(drop=True)) == {"leak_row_order": "warning"}


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_trend_and_neighbours_that_are_alike_are_fine(task):
    rows = 5_000
    table = plain_table(task, rows).sort_values("moment", ignore_index=True)
    shocks = RNG.normal(size=rows)
    series = np.zeros(rows)
    for row in range(1, rows):
        # A memory of about 30 rows, and a trend of two standard deviations.
        series[row] = 0.97 * series[row - 1] + shocks[row]
    series = series / series.std() + np.linspace(0, 2, rows)
    table["outcome"] = series if task == "regression" else (series > 1).astype(int)
    assert told(table, task) == {}


def test_a_random_walk_in_time_is_a_trend():
    rows = 3_000
    walk = np.cumsum(np.random.default_rng(5).normal(size=rows) + 0.2)
    table = plain_table("regression", rows).sort_values("moment", ignore_index=True)
    table = table.assign(outcome=walk)
    assert told(table, "regression") == {}
    assert told(table, "regression", data={"time_column": None, "exclude_columns": {"moment": "no"}}) == {
        "leak_row_order": "warning", "leak_row_order:row_key": "warning",
    }  # fmt: skip


# Later than the decision.


@pytest.mark.parametrize("form", ["times", "zone", "dates", "texts", "gaps"])
def test_times_after_the_decision_are_told(form):
    table = plain_table("binary")
    later = table["moment"] + pd.to_timedelta(RNG.integers(1, 90, ROWS), unit="D")
    earlier = table["moment"] - pd.to_timedelta(RNG.integers(1, 90, ROWS), unit="D")
    for times, expected in ((later, {"leak_after_decision:when": "warning"}), (earlier, {})):
        when = {
            "times": times,
            "zone": times.dt.tz_localize("Asia/Kathmandu"),
            "dates": times.dt.date,
            "texts": times.dt.strftime("%Y-%m-%d"),
            "gaps": times.where(NOISE > 0),
        }[form]
        if form in {"dates", "texts"}:
            assert told_of_column(table.assign(when=when)) == expected
        else:
            assert told_of_column(table.assign(when=when)) == expected


def told_of_column(table):
    """Look at a table whose column of times may not be allowed as a feature yet."""
    from leaks import wanted_for

    from assay.checks.leakage import find_leaks

    found = find_leaks(table, wanted_for("binary"))
    return {":".join([f.code, *f.columns]): f.severity for f in found}


def test_texts_and_nothing_are_no_times():
    table = plain_table("binary").assign(
        word=["2024", "soon", None, "2024-13-45"] * (ROWS // 4), nothing=None, number=NOISE * 1e9
    )
    assert told_of_column(table) == {}


def test_a_few_typos_are_no_leak():
    table = plain_table("binary")
    when = table["moment"] - pd.Timedelta("3d")
    when[:10] = pd.Timestamp("2099-01-01")
    assert told_of_column(table.assign(when=when)) == {}


# Entities and ids.


def visits(rows=3_000, people=600, seed=0):
    """Return visits of people who have traits of their own."""
    rng = np.random.default_rng(seed)
    person = rng.integers(0, people, rows)
    traits = rng.normal(size=(people, 3))
    table = plain_table("binary", rows, seed).drop(columns=["entity"])
    return table.assign(
        patient=[f"P{number:04d}" for number in person],
        sex=np.where(traits[person, 0] > 0, "f", "m"),
        birth_year=(1950 + 20 * traits[person, 1]).round(),
        height=traits[person, 2],
        city=person % 12,
    )


def test_entities_that_come_back_are_told():
    table = visits()
    assert told(table, data=GROUPLESS) == {"repeated_entities:patient": "warning"}
    declared = {"group_column": "patient"}
    assert told(table, data=declared) == {}


@pytest.mark.parametrize("role", ["passthrough_columns", "id_columns"])
def test_entities_are_looked_for_beside_the_features(role):
    table = visits().assign(patient=lambda t: t["patient"].str[1:].astype(int))
    data = GROUPLESS | {role: ["row_key", "patient"]}
    data |= {"id_columns": ["row_key"]} if role == "passthrough_columns" else {}
    data |= {"passthrough_columns": ["remark", "patient"]} if role == "passthrough_columns" else {}
    assert told(table, data=data)["repeated_entities:patient"] == "warning"
    excluded = {"exclude_columns": {"patient": "a name", "aftermath": "known later"}}
    assert "repeated_entities:patient" not in told(table, data=GROUPLESS | excluded)


def test_categories_and_their_codes_are_no_entities():
    rng = np.random.default_rng(0)
    country = rng.integers(0, 40, 3_000)
    table = plain_table("binary", 3_000).assign(
        country=[f"c{number}" for number in country],
        continent=[f"k{number % 6}" for number in country],
        currency=[f"u{number % 20}" for number in country],
        **{f"x{number}": rng.normal(size=3_000).round(1) for number in range(6)},
    )
    assert told(table, data=GROUPLESS) == {}


@pytest.mark.parametrize(
    ("values", "is_id"),
    [
        (np.arange(ROWS), True),
        (np.random.default_rng(0).permutation(ROWS) + 10**6, True),
        (np.random.default_rng(0).choice(10**9, ROWS, replace=False), True),
        (np.r_[np.arange(ROWS - 5), np.arange(5)], True),
        (np.where(np.arange(ROWS) % 10 == 3, np.nan, np.arange(ROWS)), True),
        (np.random.default_rng(0).integers(0, 10_000, ROWS), False),
        (np.random.default_rng(0).lognormal(11, 1, ROWS).round(), False),
        (np.random.default_rng(0).lognormal(17, 2, ROWS).round(), False),
        (np.random.default_rng(0).normal(size=ROWS), False),
        (np.arange(ROWS) / 2, False),
    ],
)  # fmt: skip
def test_ids_are_told_from_quantities(values, is_id):
    shuffled = np.random.default_rng(1).permutation(values)
    found = told(plain_table("binary").assign(quantity=shuffled))
    assert found == ({"numeric_id:quantity": "warning"} if is_id else {})
