import numpy as np
import pytest

from assay.costs import RowCosts
from assay.errors import GateError
from assay.operating_point import operating_point
from assay.thresholds import (
    Ranking,
    Rule,
    best_points,
    curve_points,
    decide,
    threshold_curve,
)


def costs_of(n, fp=1.0, fn=5.0, tp=0.0, tn=0.0) -> RowCosts:
    return RowCosts(*(np.broadcast_to(float(cost), n) for cost in (fp, fn, tp, tn)))


def rule(strategy, **values) -> Rule:
    defaults = {"fixed": 0.5, "min_precision": 0.5, "min_recall": 0.5}
    return Rule(strategy, **(defaults | values))


def chosen(y_true, y_score, found, costs=None, labels=(0, 1)):
    costs = costs or costs_of(len(y_true))
    return decide(y_true, y_score, found, "case", labels, costs)


def calibrated(n=20_000, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.beta(1, 3, n)
    return (rng.uniform(size=n) < score).astype(int), score


def test_an_operating_point_counts_what_it_says():
    point = operating_point(
        np.array([1, 1, 0, 0, 1]), np.array([0.9, 0.5, 0.5, 0.1, 0.2]), 0.5, costs_of(5)
    )
    assert (point.true_positive_count, point.false_positive_count) == (2, 1)
    assert (point.false_negative_count, point.true_negative_count) == (1, 1)
    assert point.precision == pytest.approx(2 / 3)
    assert point.recall == pytest.approx(2 / 3)
    assert point.f1 == pytest.approx(2 / 3)
    assert point.flagged_rate == pytest.approx(3 / 5)
    assert point.expected_cost == pytest.approx((1 * 1 + 1 * 5) / 5)


def test_every_point_of_the_curve_is_what_its_threshold_does():
    y_true, y_score = calibrated(300)
    y_score = np.round(y_score, 2)
    costs = costs_of(300)
    curve = threshold_curve(y_true, y_score, costs)
    for index, threshold in enumerate(curve.threshold):
        point = operating_point(y_true, y_score, threshold, costs)
        assert point.precision == pytest.approx(curve.precision[index])
        assert point.recall == pytest.approx(curve.recall[index])
        assert point.f1 == pytest.approx(curve.f1[index])
        assert point.expected_cost == pytest.approx(curve.expected_cost[index])
    assert curve.flagged_rate[0] == 0
    assert curve.flagged_rate[-1] == 1


@pytest.mark.parametrize("top", [0.99, 1.0])
def test_flagging_nothing_is_a_choice_even_at_a_score_of_one(top):
    y_true, y_score = np.array([0, 0, 1, 0]), np.array([0.2, top, 0.1, 0.3])
    decision = chosen(y_true, y_score, rule("min_cost"), costs_of(4, 100, 1))
    assert decision.out_of_fold.flagged_rate == 0
    assert (y_score < decision.threshold).all()


def test_no_threshold_lies_on_a_score():
    y_true, y_score = calibrated(500)
    curve = threshold_curve(y_true, y_score, None)
    assert not set(curve.threshold) & set(y_score)


def test_minimal_cost_finds_the_threshold_of_decision_theory():
    """For calibrated scores the best threshold is c_fp / (c_fp + c_fn) (Elkan 2001)."""
    y_true, y_score = calibrated(200_000)
    decision = chosen(y_true, y_score, rule("min_cost"))
    assert decision.threshold == pytest.approx(1 / 6, abs=0.02)


def test_max_f1_is_the_best_of_a_grid():
    y_true, y_score = calibrated(3000)
    decision = chosen(y_true, y_score, rule("max_f1"))
    grid = [operating_point(y_true, y_score, t, None).f1 for t in np.linspace(0, 1, 501)]
    assert decision.out_of_fold.f1 >= max(grid)


def test_min_precision_takes_the_highest_recall_that_is_allowed():
    y_true, y_score = calibrated(3000)
    decision = chosen(y_true, y_score, rule("min_precision", min_precision=0.45))
    assert decision.out_of_fold.precision >= 0.45
    curve = threshold_curve(y_true, y_score, None)
    allowed = (curve.precision >= 0.45) & (curve.flagged_rate > 0)
    assert decision.out_of_fold.recall == pytest.approx(curve.recall[allowed].max())


def test_min_recall_takes_the_highest_precision_that_is_allowed():
    y_true, y_score = calibrated(3000)
    decision = chosen(y_true, y_score, rule("min_recall", min_recall=0.8))
    assert decision.out_of_fold.recall >= 0.8
    curve = threshold_curve(y_true, y_score, None)
    assert decision.out_of_fold.precision == pytest.approx(
        curve.precision[curve.recall >= 0.8].max()
    )


def test_an_unreachable_precision_is_a_gate_error_with_the_best_there_is():
    y_true = np.array([0, 1, 0, 1, 0, 0])
    y_score = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    with pytest.raises(GateError, match=r"highest precision on out-of-fold rows is 0\.500"):
        chosen(y_true, y_score, rule("min_precision", min_precision=0.9))


def test_a_fixed_threshold_is_taken_as_it_is():
    decision = chosen(*calibrated(100), rule("fixed", fixed=0.37), labels=("no", "yes"))
    assert decision.threshold == 0.37
    assert decision.to_json()["labels"] == ("no", "yes")


def test_thinning_keeps_both_ends():
    curve = threshold_curve(*calibrated(1000), costs_of(1000))
    thin = curve_points(curve, 50)
    assert thin.shape == (50, 6)
    assert thin["threshold"].iloc[[0, -1]].tolist() == curve.threshold[[0, -1]].tolist()
    assert "expected_cost" not in curve_points(threshold_curve(*calibrated(99), None), 9)


@pytest.mark.parametrize(
    ("fp", "fn", "tp", "tn"), [(1, 5, 0, 0), (2, 3, -4, 0), (6, 8, 1, -2), (3, 3, 0, 1)]
)
def test_minimal_cost_finds_elkans_threshold_for_every_matrix_of_costs(fp, fn, tp, tn):
    """It is (fp - tn) / ((fp - tn) + (fn - tp)) (Elkan 2001, equation 2)."""
    y_true, y_score = calibrated(200_000, seed=3)
    found = chosen(y_true, y_score, rule("min_cost"), costs_of(len(y_true), fp, fn, tp, tn))
    assert found.threshold == pytest.approx((fp - tn) / (fp - tn + fn - tp), abs=0.03)


def test_a_column_of_costs_weighs_rows_as_repeated_rows_would():
    y_true, y_score = calibrated(400, seed=4)
    repeats = np.random.default_rng(0).integers(1, 5, 400)
    weighed = RowCosts(repeats * 1.0, repeats * 3.0, repeats * 0.0, repeats * -1.0)
    again = np.repeat(np.arange(400), repeats)
    plain = costs_of(len(again), 1, 3, 0, -1)
    one = chosen(y_true, y_score, rule("min_cost"), weighed)
    other = chosen(y_true[again], y_score[again], rule("min_cost"), plain)
    assert one.threshold == other.threshold
    assert one.out_of_fold.expected_cost * 400 == pytest.approx(
        other.out_of_fold.expected_cost * len(again)
    )


@pytest.mark.parametrize("strategy", ["max_f1", "min_precision", "min_recall", "min_cost"])
def test_weights_choose_as_repeated_rows_would(strategy):
    y_true, y_score = calibrated(300, seed=5)
    weights = np.random.default_rng(1).multinomial(300, np.full(300, 1 / 300), size=4).astype(float)
    curve = threshold_curve(y_true, y_score, costs_of(300), weights, Ranking(y_score))
    index = best_points(curve, rule(strategy, min_precision=0.4))
    for number, row in enumerate(weights.astype(int)):
        again = np.repeat(np.arange(300), row)
        found = chosen(y_true[again], y_score[again], rule(strategy, min_precision=0.4))
        flagged = (y_score[again] >= curve.threshold[index[number]]).mean()
        assert flagged == pytest.approx(found.out_of_fold.flagged_rate)


def test_without_known_costs_no_cost_is_told_and_none_can_be_minimal():
    y_true, y_score = calibrated(100)
    found = decide(y_true, y_score, rule("max_f1"), "case", (0, 1), None)
    assert "expected_cost" not in found.to_json()["out_of_fold"]
    with pytest.raises(GateError, match="needs to know what errors cost"):
        decide(y_true, y_score, rule("min_cost"), "case", (0, 1), None)


def test_a_precision_tells_on_how_many_rows_it_rests():
    y_true, y_score = np.array([0, 0, 0, 1, 0, 1]), np.arange(1, 7) / 10
    told = chosen(y_true, y_score, rule("min_precision", min_precision=0.9)).rationale
    assert "rests on 1 flagged row " in told
