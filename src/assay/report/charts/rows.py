"""The frame of charts with a row per item: names on the left, one axis below."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.report.charts.axes import Axis, Scale, scale_of
from assay.report.charts.svg import WIDTH, tag, text
from assay.report.charts.texts import FONT, line_of, width_of

# A row's height, and what names may take of the width.
ROW = 24.0
_NAMES = 168.0
_NOTES = 96.0


@dataclass(frozen=True)
class RowFrame:
    """Where things lie in a chart of rows.

    Attributes
    ----------
    x : Scale
    y : list of float
        The middle of each row.
    frame : str
        Grid, names, notes and axis, to be drawn first.
    bottom : float
        Where the chart ends.
    """

    x: Scale
    y: list[float]
    frame: str
    bottom: float


def rows_of(
    names: Sequence[str],
    notes: Sequence[str],
    axis: Axis,
    values: Iterable[float],
    top: float,
    around: float = 0.0,
) -> RowFrame:
    """Lay out rows.

    Parameters
    ----------
    names, notes : sequence of str
        What stands on the left and on the right of each.
    axis : Axis
    values : iterable of float
    top : float
        Where they may begin, in pixels.
    around : float
        Pixels beside the axis that what is drawn at its ends needs.
    """
    left = min(_NAMES, max((width_of(line_of(name)) for name in names), default=0.0)) + 10
    noted = min(_NOTES, max((width_of(line_of(note)) for note in notes), default=0.0))
    shown = list(values)
    start = left + around
    end = WIDTH - 8 - around - (noted + 8 if noted else 0)
    draft = scale_of(axis, shown, start, end)
    # The texts of the outer ticks reach beyond the axis.
    end = min(end, WIDTH - width_of(draft.ticks[-1][1]) / 2 - 1)
    scale = scale_of(axis, shown, start, end)
    y = [top + 6 + ROW * (place + 0.5) for place in range(len(names))]
    lower = top + 12 + ROW * len(names)
    parts = []
    for value, said in scale.ticks:
        place = scale.place(value)
        parts.append(tag("line", class_="grid", x1=place, x2=place, y1=top + 2, y2=lower))
        parts.append(text(said, place, lower + FONT + 3, anchor="middle", kind="tick"))
    for name, note, place in zip(names, notes, y, strict=True):
        parts.append(text(name, left - 10, place + 0.35 * FONT, anchor="end", room=left - 10))
        if note:
            parts.append(
                text(note, WIDTH, place + 0.35 * FONT, anchor="end", room=noted, kind="tick")
            )
    parts.append(tag("line", class_="axis", x1=start, x2=end, y1=lower, y2=lower))
    middle = (start + end) / 2
    half = min(width_of(line_of(axis.label)) / 2, WIDTH / 2)
    # Under the axis, but never beyond the chart.
    middle = min(max(middle, half), WIDTH - half)
    parts.append(text(axis.label, middle, lower + 2 * FONT + 8, anchor="middle", kind="label"))
    return RowFrame(scale, y, "".join(parts), lower + 2 * FONT + 14)
