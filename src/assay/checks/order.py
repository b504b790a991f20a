"""Does the place of a row in the table, or a running number, tell its outcome?"""

import re
from typing import Any

import numpy as np
import pandas as pd

from assay.checks.alone import class_scores, number_score
from assay.checks.sample import FloatArray, IntArray, LeakSample, Values, column_values

# Place and outcome must agree as well as this. Long after each other, rows of a series without
# trend are unrelated: with 50 blocks, only blocks of equal outcomes and sorted tables reach it.
ORDER_SCORE = 0.98
_MOST_BLOCKS = 50
_ROWS_PER_BLOCK = 15
_NUMBER = re.compile(r"(\d+)\D*$")


def order_score(place: FloatArray, sample: LeakSample) -> float:
    """Return how well the place along some order predicts the outcome, out-of-fold.

    The order is cut into at most 50 blocks of equal size; a row gets the mean outcome of its block in
    the other folds. What rows share with their near neighbours only, such as weather or a customer,
    is averaged out in a block. Numbers are ranked first, so that a few large ones do not decide.

    Parameters
    ----------
    place : ndarray, shape (n,)
        Where each row of the sample stands; NaN where it has no place.
    sample : LeakSample

    Returns
    -------
    float
        AUC, the mean over classes, or R2 of ranks.
    """
    blocks = blocks_of(place)
    if sample.is_class:
        return float(np.mean(class_scores(blocks, sample.target, sample.fold)))
    ranks = pd.Series(sample.target).rank().to_numpy(dtype=np.float64)
    return number_score(Values(None, blocks), ranks, sample.fold)


def blocks_of(place: FloatArray) -> IntArray:
    """Cut an order into blocks of equal size; rows without a place have the last one."""
    known = ~np.isnan(place)
    count = int(np.clip(known.sum() // _ROWS_PER_BLOCK, 1, _MOST_BLOCKS))
    rank = np.argsort(np.argsort(place[known], kind="stable"), kind="stable")
    blocks = np.full(len(place), count)
    blocks[known] = rank * count // max(len(rank), 1)
    return blocks


def running_number(column: "pd.Series[Any]") -> FloatArray | None:
    """Return the number in an id, or an id that is a number; None where there is no such thing."""
    values = column_values(column)
    if values.numbers is not None:
        return values.numbers
    found = column.map(_last_number, na_action="ignore")
    numbers: FloatArray = pd.to_numeric(found, errors="coerce").to_numpy(dtype=np.float64)
    # Ids that merely end in a digit are not numbered.
    numbered = ~np.isnan(numbers)
    enough = numbered.mean() > 0.9 and len(np.unique(numbers[numbered])) > len(numbers) / 2
    return numbers if enough else None


def _last_number(text: object) -> float:
    match = _NUMBER.search(str(text))
    # More digits than a float holds are a hash.
    return float(match[1]) if match and len(match[1]) <= 15 else float("nan")


def follows_time(place: FloatArray, time: FloatArray | None) -> bool:
    """Say whether an order is that of time: then a trend is what it may well show."""
    if time is None:
        return False
    known = ~(np.isnan(place) | np.isnan(time))
    if known.sum() < 3:
        return False
    ranks = [pd.Series(part[known]).rank().to_numpy() for part in (place, time)]
    if any(np.ptp(rank) == 0 for rank in ranks):
        return False
    return bool(abs(np.corrcoef(*ranks)[0, 1]) > 0.99)
