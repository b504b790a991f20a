"""How often chance alone gives such a difference: p-values that hold far out in the tail.

All take effective numbers of rows (`assay.monitoring.clusters`), which need not be whole. A batch is asked
a hundred questions, so what counts are p-values of 0.0005 and less: no simulation is long enough to count
such tails, so each has a form whose tail is known.
"""

from functools import lru_cache
from math import ceil, floor, log

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from assay.metrics.core import FloatArray

# The Jensen-Shannon divergence (base 2) of close vectors of shares is this times Pearson's chi-square.
_BITS = 1 / (8 * log(2))
# Expected rows of a category from which chi-square's own moments are right.
_DENSE = 30
_DRAWS = 400
# Successes from which a likelihood ratio is as right as all the terms of the exact test.
_MANY = 1000


def js_p_value(
    distance: float,
    before: FloatArray,
    now: FloatArray,
    rows_before: float,
    rows_now: float,
    *,
    spread: float = 0.0,
    seed: int = 0,
) -> float:
    """Return the p-value of a Jensen-Shannon distance (base 2) of two vectors of shares.

    The divergence, the distance squared, follows a scaled chi-square: exactly so in the limit, where its
    mean is (k - 1) (1/n + 1/m) / (8 ln 2). Where categories are rare its mean and variance are those of
    simulated draws; the variance is never taken to be less than the limit's for that mean. Two
    categories are judged by their rate.

    Parameters
    ----------
    distance : float
        As `assay.drift.jensen_shannon_distance` gives it.
    before, now : ndarray, shape (k,)
        The shares of the reference and of the batch.
    rows_before, rows_now : float
        Effective numbers of rows; 1 is returned where there are none.
    spread : float
        By how much the variance is greater than the mean's own, because categories differ in how far
        rows of a cluster share them (`assay.monitoring.sharing.Sharing`).
    seed : int

    References
    ----------
    Rao and Scott 1981, "The analysis of categorical data from complex sample surveys"; Satterthwaite
    1946, "An approximate distribution of estimates of variance components".
    """
    if min(rows_before, rows_now) <= 0:
        return 1.0
    shares = _expected(before, now, rows_before, rows_now)
    cells = len(shares)
    if cells < 2 or distance <= 0:
        return 1.0
    if cells == 2:
        first = int(np.argmax(before + now))
        return rate_p_value(float(before[first]), float(now[first]), rows_before, rows_now)
    if min(rows_before, rows_now) * shares.min() >= _DENSE:
        mean = _BITS * (cells - 1) * (1 / rows_before + 1 / rows_now)
        variance = 0.0
    else:
        rounded = tuple(float(f"{share:.1e}") for share in shares)
        mean, variance = _simulated(rounded, _stepped(rows_before), _stepped(rows_now), seed)
    variance = max(variance, 2 * mean**2 / (cells - 1)) * (1 + spread)
    # A gamma distribution is a scaled chi-square of any degrees of freedom.
    return float(special.gammaincc(mean**2 / variance, distance**2 * mean / variance))


def _expected(
    before: FloatArray, now: FloatArray, rows_before: float, rows_now: float
) -> FloatArray:
    """Return the shares that chance is drawn from: the reference's, and both together where it has few."""
    pooled = (before * rows_before + now * rows_now) / (rows_before + rows_now)
    shares = np.where(before * rows_before < _DENSE, pooled, before)
    some = shares[shares > 0]
    return np.asarray(some / some.sum(), dtype=float) if len(some) else some


def _stepped(rows: float) -> int:
    """Return a number of rows on a grid of 5%, rounded down, so that like features share simulations."""
    return max(1, floor(1.05 ** floor(log(max(rows, 1.0)) / log(1.05) + 1e-9)))


@lru_cache(maxsize=4096)
def _simulated(
    shares: tuple[float, ...], rows_before: int, rows_now: int, seed: int
) -> tuple[float, float]:
    """Return mean and variance of the divergence of two samples from the same shares."""
    rng = np.random.default_rng([seed, rows_before, rows_now])
    expected = np.array(shares) / sum(shares)
    p = rng.multinomial(rows_before, expected, _DRAWS) / rows_before
    q = rng.multinomial(rows_now, expected, _DRAWS) / rows_now
    # In bits, as the distance is: xlogy is in nats.
    middle = (p + q) / 2
    found = (special.xlogy(p, p) + special.xlogy(q, q)) / 2 - special.xlogy(middle, middle)
    divergence = found.sum(axis=1) / log(2)
    return float(divergence.mean()), float(divergence.var(ddof=1))


def rate_p_value(before: float, now: float, rows_before: float, rows_now: float) -> float:
    """Return the p-value of a difference of two shares of rows, in either direction.

    Twice Fisher's exact tail, which holds for rates of 0 too, with counts rounded towards no difference;
    the likelihood ratio where all counts are large.

    Parameters
    ----------
    before, now : float
        Shares in the reference and in the batch, 0 to 1.
    rows_before, rows_now : float
        Effective numbers of rows; 1 is returned where there are none.

    References
    ----------
    Fisher 1935, "The logic of inductive inference".
    """
    n, m = floor(rows_now), floor(rows_before)
    if n < 1 or m < 1 or before == now:
        return 1.0
    if now < before:
        # The tail above is that of the other rows below.
        before, now = 1 - before, 1 - now
    hits, old = floor(now * n + 1e-9), ceil(before * m - 1e-9)
    if hits * m <= old * n:
        return 1.0
    if min(hits + old, n + m - hits - old) >= _MANY:
        return _ratio_p_value(hits, n, old, m)
    return min(1.0, 2 * _fisher_tail(hits, n, old, m))


def _fisher_tail(hits: int, n: int, old: int, m: int) -> float:
    """Return the chance of so many hits, or more, among n of n + m rows that have `hits + old`."""
    rest = (n - hits) + (m - old)
    if rest < hits + old:
        # Few rows are no hits: at least so many hits are at most so many of these.
        most, drawn, missed = n - hits, n, rest
        few = np.arange(max(0, missed - m), most + 1)
        terms = _hypergeometric(few, missed, n + m, drawn)
    else:
        few = np.arange(hits, min(n, hits + old) + 1)
        terms = _hypergeometric(few, hits + old, n + m, n)
    return float(min(1.0, np.exp(special.logsumexp(terms))))


def _hypergeometric(found: npt.NDArray[np.int64], some: int, rows: int, drawn: int) -> FloatArray:
    """Return the logarithm of the chance of `found` of `some` among `drawn` of all rows."""

    def ways(all_of: int, chosen: npt.NDArray[np.int64] | int) -> FloatArray:
        return np.asarray(
            special.gammaln(all_of + 1.0)
            - special.gammaln(np.asarray(chosen) + 1.0)
            - special.gammaln(all_of - np.asarray(chosen) + 1.0)
        )

    return ways(some, found) + ways(rows - some, drawn - found) - ways(rows, drawn)


def _ratio_p_value(hits: int, n: int, old: int, m: int) -> float:
    seen = np.array([[hits, n - hits], [old, m - old]], dtype=float)
    expected = seen.sum(axis=1, keepdims=True) * seen.sum(axis=0) / seen.sum()
    ratio = 2 * float(np.sum(special.xlogy(seen, seen / expected)))
    return float(stats.chi2.sf(max(ratio, 0.0), 1))


def mean_p_value(difference: float, deviation: float, rows_before: float, rows_now: float) -> float:
    """Return the p-value of a difference of two means, in either direction.

    Parameters
    ----------
    difference : float
        The batch's mean less the reference's.
    deviation : float
        Standard deviation of the values of single rows.
    rows_before, rows_now : float
        Effective numbers of rows; 1 is returned where there are none.

    Returns
    -------
    float
        Of Student's t with one degree less than the rows of the smaller side; 0 where values do not vary
        and the means differ.
    """
    if min(rows_before, rows_now) <= 0 or difference == 0:
        return 1.0
    if deviation <= 0:
        return 0.0
    error = deviation * np.sqrt(1 / rows_before + 1 / rows_now)
    freedom = max(1.0, min(rows_before, rows_now) - 1)
    return float(2 * stats.t.sf(abs(difference) / error, freedom))
