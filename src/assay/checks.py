"""Is a table safe to model? Every check looks at the table and returns what it found."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from assay.errors import DataError, SchemaError, nearest, numbered
from assay.params import DataParams, TaskParams, ValidateParams
from assay.schema import ROW, column_kind

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """Something about a table that its owner should know.

    Attributes
    ----------
    code : str
        Stable name of the check.
    severity : {"error", "warning"}
        An error stops the pipeline.
    message : str
        What was found where, and what was expected.
    action : str
        What to do next.
    columns : tuple of str
        Where.
    evidence : dict
        The numbers behind it.
    """

    code: str
    severity: Severity
    message: str
    action: str
    columns: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What `params.yaml` says of a table.

    Attributes
    ----------
    data, task, limits : DataParams, TaskParams, ValidateParams
        The sections that the checks read.
    """

    data: DataParams
    task: TaskParams
    limits: ValidateParams

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

    def features(self, frame: pd.DataFrame) -> list[str]:
        """Return the columns that would be features, in the order of the table."""
        data = self.data
        special = {data.target, data.time_column, data.group_column}
        special |= {*data.id_columns, *data.exclude_columns}
        return [name for name in frame.columns if name not in special]


def check_table(frame: pd.DataFrame, wanted: Wanted) -> list[Finding]:
    """Run every check and return what they found, errors first.

    Parameters
    ----------
    frame : DataFrame
        The feature table as it was read.
    wanted : Wanted
        What `params.yaml` says of it.
    """
    structure = [finding for check in _STRUCTURE for finding in check(frame, wanted)]
    findings = list(structure)
    # Content can only be judged where the columns are.
    if not any(finding.severity == "error" for finding in structure):
        findings += [finding for check in _CONTENT for finding in check(frame, wanted)]
    return sorted(findings, key=lambda finding: finding.severity != "error")


def refuse_errors(findings: list[Finding], source: str) -> None:
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


def findings_json(frame: pd.DataFrame, wanted: Wanted, findings: list[Finding]) -> dict[str, Any]:
    """Return the scalars of `metrics/validation.json`."""
    errors = sum(finding.severity == "error" for finding in findings)
    summary: dict[str, Any] = {
        "row_count": len(frame),
        "column_count": frame.shape[1],
        "feature_count": len(wanted.features(frame)),
        "error_count": errors,
        "warning_count": len(findings) - errors,
        "missing_rate": float(frame.isna().mean(axis=None)) if frame.size else 0.0,
    }
    if wanted.data.target in frame.columns and len(frame):
        rate = (frame[wanted.data.target] == wanted.task.positive_label).mean()
        summary["positive_rate"] = float(rate)
    return summary


def _missing_columns(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name, key in wanted.declared.items():
        if name not in frame.columns:
            close = nearest(name, map(str, frame.columns))
            hint = f" Nearest in the table: {close}." if close else ""
            yield Finding(
                "missing_column",
                "error",
                f"column {name!r}, named in {key}, is not in the table.{hint}",
                "Correct the name in params.yaml, or add the column.",
                (name,),
            )


def _reserved_name(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    if ROW in frame.columns:
        yield Finding(
            "reserved_name",
            "error",
            f"column {ROW!r} has the name that Assay gives to a row's position.",
            "Rename it.",
            (ROW,),
        )


def _row_count(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    if len(frame) < wanted.limits.min_rows:
        found = "the table is empty" if frame.empty else f"the table has {len(frame)} rows"
        yield Finding(
            "too_few_rows",
            "error",
            f"{found}, expected at least {wanted.limits.min_rows} (validate.min_rows).",
            "Bring more rows.",
            evidence={"row_count": len(frame)},
        )


def _feature_types(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    names = wanted.features(frame)
    if not names:
        yield Finding("no_features", "error", "no column is left as a feature.", "Exclude fewer.")
    for name in names:
        if column_kind(frame[name], name in wanted.data.categorical_columns) is None:
            yield Finding(
                "unreadable_type",
                "error",
                f"feature {name!r} of type {frame[name].dtype} is neither numbers nor texts.",
                "Convert it, or list it in data.exclude_columns with a reason.",
                (name,),
            )


def _time_column(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    name = wanted.data.time_column
    if name is None or name not in frame.columns:
        return
    if not pd.api.types.is_datetime64_any_dtype(frame[name]):
        yield Finding(
            "time_type",
            "error",
            f"data.time_column {name!r} is of type {frame[name].dtype}, expected timestamps.",
            "Convert it when the table is made.",
            (name,),
        )
    elif frame[name].isna().any():
        count = int(frame[name].isna().sum())
        yield Finding(
            "time_missing",
            "error",
            f"data.time_column {name!r} is missing in {count} rows, expected none.",
            "Drop or mend those rows.",
            (name,),
            {"missing_count": count},
        )


def _target(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    name = wanted.data.target
    target = frame[name]
    if target.isna().any():
        count = int(target.isna().sum())
        yield Finding(
            "target_missing",
            "error",
            f"the target {name!r} is missing in {count} of {len(frame)} rows, expected none.",
            "Drop the rows whose outcome is unknown.",
            (name,),
            {"missing_count": count},
        )
    labels = target.dropna().unique().tolist()
    shown = ", ".join(map(repr, labels[:5])) + (", ..." if len(labels) > 5 else "")
    if len(labels) != 2:
        yield Finding(
            "target_classes",
            "error",
            f"the target {name!r} has {len(labels)} distinct values ({shown or 'none'}), expected "
            "2 for task.type binary.",
            "Name another target, or bring rows of both classes.",
            (name,),
            {"class_count": len(labels)},
        )
    elif wanted.task.positive_label not in labels:
        yield Finding(
            "positive_label",
            "error",
            f"task.positive_label {wanted.task.positive_label!r} is no value of the target "
            f"{name!r}, which has {shown}.",
            "Name one of them.",
            (name,),
        )


def _key(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    names = wanted.data.id_columns
    if not names:
        return
    if frame[names].isna().any(axis=None):
        yield Finding(
            "key_missing",
            "error",
            f"the key ({', '.join(names)}) has missing values, expected none.",
            "Give every row a key, or name other id columns.",
            tuple(names),
        )
    repeated = int(frame.duplicated(names).sum())
    if repeated:
        example = frame.loc[frame.duplicated(names), names].iloc[0].tolist()
        yield Finding(
            "key_repeated",
            "error",
            f"the key ({', '.join(names)}) is repeated in {repeated} rows, such as {example}.",
            "Drop the repeats, or name the columns that do identify a row.",
            tuple(names),
            {"repeated_count": repeated},
        )


def _group_missing(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    name = wanted.data.group_column
    if name and frame[name].isna().any():
        count = int(frame[name].isna().sum())
        yield Finding(
            "group_missing",
            "error",
            f"data.group_column {name!r} is missing in {count} rows, expected none.",
            "Give each row its entity, or set data.group_column to null.",
            (name,),
            {"missing_count": count},
        )


def _infinite(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        if not pd.api.types.is_float_dtype(frame[name]):
            continue
        count = int(np.isinf(frame[name].to_numpy(dtype=float, na_value=np.nan)).sum())
        if count:
            yield Finding(
                "infinite_values",
                "error",
                f"feature {name!r} is infinite in {count} rows, expected finite numbers.",
                "Mend the division or the overflow that made them, or leave them missing.",
                (name,),
                {"infinite_count": count},
            )


def _constant(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        distinct = frame[name].nunique(dropna=True)
        if distinct == 0:
            yield Finding(
                "all_missing",
                "warning",
                f"feature {name!r} has no value at all.",
                "Mend its source, or exclude it.",
                (name,),
            )
        elif distinct == 1 and frame[name].notna().all():
            yield Finding(
                "constant",
                "warning",
                f"feature {name!r} has one value only, {frame[name].iloc[0]!r}.",
                "Exclude it; it can teach nothing.",
                (name,),
            )


def _missingness(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        rate = float(frame[name].isna().mean())
        if wanted.limits.max_missing_rate < rate < 1:
            yield Finding(
                "missing_rate",
                "warning",
                f"feature {name!r} is missing in {rate:.1%} of rows, above "
                f"{wanted.limits.max_missing_rate:.0%} (validate.max_missing_rate).",
                "Ask why; a value that is filled in late may leak the outcome.",
                (name,),
                {"missing_rate": rate},
            )


def _duplicates(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    names = wanted.features(frame)
    if not names:
        return
    rate = float(frame.duplicated([*names, wanted.data.target]).mean())
    if rate > wanted.limits.max_duplicate_rate:
        yield Finding(
            "duplicate_rows",
            "warning",
            f"{rate:.1%} of rows repeat another in every feature and the target, above "
            f"{wanted.limits.max_duplicate_rate:.1%} (validate.max_duplicate_rate).",
            "Drop the repeats; split over train and holdout they flatter the score.",
            evidence={"duplicate_rate": rate},
        )


def _id_like(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        column = frame[name]
        is_float = pd.api.types.is_float_dtype(column)
        if is_float or pd.api.types.is_bool_dtype(column) or not column.notna().any():
            continue
        rate = column.nunique() / int(column.notna().sum())
        if rate > wanted.limits.id_like_unique_rate:
            yield Finding(
                "id_like",
                "warning",
                f"feature {name!r} has {rate:.0%} distinct values, like an id.",
                "List it in data.id_columns, or exclude it: it can only be learnt by heart.",
                (name,),
                {"unique_rate": rate},
            )


def _category_count(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        if column_kind(frame[name], name in wanted.data.categorical_columns) != "categorical":
            continue
        count = int(frame[name].nunique())
        if count > wanted.limits.max_category_count:
            yield Finding(
                "many_categories",
                "warning",
                f"feature {name!r} has {count} categories, above "
                f"{wanted.limits.max_category_count} (validate.max_category_count).",
                "Group the rare ones in the source; they share one column here.",
                (name,),
                {"category_count": count},
            )


Check = Callable[[pd.DataFrame, Wanted], Iterator[Finding]]

_STRUCTURE: tuple[Check, ...] = (
    _missing_columns,
    _reserved_name,
    _row_count,
    _feature_types,
    _time_column,
)
_CONTENT: tuple[Check, ...] = (
    _target,
    _key,
    _group_missing,
    _infinite,
    _constant,
    _missingness,
    _duplicates,
    _id_like,
    _category_count,
)
CHECK_CODES: Mapping[str, str] = {
    "missing_column": "declared columns exist",
    "reserved_name": "no column has a reserved name",
    "too_few_rows": "enough rows",
    "no_features": "some column is a feature",
    "unreadable_type": "every feature is numbers or texts",
    "time_type": "the time column holds timestamps",
    "time_missing": "every row has a time",
    "target_missing": "every row has an outcome",
    "target_classes": "the target has two classes",
    "positive_label": "the positive label occurs",
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
}
# Where one of these is found, the checks of the content wait for the next run.
STRUCTURE_CODES = frozenset(
    {"missing_column", "reserved_name", "too_few_rows", "no_features", "unreadable_type"}
    | {"time_type", "time_missing"}
)
_SCHEMA_CODES = {"missing_column", "reserved_name", "unreadable_type", "time_type"}
