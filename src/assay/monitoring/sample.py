"""Rows drawn at random from a stream, the same ones in whatever order they come."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.monitoring.rows import ScoredRows
from assay.monitoring.watch import Watch

if TYPE_CHECKING:
    pass


@dataclass
class RowSample:
    """Not there yet."""

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "RowSample":
        """Count rows."""
        return cls()

    def merge(self, other: "RowSample") -> None:
        """Add the counts of later rows."""
