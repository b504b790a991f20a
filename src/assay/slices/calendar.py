"""Features that repeat what a slice's own clock says: the month of a month, the weekday of a Sunday."""

import numpy as np
import pandas as pd

from assay.schema import Schema
from assay.slices.conditions import Slice, Values, View

# How much better the clock must guess a value than one guess for all rows: what a feature was made
# from may have had another zone.
_TOLD = 0.9


def told_by_clock(each: Slice, view: View, schema: Schema) -> frozenset[str]:
    """Return the features that a slice of times differs in because of its times alone.

    They are functions of the part of the time that it is cut by, or grow or fall with time.
    """
    parts = [view[source] for source in each.sources if source[1]]
    if not parts or schema.time_column is None:
        return frozenset()
    times = view[schema.time_column, "time"]
    return frozenset(
        name
        for name in schema.feature_names
        if _grows(view[name, ""], times) or any(_told(view[name, ""], part) for part in parts)
    )


def _told(values: Values, part: Values) -> bool:
    """Say whether a part of the time tells a value (Goodman and Kruskal's lambda)."""
    counts = pd.DataFrame({"part": part, "value": values}).value_counts()
    usual, total = counts.groupby(level="value").sum().max(), counts.sum()
    guessed = counts.groupby(level="part").max().sum()
    return bool(total > usual and guessed - usual >= _TOLD * (total - usual))


def _grows(values: Values, times: Values) -> bool:
    """Say whether a number only grows, or only falls, with time."""
    if values.dtype.kind != "f":
        return False
    known = np.isfinite(values) & np.isfinite(times)
    steps = np.diff(values[known][np.argsort(times[known], kind="stable")])
    return bool(len(steps) and steps.any() and ((steps >= 0).all() or (steps <= 0).all()))
