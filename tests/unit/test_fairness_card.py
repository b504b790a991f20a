"""What the model card tells of groups."""

import io

import numpy as np
import pandas as pd
import pytest
from people import assessed

from assay.fairness.assess import fairness_json
from assay.report.fairness import fairness_facts
from assay.report.rendering import render


def card(found) -> str:
    """Return the part of the card, from tables that were written and read back."""
    kept = dict.fromkeys(("column", "class", "group"), object)
    text = io.StringIO(found.table.to_csv(index=False))
    table = pd.read_csv(text, dtype=kept, keep_default_na=False, na_values=[""])
    return render("card_fairness.md.j2", **fairness_facts(fairness_json(found), table))


def people(task="binary", column="sex", rows=600):
    """Return decisions of which group f gets half as many."""
    rng = np.random.default_rng(0)
    group = np.repeat(["f", "m", "x"], [rows // 2 - 5, rows // 2, 5])
    truth = rng.integers(0, 2, rows)
    selected = rng.random(rows) < np.where(group == "f", 0.3, 0.6)
    if task == "regression":
        predicted = rng.normal(size=rows) + (group == "f")
    else:
        predicted = selected * 0.8 + 0.1
    if task == "multiclass":
        predicted = np.stack([predicted, 1 - predicted, 0 * predicted], axis=1)
    height = rng.normal(170, 9, rows) - 12 * (group == "f")
    table = pd.DataFrame({column: group, "height": height})
    return assessed(truth, predicted, table, [column], task)


def test_without_sensitive_columns_nothing_is_known():
    found = assessed([0, 1], [0.1, 0.9], pd.DataFrame(index=[0, 1]), [])
    assert card(found) == (
        "No sensitive column is named (`evaluate.sensitive_columns`), so nothing is known about groups of "
        "people.\n"
    )


def test_a_biased_decision_is_told_with_its_numbers():
    page = card(people())
    assert "differ beyond chance** (corrected for their number)" in page
    assert "are below four fifths, beyond chance: that of sex = f is 0.4" in page
    assert "1 group is too small to judge (5 rows)." in page
    assert "The features together tell it with an AUC of 0.8" in page
    assert "leaving it out hides it from the model only in name" in page
    assert "| sex | f | 295 | 0." in page
    assert len(page.strip().splitlines()) < 20


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_each_task_has_its_sentences(task):
    page = card(people(task))
    assert "- By sex: " in page
    if task == "regression":
        assert (
            "the mean errors differ beyond chance: that of sex = f less that of sex = m is 0.8"
            in page
        )
        assert "| column | group | rows | mean error | MAE | outcomes inside intervals |" in page
    else:
        assert "the selection rates of class " in page


@pytest.mark.parametrize("column", ["a|b `c`\n<d>", "_x_", "ü" * 300])
def test_odd_names_stay_in_their_cells(column):
    page = card(people(column=column))
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert len({line.replace(r"\|", "").count("|") for line in rows}) == 1


def test_few_rows_are_no_verdict():
    found = assessed(
        [0, 1] * 30, [0.2, 0.9] * 30, pd.DataFrame({"sex": ["f"] * 10 + ["m"] * 50}), ["sex"]
    )
    page = card(found)
    assert "of 2 groups 1 group has enough rows: too few to compare." in page
    assert "**Nothing could be compared**" in page
    assert "none differs" not in page


def test_a_column_of_one_value_in_the_holdout_has_nothing_to_compare():
    found = assessed([0, 1] * 60, [0.2, 0.9] * 60, pd.DataFrame({"sex": ["f"] * 120}), ["sex"])
    assert "all rows of the holdout are of one group" in card(found)


def test_crossed_groups_say_of_which_columns_they_are():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 1000), "old": rng.choice(["no", "yes"], 1000)}
    )
    odd = (table["sex"] == "f") == (table["old"] == "yes")
    selected = rng.random(1000) < np.where(odd, 0.2, 0.7)
    page = card(assessed(rng.integers(0, 2, 1000), selected * 0.8 + 0.1, table, ["sex", "old"]))
    assert (
        "that of sex = f and old = yes is 0." in page
        or "that of sex = m and old = no is 0." in page
    )
    assert (
        "- By old: no difference beyond chance" in page
        or "- By old: the selection rates are" in page
    )


def test_what_differs_stands_first_in_the_cards_table():
    """12 groups of a first column alike, and one of two groups of a second that is selected less."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({
        "region": rng.choice([f"r{n:02}" for n in range(12)], 2000),
        "race": rng.choice(["black", "white"], 2000, p=[0.3, 0.7]),
    })  # fmt: skip
    selected = rng.random(2000) < np.where(table["race"] == "black", 0.2, 0.6)
    page = card(assessed(rng.integers(0, 2, 2000), selected * 0.8 + 0.1, table, ["region", "race"]))
    rows = [line for line in page.splitlines() if line.startswith("| r")]
    assert [row.split(" | ")[1] for row in rows[:2]] == ["white", "black"]
    assert len(rows) == 10


def test_missing_values_do_not_hide_what_differs_among_known_ones():
    """Rows without a value are selected least, f half as often as m."""
    rng = np.random.default_rng(0)
    sex = rng.choice(["f", "m", None], 1500)
    rate = pd.Series(sex).map({"f": 0.3, "m": 0.6}).fillna(0.05)
    selected = rng.random(1500) < rate
    found = assessed(
        rng.integers(0, 2, 1500), selected * 0.8 + 0.1, pd.DataFrame({"sex": sex}), ["sex"]
    )
    told = fairness_json(found)["columns"]
    assert list(told) == ["sex", "sex, known or missing"]
    parity = told["sex"]["demographic_parity"]
    assert (parity["highest"], parity["lowest"], parity["alarm"]) == ("m", "f", True)
    apart = told["sex, known or missing"]["demographic_parity"]
    assert (apart["highest"], apart["lowest"], apart["alarm"]) == ("known", "(missing)", True)
    page = card(found)
    assert "that of sex = f is 0." in page
    assert "that of sex = (missing) is 0." in page
