"""One style for every figure: colour-blind safe, a light grid, titles on the left."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

# Okabe and Ito 2008: told apart with every common colour vision.
BLUE, ORANGE, GREEN, GREY, RED = "#0072B2", "#E69F00", "#009E73", "#7F7F7F", "#D55E00"
PURPLE, SKY = "#CC79A7", "#56B4E9"
PALETTE = (BLUE, ORANGE, GREEN, GREY, RED, PURPLE, SKY)

# What is the same in several figures has the same colour in all.
MODEL, BASELINE, RULE, TRAINING, UNCALIBRATED = BLUE, ORANGE, GREEN, PURPLE, SKY
# Classes, and other things of which none is more than the others.
CLASSES = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY)

FONT = "DejaVu Sans"

STYLE: Mapping[str, Any] = {
    "figure.figsize": (6.4, 4.4),
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.family": FONT,
    "font.size": 10,
    "axes.titlesize": 11,
    "figure.titlesize": 11,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "axes.axisbelow": True,
    "legend.frameon": False,
}

# From matplotlib's own defaults on: PyCaret and a user's matplotlibrc each change them.
_FROM_DEFAULTS = ["default", dict(STYLE)]


@contextmanager
def titled_axes(title: str, **size: Any) -> Iterator[tuple[Figure, Any]]:
    """Yield a figure in the style, and its axes with a title."""
    with plt.style.context(_FROM_DEFAULTS):
        figure, axes = plt.subplots(**size)
        # Over the labels as well: the axes alone are often too narrow for it.
        figure.suptitle(title, x=0.01, ha="left")
        yield figure, axes
        _settle(figure)
        plt.close(figure)


@contextmanager
def panels(*shape: int, **size: Any) -> Iterator[tuple[Figure, Any]]:
    """Yield a figure in the style, and its panels in rows and columns."""
    with plt.style.context(_FROM_DEFAULTS):
        figure, axes = plt.subplots(*shape, **size)
        yield figure, axes
        _settle(figure)
        plt.close(figure)


def _settle(figure: Figure) -> None:
    """Make ticks and layout now: later they would have the style that PyCaret sets for its process."""
    figure.draw_without_rendering()
