"""Has one of a column's two values a single outcome, and most rows of that outcome?

A flag that is set once the outcome is known has such a value. Its score is not high where it was
forgotten in some rows, and no column is missing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.checks.missing import missing_by_class
from assay.checks.sample import LeakSample, Values
from assay.schema import category_text
from assay.sections import DataParams

# A value with fewer rows is no proof, and one with less of the outcome may well be a trait.
_FEW_ROWS, _LEAST_SHARE = 20, 0.5


@dataclass(frozen=True)
class TellingValue:
    """A value that one outcome alone has.

    Attributes
    ----------
    value, outcome : str
        As texts.
    row_count : int
        Rows of the sample with the value.
    outcome_share : float
        Their share of all rows with the outcome.
    score : float
        What the value alone reaches: the best AUC of a class against the rest, of rows that are
        independent evidence.
    """

    value: str
    outcome: str
    row_count: int
    outcome_share: float
    score: float


def telling_value(
    name: str, values: Values, sample: LeakSample, data: DataParams
) -> TellingValue | None:
    """Look at a feature of two values where the target is a class; None where neither tells it.

    Parameters
    ----------
    name : str
        The feature's.
    values : Values
        For the rows of the sample.
    sample : LeakSample
    data : DataParams
        Names the target, and the group column: rows of one group are no independent evidence.
    """
    if not sample.is_class or _has_more_than_two(values):
        return None
    rows = np.flatnonzero(~values.missing)
    x, codes = np.unique(values.known()[rows], return_inverse=True)
    classes, outcomes = np.unique(sample.target[rows], return_inverse=True)
    if len(x) != 2 or len(classes) < 2:
        return None
    evidence = np.ones(len(rows), dtype=bool)
    if data.group_column is not None:
        group = sample.frame[data.group_column].to_numpy()[rows]
        repeated = pd.DataFrame({"x": codes, "y": outcomes, "group": group}).duplicated()
        evidence = ~repeated.to_numpy()
    found = missing_by_class(codes[evidence] == 1, outcomes[evidence], sample.seen_count)
    if not found.one_sided or found.row_count < _FEW_ROWS:
        return None
    has_value = codes == (1 if found.missing_known == "missing" else 0)
    share = float(has_value.sum() / (outcomes == found.outcome).sum())
    if share < _LEAST_SHARE:
        return None
    # All rows with the value have the outcome, so that one shows both.
    shown = sample.frame.iloc[rows[has_value][:1]]
    return TellingValue(
        category_text(shown[name]).iloc[0],
        category_text(shown[data.target]).iloc[0],
        int(has_value.sum()),
        share,
        found.score,
    )


def _has_more_than_two(values: Values) -> bool:
    """Say so without looking at all rows of most columns."""
    if values.numbers is None:
        return bool(values.known().max() > 1)
    ordered = values.ordered
    inner = ordered[(ordered != ordered[0]) & (ordered != ordered[-1])] if len(ordered) else ordered
    return len(inner) > 0
