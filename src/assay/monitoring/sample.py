"""Rows drawn at random from a stream, the same ones in whatever order they come."""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.metrics.core import FloatArray
from assay.monitoring.rows import HashArray, ScoredRows
from assay.monitoring.watch import Watch
from assay.monitoring.watched_conditions import memberships, slice_of_json
from assay.time_features import TimeArray


@dataclass(frozen=True)
class DrawnRows:
    """What is kept of drawn rows.

    Attributes
    ----------
    keys : ndarray of uint64, shape (n,)
        Ascending.
    predicted : ndarray, shape (n,) or (n, k)
    outcome : ndarray, shape (n,)
        NaN where it is not known.
    times : ndarray of datetime64[us], shape (n,), or None
    groups : ndarray of uint64, shape (n,), or None
    slices : ndarray of bool, shape (n, s)
        Whether each is a row of each watched slice, in their order in the reference.
    """

    keys: HashArray
    predicted: FloatArray
    outcome: FloatArray
    times: TimeArray | None
    groups: HashArray | None
    slices: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "DrawnRows":
        """Return the rows at positions, or of a mask."""
        kept: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        taken: dict[str, Any] = {name: v if v is None else v[rows] for name, v in kept.items()}
        return DrawnRows(**taken)


# Equal to itself alone, so that what is measured on it can be kept beside it.
@dataclass(eq=False)
class RowSample:
    """The rows of a stream with the smallest keys.

    Keys are as good as random, so that the rows are a random sample without replacement (bottom-k),
    and are the same in whatever order, batches and threads they came. What it holds is at most twice
    as many rows as it is asked for.

    Attributes
    ----------
    capacity : int
        The most rows that it ends up with.
    total : int
        Rows that it was drawn from.

    References
    ----------
    Cohen and Kaplan 2007, "Summarizing data using bottom-k sketches".
    """

    capacity: int
    total: int
    _parts: list[DrawnRows] = field(repr=False)

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "RowSample":
        """Draw from some rows."""
        capacity, total = watch.params.sample_rows, len(rows)
        if total > capacity:
            rows = rows.at(rows.keys <= np.partition(rows.keys, capacity - 1)[capacity - 1])
        slices = [slice_of_json(each) for each in watch.reference.get("slices", [])]
        drawn = DrawnRows(
            rows.keys,
            rows.predicted,
            rows.outcome,
            rows.times,
            rows.groups,
            memberships(rows, slices, watch.schema),
        )
        return cls(capacity, total, [_smallest(drawn, capacity)])

    def merge(self, other: "RowSample") -> None:
        """Draw from the rows of another sample, too."""
        self.total += other.total
        self._parts += other._parts
        if sum(map(len, self._parts)) > 2 * self.capacity:
            self._draw()

    @property
    def rows(self) -> DrawnRows:
        """The rows that are drawn, by ascending keys."""
        if len(self._parts) > 1:
            self._draw()
        return self._parts[0]

    @property
    def drawn(self) -> bool:
        """Whether it left out rows."""
        return self.total > self.capacity

    def __len__(self) -> int:
        return min(self.total, self.capacity)

    @property
    def keys(self) -> HashArray:
        """Of the drawn rows; so are the others."""
        return self.rows.keys

    @property
    def predicted(self) -> FloatArray:
        """See `DrawnRows`."""
        return self.rows.predicted

    @property
    def outcome(self) -> FloatArray:
        """See `DrawnRows`."""
        return self.rows.outcome

    @property
    def times(self) -> TimeArray | None:
        """See `DrawnRows`."""
        return self.rows.times

    @property
    def groups(self) -> HashArray | None:
        """See `DrawnRows`."""
        return self.rows.groups

    @property
    def slices(self) -> npt.NDArray[np.bool_]:
        """See `DrawnRows`."""
        return self.rows.slices

    def _draw(self) -> None:
        self._parts = [_smallest(_joined(self._parts), self.capacity)]


def _joined(parts: list[DrawnRows]) -> DrawnRows:
    # A part without rows has nothing to say on whether rows have times.
    told = [part for part in parts if len(part)] or parts[:1]
    joined: dict[str, Any] = {}
    for each in fields(DrawnRows):
        values = [getattr(part, each.name) for part in told]
        joined[each.name] = None if values[0] is None else np.concatenate(values)
    return DrawnRows(**joined)


def _smallest(rows: DrawnRows, capacity: int) -> DrawnRows:
    """Return the rows with the smallest keys; of equal keys, the others decide, never the order."""
    if len(rows) > capacity:
        # All that are equal to the last one stay until the rest of their values is compared.
        last = np.partition(rows.keys, capacity - 1)[capacity - 1]
        rows = rows.take(rows.keys <= last)
    order = np.argsort(rows.keys, kind="stable")
    ordered = rows.keys[order]
    if (ordered[1:] == ordered[:-1]).any():
        order = np.lexsort(_columns(rows))
    return rows.take(order[:capacity])


def _columns(rows: DrawnRows) -> list[npt.NDArray[np.generic]]:
    """Return what rows are sorted by, the keys last, as `lexsort` has it."""
    matrix = rows.predicted.reshape(len(rows), -1)
    columns: list[npt.NDArray[np.generic]] = [*rows.slices.T, *matrix.T, rows.outcome]
    columns += [values for values in (rows.times, rows.groups) if values is not None]
    return [*columns, rows.keys]
