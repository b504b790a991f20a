"""`reports/model_card.md`: what the model is, how good, for what, and what to watch."""

from collections.abc import Callable, Mapping
from typing import Any

from assay.baselines import CONSTANTS
from assay.decisions.amounts import amount, amount_interval, compared
from assay.metrics.catalogue import primary_metric
from assay.report.facts import ReportFacts
from assay.report.fairness import fairness_facts
from assay.report.rendering import render
from assay.report.robustness import robustness_facts
from assay.report.slices import slices_facts
from assay.search.complexity import Complexity
from assay.search.words import learning_words, selection_words

# Classes that the card shows.
_SHOWN_CLASSES = 12

_FILTERS: Mapping[str, Callable[..., str]] = {
    "amount": amount,
    "amount_interval": amount_interval,
    "compared": compared,
    "holds": lambda count, unit: str(Complexity(int(count), unit)),
}


def model_card(facts: ReportFacts) -> str:
    """Return the card as Markdown."""
    params = facts.run["params"]
    tables = facts.tables
    leaderboard = tables["leaderboard"].fillna({"failure": "", "params": ""})
    ranked = leaderboard[leaderboard["failure"] == ""]
    task = params["task"]
    metric = primary_metric(task["type"], task["primary_metric"])
    return render(
        "model_card.md.j2",
        _FILTERS,
        run=facts.run,
        params=params,
        schema=facts.schema,
        decision=facts.decision,
        m=facts.metrics,
        history=facts.metrics["history"],
        beats_constants=_beats_constants(facts.metrics["holdout"]),
        baselines=[(n, v) for n, v in facts.metrics["baseline"].items() if isinstance(v, dict)],
        metric_names=list(facts.metrics["holdout"]["model"]),
        ranked=ranked.to_dict("records"),
        choice=selection_words(facts.metrics["train"]["selection"]),
        learning=_learning(facts.metrics["train"]["learning_curve"]),
        failed=leaderboard[leaderboard["failure"] != ""].to_dict("records"),
        agreement=tables["agreement"].to_dict("records"),
        directions=tables["directions"].to_dict("records"),
        **slices_facts(tables["slices"], tables["found_slices"]),
        **robustness_facts(tables["robustness"], tables["support"], task["type"]),
        **fairness_facts(facts.metrics["fairness"], tables["fairness"]),
        per_class=tables["per_class"].head(_SHOWN_CLASSES).to_dict("records"),
        per_class_more=max(len(tables["per_class"]) - _SHOWN_CLASSES, 0),
        primary_name=metric.name,
        greater_is_better=metric.greater_is_better,
        confidence=params["evaluate"]["confidence"],
        warnings=[finding for finding in facts.findings if finding["severity"] == "warning"],
        accepted=[finding for finding in facts.findings if finding["severity"] == "accepted"],
    )


def _beats_constants(holdout: Mapping[str, Any]) -> bool:
    """Say whether the model is shown to be better than each constant prediction, by the gate's metric."""
    metric, gains = holdout["gate"]["metric"], holdout["gain_over"]
    told = [gains[name][metric] for name in CONSTANTS if metric in gains.get(name, {})]
    return bool(told) and all(gain.get("ci_low", 0.0) > 0 for gain in told)


def _learning(curve: Mapping[str, Any]) -> str:
    """Say what the learning curve says; nothing where there is none."""
    return learning_words(curve) if curve["applicable"] else ""
