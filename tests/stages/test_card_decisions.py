"""What the verdict says of a gate that refuses, of constraints on decisions, and of each task's own."""

import pytest
from cards import card_facts
from clean_runs import LESS, UNCLEAR, asked_for, changed, cleaned, told

from assay.report.verdict import verdict_of


@pytest.fixture
def clean(finished):
    """A run of two classes against which nothing speaks."""
    return cleaned(card_facts(finished))


def refused(facts, gain, chosen="lightgbm", **asked):
    """Return the facts of a gate that is not passed, with this gain over the best baseline."""
    holdout = facts.metrics["holdout"]
    metric, best = holdout["gate"]["metric"], holdout["baseline"]["name"]
    gate = holdout["gate"] | {"passed": False, "on": "ci_low"} | asked
    facts = changed(facts, "holdout", "gate", gate)
    facts = changed(facts, "holdout", "gain_over", best, metric, gain)
    facts = changed(facts, "holdout", "gain_over_baseline", metric, gain)
    return changed(facts, "train", "chosen_model", chosen)


def test_a_refusal_says_what_is_not_shown_and_tells_the_best_baseline_once(clean):
    best = clean.metrics["holdout"]["baseline"]["name"]
    for gain, short in (
        (
            {"value": -0.2, "ci_low": -0.3, "ci_high": -0.1},
            f"it is worse than the best baseline ({best}), by 0.200 [0.100, 0.300] in ROC AUC.",
        ),
        (
            {"value": -0.0002, "ci_low": -0.0024, "ci_high": 0.0028},
            f"it is not shown to beat the best baseline ({best}): gain -0.0002 [-0.0024, 0.0028] in ROC AUC.",
        ),
    ):
        verdict = verdict_of(refused(clean, gain))
        assert verdict.sentence == f"Do not ship on these figures: {short}"
        assert len(verdict.doubts) == 1
        assert "Ship that one" in verdict.doubts[0]
        own = told(verdict_of(refused(clean, gain, chosen=best)))
        assert f"itself of the baseline's kind ({best})" in own
        assert "train.preset" in own
        assert "Ship that one" not in own
    metric = clean.metrics["holdout"]["gate"]["metric"]
    constant = changed(refused(clean, UNCLEAR), "holdout", "gain_over", "prior", metric, UNCLEAR)
    assert "tell nothing that holds" in verdict_of(constant).doubts[0]


@pytest.mark.parametrize(
    ("asked", "short"),
    [
        ({"min_gain_over_baseline": 0.08}, "not shown to do so by more than the 0.08 that is asked for: gain 0.100"),
        ({"min_value": 0.99}, "is not shown to reach the value that is asked for (0.990"),
    ],
)  # fmt: skip
def test_a_baseline_that_is_beaten_is_never_advised(clean, asked, short):
    gain = {"value": 0.1, "ci_low": 0.05, "ci_high": 0.15}
    verdict = verdict_of(refused(clean, gain, **asked))
    assert verdict.answer == "do_not_ship"
    assert short in verdict.sentence
    assert "The model does beat" in told(verdict)
    assert "Ship that one" not in told(verdict)
    few = changed(refused(clean, gain), "holdout", "interval", "rarer_class_rows", 7)
    assert verdict_of(few).sentence == (
        "Do not ship on these figures: the holdout has too few rows of the rarer class to show anything."
    )


@pytest.mark.parametrize("rate", ["precision", "recall"])
@pytest.mark.parametrize("applicable", [True, False])
def test_a_constraint_that_the_holdout_misses_calls_for_care(clean, rate, applicable):
    if not applicable:
        clean = changed(clean, "threshold", "value", {"applicable": False})
    estimate = {"value": 0.3, "ci_low": 0.2, "ci_high": 0.4}
    facts = changed(clean, "threshold", "holdout", rate, estimate)
    strategy = f"min_{rate}"
    assert verdict_of(asked_for(facts, strategy="max_f1", **{strategy: 0.5})).answer == "ship"
    verdict = verdict_of(asked_for(facts, strategy=strategy, **{strategy: 0.5}))
    assert verdict.answer == "ship_with_care"
    assert f"the {rate} that is asked for is missed on the holdout" in verdict.sentence
    assert f"its {rate} is 30.0% [20.0%, 40.0%], and at least 50% is asked for" in told(verdict)
    # Below, and maybe by chance: a weak spot.
    verdict = verdict_of(asked_for(facts, strategy=strategy, **{strategy: 0.35}))
    assert verdict.answer == "ship"
    assert "less, though it may be chance." in " ".join(verdict.weak_spots)


def of_task(*variants):
    """Run a test on the finished projects of these variants alone."""
    return pytest.mark.parametrize("finished_task", variants, indirect=True, ids="-".join)


@of_task(("regression", "pycaret"), ("regression", "sklearn"))
def test_intervals_that_hold_too_little_call_for_care(finished_task):
    facts = cleaned(card_facts(finished_task.folder))
    little = {"value": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    verdict = verdict_of(changed(facts, "threshold", "interval", "holdout_coverage", little))
    assert verdict.answer == "ship_with_care"
    assert "hold 50.0% [40.0%, 60.0%] of outcomes" in told(verdict)
    facts = changed(facts, "threshold", "value", {"applicable": False})
    assert "is not known" in verdict_of(facts).sentence


@of_task(("regression", "sklearn"))
def test_a_quantile_that_is_worth_less_than_the_prediction_calls_for_care(finished_task):
    facts = cleaned(card_facts(finished_task.folder))
    gains = ("threshold", "value", "gain_over", "plain")
    assert "acting on it is worth more than acting on" in verdict_of(facts).sentence
    verdict = verdict_of(changed(facts, *gains, LESS))
    assert verdict.answer == "ship_with_care"
    assert "but less than acting on its prediction" in verdict.sentence
    assert "more than acting on its prediction: act on the prediction." in told(verdict)
    verdict = verdict_of(changed(facts, *gains, UNCLEAR))
    assert verdict.answer == "ship"
    assert "not shown to be worth more than acting on its prediction" in verdict.sentence


@of_task(("multiclass", "pycaret"), ("multiclass", "sklearn"))
def test_a_model_that_decides_nothing_calls_for_care(finished_task):
    facts = cleaned(card_facts(finished_task.folder))
    for rate, words in ((0.0, "leaves every row undecided"), (0.004, "decides 0.40% of rows")):
        verdict = verdict_of(changed(facts, "threshold", "holdout", "decided_rate", rate))
        assert verdict.answer == "ship_with_care"
        assert words in told(verdict)
        assert "is not measured for more than two classes" in verdict.sentence
    half = changed(facts, "threshold", "holdout", "decided_rate", 0.5)
    assert verdict_of(half).answer == "ship"


@of_task(("multiclass", "pycaret"))
def test_an_accuracy_that_the_holdout_misses_calls_for_care(finished_task):
    facts = asked_for(cleaned(card_facts(finished_task.folder)), accept_accuracy=0.95)
    facts = changed(facts, "holdout", "interval", "units", 400)
    # Wilson's interval of 360 in 400 reaches to 0.926, that of 36 in 40 to 0.960.
    for count, units, answer in (
        (400, 400, "ship_with_care"),
        (40, 400, "ship"),
        (400, 40, "ship"),
    ):
        point = {"decided_rate": 1.0, "decided_count": count, "accuracy": 0.9}
        verdict = verdict_of(
            changed(
                changed(facts, "threshold", "holdout", point),
                "holdout", "interval", "units", units,
            )
        )  # fmt: skip
        assert verdict.answer == answer
        words = f"is right on 90.0% of {count} rows that it decides, and at least 95% is asked for"
        assert words in " ".join((*verdict.doubts, *verdict.weak_spots))
