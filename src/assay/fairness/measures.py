"""What is measured of each group: rates of decisions, and means of errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.conformal import interval_rule_from_json
from assay.decisions.rows import Rows
from assay.metrics.core import FloatArray
from assay.schema import Schema

BoolArray = npt.NDArray[np.bool_]

# The class under which rows stand that are left undecided.
UNDECIDED = "(undecided)"


@dataclass(frozen=True)
class Measure:
    """A mean over some rows of each group.

    Attributes
    ----------
    name : str
    within : ndarray of bool, shape (n,)
        The rows that it is about, such as those of a positive outcome.
    values : ndarray, shape (n,)
        0 and 1 for a rate.
    is_rate : bool
    tested : bool
        Whether groups are compared by it. A group's prevalence is no doing of the model.
    empty : str
        Why a group without such rows has no value.
    is_root : bool
        Whether the root of the mean is told.
    """

    name: str
    within: BoolArray
    values: FloatArray
    is_rate: bool
    tested: bool
    empty: str = ""
    is_root: bool = False


@dataclass(frozen=True)
class View:
    """What is decided of each row, or predicted: one view for two classes and for numbers.

    Attributes
    ----------
    label : str
        The class that is told from the others; empty where there is nothing to tell apart.
    measures : tuple of Measure
    y_true, selected : ndarray of bool, optional
        Whether a row has the class, and is decided for it.
    """

    label: str
    measures: tuple[Measure, ...]
    y_true: BoolArray | None = None
    selected: BoolArray | None = None


def views_of(schema: Schema, decision: Mapping[str, Any], rows: Rows) -> list[View]:
    """Return what the shipped decision does to rows.

    Two classes have one view, of the positive one; more have one for each class against the others,
    and one for the rows left undecided, if some may be; numbers have their errors.

    Parameters
    ----------
    schema : Schema
    decision : dict
        The content of `models/decision.json`.
    rows : Rows
    """
    if schema.task == "regression":
        return [View("", _of_numbers(decision, rows))]
    if schema.task == "binary":
        positive = rows.y_true.astype(int) == 1
        return [_of_class("", positive, rows.predicted >= decision["threshold"], rows.predicted)]
    decided = rows.predicted.max(axis=1) >= decision["min_confidence"]
    chosen = np.where(decided, rows.predicted.argmax(axis=1), -1)
    views = [
        _of_class(str(label), rows.y_true == code, chosen == code, rows.predicted[:, code])
        for code, label in enumerate(schema.labels)
    ]
    if decision["min_confidence"] > 0:
        every = np.ones(len(decided), dtype=bool)
        left = Measure("selection_rate", every, (~decided).astype(float), True, True)
        views.append(View(UNDECIDED, (left,), None, ~decided))
    return views


def _of_class(label: str, y_true: BoolArray, selected: BoolArray, score: FloatArray) -> View:
    every = np.ones(len(y_true), dtype=bool)
    outcome, acted = y_true.astype(float), selected.astype(float)
    return View(
        label,
        (
            Measure("prevalence", every, outcome, True, False),
            Measure("selection_rate", every, acted, True, True),
            Measure("tpr", y_true, acted, True, True, "no row is positive"),
            Measure("fpr", ~y_true, acted, True, True, "no row is negative"),
            Measure("precision", selected, outcome, True, True, "no row is selected"),
            Measure("mean_score", every, score, False, False),
            Measure("calibration_gap", every, score - outcome, False, True),
        ),
        y_true,
        selected,
    )


def _of_numbers(decision: Mapping[str, Any], rows: Rows) -> tuple[Measure, ...]:
    every = np.ones(len(rows.y_true), dtype=bool)
    outcome = rows.y_true.astype(float)
    error = rows.predicted - outcome
    low, high = interval_rule_from_json(decision).interval(rows.predicted)
    inside = ((outcome >= low) & (outcome <= high)).astype(float)
    return (
        Measure("mean_outcome", every, outcome, False, False),
        Measure("mean_error", every, error, False, True),
        Measure("mae", every, np.abs(error), False, True),
        Measure("rmse", every, error**2, False, False, is_root=True),
        Measure("coverage", every, inside, True, True),
    )
