"""Is the target a function of one column, and is that more than chance?

Two kinds of functions are looked for. *Ordered*: along the column's numbers, equal outcomes stand
together in as many runs as there are outcomes, or up to twice as many less one (a copy, a threshold, a
band, a monotone transform). *By value*: each of few values has one outcome (a relabelling, a code).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaln

from assay.checks.findings import Wanted
from assay.checks.sample import LeakSample, Part, Values, Whole, encoded_outcomes

# A table in which some column determines the target by chance would be one in so many.
_TABLES_PER_ACCIDENT = 1e6
# A class with fewer rows may stand apart without being given away.
_FEW_ROWS = 20
# Fewer rows than this to a value, and the values may name entities that have one outcome each.
_ROWS_PER_VALUE = 20
# Most columns are ruled out by a few rows.
_GLANCE_ROWS = 300


@dataclass(frozen=True)
class Determination:
    """A column that determines the target.

    Attributes
    ----------
    kind : {"ordered", "by value"}
        How.
    row_count, value_count : int
        Rows that have a value, one per group where groups are declared, and their distinct values.
    log10_chance : float
        The base-10 logarithm of an upper bound of the chance of this under permuted outcomes.
    """

    kind: str
    row_count: int
    value_count: int
    log10_chance: float


def find_determination(
    seen: Whole | Part, sample: LeakSample, frame: pd.DataFrame, wanted: Wanted
) -> Determination | None:
    """Say how a feature determines the target; None where it does not.

    Rows without a value are left out: a copy with gaps is still a copy. The sample rules out, the
    whole table confirms.

    Parameters
    ----------
    seen : Whole or Part
        One of what the sample has.
    sample : LeakSample
    frame : DataFrame
        The whole table.
    wanted : Wanted
    """
    if _ruled_out(seen.values, sample):
        return None
    column = seen.of_table(frame, wanted)
    outcome = encoded_outcomes(frame[wanted.data.target], sample.is_class)
    group = wanted.data.group_column
    if group is not None:
        # Rows of one group are no independent evidence.
        triples = pd.DataFrame(
            {"x": column.known(), "y": outcome, "group": frame[group].to_numpy()}
        )
        first = ~triples.duplicated().to_numpy()
        column = _rows_of(column, first)
        outcome = outcome[first]
    x, y = _sorted_known(column, outcome)
    return _determination(x, y, column.numbers is not None, sample)


def _rows_of(values: Values, rows: npt.NDArray[np.bool_]) -> Values:
    return Values(
        None if values.numbers is None else values.numbers[rows],
        None if values.codes is None else values.codes[rows],
    )


def _sorted_known(
    values: Values, outcome: npt.NDArray[Any], part: slice = slice(None)
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the known values in ascending order, and the outcomes beside them."""
    x, y = values.known()[part], outcome[part]
    known = ~values.missing[part]
    x, y = x[known], y[known]
    order = np.argsort(x, kind="stable")
    return x[order], y[order]


def _runs(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> tuple[bool, int, int]:
    """Return whether each value has one outcome, the number of values, and of runs of outcomes."""
    same_value, same_outcome = x[1:] == x[:-1], y[1:] == y[:-1]
    pure = bool((same_outcome | ~same_value).all())
    return pure, int(1 + (~same_value).sum()), int(1 + (~same_outcome).sum())


def _ruled_out(values: Values, sample: LeakSample) -> bool:
    """Say whether a glance, or the sample, shows that there is no function of either kind."""
    x, y = _sorted_known(values, sample.target, slice(_GLANCE_ROWS))
    if len(x) > 1 and not _runs(x, y)[0]:
        return True
    if len(x) < 2 or (values.numbers is not None and _is_ordered(y, sample.is_class)):
        return False
    ordered = values.ordered if values.numbers is not None else np.sort(values.known())
    ordered = ordered[len(ordered) - int((~values.missing).sum()) :]
    distinct = 1 + int((ordered[1:] != ordered[:-1]).sum())
    # As many as the sample would have of a column with just enough rows to each value.
    most = sample.row_count * len(ordered) / len(values.missing) / _ROWS_PER_VALUE
    if distinct > 5 + 1.05 * most * -np.expm1(-len(ordered) / most):
        return True
    return not _runs(*_sorted_known(values, sample.target))[0]


def _is_ordered(y: npt.NDArray[Any], is_class: bool) -> bool:
    """Say whether outcomes, along the column, are intervals of classes, or rise, or fall."""
    if not is_class:
        steps = np.diff(y)
        return bool((steps >= 0).all() or (steps <= 0).all())
    return int(1 + (y[1:] != y[:-1]).sum()) <= 2 * len(np.unique(y)) - 1


def _determination(
    x: npt.NDArray[Any], y: npt.NDArray[Any], is_number: bool, sample: LeakSample
) -> Determination | None:
    if len(x) < 2:
        return None
    pure, values, runs = _runs(x, y)
    counts = np.unique(y, return_counts=True)[1]
    if not pure or len(counts) < 2 or (sample.is_class and np.sort(counts)[-2] < _FEW_ROWS):
        return None
    arrangements = log_arrangements(counts)
    found = []
    if is_number and _is_ordered(y, sample.is_class):
        ways = log_ordered(len(x), runs, len(counts)) if sample.is_class else np.log(2)
        found.append(("ordered", ways - arrangements))
    if len(x) >= _ROWS_PER_VALUE * values:
        found.append(("by value", values * np.log(len(counts)) - arrangements))
    if not found:
        return None
    kind, log_chance = min(found, key=lambda pair: pair[1])
    if log_chance > -np.log(_TABLES_PER_ACCIDENT * sample.seen_count):
        return None
    return Determination(kind, len(x), values, float(log_chance / np.log(10)))


def log_arrangements(counts: npt.NDArray[Any]) -> float:
    """Return the logarithm of how many ways there are to give the rows their outcomes.

    Parameters
    ----------
    counts : ndarray of int
        Rows of each outcome.
    """
    return float(gammaln(counts.sum() + 1) - gammaln(counts + 1).sum())


def log_ordered(rows: int, runs: int, outcomes: int) -> float:
    """Return the logarithm of at most how many arrangements have so few runs.

    Where to cut, times what each run is: for as many runs as outcomes, the orders of the outcomes.
    """
    if runs == outcomes:
        # Without choice of where to cut: the counts are given.
        return float(gammaln(outcomes + 1))
    cuts = gammaln(rows) - gammaln(runs) - gammaln(rows - runs + 1)
    return float(cuts + runs * np.log(outcomes))
