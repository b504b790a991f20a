"""Names in Markdown: what a reader sees is what the user wrote."""

import re

import pytest

from assay.report.rendering import cell, code, name


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "`plain`"),
        ("a|b <i> $x$ *", "`a|b <i> $x$ *`"),
        ("a`b", "``a`b``"),
        ("`a`", "`` `a` ``"),
        ("``", "``` `` ```"),
        (" a", "`  a `"),
        ("a\nb\r\tc", r"`a\nb\r\tc`"),
        ("", '`""`'),
        (1, "`1`"),
    ],
)
def test_code_shows_every_character(text, written):
    assert code(text) == written


@pytest.mark.parametrize(
    "text", ["late", "dest_late_rate_2", "Q1 [0, 12.5)", "é 日本", "a - b: 5%", "(missing)", "x^2"]
)
def test_a_name_without_marks_stays_bare(text):
    assert name(text) == text


@pytest.mark.parametrize(
    "text",
    ["_a_", "a_", "a*b*", "<b>", "&amp;", "$x$", "a|b", "`a`", "[a](b)", " a", "a\nb", "\\_"],
)
def test_a_name_with_marks_is_code(text):
    assert name(text) == code(text)


@pytest.mark.parametrize("text", ["a|b", "a\\|b", "||", "a\nb|", "\\\\|", "a\r\nb"])
def test_a_cell_is_one_cell_on_one_line(text):
    written = cell(text)
    assert "\n" not in written
    assert "\r" not in written
    # As GitHub's parser goes through a row: a backslash takes the next character with it.
    assert "|" not in re.sub(r"\\.", "", written)
