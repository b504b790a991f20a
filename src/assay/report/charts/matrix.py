"""A confusion matrix: counts, and the share of each actual class."""

from collections import defaultdict
from collections.abc import Sequence

from assay.report.charts.svg import WIDTH, empty_picture, hover, picture, px, tag, text
from assay.report.charts.texts import FONT, line_of, width_of

_NAMES = 110.0
_TALLEST = 64.0
# More classes than this have cells that are too small for a pointer.
_POINTED = 20
# Rows that are lower have no room for a name.
_NAMED = 15.0
# The darkest cell: the texts keep a contrast of 4.5 to it, in both themes.
_STRONGEST = 0.5


def matrix_chart(
    counts: Sequence[Sequence[float]],
    labels: Sequence[str],
    *,
    title: str,
    description: str = "",
    identifier: str | None = None,
) -> str:
    """Draw a confusion matrix; each cell's colour is its share of the actual class.

    Parameters
    ----------
    counts : sequence of sequence of int, shape (k, k)
        Actual classes in rows, predicted ones in columns.
    labels : sequence of str, shape (k,)
    title, description : str
        For screen readers; the page has its own caption.
    identifier : str, optional
        Unique in the page.

    Returns
    -------
    str
        An `<svg>`.
    """
    rows = [[int(count) for count in row] for row in counts]
    if not sum(map(sum, rows)):
        return empty_picture(title, description, identifier)
    k, names = len(rows), [line_of(each) for each in labels]
    left = max(width_of("Actual"), min(_NAMES, max(map(width_of, names)))) + 8
    wide = (WIDTH - left - 1) / k
    high, top = min(wide, _TALLEST), 2 * FONT + 20
    parts = [_heads(names, left, wide, top)]
    if high >= _NAMED:
        parts += [
            text(
                name,
                left - 8,
                top + high * (place + 0.5) + 0.35 * FONT,
                anchor="end",
                room=left - 8,
            )
            for place, name in enumerate(names)
        ]
    shares = [[count / max(sum(row), 1) for count in row] for row in rows]
    if k <= _POINTED:
        parts += _cells(rows, shares, names, (left, top, wide, high))
    else:
        parts += _dots(shares, left, top, wide)
    frame = tag("rect", class_="frame", x=left, y=top, width=wide * k, height=high * k)
    return picture("".join([*parts, frame]), top + high * k + 6, title, description, identifier)


def _heads(names: Sequence[str], left: float, wide: float, top: float) -> str:
    """Name the axes, and the columns where there is room."""
    middle, y = left + wide * len(names) / 2, top - 10
    parts = [
        text("Actual", left - 8, y, anchor="end", kind="label"),
        text("Predicted", middle, FONT, anchor="middle", kind="label"),
    ]
    if wide < 50:
        same = "classes in the order of the rows"
        return "".join([*parts, text(same, middle, y, anchor="middle", kind="quiet")])
    parts += [
        text(name, left + wide * (place + 0.5), y, anchor="middle", room=wide - 4)
        for place, name in enumerate(names)
    ]
    return "".join(parts)


def _cells(
    rows: Sequence[Sequence[int]],
    shares: Sequence[Sequence[float]],
    names: Sequence[str],
    place: tuple[float, float, float, float],
) -> list[str]:
    """Draw each cell with what its size has room for: count and share, the share, or nothing."""
    left, top, wide, high = place
    counted = width_of(f"{max(map(max, rows)):,}") <= wide - 4 and high >= 2 * FONT + 6
    shared = width_of("100%") <= wide - 2 and high >= FONT + 2
    parts = []
    for actual, row in enumerate(rows):
        for predicted, count in enumerate(row):
            share = shares[actual][predicted]
            x, y = left + wide * predicted, top + high * actual
            told = f"{names[actual]}, predicted {names[predicted]}: {count:,} ({share:.1%})"
            parts.append(
                tag(
                    "rect", hover(told), class_="cell hit" if actual == predicted else "cell",
                    x=x + 0.5, y=y + 0.5, width=wide - 1, height=high - 1,
                    fill_opacity=f"{_STRONGEST * share:.3f}",
                )
            )  # fmt: skip
            middle, center = x + wide / 2, y + high / 2
            if counted:
                parts.append(text(f"{count:,}", middle, center - 3, anchor="middle"))
                parts.append(text(f"{share:.0%}", middle, center + FONT, anchor="middle"))
            elif shared:
                parts.append(text(f"{share:.0%}", middle, center + 0.35 * FONT, anchor="middle"))
    return parts


def _dots(shares: Sequence[Sequence[float]], left: float, top: float, wide: float) -> list[str]:
    """Draw the cells of a large matrix in ten strengths; below a hundredth nothing is seen."""
    strengths: dict[int, list[str]] = defaultdict(list)
    for actual, row in enumerate(shares):
        for predicted, share in enumerate(row):
            if share >= 0.01:
                x, y = left + wide * predicted, top + wide * actual
                strengths[max(1, round(10 * share))].append(
                    f"M{px(x)} {px(y)}h{px(wide)}v{px(wide)}h-{px(wide)}z"
                )
    return [
        tag("path", class_="cell", fill_opacity=f"{strength / 10:.1f}", d="".join(cells))
        for strength, cells in sorted(strengths.items())
    ]
