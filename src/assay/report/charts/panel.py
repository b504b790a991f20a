"""The panel that curves and points are drawn in: two axes with their grid, ticks and labels."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan
from typing import Literal

from assay.report.charts.axes import Axis, Scale, scale_of
from assay.report.charts.svg import WIDTH, tag, text
from assay.report.charts.texts import FONT, width_of

# Room under the panel: the texts of the ticks, and the label.
_BELOW = 44.0


@dataclass(frozen=True)
class Panel:
    """Where things lie in a chart with two axes.

    Attributes
    ----------
    x, y : Scale
    frame : str
        Grid, ticks and labels, to be drawn first.
    bottom : float
        Where the chart ends, in pixels.
    """

    x: Scale
    y: Scale
    frame: str
    bottom: float


@dataclass(frozen=True)
class Reference:
    """A line to compare with: the diagonal, or at a value of an axis."""

    name: str
    kind: Literal["diagonal", "x", "y"]
    value: float = nan
    # Told from another one by longer dashes.
    strong: bool = False

    @property
    def style(self) -> str:
        """The class of its line."""
        return "reference strong" if self.strong else "reference"


def panel_of(
    x: Axis, xs: Iterable[float], y: Axis, ys: Iterable[float], top: float, height: float = 210.0
) -> Panel:
    """Lay out a panel that holds all values.

    Parameters
    ----------
    x, y : Axis
    xs, ys : iterable of float
    top : float
        Where it may begin, in pixels.
    height : float
        Of what is between the axes.
    """
    upper = top + FONT + 12
    lower = upper + height
    y_scale = scale_of(y, ys, lower, upper)
    left = max(width_of(said) for _, said in y_scale.ticks) + 8
    # The text of the last tick reaches beyond the axis by half of it, and so may that of the first.
    told = list(xs)
    draft = scale_of(x, told, left, WIDTH - 8)
    right = max(8.0, draft.width(-1) / 2 + 1)
    left = max(left, draft.width(0) / 2 + 1)
    x_scale = scale_of(x, told, left, WIDTH - right)
    parts = [text(y.label, 1, top + FONT, kind="label")]
    for value, said in y_scale.ticks:
        place = y_scale.place(value)
        parts.append(tag("line", class_="grid", x1=left, x2=WIDTH - right, y1=place, y2=place))
        parts.append(text(said, left - 6, place + 0.35 * FONT, anchor="end", kind="tick"))
    for value, said in x_scale.ticks:
        place = x_scale.place(value)
        parts.append(tag("line", class_="grid", x1=place, x2=place, y1=upper, y2=lower))
        parts.append(
            text(said, place, lower + FONT + 6, anchor="middle", room=x_scale.room, kind="tick")
        )
    parts.append(
        text(x.label, (left + WIDTH - right) / 2, lower + 2 * FONT + 11, anchor="middle",
             room=2 * min((left + WIDTH - right) / 2, WIDTH - (left + WIDTH - right) / 2), kind="label")
    )  # fmt: skip
    parts.append(
        tag("path", class_="axis", d=f"M{left:.1f} {upper:.1f}V{lower:.1f}H{WIDTH - right:.1f}")
    )
    return Panel(x_scale, y_scale, "".join(parts), lower + _BELOW)


def reference_line(reference: Reference, panel: Panel) -> str:
    """Draw a line to compare with, where the panel shows it."""
    if reference.kind == "diagonal":
        low, high = max(panel.x.low, panel.y.low), min(panel.x.high, panel.y.high)
        if low >= high:
            return ""
        ends = (panel.x.place(low), panel.x.place(high), panel.y.place(low), panel.y.place(high))
    elif reference.kind == "x" and panel.x.holds(reference.value):
        place = panel.x.place(reference.value)
        ends = (place, place, panel.y.start, panel.y.end)
    elif reference.kind == "y" and panel.y.holds(reference.value):
        place = panel.y.place(reference.value)
        ends = (panel.x.start, panel.x.end, place, place)
    else:
        return ""
    return tag("line", class_=reference.style, x1=ends[0], x2=ends[1], y1=ends[2], y2=ends[3])
