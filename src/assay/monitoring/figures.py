"""A number of some rows, with how sure it is where rows share a day or a group, and how far it moved."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from scipy import stats

from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.monitoring.binning import IntArray
from assay.uncertainty.bootstrap import Bootstrap, affordable_resamples

CONFIDENCE = 0.95
# Of fewer days or groups one cannot tell how much they vary: the reference's correlation stands in.
FEWEST_CLUSTERS = 20
# A batch is looked at each time, so that fewer resamples do than for a holdout.
RESAMPLES = 400
_WORDS = {"day": "days", "group": "groups"}
# How alike the rows of one day or group are, and of how many days or groups that is known.
Shared = Mapping[str, Mapping[str, float]]
Codes = Mapping[Any, IntArray]


@dataclass(frozen=True)
class Figure:
    """A number with its sampling error.

    Attributes
    ----------
    value : float
        NaN where it is not defined, as a ROC AUC of one class.
    ci_low, ci_high : float
        The ends of its 95% interval; NaN where there is none.
    standard_error : float
        NaN where it is not known.
    freedom : float
        Degrees of freedom of the standard error.
    skewness : float
        Of the sampling distribution.
    by : {"rows", "groups", "days"}
        What was taken to be independent: the least sure of those that rows share.
    """

    value: float
    ci_low: float = np.nan
    ci_high: float = np.nan
    standard_error: float = np.nan
    freedom: float = np.nan
    skewness: float = 0.0
    by: str = "rows"

    @property
    def known(self) -> bool:
        """Whether it and its error are numbers, and the error is not nothing."""
        found = [self.value, self.standard_error, self.freedom]
        return bool(np.isfinite(found).all() and self.standard_error > 0)

    def to_json(self) -> dict[str, Any]:
        """Return its attributes; null where there is no number."""
        told = asdict(self)
        return {
            name: value if isinstance(value, str) or np.isfinite(value) else None
            for name, value in told.items()
        }

    def told(self) -> dict[str, Any]:
        """Return value, ends and error alone."""
        names = ("value", "ci_low", "ci_high", "standard_error")
        return {name: value for name, value in self.to_json().items() if name in names}


def figure_of_json(content: Mapping[str, Any]) -> Figure:
    """Read back what `Figure.to_json` gave; other members are ignored."""
    kept: dict[str, Any] = {each.name: content.get(each.name) for each in fields(Figure)}
    known: dict[str, Any] = {n: np.nan if value is None else value for n, value in kept.items()}
    return Figure(**known)


def excess(codes: IntArray) -> float:
    """Return how many other rows are in a row's cluster, on average."""
    sizes = np.bincount(codes).astype(float)
    return float(np.sum(sizes**2) / max(sizes.sum(), 1.0) - 1)


def mean_figure(values: FloatArray, codes: Codes, shared: Shared, variance: float = 0.0) -> Figure:
    """Return the mean of rows' values.

    Parameters
    ----------
    values : ndarray, shape (n,)
    codes : dict of str to ndarray of int, each of shape (n,)
        The day and the group of each row, as far as there are some.
    shared : dict
        How alike the values of one day, or group, are in the reference: `correlation` and `count`. It
        stands in where the rows have too few days or groups themselves.
    variance : float
        At least so large is the variance of single values: few rows may look alike by chance.

    References
    ----------
    Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models" (sums of
    clusters); Kish 1965, "Survey Sampling" (design effects).
    """
    n = len(values)
    if n < 2:
        return Figure(float(values[0]) if n else np.nan)
    value, off = float(values.mean()), values - values.mean()
    single = max(float(np.sum(off**2)) / (n - 1), variance)
    of_rows = float(np.sqrt(single / n))
    ways = [("rows", of_rows, n - 1.0)]
    for kind, found in codes.items():
        units = int(found.max()) + 1
        if units == n:
            continue
        if units >= FEWEST_CLUSTERS:
            sums = np.bincount(found, off)
            error = float(np.sqrt(units / (units - 1) * np.sum(sums**2))) / n
            ways.append((_WORDS[kind], max(error, of_rows), units - 1.0))
        else:
            ways.append(_stood_in(kind, of_rows, found, shared))
    by, error, freedom = max(ways, key=_half)
    half = _half((by, error, freedom))
    rows = single / error**2 if error > 0 else float(n)
    skewness = float(stats.skew(values)) / np.sqrt(rows) if single > 0 and off.any() else 0.0
    return Figure(value, value - half, value + half, error, freedom, float(skewness), by)


def metric_figure(
    metric: Metric,
    y_true: TargetArray,
    predicted: FloatArray,
    codes: Codes,
    shared: Shared,
    seed: int,
    resamples: int = RESAMPLES,
) -> Figure:
    """Return a metric of rows, with what resamples of rows, groups and days say of its error.

    Parameters
    ----------
    metric : Metric
    y_true, predicted : ndarray
        As the task has them.
    codes, shared
        As for `mean_figure`.
    seed, resamples : int
        Fewer resamples are drawn of many rows; see `affordable_resamples`.
    """
    n = len(y_true)
    statistic = metric.statistic(y_true, predicted)
    value = float(statistic(np.ones((1, n)))[0]) if n else np.nan
    if not metric.resamplable or n < 2 or not np.isfinite(value):
        return Figure(value)
    # What is drawn is chosen for memory and time: a quarter of what a holdout is given.
    drawn = affordable_resamples(resamples, 4 * predicted.size)
    ways: list[Figure] = []
    for kind in ("", *codes):
        found = codes[kind] if kind else None
        plan = Bootstrap(drawn, CONFIDENCE, seed, found)
        units = plan.units(n)
        if kind and units == n:
            continue
        if found is not None and units < FEWEST_CLUSTERS:
            ways.append(_widened(ways[0], kind, found, shared))
            continue
        found_values = plan.resampled([statistic], n)[0]
        told = plan.summary(found_values, n)
        if not told.method:
            return _at_an_end(metric, value, y_true)
        defined = found_values.resamples[np.isfinite(found_values.resamples)]
        ways.append(
            Figure(
                value,
                told.ci_low,
                told.ci_high,
                float(defined.std(ddof=1)),
                1 / (1 / (units - 1) + 1 / (len(defined) - 1)),
                float(stats.skew(defined)),
                _WORDS.get(kind, "rows"),
            )
        )
    return max(ways, key=lambda way: way.ci_high - way.ci_low)


# Metrics that lie between 0 and 1, of classes.
_SHARES = {"roc_auc", "average_precision", "accuracy", "balanced_accuracy"} | {
    "f1_macro",
    "f1_weighted",
    "roc_auc_ovr",
}
# Of none in n tries, the rate is below 3 / n in 95% of cases; a normal tail of as much ends here.
_RULE_OF_THREE, _ONE_SIDED = 3.0, 1.644854


def _at_an_end(metric: Metric, value: float, y_true: TargetArray) -> Figure:
    """Return a share that is 0 or 1, or nearly, in all resamples: with the error of the rule of three.

    Its rows are those of the rarest class.

    References
    ----------
    Hanley and Lippman-Hand 1983, "If nothing goes wrong, is everything all right?".
    """
    if metric.name not in _SHARES or not min(abs(value), abs(1 - value)) < _NEARLY:
        return Figure(value)
    counts = np.unique(y_true, return_counts=True)[1]
    rows = float(counts.sum() if metric.name == "accuracy" else counts.min())
    reach = min(_RULE_OF_THREE / rows, 1.0)
    ends = (1 - reach, 1.0) if value > reach else (0.0, reach)
    return Figure(value, *ends, reach / _ONE_SIDED, max(rows - 1, 1.0))


_NEARLY = 1e-9


def with_error_of(now: Figure, before: Figure, rows: int, rows_before: int) -> Figure:
    """Return a figure; where all resamples gave it the same, with the holdout's error for so many rows."""
    if now.known or not before.known or not np.isfinite(now.value) or not rows:
        return now
    error = before.standard_error * float(np.sqrt(rows_before / rows))
    half = _half(("rows", error, before.freedom))
    return Figure(
        now.value, now.value - half, now.value + half, error, before.freedom, by=before.by
    )


def _widened(rows: Figure, kind: str, codes: IntArray, shared: Shared) -> Figure:
    """Return a figure by rows with the error that the reference's days or groups let expect."""
    by, error, freedom = _stood_in(kind, rows.standard_error, codes, shared)
    wider = error / rows.standard_error
    return Figure(
        rows.value,
        rows.value - wider * (rows.value - rows.ci_low),
        rows.value + wider * (rows.ci_high - rows.value),
        error,
        min(freedom, rows.freedom),
        rows.skewness,
        by,
    )


def _stood_in(
    kind: str, of_rows: float, codes: IntArray, shared: Shared
) -> tuple[str, float, float]:
    known = shared.get(kind)
    if not known or known["correlation"] <= 0 or known["count"] < 2:
        return "rows", of_rows, len(codes) - 1.0
    effect = 1 + excess(codes) * known["correlation"]
    return _WORDS[kind], of_rows * float(np.sqrt(effect)), known["count"] - 1.0


def _half(way: tuple[str, float, float]) -> float:
    _, error, freedom = way
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error


def apart_p_value(now: Figure, before: Figure, side: int = 0) -> float:
    """Return how often chance alone sets two figures so far apart, or further.

    It is the larger of two p-values: of Student's t, whose degrees of freedom are those of both errors
    (Welch), and of a distribution with the skewness that the difference has (Pearson's type III), so
    that neither few clusters nor a long tail of losses is taken for a change.

    Parameters
    ----------
    now, before : Figure
        Of different rows.
    side : {-1, 0, 1}
        Whether only a lower or a higher figure counts; 0 for both.

    Returns
    -------
    float
        1 where one of them is not known.

    References
    ----------
    Welch 1947, "The generalization of 'Student's' problem"; Pearson 1895 on the type III distribution.
    """
    if not now.known or not before.known:
        return 1.0
    parts = np.array([now.standard_error**2, before.standard_error**2])
    variance = float(parts.sum())
    freedom = variance**2 / float(np.sum(parts**2 / np.maximum([now.freedom, before.freedom], 1.0)))
    place = (now.value - before.value) / np.sqrt(variance)
    third = now.skewness * parts[0] ** 1.5 - before.skewness * parts[1] ** 1.5
    skewness = float(third / variance**1.5)
    laws = [stats.t(freedom)]
    if abs(skewness) > 1e-6:
        laws.append(stats.pearson3(float(np.clip(skewness, -2, 2))))
    below, above = (max(float(tail(place)) for tail in tails) for tails in (
        [law.cdf for law in laws], [law.sf for law in laws]
    ))  # fmt: skip
    if side:
        return below if side < 0 else above
    return min(1.0, 2 * min(below, above))


def fixed(value: float) -> Figure:
    """Return a number that is known, such as a rate that is wanted."""
    return Figure(value, value, value, 1e-12, 1e9)


def shared_of_metric(
    metric: Metric, y_true: TargetArray, predicted: FloatArray, codes: Codes, seed: int
) -> dict[str, dict[str, float]]:
    """Return how alike rows of one day, and of one group, are in what they add to a metric.

    The design effect is the ratio of the variances of resamples of whole days and of rows.

    Returns
    -------
    dict
        By kind `correlation`, 0 to 1, and `count`, of days or groups.
    """
    told: dict[str, dict[str, float]] = {}
    n, variance = len(y_true), 0.0
    if not metric.resamplable:
        return told
    statistic = metric.statistic(y_true, predicted)
    drawn = affordable_resamples(RESAMPLES, 4 * predicted.size)
    for kind in ("", *codes):
        plan = Bootstrap(drawn, CONFIDENCE, seed, codes[kind] if kind else None)
        units = plan.units(n)
        if kind and (units == n or units < FEWEST_CLUSTERS):
            continue
        values = plan.resampled([statistic], n)[0].resamples
        defined = values[np.isfinite(values)]
        if len(defined) < 2:
            return told
        if not kind:
            variance = float(defined.var(ddof=1))
        elif variance > 0:
            effect = float(defined.var(ddof=1)) / variance
            alike = (effect - 1) / max(excess(codes[kind]), 1e-9)
            told[kind] = {"correlation": float(np.clip(alike, 0, 1)), "count": float(units)}
    return told
