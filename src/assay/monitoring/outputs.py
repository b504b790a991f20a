"""How predictions and decisions are spread, among the rows of a batch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.monitoring.rows import ScoredRows
from assay.monitoring.watch import Watch

if TYPE_CHECKING:
    from assay.monitoring.check import Check
    from assay.monitoring.tally import Tally


@dataclass
class OutputTally:
    """Not there yet."""

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "OutputTally":
        """Count rows."""
        return cls()

    def merge(self, other: "OutputTally") -> None:
        """Add the counts of later rows."""


def output_checks(tally: "Tally", watch: Watch) -> "list[Check]":
    """Return the checks of predictions and decisions."""
    return []


def output_facts(tally: "Tally", watch: Watch) -> dict[str, Any]:
    """Return what is told of predictions and decisions, for the page."""
    return {}
