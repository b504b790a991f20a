"""Where the three signals of a feature stand among all features, and whether they agree."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assay.interpretation.verdicts import OPEN
from assay.plots.labels import further_width, labels
from assay.plots.style import BLUE, GREEN, GREY, ORANGE, RED, titled_axes

_TOP = 25
_SIGNALS = (
    ("importance_rank", "importance on the holdout", BLUE, "o"),
    ("shap_rank", "SHAP values", ORANGE, "s"),
    ("alone_rank", "alone, in training rows", GREEN, "^"),
)


def agreement_figure(agreement: pd.DataFrame, rows: int) -> Figure:
    """The three ranks of each feature on a line, and the verdict beside it."""
    shown = agreement.head(_TOP).iloc[::-1]
    names, places = labels(shown["feature"]), np.arange(len(shown))
    of = f"; top {len(shown)} of {len(agreement)}" if len(shown) < len(agreement) else ""
    title = f"Do the signals agree? Rank by each, holdout (n = {rows:,}{of})"
    size = (8.6 + further_width(names), 0.34 * len(shown) + 2.0)
    with titled_axes(title, figsize=size) as (figure, axes):
        ranks = shown[[name for name, *_ in _SIGNALS]].to_numpy(dtype=float)
        axes.hlines(places, ranks.min(axis=1), ranks.max(axis=1), color=GREY, linewidth=1)
        for column, (_, text, color, marker) in enumerate(_SIGNALS):
            # Apart, so that equal ranks are seen.
            axes.scatter(
                ranks[:, column], places + 0.2 * (1 - column), s=34, color=color, marker=marker,
                label=text, zorder=3,
            )  # fmt: skip
        for place, verdict in zip(places, shown["verdict"], strict=True):
            axes.annotate(
                verdict, (1.01, place), xycoords=("axes fraction", "data"), va="center",
                fontsize=9, color=RED if verdict in OPEN else "black",
            )  # fmt: skip
        axes.set_yticks(places, names)
        axes.set_ylim(-0.7, len(shown) - 0.3)
        axes.set_xlim(0.3, len(agreement) + 0.7)
        axes.set_xlabel("Rank among all features (1 is the strongest)")
        figure.legend(loc="outside lower center", ncols=3)
        axes.grid(axis="y", visible=False)
    return figure
