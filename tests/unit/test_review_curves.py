"""How the figures of a review draw curves that are the same on both sides."""

import pandas as pd
import pytest

from assay.plots.review import change_figures

RISING = pd.DataFrame({"acted_rate": [0.0, 0.5, 1.0], "model_saved": [0.0, 10.0, 0.0]})
NAMES = ("roc", "calibration", "residuals", "threshold", "rejection", "coverage", "importance")


def side(acted):
    return {"threshold": {"value": {"unit": "EUR", "options": {"model": {"acted_rate": acted}}}}}


@pytest.mark.parametrize(
    ("new", "curves"), [(RISING, ["both"]), (RISING.assign(model_saved=1.0), ["main", "now"])]
)
def test_curves_that_are_the_same_are_drawn_once_and_both_points_marked(new, curves):
    none = (pd.DataFrame(), pd.DataFrame())
    tables = {**dict.fromkeys(NAMES, none), "value": (RISING, new)}
    metrics = (side(0.25), side(0.75))
    _, figure = change_figures(tables, {"decision"}, metrics, "main", "roc_auc")["decision"]
    (axes,) = figure.axes
    _, words = axes.get_legend_handles_labels()
    assert words == [*curves, "main: acts on 25.0%", "now: acts on 75.0%"]
    points = {line.get_label(): (line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines}
    assert points["main: acts on 25.0%"] == (0.25, 5.0)
    assert points["now: acts on 75.0%"] == (0.75, 5.0 if len(curves) == 1 else 1.0)
