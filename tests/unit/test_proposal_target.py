import numpy as np
import pandas as pd
import pytest
from proposals import churn, orders, patients, penguins, sensors

from assay.proposal.profile import profile_column, profile_table
from assay.proposal.target import guess_target, guess_task


def target_of(frame):
    return guess_target(profile_table(frame, frame))


def task_of(values, name="target", asked=None):
    column = pd.Series(values, name=name)
    return guess_task(column, profile_column(column, column), asked)


@pytest.mark.parametrize(
    ("make", "name"),
    [(churn, "churn"), (orders, "returned"), (patients, "diagnosis"), (penguins, "species"),
     (sensors, "consumption")],
)  # fmt: skip
def test_the_target_is_found(make, name):
    guess = target_of(make())
    assert guess.name == name
    assert guess.sure
    assert "outcome" in guess.why


def test_its_place_does_not_hide_an_outcome():
    frame = churn()
    for place in range(frame.shape[1]):
        names = [name for name in frame.columns if name != "churn"]
        names.insert(place, "churn")
        assert target_of(frame[names]).name == "churn"


def test_without_a_telling_name_it_is_the_last_column_and_not_sure():
    frame = churn().rename(columns={"churn": "f9"})
    guess = target_of(frame)
    assert guess.name == "f9"
    assert not guess.sure
    assert len(guess.others) == 3
    assert guess.why == "it is the last column"


def test_values_can_tell_it():
    frame = pd.DataFrame(
        {"a": range(50), "checked": ["good", "bad"] * 25, "b": np.linspace(0, 1, 50)}
    )
    guess = target_of(frame)
    assert guess.name == "checked"
    assert "its values are good and bad" in guess.why


@pytest.mark.parametrize(
    "columns",
    [
        {"class_id": range(40)},
        {"target": [1] * 40},
        {"target": [None] * 30 + [0, 1] * 5},
        {"target": pd.date_range("2024", periods=40)},
        {"target": [f"text {number}" for number in range(40)]},
        {"target": [[1]] * 40},
    ],
    ids=["key", "constant", "missing", "time", "free text", "nested"],
)
def test_what_cannot_be_a_target_is_none(columns):
    assert target_of(pd.DataFrame(columns)) is None


@pytest.mark.parametrize("name", ["previous_cancellations", "avg_price", "last_salary"])
def test_what_was_before_is_a_weaker_guess(name):
    frame = pd.DataFrame({name: [1, 2, 3, 1] * 10, "price": range(40), "z": range(40)})
    assert target_of(frame).name == "price"


def test_beside_x_and_z_y_is_a_coordinate():
    frame = pd.DataFrame({"x": [1.5, 2, 3], "y": [1.5, 2, 4], "price": [3, 4, 5.5]})
    assert target_of(frame).name == "price"
    assert target_of(frame.drop(columns="x")).name == "y"


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([True, False], "binary"),
        (["a", "b"], "binary"),
        ([0, 1, 1], "binary"),
        ([1.0, 0.0, np.nan], "binary"),
        (["a", "b", "c"], "multiclass"),
        ([1, 2, 3], "multiclass"),
        (list(range(10)), "regression"),
        ([0.5, 1.5], "regression"),
        (np.linspace(0, 1, 50), "regression"),
    ],
)
def test_the_task_is_that_of_the_values(values, task):
    assert task_of(values, "f9").type == task


def test_few_whole_numbers_are_not_sure():
    assert not task_of([1, 2, 3, 4], "f9").sure
    assert task_of(list(range(10)), "class").type == "multiclass"
    assert task_of(list(range(10)), "visits").type == "regression"
    assert "set multiclass if" in task_of(list(range(10)), "visits").why
    assert task_of(list(range(50)), "class").type == "regression"


def test_the_users_word_is_taken():
    guess = task_of([1, 2, 3], asked="regression")
    assert guess.type == "regression"
    assert guess.positive_label is None
    assert task_of(list(range(8)), asked="binary").positive_label is not None


@pytest.mark.parametrize(
    ("values", "label", "why"),
    [
        (["no"] * 2 + ["yes"] * 8, "yes", "by its word"),
        (["good"] * 2 + ["bad"] * 8, "bad", "by its word"),
        (["normal"] * 2 + ["odd"] * 8, "odd", "by the word of the other"),
        ([0] * 2 + [1] * 8, 1, "by its word"),
        ([0.0] * 2 + [1.0] * 8, 1, "by its word"),
        ([True] * 8 + [False] * 2, True, "by its word"),
        ([-1] * 2 + [1] * 8, 1, "by its word"),
        (["CH"] * 6 + ["MM"] * 4, "MM", "is the rarer one"),
        ([7] * 3 + [9] * 7, 7, "is the rarer one"),
    ],
)
def test_the_positive_label(values, label, why):
    guess = task_of(values)
    assert guess.positive_label == label
    assert type(guess.positive_label) is type(label)
    assert why in guess.positive_why
    share = sum(value == label for value in values) / len(values)
    assert f"{share:.2%} of rows have it" in guess.positive_why


@pytest.mark.parametrize("make", [int, float, str])
@pytest.mark.parametrize("codes", [(1, 2), (1, 3), (2, 1), (9, 7)])
def test_one_speaks_only_beside_0_or_minus_1(codes, make):
    often, rare = codes
    guess = task_of([make(often)] * 8 + [make(rare)] * 2)
    assert guess.type == "binary"
    assert str(guess.positive_label).removesuffix(".0") == str(rare)
    assert "is the rarer one" in guess.positive_why
    assert not guess.sure


@pytest.mark.parametrize("codes", [(0, 1), (-1, 1), ("0", "1"), ("no", "yes"), (False, True)])
def test_labels_that_speak_are_sure(codes):
    denies, says = codes
    guess = task_of([denies] * 2 + [says] * 8)
    assert (guess.positive_label, guess.sure) == (says, True)
    assert "by its word" in guess.positive_why


def test_beside_0_another_number_happens():
    guess = task_of([0] * 2 + [4] * 8)
    assert (guess.positive_label, guess.sure) == (4, True)
