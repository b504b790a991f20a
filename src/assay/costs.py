"""What decisions cost, row by row: numbers of `params.yaml`, or columns of the table.

Costs are in one unit, and a gain is a negative cost. What a row costs is told by its own figures; the
threshold is one for all rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.column_types import NUMBERS, held
from assay.errors import DataError, ParamsError, SchemaError, counted
from assay.metrics.core import FloatArray, LabelArray
from assay.sections import CostParams

OF_CLASSES = ("false_positive", "false_negative", "true_positive", "true_negative")
OF_NUMBERS = ("over_prediction", "under_prediction")


@dataclass(frozen=True)
class RowCosts:
    """What each outcome of a decision costs, for each of n rows.

    Attributes
    ----------
    false_positive, false_negative, true_positive, true_negative : ndarray, shape (n,)
    """

    false_positive: FloatArray
    false_negative: FloatArray
    true_positive: FloatArray
    true_negative: FloatArray

    def of_acting(self, y_true: LabelArray) -> FloatArray:
        """Return what flagging costs each row, given its outcome; shape (n,)."""
        return np.where(y_true == 1, self.true_positive, self.false_positive)

    def of_leaving(self, y_true: LabelArray) -> FloatArray:
        """Return what not flagging costs each row, given its outcome; shape (n,)."""
        return np.where(y_true == 1, self.false_negative, self.true_negative)

    def of_decisions(self, y_true: LabelArray, flagged: npt.NDArray[np.bool_]) -> FloatArray:
        """Return what each row costs as it was decided, shape (n,)."""
        return np.where(flagged, self.of_acting(y_true), self.of_leaving(y_true))

    def with_misses_times(self, factor: float) -> "RowCosts":
        """Return the costs with what a miss costs more than a hit multiplied.

        References
        ----------
        Elkan 2001, "The Foundations of Cost-Sensitive Learning": only the differences of a column of
        the cost matrix matter.
        """
        more = factor * (self.false_negative - self.true_positive)
        return replace(self, false_negative=self.true_positive + more)


@dataclass(frozen=True)
class NumberCosts:
    """What one unit of error costs, for each of n rows.

    Attributes
    ----------
    over, under : ndarray, shape (n,)
        Of a prediction above the outcome, and below it; at least 0.
    """

    over: FloatArray
    under: FloatArray

    def of_predictions(self, y_true: FloatArray, y_pred: FloatArray) -> FloatArray:
        """Return what each prediction costs, shape (n,)."""
        error = y_pred - y_true
        # No error costs 0, not -0.
        return np.where(error > 0, self.over * error, -self.under * error) + 0.0


def row_costs(costs: CostParams, rows: pd.DataFrame) -> RowCosts | None:
    """Return the costs of deciding on rows of two classes; None where they are not known.

    Parameters
    ----------
    costs : CostParams
        The section `threshold.costs`.
    rows : DataFrame, shape (n, ...)
        Has the columns that the section names.

    Raises
    ------
    ParamsError, SchemaError, DataError
        If a column is not there, holds no numbers, or lacks some; so for numbers below.
    """
    if costs.false_positive is None:
        return None
    return RowCosts(*(_cost_values(costs, name, rows) for name in OF_CLASSES))


def number_costs(costs: CostParams, rows: pd.DataFrame) -> NumberCosts | None:
    """Return the costs of predicting too much and too little; None where they are not known."""
    if costs.over_prediction is None:
        return None
    found = NumberCosts(*(_cost_values(costs, name, rows) for name in OF_NUMBERS))
    for name, values in zip(OF_NUMBERS, (found.over, found.under), strict=True):
        if (values < 0).any():
            raise DataError(
                f"threshold.costs.{name}: column {getattr(costs, name)!r} has "
                f"{counted(int((values < 0).sum()), 'value')} below 0, and an error cannot be a gain. "
                "Mend the column."
            )
    return found


def named_columns(costs: CostParams) -> Iterator[tuple[str, str]]:
    """Yield key and column of each cost that is the name of a column."""
    for key in (*OF_CLASSES, *OF_NUMBERS):
        cost = getattr(costs, key)
        if isinstance(cost, str):
            yield key, cost


def told_costs(costs: CostParams) -> str:
    """Say what false alarms and misses cost, and right decisions where that is not nothing."""
    words = {
        "false_positive": "a false positive",
        "false_negative": "a false negative",
        "true_positive": "a true positive",
        "true_negative": "a true negative",
    }
    told = [
        f"{words[key]} {_told_cost(getattr(costs, key))}"
        for key in OF_CLASSES
        if key.startswith("false") or getattr(costs, key) != 0
    ]
    first, *others = told
    first = first.replace("positive ", "positive costs ", 1)
    listed = ", ".join([first, *others[:-1]])
    return f"{listed} and {others[-1]} ({costs.unit})"


def _told_cost(cost: float | str | None) -> str:
    return f"what column {cost} says" if isinstance(cost, str) else f"{cost or 0.0:g}"


def _cost_values(costs: CostParams, key: str, rows: pd.DataFrame) -> FloatArray:
    cost = getattr(costs, key)
    if not isinstance(cost, str):
        # 0, not -0; so for columns.
        return np.full(len(rows), float(cost) + 0.0)
    place = f"threshold.costs.{key}: column {cost!r}"
    if cost not in rows.columns:
        raise ParamsError(
            f"{place} is not in the validated table. Name a numeric feature or passthrough column."
        )
    if not is_number(rows[cost]):
        raise SchemaError(
            f"{place} holds {held(rows[cost])}, expected numbers. Convert it when the table is made, or "
            "list it in data.passthrough_columns, which keeps numbers as they are."
        )
    values = as_numbers(rows[cost])
    unknown = int((~np.isfinite(values)).sum())
    if unknown:
        raise DataError(
            f"{place} is missing or infinite in {counted(unknown, 'row')}, expected a cost for each. "
            "Mend the column."
        )
    return values + 0.0


def is_number(column: "pd.Series[Any]") -> bool:
    """Say whether a column can be a cost."""
    return held(column) == NUMBERS and not isinstance(column.dtype, pd.CategoricalDtype)


def as_numbers(column: "pd.Series[Any]") -> FloatArray:
    """Return a column of numbers as floats, NaN where it is missing."""
    return column.astype("float64").to_numpy(dtype="float64", na_value=np.nan)
