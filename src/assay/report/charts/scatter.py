"""Points of two numbers, with a smooth through them and a line to compare with."""

from assay.report.charts.axes import Axis
from assay.report.charts.line import Series
from assay.report.charts.panel import Reference, panel_of, reference_line
from assay.report.charts.paths import path_of
from assay.report.charts.svg import empty_picture, legend, picture, px, tag, text

# More dots make a chart that no page should carry.
MOST_POINTS = 1500


def scatter_chart(
    points: Series,
    x: Axis,
    y: Axis,
    *,
    title: str,
    description: str = "",
    smooth: Series | None = None,
    reference: Reference | None = None,
    identifier: str | None = None,
) -> str:
    """Draw points; of many, evenly spread ones in their order, which the chart says.

    Parameters
    ----------
    points : Series
        Its order and its band do not matter.
    x, y : Axis
    title, description : str
        For screen readers; the page has its own caption.
    smooth : Series, optional
        A curve through the points.
    reference : Reference, optional
        Such as zero on the y axis.
    identifier : str, optional
        Unique in the page.

    Returns
    -------
    str
        An `<svg>`.
    """
    pairs = list(zip(map(float, points.x), map(float, points.y), strict=True))
    pairs = [(a, b) for a, b in pairs if a - a == 0 and b - b == 0 and not (x.log and a <= 0)]
    if not pairs:
        return empty_picture(title, description, identifier)
    curve = (
        [] if smooth is None else list(zip(map(float, smooth.x), map(float, smooth.y), strict=True))
    )
    curve = [(a, b) for a, b in curve if a - a == 0 and b - b == 0]
    shown, count = pairs, len(pairs)
    if count > MOST_POINTS:
        shown = [pairs[k * (count - 1) // (MOST_POINTS - 1)] for k in range(MOST_POINTS)]
    items = [(tag("circle", class_="point", cx=12, cy=0, r=3), points.name)]
    if smooth is not None and curve:
        items.append((tag("g", tag("path", class_="curve", d="M2 0h20"), class_="s2"), smooth.name))
    if reference is not None:
        items.append((tag("path", class_="reference", d="M2 0h20"), reference.name))
    head, top = legend(items, 0)
    # The axes are those of all points, also of those that are not drawn.
    xs, ys = [a for a, _ in pairs + curve], [b for _, b in pairs + curve]
    if reference is not None and reference.kind == "y":
        ys.append(reference.value)
    panel = panel_of(x, xs, y, ys, top)
    dots = dict.fromkeys((px(panel.x.place(a)), px(panel.y.place(b))) for a, b in shown)
    parts = [head, panel.frame]
    parts.append(tag("path", class_="points", d="".join(f"M{a} {b}h0" for a, b in dots)))
    if reference is not None:
        parts.append(reference_line(reference, panel))
    if curve:
        way = path_of([(panel.x.place(a), panel.y.place(b)) for a, b in curve])
        parts.append(tag("g", tag("path", class_="curve", d=way), class_="s2"))
    bottom = panel.bottom
    if len(shown) < count:
        said = f"{len(shown):,} of {count:,} points drawn"
        parts.append(text(said, panel.x.end, bottom + 10, anchor="end", kind="quiet"))
        bottom += 16
    return picture("".join(parts), bottom, title, description, identifier)
