"""Is a table safe to model? Every check looks at the table; none stops at the first fault."""

from collections.abc import Mapping

import pandas as pd

from assay.checks.content import CONTENT_CHECKS
from assay.checks.findings import Finding, Wanted
from assay.checks.structure import STRUCTURE_CHECKS
from assay.checks.target import TARGET_CHECKS
from assay.checks.times import TEXT_CHECKS

# What each check makes sure of, in the order of the checklist.
CHECK_CODES: Mapping[str, str] = {
    "missing_column": "declared columns exist",
    "reserved_name": "no column has a reserved name",
    "too_few_rows": "enough rows",
    "no_features": "some column is a feature",
    "unreadable_type": "every feature is numbers or texts",
    "time_type": "the time column holds timestamps",
    "time_missing": "every row has a time",
    "time_range": "every time lies in the years 1 to 9999",
    "datetime_reference": "ages have a time to be counted to",
    "target_missing": "every row has an outcome",
    "target_classes": "the target has as many classes as the task",
    "positive_label": "the positive label occurs",
    "rare_class": "no class with very few rows",
    "target_numbers": "the target is a finite number that varies",
    "target_beyond_limits": "the target lies within the limits of predictions",
    "target_looks_like_classes": "the target has more values than classes have",
    "key_missing": "every row has a key",
    "key_repeated": "the key is unique",
    "group_missing": "every row has a group",
    "infinite_values": "no infinite values",
    "constant": "no constant feature",
    "all_missing": "no feature without values",
    "missing_rate": "no feature mostly missing",
    "duplicate_rows": "few duplicate rows",
    "id_like": "no feature like an id",
    "many_categories": "no feature with very many categories",
    "text_dates": "no dates or times as texts",
}


def check_table(frame: pd.DataFrame, wanted: Wanted) -> list[Finding]:
    """Run every check and return what they found, errors first.

    Parameters
    ----------
    frame : DataFrame
        The feature table as it was read.
    wanted : Wanted
        What `params.yaml` says of it.
    """
    structure = [finding for check in STRUCTURE_CHECKS for finding in check(frame, wanted)]
    findings = list(structure)
    # Content can only be judged where the columns are.
    if not any(finding.severity == "error" for finding in structure):
        checks = (*TARGET_CHECKS, *CONTENT_CHECKS, *TEXT_CHECKS)
        findings += [finding for check in checks for finding in check(frame, wanted)]
    return sorted(findings, key=lambda finding: finding.severity != "error")
