"""What decisions are worth, against planted truths."""

import numpy as np
import pytest

from assay.costs import NumberCosts, RowCosts
from assay.decisions import options
from assay.decisions.gain import gain_table, value_curve
from assay.decisions.options import Option, Valued, value_options
from assay.decisions.points import (
    FLAGGED_RATES,
    estimated_point,
    point_estimates,
    thresholds_table,
)
from assay.decisions.rows import Resampling, Rows
from assay.decisions.sensitivity import FACTORS, cost_sensitivity
from assay.decisions.stability import threshold_stability
from assay.decisions.verdict import Other, value_warnings, verdict
from assay.operating_point import operating_point
from assay.thresholds import Rule, choose_threshold
from assay.uncertainty import bootstrap as resampling
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.estimate import Estimate

SIMPLE = {
    "all": Other("acting on all", "act on all"),
    "none": Other("acting on none", "do not act on it"),
}
MIN_COST = Rule("min_cost", 0.5, 0.5, 0.5)


def costs_of(n, fp=1.0, fn=5.0, tp=0.0, tn=0.0) -> RowCosts:
    return RowCosts(*(np.full(n, float(cost)) for cost in (fp, fn, tp, tn)))


def calibrated(n, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.beta(1, 3, n)
    return (rng.uniform(size=n) < score).astype(int), score


def acted(name, y_true, costs, flags) -> Option:
    return Option(name, costs.of_decisions(y_true, flags), float(flags.mean()))


def ways(y_true, score, costs, threshold):
    n = len(y_true)
    return [
        acted(options.MODEL, y_true, costs, score >= threshold),
        acted(options.ALL, y_true, costs, np.ones(n, dtype=bool)),
        acted(options.NONE, y_true, costs, np.zeros(n, dtype=bool)),
    ]


def test_the_value_of_acting_on_all_and_on_none_is_exact():
    y_true, score = calibrated(1000)
    costs = costs_of(1000, 2, 7, -1, 0.5)
    model, everything, nothing = value_options(
        ways(y_true, score, costs, 0.3), Bootstrap(200, 0.9, 0)
    )
    positives = int(y_true.sum())
    assert everything.value.value == pytest.approx(-(2 * (1000 - positives) - positives))
    assert nothing.value.value == pytest.approx(-(7 * positives + 0.5 * (1000 - positives)))
    point = operating_point(y_true, score, 0.3, costs)
    assert model.value.value == pytest.approx(-1000 * point.expected_cost)
    assert nothing.gain.value == pytest.approx(model.value.value - nothing.value.value)
    assert model.saved == nothing.gain
    assert model.gain.value == 0
    assert not model.gain.method


def test_intervals_of_value_and_gain_cover_the_truth():
    """In 150 samples of a known population, 90% intervals of groups that repeat each row."""
    threshold, n = 0.25, 250
    population = calibrated(400_000, seed=9)
    truth = value_options(ways(*population, costs_of(400_000), threshold), Bootstrap(1, 0.9, 0))
    held = np.zeros(2)
    for seed in range(150):
        y_true, score = (np.repeat(part, 2) for part in calibrated(n, seed))
        groups = np.repeat(np.arange(n), 2)
        found = value_options(
            ways(y_true, score, costs_of(2 * n), threshold), Bootstrap(150, 0.9, seed, groups)
        )
        for index, (ours, true) in enumerate(
            ((found[0].value, truth[0].value), (found[2].gain, truth[2].gain))
        ):
            held[index] += ours.ci_low <= true.value <= ours.ci_high
    assert (held / 150 > 0.82).all()
    assert (held / 150 < 0.97).all()


def test_a_model_of_noise_is_not_worth_more_than_the_better_of_all_and_none():
    rng = np.random.default_rng(3)
    y_true, score = rng.integers(0, 2, 4000), rng.uniform(size=4000)
    costs = costs_of(2000, 1, 1.2)
    threshold, _ = choose_threshold(y_true[:2000], score[:2000], MIN_COST, "case", costs)
    found = value_options(
        ways(y_true[2000:], score[2000:], costs, threshold), Bootstrap(300, 0.95, 0)
    )
    assert min(each.gain.ci_low for each in found[1:]) <= 0
    told = value_warnings(found, SIMPLE, "euros")
    assert told
    for sentence in told.values():
        assert "is not shown to be worth more than acting on" in sentence
        assert "euros" in sentence


def test_costs_that_make_the_model_useless_are_told_plainly():
    y_true, score = calibrated(2000)
    found = value_options(ways(y_true, score, costs_of(2000, 1, 500), 0.5), Bootstrap(200, 0.95, 0))
    told = value_warnings(found, SIMPLE, "euros")
    assert list(told) == ["no_gain_over_all"]
    assert "is worth less than acting on all: its gain per 1,000 " in told["no_gain_over_all"]
    assert verdict(found, SIMPLE, "both") == {
        "verdict": "worth less than acting on all", "worth_it": False,
    }  # fmt: skip


def valued(name, value, low, high, cost=0.0) -> Valued:
    gain = Estimate(value, low, high, "made up", 9)
    return Valued(Option(name, np.array([cost])), gain, gain, gain)


@pytest.mark.parametrize(
    ("rule", "everything", "words"),
    [
        ((5, 1, 9), (7, 2, 9), "worth more than both"),
        ((-5, -9, -1), (7, 2, 9), "worth less than the rule"),
        ((5, -1, 9), (7, 2, 9), "not shown to be worth more than the rule"),
        ((5, 0, 9), (-7, -9, -2), "worth less than all; not shown to be worth more than the rule"),
        ((-5, -9, -1), (-7, -9, -2), "worth less than the rule and all"),
    ],
)
def test_the_verdict_is_that_of_every_other_way_to_act(rule, everything, words):
    others = {"rule": Other("the rule", "keep it"), "all": Other("all", "act on all")}
    # What is no other way to act has no say.
    ways = [valued("model", 0, 0, 0, 1.0), valued("rule", *rule), valued("all", *everything)]
    found = verdict([*ways, valued("unnamed", -9, -9, -9)], others, "both")
    assert found == {"verdict": words, "worth_it": words == "worth more than both"}
    warned = value_warnings(ways, others, "euros")
    wanted = [name for name, gain in (("rule", rule), ("all", everything)) if gain[1] <= 0]
    assert list(warned) == [f"no_gain_over_{name}" for name in wanted]
    assert not verdict(ways[:1], others, "both")


def test_values_do_not_depend_on_how_many_resamples_are_worked_on_at_once(monkeypatch):
    y_true, score = calibrated(700)
    rng = np.random.default_rng(5)
    costs = RowCosts(*rng.uniform(size=(4, 700)))

    def found():
        plan = Bootstrap(150, 0.95, 0)
        return (
            value_options(ways(y_true, score, costs, 0.3), plan)[0].value,
            point_estimates(y_true, score >= 0.3, costs, plan),
        )

    whole = found()
    for cells in (700, 5_000, 10**7):
        monkeypatch.setattr(resampling, "_CHUNK_CELLS", cells)
        assert found() == whole


def test_what_costs_nothing_is_worth_nothing_and_not_minus_nothing():
    y_true, score = calibrated(100)
    for each in value_options(
        ways(y_true, score, costs_of(100, 0, 0), 0.3), Bootstrap(100, 0.9, 0)
    ):
        for estimate in (each.value, each.gain, each.saved):
            assert not np.signbit([estimate.value, estimate.ci_low, estimate.ci_high]).any()
    exact = NumberCosts(np.ones(3), np.ones(3)).of_predictions(np.zeros(3), np.zeros(3))
    assert not np.signbit(exact).any()


def test_what_a_threshold_does_has_intervals_around_its_counts():
    y_true, score = calibrated(1500)
    flagged, costs = score >= 0.3, costs_of(1500)
    found = point_estimates(y_true, flagged, costs, Bootstrap(300, 0.95, 0))
    point = operating_point(y_true, score, 0.3, costs)
    for name, estimate in found.items():
        assert estimate.value == pytest.approx(getattr(point, name))
        assert estimate.ci_low < estimate.value < estimate.ci_high
    error = (estimate := found["precision"]).ci_high - estimate.ci_low
    by_hand = 2 * 1.96 * np.sqrt(point.precision * (1 - point.precision) / flagged.sum())
    assert error == pytest.approx(by_hand, rel=0.2)
    # Rows that come twice in one group are no further rows.
    groups = np.tile(np.arange(1500), 2)
    twice = point_estimates(
        np.tile(y_true, 2), np.tile(flagged, 2), None, Bootstrap(300, 0.95, 0, groups)
    )
    for name in found.keys() & twice.keys():
        assert twice[name].ci_low == pytest.approx(found[name].ci_low, abs=0.01), name
        assert twice[name].ci_high == pytest.approx(found[name].ci_high, abs=0.01), name


def test_a_few_alerts_that_are_all_right_are_not_certain():
    y_true, score = (
        np.r_[np.ones(6, dtype=int), np.zeros(94, dtype=int)],
        np.r_[np.full(5, 0.9), np.linspace(0, 0.5, 95)],
    )
    for groups in (None, np.arange(100) // 2):
        found = point_estimates(y_true, score >= 0.8, None, Bootstrap(100, 0.95, 0, groups))
        assert found["precision"].value == 1
        assert found["precision"].ci_low < 0.6


def test_where_nothing_is_flagged_there_is_no_precision_and_no_gain():
    y_true, score = calibrated(300)
    costs, bootstrap = costs_of(300), Bootstrap(100, 0.95, 0, kind="bca")
    found = point_estimates(y_true, score >= 2, costs, bootstrap)
    point = operating_point(y_true, score, 2.0, costs)
    told = estimated_point(point, found)
    assert told["precision"] == {"value": 0.0}
    assert 0 < told["recall"]["ci_high"] < 0.1
    assert told["expected_cost"]["ci_low"] < told["expected_cost"]["ci_high"]
    valued = value_options(ways(y_true, score, costs, 2.0), bootstrap)
    warnings = value_warnings(valued, SIMPLE, "euros")
    assert "worth the same as acting on none on every row" in warnings["no_gain_over_none"]


def test_ten_thresholds_flag_ten_shares_out_of_fold_and_the_chosen_one_is_marked():
    parts = []
    for seed in (0, 1):
        y_true, score = calibrated(2000, seed)
        parts.append(Rows(y_true, score, costs=costs_of(2000)))
    table = thresholds_table(0.1234, *parts)
    assert len(table) == 11
    assert table.loc[table["chosen"], "threshold"].tolist() == [0.1234]
    others = table[~table["chosen"]]
    assert others["out_of_fold_flagged_rate"].tolist() == pytest.approx(list(FLAGGED_RATES))
    row = table[table["chosen"]].iloc[0]
    for name, part in zip(("out_of_fold", "holdout"), parts, strict=True):
        point = operating_point(part.y_true, part.predicted, 0.1234, part.costs)
        assert row[f"{name}_precision"] == point.precision
        assert row[f"{name}_expected_cost"] == point.expected_cost


def test_thresholds_move_with_the_ratio_of_costs_as_decision_theory_says():
    y_true, score = calibrated(100_000, seed=4)
    costs = costs_of(100_000, 1, 2)
    chosen, _ = choose_threshold(y_true, score, MIN_COST, "case", costs)
    table = cost_sensitivity(y_true, score, costs, chosen)
    assert table["factor"].tolist() == list(FACTORS.values())
    assert table["miss_per_false_alarm"].tolist() == [0.5, 1, 2, 4, 8]
    wanted = 1 / (1 + 2 * np.array(list(FACTORS.values())))
    assert np.allclose(table["threshold"], wanted, atol=0.06)
    assert table["threshold"].is_monotonic_decreasing
    at_one = table[table["factor"] == 1].iloc[0]
    assert at_one["threshold"] == chosen
    assert at_one["loss_per_1000"] == 0
    assert (table.loc[table["factor"] != 1, "loss_per_1000"] > 0).all()
    lost = table["cost_per_1000_kept"] - table["cost_per_1000"]
    assert np.allclose(table["loss_per_1000"], lost)


SOUGHT = {
    "max_f1": "f1", "min_precision": "recall", "min_recall": "precision",
    "min_cost": "expected_cost",
}  # fmt: skip


def test_a_miss_costs_what_positives_say_and_a_false_alarm_what_negatives_say():
    y_true, score = calibrated(2000)
    plain = cost_sensitivity(y_true, score, costs_of(2000, 2, 10), 0.2)
    # A loss that is known only where there was one, and an effort only where there was none.
    costs = RowCosts(2.0 * (y_true == 0), 10.0 * (y_true == 1), np.zeros(2000), np.zeros(2000))
    found = cost_sensitivity(y_true, score, costs, 0.2)
    assert found["miss_per_false_alarm"].tolist() == [1.25, 2.5, 5, 10, 20]
    assert found.equals(plain)


@pytest.mark.parametrize("strategy", SOUGHT)
def test_a_threshold_is_steadier_the_more_rows_it_was_chosen_on(strategy):
    rule = Rule(strategy, 0.5, 0.4, 0.6)
    width, regret = [], []
    for n in (150, 6000):
        y_true, score = calibrated(n, seed=6)
        found = threshold_stability(y_true, score, costs_of(n), rule, Bootstrap(100, 0.9, 0))
        chosen, _ = choose_threshold(y_true, score, rule, "case", costs_of(n))
        assert found.threshold[0] <= chosen <= found.threshold[1]
        width.append(found.threshold[1] - found.threshold[0])
        regret.append(found.mean_regret)
    assert width[1] < width[0] / 2
    if strategy == "min_cost":
        assert regret[0] > regret[1] >= 0
    else:
        # A threshold that keeps no constraint may well cost less.
        assert regret == [None, None]
        assert found.sought[1] < found.sought[0] < found.sought[2] or strategy == "max_f1"
        assert (found.kept_rate is None) is (strategy == "max_f1")
    told = found.to_json(0.5, 0.5)
    assert told["sought"] == SOUGHT[strategy]
    point = operating_point(y_true, score, chosen, costs_of(6000))
    assert told[told["sought"]]["value"] == pytest.approx(getattr(point, told["sought"]))
    assert ("mean_regret" in told) is (strategy == "min_cost")


def test_what_is_given_or_out_of_reach_has_no_stability():
    y_true, score = calibrated(200)
    fixed, strict = Rule("fixed", 0.5, 0, 0), Rule("min_precision", 0.5, 1.0, 0.5)
    bootstrap = Bootstrap(100, 0.9, 0)
    assert threshold_stability(y_true, score, None, fixed, bootstrap) is None
    always_wrong = np.where(y_true == 1, 0.2, 0.8)
    assert threshold_stability(y_true, always_wrong, None, strict, bootstrap) is None


def test_groups_make_a_threshold_less_steady_than_rows_do():
    y_true, score = calibrated(200, seed=7)
    y_true, score = np.repeat(y_true, 20), np.repeat(score, 20)
    groups = np.repeat(np.arange(200), 20)
    found = [
        threshold_stability(y_true, score, costs_of(4000), MIN_COST, Bootstrap(100, 0.9, 0, each))
        for each in (None, groups)
    ]
    rows, whole = (each.threshold[1] - each.threshold[0] for each in found)
    assert whole > 1.5 * rows


def test_gain_of_a_perfect_score_and_of_none():
    y_true = np.r_[np.ones(200, dtype=int), np.zeros(800, dtype=int)]
    table = gain_table(y_true, y_true.astype(float), np.full(1000, 0.3)).set_index("acted_rate")
    assert table["model_caught"].iloc[[9, 19, 99]].tolist() == pytest.approx([0.5, 1, 1])
    assert table["model_lift"].iloc[[9, 19, 99]].tolist() == pytest.approx([5, 5, 1])
    # Rows of one score are caught as they come.
    assert np.allclose(table["baseline_caught"], table.index)
    assert np.allclose(table["baseline_lift"], 1)


def test_the_curve_of_value_runs_from_none_to_all_through_the_chosen_point():
    y_true, score = calibrated(1000, seed=8)
    costs = costs_of(1000)
    table = value_curve(y_true, score, score[::-1].copy(), costs, Bootstrap(200, 0.9, 0))
    model, everything, nothing = value_options(
        ways(y_true, score, costs, 0.25), Bootstrap(200, 0.9, 0)
    )
    assert table["model_saved"].iloc[0] == table["baseline_saved"].iloc[0] == 0
    saved = everything.value.value - nothing.value.value
    assert table["model_saved"].iloc[-1] == pytest.approx(saved)
    assert table["baseline_saved"].iloc[-1] == pytest.approx(saved)
    at = np.interp(model.option.acted_rate, table["acted_rate"], table["model_saved"])
    assert at == pytest.approx(nothing.gain.value, abs=15)
    assert (table["ci_low"] <= table["model_saved"]).all()
    assert (table["model_saved"] <= table["ci_high"]).all()


def test_intervals_are_those_of_groups_where_rows_have_some():
    groups = np.repeat(np.arange(50), 4)
    rows = Rows(*calibrated(200), clusters=groups)
    assert Resampling(100, 0.9, 1).of(rows).method.endswith("of groups")
