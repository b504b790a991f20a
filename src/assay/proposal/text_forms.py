"""What texts look like: numbers, dates, truth values, or none of them."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# A number as any program reads it. "007" is none: as a number it would lose what it is.
NUMBER = r"^[+-]?((0|[1-9][0-9]*)([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$"
WHOLE = r"^[+-]?(0|[1-9][0-9]*)$"
# The form of dates that everybody reads alike: the year first.
ISO_TIME = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
TRUTH = r"^(?i:true|false)$"
# Forms that look like a number or a date, and that nobody can read without knowing who wrote them.
_AMBIGUOUS = {
    "numbers with separators, such as 1,234 or 1.234,5": r"^[+-]?[0-9]{1,3}([,.' ][0-9]{3})+([.,][0-9]+)?$|^[+-]?[0-9]+,[0-9]+$",
    "numbers with a unit, such as $5 or 12%": r"^[$€£¥]\s?[0-9][0-9.,]*$|^[+-]?[0-9][0-9.,]*\s?[%$€£¥]$",
    "dates whose day and month could be swapped": r"^[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{2}|[0-9]{4})( .*)?$",
}


def matches(texts: pa.Array, form: str) -> pa.Array:
    """Return which texts have a form, as booleans."""
    return pc.match_substring_regex(texts, form)


def all_match(texts: pa.Array, form: str) -> bool:
    """Say whether every text has a form; of no texts, none has."""
    # The first ones tell of most columns that they do not.
    head = texts.slice(0, 100)
    if not len(texts) or not pc.all(matches(head, form)).as_py():
        return False
    return bool(pc.all(matches(texts, form)).as_py())


def is_date_text(present: "pd.Series[Any]") -> bool:
    """Say whether all of these texts are dates or times with the year first."""
    texts = as_texts(present)
    return texts is not None and all_match(texts, ISO_TIME)


def as_texts(present: "pd.Series[Any]") -> pa.Array | None:
    """Return texts without missing ones for the functions here; None where they are none."""
    try:
        objects = present if present.dtype == object else present.astype(object)
        texts = pa.array(objects, type=pa.string(), from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError):
        return None
    return texts.drop_null()


def ambiguous_form(texts: pa.Array) -> str | None:
    """Return what most of these texts look like, if it is a form that cannot be read safely."""
    head = texts.slice(0, 1_000)
    for told, form in _AMBIGUOUS.items():
        found = matches(head, form)
        if len(head) and (pc.sum(found).as_py() or 0) >= 0.5 * len(head):
            return told
    return None


def other_than_numbers(texts: pa.Array) -> list[str]:
    """Return the few texts, of a column that is numbers otherwise, that are none; else nothing."""
    numbers = matches(texts, NUMBER)
    count = pc.sum(numbers).as_py() or 0
    if not 0.9 * len(texts) <= count < len(texts):
        return []
    rest: list[str] = pc.unique(texts.filter(pc.invert(numbers))).to_pylist()
    return rest
