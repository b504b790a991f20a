"""Names in Markdown: what a reader sees is what the user wrote."""

import re

import pytest

from assay.report.rendering import cell, code, interval, name


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


@pytest.mark.parametrize(
    ("estimate", "written"),
    [
        ((0.718, 0.69, 0.746), "0.718 [0.690, 0.746]"),
        # What is not 0 does not read as 0, and ends do not read alike.
        ((0.0003, 0.0001, 0.0006), "0.0003 [0.0001, 0.0006]"),
        ((-0.0002, -0.0024, 0.0028), "-0.0002 [-0.0024, 0.0028]"),
        ((0.02, 0.00004, 0.04), "0.02000 [0.00004, 0.04000]"),
        ((0.99961, 0.99952, 0.9998), "0.9996 [0.9995, 0.9998]"),
        ((1234.2, 1234.1, 1234.4), "1,234.2 [1,234.1, 1,234.4]"),
        # What is alike stays alike, and so does what only rounding tells apart.
        ((0.0, 0.0, 0.0), "0.000 [0.000, 0.000]"),
        ((0.5, 0.5 - 1e-16, 0.5 + 2e-16), "0.500 [0.500, 0.500]"),
    ],
)
def test_an_interval_has_as_many_digits_as_tell_its_ends_apart(estimate, written):
    assert interval(dict(zip(("value", "ci_low", "ci_high"), estimate, strict=True))) == written
