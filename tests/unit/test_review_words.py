"""How a review writes names, values and differences, and reads the comments of params.yaml."""

import pytest

from assay.review.changes import ABSENT, changes, explanation, explanations, value_at
from assay.review.comment import _folded
from assay.review.words import difference, listed, prose, shown, table, told


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ask @octocat", "ask @<!-- -->octocat"),
        ("see #12", "see #<!-- -->12"),
        ("a|b", "a&#124;b"),
        ("<script>", "&#60;script>"),
        ("two\nlines", "two lines"),
    ],
)
def test_a_text_is_shown_as_it_is_and_calls_nobody(text, written):
    assert prose(text) == written


def test_a_value_is_code_of_limited_length():
    assert shown(None) == "`null`"
    assert shown(True) == "`true`"
    assert shown(0.1 + 0.2) == "`0.3`"
    assert shown(ABSENT) == "(not there)"
    assert shown("`@x`") == "`` `@x` ``"
    assert len(shown("x" * 10_000)) < 200


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (0.5, 0.5, "same"), (0.5, 0.25, "-0.250"), (0.5, 0.50004, "+0.00004"), (1000, 2500, "+1,500"),
        ({"value": 1.0, "ci_low": 0.0}, {"value": 1.5}, "+0.500"), ("a", "b", "changed"),
        (ABSENT, 1.0, ""), (None, 1.0, ""), (True, False, "changed"),
    ],
)  # fmt: skip
def test_a_difference_is_never_a_zero_that_it_is_not(old, new, text):
    assert difference(old, new) == text


def test_an_estimate_has_its_interval():
    assert told({"value": 0.5, "ci_low": 0.4, "ci_high": 0.6}) == "0.500 [0.400, 0.600]"
    assert [told(each) for each in (ABSENT, None, True, 7000, {})] == [
        "-",
        "-",
        "yes",
        "7,000",
        "-",
    ]


def test_many_names_are_counted():
    assert listed(["a", "b", "c"], 2) == "`a`, `b` and 1 more"


def test_a_bar_stays_in_its_cell():
    assert table(["a|b"], [["c|d"]]) == [r"| a\|b |", "| --- |", r"| c\|d |"]


def test_changes_know_what_came_and_went():
    old, new = {"a": {"x": 1, "y": [1]}, "gone": None}, {"a": {"x": True, "y": [1]}, "came": {}}
    found = {each.key: (each.old, each.new) for each in changes(old, new)}
    assert found == {"a.x": (1, True), "came": (ABSENT, {}), "gone": (None, ABSENT)}
    assert value_at(old, "a.z") is ABSENT
    assert value_at(old, "a.x.deeper") is ABSENT


def test_a_comment_is_of_the_keys_below_it():
    told_of = explanations(
        "# of all\n\nfirst:\n  # of one\n  # and more\n  one: 1\n  two: 2\n\n  three: 3\n"
        "  # of inner\n  inner:\n    deep: 1\n    # own\n    own: 2\n  list:\n  - a: 1\n"
    )
    assert explanation(told_of, "first.one") == "of one and more"
    assert explanation(told_of, "first.two") == "of one and more"
    assert explanation(told_of, "first.three") == ""
    assert explanation(told_of, "first.inner.deep") == "of inner"
    assert explanation(told_of, "first.inner.own") == "own"


def test_a_fold_without_room_only_counts():
    text = _folded("figures", ["a"], [["b" * 100]] * 50, 300)
    assert "50 more do not fit here" in text
    assert "| b" not in text
