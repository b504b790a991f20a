"""Which other feature decides what a feature does: what SHAP values vary with, beside its own value."""

from typing import Any

import numpy as np
import pandas as pd

from assay.checks.sample import number_bins
from assay.interpretation.associations import category_codes, centred_ranks, correlation_ratio
from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import IntArray

COLUMNS = ["feature", "interacts_with", "share"]
# Bins of a feature's own value.
_BINS = 10
# Less of what is left is no interaction that a picture could show.
_LEAST = 0.1
# Rows of a bin from which it is judged.
_FEWEST = 30


def strongest_interactions(
    values: pd.DataFrame, features: pd.DataFrame, names: list[str]
) -> pd.DataFrame:
    """Return, for each named feature, the one that explains most of its SHAP values' vertical spread.

    The rows are cut into bins of the feature's own value (ten of about as many rows each; categories).
    Within each, its SHAP values are compared with the ranks of each other number (the square of their
    correlation) and with each other category (the correlation ratio), both corrected for chance. The
    mean over bins is weighted by the sum of squares in them.

    Parameters
    ----------
    values, features : DataFrame, shape (n, p)
        SHAP values, and the features in model form.
    names : list of str
        Of the features.

    Returns
    -------
    DataFrame
        `feature`, `interacts_with` (null where nothing explains a tenth), `share` (of the variance
        within bins, 0 to 1).
    """
    ranks, codes = _described(features)
    rows = []
    for name in names:
        own = values[name].to_numpy(dtype=float)
        bins = own_bins(features[name])
        parts = [np.flatnonzero(bins == each) for each in np.unique(bins)]
        best, partner = 0.0, None
        for other in features.columns:
            described = ranks[other] if other in ranks else codes[other]
            share = 0.0 if other == name else _share(own, parts, described, other in codes)
            if share > best:
                best, partner = share, other
        rows.append((name, partner if best >= _LEAST else None, best))
    return pd.DataFrame(rows, columns=COLUMNS)


def own_bins(column: "pd.Series[Any]") -> IntArray:
    """Return the bin of each value: about ten of a number, its categories; missing is one."""
    if not pd.api.types.is_numeric_dtype(column):
        return category_codes(column)
    numbers = column.to_numpy(dtype=float)
    return number_bins(numbers, np.sort(numbers[~np.isnan(numbers)]), _BINS)


def _described(features: pd.DataFrame) -> tuple[dict[str, FloatArray], dict[str, IntArray]]:
    ranks, codes = {}, {}
    for name in features.columns:
        if pd.api.types.is_numeric_dtype(features[name]):
            ranks[name] = centred_ranks(features[[name]])[:, 0]
        else:
            codes[name] = category_codes(features[name])
    return ranks, codes


def _share(own: FloatArray, parts: list[IntArray], other: Any, is_category: bool) -> float:
    """Return the share of the variance within bins that another feature explains."""
    explained = total = 0.0
    for rows in parts:
        values = own[rows]
        squares = float(((values - values.mean()) ** 2).sum())
        # What is smaller than the rounding of the values is no spread.
        if len(rows) < _FEWEST or squares <= 1e-18 * float((own**2).sum()):
            continue
        total += squares
        inside = other[rows]
        ratio = correlation_ratio(inside, values) if is_category else _square(values, inside)
        explained += squares * ratio
    return explained / total if total > 0 else 0.0


def _square(values: FloatArray, ranks: FloatArray) -> float:
    """Return the square of a correlation where both are known, less what chance adds."""
    known = ~np.isnan(ranks)
    n = int(known.sum())
    if n < _FEWEST or np.ptp(ranks[known]) == 0 or np.ptp(values[known]) == 0:
        return 0.0
    square = float(np.corrcoef(values[known], ranks[known])[0, 1]) ** 2
    return max(0.0, 1 - (1 - square) * (n - 1) / (n - 2))
