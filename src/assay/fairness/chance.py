"""What chance alone shows: groups whose labels say nothing differ too.

The largest of several rates less the smallest is never 0. So labels are dealt to rows anew, many
times, and what is seen then is what chance shows. Where rows of one entity depend on each other and
share their label, labels are dealt to whole entities; where they do not share it, the spread of what is
dealt to rows is widened by the design effect (Rao and Scott 1981).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import IntArray

# Labels dealt where counts suffice, and where rows must be dealt one by one: as many as so many rows in
# all allow, and never fewer than the last.
_DEALT, _DEALT_ROWS, _FEWEST_DEALT = 4_999, 10_000_000, 199
# Rows that are dealt at once.
_CHUNK_ROWS = 400_000
# Differences that are this near are the same.
_TIE = 1e-12


@dataclass(frozen=True)
class Chance:
    """How far groups are apart, and how far they are by chance, by one statistic for both.

    Attributes
    ----------
    high, low : int
        The two groups that the statistic is of.
    seen : float
        How far they are apart, in units of `unit`.
    dealt : ndarray, shape (d,)
        The same of the two groups that are furthest apart in each deal.
    unit : float
        What 1 of the statistic is for these two groups, in units of the values: 1, or a standard error.
    spread : float
        The standard deviation of the statistic of two groups.
    pairs, freedom : int
        Pairs of groups, and the degrees of freedom of the spread.
    group_p_values : ndarray, shape (g,)
        Of each group against the others, corrected for the number of groups.
    """

    high: int
    low: int
    seen: float
    dealt: FloatArray
    unit: float
    spread: float
    pairs: int
    freedom: int
    group_p_values: FloatArray

    @property
    def p_value(self) -> float:
        """Of the hypothesis that no group differs.

        Where no deal shows as much, deals tell only that it is small; how small, a t distribution does,
        with Bonferroni's correction for the pairs.
        """
        reached = int(np.sum(self.dealt >= self.seen - _TIE))
        by_deals = (1 + reached) / (1 + len(self.dealt))
        if reached or self.spread <= 0:
            return by_deals
        from scipy.stats import t

        tail = 2 * self.pairs * float(t.sf(self.seen / self.spread, self.freedom))
        return min(by_deals, tail)

    def bound(self, level: float) -> float:
        """Return the difference above which the p-value is below a level, in units of the values."""
        deals = len(self.dealt)
        allowed = int(np.ceil(level * (1 + deals) - _TIE)) - 2
        if allowed >= 0:
            kept = min(allowed, deals - 1)
            return float(np.sort(self.dealt)[deals - 1 - kept]) * self.unit
        from scipy.stats import t

        tail = self.spread * float(t.isf(level / (2 * self.pairs), self.freedom))
        return max(float(self.dealt.max()), tail) * self.unit


@dataclass(frozen=True)
class Labelled:
    """Values of rows, each with its group.

    Attributes
    ----------
    values : ndarray, shape (n,)
    code : ndarray of int, shape (n,)
        0 to g - 1; every group has a row.
    clusters : ndarray of int, shape (n,), optional
        The entity of each row, 0 to c - 1; None if rows are independent.
    """

    values: FloatArray
    code: IntArray
    clusters: IntArray | None = None

    @property
    def group_count(self) -> int:
        """How many groups there are."""
        return int(self.code.max()) + 1

    @property
    def rows(self) -> FloatArray:
        """How many rows each group has."""
        return np.bincount(self.code).astype(float)

    @property
    def means(self) -> FloatArray:
        """The mean of each group."""
        return np.bincount(self.code, self.values) / self.rows

    def units(self) -> tuple[IntArray, IntArray] | None:
        """Return the unit of each row and the group of each unit; None where units have several."""
        if self.clusters is None:
            return np.arange(len(self.code)), self.code
        first = np.zeros(int(self.clusters.max()) + 1, dtype=np.int64)
        first[self.clusters] = self.code
        return (self.clusters, first) if (first[self.clusters] == self.code).all() else None


def rates_by_chance(found: Labelled, rng: np.random.Generator) -> Chance:
    """Return how far rates of groups are apart, beside what chance shows.

    The p-value is that of the largest rate less the smallest. Of independent rows, the counts of hits
    by group have a multivariate hypergeometric distribution, given their sum, and the test is exact.

    Parameters
    ----------
    found : Labelled
        Values 0 and 1, of at least two groups.
    rng : Generator

    References
    ----------
    Lehmann and Romano 2005, "Testing Statistical Hypotheses", section 15.2 (permutation tests); Rao and
    Scott 1981, JASA 76 (design effects).
    """
    rows, hits = found.rows, round(float(found.values.sum()))
    units = found.units()
    if found.clusters is None or units is None:
        counts = rng.multivariate_hypergeometric(rows.astype(np.int64), hits, size=_DEALT)
        overall = hits / len(found.values)
        means = overall + (counts / rows - overall) * np.sqrt(design_effect(found))
        sizes = np.broadcast_to(rows, means.shape)
    else:
        sums = _dealt(found, units, rng, squares=False)
        sizes, means = sums[..., 0], sums[..., 1] / sums[..., 0]
    seen, dealt = found.means, np.ptp(means, axis=1)
    off = np.abs(_off(seen[None], rows[None]))[0]
    dealt_off = np.abs(_off(means, sizes))
    return Chance(
        high=int(seen.argmax()),
        low=int(seen.argmin()),
        seen=float(np.ptp(seen)),
        dealt=dealt,
        unit=1.0,
        # No difference varies more than by the sum of the two largest deviations.
        spread=float(np.sort(means.std(axis=0))[-2:].sum()),
        pairs=_pairs(found),
        freedom=_freedom(found),
        group_p_values=_holm_by_step_down(dealt_off, off),
    )


def means_by_chance(found: Labelled, rng: np.random.Generator) -> Chance:
    """Return how far means of groups are apart, beside what chance shows.

    Groups may vary unequally, so that the difference of two means is divided by its standard error, in the
    rows as they are and in each deal. The p-value is that of the pair with the largest of these: the one
    that is most surely apart, which need not have the largest difference.

    Parameters
    ----------
    found : Labelled
        Of at least two groups.
    rng : Generator

    References
    ----------
    Chung and Romano 2013, Annals of Statistics 41 (studentised permutation tests); Westfall and Young
    1993 (the largest of several).
    """
    units, freedom = found.units(), _freedom(found)
    inflation = 1.0
    if units is None:
        inflation = float(np.sqrt(design_effect(found)))
        found = Labelled(found.values, found.code)
        units = (np.arange(len(found.code)), found.code)
    # The numbers are centred and scaled so that sums of squares keep their digits.
    scale = float(found.values.std()) or 1.0
    centred = Labelled((found.values - found.values.mean()) / scale, found.code, found.clusters)
    stats = _unit_stats(centred, units[0], squares=True)
    actual = np.stack([stats[units[1] == g].sum(axis=0) for g in range(found.group_count)])
    dealt = _dealt(centred, units, rng, squares=True)
    off = np.abs(_studentised(actual[None]))[0]
    dealt_off = np.abs(_studentised(dealt)) * inflation
    high, low, seen, unit = _surest_pair(actual)
    return Chance(
        high=high,
        low=low,
        seen=seen,
        dealt=_widest(dealt) * inflation,
        unit=unit * scale,
        spread=inflation,
        pairs=_pairs(found),
        freedom=freedom,
        group_p_values=_holm_by_step_down(dealt_off, off),
    )


def design_effect(found: Labelled) -> float:
    """Return how much more the means of groups vary than those of independent rows; at least 1.

    It is the ratio of the summed variances of all groups' means, with rows of one entity added up first,
    to those without.
    """
    if found.clusters is None:
        return 1.0
    rest = found.values - found.values.mean()
    units = int(found.clusters.max()) + 1
    cell = found.code * units + found.clusters
    together = np.bincount(cell, rest, found.group_count * units).reshape(-1, units)
    weights = 1 / found.rows**2
    alone = float((np.bincount(found.code, rest**2) * weights).sum())
    summed = float(((together**2).sum(axis=1) * weights).sum()) * units / max(units - 1, 1)
    return max(1.0, summed / alone) if alone > 0 else 1.0


def _unit_stats(found: Labelled, unit: IntArray, squares: bool) -> FloatArray:
    """Return of each unit its rows and its sum, and what the variance of a mean is made of."""
    rows = np.bincount(unit).astype(float)
    sums = np.bincount(unit, found.values)
    parts = [rows, sums]
    if squares:
        parts += [np.ones(len(rows)), sums**2, sums * rows, rows**2]
    return np.stack(parts, axis=1)


def _dealt(
    found: Labelled,
    units: tuple[IntArray, IntArray],
    rng: np.random.Generator,
    squares: bool,
) -> FloatArray:
    """Return the summed statistics of each group, (d, g, s), with the labels dealt anew to units."""
    unit, label = units
    stats = _unit_stats(found, unit, squares)
    deals = int(np.clip(_DEALT_ROWS // len(label), _FEWEST_DEALT, _DEALT))
    at_once, groups = max(1, _CHUNK_ROWS // len(label)), found.group_count
    parts = []
    for start in range(0, deals, at_once):
        size = min(at_once, deals - start)
        dealt = rng.permuted(np.broadcast_to(label, (size, len(label))), axis=1)
        place = (dealt + np.arange(size)[:, None] * groups).ravel()
        # Added one by one, in the order of units: the same bits on every machine.
        sums = [np.bincount(place, np.tile(each, size), size * groups) for each in stats.T]
        parts.append(np.stack(sums, axis=1).reshape(size, groups, -1))
    return np.concatenate(parts)


def _off(means: FloatArray, rows: FloatArray) -> FloatArray:
    """Return each group's mean less that of all others."""
    sums = means * rows
    others = sums.sum(axis=1, keepdims=True) - sums
    off: FloatArray = means - others / (rows.sum(axis=1, keepdims=True) - rows)
    return off


def _studentised(sums: FloatArray) -> FloatArray:
    """Return each group's mean less that of all others, in standard errors."""
    others = sums.sum(axis=1, keepdims=True) - sums
    return _in_errors(sums, others)[0]


def _in_errors(one: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return differences of means in standard errors, and these."""
    off = one[..., 1] / one[..., 0] - other[..., 1] / other[..., 0]
    error: FloatArray = np.maximum(np.sqrt(_variance(one) + _variance(other)), _TIE)
    return off / error, error


def _surest_pair(sums: FloatArray) -> tuple[int, int, float, float]:
    """Return the two groups that are most errors apart, the higher first, how many, and the error."""
    off, error = _in_errors(sums[:, None], sums[None])
    high, low = map(int, np.unravel_index(int(off.argmax()), off.shape))
    if high == low:
        # Nothing varies, or nothing differs: the first two are as good as any.
        high, low = 0, 1
    unit = float(error[high, low])
    return high, low, float(off[high, low]), unit if np.isfinite(unit) else 0.0


def _widest(sums: FloatArray) -> FloatArray:
    """Return how many errors the two groups are apart that are most, in each deal."""
    widest = np.zeros(len(sums))
    for first in range(sums.shape[1] - 1):
        off, _ = _in_errors(sums[:, first : first + 1], sums[:, first + 1 :])
        widest = np.maximum(widest, np.abs(off).max(axis=1))
    return widest


def _pairs(found: Labelled) -> int:
    return found.group_count * (found.group_count - 1) // 2


def _freedom(found: Labelled) -> int:
    """Return how many units there are beyond the groups' means, at least 1."""
    units = len(found.code) if found.clusters is None else int(found.clusters.max()) + 1
    return max(1, units - found.group_count)


def _variance(sums: FloatArray) -> FloatArray:
    """Return the variance of a mean of units, whose rows depend on each other (Liang and Zeger 1986)."""
    rows, total, units, squared, crossed, rows_squared = np.moveaxis(sums, -1, 0)
    mean = total / rows
    spread = squared - 2 * mean * crossed + mean**2 * rows_squared
    # One unit alone says nothing of how units vary.
    factor = np.divide(units, units - 1, out=np.ones_like(units), where=units > 1)
    found: FloatArray = np.maximum(spread, 0) * factor / rows**2
    return np.where(units > 1, found, np.inf)


def _holm_by_step_down(dealt: FloatArray, seen: FloatArray) -> FloatArray:
    """Return the groups' p-values, corrected by Holm's method."""
    from assay.uncertainty.many import holm_adjusted

    each: npt.NDArray[np.float64] = (1 + (dealt >= seen - _TIE).sum(axis=0)) / (1 + len(dealt))
    # Of two groups each is the other's rest.
    return each if len(seen) == 2 else holm_adjusted(each)
