"""Checks of the columns that say what decisions cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.checks.findings import Check, Finding, Wanted
from assay.column_types import held
from assay.costs import OF_NUMBERS, as_numbers, is_number, named_columns, row_costs
from assay.errors import counted, nearest
from assay.metrics.core import FloatArray
from assay.schema import same_label, target_labels
from assay.sections import CostParams


def _cost_columns(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for key, name in named_columns(wanted.costs) if wanted.costs else ():
        place, role = f"threshold.costs.{key}", wanted.declared.get(name)
        action = "Name a numeric feature, or a column of data.passthrough_columns."
        if name not in frame.columns:
            close = nearest(name, map(str, frame.columns))
            hint = f" Nearest in the table: {close}." if close else ""
            fault = f"column {name!r}, named in {place}, is not in the table.{hint}"
        elif role and role != "data.passthrough_columns":
            fault = f"{place} names {name!r}, which is in {role}."
            if role == "data.exclude_columns":
                action = "Move it to data.passthrough_columns, where no model sees it either."
        elif not is_number(frame[name]):
            fault = f"{place} names {name!r}, which holds {held(frame[name])}, expected numbers."
            action = "Convert it when the table is made."
        else:
            yield from _unknown(frame[name], name, place)
            continue
        yield Finding("cost_column", "error", fault, action, (name,))


def _unknown(column: "pd.Series[Any]", name: str, place: str) -> Iterator[Finding]:
    count = int((~np.isfinite(as_numbers(column))).sum())
    if count:
        yield Finding(
            "cost_missing",
            "error",
            f"column {name!r}, named in {place}, is missing or infinite in {counted(count, 'row')}, "
            "expected a cost for each.",
            "Mend the column, or put a number in its place in params.yaml.",
            (name,),
            {"unknown_count": count},
        )


@dataclass(frozen=True)
class _Error:
    """A wrong decision, the rows where it can be made, and what it costs there beyond being right."""

    key: str
    right: str
    rows: str
    more: FloatArray


def _cost_differences(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    """Ask what columns of costs can decide; costs that are all numbers were asked with params.yaml."""
    costs = wanted.costs
    if costs is None or not costs.columns():
        return
    of_task = {"binary": _of_classes, "regression": _of_numbers}.get(wanted.task.type)
    errors = of_task(frame, wanted, costs) if of_task else []
    if errors and not any(error.more.any() for error in errors):
        yield Finding(
            "cost_nothing",
            "error",
            "by threshold.costs an error costs as much as being right in every row: nothing can be "
            "decided by them.",
            "Mend the columns, or put numbers in their place in params.yaml.",
            tuple(costs.columns()),
        )
    for error in errors:
        yield from _gains(error, wanted)


def _gains(error: _Error, wanted: Wanted) -> Iterator[Finding]:
    count = int((error.more < 0).sum())
    if not count:
        return
    rate = count / len(error.more)
    fault = (
        f"threshold.costs.{error.key} is less than {error.right} in {counted(count, error.rows)} "
        f"({rate:.1%} of them)"
    )
    columns = tuple(wanted.costs.columns()) if wanted.costs else ()
    evidence = {"row_count": count, "rate": rate}
    if wanted.task.type == "regression":
        action = "Mend the column; an error of a number is no gain."
        yield Finding("cost_negative", "error", f"{fault}.", action, columns, evidence)
        return
    fault += ", where an error costs less than being right."
    action = "Mend the columns, if it is not meant."
    yield Finding("cost_reversed", "warning", fault, action, columns, evidence)


def _of_classes(frame: pd.DataFrame, wanted: Wanted, costs: CostParams) -> list[_Error]:
    known = row_costs(costs, frame)
    if known is None:
        return []
    alarm = known.false_positive - known.true_negative
    miss = known.false_negative - known.true_positive
    positive = _positive(frame, wanted)
    return [
        _Error("false_positive", "threshold.costs.true_negative", "negative row", alarm[~positive]),
        _Error("false_negative", "threshold.costs.true_positive", "positive row", miss[positive]),
    ]


def _of_numbers(frame: pd.DataFrame, wanted: Wanted, costs: CostParams) -> list[_Error]:
    del wanted
    given = {key: getattr(costs, key) for key in OF_NUMBERS}
    return [
        _Error(key, "0", "row", as_numbers(frame[cost]) if isinstance(cost, str) else np.r_[cost])
        for key, cost in given.items()
        if cost is not None
    ]


def _positive(frame: pd.DataFrame, wanted: Wanted) -> npt.NDArray[np.bool_]:
    """Return which rows are positive; none where no value is the label, which another check says."""
    target, label = frame[wanted.data.target], wanted.task.positive_label
    found = [
        each for each in target_labels(target) if label is not None and same_label(each, label)
    ]
    return target.isin(found).to_numpy(dtype=bool)


COST_CHECKS: tuple[Check, ...] = (_cost_columns,)
COST_CONTENT_CHECKS: tuple[Check, ...] = (_cost_differences,)
