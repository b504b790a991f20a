"""What was found in the data: one item, and the rows that it names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from assay.schema import ROW, Schema

Kind = Literal[
    "wrong_label", "wrong_number", "spelling", "missing_errors", "drift",
    "contradiction", "near_spelling", "rare_categories",
]  # fmt: skip
Certainty = Literal["error", "fact", "hint"]

COLUMNS = (
    *("item", "kind", "certainty", "feature", "finding", "rows", "row_rate"),
    *("effect_of", "effect", "ci_low", "ci_high", "p_value", "excess_loss", "action"),
)
# Columns of the named rows beside those that carry them.
ROW_COLUMNS = (
    *(ROW, "part", "feature", "value", "label", "suggested"),
    *("label_probability", "suggested_probability"),
)
_ORDER: dict[str, int] = {"error": 0, "fact": 1, "hint": 2}
_KINDS = (
    *("wrong_label", "wrong_number", "spelling", "missing_errors", "drift"),
    *("contradiction", "near_spelling", "rare_categories"),
)


@dataclass(frozen=True)
class Found:
    """Something to mend in the table.

    Attributes
    ----------
    kind : str
    certainty : {"error", "fact", "hint"}
        Most likely wrong; so, and to be judged; perhaps worth a look.
    feature : str
        What it is about: a feature, several, or the target.
    finding, action : str
        One or two sentences each.
    rows : int
        Rows concerned.
    row_rate : float
        Their share of the rows that were looked at.
    effect_of : str
        What the effect measures; empty where there is none.
    effect, ci_low, ci_high, p_value : float
        NaN where there is none.
    excess_loss : float
        Sum over the rows of the loss beyond what is expected; the list is sorted by it.
    named : DataFrame
        Rows by name, the worst first: those of `ROW_COLUMNS` that are known.
    """

    kind: Kind
    certainty: Certainty
    feature: str
    finding: str
    action: str
    rows: int
    row_rate: float
    effect_of: str = ""
    effect: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    p_value: float = np.nan
    excess_loss: float = 0.0
    named: pd.DataFrame = field(default_factory=pd.DataFrame)


def in_order(found: Sequence[Found]) -> list[Found]:
    """Sort findings by what to mend first.

    Errors stand before facts, facts before hints; within them what costs most: the rows' loss beyond
    what is expected, then how many rows they are.
    """
    return sorted(
        found,
        key=lambda each: (
            _ORDER[each.certainty],
            -max(each.excess_loss, 0.0),
            -each.rows,
            _KINDS.index(each.kind),
            each.feature,
        ),
    )


def items_table(found: Sequence[Found]) -> pd.DataFrame:
    """Return findings, already in order, as a table with `COLUMNS`."""
    rows = [
        {"item": number, **{name: getattr(each, name) for name in COLUMNS if name != "item"}}
        for number, each in enumerate(found, start=1)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def rows_table(found: Sequence[Found], schema: Schema) -> pd.DataFrame:
    """Return the rows that findings name: `item`, the columns that name a row, then `ROW_COLUMNS`."""
    carried = carried_names(schema)
    columns = ["item", *carried.values(), *ROW_COLUMNS]
    parts = [
        each.named.assign(item=number).reindex(columns=columns)
        for number, each in enumerate(found, start=1)
        if len(each.named)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def carried_names(schema: Schema) -> dict[str, str]:
    """Return the columns that name a row, each with its name beside ours."""
    ours = {"item", *ROW_COLUMNS}
    return {
        name: f"{name} (table)" if name in ours else name
        for name in schema.carried_columns
        if name != schema.target
    }


def named_rows(
    table: pd.DataFrame, schema: Schema, rows: "np.ndarray[Any, np.dtype[np.int64]]"
) -> pd.DataFrame:
    """Return the columns that name some rows, in the order of the positions."""
    carried = {name: new for name, new in carried_names(schema).items() if name in table.columns}
    chosen = table.iloc[rows]
    return chosen[[*carried, ROW]].rename(columns=carried).reset_index(drop=True)
