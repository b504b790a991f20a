"""`reports/report.html`: one page that holds everything that it shows."""

from collections.abc import Mapping
from typing import Any

from assay.metrics.catalogue import primary_metric
from assay.report.data_feedback import TITLES
from assay.report.facts import ReportFacts
from assay.report.page.curves import page_charts
from assay.report.page.environment import page_environment
from assay.report.page.figures import Figures
from assay.report.page.key_figures import key_figures
from assay.report.page.models import model_facts
from assay.report.page.operating import operating_facts, plain_costs
from assay.report.page.pictures import pictures_of_reasons, pictures_of_rows
from assay.report.page.sections import sections_of
from assay.report.page.splits import time_line
from assay.report.page.weaknesses import weakness_facts
from assay.report.rendering import render
from assay.report.verdict import verdict_of
from assay.report.watch import monitoring_command, monitoring_rules, retraining_trigger, watched


def html_report(facts: ReportFacts) -> str:
    """Return the page: self-contained, without a request to any other place.

    Parameters
    ----------
    facts : ReportFacts
    """
    figures = Figures(facts.metrics)
    template = page_environment(figures).get_template("page/page.html.j2")
    return template.render(_variables(facts))


def _variables(facts: ReportFacts) -> dict[str, Any]:
    params = facts.run["params"]
    tables = facts.tables
    metric = primary_metric(params["task"]["type"], params["task"]["primary_metric"])
    return {
        "folder": "page",
        "run": facts.run,
        "params": params,
        "card": params.get("card"),
        "schema": facts.schema,
        "decision": facts.decision,
        "m": facts.metrics,
        "sections": sections_of(facts.schema.task),
        "verdict": verdict_of(facts),
        "command": monitoring_command(facts),
        "watched": list(watched(facts)),
        "rules": monitoring_rules(facts),
        "trigger": retraining_trigger(facts),
        "keys": key_figures(facts),
        "primary": metric.name,
        "greater_is_better": metric.greater_is_better,
        "confidence": params["evaluate"]["confidence"],
        "time_line": time_line(facts.metrics["split"]),
        "charts": page_charts(facts),
        "charts_css": render("charts.css.j2"),
        "costs": plain_costs(params["threshold"]["costs"]),
        "per_class": tables["per_class"].to_dict("records"),
        "agreement": tables["agreement"].to_dict("records"),
        "directions": tables["directions"].to_dict("records"),
        "reason_pictures": pictures_of_reasons(facts.pictures),
        "row_pictures": pictures_of_rows(facts.pictures),
        "feedback_items": [
            {**row, "title": TITLES[row["kind"]]}
            for row in tables["data_feedback"].to_dict("records")
        ],
        "warnings": _with(facts, "warning"),
        "accepted": _with(facts, "accepted"),
        **model_facts(facts),
        **operating_facts(facts),
        **weakness_facts(facts),
    }


def _with(facts: ReportFacts, severity: str) -> list[Mapping[str, Any]]:
    return [finding for finding in facts.findings if finding["severity"] == severity]
