"""How the values of each feature are spread, among the rows of a batch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.monitoring.rows import ScoredRows
from assay.monitoring.watch import Watch

if TYPE_CHECKING:
    from assay.monitoring.check import Check
    from assay.monitoring.tally import Tally


@dataclass
class InputTally:
    """Not there yet."""

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "InputTally":
        """Count rows."""
        return cls()

    def merge(self, other: "InputTally") -> None:
        """Add the counts of later rows."""


def input_checks(tally: "Tally", watch: Watch) -> "list[Check]":
    """Return the checks of every feature."""
    return []


def feature_facts(tally: "Tally", watch: Watch) -> list[dict[str, Any]]:
    """Return what is told of every feature, for the page."""
    return []
