"""Where the model is known or feared to be weak, the worst first."""

from collections.abc import Iterator
from typing import Any

from assay.metrics.words import metric_words
from assay.report.constraints import missed_constraints
from assay.report.facts import ReportFacts
from assay.report.rendering import interval, percent
from assay.report.slices import weakest
from assay.report.value import over_plain, standing, told_of
from assay.report.words import counted, ends
from assay.robustness.drops import ALL_NUMBERS
from assay.slices.judge import FAILS, HARD

# Parts and changes of the input that are told, each.
_SHOWN = 3
_CERTAIN = 0.05
_CHANGES = {
    "missing": "is missing",
    "noise": "has noise",
    "unseen": "has a category unseen in training",
}


def weak_spots(facts: ReportFacts) -> Iterator[str]:
    """Yield a sentence for each: the number of alerts, parts of the holdout, time, and so on.

    How many rows are flagged comes first: whoever acts on them must have the hands for it.
    """
    yield from _alerts(facts)
    yield from _parts(facts)
    yield from _time(facts)
    yield from _breaks(facts)
    yield from _moved(facts)
    yield from _decision(facts)


def _parts(facts: ReportFacts) -> Iterator[str]:
    slices = facts.metrics["interpret"].get("slices", {})
    if not slices.get("count"):
        return
    metric = slices["metric"]
    for verdict, words in ((FAILS, "The model fails"), (HARD, "The rows are hard")):
        for name in ("slices", "found_slices"):
            table = facts.tables[name]
            for row in table[table["verdict"] == verdict].head(_SHOWN).to_dict("records"):
                rows = counted(int(row["n"]), "row")
                yield f"{words} where {_part(row)} ({rows}): {row['why']}."
    table = facts.tables["slices"]
    unsure = table[~table["verdict"].isin([FAILS, HARD])]
    whole = f", against {interval({'value': slices['whole']})} on all rows" if "whole" in slices else ""  # fmt: skip
    for row in weakest(unsure).head(_SHOWN).to_dict("records"):
        if row[metric] == row[metric] and row["difference_ci_low"] > 0:
            yield (
                f"Where {row['cut']} = {row['slice']} ({counted(int(row['n']), 'row')}), "
                f"{metric_words(metric)} is {ends(row, metric, 'ci_low', 'ci_high')}{whole}; of so many "
                "parts, chance may do it."
            )


def _part(row: dict[Any, Any]) -> str:
    return str(row["rule"]) if "rule" in row else f"{row['feature']} = {row['slice']}"


def _time(facts: ReportFacts) -> Iterator[str]:
    later = facts.metrics["interpret"].get("robustness", {}).get("later", {})
    if not later.get("applicable"):
        return
    metric = metric_words(str(facts.metrics["interpret"]["slices"].get("metric", "the metric")))
    if later["worse"]:
        yield (
            "The later half of the holdout is worse than the earlier one beyond chance: "
            f"{metric} {interval(later['later'])} against {interval(later['earlier'])}."
        )
    if "worst_period" in later:
        worst = later["worst_period"]
        yield (
            f"The worst of five periods is {worst['from'][:10]} to {worst['to'][:10]}: {metric} "
            f"{interval(worst)}."
        )


def _breaks(facts: ReportFacts) -> Iterator[str]:
    drops = facts.tables["robustness"]
    broken = drops[drops["beyond_chance"].astype(bool)].sort_values(
        ["drop", "perturbation", "feature"], ascending=[False, True, True]
    )
    metric = metric_words(str(facts.metrics["interpret"]["slices"].get("metric", "the metric")))
    for row in broken.head(_SHOWN).to_dict("records"):
        yield (
            f"Where {_changed(row)}, {metric} gets worse by "
            f"{ends(row, 'drop', 'ci_low', 'ci_high', 4)}."
        )
    support = facts.metrics["interpret"].get("robustness", {}).get("support", {})
    for key, words in (("outside", "have a value outside of training"), ("far", "are far from all training rows")):  # fmt: skip
        part = support.get(key, {})
        errs_more = part.get("p_adjusted", 1.0) <= _CERTAIN and part.get("excess_ci_low", 0.0) > 0
        if part.get("applicable") and (part["alarm"] or errs_more):
            more = (
                f", and the model errs more on them: the mean loss is "
                f"{interval({'value': part['loss_there']})}, against "
                f"{interval({'value': part['loss_elsewhere']})} elsewhere"
                if errs_more
                else ""
            )
            yield (
                f"{counted(part['row_count'], 'row')} of the holdout ({percent(part['rate'])}) {words}"
                f"{more}."
            )


def _changed(row: dict[Any, Any]) -> str:
    if row["feature"] == ALL_NUMBERS:
        return "all numbers have noise"
    return f"{row['feature']} {_CHANGES[row['perturbation']]}"


def _moved(facts: ReportFacts) -> Iterator[str]:
    feedback = facts.metrics["interpret"].get("feedback", {})
    count = feedback.get("drifting_feature_count", 0)
    if count:
        of = facts.metrics["interpret"]["feature_count"]
        drift = facts.tables["drift"]
        drifting = drift[drift["drifts"].astype(bool)].sort_values("distance", ascending=False)
        names = ", ".join(str(name) for name in drifting["feature"].head(_SHOWN))
        yield (
            f"{counted(count, 'feature')} of {of} {'has' if count == 1 else 'have'} other values in the "
            f"holdout than in training{', most of all ' + names if names else ''}."
        )


def _decision(facts: ReportFacts) -> Iterator[str]:
    calibration = facts.metrics["holdout"]["calibration"]
    error = calibration["calibrated"]["equal_mass_error"]
    if error["value"] <= error["chance_q95"] and "though" in calibration["verdict"]:
        yield f"On the holdout, {calibration['verdict']}."
    for missed in missed_constraints(facts):
        if not missed.beyond_chance:
            yield f"{missed.told}: less, though it may be chance."
    for words, gain in over_plain(facts):
        if standing(gain) in ("same", "not shown"):
            yield told_of(facts, words, gain, "the model's quantile")
    steady = facts.metrics["threshold"].get("stability", {})
    if steady.get("applicable") and steady["infeasible_rate"] > 0:
        yield (
            f"On {percent(steady['infeasible_rate'])} of bootstrap samples no threshold meets the "
            "constraint."
        )


def _alerts(facts: ReportFacts) -> Iterator[str]:
    steady = facts.metrics["threshold"].get("stability", {})
    if not steady.get("applicable"):
        return
    out_of_fold = facts.metrics["threshold"]["out_of_fold"]["flagged_rate"]
    flagged = facts.metrics["threshold"]["holdout"]["flagged_rate"]["value"]
    usual = steady["flagged_rate"]
    if not usual["ci_low"] <= flagged <= usual["ci_high"]:
        yield (
            f"The threshold flags {percent(flagged)} of the holdout, and {percent(out_of_fold)} "
            f"out-of-fold, where bootstrap samples give {percent(usual['ci_low'])} to "
            f"{percent(usual['ci_high'])}: the number of alerts may move as much again."
        )
