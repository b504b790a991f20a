import numpy as np
import pandas as pd
import pytest
from proposals import churn, orders, patients, sensors

from assay.proposal.profile import profile_table
from assay.proposal.roles import Asked, guess_roles


def roles_of(frame, target="target", task="binary", **asked):
    profile = profile_table(frame, frame)
    return guess_roles(frame, profile, target, task, Asked(**asked))


def test_customers_are_keys_where_they_come_once():
    roles = roles_of(churn(), "churn")
    assert roles.ids == ["customer_id"]
    assert (roles.time, roles.group) == (None, None)
    assert roles.categorical == ["zip"]
    assert roles.excluded == {"currency": "has the same value in every row"}
    assert roles.reasons["time_column"] == ["No column has timestamps."]


def test_customers_are_groups_where_they_come_back():
    roles = roles_of(orders(), "returned")
    assert roles.ids == ["order_id"]
    assert roles.time == "placed_at"
    assert roles.group == "customer_id"
    assert list(roles.excluded) == ["delivered_at"]
    assert "later than placed_at in 100% of rows" in roles.excluded["delivered_at"]
    assert "300 values in 3,000 rows, 10.0 rows each" in roles.reasons["group_column"][0]


def test_patients_are_groups():
    roles = roles_of(patients(), "diagnosis")
    assert roles.group == "patient_id"
    assert roles.ids == []
    assert "none has another value in each" in roles.reasons["id_columns"][0]


def test_the_only_times_are_the_time():
    roles = roles_of(sensors(), "consumption", "regression")
    assert roles.time == "timestamp"
    assert "The only column" in roles.reasons["time_column"][0]


def frame_of(**columns):
    rows = 400
    base = {"a": np.arange(rows) % 7 + 0.5, "target": np.arange(rows) % 2}
    return pd.DataFrame({**base, **columns})


def days(count, first="2024-01-01"):
    return pd.date_range(first, periods=count, freq="D")


def test_a_birthday_is_no_time_of_a_decision():
    roles = roles_of(frame_of(birth_date=days(400, "1960-01-01")))
    assert roles.time is None


def test_times_with_gaps_cannot_order_rows():
    times = pd.Series(days(400)).where(np.arange(400) > 3)
    roles = roles_of(frame_of(created_at=times))
    assert roles.time is None
    assert "created_at is missing in 1.00% of rows" in roles.reasons["time_column"][0]


def test_dates_as_texts_are_the_time_if_they_have_no_gaps():
    day = days(400).astype(str)
    assert roles_of(frame_of(day=day)).time == "day"
    assert roles_of(frame_of(day=day + "T10:00:00+02:00")).time == "day"
    mixed = f"{day[0]}T10:00+00:00"
    for spoilt, told in ((None, "day is missing in 0.25%"), (mixed, "day: dates that are written")):
        roles = roles_of(frame_of(day=[spoilt, *day[1:]]))
        assert roles.time is None
        assert roles.reasons["time_column"][0].startswith(told)
        assert "written as texts" in roles.excluded["day"]


def test_the_earliest_of_several_times_is_the_time():
    early = days(400)
    roles = roles_of(frame_of(second=early + pd.Timedelta("2D"), first_seen=early))
    assert roles.time == "second", "its name tells that it is no decision"
    roles = roles_of(frame_of(b=early + pd.Timedelta("2D"), c=early))
    assert roles.time == "c"
    assert "the earliest" in roles.reasons["time_column"][0]


def test_a_second_key_is_no_feature():
    roles = roles_of(frame_of(row_id=np.arange(400), uuid=[f"u{number}" for number in range(400)]))
    assert roles.ids == ["row_id"]
    assert list(roles.excluded) == ["uuid"]


@pytest.mark.parametrize("name", ["Unnamed: 0", "index", "rownames"])
def test_numbers_of_rows_are_a_key_of_last_resort(name):
    assert roles_of(frame_of(**{name: np.arange(400)})).ids == [name]
    roles = roles_of(frame_of(**{name: np.arange(400), "uid": np.arange(400) + 9}))
    assert roles.ids == ["uid"]
    assert roles.excluded == {name: "numbers the rows"}


def feature_names(frame, roles):
    return [column.name for column in roles.features(profile_table(frame, frame), "target")]


@pytest.mark.parametrize("name", ["index", "idx", "Index"])
def test_a_measurement_may_be_called_index(name):
    rng = np.random.default_rng(0)
    for values in (rng.normal(size=400), rng.integers(0, 100, 400), np.sort(rng.poisson(9, 400))):
        frame = frame_of(**{name: values})
        roles = roles_of(frame)
        assert feature_names(frame, roles) == ["a", name]
        assert roles.categorical == []


def test_numbers_of_rows_are_none_where_tables_are_put_together_or_shuffled():
    parts = np.r_[np.arange(250), np.arange(150)]
    assert roles_of(frame_of(index=parts)).excluded == {"index": "numbers the rows"}
    kept = np.random.default_rng(0).permutation(600)[:400]
    frame = frame_of(index=kept, uid=[f"u{number}" for number in range(400)])
    assert roles_of(frame).excluded == {"index": "numbers the rows"}


def test_quantities_are_no_codes_for_their_last_word():
    rng = np.random.default_rng(0)
    frame = frame_of(
        distance_to_store=rng.poisson(9, 400), items_in_category=rng.poisson(5, 400),
        store=rng.integers(1, 9, 400),
    )  # fmt: skip
    assert roles_of(frame).categorical == ["store"]


def test_numbers_that_happen_to_be_unique_are_features():
    roles = roles_of(frame_of(price=np.random.default_rng(0).permutation(400) * 7 + 3))
    assert roles.ids == []
    assert roles.excluded == {}


def test_texts_that_hardly_repeat_are_no_features():
    texts = [f"a remark on number {number}" for number in range(400)]
    roles = roles_of(frame_of(remark=texts))
    assert roles.ids == [], "a sentence is no key"
    assert "only be learnt by heart" in roles.excluded["remark"]


def test_an_entity_with_gaps_is_mentioned_and_no_feature():
    user = pd.Series([f"u{number % 80}" for number in range(400)]).where(np.arange(400) > 3)
    roles = roles_of(frame_of(user_id=user))
    assert roles.group is None
    assert "missing in 1.00% of rows. Mend it" in roles.reasons["group_column"][0]
    assert list(roles.excluded) == ["user_id"]


@pytest.mark.parametrize("rows", [200, 4000])
@pytest.mark.parametrize("name", ["passenger_num", "prior_case_number", "session_num", "item_no"])
def test_counts_are_features_whatever_their_name(name, rows):
    rng = np.random.default_rng(rows)
    for count in (rng.poisson(60, rows), rng.geometric(0.02, rows)):
        frame = pd.DataFrame({name: count, "a": rng.normal(size=rows), "target": count > 59})
        roles = roles_of(frame)
        assert roles.group is None
        assert [column.name for column in roles.features(profile_table(frame, frame), "target")] == [
            name, "a",
        ]  # fmt: skip
        assert roles.categorical == []
        assert "If it is the number of an entity" in roles.reasons["group_column"][0]


@pytest.mark.parametrize("name", ["customer_no", "account_number", "card_num"])
def test_numbers_of_entities_are_groups(name):
    rng = np.random.default_rng(0)
    accounts = rng.choice(10**8, 300, replace=False)
    for numbers in (rng.integers(1, 301, 3000), rng.choice(accounts, 3000)):
        frame = pd.DataFrame({name: numbers, "a": rng.normal(size=3000), "target": numbers % 2})
        assert roles_of(frame).group == name
        assert roles_of(frame.astype({name: str})).group == name


def test_few_stores_are_codes_and_products_are_no_entities():
    number = np.arange(400)
    roles = roles_of(frame_of(store_id=number % 5, product_id=number % 31, size=number % 6))
    assert roles.group is None
    assert roles.categorical == ["store_id", "product_id"]
    assert "store_id, product_id" in roles.reasons["categorical_columns"][0]


def test_a_panel_is_grouped():
    state = np.repeat([f"state {number}" for number in range(40)], 10)
    roles = roles_of(frame_of(state=state))
    assert roles.group == "state"
    assert "stands in 10 rows, as in a panel" in roles.reasons["group_column"][0]
    assert roles_of(frame_of(state=[*state[:-1], "state 0"])).group is None


@pytest.mark.parametrize(
    ("values", "words"),
    [([[1]] * 400, "nested values"), ([b"x"] * 400, "no model reads"),
     ([None] * 400, "has no value"), ([1, "x"] * 200, "values of several types")],
)  # fmt: skip
def test_what_no_model_reads_is_excluded(values, words):
    roles = roles_of(frame_of(odd=pd.Series(values, dtype=object)))
    assert words in roles.excluded["odd"]


def test_what_the_user_said_is_taken():
    roles = roles_of(orders(), "returned", ids=["order_id"], time="delivered_at", no_group=True)
    assert roles.time == "delivered_at"
    assert roles.group is None
    assert "later than" not in roles.excluded.get("placed_at", ""), "what was before is known"
    assert roles.reasons["time_column"] == ["As you said."]
    roles = roles_of(orders(), "returned", no_time=True, no_ids=True)
    assert (roles.time, roles.ids) == (None, [])


def test_columns_of_predictions_get_no_role():
    roles = roles_of(frame_of(score=[f"k{number}" for number in range(400)]))
    assert roles.ids == []
    assert "score" in roles.excluded
