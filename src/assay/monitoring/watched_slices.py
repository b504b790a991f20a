"""The slices of the holdout in which the model was weakest, watched by name."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.monitoring.rows import ScoredRows
from assay.monitoring.watch import Watch

if TYPE_CHECKING:
    from assay.monitoring.check import Check
    from assay.monitoring.tally import Tally


@dataclass
class SliceTally:
    """Not there yet."""

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "SliceTally":
        """Count rows."""
        return cls()

    def merge(self, other: "SliceTally") -> None:
        """Add the counts of later rows."""


def slice_checks(tally: "Tally", watch: Watch) -> "list[Check]":
    """Return the checks of watched slices."""
    return []


def slice_facts(tally: "Tally", watch: Watch) -> list[dict[str, Any]]:
    """Return what is told of every watched slice, for the page."""
    return []
