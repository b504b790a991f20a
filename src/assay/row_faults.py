"""Why rows cannot be scored: a code for each reason, and the sentence that counts them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.errors import counted

# The codes stand in rejected rows and in receipts.
NOT_A_NUMBER = "not_a_number"
INFINITE = "infinite"
TOO_LARGE = "too_large"
NOT_A_TIME = "not_a_time"
NOT_A_DURATION = "not_a_duration"
ZONE_MISMATCH = "zone_mismatch"
OUT_OF_RANGE = "time_out_of_range"
WRONG_FIELD_COUNT = "wrong_field_count"
NOT_JSON = "not_json"
NESTED_VALUE = "nested_value"

# How long a quoted value may be in a message.
_QUOTED = 60


@dataclass(frozen=True)
class Fault:
    """A value for which a row cannot be scored.

    Attributes
    ----------
    row : int
        Position in the table or batch, from 0.
    reason : str
        A code.
    column : str or None
        Where it stands; None where a whole line is at fault.
    value : str
        What stands there.
    """

    row: int
    reason: str
    column: str | None
    value: str


@dataclass
class FaultTally:
    """Counts of faults by place and reason, each with its first example.

    Attributes
    ----------
    rows : int
        Rows with at least one fault.
    reasons : dict
        Rows by the reason of their first fault.
    """

    rows: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _examples: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def add(self, faults: Iterable[Fault], places: Mapping[int, str] | None = None) -> None:
        """Count faults of rows that were not counted before.

        Parameters
        ----------
        faults : iterable of Fault
        places : mapping, optional
            How to name a row to the user, by position; the position plus 1 where absent.
        """
        first: dict[int, Fault] = {}
        for fault in faults:
            first.setdefault(fault.row, fault)
            key = (fault.column or "", fault.reason)
            self._counts[key] = self._counts.get(key, 0) + 1
            place = (places or {}).get(fault.row, f"row {fault.row + 1}")
            self._examples.setdefault(key, (place, fault.value))
        self.rows += len(first)
        for fault in first.values():
            self.reasons[fault.reason] = self.reasons.get(fault.reason, 0) + 1

    def merge(self, other: "FaultTally") -> None:
        """Add the counts of later rows."""
        self.rows += other.rows
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        for key, count in other._counts.items():
            self._counts[key] = self._counts.get(key, 0) + count
            self._examples.setdefault(key, other._examples[key])

    def told(self) -> list[str]:
        """Return a phrase for each place and reason, such as `temp: infinite in 2 rows (row 7: 'inf')`."""
        phrases = []
        for (column, reason), count in self._counts.items():
            place, value = self._examples[(column, reason)]
            short = value if len(value) <= _QUOTED else f"{value[:_QUOTED]}..."
            where = f"{column}: " if column else ""
            words = reason.replace("_", " ")
            phrases.append(f"{where}{words} in {counted(count, 'row')} ({place}: {short!r})")
        return phrases

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-like value that `tally_from_json` reads back."""
        places = [
            {"column": column, "reason": reason, "count": count, "first": self._examples[key][0],
             "value": self._examples[key][1]}
            for key, count in self._counts.items()
            for column, reason in [key]
        ]  # fmt: skip
        return {"rows": self.rows, "reasons": dict(self.reasons), "places": places}


def tally_from_json(content: Mapping[str, Any]) -> FaultTally:
    """Read back what `FaultTally.to_json` gave."""
    tally = FaultTally(int(content["rows"]), dict(content["reasons"]))
    for place in content["places"]:
        key = (place["column"], place["reason"])
        tally._counts[key] = place["count"]
        tally._examples[key] = (place["first"], place["value"])
    return tally
