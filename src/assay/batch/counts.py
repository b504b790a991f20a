"""What happened to the rows of an input, added up over its batches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.errors import counted
from assay.row_faults import FaultTally, tally_from_json

# What was read as what, by the kind of a coercion.
_COERCED = {
    "text_as_number": ("text", "numbers"),
    "text_as_missing": ("text", "missing"),
    "text_as_time": ("text", "times"),
    "text_as_duration": ("text", "durations"),
    "date_as_time": ("date", "midnight"),
    "time_as_date": ("time", "dates"),
}


@dataclass
class Counts:
    """Counts of some rows of an input.

    Attributes
    ----------
    batches : int
        Batches that they came in.
    block_rows : int
        Rows of the largest of them.
    seconds : list of float
        How long each was read into the model's form and predicted, in the thread that did it.
    rows_in, rows_scored : int
        The rows that are in neither are those of `faults`.
    outcomes : dict
        Scored rows by what was decided, see `assay.decisions`.
    faults : FaultTally
        Rows that could not be scored.
    coerced : dict
        Values that were read as something else, by column and kind.
    unknown_categories : dict
        Rows with a category that fitting never saw, by feature.
    """

    batches: int = 0
    rows_in: int = 0
    rows_scored: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    faults: FaultTally = field(default_factory=FaultTally)
    coerced: dict[str, dict[str, int]] = field(default_factory=dict)
    unknown_categories: dict[str, int] = field(default_factory=dict)
    block_rows: int = 0
    seconds: list[float] = field(default_factory=list)

    def merge(self, other: "Counts") -> None:
        """Add the counts of later rows."""
        self.batches += other.batches
        self.block_rows = max(self.block_rows, other.block_rows)
        self.seconds += other.seconds
        self.rows_in += other.rows_in
        self.rows_scored += other.rows_scored
        self.faults.merge(other.faults)
        _add(self.outcomes, other.outcomes)
        _add(self.unknown_categories, other.unknown_categories)
        for column, kinds in other.coerced.items():
            _add(self.coerced.setdefault(column, {}), kinds)

    def notes(self) -> list[str]:
        """Say what was read as something else, one sentence each."""
        notes = [
            f"{column}: {counted(count, _COERCED[kind][0])} read as {_COERCED[kind][1]}"
            for column, kinds in self.coerced.items()
            for kind, count in kinds.items()
        ]
        return notes + [
            f"{column}: a category that training did not know in {count:,} row{'s' * (count != 1)}"
            for column, count in self.unknown_categories.items()
        ]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-like value that `counts_from_json` reads back."""
        return {**vars(self), "faults": self.faults.to_json()}


def counts_from_json(content: Mapping[str, Any]) -> Counts:
    """Read back what `Counts.to_json` gave."""
    return Counts(**{**content, "faults": tally_from_json(content["faults"])})


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for key, count in more.items():
        total[key] = total.get(key, 0) + count
