"""All that is counted of a batch, in memory that does not grow with its rows."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from assay.monitoring.clusters import ClusterTally
from assay.monitoring.inputs import InputTally
from assay.monitoring.joint import JointTally
from assay.monitoring.outputs import OutputTally
from assay.monitoring.rows import ScoredRows
from assay.monitoring.sample import RowSample
from assay.monitoring.watch import Watch
from assay.monitoring.watched_slices import SliceTally


@dataclass
class Tally:
    """Counts of scored rows; those of two halves of a batch merge into those of the whole.

    Attributes
    ----------
    row_count : int
    outcome_count : int
        Rows whose outcome is known.
    first_time, last_time : datetime or None
    inputs, outputs, joint, clusters, slices
        Each a tally with `of(rows, watch)` and `merge(other)`.
    scored : RowSample
        Rows drawn from all.
    judged : RowSample
        Rows drawn from those whose outcome is known.
    """

    row_count: int
    outcome_count: int
    first_time: datetime | None
    last_time: datetime | None
    inputs: InputTally
    outputs: OutputTally
    joint: JointTally
    clusters: ClusterTally
    slices: SliceTally
    scored: RowSample
    judged: RowSample

    def merge(self, other: "Tally") -> None:
        """Add the counts of later rows."""
        self.row_count += other.row_count
        self.outcome_count += other.outcome_count
        starts = [time for time in (self.first_time, other.first_time) if time is not None]
        ends = [time for time in (self.last_time, other.last_time) if time is not None]
        self.first_time, self.last_time = min(starts, default=None), max(ends, default=None)
        for name in ("inputs", "outputs", "joint", "clusters", "slices", "scored", "judged"):
            getattr(self, name).merge(getattr(other, name))


def tally_rows(rows: ScoredRows, watch: Watch) -> Tally:
    """Count rows.

    Parameters
    ----------
    rows : ScoredRows
    watch : Watch
        Its reference may lack what only limits need (`ordinary`).
    """
    known = ~np.isnan(rows.outcome)
    first, last = _ends(rows)
    return Tally(
        len(rows),
        int(known.sum()),
        first,
        last,
        InputTally.of(rows, watch),
        OutputTally.of(rows, watch),
        JointTally.of(rows, watch),
        ClusterTally.of(rows, watch),
        SliceTally.of(rows, watch),
        RowSample.of(rows, watch),
        RowSample.of(rows.at(known), watch),
    )


def _ends(rows: ScoredRows) -> tuple[datetime | None, datetime | None]:
    if rows.times is None or np.isnat(rows.times).all():
        return None, None
    known = rows.times[~np.isnat(rows.times)]
    return pd.Timestamp(known.min()).to_pydatetime(), pd.Timestamp(known.max()).to_pydatetime()
