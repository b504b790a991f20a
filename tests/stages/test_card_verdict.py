"""What makes a run one to ship, to ship with care, or not to ship: one fact is changed at a time."""

from copy import deepcopy
from dataclasses import replace

import pandas as pd
import pytest
from cards import card_facts
from clean_runs import LESS, MORE, SAME, UNCLEAR, asked_for, changed, cleaned, told

from assay.interpretation.direction import AGAINST
from assay.report.verdict import verdict_of


@pytest.fixture
def clean(finished):
    """A run of two classes against which nothing speaks."""
    return cleaned(card_facts(finished))


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


def test_costs_that_nobody_gave_are_told_and_are_no_doubt(clean):
    facts = changed(clean, "threshold", "value", {"applicable": False})
    assert "null" not in verdict_of(facts).sentence
    costs = clean.run["params"]["threshold"]["costs"]
    verdict = verdict_of(asked_for(facts, costs=costs | {"false_positive": None}))
    assert verdict.answer == "ship"
    assert "is not known, because threshold.costs are null" in verdict.sentence


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
    told = verdict_of(clean).sentence.split("acting on it is worth more than ")[1]
    assert "none" in told
    assert "the baseline logistic" in told
    gains = {**clean.metrics["threshold"]["value"]["gain_over"]}
    del gains["baseline"]
    told = verdict_of(changed(clean, "threshold", "value", "gain_over", gains)).sentence
    assert "none" in told.split("worth more than ")[1]
    assert "baseline" not in told.split("worth more than ")[1]


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
