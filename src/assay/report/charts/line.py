"""Curves: several series with their bands, references and one marked point."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, groupby

from assay.report.charts.axes import Axis, Scale
from assay.report.charts.panel import Panel, Reference, panel_of, reference_line
from assay.report.charts.paths import path_of
from assay.report.charts.svg import (
    empty_picture,
    legend,
    marker,
    picture,
    px,
    style_of,
    tag,
    text,
)
from assay.report.charts.texts import cut, line_of, width_of

# How much wider bold text is.
_BOLD = 1.12


@dataclass(frozen=True)
class Series:
    """A curve.

    Attributes
    ----------
    name : str
        For the legend.
    x, y : sequence of float, shape (n,)
        In the order in which they are joined; where one is not finite, the curve has a gap.
    low, high : sequence of float, shape (n,), optional
        The ends of its interval.
    points : bool
        Whether each value has a marker, which tells its numbers.
    style : int, optional
        Colour, dash and marker, from 0 on; by default its place among the series.
    whiskers : float, optional
        Where given, each interval is a line through its marker instead of a part of a band, both so many
        pixels beside their place, so that those of two series do not hide each other.
    cut : sequence of bool, shape (n,), optional
        Whose intervals end at the rim of the panel, such as those of few rows: they do not widen it.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    points: bool = False
    style: int | None = None
    whiskers: float | None = None
    cut: Sequence[bool] = ()


@dataclass(frozen=True)
class Mark:
    """A point to look at, with its label."""

    name: str
    x: float
    y: float


def line_chart(
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    *,
    title: str,
    description: str = "",
    references: Sequence[Reference] = (),
    mark: Mark | None = None,
    identifier: str | None = None,
) -> str:
    """Draw curves.

    Parameters
    ----------
    series : sequence of Series
    x, y : Axis
    title, description : str
        The chart's name and what it shows, for screen readers; the page has its own caption.
    references : sequence of Reference, optional
    mark : Mark, optional
    identifier : str, optional
        Unique in the page.

    Returns
    -------
    str
        An `<svg>`.
    """
    drawn = [each for each in series if _finite_pairs(each)]
    if not drawn:
        return empty_picture(title, description, identifier)
    styles = [series.index(each) if each.style is None else each.style for each in drawn]
    xs, ys = _shown_values(drawn, references, mark)
    items = [(_sample(each, style), each.name) for each, style in zip(drawn, styles, strict=True)]
    items += [(tag("path", class_=each.style, d="M2 0h20"), each.name) for each in references]
    head, top = legend(items, 0)
    panel = panel_of(x, xs, y, ys, top)
    bands = [_band(each, style, panel) for each, style in zip(drawn, styles, strict=True)]
    compared = [reference_line(each, panel) for each in references]
    curves = [_curve(each, style, panel, (x, y)) for each, style in zip(drawn, styles, strict=True)]
    marked = (
        _marked(mark, panel) if mark and panel.x.holds(mark.x) and panel.y.holds(mark.y) else ""
    )
    body = "".join([head, panel.frame, *bands, *compared, *curves, marked])
    return picture(body, panel.bottom, title, description, identifier)


def _finite_pairs(series: Series) -> list[tuple[float, float]]:
    return [
        (x, y)
        for x, y in zip(map(float, series.x), map(float, series.y), strict=True)
        if x - x == 0 and y - y == 0
    ]


def _shown_values(
    drawn: Sequence[Series], references: Sequence[Reference], mark: Mark | None
) -> tuple[list[float], list[float]]:
    """Return what the axes must show; a diagonal adds nothing to it."""
    pairs = [pair for each in drawn for pair in _finite_pairs(each)]
    if mark:
        pairs.append((mark.x, mark.y))
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    xs += [each.value for each in references if each.kind == "x"]
    ys += [each.value for each in references if each.kind == "y"]
    for each in drawn:
        widens = [not cut for cut in each.cut] or [True] * len(each.low)
        ys += [float(end) for end in compress(each.low, widens)]
        ys += [float(end) for end in compress(each.high, widens)]
    return xs, ys


def _runs(points: Sequence[tuple[float, ...]], panel: Panel) -> list[list[tuple[float, ...]]]:
    """Return the points without those that are not finite, apart where one is left out."""
    held = groupby(points, lambda point: panel.x.holds(point[0]) and panel.y.holds(*point[1:]))
    return [list(run) for holds, run in held if holds]


def _curve(series: Series, style: int, panel: Panel, axes: tuple[Axis, Axis]) -> str:
    values = list(zip(map(float, series.x), map(float, series.y), strict=True))
    runs, aside = _runs(values, panel), series.whiskers or 0.0
    placed = [[(panel.x.place(x) + aside, panel.y.place(y)) for x, y in run] for run in runs]
    parts = [tag("path", class_="curve", d="".join(map(path_of, placed)))] if placed else []
    parts += _whiskers(series, panel)
    ends = dict(zip(map(float, series.x), _ends_told(series, axes[1]), strict=True))
    for run, places in zip(runs, placed, strict=True):
        # A point by itself has no line to be seen by.
        if series.points or len(run) == 1:
            parts += [
                marker(
                    *place, style, f"{series.name}: {axes[0].told(x)}, {axes[1].told(y)}{ends[x]}"
                )
                for (x, y), place in zip(run, places, strict=True)
            ]
    return tag("g", *parts, class_=style_of(style))


def _whiskers(series: Series, panel: Panel) -> list[str]:
    """Draw the interval of each value as a line, where the series asks for it."""
    if series.whiskers is None or not len(series.low):
        return []
    ends = zip(*(map(float, each) for each in (series.x, series.low, series.high)), strict=True)
    lowest, highest = panel.y.low, panel.y.high
    ways = [
        f"M{px(panel.x.place(x) + series.whiskers)} {px(panel.y.place(max(low, lowest)))}"
        f"V{px(panel.y.place(min(high, highest)))}"
        for x, low, high in ends
        if panel.x.holds(x) and panel.y.holds(low, high)
    ]
    return [tag("path", class_="span", d="".join(ways))] if ways else []


def _ends_told(series: Series, axis: Axis) -> list[str]:
    """Write the interval of each value; nothing where it has none, or is drawn as a band."""
    if series.whiskers is None or not len(series.low):
        return [""] * len(series.x)
    return [
        f" [{axis.told(low)}, {axis.told(high)}]" if low - low == 0 and high - high == 0 else ""
        for low, high in zip(map(float, series.low), map(float, series.high), strict=True)
    ]


def _band(series: Series, style: int, panel: Panel) -> str:
    if not len(series.low) or series.whiskers is not None:
        return ""
    values = zip(*(map(float, each) for each in (series.x, series.low, series.high)), strict=True)
    paths = []
    for run in _runs(list(values), panel):
        upper = [(panel.x.place(x), panel.y.place(high)) for x, _, high in run]
        lower = [(panel.x.place(x), panel.y.place(low)) for x, low, _ in reversed(run)]
        paths.append(path_of([*upper, *lower]) + "z")
    drawn = tag("path", class_="band", d="".join(paths)) if paths else ""
    return tag("g", drawn, class_=style_of(style)) if drawn else ""


def _sample(series: Series, style: int) -> str:
    banded = len(series.low) and series.whiskers is None
    band = tag("rect", class_="band", x=2, y=-6, width=20, height=12) if banded else ""
    dot = marker(12, 0, style) if series.points else ""
    return tag("g", band, tag("path", class_="curve", d="M2 0h20"), dot, class_=style_of(style))


def _marked(mark: Mark, panel: Panel) -> str:
    """A ring and its label, on the side that has room, with a halo over what it crosses."""
    x, y = panel.x.place(mark.x), panel.y.place(mark.y)
    ring = tag("circle", class_="mark", cx=x, cy=y, r=5.5)
    above = y - panel.y.end > 26
    return ring + _label(mark.name, x, y + (-12 if above else 22), panel.x)


def _label(name: str, x: float, y: float, scale: Scale) -> str:
    room = (scale.end - scale.start - 8) / _BOLD
    half = _BOLD * width_of(cut(line_of(name), room)) / 2
    if x + half > scale.end:
        return text(name, scale.end, y, anchor="end", room=room, kind="halo")
    if x - half < scale.start + 4:
        return text(name, scale.start + 4, y, room=room, kind="halo")
    return text(name, x, y, anchor="middle", room=room, kind="halo")
