"""`reports/data_feedback.md`: what to mend in the table, for its owner."""

import re
from typing import Any

import pandas as pd

from assay.feedback.find import Feedback
from assay.feedback.finding import ROW_COLUMNS
from assay.report.rendering import render
from assay.schema import ROW, Schema

# Rows by name of an item; the others are in the table beside the page.
_ROWS = 10
ROWS_PATH = "reports/tables/data_feedback_rows.csv"
ITEMS_PATH = "reports/tables/data_feedback.csv"

TITLES = {
    "wrong_label": "Labels that look wrong",
    "wrong_number": "Numbers that look wrong",
    "spelling": "One category, written in several ways",
    "missing_errors": "Missing values where the model errs",
    "drift": "Values that moved",
    "contradiction": "Copies with different labels",
    "near_spelling": "Perhaps one category",
    "rare_categories": "Categories with too few rows",
}
_HEADINGS = {
    "label": "label",
    "value": "value",
    "suggested": "looks like",
    "label_probability": "probability of its label",
    "suggested_probability": "of what it looks like",
}
_SHOWN = {
    "wrong_label": ["label", "suggested", "label_probability", "suggested_probability"],
    "wrong_number": ["value", "suggested"],
    "spelling": ["value", "suggested"],
    "contradiction": ["label"],
}


def data_feedback_page(found: Feedback, schema: Schema) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    found : Feedback
    schema : Schema
    """
    items = [_item(row, found.rows) for row in found.items.to_dict("records")]
    kinds = [kind for kind in TITLES if _looked_for(kind, schema)]
    return render(
        "data_feedback.md.j2",
        {"plain": plain},
        items=items,
        of={kind: [item for item in items if item["certainty"] == kind] for kind in _CERTAINTIES},
        nothing=[TITLES[kind] for kind in kinds if kind not in set(found.items["kind"])],
        target=schema.target,
        unit=schema.unit,
        looked_at=found.looked_at,
        rows_path=ROWS_PATH,
        items_path=ITEMS_PATH,
    )


_CERTAINTIES = ("error", "fact", "hint")


def _looked_for(kind: str, schema: Schema) -> bool:
    if kind in {"wrong_label", "contradiction"}:
        return schema.task != "regression"
    return kind != "wrong_number" or schema.task == "regression"


def _item(row: "dict[Any, Any]", rows: pd.DataFrame) -> dict[str, Any]:
    named = rows[rows["item"] == row["item"]]
    shown = _SHOWN.get(row["kind"], [])
    names = [name for name in rows.columns if name not in {"item", *ROW_COLUMNS}]
    columns = [*names, ROW, *shown]
    headings = [*names, "row of the table", *(_HEADINGS[name] for name in shown)]
    if row["kind"] == "spelling":
        headings[-1] = "write"
    return {
        **row,
        "title": TITLES[row["kind"]],
        "headings": headings,
        "table": [
            [_text(value) for value in values]
            for values in named[columns].head(_ROWS).itertuples(index=False, name=None)
        ],
        "named_count": len(named),
    }


def _text(value: Any) -> str:
    """Write a value of a row: probabilities with three digits, times without what they have not."""
    if isinstance(value, float):
        return "-" if pd.isna(value) else f"{value:.3f}"
    if isinstance(value, pd.Timestamp):
        return str(value.date() if value == value.normalize() else value.floor("s"))
    return "-" if pd.isna(value) else str(value)


# What Markdown reads as a mark inside a sentence; an underscore between letters is none.
_MARKS = re.compile(r"[\\`*<&|~$]|(?<![^\W_])_|_(?![^\W_])|(?<=\])\(")


def plain(text: object) -> str:
    """Write a sentence that holds the user's own names so that Markdown shows it as it is."""
    line = re.sub(r"[\r\n\t]+", " ", str(text))
    return _MARKS.sub(lambda mark: f"\\{mark.group()}", line)
