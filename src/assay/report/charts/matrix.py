"""A confusion matrix: counts, and the share of each actual class."""

from collections.abc import Sequence

from assay.report.charts.svg import WIDTH, empty_picture, hover, picture, tag, text
from assay.report.charts.texts import FONT, line_of, width_of

_NAMES = 110.0
_TALLEST = 64.0
# Cells that are narrower have no room for their numbers, and those that are lower none for a name.
_NUMBERED = 40.0
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
    left = min(_NAMES, max(map(width_of, names))) + 8
    wide = (WIDTH - left) / k
    high = min(wide, _TALLEST)
    top = 2 * FONT + 20
    parts = [
        text("Actual", left - 8, top - 10, anchor="end", kind="label"),
        text("Predicted", left + wide * k / 2, FONT, anchor="middle", kind="label"),
    ]
    # Names that do not fit over their columns are those of the rows, in the same order.
    if wide >= _NUMBERED:
        parts += [
            text(name, left + wide * (place + 0.5), top - 10, anchor="middle", room=wide - 4)
            for place, name in enumerate(names)
        ]
    else:
        same = "in the order of the rows, from the left"
        parts.append(text(same, left + wide * k / 2, top - 10, anchor="middle", kind="quiet"))
    for actual, row in enumerate(rows):
        y, total = top + high * actual, max(sum(row), 1)
        if high >= _NAMED:
            parts.append(
                text(
                    names[actual], left - 8, y + high / 2 + 0.35 * FONT, anchor="end", room=left - 8
                )
            )
        for predicted, count in enumerate(row):
            share = count / total
            x = left + wide * predicted
            told = f"{names[actual]}, predicted {names[predicted]}: {count:,} ({share:.1%})"
            # A large matrix is mostly empty; its empty cells need no bytes.
            if not count and wide < _NUMBERED:
                continue
            parts.append(
                tag(
                    "rect", hover(told), class_="cell" if actual != predicted else "cell hit",
                    x=x + 0.5, y=y + 0.5, width=wide - 1 if wide > 3 else wide,
                    height=high - 1 if wide > 3 else high, fill_opacity=f"{_STRONGEST * share:.3f}",
                )
            )  # fmt: skip
            if wide >= _NUMBERED:
                middle = y + high / 2
                two = high >= 2 * FONT + 6
                parts.append(_number(f"{count:,}", x, wide, middle + (-3 if two else 0.35 * FONT)))
                if two:
                    parts.append(_number(f"{share:.0%}", x, wide, middle + FONT))
    frame = tag("rect", class_="frame", x=left, y=top, width=wide * k - 0.5, height=high * k)
    return picture("".join([*parts, frame]), top + high * k + 6, title, description, identifier)


def _number(said: str, x: float, wide: float, y: float) -> str:
    return text(said, x + wide / 2, y, anchor="middle", room=wide - 4)
