"""The page on the choice among models names what there is."""

import re

import pandas as pd
import pytest
from conftest import ROOT, make_params

from assay import artifacts
from assay.search.learning_gain import verdict
from assay.sections import TrainParams
from assay.uncertainty.estimate import Estimate

PAGE = (ROOT / "docs/model_choice.md").read_text()


def table_after(heading):
    """Return the first cells of the table that follows a text, without their backticks."""
    lines = PAGE.split(heading)[1].split("\n| --- |")[1].splitlines()[1:]
    cells = []
    for line in lines:
        if not line.startswith("|"):
            break
        cells += re.findall(r"`([^`]+)`", line.split("|")[1])
    return cells


def test_every_column_of_the_board_is_explained(finished):
    board = artifacts.read_report(finished / "reports/tables/leaderboard.csv")
    told = set(table_after("## The leaderboard"))
    known = {"rank", "model", "tuned", "selected", "metric", "params", "failure"}
    assert told <= set(board)
    assert set(board) - told == known | {"fold_2", "fold_3"}
    timings = pd.read_csv(finished / "reports/timings/leaderboard.csv")
    assert len(timings) == board["rank"].notna().sum()


def test_the_verdicts_are_those_of_the_code():
    gap = Estimate(0.2, 0.1, 0.3, "t", 9)
    found = [
        verdict(0.4, -0.1, gap, False), verdict(0.4, 0.1, gap, False), verdict(0.4, 0.3, gap, True),
        verdict(0.0, 0.0, gap, False), verdict(0.4, 0.3, gap, False),
    ]  # fmt: skip
    assert table_after("**Does it fit too well") == found


@pytest.mark.parametrize("choice", ["best", "simplest_within_noise"])
def test_the_page_has_the_values_of_the_key(choice):
    assert f"- `{choice}`" in PAGE
    assert TrainParams(**make_params()["train"] | {"select": choice}).select == choice
