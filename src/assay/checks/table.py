"""Is a table safe to model? Every check looks at the table; none stops at the first fault."""

from collections.abc import Iterable, Mapping

import pandas as pd

from assay.checks.content import CONTENT_CHECKS
from assay.checks.directions import find_directions
from assay.checks.explained_rows import find_explained_rows
from assay.checks.findings import Finding, Wanted, accept_known
from assay.checks.leakage import find_leaks
from assay.checks.structure import STRUCTURE_CHECKS
from assay.checks.target import TARGET_CHECKS, find_unlabelled
from assay.checks.times import TEXT_CHECKS
from assay.finding_codes import OF_TABLE
from assay.schema import rows_at

# What each check makes sure of, in the order of the checklist.
CHECK_CODES: Mapping[str, str] = {
    "missing_column": "declared columns exist",
    "reserved_name": "no column has a reserved name",
    "too_few_rows": "enough rows",
    "no_features": "some column is a feature",
    "unreadable_type": "every feature has a type that a model can read",
    "time_type": "the time column holds timestamps",
    "time_missing": "every row has a time",
    "time_range": "every time lies in the years 1 to 9999",
    "datetime_reference": "ages have a time to be counted to",
    "cost_column": "columns of costs are there and hold numbers",
    "sensitive_column": "sensitive columns are there and make groups",
    "cost_missing": "every row has its costs",
    "cost_nothing": "something can be decided by costs",
    "cost_negative": "no error of a number is a gain",
    "cost_reversed": "no error costs less than being right",
    "expected_direction": "expected directions are of numeric features",
    "explain_rows": "rows to explain are in the table",
    "target_missing": "every row has an outcome",
    "unlabelled_rows": "no row is left out for want of an outcome",
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
    "numeric_id": "no whole numbers like an id",
    "leak_determines_target": "no feature determines the target",
    "leak_missing_by_class": "no feature gives the target away by being missing",
    "leak_single_feature": "no feature alone predicts too well",
    "leak_target_name": "no feature sounds like the target",
    "leak_row_order": "the order of rows does not tell the target",
    "leak_after_decision": "no feature is later than the decision",
    "repeated_entities": "no entities that come back without a group column",
}

# What is only looked for where the target is sound.
LEAK_CODES = frozenset(
    {"numeric_id", "repeated_entities", *(code for code in CHECK_CODES if code.startswith("leak_"))}
)


def check_table(frame: pd.DataFrame, wanted: Wanted) -> list[Finding]:
    """Run every check and return what they found: errors first, what was accepted last.

    Parameters
    ----------
    frame : DataFrame
        The feature table as it was read.
    wanted : Wanted
        What `params.yaml` says of it.
    """
    positions = wanted.labelled(frame)
    rows = rows_at(frame, positions)
    unlabelled = list(find_unlabelled(frame, rows, wanted))
    frame = rows
    structure = [finding for check in STRUCTURE_CHECKS for finding in check(frame, wanted)]
    # Content can only be judged where the columns are, and leaks only where the target is sound.
    if _any_error(structure):
        return accept_known([*structure, *unlabelled], {}, ())
    named = list(find_directions(frame, wanted, wanted.directions))
    named += find_explained_rows(frame, positions, wanted, wanted.explain_rows)
    target = [finding for check in TARGET_CHECKS for finding in check(frame, wanted)]
    checks = (*CONTENT_CHECKS, *TEXT_CHECKS)
    content = [finding for check in checks for finding in check(frame, wanted)]
    leaks = [] if _any_error(target) else list(find_leaks(frame, wanted))
    findings = [*structure, *named, *unlabelled, *target, *content, *leaks]
    looked_for = {code for code in OF_TABLE if not (_any_error(target) and code in LEAK_CODES)}
    return accept_known(findings, wanted.limits.ignore, looked_for)


def _any_error(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)
