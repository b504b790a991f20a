import numpy as np
import pytest

from assay.errors import GateError
from assay.thresholds import (
    Costs,
    Rule,
    curve_points,
    decide,
    operating_point,
    report_decision,
    threshold_curve,
)

COSTS = Costs(1.0, 5.0)


def rule(strategy, **values) -> Rule:
    defaults = {"fixed": 0.5, "min_precision": 0.5, "min_recall": 0.5, "costs": COSTS}
    return Rule(strategy, **(defaults | values))


def calibrated(n=20_000, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.beta(1, 3, n)
    return (rng.uniform(size=n) < score).astype(int), score


def test_an_operating_point_counts_what_it_says():
    point = operating_point(
        np.array([1, 1, 0, 0, 1]), np.array([0.9, 0.5, 0.5, 0.1, 0.2]), 0.5, COSTS
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
    curve = threshold_curve(y_true, y_score, COSTS)
    for index, threshold in enumerate(curve.threshold):
        point = operating_point(y_true, y_score, threshold, COSTS)
        assert point.precision == pytest.approx(curve.precision[index])
        assert point.recall == pytest.approx(curve.recall[index])
        assert point.f1 == pytest.approx(curve.f1[index])
        assert point.expected_cost == pytest.approx(curve.expected_cost[index])
    assert curve.flagged_rate[0] == 0
    assert curve.flagged_rate[-1] == 1


@pytest.mark.parametrize("top", [0.99, 1.0])
def test_flagging_nothing_is_a_choice_even_at_a_score_of_one(top):
    y_true, y_score = np.array([0, 0, 1, 0]), np.array([0.2, top, 0.1, 0.3])
    decision = decide(y_true, y_score, rule("min_cost", costs=Costs(100, 1)), "case", (0, 1))
    assert decision.out_of_fold.flagged_rate == 0
    assert (y_score < decision.threshold).all()


def test_no_threshold_lies_on_a_score():
    y_true, y_score = calibrated(500)
    curve = threshold_curve(y_true, y_score, COSTS)
    assert not set(curve.threshold) & set(y_score)


def test_minimal_cost_finds_the_threshold_of_decision_theory():
    """For calibrated scores the best threshold is c_fp / (c_fp + c_fn) (Elkan 2001)."""
    y_true, y_score = calibrated(200_000)
    decision = decide(y_true, y_score, rule("min_cost"), "case", (0, 1))
    assert decision.threshold == pytest.approx(1 / 6, abs=0.02)


def test_max_f1_is_the_best_of_a_grid():
    y_true, y_score = calibrated(3000)
    decision = decide(y_true, y_score, rule("max_f1"), "case", (0, 1))
    grid = [operating_point(y_true, y_score, t, COSTS).f1 for t in np.linspace(0, 1, 501)]
    assert decision.out_of_fold.f1 >= max(grid)


def test_min_precision_takes_the_highest_recall_that_is_allowed():
    y_true, y_score = calibrated(3000)
    decision = decide(y_true, y_score, rule("min_precision", min_precision=0.45), "case", (0, 1))
    assert decision.out_of_fold.precision >= 0.45
    curve = threshold_curve(y_true, y_score, COSTS)
    allowed = (curve.precision >= 0.45) & (curve.flagged_rate > 0)
    assert decision.out_of_fold.recall == pytest.approx(curve.recall[allowed].max())


def test_min_recall_takes_the_highest_precision_that_is_allowed():
    y_true, y_score = calibrated(3000)
    decision = decide(y_true, y_score, rule("min_recall", min_recall=0.8), "case", (0, 1))
    assert decision.out_of_fold.recall >= 0.8
    curve = threshold_curve(y_true, y_score, COSTS)
    assert decision.out_of_fold.precision == pytest.approx(
        curve.precision[curve.recall >= 0.8].max()
    )


def test_an_unreachable_precision_is_a_gate_error_with_the_best_there_is():
    y_true = np.array([0, 1, 0, 1, 0, 0])
    y_score = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    with pytest.raises(GateError, match=r"highest precision on out-of-fold rows is 0\.500"):
        decide(y_true, y_score, rule("min_precision", min_precision=0.9), "case", (0, 1))


def test_a_fixed_threshold_is_taken_as_it_is():
    decision = decide(*calibrated(100), rule("fixed", fixed=0.37), "case", ("no", "yes"))
    assert decision.threshold == 0.37
    assert decision.to_json()["labels"] == ("no", "yes")


def test_the_report_has_the_alternatives():
    y_true, y_score = calibrated(1000)
    decision = decide(y_true, y_score, rule("max_f1"), "case", (0, 1))
    report = report_decision(decision, y_true, y_score, COSTS)
    assert report.holdout == decision.out_of_fold
    assert report.alternatives["flag_all"].flagged_rate == 1
    assert report.alternatives["flag_none"].flagged_rate == 0
    assert report.alternatives["at_one_half"].threshold == 0.5
    labels = report.labelled(("no", "yes"))
    right = (labels["actual"] == "yes") & (labels["predicted"] == "yes")
    assert right.sum() == report.holdout.true_positive_count


def test_thinning_keeps_both_ends():
    curve = threshold_curve(*calibrated(1000), COSTS)
    thin = curve_points(curve, 50)
    assert len(thin.threshold) == 50
    assert (thin.threshold[0], thin.threshold[-1]) == (curve.threshold[0], curve.threshold[-1])
