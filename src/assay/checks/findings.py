"""What a check is told, and what it answers."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.errors import DataError, SchemaError, numbered
from assay.finding_codes import UNUSED
from assay.schema import feature_columns
from assay.sections import CostParams, DataParams, Datetimes, TaskParams, ValidateParams

Severity = Literal["error", "warning", "accepted"]
# Errors of these kinds are about columns, not about what is in them.
_SCHEMA_CODES = {
    "missing_column",
    "reserved_name",
    "unreadable_type",
    "time_type",
    "datetime_reference",
    "cost_column",
    "sensitive_column",
    "expected_direction",
}


@dataclass(frozen=True)
class Finding:
    """Something about a table that its owner should know.

    Attributes
    ----------
    code : str
        Stable name of the check.
    severity : {"error", "warning", "accepted"}
        An error stops the pipeline; what `validate.ignore` accepts is only repeated.
    message : str
        What was found where, and what was expected.
    action : str
        What to do next.
    columns : tuple of str
        Where.
    evidence : dict
        The numbers behind it.
    reason : str
        Why it was accepted.
    """

    code: str
    severity: Severity
    message: str
    action: str
    columns: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Wanted:
    """What `params.yaml` says of a table.

    Attributes
    ----------
    data, task, limits : DataParams, TaskParams, ValidateParams
        The sections that the checks read.
    datetimes, datetime_reference
        Keys of `preprocess`: what becomes of dates and times.
    costs : CostParams, optional
        The section `threshold.costs`, whose columns the table must have.
    sensitive_columns, sensitive_min_rows
        Keys of `evaluate`: by which columns decisions are compared, and the rows of a group.
    directions : mapping of str to str
        `interpret.expected_direction`, whose names must be numeric features.
    explain_rows : sequence of str or int
        `interpret.explain_rows`, which the table must have.
    """

    data: DataParams
    task: TaskParams
    limits: ValidateParams
    datetimes: Datetimes = "drop"
    datetime_reference: str | None = None
    costs: CostParams | None = None
    sensitive_columns: Sequence[str] = ()
    sensitive_min_rows: int = 1
    directions: Mapping[str, str] = field(default_factory=dict)
    explain_rows: Sequence[str | int] = ()

    @property
    def declared(self) -> dict[str, str]:
        """Return every column that params name, with the key that names it first."""
        names = {self.data.target: "data.target"}
        keys = {
            "data.id_columns": self.data.id_columns,
            "data.time_column": [self.data.time_column] if self.data.time_column else [],
            "data.group_column": [self.data.group_column] if self.data.group_column else [],
            "data.exclude_columns": list(self.data.exclude_columns),
            "data.categorical_columns": self.data.categorical_columns,
            "data.passthrough_columns": self.data.passthrough_columns,
        }
        for key, columns in keys.items():
            for name in columns:
                names.setdefault(name, key)
        return names

    def labelled(self, frame: pd.DataFrame) -> "npt.NDArray[np.int64]":
        """Return the positions of the rows that are modelled: with an outcome, or all of them."""
        name = self.data.target
        if self.limits.missing_target == "refuse" or name not in frame.columns:
            return np.arange(len(frame), dtype="int64")
        known = frame[name].notna().to_numpy()
        # A target without any value is told as such.
        return np.flatnonzero(known if known.any() else ~known).astype("int64")

    def features(self, frame: pd.DataFrame) -> list[str]:
        """Return the columns that would be features, in the order of the table."""
        return feature_columns(frame, self.data)


Check = Callable[[pd.DataFrame, Wanted], Iterator[Finding]]


_ORDER = ("error", "warning", "accepted")


def accept_known(
    findings: Iterable[Finding], ignore: Mapping[str, str], codes: Collection[str]
) -> list[Finding]:
    """Mark what `validate.ignore` accepts, and return errors first, what is accepted last.

    Parameters
    ----------
    findings : iterable of Finding
    ignore : dict of str to str
        The reasons by `code`, for all findings of it, or by `code:column`.
    codes : collection of str
        The codes that were looked for; an entry of one of them that matches nothing is a warning.
    """
    marked, used = [], set()
    for finding in findings:
        entries = [finding.code, *(f"{finding.code}:{column}" for column in finding.columns)]
        matching = [entry for entry in entries if entry in ignore]
        used.update(matching)
        if matching:
            # The narrower entry has the closer reason.
            reason = ignore[matching[-1]]
            marked.append(replace(finding, severity="accepted", reason=reason))
        else:
            marked.append(finding)
    marked += [
        Finding(
            UNUSED,
            "warning",
            f"validate.ignore accepts {entry!r}, which was not found.",
            "Delete the entry, or correct its column.",
            evidence={"entry": entry},
        )
        for entry in ignore
        if entry.partition(":")[0] in codes and entry not in used
    ]
    return sorted(marked, key=lambda finding: _ORDER.index(finding.severity))


def refuse_errors(findings: Sequence[Finding], source: str) -> None:
    """Stop if a finding is an error, with all of them in one message.

    Raises
    ------
    SchemaError
        If columns are missing or of a wrong type.
    DataError
        If the content cannot be modelled.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        faults = [f"{source}: {finding.message} {finding.action}" for finding in errors]
        kind = SchemaError if errors[0].code in _SCHEMA_CODES else DataError
        raise kind(numbered(faults))


def findings_json(
    frame: pd.DataFrame, wanted: Wanted, findings: Sequence[Finding]
) -> dict[str, Any]:
    """Return the scalars of `metrics/validation.json`, of the rows that are modelled."""
    counts = Counter(finding.severity for finding in findings)
    summary: dict[str, Any] = {
        "row_count": len(frame),
        "column_count": frame.shape[1],
        "feature_count": len(wanted.features(frame)),
        "error_count": counts["error"],
        "warning_count": counts["warning"],
        "accepted_count": counts["accepted"],
        "missing_rate": float(frame.isna().mean(axis=None)) if frame.size else 0.0,
    }
    if wanted.data.target in frame.columns and len(frame):
        summary |= _target_summary(frame[wanted.data.target], wanted.task)
    return summary


def _target_summary(target: "pd.Series[Any]", task: TaskParams) -> dict[str, Any]:
    if task.type == "binary":
        return {"positive_rate": float((target == task.positive_label).mean())}
    if task.type == "multiclass":
        rates = target.value_counts(normalize=True)
        return {
            "class_count": len(rates),
            "largest_class_rate": float(rates.max()) if len(rates) else 0.0,
            "smallest_class_rate": float(rates.min()) if len(rates) else 0.0,
        }
    # Texts and infinities are told by the findings.
    numbers = pd.to_numeric(target, errors="coerce").astype("float64")
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return {}
    return {
        "target_mean": float(numbers.mean()),
        "target_median": float(numbers.median()),
        "target_min": float(numbers.min()),
        "target_max": float(numbers.max()),
    }
