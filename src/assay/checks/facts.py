"""What is found in a table, as `data/validated/findings.json` hands it to the readiness page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from assay.checks.findings import Finding, Wanted
from assay.checks.structure import STRUCTURE_CODES
from assay.checks.table import CHECK_CODES, LEAK_CODES
from assay.column_types import dtype_name
from assay.finding_codes import REQUIRED


def table_facts(frame: pd.DataFrame, wanted: Wanted, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what the page tells of a table, as JSON-like values.

    Parameters
    ----------
    frame : DataFrame
        The feature table as it was read.
    wanted : Wanted
        What `params.yaml` says of it.
    findings : sequence of Finding
        From `check_table`.
    """
    # The most severe stands first.
    found = {finding.code: finding.severity for finding in reversed(findings)}
    features = set(wanted.features(frame))
    has_costs = bool(wanted.costs and wanted.costs.columns())
    roles = {name: key.removeprefix("data.") for name, key in wanted.declared.items()}
    return {
        "table": wanted.data.table,
        "unit": wanted.data.unit,
        "target": wanted.data.target,
        "excluded": wanted.data.exclude_columns,
        "row_count": len(frame),
        "columns": [
            {
                "name": str(name),
                "role": "feature" if name in features else roles.get(name, "feature"),
                "dtype": dtype_name(frame[name]),
                "missing_rate": float(frame[name].isna().mean()) if len(frame) else 0.0,
                "distinct": _distinct_count(frame[name]),
            }
            for name in frame.columns
        ],
        "findings": [asdict(finding) for finding in findings],
        "stopped": bool(STRUCTURE_CODES & set(found)),
        "checks": [
            {"text": text, "state": _state(code, found, wanted)}
            for code, text in CHECK_CODES.items()
            if wanted.task.type in _OF_TASKS.get(code, (wanted.task.type,))
            and (not code.startswith("cost_") or has_costs)
            and (code != "sensitive_column" or wanted.sensitive_columns)
        ],
    }


def _distinct_count(column: "pd.Series[Any]") -> int:
    try:
        return int(column.nunique())
    except TypeError:
        # Lists and the like have no hash.
        return int(column.dropna().astype(str).nunique())


# A check that looks only where another has found nothing.
_AFTER = {
    "time_missing": "time_type",
    "positive_label": "target_classes",
    "cost_missing": "cost_column",
}

# Errors of the target, without which no leak is looked for.
_OF_TARGET = {code for code in REQUIRED if code.startswith("target_")} | {"positive_label"}

# Checks that only some tasks have.
_OF_TASKS = {
    "target_classes": ("binary", "multiclass"),
    "positive_label": ("binary",),
    "rare_class": ("binary", "multiclass"),
    "target_numbers": ("regression",),
    "target_beyond_limits": ("regression",),
    "target_looks_like_classes": ("regression",),
    "cost_nothing": ("binary", "regression"),
    "cost_negative": ("regression",),
    "cost_reversed": ("binary",),
}


def _state(code: str, found: Mapping[str, str], wanted: Wanted) -> str:
    """Return the finding's severity, why there is none, or nothing where the check passed."""
    declared = {
        "time_": wanted.data.time_column,
        "key_": wanted.data.id_columns,
        "group_": wanted.data.group_column,
        "leak_after_": wanted.data.time_column,
    }
    if code in found:
        return found[code]
    if any(code.startswith(prefix) and not column for prefix, column in declared.items()):
        return "no such column is declared"
    stopped = bool(STRUCTURE_CODES & set(found)) and code not in STRUCTURE_CODES
    stopped |= code in LEAK_CODES and any(name in _OF_TARGET for name in found)
    return "not checked" if stopped or _AFTER.get(code) in found else ""
