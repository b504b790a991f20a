"""What listed rows have in common: one supplier, one month, one category."""

from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.schema import category_text
from assay.uncertainty.many import holm_adjusted

# Values that fewer rows have are not looked at, and neither are columns with more values.
_FEWEST, _MOST_VALUES = 5, 1_000
# Told are values that so many listed rows have, and so many times the share of all rows.
_LEAST_SHARE, _TIMES = 0.3, 3.0
_ALPHA = 0.01


def what_they_share(evidence: Evidence, rows: "np.ndarray[Any, np.dtype[np.int64]]") -> str:
    """Return a sentence about the value that most distinguishes out-of-fold rows from all, or nothing.

    Looks at categories, the group and the columns that name rows. A value is told where at least 30% of
    the rows have it, three times the share of all rows, and that would be rare by chance (hypergeometric,
    Holm over all values, 1%).
    """
    from scipy.stats import hypergeom

    schema, table = evidence.schema, evidence.out_of_fold.rows
    names = [*schema.names_of("categorical"), *schema.carried_columns]
    tried: list[tuple[str, str, int, int]] = []
    for name in dict.fromkeys(names):
        if name == schema.time_column or name not in table.columns or name in schema.id_columns:
            continue
        texts = category_text(table[name]).fillna("(missing)")
        counts = texts.value_counts()
        if len(counts) > _MOST_VALUES:
            continue
        inside: pd.Series[Any] = texts.iloc[rows].value_counts()
        for value in sorted(inside.index):
            if int(inside[value]) >= _FEWEST:
                tried.append((name, str(value), int(inside[value]), int(counts[value])))
    if not tried:
        return ""
    n, listed = len(table), len(rows)
    chances = holm_adjusted(
        np.array([hypergeom.sf(got - 1, n, total, listed) for _, _, got, total in tried])
    )
    told = [
        (chance, -got, name, value, got, total)
        for chance, (name, value, got, total) in zip(chances, tried, strict=True)
        if chance <= _ALPHA and got >= _LEAST_SHARE * listed and got / listed >= _TIMES * total / n
    ]
    if not told:
        return ""
    _, _, name, value, got, total = min(told)
    return (
        f" Of them {got:,} ({got / listed:.0%}) have {name} = {value}, as {total / n:.1%} of all "
        "rows do: look there first."
    )
