"""How many rows of a batch share a day, or a group: what they share is counted once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.monitoring.rows import ScoredRows
from assay.monitoring.watch import Watch

if TYPE_CHECKING:
    pass


@dataclass
class ClusterTally:
    """Not there yet."""

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "ClusterTally":
        """Count rows."""
        return cls()

    def merge(self, other: "ClusterTally") -> None:
        """Add the counts of later rows."""


def effective_rows(clusters: "ClusterTally", rows: float, shared: dict[str, float]) -> float:
    """Return how many independent rows tell as much as these.

    Parameters
    ----------
    clusters : ClusterTally
    rows : float
        Rows with a value.
    shared : dict of str to float
        The intraclass correlation within days (`day`) and groups (`group`), where there are some.
    """
    return rows
