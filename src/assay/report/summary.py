"""`reports/eval_summary.md`: one page in words for whoever decides."""

from assay.metrics.words import metric_words
from assay.report.decided import decision_words
from assay.report.facts import ReportFacts
from assay.report.prose import unsaid
from assay.report.rendering import render, tidy
from assay.report.verdict import verdict_of
from assay.report.watch import monitoring_command, monitoring_rules, retraining_trigger, watched

# So many of each list; the card has all.
_SHOWN = 4


def evaluation_summary(facts: ReportFacts) -> str:
    """Return the summary as Markdown: what it is, how good, whether to ship, what to watch."""
    verdict = verdict_of(facts)
    holdout = facts.metrics["holdout"]
    text = render(
        "eval_summary.md.j2",
        run=facts.run,
        schema=facts.schema,
        m=facts.metrics,
        holdout=holdout,
        prose=facts.run["params"]["card"],
        unsaid=unsaid(facts.run["params"]["card"]),
        verdict=verdict,
        doubts=verdict.doubts[:_SHOWN],
        weak_spots=verdict.weak_spots[:_SHOWN],
        metric=metric_words(holdout["gate"]["metric"]),
        decided=decision_words(facts),
        command=monitoring_command(facts),
        watched=list(watched(facts)),
        rules=monitoring_rules(facts),
        trigger=retraining_trigger(facts),
    )
    return tidy(text)
