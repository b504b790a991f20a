"""What a table holds, column by column: types, missing and distinct values, what the texts look like."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.checks.identifiers import is_even
from assay.column_types import DATES, MOMENTS, SECONDS, held
from assay.errors import shown
from assay.proposal.text_forms import is_date_text
from assay.schema import Kind, column_kind

# Of more rows or cells than these, a sample is looked at.
_MOST_ROWS = 300_000
_MOST_CELLS = 20_000_000
_FEWEST_ROWS = 20_000
# Values of a text column that tell what it is like.
_TEXTS = 1_000
_EXAMPLES = 4
# Frequencies of neighbours with a correlation above this are those of a count.
_ALIKE = 0.3
_MOMENTS = frozenset({"time", "date"})


@dataclass(frozen=True)
class Column:
    """What is known of one column.

    Attributes
    ----------
    name, dtype : str
        The type as pandas names it.
    told : str
        The type as a reader names it, such as `text` or `whole number`.
    kind : str or None
        How a model can read it; None where it cannot, and of times, which have parts.
    missing_rate : float
        Over all rows.
    distinct : int or None
        Values that are not missing, of the rows looked at; None where they cannot be compared.
    unique : bool
        Whether every row has a value of its own. Over all rows.
    most_common_rate : float
        Share of the most common value, among those that are there.
    examples : tuple of str
    whole : bool
        Whether it is numbers, and all of them whole.
    low, high : float or None
        Of numbers.
    date_text : bool
        Whether it is dates or times that are written as texts.
    spaced_rate : float
        Share of texts with a space in them.
    counts_things : bool
        Whether it is whole numbers of which near ones are about as frequent, or which thin out
        towards an end, as in a count; the numbers of entities do neither.
    """

    name: str
    dtype: str
    told: str
    kind: Kind | None
    missing_rate: float
    distinct: int | None
    unique: bool
    most_common_rate: float
    examples: tuple[str, ...]
    whole: bool
    low: float | None
    high: float | None
    date_text: bool
    spaced_rate: float
    counts_things: bool

    @property
    def zoned(self) -> bool:
        """Whether it is times with a zone."""
        return self.told == "time" and "," in self.dtype

    @property
    def is_time(self) -> bool:
        """Whether it is dates or times."""
        return self.told in _MOMENTS

    @property
    def is_readable(self) -> bool:
        """Whether a model can read it, or parts of it."""
        return self.kind is not None or self.is_time

    @property
    def is_text(self) -> bool:
        """Whether it is texts, or pandas categories of them."""
        return self.told == "text"

    @property
    def is_number(self) -> bool:
        """Whether it is numbers, booleans not among them."""
        return self.told in {"number", "whole number"}


@dataclass(frozen=True)
class Profile:
    """What is known of a table.

    Attributes
    ----------
    row_count : int
    looked_at : int
        Rows that distinct values, tests and trials are about: all, or a random sample.
    memory_bytes : int
        Of the table in memory.
    columns : dict of str to Column
        In the order of the table.
    """

    row_count: int
    looked_at: int
    memory_bytes: int
    columns: dict[str, Column]

    @property
    def sampled(self) -> bool:
        """Whether not all rows were looked at."""
        return self.looked_at < self.row_count


def sample_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table, or rows drawn at random from a large one, in their order."""
    wanted = min(_MOST_ROWS, max(_FEWEST_ROWS, _MOST_CELLS // max(frame.shape[1], 1)))
    if len(frame) <= wanted:
        return frame
    rows = np.sort(np.random.default_rng(0).choice(len(frame), wanted, replace=False))
    return frame.iloc[rows].reset_index(drop=True)


def profile_table(frame: pd.DataFrame, sample: pd.DataFrame) -> Profile:
    """Look at every column of a table.

    Parameters
    ----------
    frame : DataFrame
        From `assay.artifacts.read_table`.
    sample : DataFrame
        From `sample_of`.
    """
    columns = {name: profile_column(frame[name], sample[name]) for name in map(str, frame.columns)}
    # Texts are objects, whose size takes long to sum up.
    part = sample.head(_FEWEST_ROWS)
    each = float(part.memory_usage(index=False, deep=True).sum()) / max(len(part), 1)
    return Profile(len(frame), len(sample), round(each * len(frame)), columns)


def profile_column(column: "pd.Series[Any]", sample: "pd.Series[Any]") -> Column:
    """Look at one column, of which `sample` has the rows to count values in."""
    present = sample.dropna()
    kind = column_kind(sample)
    told = _told(sample, kind)
    # What no model reads may be lists, which cannot be compared.
    readable = kind is not None or told in _MOMENTS
    counts = present.value_counts(sort=False) if readable else None
    distinct = None if counts is None else int((counts > 0).sum())
    missing = int(column.isna().sum())
    numbers = _numbers(present) if told in {"number", "whole number"} else None
    texts = present.head(_TEXTS).astype(str) if told == "text" else None
    return Column(
        name=str(column.name),
        dtype=str(column.dtype),
        told=told,
        kind=kind,
        missing_rate=missing / max(len(column), 1),
        distinct=distinct,
        unique=bool(len(column) and not missing and distinct == len(sample) and column.is_unique),
        most_common_rate=float(counts.max() / len(present))
        if distinct and counts is not None
        else 0.0,
        examples=_examples(present),
        whole=numbers is not None and bool((numbers == np.floor(numbers)).all()),
        low=float(numbers.min()) if numbers is not None else None,
        high=float(numbers.max()) if numbers is not None else None,
        date_text=texts is not None and is_date_text(present),
        spaced_rate=float(texts.str.contains(r"\s").mean()) if texts is not None else 0.0,
        counts_things=told == "whole number" and counts is not None and _counts_things(counts),
    )


def _told(column: "pd.Series[Any]", kind: Kind | None) -> str:
    """Return the type of a column in a word or two."""
    found = held(column)
    if not column.notna().any():
        return "empty"
    if found in MOMENTS:
        return "date" if found == DATES else "time"
    if found in SECONDS or kind is None:
        return "duration" if found in SECONDS else found
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred == "boolean" or kind == "categorical":
        return "boolean" if inferred == "boolean" else "text"
    return "whole number" if inferred == "integer" else "number"


def _numbers(present: "pd.Series[Any]") -> "np.ndarray[Any, Any] | None":
    try:
        numbers = present.to_numpy(dtype=float)
    except (TypeError, ValueError):
        return None
    numbers = numbers[np.isfinite(numbers)]
    return numbers if len(numbers) else None


def _counts_things(counts: "pd.Series[Any]") -> bool:
    """Say whether near numbers are about as frequent, or the numbers thin out towards an end."""
    counts = counts.sort_index()
    frequency = counts.to_numpy(dtype=float)
    before, after = frequency[:-1], frequency[1:]
    if len(before) < 2:
        return False
    varies = bool(before.std() and after.std())
    if varies and np.corrcoef(before, after)[0, 1] > _ALIKE:
        return True
    return not is_even(counts.index.to_numpy(dtype=float))


def _examples(present: "pd.Series[Any]") -> tuple[str, ...]:
    """Return the first distinct values as one can read them."""
    found: dict[str, None] = {}
    for value in present.head(200):
        found[_example(value)] = None
        if len(found) == _EXAMPLES:
            break
    return tuple(found)


def _example(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, pd.Timestamp):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    return shown(str(value)[:40])


def listed_briefly(names: Sequence[str], most: int = 5) -> str:
    """Join the first names for a comment, and count the rest."""
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(shown(name) for name in names[:most]) + rest
