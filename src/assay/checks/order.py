"""Does the place of a row in the table, or a running number, tell its outcome?"""

import re
from typing import Any

import numpy as np
import pandas as pd

from assay.checks.alone import class_scores, number_score
from assay.checks.sample import FloatArray, IntArray, LeakSample, Values, column_values

# Place and outcome must agree as well as this. Simulated classes with a trend and a memory of 30 rows
# reach 0.96 in 1,000 rows, and those with a memory of 100 reach 0.977 in 5,000; numbers reach less. Only
# sorted tables, blocks of equal outcomes and walks without return lie above.
ORDER_SCORE = 0.98
# Blocks must be longer than what neighbours share.
_FEWEST_BLOCKS, _MOST_BLOCKS, _ROWS_PER_BLOCK = 8, 50, 80
_NUMBER = re.compile(r"(\d+)\D*$")


def order_score(place: FloatArray, sample: LeakSample) -> float:
    """Return how well the place along some order predicts the outcome, out-of-fold.

    The order is cut into 8 to 50 blocks of equal size; a row gets the mean outcome of its block in the
    other folds, or its place itself where that is better. What rows share with their near neighbours
    only, such as weather or a customer, is averaged out in a block. Numbers are ranked first, so that
    a few large ones do not decide.

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
    blocks, rank = blocks_of(place), pd.Series(place).rank().to_numpy()
    known = ~np.isnan(rank)
    if sample.is_class:
        by_block = class_scores(blocks, sample.target, sample.fold)
        classes = [1] if len(by_block) == 1 else range(len(by_block))
        is_one = [(sample.target[known] == code).astype(np.float64) for code in classes]
        by_place = [_rank_auc(rank[known], one) for one in is_one]
        return float(np.maximum(by_block, by_place).mean())
    ranks = pd.Series(sample.target).rank().to_numpy(dtype=np.float64)
    mean_of_block = number_score(Values(None, blocks), ranks, sample.fold)
    if len(np.unique(rank[known])) < 2 or len(np.unique(ranks[known])) < 2:
        return mean_of_block
    return max(mean_of_block, float(np.corrcoef(rank[known], ranks[known])[0, 1] ** 2))


def _rank_auc(rank: FloatArray, positive: FloatArray) -> float:
    """Return the AUC of a rank without ties, in the better direction."""
    count = float(positive.sum())
    rest = len(positive) - count
    if not count or not rest:
        return 0.5
    ordered = np.argsort(np.argsort(rank, kind="stable"), kind="stable")
    above = (float((ordered * positive).sum()) - count * (count - 1) / 2) / (count * rest)
    return max(above, 1 - above)


def blocks_of(place: FloatArray) -> IntArray:
    """Cut an order into blocks of equal size; rows without a place have the last one."""
    known = ~np.isnan(place)
    count = int(np.clip(known.sum() // _ROWS_PER_BLOCK, _FEWEST_BLOCKS, _MOST_BLOCKS))
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
