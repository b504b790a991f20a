"""Horizontal bars from zero, with intervals where they have some."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

from assay.report.charts.axes import Axis
from assay.report.charts.rows import ROW, rows_of
from assay.report.charts.svg import empty_picture, hover, picture, px, style_of, tag


@dataclass(frozen=True)
class Bar:
    """A bar.

    Attributes
    ----------
    name : str
    value : float
    low, high : float
        The ends of its interval; none where they are not finite.
    note : str
        What stands on the right, such as the value in words.
    style : int
        Colour, from 0 on.
    """

    name: str
    value: float
    low: float = nan
    high: float = nan
    note: str = ""
    style: int = 0


def bar_chart(
    bars: Sequence[Bar],
    axis: Axis,
    *,
    title: str,
    description: str = "",
    identifier: str | None = None,
) -> str:
    """Draw bars, from the top on; what is below zero goes to the left.

    Parameters
    ----------
    bars : sequence of Bar
    axis : Axis
        Shows zero, always; its `log` is not for bars.
    title, description : str
        For screen readers; the page has its own caption.
    identifier : str, optional
        Unique in the page.

    Returns
    -------
    str
        An `<svg>`.
    """
    if not any(isfinite(bar.value) for bar in bars):
        return empty_picture(title, description, identifier)
    ends = [0.0, *(each for bar in bars for each in (bar.value, bar.low, bar.high))]
    frame = rows_of([bar.name for bar in bars], [bar.note for bar in bars], axis, ends, 0.0, 2.0)
    zero, thick = frame.x.place(0.0), 0.6 * ROW
    parts = [frame.frame]
    for bar, y in zip(bars, frame.y, strict=True):
        if not isfinite(bar.value):
            continue
        end, told = frame.x.place(bar.value), f"{bar.name}: {axis.told(bar.value)}"
        spanned = isfinite(bar.low) and isfinite(bar.high)
        if spanned:
            told += f" [{axis.told(bar.low)}, {axis.told(bar.high)}]"
        drawn = tag(
            "rect", hover(told), class_="bar", x=min(zero, end), y=y - thick / 2,
            width=max(abs(end - zero), 0.5), height=thick,
        )  # fmt: skip
        parts.append(tag("g", drawn, class_=style_of(bar.style)))
        if spanned:
            start, stop = frame.x.place(bar.low), frame.x.place(bar.high)
            way = f"M{px(start)} {px(y - 3)}v6m0 -3H{px(stop)}m0 -3v6"
            parts.append(tag("path", class_="whisker", d=way))
    parts.append(tag("line", class_="axis", x1=zero, x2=zero, y1=2.0, y2=frame.y[-1] + ROW / 2 + 6))
    return picture("".join(parts), frame.bottom, title, description, identifier)
