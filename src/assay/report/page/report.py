"""`reports/report.html`: one page that holds everything that it shows."""

from html import escape

from assay.report.facts import ReportFacts
from assay.report.verdict import verdict_of


def html_report(facts: ReportFacts) -> str:
    """Return the page."""
    title = escape(f"{facts.schema.target} per {facts.schema.unit}")
    said = escape(verdict_of(facts).sentence)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><main><h1>{title}</h1><p>{said}</p></main></body></html>\n"
    )
