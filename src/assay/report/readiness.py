"""`reports/readiness.md`: the checklist that a person reads before modelling."""

from collections.abc import Mapping
from typing import Any

from assay.report.rendering import render


def readiness_page(table: Mapping[str, Any], split: Mapping[str, Any] | None = None) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    table : dict
        From `table_facts`.
    split : dict, optional
        From `SplitProof.to_json`; None if the table is not split yet.
    """
    found = [*table["findings"], *(split["findings"] if split else [])]
    found.sort(key=lambda finding: finding["severity"] != "error")
    findings = [finding for finding in found if finding["severity"] != "accepted"]
    return render(
        "readiness.md.j2",
        table=table,
        split=split["metrics"] if split else None,
        findings=findings,
        accepted=[finding for finding in found if finding["severity"] == "accepted"],
        error_count=sum(finding["severity"] == "error" for finding in findings),
    )
