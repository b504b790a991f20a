"""What the card says where something is out of the ordinary."""

import re
from copy import deepcopy
from dataclasses import replace

import pandas as pd
import pytest
from cards import card_facts

from assay.baselines import CONSTANTS
from assay.metrics.catalogue import primary_metric
from assay.metrics.words import metric_words
from assay.report.model_card import model_card
from assay.report.rendering import sentence
from assay.report.summary import evaluation_summary
from assay.report.verdict import verdict_of


@pytest.fixture
def facts(finished_task):
    return card_facts(finished_task.folder)


def with_table(facts, name, table):
    return replace(facts, tables={**facts.tables, name: table})


def changed(facts, part, place, value):
    """Return the facts with one value of a nested part changed."""
    content = deepcopy(getattr(facts, part))
    *sections, key = place
    inner = content
    for name in sections:
        inner = inner[name]
    assert key in inner
    inner[key] = value
    return replace(facts, **{part: content})


def test_the_card_of_the_facts_is_the_one_that_was_written(facts, finished_task):
    assert model_card(facts) == (finished_task.folder / "reports/model_card.md").read_text()


def top(facts):
    """Return the card's verdict."""
    return model_card(facts).split("## Verdict")[1].split("## Problem and decision")[0]


@pytest.mark.parametrize(
    ("action", "passed", "words"),
    [
        ("warn", False, "**Do not ship on these figures: it "),
        ("off", False, "The gate is off (evaluate.gate.action), so the model was packaged without"),
    ],
)
def test_the_verdict_stands_at_the_top(facts, action, passed, words):
    facts = changed(facts, "metrics", ("holdout", "gate", "action"), action)
    facts = changed(facts, "metrics", ("holdout", "gate", "passed"), passed)
    verdict, told = verdict_of(facts), top(facts)
    assert words in told
    assert f"**{sentence(verdict.sentence)}**" in told
    for each in (*verdict.reasons, *verdict.doubts):
        assert f"- {sentence(each)}\n" in told
    limits = model_card(facts).split("## Limitations")[1]
    assert all(f"- {sentence(spot)}\n" in limits for spot in verdict.weak_spots)


def test_plain_names_and_figures_need_no_escape(facts):
    assert "&#" not in model_card(facts)
    assert "&#" not in evaluation_summary(facts)


def test_the_summary_is_one_page_that_stands_alone(facts):
    summary, verdict = evaluation_summary(facts), verdict_of(facts)
    assert len(summary.splitlines()) <= 45
    assert f"**{sentence(verdict.sentence)}**" in summary
    assert re.findall(r"^## (.+)$", summary, re.MULTILINE) == [
        "What it is", "How good it is, and against what", "What speaks against it",
        "Where it is weak", "What must be watched", "Who answers for it",
    ]  # fmt: skip
    for text in (*verdict.reasons, *verdict.doubts[:4], *verdict.weak_spots[:4]):
        assert f"- {sentence(text)}\n" in summary
    for slip in ("None", "nan", "{{", "\n\n\n"):
        assert slip not in summary, slip


def test_what_nobody_said_is_told_with_its_key_and_once(facts):
    nothing = dict.fromkeys(facts.run["params"]["card"])
    nothing |= {"out_of_scope": [], "known_limits": []}
    facts = changed(facts, "run", ("params", "card"), nothing)
    card, summary = model_card(facts), evaluation_summary(facts)
    for key in nothing:
        if key != "rows_per_month":
            assert card.count(f"`card.{key}`") == 1
            assert summary.count(f"`card.{key}`") == 1
    assert "Not said yet" in card
    said = dict.fromkeys(nothing, "Somebody | said <it>.") | {"rows_per_month": 1}
    said |= {"out_of_scope": ["Somebody"], "known_limits": ["Somebody"]}
    facts = changed(facts, "run", ("params", "card"), said)
    assert "Not said yet" not in model_card(facts) + evaluation_summary(facts)
    assert model_card(facts).count(sentence("Somebody | said <it>.")) == 5


def test_the_contents_are_the_sections(facts):
    card = model_card(facts)
    titles = re.findall(r"^## (.+)$", card, re.MULTILINE)
    assert re.findall(r"\[([^]]+)\]\(#[a-z-]+\)", card.split("## Verdict")[0]) == titles
    anchors = set(re.findall(r"\]\(#([a-z-]+)\)", card))
    assert anchors == {title.lower().replace(" ", "-") for title in titles}


def test_a_gate_by_another_metric_leaves_the_primary_metric_where_it_chose(facts):
    primary = facts.metrics["holdout"]["gate"]["metric"]
    other = next(name for name in facts.metrics["holdout"]["model"] if name != primary)
    holdout = deepcopy(facts.metrics["holdout"])
    holdout["gate"] |= {"metric": other, "passed": True, "action": "fail", "min_value": 0.25}
    gain = {"value": 0.1, "ci_low": 0.05, "ci_high": 0.2}
    holdout["gain_over"] = {"prior": {other: gain}}
    holdout["gain_over_baseline"][other] = gain
    other_gate = replace(facts, metrics={**facts.metrics, "holdout": holdout})
    assert f"its {metric_words(other)} is " in top(other_gate)
    assert (
        "so that it is better by 0.100 [0.050, 0.200], and the value that is asked for (0.250"
        in top(other_gate)
    )
    card = model_card(other_gate)
    assert f"by the mean of {primary} over" in card
    assert f"(how much worse {primary} gets" in card
    holdout["gate"] |= {"passed": False, "sentence": "told (not met)"}
    assert "The gate is not passed on the holdout: told (not met)." in top(other_gate)


def test_a_candidate_that_failed_is_listed_with_its_reason(facts):
    failed = {"model": "extra_trees", "tuned": False, "selected": False}
    failed["failure"] = "ValueError: a | b"
    board = pd.concat([facts.tables["leaderboard"], pd.DataFrame([failed])], ignore_index=True)
    assert "| failed | extra_trees | | ValueError: a \\| b | | | | |" in model_card(
        with_table(facts, "leaderboard", board)
    )


def test_a_search_with_a_budget_is_told_to_be_unrepeatable(facts):
    assert "rebuilds every output to the same bytes" in model_card(facts)
    facts = changed(facts, "metrics", ("train", "reproducible"), False)
    facts = changed(facts, "run", ("params", "train", "budget_seconds"), 60.0)
    card = model_card(facts)
    assert "**The search is not reproducible**: it had a budget of 60.0 seconds" in card
    assert "rebuilds every output to the same bytes" not in card


def test_a_metric_without_a_value_on_some_fold_is_told(facts):
    metrics = deepcopy(facts.metrics)
    # The metric that chooses has one on every fold, or nothing is trained.
    name = next(n for n in metrics["holdout"]["model"] if n != metrics["holdout"]["gate"]["metric"])
    del metrics["train"]["out_of_fold"][name]
    assert "| not defined on every fold |" in model_card(replace(facts, metrics=metrics))


def test_a_slice_without_a_value_is_told(facts):
    texts = ["verdict", "why", "next_action"]
    slices = facts.tables["slices"].astype(dict.fromkeys(texts, object))
    slices.loc[0, [facts.metrics["holdout"]["gate"]["metric"], "ci_low", "ci_high"]] = None
    slices.loc[0, texts] = ["fails", "predicts too much", "look"]
    assert "| not defined there |" in model_card(with_table(facts, "slices", slices))


def test_likely_errors_in_the_data_stand_at_the_top(facts):
    place = ("interpret", "feedback", "error_count")
    for count, words in ((1, "1 likely error was found"), (3, "3 likely errors were found")):
        assert words in top(changed(facts, "metrics", place, count))
    assert "likely error" not in top(changed(facts, "metrics", place, 0))


def test_slices_that_are_off_by_more_than_chance_are_counted_once(facts):
    told = []
    for count in (0, 1, 2):
        changed_facts = changed(facts, "metrics", ("interpret", "slices", "off_level"), count)
        card = model_card(changed_facts)
        part = card.split("mean prediction that differs from its mean outcome by more than chance")
        assert len(part) == 2
        told.append(part[0].splitlines()[-1].split(" slices, ")[1].strip())
    assert told == ["none has a", "1 has a", "2 have a"]


def test_the_card_compares_with_every_baseline(facts):
    card = model_card(facts)
    part = card.split("is the model better?")[1].split("Each interval holds")[0]
    for name in facts.metrics["holdout"]["gain_over"]:
        assert f"| {name}" in part
    gains = {"value": -0.2, "ci_low": -0.3, "ci_high": -0.1}
    metric = facts.metrics["holdout"]["gate"]["metric"]
    worse = changed(facts, "metrics", ("holdout", "gain_over"), {"prior": {metric: gains}})
    assert "| no, worse |" in model_card(worse)


def test_the_card_tells_what_makes_its_intervals_doubtful(facts):
    interval = facts.metrics["holdout"]["interval"]
    card = model_card(facts)
    if facts.schema.group_column:
        assert f", {interval['units']} of them, " in card
    assert "bootstrap of groups, because they are few" in card or interval["units"] >= 100
    rare = interval | {"rarer_class_rows": 12, "caution": "The holdout has 12 rows of it"}
    assert "**The holdout has 12 rows of it.**" in model_card(
        changed(facts, "metrics", ("holdout", "interval"), rare)
    )
    metrics = deepcopy(facts.metrics)
    metrics["holdout"]["left_out"] = {"ridge": "it predicts infinite numbers"}
    card = model_card(replace(facts, metrics=metrics))
    assert "| ridge | - | not compared: it predicts infinite numbers |" in card


def test_a_perfect_model_has_a_card_although_no_resample_varies(facts):
    task = facts.run["params"]["task"]
    name = primary_metric(task["type"], task["primary_metric"]).name
    card = model_card(changed(facts, "metrics", ("holdout", "model", name), {"value": 1.0}))
    worse = (
        f"once outcomes are known, whether {metric_words(name)} is worse than 1.000 by more than"
    )
    assert worse in card
    assert re.search(r"\*\*Retrain\*\* when .* lies (below|above) 1\.000[,;]", card)


def test_a_single_constant_is_no_plural(facts):
    card = model_card(facts)
    assert "1 constants" not in card
    if facts.schema.task != "multiclass":
        assert "| 1 constant |" in card


def test_a_blend_names_its_members(facts):
    blend = {"applicable": True, "kept": True, "weights": {"ridge": 0.7, "lightgbm": 0.3}}
    facts = changed(facts, "metrics", ("train", "blend"), blend)
    facts = changed(facts, "metrics", ("train", "chosen_model"), "blend")
    assert "The model is a blend of `ridge` (70%), `lightgbm` (30%), chosen among" in model_card(
        facts
    )


def test_many_classes_are_listed_in_part(facts):
    if not len(facts.tables["per_class"]):
        # Another task has no such table, and the card no such section.
        assert "ROC AUC against the rest" not in model_card(facts)
        return
    many = pd.concat([facts.tables["per_class"]] * 5, ignore_index=True)
    card = model_card(with_table(facts, "per_class", many))
    assert "3 further classes are in `reports/tables/per_class.csv`." in card
    one = facts.tables["per_class"].astype({"recall": float}).assign(precision=float("nan"))
    assert "| - |" in model_card(with_table(facts, "per_class", one))


def test_a_calibrator_that_no_fold_could_judge_is_told(facts):
    if facts.schema.task == "regression":
        return
    facts = changed(facts, "metrics", ("train", "calibration"), {"applicable": False})
    assert "No fold could judge a calibrator. On the holdout" in model_card(facts)


def test_a_hundred_features_are_named_and_the_others_counted(facts):
    feature = facts.schema.features[0]
    many = tuple(replace(feature, name=f"feature_{number}") for number in range(103))
    card = model_card(replace(facts, schema=replace(facts.schema, features=many)))
    assert "`feature_99`, and 3 more (`schema/input_schema.json` in the run folder)." in card
    assert "feature_100" not in card
    few = model_card(replace(facts, schema=replace(facts.schema, features=many[:100])))
    assert "`feature_99`." in few


def test_findings_are_told_with_the_reasons_of_those_accepted(facts):
    found = {"code": "constant", "severity": "warning", "message": "a | b", "reason": ""}
    accepted = {
        **found,
        "code": "leak_target_name",
        "severity": "accepted",
        "reason": "known before",
    }
    card = model_card(replace(facts, findings=[found, accepted]))
    section = card.split("## Findings")[1].split("## Limitations")[0]
    assert "| constant | a \\| b |" in section
    assert "| leak_target_name | a \\| b | known before |" in section
    card = model_card(replace(facts, findings=[accepted]))
    assert "The checks of table, split and model warn of nothing beside what is accepted." in card
    card = model_card(replace(facts, findings=[]))
    assert "The checks of table, split and model warn of nothing.\n" in card
    assert "accepted with a reason" not in card


def test_the_card_and_the_run_folder_have_the_findings_of_every_stage(facts, finished_task):
    codes = {finding["code"] for finding in facts.findings}
    card = (finished_task.run / "model_card.md").read_text()
    assert all(f"| {code} |" in card for code in codes)
    for name in ("split_findings.json", "model_findings.json", "oof_importance.csv"):
        shipped = (finished_task.run / "tables" / name).read_bytes()
        assert shipped == (finished_task.folder / "reports/tables" / name).read_bytes()


def test_a_holdout_that_was_asked_often_is_told(facts):
    card = model_card(facts)
    assert "**Not counted for this model yet**" in card
    assert "No other model is known" not in card
    facts = changed(facts, "metrics", ("history", "renewed"), True)
    card = model_card(facts)
    assert "No other model is known to have been judged on this holdout" in card
    assert "Not counted" not in card
    assert "No earlier run could be compared" in card
    ledger = {
        **{"model_count": 12, "commit_count": 6, "experiment_count": 4, "local_run_count": 1},
        **{"rank": 3, "optimism_if_independent": 0.0191},
    }
    told = model_card(changed(facts, "metrics", ("history", "ledger"), ledger))
    assert "**12 distinct models have been judged on this holdout**" in told
    assert "6 from commits, 4 from DVC's experiments, 1 from runs that nobody committed" in told
    assert "this one ranks 3 of 12" in told
    assert "flatter it by up to 0.0191 on average" in told


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("better", "**it is better**"), ("no difference shown", "**no difference is shown**")],
)
def test_the_run_before_is_told(facts, verdict, words):
    estimate = {"value": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    figures = {"current": estimate, "previous": estimate, "gain": estimate}
    comparison = {
        **{"applicable": True, "previous_run": "run-7", "previous_commit": "abc"},
        **{"previous_date": "2020-01-01", "row_count": 1234, "all_rows": False},
        **{"verdict": verdict, "metrics": {"some_metric": figures}},
    }
    told = model_card(changed(facts, "metrics", ("history", "comparison"), comparison))
    assert words in told
    assert "`run-7` (commit abc, 2020-01-01), on 1,234 holdout rows of both that neither" in told
    assert "| some_metric | 0.500 [0.400, 0.600] |" in told


def test_a_model_that_was_taken_for_being_simple_is_told(facts):
    facts = changed(facts, "run", ("params", "train", "select"), "best")
    assert "as the simplest within noise" not in model_card(facts)
    facts = changed(facts, "run", ("params", "train", "select"), "simplest_within_noise")
    assert " as the simplest within noise of the best, by the mean of " in model_card(facts)


def test_what_acting_is_worth_is_worded_by_its_sign(facts):
    value = facts.metrics["threshold"]["value"]
    if not value["applicable"]:
        return
    less = {"value": -49.75, "ci_low": -79.79, "ci_high": -23.71}
    told = model_card(
        changed(facts, "metrics", ("threshold", "value", "gain_over", "baseline"), less)
    )
    assert "costs the equivalent of 50 [24, 80] " in told
    assert "| -50 [-80, -24] |" in told
    assert "-49.75" not in told
    unclear = {"value": -4.75, "ci_low": -79.79, "ci_high": 23.71}
    told = model_card(
        changed(facts, "metrics", ("threshold", "value", "gain_over", "baseline"), unclear)
    )
    assert "not shown to be worth more than " in told
    assert " (a gain of -5 [-80, 24], counted in " in told


def test_a_constraint_that_is_out_of_reach_is_told(facts):
    if facts.schema.task != "binary":
        return
    told = model_card(facts)
    assert "of the samples no threshold meets the constraint" not in told
    assert "is not among them" not in told
    metrics = deepcopy(facts.metrics)
    metrics["threshold"]["stability"]["infeasible_rate"] = 0.125
    metrics["threshold"]["value"]["baseline_left_out"] = "no threshold of the baseline meets it"
    told = model_card(replace(facts, metrics=metrics))
    assert "On 12.5% of the samples no threshold meets the constraint." in told
    assert "is not among them: no threshold of the baseline meets it." in told


def test_a_model_as_good_as_a_linear_one_is_told_from_one_that_knows_nothing(facts):
    facts = changed(facts, "metrics", ("holdout", "gate", "action"), "warn")
    facts = changed(facts, "metrics", ("holdout", "gate", "passed"), False)
    metric, gains = (
        facts.metrics["holdout"]["gate"]["metric"],
        facts.metrics["holdout"]["gain_over"],
    )
    constants = [name for name in gains if name in CONSTANTS]
    assert constants
    for low, words in ((0.01, "The model does predict"), (-0.01, "the features tell nothing")):
        told = facts
        for name in constants:
            gain = {"value": 0.1, "ci_low": low, "ci_high": 0.2}
            told = changed(told, "metrics", ("holdout", "gain_over", name, metric), gain)
        assert words in top(told)


def test_the_retraining_limit_holds_the_errors_of_both(facts):
    """A batch errs as the holdout does, so the difference errs sqrt(2) times as much."""
    task = facts.run["params"]["task"]
    metric = primary_metric(task["type"], task["primary_metric"])
    estimate = {"value": 0.7, "ci_low": 0.6, "ci_high": 0.8}
    facts = changed(facts, "metrics", ("holdout", "model", metric.name), estimate)
    told = "below 0.559" if metric.greater_is_better else "above 0.841"
    page = evaluation_summary(facts)
    assert f"lies {told} (by chance alone in about 2.5% of looks" in page
