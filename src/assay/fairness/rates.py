"""Rates and errors of each group, with intervals, and against the other groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from assay.fairness.chance import Chance, Labelled, means_by_chance, rates_by_chance
from assay.fairness.groups import BoolArray, Groups
from assay.fairness.measures import Measure, View
from assay.gate import FEWEST_OF_A_CLASS
from assay.metrics.core import FloatArray, ratio
from assay.uncertainty.bootstrap import Bootstrap, IntArray, affordable_resamples
from assay.uncertainty.estimate import Estimate, without_interval
from assay.uncertainty.rates import rate_estimate, wilson_interval

# Of fewer entities a bootstrap covers too little.
_FEWEST_UNITS = 20
# Resampled sums that are held at once, rows x sums.
_SUMMED_CELLS = 20_000_000
# Whole numbers up to here have exact sums of 500 million rows.
_EXACT = 2.0**24


@dataclass(frozen=True)
class Measured:
    """One measure of all groups.

    Attributes
    ----------
    measure : Measure
    rows : ndarray of int, shape (g,)
        Rows of each group that the measure is about.
    compared : ndarray of bool, shape (g,)
        Which groups are judged, are of known values, and have enough of these rows, and entities.
    value : ndarray, shape (g,)
        NaN where there is none.
    estimates : tuple of Estimate or None
        Of each group; None where there is no value.
    resamples : ndarray, shape (b, g)
        Of the value.
    chance : Chance or None
        Of the compared groups; None where they are not compared.
    """

    measure: Measure
    rows: IntArray
    compared: BoolArray
    value: FloatArray
    estimates: tuple[Estimate | None, ...]
    resamples: FloatArray
    chance: Chance | None

    def group_p_values(self) -> FloatArray:
        """Return the p-value of each group against the others, NaN where it is not compared."""
        found = np.full(len(self.rows), np.nan)
        if self.chance is not None:
            found[self.compared] = self.chance.group_p_values
        return found


def measure_groups(
    view: View, groups: Groups, bootstrap: Bootstrap, seed: Sequence[int]
) -> list[Measured]:
    """Return every measure of a view for each group.

    Parameters
    ----------
    view : View
    groups : Groups
    bootstrap : Bootstrap
        How rows, or entities, are resampled.
    seed : sequence of int
        Of the labels that are dealt anew.

    Notes
    -----
    The rates of judged groups are those of fairlearn's `MetricFrame`; see `frame_rates`.
    """
    measures = view.measures
    framed = {} if view.selected is None or view.y_true is None else frame_rates(view, groups)
    drawn = _resampled(measures, groups, bootstrap)
    found = []
    for number, measure in enumerate(measures):
        code, count = groups.code[measure.within], len(groups.labels)
        rows = np.bincount(code, minlength=count)
        sums: FloatArray = np.bincount(code, measure.values[measure.within], count).astype(float)
        value = ratio(sums, rows.astype(float))
        if measure.name in framed:
            known = groups.judged & (rows > 0)
            value[known] = framed[measure.name].to_numpy(dtype=float)[known[groups.judged]]
        units = _units(groups, measure.within, bootstrap.clusters)
        # A group without such rows has no units, and no number is at least 10 of it.
        compared = groups.judged & groups.known & (np.nan_to_num(units) >= FEWEST_OF_A_CLASS)
        rng = np.random.default_rng([*seed, number])
        chance = None
        if measure.tested and compared.sum() >= 2:
            chance = _chance(measure, groups, compared, bootstrap.clusters, rng)
        estimates = tuple(
            _estimate(measure, groups.code == code, value[code], drawn[number][:, code], bootstrap)
            for code in range(len(groups.labels))
        )
        resamples = np.sqrt(drawn[number]) if measure.is_root else drawn[number]
        value = np.sqrt(value) if measure.is_root else value
        found.append(Measured(measure, rows, compared, value, estimates, resamples, chance))
    return found


def _units(groups: Groups, within: BoolArray, clusters: IntArray | None) -> FloatArray:
    """Return how many rows of each group a measure is about, or entities, if rows belong to some.

    Entities are as many as equally large ones would be that vary as much (Kish 1965): one with most of
    a group's rows decides its mean, however many others there are.
    """
    code, count = groups.code[within], len(groups.labels)
    if clusters is None:
        return np.bincount(code, minlength=count).astype(float)
    pairs, sizes = np.unique(np.stack([code, clusters[within]]), axis=1, return_counts=True)
    rows: FloatArray = np.bincount(pairs[0], sizes, count).astype(float)
    squares: FloatArray = np.bincount(pairs[0], sizes**2, count).astype(float)
    return ratio(rows**2, squares)


def frame_rates(view: View, groups: Groups) -> Mapping[str, "pd.Series[Any]"]:
    """Return the rates of the judged groups by fairlearn's `MetricFrame`, by measure.

    A rate that is not defined for a group is 0 to fairlearn; whoever calls must ask for its rows.

    Parameters
    ----------
    view : View
        With a class that is decided for.
    groups : Groups
    """
    kept = groups.judged[groups.code]
    if view.y_true is None or view.selected is None or not kept.any():
        return {}
    from fairlearn.metrics import (
        MetricFrame,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )
    from sklearn.metrics import precision_score

    frame = MetricFrame(
        metrics={
            "selection_rate": selection_rate,
            "tpr": true_positive_rate,
            "fpr": false_positive_rate,
            "precision": partial(precision_score, zero_division=0.0),
        },
        y_true=view.y_true[kept].astype(int),
        y_pred=view.selected[kept].astype(int),
        sensitive_features=groups.code[kept],
    )
    return {str(name): column for name, column in frame.by_group.items()}


def _chance(
    measure: Measure,
    groups: Groups,
    compared: BoolArray,
    clusters: IntArray | None,
    rng: np.random.Generator,
) -> Chance:
    """Compare groups that have enough rows, by the rows that the measure is about."""
    kept = measure.within & compared[groups.code]
    code = (np.cumsum(compared) - 1)[groups.code[kept]]
    own = None if clusters is None else np.unique(clusters[kept], return_inverse=True)[1]
    found = Labelled(measure.values[kept], code, own)
    return (rates_by_chance if measure.is_rate else means_by_chance)(found, rng)


def _resampled(
    measures: Sequence[Measure], groups: Groups, bootstrap: Bootstrap
) -> list[FloatArray]:
    """Return each measure of each group on the same resamples, (b, g) for each measure."""
    n, count = len(groups.code), len(groups.labels)
    plan = replace(
        bootstrap,
        resamples=affordable_resamples(bootstrap.resamples, n * len(measures) * count // 25),
    )
    units = [_fixed_point(measure.values) for measure in measures]
    member = groups.code[:, None] == np.arange(count)
    at_once = max(1, _SUMMED_CELLS // (2 * n * count))
    found: list[FloatArray] = []
    for start in range(0, len(measures), at_once):
        part = measures[start : start + at_once]
        columns = [
            member * (measure.within * values)[:, None]
            for measure, (fixed, _) in zip(part, units[start:], strict=False)
            for values in (fixed, 1.0)
        ]
        summed = np.concatenate(columns, axis=1).astype(float)
        sums = np.concatenate([weights @ summed for weights in plan.weights(n)])
        split = sums.reshape(len(sums), len(part), 2, count)
        found += [
            ratio(split[:, each, 0], split[:, each, 1]) * units[start + each][1]
            for each in range(len(part))
        ]
    return found


def _fixed_point(values: FloatArray) -> tuple[FloatArray, float]:
    """Return values as whole numbers of a small unit, and the unit.

    Sums of whole numbers are exact, so that those of a matrix product have the same bits whatever the
    order in which a machine adds.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0 or bool((values == np.round(values)).all() and largest < _EXACT):
        return values, 1.0
    unit = 2.0 ** (np.ceil(np.log2(largest)) - np.log2(_EXACT))
    return np.round(values / unit), float(unit)


def _estimate(
    measure: Measure,
    member: BoolArray,
    value: float,
    resamples: FloatArray,
    bootstrap: Bootstrap,
) -> Estimate | None:
    """Return a group's mean with its interval; see `rate_estimate` for that of a rate."""
    inside = member & measure.within
    n = int(inside.sum())
    if not n:
        return None
    plan = bootstrap.within(inside)
    if measure.is_rate and (plan.clusters is None or plan.units(n) < _FEWEST_UNITS):
        return rate_estimate(measure.values[inside], plan)
    low, high = plan.interval(resamples, n)
    if measure.is_rate and not low < high:
        low, high = wilson_interval(value, plan.units(n), plan.confidence)
        return Estimate(value, float(low), float(high), "Wilson of groups", n)
    # Resamples of few rows may have no value, and one row no interval.
    if not (np.isfinite([low, high]).all() and low < high):
        return _rooted(without_interval(value, n), measure)
    return _rooted(Estimate(value, low, high, plan.method, n), measure)


def _rooted(estimate: Estimate, measure: Measure) -> Estimate:
    if not measure.is_root:
        return estimate
    value, low, high = (float(np.sqrt(max(each, 0.0))) for each in (
        estimate.value, estimate.ci_low, estimate.ci_high
    ))  # fmt: skip
    return Estimate(value, low, high, estimate.method, estimate.n)
