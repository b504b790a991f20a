"""What makes a run one to ship, to ship with care, or not to ship: one fact is changed at a time."""

from copy import deepcopy
from dataclasses import replace

import pandas as pd
import pytest
from cards import card_facts

from assay.interpretation.direction import AGAINST
from assay.report.verdict import verdict_of

MORE = {"value": 50.0, "ci_low": 24.0, "ci_high": 80.0}
LESS = {"value": -50.0, "ci_low": -80.0, "ci_high": -24.0}
UNCLEAR = {"value": 5.0, "ci_low": -8.0, "ci_high": 24.0}
SAME = {"value": 0.0, "ci_low": 0.0, "ci_high": 0.0}


def cleaned(facts):
    """Return the facts with all that is beyond a small table taken out."""
    metrics = deepcopy(dict(facts.metrics))
    holdout, threshold, interpret = (metrics[n] for n in ("holdout", "threshold", "interpret"))
    metric = holdout["gate"]["metric"]
    gain = {"value": 0.1, "ci_low": 0.05, "ci_high": 0.15}
    holdout["gate"] |= {"passed": True, "action": "fail", "sentence": "told"}
    holdout["gain_over_baseline"][metric] = gain
    for gains in holdout["gain_over"].values():
        gains[metric] = gain
    holdout["interval"].pop("caution", None)
    holdout.pop("left_out", None)
    error = holdout["calibration"]["calibrated"]["equal_mass_error"]
    error["value"] = error["chance_q95"] / 2
    holdout["calibration"]["verdict"] = "scores are no more miscalibrated than chance shows"
    metrics["train"]["reproducible"] = True
    metrics["train"]["selection"]["dummy"]["within_noise"] = False
    threshold["warnings"] = {}
    if threshold["value"]["applicable"]:
        for name in threshold["value"]["gain_over"]:
            threshold["value"]["gain_over"][name] = MORE
    if "interval" in threshold:
        wanted = threshold["interval"]["wanted_coverage"]
        threshold["interval"]["holdout_coverage"] = {
            "value": wanted, "ci_low": wanted - 0.02, "ci_high": wanted + 0.02
        }  # fmt: skip
    for part in (interpret["slices"], interpret["slices"]["found"]):
        part["verdicts"]["fails"] = 0
    interpret["feedback"]["error_count"] = 0
    ledger = {"model_count": 1, "rank": 1, "optimism_if_independent": 0.0}
    metrics["history"]["ledger"] |= ledger
    metrics["history"]["comparison"] = {"applicable": False}
    metrics["fairness"] = {"applicable": False}
    directions = facts.tables["directions"].iloc[:0]
    findings = [found for found in facts.findings if found["severity"] != "warning"]
    return replace(
        facts,
        metrics=metrics,
        findings=findings,
        tables={**facts.tables, "directions": directions},
    )


@pytest.fixture
def clean(finished):
    """A run of two classes against which nothing speaks."""
    return cleaned(card_facts(finished))


def changed(facts, *place_and_value):
    """Return the facts with one value of the metrics changed or added."""
    *sections, key, value = place_and_value
    metrics = deepcopy(dict(facts.metrics))
    inner = metrics
    for name in sections:
        inner = inner[name]
    inner[key] = value
    return replace(facts, metrics=metrics)


def told(verdict):
    return " ".join(verdict.doubts)


def test_a_run_against_which_nothing_speaks_is_to_be_shipped(finished_task):
    verdict = verdict_of(cleaned(card_facts(finished_task.folder)))
    assert verdict.answer == "ship"
    assert verdict.sentence.startswith("Ship: it beats the best baseline (")
    assert verdict.doubts == ()
    assert any("passes the gate" in reason for reason in verdict.reasons)


def test_every_task_has_an_answer_as_it_comes(finished_task):
    verdict = verdict_of(card_facts(finished_task.folder))
    assert verdict.answer in ("ship", "ship_with_care", "do_not_ship")
    assert bool(verdict.doubts) is (verdict.answer != "ship")
    for text in (verdict.sentence, *verdict.reasons, *verdict.doubts, *verdict.weak_spots):
        assert text.endswith("."), text
        assert "nan" not in text, text
        assert "None" not in text, text


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (("holdout", "gate", "passed", False), "The gate is not passed on the holdout: told."),
        (("threshold", "value", "gain_over", "none", LESS), "costs the equivalent of 50 [24, 80] false alarms more than acting on none"),
        (("threshold", "value", "gain_over", "rule", LESS), "more than acting on the rule of today"),
        (("interpret", "feedback", "error_count", 1), "1 likely error was found in the data"),
        (("interpret", "feedback", "error_count", 3), "3 likely errors were found in the data"),
    ],
)  # fmt: skip
def test_what_forbids_to_ship(clean, place, words):
    verdict = verdict_of(changed(clean, *place))
    assert verdict.answer == "do_not_ship"
    assert verdict.sentence.startswith("Do not ship on these figures: ")
    assert len(verdict.doubts) == 1
    assert words in verdict.doubts[0]


def test_a_model_that_is_worse_than_a_baseline_is_not_shipped_even_without_a_gate(clean):
    metric = clean.metrics["holdout"]["gate"]["metric"]
    worse = {"value": -0.2, "ci_low": -0.3, "ci_high": -0.1}
    facts = changed(clean, "holdout", "gain_over", "rule", metric, worse)
    facts = changed(facts, "holdout", "gate", "action", "off")
    verdict = verdict_of(facts)
    assert verdict.answer == "do_not_ship"
    assert "worse than the rule of today, by 0.200 [0.100, 0.300]" in told(verdict)


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


FAIR = {
    **{"applicable": True, "alarm_count": 1, "question_count": 5},
    "columns": {"sex": {"alarm": True}, "age": {"alarm": False}},
}
RUN_BEFORE = {
    **{"applicable": True, "verdict": "worse", "previous_run": "run-7"},
    "metrics": {"roc_auc": {"gain": {"value": -0.02, "ci_low": -0.03, "ci_high": -0.01}}},
}
LESS_VALUE = {
    **{"applicable": True, "verdict": "better", "previous_run": "run-7", "unit": "EUR"},
    "value_gain": LESS,
}
NO_ALERT = {
    **{"true_positive_count": 0, "false_positive_count": 0, "precision": {"value": 0.0}},
    **{"recall": {"value": 0.0}, "flagged_rate": {"value": 0.0}},
}
OFTEN = {"model_count": 12, "rank": 1, "optimism_if_independent": 0.06}


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (("holdout", "gate", "action", "off"), "The gate is off"),
        (("holdout", "interval", "caution", "The holdout has 12 rows"), "The holdout has 12 rows."),
        (("holdout", "left_out", {"ridge": "it is infinite"}), "the baseline ridge: it is infinite."),
        (("train", "selection", "dummy", "within_noise", True), "a constant prediction is as good"),
        (("train", "reproducible", False), "budget of seconds"),
        (("threshold", "value", "gain_over", "all", UNCLEAR), "not shown to be worth more than acting on all (a gain of 5"),
        (("threshold", "value", "gain_over", "all", {"value": 5.0}), "not shown to be worth more than acting on all (a gain of 5"),
        (("threshold", "value", "gain_over", "none", SAME), "worth the same as acting on none"),
        (("threshold", "warnings", {"precision_uncertain": "Flag more."}), "Flag more."),
        (("holdout", "calibration", "calibrated", "equal_mass_error", "value", 0.9), "calibration error 0.9000"),
        (("interpret", "slices", "verdicts", "fails", 2), "fails on 2 beyond chance"),
        (("interpret", "slices", "found", "verdicts", "fails", 1), "fails on 1 beyond chance"),
        (("fairness", FAIR), "1 of 5 comparisons, by sex."),
        (("history", "ledger", OFTEN), "best of 12 models that were judged on this holdout, which can flatter the best by up to 0.0600"),
        (("history", "ledger", OFTEN | {"rank": 3}), "It has the score of rank 3 of 12 models"),
        (("history", "ledger", {"model_count": 2, "rank": 1}), "best of 2 models"),
        (("history", "comparison", LESS_VALUE), "costs the equivalent of 50 [24, 80] EUR more than acting on the run before it (run-7)"),
        (("threshold", "holdout", NO_ALERT), "raises no alert on the holdout"),
        (("history", "comparison", RUN_BEFORE), "worse than the run before it (run-7), by 0.020 [0.010, 0.030]"),
    ],
)  # fmt: skip
def test_what_calls_for_care(clean, place, words):
    verdict = verdict_of(changed(clean, *place))
    assert verdict.answer == "ship_with_care"
    assert verdict.sentence.startswith("Ship with care: ")
    assert "; 1 thing is to be settled or accepted first: " in verdict.sentence
    assert len(verdict.doubts) == 1
    assert words in verdict.doubts[0]


@pytest.mark.parametrize(
    "place",
    [
        # What the gains tell is not told twice.
        ("threshold", "warnings", {"no_gain_over_none": "told"}),
        # So little cannot be what was gained.
        ("history", "ledger", OFTEN | {"optimism_if_independent": 0.01}),
        # Of the worse half: whoever chose it did not choose the best score.
        ("history", "ledger", OFTEN | {"rank": 7}),
        ("history", "comparison", RUN_BEFORE | {"verdict": "better"}),
        ("history", "comparison", LESS_VALUE | {"value_gain": MORE}),
        ("history", "comparison", LESS_VALUE | {"value_gain": UNCLEAR}),
        ("fairness", FAIR | {"alarm_count": 0}),
    ],
)
def test_what_calls_for_none(clean, place):
    assert verdict_of(changed(clean, *place)).answer == "ship"


def test_a_gain_that_chance_may_have_made_calls_for_care(clean):
    holdout = clean.metrics["holdout"]
    metric, best = holdout["gate"]["metric"], holdout["baseline"]["name"]
    facts = changed(clean, "holdout", "gain_over", best, metric, UNCLEAR)
    facts = changed(facts, "holdout", "gain_over_baseline", metric, UNCLEAR)
    verdict = verdict_of(facts)
    assert verdict.answer == "ship_with_care"
    assert f"not shown to be better than the baseline {best}" in told(verdict)
    assert "is not shown, and" in verdict.sentence
    assert not any("passes the gate" in reason for reason in verdict.reasons)


def asked_for(facts, **threshold):
    """Return the facts with some keys of `threshold` in params.yaml changed."""
    run = deepcopy(dict(facts.run))
    run["params"]["threshold"] |= threshold
    return replace(facts, run=run)


def test_costs_that_nobody_gave_are_told_and_are_no_doubt(clean):
    facts = changed(clean, "threshold", "value", {"applicable": False})
    assert "null" not in verdict_of(facts).sentence
    costs = clean.run["params"]["threshold"]["costs"]
    verdict = verdict_of(asked_for(facts, costs=costs | {"false_positive": None}))
    assert verdict.answer == "ship"
    assert "is not known, because threshold.costs are null" in verdict.sentence


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


def test_what_nobody_counted_is_told_and_is_no_doubt(clean):
    words = "how often this holdout was asked is not counted"
    for renewed in (True, False):
        verdict = verdict_of(changed(clean, "history", "renewed", renewed))
        assert verdict.answer == "ship"
        assert (words in verdict.sentence) is not renewed


def test_the_primary_metric_counts_where_the_gate_has_another(clean):
    primary, gate = clean.metrics["history"]["metric"], clean.metrics["holdout"]["gate"]
    gains = clean.tables["baseline_gains"].copy()
    here = (gains["metric"] == primary) & (gains["baseline"] == "logistic")
    gains.loc[here, ["gain", "ci_low", "ci_high"]] = [-0.2, -0.3, -0.1]
    facts = replace(clean, tables={**clean.tables, "baseline_gains": gains})
    assert verdict_of(facts).answer == "ship"
    metrics = deepcopy(dict(facts.metrics))
    holdout = metrics["holdout"]
    for each in (holdout["gain_over_baseline"], *holdout["gain_over"].values()):
        each["brier"] = each[gate["metric"]]
    metrics["holdout"]["gate"]["metric"] = "brier"
    verdict = verdict_of(replace(facts, metrics=metrics))
    assert verdict.answer == "ship_with_care"
    assert "in ROC AUC it is worse than the baseline logistic" in verdict.sentence
    assert "by 0.200 [0.100, 0.300]; the gate asks for another metric." in told(verdict)


def test_a_way_that_could_not_be_compared_is_not_among_those_beaten(clean):
    assert "worth more than every other way to act" in verdict_of(clean).sentence
    left_out = changed(clean, "threshold", "value", "baseline_left_out", "it has none")
    assert "worth more than every other way that could be compared" in verdict_of(left_out).sentence


def test_warnings_of_the_checks_call_for_care(clean):
    found = {"code": "constant", "severity": "warning", "message": "feature 'a|b' is constant."}
    for count, words in ((1, "(constant): feature 'a|b' is constant."), (4, "1 more warning of"), (5, "2 more warnings of")):  # fmt: skip
        verdict = verdict_of(replace(clean, findings=[found] * count))
        assert verdict.answer == "ship_with_care"
        assert words in told(verdict)
        assert "settled or accepted first: the checks warn." in verdict.sentence
    accepted = found | {"severity": "accepted", "reason": "it is so"}
    assert verdict_of(replace(clean, findings=[accepted])).answer == "ship"


def test_a_direction_against_what_is_known_calls_for_care(clean):
    against = pd.DataFrame({"feature": ["price"], "verdict": [AGAINST]})
    facts = replace(clean, tables={**clean.tables, "directions": against})
    assert "interpret.expected_direction says of price." in told(verdict_of(facts))
    facts = replace(clean, tables={**clean.tables, "directions": against.assign(verdict="")})
    assert verdict_of(facts).answer == "ship"


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
    assert "worth more than every other way to act" in verdict_of(facts).sentence
    verdict = verdict_of(changed(facts, *gains, LESS))
    assert verdict.answer == "ship_with_care"
    assert "but less than acting on its prediction" in verdict.sentence
    assert "every other way" not in verdict.sentence
    assert "more than acting on its prediction: act on the prediction." in told(verdict)
    verdict = verdict_of(changed(facts, *gains, UNCLEAR))
    assert verdict.answer == "ship"
    assert "every other way" not in verdict.sentence
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


def test_weak_spots_follow_the_figures(clean):
    later = {
        "applicable": True, "worse": True, "better": False,
        "earlier": {"value": 0.9}, "later": {"value": 0.7},
    }  # fmt: skip
    spots = " ".join(
        verdict_of(changed(clean, "interpret", "robustness", "later", later)).weak_spots
    )
    assert (
        "later half of the holdout is worse than the earlier one beyond chance: ROC AUC 0.700"
        in spots
    )
    outside = {
        "applicable": True, "alarm": True, "row_count": 38, "rate": 0.125, "loss_there": 0.75,
        "loss_elsewhere": 0.25, "excess_ci_low": 0.1, "p_adjusted": 0.001,
    }  # fmt: skip
    for loud, is_told in ((True, True), (False, False)):
        part = outside if loud else outside | {"alarm": False, "p_adjusted": 0.5}
        facts = changed(clean, "interpret", "robustness", "support", "outside", part)
        spots = " ".join(verdict_of(facts).weak_spots)
        assert ("38 rows of the holdout (12.5%) have a value outside" in spots) is is_told
        assert ("0.750, against 0.250 elsewhere" in spots) is is_told
    shifted = changed(clean, "threshold", "holdout", "flagged_rate", {"value": 0.999})
    assert "flags 99.9% of the holdout" in verdict_of(shifted).weak_spots[0]
    though = "scores are no more miscalibrated than chance shows, though too extreme"
    verdict = verdict_of(changed(clean, "holdout", "calibration", "verdict", though))
    assert f"On the holdout, {though}." in verdict.weak_spots
    assert verdict.answer == "ship"
    seldom = changed(clean, "threshold", "stability", "infeasible_rate", 0.125)
    assert "On 12.5% of bootstrap samples" in " ".join(verdict_of(seldom).weak_spots)


def test_parts_that_fail_are_named_first(clean):
    slices = clean.tables["slices"].astype({"verdict": object, "why": object})
    slices.loc[slices.index[-1], ["verdict", "why"]] = ["fails", "predicts too much"]
    last = slices.iloc[-1]
    facts = replace(clean, tables={**clean.tables, "slices": slices})
    steady = changed(facts, "threshold", "stability", {"applicable": False})
    assert verdict_of(steady).weak_spots[0] == (
        f"The model fails where {last['feature']} = {last['slice']} ({last['n']} rows): predicts too much."
    )


def test_the_month_is_that_of_the_rows_of_a_month(clean):
    run = deepcopy(dict(clean.run))
    run["params"]["card"]["rows_per_month"] = 2000
    reasons = " ".join(verdict_of(replace(clean, run=run)).reasons)
    unit = clean.metrics["threshold"]["value"]["unit"]
    assert (
        f"saves the equivalent of 100 [48, 160] {unit} per month against acting on none ("
        in reasons
    )
    assert "a month's own chance is not in it" in reasons
    assert f"{unit} more than" not in reasons
    run["params"]["card"]["rows_per_month"] = None
    assert "per month" not in " ".join(verdict_of(replace(clean, run=run)).reasons)
