"""The pictures of a search: every model with its difference, every size with its scores."""

import numpy as np
import pandas as pd
import pytest

from assay import artifacts
from assay.plots.search import leaderboard_figure, learning_curve_figure
from assay.search.learning_curve import CURVE_COLUMNS

BOARD = pd.DataFrame(
    {
        "rank": [1, 2, 3, 4],
        "model": ["lightgbm", "logistic", "strange", "dummy"],
        "tuned": [True, False, False, False],
        "selected": [False, True, False, False],
        "metric": "log_loss",
        "behind_best": [0.0, 0.004, 0.02, 0.5],
        "behind_best_ci_low": [0.0, -0.002, 0.01, 0.4],
        "behind_best_ci_high": [0.0, 0.01, 0.03, 0.6],
        "within_noise": [True, True, False, False],
        "complexity": [3100, 120, None, 1],
        "complexity_unit": ["leaves", "coefficients", None, "constants"],
    }
)
FAILED = pd.DataFrame([{"model": "xgboost", "tuned": False, "selected": False}])


def names(figure):
    return [tick.get_text() for tick in figure.axes[0].get_yticklabels()]


def test_the_leaderboard_names_each_model_with_what_it_holds(tmp_path):
    figure = leaderboard_figure(pd.concat([BOARD, FAILED]), 0.95)
    assert names(figure) == ["dummy", "strange", "logistic, taken", "lightgbm (tuned)"]
    held = [text.get_text() for text in figure.axes[1].texts]
    assert held == ["1 constant", "not known", "120 coefficients", "3,100 leaves"]
    # A constant is far behind: its figure is written, and the axis is that of the others.
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.5 →"]
    assert figure.axes[0].get_xlim()[1] < 0.05
    assert "95% interval" in figure._suptitle.get_text()
    for name in ("a", "b"):
        artifacts.write_figure(
            tmp_path / f"{name}.png", leaderboard_figure(pd.concat([BOARD, FAILED]), 0.95)
        )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("places", [[0], [3], [0, 3]])
def test_a_board_of_one_model_or_of_a_constant_is_drawn(places, tmp_path):
    figure = leaderboard_figure(BOARD.iloc[places], 0.9)
    assert len(names(figure)) == len(places)
    artifacts.write_figure(tmp_path / "a.png", figure)


CURVE = pd.DataFrame(
    [[500.0, 0.5, 0.30, 0.01, 0.50, 0.02], [1000.0, 1.0, 0.35, 0.01, 0.46, 0.02]],
    columns=list(CURVE_COLUMNS),
)
TOLD = {
    "applicable": True,
    "metric": "log_loss",
    "greater_is_better": False,
    "exponent": 0.5,
    "next_doubling_gain": {"value": 0.03, "ci_low": 0.01, "ci_high": 0.06},
}


@pytest.mark.parametrize(("greater", "end"), [(False, 0.43), (True, 0.49)])
def test_twice_the_rows_lead_to_the_gain_in_the_metrics_direction(greater, end):
    axes = learning_curve_figure(CURVE, TOLD | {"greater_is_better": greater}).axes[0]
    dotted = next(line for line in axes.lines if line.get_linestyle() == ":")
    x, y = dotted.get_data()
    assert (x[0], x[-1]) == (1000, 2000)
    assert (y[0], y[-1]) == pytest.approx((0.46, end))
    # Most of it comes early.
    assert abs(y[10] - 0.46) > abs(end - 0.46) * 0.5
    assert (np.diff(np.abs(y - 0.46)) > 0).all()


@pytest.mark.parametrize("sizes", [0, 1, 2])
def test_a_curve_of_few_sizes_is_drawn(sizes, tmp_path):
    told = TOLD if sizes == 2 else {k: v for k, v in TOLD.items() if k[:4] not in ("next", "expo")}
    figure = learning_curve_figure(CURVE.tail(sizes), told if sizes else {"applicable": False})
    artifacts.write_figure(tmp_path / "a.png", figure)
    if not sizes:
        assert "train.learning_curve_points is 0" in figure.axes[0].texts[0].get_text()
    else:
        assert len(figure.axes[0].get_xticks()) == (3 if sizes == 2 else 1)
