"""Does the missingness of a column give the outcome away?"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

# A table in which missingness is that much like an outcome by chance would be one in so many.
_TABLES_PER_ACCIDENT = 1e6
# Fewer rows of an outcome are no proof; so many rows of the most frequent number count as a class.
_FEW_ROWS = 20


@dataclass(frozen=True)
class Missingness:
    """How the rows without a value are spread over the outcomes.

    Attributes
    ----------
    exact : bool
        Missing in all rows of one outcome and in no other, or known there alone.
    one_sided : bool
        All rows without a value, or all with one, have one outcome, and it is not the commonest half.
    score : float
        What missingness alone reaches: the best AUC of a class against the rest, or R2.
    missing_known : str
        "missing" or "known": which rows have the outcome; empty where neither.
    outcome : int
        The code of that outcome, -1 where there is none.
    row_count : int
        Those rows.
    """

    exact: bool
    one_sided: bool
    score: float
    missing_known: str
    outcome: int
    row_count: int


def missing_by_class(
    missing: npt.NDArray[np.bool_], classes: npt.NDArray[Any], columns: int
) -> Missingness:
    """Compare missingness with every class.

    Parameters
    ----------
    missing : ndarray of bool, shape (n,)
        With rows of both kinds.
    classes : ndarray of int, shape (n,)
        Codes, from 0 on.
    columns : int
        How many columns are looked at, for the bound of chance.
    """
    total = np.bincount(classes)
    absent = np.bincount(classes[missing], minlength=len(total))
    known, rows = total - absent, len(classes)
    rest = rows - total
    share, rest_share = absent / total, (missing.sum() - absent) / np.maximum(rest, 1)
    score = float(0.5 + np.abs(share - rest_share).max() / 2)
    limit = -np.log(_TABLES_PER_ACCIDENT * columns)
    exact = one_sided = False
    told, outcome, count = "", -1, 0
    for word, here in (("missing", absent), ("known", known)):
        only = int(np.argmax(here))
        if here[only] < here.sum():
            continue
        chance = _log_choose(total[only], here[only]) - _log_choose(rows, here[only])
        if chance > limit or exact:
            continue
        is_exact = bool(here[only] == total[only])
        is_exact &= bool(min(total[only], rows - total[only]) >= _FEW_ROWS)
        is_told = is_exact or total[only] <= rows / 2
        if is_told:
            exact, one_sided = is_exact, True
            told, outcome, count = word, only, int(here[only])
    return Missingness(exact, one_sided, score, told, outcome, count)


def frequent_number(numbers: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """Return 1 where a number is the most frequent one, and 0 elsewhere; None if it is rare."""
    values, counts = np.unique(numbers, return_counts=True)
    if counts.max() < _FEW_ROWS or len(values) < 2:
        return None
    return np.asarray(numbers == values[counts.argmax()], dtype=np.int64)


def missing_by_number(
    missing: npt.NDArray[np.bool_],
    numbers: npt.NDArray[Any],
    frequent: npt.NDArray[Any] | None,
    columns: int,
) -> Missingness:
    """Compare missingness with the most frequent number, if it is frequent, and with all.

    Parameters
    ----------
    missing : ndarray of bool, shape (n,)
        With rows of both kinds.
    numbers : ndarray, shape (n,)
        The target.
    frequent : ndarray of {0, 1}, shape (n,), or None
        From `frequent_number`; the outcome that is returned is one of its values.
    columns : int
        How many columns are looked at, for the bound of chance.
    """
    score = float(np.corrcoef(missing, numbers)[0, 1] ** 2) if np.ptp(numbers) > 0 else 0.0
    if frequent is None:
        return Missingness(False, False, score, "", -1, 0)
    found = missing_by_class(missing, frequent, columns)
    return replace(found, one_sided=False, score=score)


def _log_choose(rows: int, chosen: int) -> float:
    return float(gammaln(rows + 1) - gammaln(chosen + 1) - gammaln(rows - chosen + 1))
