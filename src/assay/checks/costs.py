"""Checks of the columns that say what decisions cost."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from assay.checks.findings import Check, Finding, Wanted
from assay.column_types import held
from assay.costs import as_numbers, is_number, named_columns
from assay.errors import counted, nearest


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


COST_CHECKS: tuple[Check, ...] = (_cost_columns,)
