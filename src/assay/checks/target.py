"""Checks of the target: is it what the task says it is?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from assay.checks.findings import Check, Finding, Wanted
from assay.schema import same_label, target_labels

# More classes than this are rather groups to be merged, or numbers to be predicted.
MOST_CLASSES = 100
# Fewer rows than this of a class teach and judge nothing.
_FEW_ROWS = 20
# A regression's target with this few distinct values looks like classes.
_FEW_VALUES = 5


def _missing(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    name = wanted.data.target
    count = int(frame[name].isna().sum())
    if count:
        yield Finding(
            "target_missing",
            "error",
            f"the target {name!r} is missing in {count} of {len(frame)} rows, expected none.",
            "Drop the rows whose outcome is unknown, or set validate.missing_target to drop.",
            (name,),
            {"missing_count": count},
        )


def find_unlabelled(frame: pd.DataFrame, rows: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    """Tell how many rows of a table are left out because they have no outcome.

    Parameters
    ----------
    frame : DataFrame
        The feature table as it was read.
    rows : DataFrame
        Those of its rows that `Wanted.labelled` names.
    wanted : Wanted
    """
    count = len(frame) - len(rows)
    if count:
        yield Finding(
            "unlabelled_rows",
            "warning",
            f"{count:,} of {len(frame):,} rows have no outcome ({wanted.data.target!r}) and are left "
            "out (validate.missing_target).",
            "Ask why it is missing: the model is judged, and can be believed, for rows like the others.",
            (wanted.data.target,),
            {"missing_count": count},
        )


def _classes(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    if wanted.task.type == "regression":
        return
    name = wanted.data.target
    labels = target_labels(frame[name])
    shown = _shown(labels)
    low, high = (2, 2) if wanted.task.type == "binary" else (3, MOST_CLASSES)
    if not low <= len(labels) <= high:
        expected = "2" if high == 2 else f"{low} to {high}"
        yield Finding(
            "target_classes",
            "error",
            f"the target {name!r} has {len(labels)} distinct values ({shown or 'none'}), expected "
            f"{expected} for task.type {wanted.task.type}.",
            _remedy(len(labels)),
            (name,),
            {"class_count": len(labels)},
        )
    elif wanted.task.type == "binary" and not any(
        same_label(label, wanted.task.positive_label)
        for label in labels
        if wanted.task.positive_label is not None
    ):
        yield Finding(
            "positive_label",
            "error",
            f"task.positive_label {wanted.task.positive_label!r} is no value of the target "
            f"{name!r}, which has {shown}.",
            "Name one of them.",
            (name,),
        )


def _shown(labels: list[Any]) -> str:
    return ", ".join(map(repr, labels[:5])) + (", ..." if len(labels) > 5 else "")


def _remedy(class_count: int) -> str:
    if class_count < 2:
        return "Name another target, or bring rows of other classes."
    fitting = {2: "binary"}.get(class_count, "multiclass")
    if class_count > MOST_CLASSES:
        return "Merge rare classes, or set task.type to regression if it is a number."
    return f"Set task.type to {fitting}, or name another target."


def _rare_class(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    if wanted.task.type == "regression":
        return
    name = wanted.data.target
    counts = frame[name].value_counts()
    rare = counts[counts < _FEW_ROWS].sort_index(key=lambda index: index.map(str))
    if 2 <= len(counts) <= MOST_CLASSES and len(rare):
        listed = ", ".join(f"{label!r} ({count} rows)" for label, count in rare.head(5).items())
        yield Finding(
            "rare_class",
            "warning",
            f"the target {name!r} has classes with fewer than {_FEW_ROWS} rows: {listed}.",
            "Merge them with others, or bring more of their rows; nothing can be judged on so few.",
            (name,),
            {"rare_class_count": len(rare)},
        )


def _numbers(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    if wanted.task.type != "regression":
        return
    name = wanted.data.target
    column = frame[name].dropna()
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        yield Finding(
            "target_numbers",
            "error",
            f"the target {name!r} is of type {frame[name].dtype}, expected numbers for task.type "
            "regression.",
            "Convert it when the table is made, or set another task.type.",
            (name,),
        )
        return
    values = column.to_numpy(dtype=float)
    yield from _range(name, values, wanted.task.target_transform)
    yield from _beyond_limits(name, values, wanted)
    distinct = len(np.unique(values))
    if distinct < 2:
        yield Finding(
            "target_numbers",
            "error",
            f"the target {name!r} has {distinct} distinct values, expected a number that varies.",
            "Name another target.",
            (name,),
        )
    elif distinct <= _FEW_VALUES:
        yield Finding(
            "target_looks_like_classes",
            "warning",
            f"the target {name!r} has {distinct} distinct values only.",
            "If they are classes, set task.type to binary or multiclass.",
            (name,),
            {"distinct_count": distinct},
        )


def _range(name: str, values: Any, transform: str) -> Iterator[Finding]:
    infinite = int(np.isinf(values).sum())
    if infinite:
        yield Finding(
            "target_numbers",
            "error",
            f"the target {name!r} is infinite in {infinite} rows, expected finite numbers.",
            "Mend the division or the overflow that made them, or drop the rows.",
            (name,),
            {"infinite_count": infinite},
        )
    if transform == "log1p" and len(values) and values.min() <= -1:
        yield Finding(
            "target_numbers",
            "error",
            f"the target {name!r} goes down to {values.min():g}, and task.target_transform log1p "
            "needs values above -1.",
            "Set task.target_transform to none.",
            (name,),
        )


def _beyond_limits(name: str, values: Any, wanted: Wanted) -> Iterator[Finding]:
    low, high = wanted.task.clip_low, wanted.task.clip_high
    outside = (values < (-np.inf if low is None else low)) | (
        values > (np.inf if high is None else high)
    )
    count = int(outside.sum())
    if count:
        yield Finding(
            "target_beyond_limits",
            "warning",
            f"the target {name!r} lies beyond task.clip_low and task.clip_high in {count} of "
            f"{len(values)} rows, such as {values[outside][0]:g}; no prediction and no interval reaches them.",
            "Widen the limits, unless that is what they are for.",
            (name,),
            {"beyond_limits_count": count},
        )


TARGET_CHECKS: tuple[Check, ...] = (_missing, _classes, _rare_class, _numbers)
