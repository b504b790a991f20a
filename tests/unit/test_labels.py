"""Names in pictures: one line, short, told apart, and never a formula."""

import warnings

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from assay.plots.labels import further_width, label, labels


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("dest_late_rate_yesterday", "dest_late_rate_yesterday"),
        ("a\nb\tc", "a b c"),
        ("日本 語", "□□ □"),
        ("é 5 €", "é 5 €"),
        ("\x07", "□"),
        ("_hidden", " _hidden"),
        (True, "True"),
        ("x" * 41, "x" * 26 + "…" + "x" * 13),
        ("x" * 40, "x" * 40),
    ],
)
def test_a_label_is_one_line_that_the_font_can_draw(text, drawn):
    assert label(text) == drawn


@pytest.mark.parametrize("text", ["$x_1$", "cost $5", r"\$", r"$\frac$", "$$", "a $b$ c $d$ %"])
def test_dollars_are_drawn_as_dollars(text):
    with matplotlib.rc_context({"text.parse_math": True}):
        shown = Figure().text(0, 0, label(text))
    assert shown._preprocess_math(shown.get_text()) == (text, False)


def test_labels_that_look_alike_are_numbered_and_others_are_not():
    assert labels(["日", "a", "本"]) == ["□ (1)", "a", "□ (2)"]
    long = labels(["x" * 80, "x" * 90, "x" * 79 + "y"])
    assert len(set(long)) == 3
    assert max(map(len, long)) <= 40
    assert labels([1, "1"], 10) == ["1 (1)", "1 (2)"]


def test_short_labels_need_no_further_width():
    assert further_width(["x" * 26]) == further_width([]) == 0
    assert further_width(["a", "x" * 36]) == pytest.approx(0.8)


def test_nothing_warns_of_what_it_cannot_draw():
    figure = Figure()
    for number, text in enumerate(["日本", "🙂", "\x00", "\ud800", "_a", "$x$", "\N{SOFT HYPHEN}"]):
        figure.text(0, number / 7, label(text))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*deprecated - use:", DeprecationWarning)
        FigureCanvasAgg(figure).draw()
