"""How features go together: what no single feature shows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.monitoring.rows import ScoredRows
from assay.monitoring.watch import Watch

if TYPE_CHECKING:
    from assay.monitoring.check import Check
    from assay.monitoring.tally import Tally


@dataclass
class JointTally:
    """Not there yet."""

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "JointTally":
        """Count rows."""
        return cls()

    def merge(self, other: "JointTally") -> None:
        """Add the counts of later rows."""


def joint_checks(tally: "Tally", watch: Watch) -> "list[Check]":
    """Return the check of all features together."""
    return []
