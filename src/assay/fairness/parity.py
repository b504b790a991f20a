"""How far the groups of a column are apart, what chance alone would show, and what that means."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from assay.fairness.groups import Groups
from assay.fairness.measures import View
from assay.fairness.rates import Measured
from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.many import holm_adjusted

# The rule of the Uniform Guidelines of 1978: a selection rate below four fifths of the highest.
FOUR_FIFTHS = 0.8
BELOW_BEYOND_CHANCE = "below four fifths, beyond chance"
BELOW_BY_CHANCE = "below four fifths, but chance may do that"
WITHIN_BUT_DIFFERS = "within four fifths, but different beyond chance"
WITHIN = "within four fifths"
TOO_FEW = "too few rows to tell"
NONE_SELECTED = "no group is selected"
DIFFERS, BY_CHANCE = "different beyond chance", "no difference beyond chance"

# What a column is judged by, and the measures of groups behind it.
PARITIES = {
    "demographic_parity": ("selection_rate",),
    "equal_opportunity": ("tpr",),
    "equalized_odds": ("tpr", "fpr"),
    "predictive_parity": ("precision",),
    "calibration": ("calibration_gap",),
    "bias": ("mean_error",),
    "error_size": ("mae",),
    "coverage": ("coverage",),
}
COLUMNS = (
    *("column", "class", "parity", "measure", "group_count", "highest", "lowest"),
    *("difference", "ci_low", "ci_high", "chance_up_to", "p_value"),
    *("ratio", "ratio_ci_low", "ratio_ci_high", "chance_down_to", "verdict", "alarm"),
)


@dataclass(frozen=True)
class Parity:
    """How far the groups of a column are apart by one question.

    Attributes
    ----------
    column, label, name, measure : str
        The sensitive column, the class, the question and the measure that shows it.
    group_count : int
        Groups that are compared.
    highest, lowest : str
        The groups that are furthest apart; empty where fewer than two are compared.
    difference, ci_low, ci_high : float
        Between these two, with the interval of their difference; NaN where there is none.
    chance_up_to : float
        What labels that say nothing show in 19 cases of 20 (or as the confidence says).
    p_value : float
        Corrected by Holm's method for all questions about all columns.
    ratio, ratio_ci_low, ratio_ci_high, chance_down_to : float
        Of selection rates, the lowest to the highest; NaN elsewhere.
    verdict : str
    alarm : bool
        Whether groups differ beyond chance.
    """

    column: str
    label: str
    name: str
    measure: str
    group_count: int
    highest: str
    lowest: str
    difference: float
    ci_low: float
    ci_high: float
    chance_up_to: float
    p_value: float
    ratio: float
    ratio_ci_low: float
    ratio_ci_high: float
    chance_down_to: float
    verdict: str = TOO_FEW
    alarm: bool = False

    def row(self) -> tuple[Any, ...]:
        """Return a row of `COLUMNS`."""
        return (
            *(self.column, self.label, self.name, self.measure, self.group_count),
            *(self.highest, self.lowest, self.difference, self.ci_low, self.ci_high),
            *(self.chance_up_to, self.p_value, self.ratio, self.ratio_ci_low),
            *(self.ratio_ci_high, self.chance_down_to, self.verdict, self.alarm),
        )


def parities_of(
    groups: Groups, view: View, measured: Sequence[Measured], bootstrap: Bootstrap
) -> list[Parity]:
    """Return every question that a view answers; p-values are not corrected yet."""
    known = {each.measure.name: each for each in measured}
    return [
        _furthest(groups, view, name, [known[each] for each in names], bootstrap)
        for name, names in PARITIES.items()
        if all(each in known for each in names)
    ]


def judged(found: Sequence[Parity], confidence: float) -> list[Parity]:
    """Correct p-values for the number of questions, and say what they mean.

    Parameters
    ----------
    found : sequence of Parity
        All questions about all columns.
    confidence : float
        An alarm stands by chance alone in at most 1 - confidence of tables.
    """
    asked = [number for number, each in enumerate(found) if not np.isnan(each.p_value)]
    adjusted = holm_adjusted(np.array([found[number].p_value for number in asked]))
    judged = list(found)
    for number, p_value in zip(asked, adjusted, strict=True):
        alarm = bool(p_value < 1 - confidence)
        judged[number] = replace(
            found[number],
            p_value=float(p_value),
            alarm=alarm,
            verdict=_verdict(found[number], alarm),
        )
    return judged


def parity_table(found: Sequence[Parity]) -> pd.DataFrame:
    """Return a row for each question, with `COLUMNS`."""
    return pd.DataFrame([each.row() for each in found], columns=list(COLUMNS))


def _verdict(found: Parity, alarm: bool) -> str:
    if found.name != "demographic_parity":
        return DIFFERS if alarm else BY_CHANCE
    if np.isnan(found.ratio):
        return NONE_SELECTED
    if found.ratio < FOUR_FIFTHS:
        return BELOW_BEYOND_CHANCE if alarm else BELOW_BY_CHANCE
    return WITHIN_BUT_DIFFERS if alarm else WITHIN


def _furthest(
    groups: Groups, view: View, name: str, measured: Sequence[Measured], bootstrap: Bootstrap
) -> Parity:
    """Return the measure whose groups are furthest apart, beside what chance shows of the furthest."""
    known = [each for each in measured if each.chance is not None]
    if len(known) < len(measured):
        count = min(int(each.compared.sum()) for each in measured)
        nothing = [float("nan")] * 9
        return Parity(groups.column, view.label, name, measured[0].measure.name, count, "", "", *nothing)
    widest = max(known, key=_apart)
    value, compared = widest.value, np.flatnonzero(widest.compared)
    high, low = compared[value[compared].argmax()], compared[value[compared].argmin()]
    n = int(np.isin(groups.code, [high, low]).sum())
    plan = bootstrap.within(np.isin(groups.code, [high, low]))
    drawn = widest.resamples
    ends = plan.interval(drawn[:, high] - drawn[:, low], n)
    deals = min(len(each.means) for each in _chances(known))
    dealt = np.max([np.ptp(each.means[:deals], axis=1) for each in _chances(known)], axis=0)
    ratios = [float("nan")] * 4
    if name == "demographic_parity" and value[high] > 0:
        below = _ratios(drawn[:, low], drawn[:, high])
        means = widest.chance.means if widest.chance else np.empty((0, 2))
        by_chance = np.clip(_ratios(means.min(axis=1), means.max(axis=1)), 0, None)
        ratios = [
            float(value[low] / value[high]),
            *plan.interval(below, n),
            float(np.nanquantile(by_chance, 1 - bootstrap.confidence)),
        ]
    return Parity(
        groups.column,
        view.label,
        name,
        widest.measure.name,
        len(compared),
        groups.labels[high],
        groups.labels[low],
        _apart(widest),
        *ends,
        float(np.quantile(dealt, bootstrap.confidence)),
        _p_value(known, dealt),
        *ratios,
    )


def _p_value(known: Sequence[Measured], dealt: FloatArray) -> float:
    """Return the p-value of one measure, or of the furthest of several."""
    if len(known) == 1:
        return next(_chances(known)).p_value
    seen = max(map(_apart, known))
    return float((1 + np.sum(dealt >= seen - 1e-12)) / (1 + len(dealt)))


def _chances(known: Sequence[Measured]) -> Iterator[Any]:
    return (each.chance for each in known)


def _apart(each: Measured) -> float:
    return float(np.ptp(each.value[each.compared]))


def _ratios(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return ratios of rates; where no row is selected there is none."""
    return np.divide(low, high, out=np.full(np.shape(high), np.nan), where=high > 0)
