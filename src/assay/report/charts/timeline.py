"""Periods on one line of time: what was trained on, what judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assay.report.charts.svg import WIDTH, empty_picture, hover, picture, style_of, tag, text
from assay.report.charts.texts import FONT, line_of

_ROW = 38.0


@dataclass(frozen=True)
class Period:
    """A period.

    Attributes
    ----------
    name : str
    start, end : datetime
        Both with a time zone, or none.
    note : str
        What else is told of it, such as the number of rows.
    style : int
        Colour, from 0 on.
    """

    name: str
    start: datetime
    end: datetime
    note: str = ""
    style: int = 0


def timeline_chart(
    periods: Sequence[Period],
    *,
    title: str,
    description: str = "",
    identifier: str | None = None,
) -> str:
    """Draw periods one below the other, each under its name, its days and its note.

    Parameters
    ----------
    periods : sequence of Period
    title, description : str
        For screen readers; the page has its own caption.
    identifier : str, optional
        Unique in the page.

    Returns
    -------
    str
        An `<svg>`.
    """
    if not periods:
        return empty_picture(title, description, identifier)
    first = min(each.start for each in periods)
    length = (max(each.end for each in periods) - first).total_seconds() or 1.0
    parts = []
    for place, each in enumerate(periods):
        y = _ROW * place
        said = f"{line_of(each.name)}: {each.start:%Y-%m-%d} to {each.end:%Y-%m-%d}"
        if each.note:
            said += f", {line_of(each.note)}"
        left = (WIDTH - 2) * (each.start - first).total_seconds() / length
        right = (WIDTH - 2) * (each.end - first).total_seconds() / length
        # A single day of many is still seen, and inside the picture.
        wide = max(right - left, 3.0)
        bar = tag(
            "rect", hover(said), class_="bar", x=min(left, WIDTH - 1 - wide) + 1, y=y + FONT + 6,
            width=wide, height=12, rx=2,
        )  # fmt: skip
        lane = tag("rect", class_="lane", x=1, y=y + FONT + 6, width=WIDTH - 2, height=12, rx=2)
        parts.append(text(said, 1, y + FONT, room=WIDTH - 4))
        parts.append(tag("g", lane, bar, class_=style_of(each.style)))
    return picture("".join(parts), _ROW * len(periods) + 2, title, description, identifier)
