"""`reports/eval_summary.md`: one page in words for whoever decides."""

from assay.report.facts import ReportFacts
from assay.report.rendering import render
from assay.report.verdict import verdict_of


def evaluation_summary(facts: ReportFacts) -> str:
    """Return the summary as Markdown."""
    return render(
        "eval_summary.md.j2", run=facts.run, schema=facts.schema, verdict=verdict_of(facts)
    )
