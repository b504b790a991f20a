"""`reports/model_card.md`: what the model is, how good, for what, and what to watch."""

from collections.abc import Callable, Mapping
from typing import Any

from assay.decisions.amounts import amount
from assay.metrics.catalogue import primary_metric
from assay.report.decided import decision_words
from assay.report.facts import ReportFacts
from assay.report.fairness import fairness_facts
from assay.report.prose import unsaid
from assay.report.rendering import render, tidy
from assay.report.robustness import robustness_facts
from assay.report.slices import slices_facts
from assay.report.value import impact_facts
from assay.report.verdict import verdict_of
from assay.report.watch import monitoring_command, monitoring_rules, retraining_trigger, watched
from assay.search.complexity import Complexity
from assay.search.words import learning_words, selection_words
from assay.sections import TaskType

# Classes that the card shows.
_SHOWN_CLASSES = 12

_BEFORE = (
    *("Verdict", "Problem and decision", "Intended use", "Data", "Splits", "Metrics"),
    *("Choice of the model", "History of the holdout"),
)
_DECISIONS: Mapping[TaskType, str] = {
    "binary": "Threshold",
    "multiclass": "Decision",
    "regression": "Intervals",
}
_AFTER = (
    *("Business impact", "Calibration", "Diagnostics", "Where it fails", "For whom it works"),
    *(
        "What breaks it",
        "Findings",
        "Limitations",
        "Monitoring plan",
        "Reproducibility",
        "How to run",
    ),
)

_FILTERS: Mapping[str, Callable[..., str]] = {
    # With all digits that were given: 1234567, not 1.23457e+06.
    "exact": lambda value: f"{value:.15g}",
    "amount": amount,
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
    text = render(
        "model_card.md.j2",
        _FILTERS,
        titles=_titles(task["type"]),
        verdict=verdict_of(facts),
        unsaid=unsaid(params["card"]),
        decided=decision_words(facts),
        command=monitoring_command(facts),
        watched=list(watched(facts)),
        rules=monitoring_rules(facts),
        trigger=retraining_trigger(facts),
        run=facts.run,
        params=params,
        schema=facts.schema,
        decision=facts.decision,
        m=facts.metrics,
        history=facts.metrics["history"],
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
        confidence=params["evaluate"]["confidence"],
        warnings=[finding for finding in facts.findings if finding["severity"] == "warning"],
        accepted=[finding for finding in facts.findings if finding["severity"] == "accepted"],
        **impact_facts(facts),
    )
    return tidy(text)


def _titles(task: TaskType) -> list[str]:
    """Return the card's sections, for the list of contents."""
    return [*_BEFORE, _DECISIONS[task], *_AFTER]


def _learning(curve: Mapping[str, Any]) -> str:
    """Say what the learning curve says; nothing where there is none."""
    return learning_words(curve) if curve["applicable"] else ""
