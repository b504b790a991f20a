"""The charts of the HTML report: where things lie, what is said, and what odd data does."""

import math
import re
from datetime import datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from assay.report.charts.axes import Axis, scale_of
from assay.report.charts.bar import Bar, bar_chart
from assay.report.charts.interval import Row, interval_chart
from assay.report.charts.line import Mark, Series, line_chart
from assay.report.charts.matrix import matrix_chart
from assay.report.charts.pair import Pair, pair_chart
from assay.report.charts.panel import Reference
from assay.report.charts.scatter import MOST_POINTS, scatter_chart
from assay.report.charts.svg import STYLES, WIDTH
from assay.report.charts.texts import cut, number_text, percent_text, tick_texts, width_of
from assay.report.charts.timeline import Period, timeline_chart
from assay.report.rendering import render

SVG = "{http://www.w3.org/2000/svg}"
X, Y = Axis("Flights"), Axis("Delay (minutes)")
ODD = '<script>alert("1")</script> & | ' + "ä" * 280 + "\x00\x1b"


def parsed(chart: str):
    root = ElementTree.fromstring(chart)  # noqa: S314  (ours)
    assert root.tag == SVG + "svg"
    assert root.get("role") == "img"
    ids = root.get("aria-labelledby").split()
    assert [root.find(f"*[@id='{each}']") is not None for each in ids] == [True] * len(ids)
    assert root.find(SVG + "title").text
    return root


def height_of(root) -> float:
    return float(root.get("viewBox").split()[3])


def boxes(root) -> list[tuple[float, float, float, float, str]]:
    """Where the texts lie: left, right, top, bottom, content."""
    found = []
    parents = {child: parent for parent in root.iter() for child in parent}
    for each in root.iter(SVG + "text"):
        said = "".join(each.itertext())
        hidden = each.find(SVG + "title")
        if hidden is not None:
            said = said.removeprefix(hidden.text)
        wide, x, y = width_of(said), float(each.get("x")), float(each.get("y"))
        left = x - {"end": wide, "middle": wide / 2}.get(each.get("text-anchor"), 0)
        assert parents[each].get("transform") is None
        found.append((left, left + wide, y - 10, y + 3, said))
    return found


def assert_nothing_overlaps_or_leaves(root):
    found = boxes(root)
    for left, right, top, bottom, said in found:
        assert left >= -0.5, said
        assert right <= WIDTH + 0.5, said
        assert top >= -0.5, said
        assert bottom <= height_of(root) + 0.5, said
    for place, one in enumerate(found):
        for other in found[place + 1 :]:
            across = min(one[1], other[1]) - max(one[0], other[0])
            along = min(one[3], other[3]) - max(one[2], other[2])
            assert across <= 0.5 or along <= 0.5, (one[4], other[4])
    for each in root.iter():
        for name, most in (
            ("cx", WIDTH),
            ("x", WIDTH),
            ("cy", height_of(root)),
            ("y", height_of(root)),
        ):
            # A legend's samples are drawn around their own origin.
            if each.tag != SVG + "text" and float(each.get(name, 0)) > 0:
                assert float(each.get(name)) <= most + 0.5, each.attrib


def every_chart() -> dict[str, str]:
    rng = np.random.default_rng(0)
    curve = Series("model", [0, 0.5, 1], [0.0, 0.8, 1], [0, 0.7, 1], [0, 0.9, 1], points=True)
    rows = [
        Row(f"a feature with a long name = value {k}", k / 10 - 1, k / 10 - 1.3, k / 10 - 0.6,
            judged=("good", "bad", "open")[k % 3], note=f"n = {10**(k % 5)}")
        for k in range(25)
    ]  # fmt: skip
    return {
        "line": line_chart(
            [curve, Series("baseline", [0, 1], [0, 1])], X, Y, title="Line",
            references=[Reference("chance", "diagonal"), Reference("chosen", "x", 0.4)],
            mark=Mark("chosen", 0.5, 0.8),
        ),
        "scatter": scatter_chart(
            Series("row", rng.normal(size=3000), rng.normal(size=3000)), X, Y, title="Scatter",
            smooth=Series("mean", [-1, 0, 1], [0, 0.1, 0]), reference=Reference("zero", "y", 0.0),
        ),
        "interval": interval_chart(
            rows, X, title="Intervals", reference=("all rows", 0.0),
            verdicts={"good": "strong", "bad": "weak", "open": "as elsewhere"},
        ),
        "pairs": interval_chart(
            [Row("AUC", 0.7, 0.6, 0.8, other=0.6, other_low=0.5, other_high=0.7)], X,
            title="Pairs", names=("model", "baseline"),
        ),
        "bar": bar_chart(
            [Bar(f"a feature with a long name {k}", k - 5.0, k - 6.0, k - 4.5) for k in range(25)],
            X, title="Bars",
        ),
        "batches": line_chart(
            [Series("measured", range(9), [0.7] * 9, [0.6] * 9, [0.8] * 9, points=True, whiskers=-3.0),
             Series("holdout", [-0.5, 8.5], [0.7] * 2, [0.65] * 2, [0.75] * 2)],
            Axis("Batch", names=[f"batch {k} of a long name" for k in range(9)]), Y, title="Batches",
            references=[Reference("warning", "y", 0.5), Reference("alarm", "y", 0.4, strong=True)],
        ),
        "before_and_now": pair_chart(
            [Pair(f"a category with a long name {k}", k / 100, 0.2 - k / 100) for k in range(16)],
            Axis("Rows", percent=True), title="Before and now",
        ),
        "matrix": matrix_chart([[9000, 12], [3, 40]], ["on time", "late"], title="Matrix"),
        "matrix_12": matrix_chart(
            rng.integers(0, 5000, (12, 12)).tolist(), [f"class {k}" for k in range(12)], title="12"
        ),
        "timeline": timeline_chart(
            [Period("Training set", datetime(2013, 1, 1), datetime(2013, 10, 1), "16,000 rows"),
             Period("Holdout", datetime(2013, 10, 1), datetime(2013, 10, 1), ODD, 1)],
            title="Time",
        ),
    }  # fmt: skip


@pytest.mark.parametrize("name", list(every_chart()))
def test_a_chart_is_well_formed_the_same_twice_and_nothing_overlaps_or_leaves_it(name):
    chart = every_chart()[name]
    assert chart == every_chart()[name]
    assert len(chart) < 30_000
    assert_nothing_overlaps_or_leaves(parsed(chart))


def test_texts_of_the_page_and_of_its_values_are_escaped_and_told_whole():
    bars = bar_chart([Bar(ODD, 1.0, note=ODD)], Axis(ODD), title=ODD, description=ODD)
    line = line_chart(
        [Series(ODD, [1, 2], [1, 2], points=True)], Axis(ODD), Axis(ODD), title=ODD, mark=Mark(ODD, 1, 1),
        references=[Reference(ODD, "diagonal")],
    )  # fmt: skip
    rows = interval_chart([Row(ODD, 1.0, 0, 2)], Axis(ODD), title=ODD, reference=(ODD, 0.0))
    matrix = matrix_chart([[1, 0], [0, 1]], [ODD, "b"], title=ODD)
    pairs = pair_chart([Pair(ODD, 1.0, 2.0)], Axis(ODD), title=ODD, names=(ODD, "now"))
    batches = line_chart(
        [Series("s", [0, 1], [1, 2])], Axis("Batch", names=[ODD, "b"]), Axis("y"), title=ODD
    )
    for chart in (bars, line, rows, matrix, pairs, batches):
        root = parsed(chart)
        assert "<script" not in chart
        assert_nothing_overlaps_or_leaves(root)
        whole = ODD.replace("\x00", "□").replace("\x1b", "□")
        assert root.find(SVG + "title").text == whole
        # What is cut is told by pointing at it.
        cut_texts = [each for each in root.iter(SVG + "text") if "…" in "".join(each.itertext())]
        assert cut_texts
        assert all(each.find(SVG + "title").text == whole for each in cut_texts)


def test_values_lie_where_the_axis_says():
    root = parsed(line_chart([Series("s", [2, 4, 8], [10, -20, 30], points=True)], X, Y, title="t"))
    ticks = [each for each in root.iter(SVG + "text") if each.get("class") == "tick"]
    said = [(float(t.text.replace("\N{MINUS SIGN}", "-")), t) for t in ticks]
    at_x = [(value, float(t.get("x"))) for value, t in said if t.get("text-anchor") == "middle"]
    at_y = [
        (value, float(t.get("y")) - 0.35 * 13) for value, t in said if t.get("text-anchor") == "end"
    ]
    per_x, x_0 = np.polyfit([p for _, p in at_x], [v for v, _ in at_x], 1)
    per_y, y_0 = np.polyfit([p for _, p in at_y], [v for v, _ in at_y], 1)
    assert per_x > 0 > per_y
    dots = [
        d
        for d in root.iter(SVG + "circle")
        if d.get("class") == "dot" and d.find(SVG + "title") is not None
    ]
    read = [(per_x * float(d.get("cx")) + x_0, per_y * float(d.get("cy")) + y_0) for d in dots]
    np.testing.assert_allclose(read, [(2, 10), (4, -20), (8, 30)], atol=0.1)
    assert dots[1].find(SVG + "title").text == "s: 4.00, \N{MINUS SIGN}20.0"


def test_a_bar_begins_at_zero_on_the_side_of_its_sign():
    root = parsed(
        bar_chart([Bar("up", 4.0), Bar("down", -2.0), Bar("none", math.nan)], X, title="t")
    )
    up, down = (each for each in root.iter(SVG + "rect") if each.get("class") == "bar")
    zero = float(up.get("x"))
    assert float(down.get("x")) + float(down.get("width")) == pytest.approx(zero, abs=0.2)
    assert float(up.get("width")) == pytest.approx(2 * float(down.get("width")), abs=0.3)
    # The row of a value that is not there stays, by its name alone.
    assert "none" in {each[4] for each in boxes(root)}


def test_two_bars_of_an_item_begin_at_zero_and_have_lengths_of_their_values():
    pairs = [Pair("a", 0.2, 0.4), Pair("b", math.nan, 0.1)]
    root = parsed(pair_chart(pairs, Axis("Share", percent=True), title="t"))
    drawn = [each for each in root.iter(SVG + "rect") if each.find(SVG + "title") is not None]
    told = [each.find(SVG + "title").text for each in drawn]
    assert told == ["a, before: 20.0%", "a, now: 40.0%", "b, now: 10.0%"]
    assert len({each.get("x") for each in drawn}) == 1
    widths = [float(each.get("width")) for each in drawn]
    np.testing.assert_allclose(np.array(widths) / widths[2], [2, 4, 1], rtol=0.01)
    assert len({each.get("class") for each in drawn}) == 2


@pytest.mark.parametrize("count", [1, 2, 7, 36, 400])
def test_batches_lie_at_equal_distances_and_the_last_one_is_named(count):
    names = [f"2013-{k:03d}" for k in range(count)]
    axis = Axis("Batch", names=names)
    scale = scale_of(axis, [], 40, 410)
    places = [scale.place(k) for k in range(count)]
    np.testing.assert_allclose(np.diff(places), 370 / count)
    assert scale.ticks[-1] == (count - 1, names[-1])
    assert 40 < places[0] <= places[-1] < 410
    root = parsed(
        line_chart([Series("s", range(count), range(count), points=True)], axis, Y, title="t")
    )
    assert_nothing_overlaps_or_leaves(root)
    assert f"s: {names[-1]}" in "".join(root.itertext())


def test_an_interval_of_a_batch_is_a_line_where_its_marker_is():
    series = Series(
        "s",
        [0, 1, 2],
        [5, 6, math.nan],
        [4, math.nan, 1],
        [7, math.nan, 3],
        points=True,
        whiskers=-3.0,
    )
    root = parsed(line_chart([series], Axis("Batch", names=["a", "b", "c"]), Y, title="t"))
    (whiskers,) = (each for each in root.iter(SVG + "path") if each.get("class") == "span")
    dots = [each for each in root.iter(SVG + "circle") if each.find(SVG + "title") is not None]
    # Of the second one no end is known, of the third one no value.
    starts = [float(each.split(" ")[0]) for each in whiskers.get("d").split("M")[1:]]
    assert starts[0] == pytest.approx(float(dots[0].get("cx")), abs=0.1)
    assert len(starts) == len(dots) == 2
    assert [each.find(SVG + "title").text for each in dots] == [
        "s: a, 5.00 [4.00, 7.00]",
        "s: b, 6.00",
    ]
    assert not [each for each in root.iter() if each.get("class") == "band"]


def test_what_is_not_finite_leaves_a_gap_and_what_has_no_value_is_said():
    with_gap = line_chart(
        [Series("s", [0, 1, 2, 3, 4], [1, 2, math.nan, 3, math.inf])], X, Y, title="t"
    )
    curve = [each for each in parsed(with_gap).iter(SVG + "path") if each.get("class") == "curve"][
        -1
    ]
    assert curve.get("d").count("M") == 2
    nothing = [
        line_chart([], X, Y, title="t"),
        line_chart([Series("s", [1], [math.nan])], X, Y, title="t"),
        scatter_chart(Series("s", [], []), X, Y, title="t"),
        interval_chart([], X, title="t"),
        interval_chart([Row("a", math.nan)], X, title="t"),
        bar_chart([], X, title="t"),
        pair_chart([Pair("a")], X, title="t"),
        matrix_chart([[0, 0], [0, 0]], ["a", "b"], title="t"),
        timeline_chart([], title="t"),
    ]
    for chart in nothing:
        assert "Nothing to draw" in "".join(parsed(chart).itertext())


@pytest.mark.parametrize(
    "values", [[5.0], [0.0, 0.0], [-3.0, -3.0], [1e9, 2.5e9], [1e9, 1e9 + 1], [1e-6, 3e-6],
               [-1e-6, 2e12], [0.0, 1e-300], [1e300, 2e300], [0.1 + 0.2, 0.3]],
)  # fmt: skip
def test_every_scale_has_ticks_that_differ_and_holds_its_values(values):
    scale = scale_of(X, values, 60, 400)
    said = [text for _, text in scale.ticks]
    assert len(said) >= 2
    assert len(set(said)) == len(said)
    assert all(60 - 1e-6 <= scale.place(each) <= 400 + 1e-6 for each in values)
    places = [scale.place(tick) for tick, _ in scale.ticks]
    assert places == sorted(places)
    root = parsed(line_chart([Series("s", range(len(values)), values)], X, Y, title="t"))
    assert_nothing_overlaps_or_leaves(root)


def test_axes_hold_the_ends_that_were_asked_for_and_ratios():
    rates = scale_of(Axis("Rate", 0, 1, percent=True), [0.2, 0.9], 0, 300)
    assert (rates.low, rates.high) == (0, 1)
    assert [text for _, text in rates.ticks] == ["0%", "20%", "40%", "60%", "80%", "100%"]
    rows = scale_of(Axis("Rows", log=True), [500, 8000, -1, 0], 0, 300)
    places = [rows.place(each) for each in (500, 1000, 2000, 4000, 8000)]
    np.testing.assert_allclose(np.diff(places), 75)
    assert not rows.holds(0)
    assert scale_of(Axis("Share"), [0.0, 0.37], 0, 300).low == 0


def test_numbers_are_written_short():
    numbers = [0, 0.1234567, 12.345, 1234.5, -0.5, 2.5e9, 1.5e6, 1e-6, 3e15, -0.0001]
    assert [number_text(each) for each in numbers] == [
        "0.000", "0.123", "12.3", "1,234", "\N{MINUS SIGN}0.500", "2.5bn", "1.5M", "1e-6", "3e15",
        "\N{MINUS SIGN}0.000100",
    ]  # fmt: skip
    assert percent_text(-0.00001) == "0.0%"
    assert tick_texts([0.0, 2.5e-6, 5e-6], 2.5e-6) == ["0", "2.5e-6", "5e-6"]
    assert tick_texts([0.0, 0.025, 0.05], 0.025, percent=True) == ["0.0%", "2.5%", "5.0%"]
    assert cut("carrier_late_rate_yesterday", 120).startswith("carrier")
    assert cut("carrier_late_rate_yesterday", 120).endswith("day")


def test_a_matrix_tells_counts_and_shares_of_rows():
    root = parsed(matrix_chart([[90, 10], [5, 15]], ["no", "yes"], title="t"))
    said = [each[4] for each in boxes(root)]
    assert {"90", "90%", "10", "10%", "5", "25%", "15", "75%"} <= set(said)
    hovers = [each.find(SVG + "title").text for each in root.iter(SVG + "rect") if len(each)]
    assert hovers[1] == "no, predicted yes: 10 (10.0%)"


def test_large_data_makes_small_charts():
    n = 100_000
    t = np.linspace(0, 1, n)
    assert len(line_chart([Series("s", t, t)], X, Y, title="t")) < 4000
    many = scatter_chart(Series("s", t, np.sin(40 * t)), X, Y, title="t")
    assert len(many) < 30_000
    assert f"{MOST_POINTS:,} of 100,000 points drawn" in many
    dense = np.full((100, 100), 7)
    assert len(matrix_chart(dense.tolist(), [str(k) for k in range(100)], title="t")) < 300_000


def test_charts_have_ids_of_their_own():
    one, other = (bar_chart([Bar("a", value)], X, title="t") for value in (1.0, 2.0))
    ids = [set(re.findall(r' id="([^"]+)"', chart)) for chart in (one, other)]
    assert not ids[0] & ids[1]
    named = bar_chart([Bar("a", 1.0)], X, title="t", description="d", identifier="of drift")
    assert set(re.findall(r' id="([^"]+)"', named)) == {"of-drift-title", "of-drift-desc"}


def luminance(color: str) -> float:
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def blend(over: str, under: str, share: float) -> str:
    mixed = [
        round(share * int(over[k : k + 2], 16) + (1 - share) * int(under[k : k + 2], 16))
        for k in (1, 3, 5)
    ]
    return "#" + "".join(f"{each:02x}" for each in mixed)


def test_colours_are_seen_in_both_themes_and_every_class_has_a_style():
    css = render("charts.css.j2")
    light, dark = (
        dict(re.findall(r"--chart-([\w-]+): (#\w{6})", part)) for part in css.split("@media", 1)
    )
    for theme in (light, dark):
        for index in range(1, STYLES + 1):
            assert contrast(theme[str(index)], theme["page"]) >= 3, index
        assert contrast(theme["axis"], theme["page"]) >= 3
        assert contrast(theme["quiet"], theme["page"]) >= 4.5
        darkest = blend(theme["1"], theme["page"], 0.5)
        assert contrast(theme["text"], darkest) >= 4.5
    used = set()
    for chart in every_chart().values():
        used |= {name for held in re.findall(r' class="([^"]+)"', chart) for name in held.split()}
    known = set(re.findall(r"\.([a-z]\w*)", css))
    assert used <= known
