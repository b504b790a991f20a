"""What is wrong with how a figure looks: measured on what matplotlib has laid out."""

import re
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import same_color, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Text

from assay.plots.style import PALETTE

# Colours of what is no data: the grid, texts, the page.
_PLAIN = ("black", "white", "none")
_MAPS = ("viridis", "Blues")


def titles_of(figure: Figure) -> str:
    above = [figure._suptitle.get_text()] if figure._suptitle else []
    return "\n".join(above + [axes.get_title(loc="left") for axes in figure.axes])


def faults_of(figure: Figure) -> list[str]:
    """Return what a reader would not see, or could not tell apart; best empty."""
    with plt.style.context(["default"]):
        figure.canvas.draw()
    return [*_titles(figure), *_texts(figure), *_colors(figure)]


def _titles(figure: Figure) -> Iterator[str]:
    if not re.search(r"\bn = \d", titles_of(figure)):
        yield f"no n in the title: {titles_of(figure)!r}"
    for axes in figure.axes:
        # A panel may share the label of the one that it stands above or beside.
        shared = [*axes.get_shared_x_axes().get_siblings(axes), *axes.get_shared_y_axes().get_siblings(axes)]
        if axes.axison and not any(each.get_xlabel() for each in [axes, *shared, *figure.axes]):
            yield "no label of the x axis"


def _texts(figure: Figure) -> Iterator[str]:
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    found, hidden = [], _hidden(figure)
    for text in figure.findobj(Text):
        if not text.get_visible() or not text.get_text().strip() or text in hidden:
            continue
        found.append((text, text.get_window_extent(renderer)))
    for text, box in found:
        if box.x0 < page.x0 - 1 or box.x1 > page.x1 + 1 or box.y0 < page.y0 - 1 or box.y1 > page.y1 + 1:
            yield f"cut at the edge: {text.get_text()!r}"
        if text.get_fontsize() < 8:
            yield f"smaller than 8 points: {text.get_text()!r}"
    upright = [(text, box) for text, box in found if text.get_rotation() % 90 == 0]
    for place, (one, box) in enumerate(upright):
        for other, further in upright[place + 1 :]:
            wide = min(box.x1, further.x1) - max(box.x0, further.x0)
            high = min(box.y1, further.y1) - max(box.y0, further.y0)
            if wide > 1 and high > 2.5:
                yield f"over each other: {one.get_text()!r} and {other.get_text()!r}"


def _hidden(figure: Figure) -> set[Text]:
    """Return the texts that are there but not drawn: those of ticks outside of their axis."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            every = {*axis.majorTicks, *axis.minorTicks}
            drawn = set(axis._update_ticks()) if axis.get_visible() and axes.axison else set()
            hidden |= {each for tick in every - drawn for each in (tick.label1, tick.label2)}
    return hidden


def _colors(figure: Figure) -> Iterator[str]:
    allowed = {to_hex(color) for color in (*PALETTE, "black", "white")}
    for axes in figure.axes:
        for drawn in axes.get_children():
            if isinstance(drawn, ScalarMappable) and drawn.get_array() is not None:
                if drawn.get_cmap().name not in _MAPS:
                    yield f"a colour map of its own: {drawn.get_cmap().name}"
                continue
            if isinstance(drawn, Spine) or drawn is axes.patch:
                continue
            for color in _colors_of(drawn):
                if not same_color(color, "none") and to_hex(color) not in allowed:
                    yield f"a colour that is not of the palette: {to_hex(color)} of {drawn}"


def _colors_of(drawn) -> list:
    if isinstance(drawn, Line2D):
        return [drawn.get_color()] if drawn.get_linestyle() != "None" or drawn.get_marker() else []
    if isinstance(drawn, Patch):
        return [drawn.get_facecolor()]
    if hasattr(drawn, "get_facecolors"):
        return [tuple(color) for color in np.vstack([drawn.get_facecolors().reshape(-1, 4), drawn.get_edgecolors().reshape(-1, 4)])]
    return []
