"""Two bars per item: what it was, and what it is now."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

from assay.report.charts.axes import Axis
from assay.report.charts.rows import ROW, rows_of
from assay.report.charts.svg import empty_picture, hover, legend, picture, style_of, tag

# Of each bar, and between the two: together less than a row.
_THICK, _BETWEEN = 8.0, 1.0
# Grey and blue: what was stands back.
_BEFORE, _NOW = "was", "bar"


@dataclass(frozen=True)
class Pair:
    """What an item was, and what it is now.

    Attributes
    ----------
    name : str
    before, now : float
        From 0 on; not drawn where not finite.
    """

    name: str
    before: float = nan
    now: float = nan


def pair_chart(
    pairs: Sequence[Pair],
    axis: Axis,
    *,
    title: str,
    description: str = "",
    names: tuple[str, str] = ("before", "now"),
    identifier: str | None = None,
) -> str:
    """Draw two bars per item, such as the share of rows in each bin, from the top on.

    Parameters
    ----------
    pairs : sequence of Pair
    axis : Axis
        Shows zero, always; its `log` is not for bars.
    title, description : str
        For screen readers; the page has its own caption.
    names : (str, str)
        What the bars are called: the first one is that of `before`.
    identifier : str, optional
        Unique in the page.

    Returns
    -------
    str
        An `<svg>`.
    """
    values = [each for pair in pairs for each in (pair.before, pair.now)]
    if not any(map(isfinite, values)):
        return empty_picture(title, description, identifier)
    items = [(_sample(kind), name) for kind, name in zip((_BEFORE, _NOW), names, strict=True)]
    head, top = legend(items, 0)
    frame = rows_of(
        [pair.name for pair in pairs], [""] * len(pairs), axis, [0.0, *values], top, 2.0
    )
    zero, parts = frame.x.place(0.0), [head, frame.frame]
    for pair, y in zip(pairs, frame.y, strict=True):
        for value, kind, name, above in (
            (pair.before, _BEFORE, names[0], y - _THICK - _BETWEEN / 2),
            (pair.now, _NOW, names[1], y + _BETWEEN / 2),
        ):
            if isfinite(value):
                told = hover(f"{pair.name}, {name}: {axis.told(value)}")
                wide = max(abs(frame.x.place(value) - zero), 0.5)
                parts.append(_bar(kind, told, x=zero, y=above, width=wide))
    lower = frame.y[-1] + ROW / 2 + 6
    parts.append(tag("line", class_="axis", x1=zero, x2=zero, y1=top + 2, y2=lower))
    return picture("".join(parts), frame.bottom, title, description, identifier)


def _bar(kind: str, told: str, **place: float) -> str:
    drawn = tag("rect", told, class_=kind, height=_THICK, **place)
    return tag("g", drawn, class_=style_of(0)) if kind == _NOW else drawn


def _sample(kind: str) -> str:
    return _bar(kind, "", x=4.0, y=-4.0, width=16.0)
