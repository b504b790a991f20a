import numpy as np
import pandas as pd
import pytest

from assay.artifacts import read_table
from assay.errors import SchemaError
from assay.proposal.tables import require_names, typed_texts


def typed(values, name="column"):
    """Return a column of texts as it is typed, and what is said of it."""
    table = typed_texts(pd.DataFrame({name: values, "other": "x"}, dtype=object), "a.csv")
    return table.frame[name], table.notes


@pytest.mark.parametrize(
    ("texts", "dtype", "values"),
    [
        (["1", "-2", "+3"], "int64", [1, -2, 3]),
        (["1", "2.5", " 3e2 ", ".5"], "float64", [1, 2.5, 300, 0.5]),
        (["true", "False", "TRUE"], "bool", [True, False, True]),
        (["0", "10", "7"], "int64", [0, 10, 7]),
    ],
)
def test_what_is_sure_has_its_type(texts, dtype, values):
    column, notes = typed(texts)
    assert column.dtype == dtype
    assert column.tolist() == values
    assert not notes


@pytest.mark.parametrize(
    "texts",
    [
        ["007", "012", "100"],
        ["00", "01"],
        ["yes", "no"],
        ["NA", "DE", "FR"],
        ["2024-13-01", "2024-01-01"],
        ["20", "2O"],
        ["0x1", "0x2"],
        ["1_000", "2_000"],
        ["inf", "nan"],
        ["NA", "null"],
        ["٣", "٤"],
    ],
)
def test_what_is_not_sure_stays_text(texts):
    column, _ = typed(texts)
    assert column.tolist() == texts


def test_missing_numbers_have_many_names_and_are_told():
    column, notes = typed(["1", "NA", None, "n/a", "4"])
    assert column.isna().tolist() == [False, True, True, True, False]
    assert column.dtype == "float64"
    assert notes == ("column: reads texts such as NA as missing in 2 rows",)


def test_an_empty_field_is_missing_in_any_column():
    column, notes = typed(["a", None, "NA"])
    assert column.isna().tolist() == [False, True, False]
    truth, _ = typed(["true", None, "false"])
    assert truth.tolist()[0] is True
    assert truth.isna().sum() == 1
    assert not notes


def test_dates_with_the_year_first_are_times():
    column, _ = typed(["2024-02-29", None, "2024-03-01 10:30", "2024-03-01T10:30:05.25"])
    assert column.dtype == "datetime64[ns]"
    assert column[2] == pd.Timestamp("2024-03-01 10:30")
    assert column.isna().sum() == 1


def test_times_with_a_zone_are_in_utc():
    column, notes = typed(["2024-03-01T10:30:00+02:00", "2024-03-01T10:30:00Z"])
    assert column[0] == pd.Timestamp("2024-03-01 08:30", tz="UTC")
    assert notes == ("column: is in UTC now",)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["1,234", "12,345.5"], "numbers with separators"),
        (["1,5", "2,5"], "numbers with separators"),
        (["$5", "$7.50"], "numbers with a unit"),
        (["12%", "7 %"], "numbers with a unit"),
        (["03/04/2024", "13.04.2024"], "day and month could be swapped"),
        (["2024-02-30", "2024-02-01"], "a date that is none"),
        (["9999-12-31", "2024-02-01"], "beyond the years"),
        (["2024-02-01T10:00Z", "2024-02-01T10:00"], "with and without a zone"),
        (["12345678901234567890", "1"], "numbers of 20 digits"),
        (["1e400", "1"], "too large"),
        ([*["1"] * 30, "-"], "stays texts for '-', though most of it is numbers"),
        ([*["10"] * 30, "007"], "007 begins with 0, as codes do"),
    ],
)
def test_what_looks_like_something_is_mentioned(texts, words):
    column, notes = typed(texts)
    assert column.tolist() == texts
    assert len(notes) == 1
    assert words in notes[0]


def test_a_column_that_counts_the_rows_is_left_out():
    frame = pd.DataFrame({"": ["0", "1", "2"], "a": ["x", "y", "z"]}, dtype=object)
    table = typed_texts(frame, "a.csv")
    assert table.frame.columns.tolist() == ["a"]
    assert "counts the rows, and is left out" in table.notes[0]
    kept = typed_texts(frame.assign(**{"": ["3", "1", "2"]}), "a.csv")
    assert kept.frame.columns.tolist() == ["", "a"]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_marks_than_commas_are_refused(tmp_path, mark):
    path = tmp_path / "a.csv"
    path.write_text(f"a{mark}b\n1{mark}2\n")
    with pytest.raises(SchemaError, match="between names, expected commas"):
        typed_texts(read_table(path), "a.csv")


@pytest.mark.parametrize(
    ("names", "words"),
    [([], "has no columns"), (["a", ""], "column 2 has no name"), (["a" * 600], "too long")],
)
def test_names_that_params_cannot_hold_are_refused(names, words):
    with pytest.raises(SchemaError, match=words):
        require_names(pd.DataFrame(columns=names), "a.csv")


def test_what_a_table_writes_is_read_back():
    """Numbers and times as pandas writes them come back to the last bit."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "number": rng.normal(size=500) * 10.0 ** rng.integers(-300, 300, 500),
            "whole": rng.integers(-(10**14), 10**14, 500),
            "truth": rng.uniform(size=500) < 0.5,
            "time": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 10**9, 500), "s"),
        }
    )
    texts = frame.astype({"time": str}).astype(str).astype(object)
    back = typed_texts(texts, "a.csv").frame
    pd.testing.assert_frame_equal(back, frame)
