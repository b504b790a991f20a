"""What every chart is drawn with: elements, texts, legends and the picture around them."""

import re
from collections.abc import Sequence
from hashlib import sha256
from math import ceil

from assay.report.charts.texts import FONT, cut, escaped, line_of, width_of

# Of every chart, in its own units; 360 of a phone's pixels make its 13 pixels of text 11.
WIDTH = 420.0
# Colours and dashes that series may have; the style sheet holds them.
STYLES = 5
_LINE = 18.0


def px(value: float) -> str:
    """Write a length: a tenth of a pixel is exact enough, and its bytes are the same everywhere."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def tag(_name: str, *children: str, **attributes: str | float) -> str:
    """Return an element; `class_` and `text_anchor` are `class` and `text-anchor`."""
    held = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{px(value) if isinstance(value, (int, float)) else escaped(value)}"'
        for key, value in attributes.items()
    )
    inside = "".join(children)
    return f"<{_name}{held}>{inside}</{_name}>" if inside else f"<{_name}{held}/>"


def hover(text: str) -> str:
    """Return what a pointer over an element shows, and a screen reader may say."""
    return tag("title", escaped(text))


def text(
    content: str, x: float, y: float, *, anchor: str = "start", room: float = WIDTH, kind: str = ""
) -> str:
    """Return a line of text, cut to its room; what was cut stands in its hover text.

    Parameters
    ----------
    content : str
    x, y : float
        Of the anchor on the base line.
    anchor : {"start", "middle", "end"}
    room : float
        Pixels.
    kind : str
        The class of its style.
    """
    whole = line_of(content)
    short = cut(whole, room)
    attributes: dict[str, str | float] = {"x": x, "y": y}
    if anchor != "start":
        attributes["text_anchor"] = anchor
    if kind:
        attributes["class_"] = kind
    # An element that had no text would show nothing, and not even its place.
    return tag("text", hover(whole) if short != whole else "", escaped(short), **attributes)


def style_of(index: int) -> str:
    """Return the class of a series' colour, dash and marker."""
    return f"s{index % STYLES + 1}"


def marker(x: float, y: float, index: int, told: str = "") -> str:
    """Return the marker of a series: each has its own shape."""
    r, inside = 4.0, hover(told) if told else ""
    shape = index % STYLES
    if shape == 0:
        return tag("circle", inside, class_="dot", cx=x, cy=y, r=r)
    paths = (
        f"M{px(x - r)} {px(y - r)}h8v8h-8z",
        f"M{px(x)} {px(y - 5)}l5 9h-10z",
        f"M{px(x)} {px(y - 5.5)}l5 5.5l-5 5.5l-5 -5.5z",
        f"M{px(x)} {px(y + 5)}l5 -9h-10z",
    )
    return tag("path", inside, class_="dot", d=paths[shape - 1])


def legend(items: Sequence[tuple[str, str]], y: float) -> tuple[str, float]:
    """Return samples with their names, in as many lines as they need, and where they end.

    Parameters
    ----------
    items : sequence of (str, str)
        The sample, drawn around (12, 0), and its name.
    y : float
        Where the first line begins.

    Returns
    -------
    (str, float)
    """
    parts, x = [], 0.0
    for sample, name in items:
        whole = line_of(name)
        room = min(width_of(whole), WIDTH - 30)
        if x and x + 30 + room > WIDTH:
            x, y = 0.0, y + _LINE
        parts.append(tag("g", sample, transform=f"translate({px(x)} {px(y + _LINE / 2)})"))
        parts.append(text(whole, x + 29, y + _LINE / 2 + 0.35 * FONT, room=room))
        x += 30 + room + 14
    return "".join(parts), y + _LINE if items else y


def picture(body: str, height: float, title: str, description: str, identifier: str | None) -> str:
    """Return the chart: its parts, its name and what it shows in words.

    Parameters
    ----------
    body : str
    height : float
    title, description : str
        Plain text.
    identifier : str, optional
        Unique in the page; by default, one that follows from what is drawn.
    """
    name = line_of(title)
    if identifier is None:
        seen = "\0".join((name, line_of(description), body))
        identifier = f"chart-{sha256(seen.encode()).hexdigest()[:10]}"
    key = re.sub(r"[^\w.-]", "-", identifier)
    described = tag("desc", escaped(description), id=f"{key}-desc") if line_of(description) else ""
    return tag(
        "svg",
        tag("title", escaped(name), id=f"{key}-title"),
        described,
        body,
        xmlns="http://www.w3.org/2000/svg",
        class_="chart",
        role="img",
        viewBox=f"0 0 {px(WIDTH)} {ceil(height)}",
        aria_labelledby=f"{key}-title {key}-desc" if described else f"{key}-title",
    )


def empty_picture(title: str, description: str, identifier: str | None) -> str:
    """Return a chart that says that there is nothing to draw."""
    said = text("Nothing to draw: no values.", WIDTH / 2, 34, anchor="middle", kind="quiet")
    frame = tag("rect", class_="frame", x=0.5, y=0.5, width=WIDTH - 1, height=59.0)
    return picture(frame + said, 60, title, description, identifier)
