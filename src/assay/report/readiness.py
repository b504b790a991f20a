"""`reports/readiness.md`: the checklist that a person reads before modelling."""

from collections.abc import Sequence

import pandas as pd

from assay.checks.findings import Finding, Wanted
from assay.checks.structure import STRUCTURE_CODES
from assay.checks.table import CHECK_CODES
from assay.report.rendering import render


def readiness_page(frame: pd.DataFrame, wanted: Wanted, findings: Sequence[Finding]) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    frame : DataFrame
        The feature table as it was read.
    wanted : Wanted
        What `params.yaml` says of it.
    findings : sequence of Finding
        From `check_table`.
    """
    found = {finding.code: finding.severity for finding in findings}
    stopped = bool(STRUCTURE_CODES & set(found))
    features = set(wanted.features(frame))
    roles = {name: key.removeprefix("data.") for name, key in wanted.declared.items()}
    columns = [
        {
            "name": name,
            "role": "feature" if name in features else roles.get(name, "feature"),
            "dtype": str(frame[name].dtype),
            "missing_rate": float(frame[name].isna().mean()) if len(frame) else 0.0,
            "distinct": int(frame[name].astype(str).nunique()),
        }
        for name in frame.columns
    ]
    return render(
        "readiness.md.j2",
        data=wanted.data,
        row_count=len(frame),
        columns=columns,
        findings=findings,
        error_count=sum(finding.severity == "error" for finding in findings),
        stopped=stopped,
        checks=[
            (
                text,
                found.get(code, "not checked" if stopped and code not in STRUCTURE_CODES else ""),
            )
            for code, text in CHECK_CODES.items()
        ],
    )
