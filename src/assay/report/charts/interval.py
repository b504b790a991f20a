"""A row per item: its estimate, the interval, and what it is compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

from assay.report.charts.axes import Axis, Scale
from assay.report.charts.rows import rows_of
from assay.report.charts.svg import empty_picture, legend, marker, picture, px, style_of, tag

Judged = Literal["good", "bad", "open", ""]
# The style of a judgement: its marker and colour. What is not judged has that of the first series.
_STYLES: Mapping[str, int] = {"good": 2, "bad": 3, "open": 0, "": 0}


@dataclass(frozen=True)
class Row:
    """An estimate.

    Attributes
    ----------
    name : str
    value : float
        Not drawn where it is not finite; the row stays.
    low, high : float
        The ends of its interval; none where they are not finite.
    judged : {"good", "bad", "open", ""}
        Shown by shape and colour.
    other, other_low, other_high : float
        The same of a second series, such as the baseline's.
    note : str
        What stands on the right, such as the number of rows.
    """

    name: str
    value: float
    low: float = nan
    high: float = nan
    judged: Judged = ""
    other: float = nan
    other_low: float = nan
    other_high: float = nan
    note: str = ""


def interval_chart(
    rows: Sequence[Row],
    axis: Axis,
    *,
    title: str,
    description: str = "",
    reference: tuple[str, float] | None = None,
    names: tuple[str, str] | None = None,
    verdicts: Mapping[Judged, str] | None = None,
    other_style: int = 1,
    identifier: str | None = None,
) -> str:
    """Draw estimates with their intervals.

    Parameters
    ----------
    rows : sequence of Row
        From the top on.
    axis : Axis
    title, description : str
        For screen readers; the page has its own caption.
    reference : (str, float), optional
        A line to compare with, and its name.
    names : (str, str), optional
        Of the two series, for the legend.
    verdicts : dict, optional
        What each judgement means, for the legend.
    other_style : int
        Colour and marker of the second series.
    identifier : str, optional
        Unique in the page.

    Returns
    -------
    str
        An `<svg>`.
    """
    ends = [
        each
        for row in rows
        for each in (row.value, row.low, row.high, row.other, row.other_low, row.other_high)
    ]
    if not any(map(isfinite, ends)):
        return empty_picture(title, description, identifier)
    second = any(isfinite(row.other) for row in rows)
    items = _legend_of(rows, names, verdicts, reference, other_style if second else None)
    head, top = legend(items, 0)
    shown = [*ends, *([] if reference is None else [reference[1]])]
    frame = rows_of([row.name for row in rows], [row.note for row in rows], axis, shown, top, 6.0)
    parts = [head, frame.frame]
    if reference is not None and isfinite(reference[1]):
        place = frame.x.place(reference[1])
        parts.append(
            tag("line", class_="reference", x1=place, x2=place, y1=top + 2, y2=frame.y[-1] + 18)
        )
    for row, y in zip(rows, frame.y, strict=True):
        # Side by side: two at one height would hide each other.
        apart = 5.0 if second else 0.0
        other = (row.other, row.other_low, row.other_high)
        parts.append(_estimate(row.name, other, other_style, y + apart, frame.x, axis))
        own = (row.value, row.low, row.high)
        parts.append(_estimate(row.name, own, _STYLES[row.judged], y - apart, frame.x, axis))
    return picture("".join(parts), frame.bottom, title, description, identifier)


def _legend_of(
    rows: Sequence[Row],
    names: tuple[str, str] | None,
    verdicts: Mapping[Judged, str] | None,
    reference: tuple[str, float] | None,
    other_style: int | None,
) -> list[tuple[str, str]]:
    items = []
    if verdicts:
        items += [
            (_sample(_STYLES[judged]), said)
            for judged, said in verdicts.items()
            if any(row.judged == judged for row in rows)
        ]
    elif names is not None:
        items.append((_sample(0), names[0]))
    if other_style is not None and names is not None:
        items.append((_sample(other_style), names[1]))
    if reference is not None:
        items.append((tag("path", class_="reference", d="M12 -8v16"), reference[0]))
    return items


def _sample(style: int) -> str:
    return tag(
        "g", tag("path", class_="span", d="M2 0h20"), marker(12, 0, style), class_=style_of(style)
    )


def _estimate(
    name: str, estimate: tuple[float, float, float], style: int, y: float, x: Scale, axis: Axis
) -> str:
    value, low, high = map(float, estimate)
    parts, told = [], axis.told(value)
    if x.holds(low, high):
        start, end = x.place(low), x.place(high)
        parts.append(tag("path", class_="span", d=f"M{px(start)} {px(y)}H{px(end)}"))
        told += f" [{axis.told(low)}, {axis.told(high)}]"
    if x.holds(value):
        parts.append(marker(x.place(value), y, style, f"{name}: {told}"))
    return tag("g", *parts, class_=style_of(style)) if parts else ""
