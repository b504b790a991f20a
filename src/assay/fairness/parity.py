"""How far the groups of a column are apart, what chance alone would show, and what that means."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
import pandas as pd

from assay.fairness.chance import Chance
from assay.fairness.groups import Groups
from assay.fairness.measures import View
from assay.fairness.rates import Measured
from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.many import holm_adjusted, holm_levels

# The rule of the Uniform Guidelines of 1978: a selection rate below four fifths of the highest.
FOUR_FIFTHS = 0.8
BELOW_BEYOND_CHANCE = "below four fifths, beyond chance"
BELOW_BY_CHANCE = "below four fifths, but chance may do that"
WITHIN_BUT_DIFFERS = "within four fifths, but different beyond chance"
WITHIN = "within four fifths"
TOO_FEW = "too few rows to tell"
NONE_SELECTED = "no group is selected"
DIFFERS, BY_CHANCE = "different beyond chance", "no difference beyond chance"

# What a column is judged by, and the measure of groups behind it.
PARITIES = {
    "demographic_parity": "selection_rate",
    "equal_opportunity": "tpr",
    "predictive_equality": "fpr",
    "predictive_parity": "precision",
    "calibration": "calibration_gap",
    "bias": "mean_error",
    "error_size": "mae",
    "coverage": "coverage",
}
# The worse of two of these, and no question of its own: a group must be alike in both.
EQUALIZED_ODDS = "equalized_odds"
_ODDS = ("equal_opportunity", "predictive_equality")
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
        The groups that are furthest apart (of means: most standard errors apart); empty where fewer than
        two are compared.
    difference, ci_low, ci_high : float
        Between these two, with the interval of their difference; NaN where there is none.
    chance_up_to : float
        How far labels that say nothing bring the furthest groups apart, at the corrected level: exactly a
        larger difference is an alarm.
    p_value : float
        Corrected by Holm's method for all questions about all columns.
    ratio, ratio_ci_low, ratio_ci_high : float
        Of selection rates, the lowest to the highest; NaN elsewhere.
    chance_down_to : float
        The ratio of the highest rate less `chance_up_to` to the highest.
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
    difference: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    chance_up_to: float = np.nan
    p_value: float = np.nan
    ratio: float = np.nan
    ratio_ci_low: float = np.nan
    ratio_ci_high: float = np.nan
    chance_down_to: float = np.nan
    verdict: str = TOO_FEW
    alarm: bool = False


@dataclass(frozen=True)
class Asked:
    """A question before it is judged.

    Attributes
    ----------
    parity : Parity
    chance : Chance or None
        What chance shows of it; None where nothing is compared.
    highest : float
        The value of the highest group.
    """

    parity: Parity
    chance: Chance | None
    highest: float


def parities_of(
    groups: Groups, view: View, measured: Sequence[Measured], bootstrap: Bootstrap
) -> list[Asked]:
    """Return every question that a view answers."""
    known = {each.measure.name: each for each in measured}
    return [
        _furthest(groups, view, name, known[measure], bootstrap)
        for name, measure in PARITIES.items()
        if measure in known
    ]


def judged(asked: Sequence[Asked], confidence: float) -> list[Parity]:
    """Correct p-values for the number of questions, and say what they mean.

    Parameters
    ----------
    asked : sequence of Asked
        All questions about all columns.
    confidence : float
        An alarm stands by chance alone in at most 1 - confidence of tables.

    Returns
    -------
    list of Parity
        With equalised odds behind the two questions that they are made of.
    """
    # 1 - 0.95 is a little more than 0.05.
    level = round(1 - confidence, 12)
    p_values = np.array([each.chance.p_value for each in asked if each.chance is not None])
    corrected = iter(zip(holm_adjusted(p_values), holm_levels(p_values, level), strict=True))
    told = []
    for each in asked:
        if each.chance is None:
            told.append(each.parity)
            continue
        p_value, own_level = map(float, next(corrected))
        told.append(_told(each, each.chance.bound(own_level), p_value, p_value < level))
    return _with_odds(told)


def _told(asked: Asked, bound: float, p_value: float, alarm: bool) -> Parity:
    parity = asked.parity
    # The ratio is no test of its own: its bound is that of the difference.
    down_to = np.nan if np.isnan(parity.ratio) else max(0.0, 1 - bound / asked.highest)
    return replace(
        parity,
        chance_up_to=bound,
        chance_down_to=down_to,
        p_value=p_value,
        alarm=alarm,
        verdict=_verdict(parity, alarm),
    )


def _with_odds(found: Sequence[Parity]) -> list[Parity]:
    told: list[Parity] = []
    for each in found:
        told.append(each)
        if each.name == _ODDS[1]:
            pair = [told[-2], each]
            # An alarm is told by its own figures.
            worse = max(pair, key=lambda one: (one.alarm, np.nan_to_num(one.difference, nan=-1.0)))
            known = not any(np.isnan(one.difference) for one in pair)
            shown = worse if known else _without_figures(each)
            different = [one.measure for one in pair if one.alarm]
            verdict = f"{DIFFERS} in {' and '.join(different)}" if different else BY_CHANCE
            told.append(
                replace(
                    shown,
                    name=EQUALIZED_ODDS,
                    p_value=min(one.p_value for one in pair) if known else np.nan,
                    alarm=bool(different),
                    verdict=verdict if known or different else TOO_FEW,
                )
            )
    return told


def _without_figures(parity: Parity) -> Parity:
    return Parity(
        parity.column, parity.label, parity.name, parity.measure, parity.group_count, "", ""
    )


def parity_table(found: Sequence[Parity]) -> pd.DataFrame:
    """Return a row for each question, with `COLUMNS`."""
    return pd.DataFrame([astuple(each) for each in found], columns=list(COLUMNS))


def _verdict(found: Parity, alarm: bool) -> str:
    if found.name != "demographic_parity":
        return DIFFERS if alarm else BY_CHANCE
    if np.isnan(found.ratio):
        return NONE_SELECTED
    if found.ratio < FOUR_FIFTHS:
        return BELOW_BEYOND_CHANCE if alarm else BELOW_BY_CHANCE
    return WITHIN_BUT_DIFFERS if alarm else WITHIN


def _furthest(
    groups: Groups, view: View, name: str, widest: Measured, bootstrap: Bootstrap
) -> Asked:
    """Return the groups that are furthest apart, beside what chance shows of the furthest."""
    measure, chance = widest.measure.name, widest.chance
    if chance is None:
        count = int(widest.compared.sum())
        return Asked(Parity(groups.column, view.label, name, measure, count, "", ""), None, np.nan)
    value, compared = widest.value, np.flatnonzero(widest.compared)
    high, low = compared[chance.high], compared[chance.low]
    inside = np.isin(groups.code, [high, low])
    n, plan, drawn = int(inside.sum()), bootstrap.within(inside), widest.resamples
    ends = plan.interval(drawn[:, high] - drawn[:, low], n)
    found = Parity(
        groups.column,
        view.label,
        name,
        measure,
        len(compared),
        groups.labels[high],
        groups.labels[low],
        float(value[high] - value[low]),
        *ends,
    )
    highest = float(value[high])
    if name != "demographic_parity" or highest <= 0:
        return Asked(found, chance, highest)
    below = plan.interval(_ratios(drawn[:, low], drawn[:, high]), n)
    ratio = float(value[low] / highest)
    found = replace(found, ratio=ratio, ratio_ci_low=below[0], ratio_ci_high=below[1])
    return Asked(found, chance, highest)


def _ratios(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return ratios of rates; where no row is selected there is none."""
    return np.divide(low, high, out=np.full(np.shape(high), np.nan), where=high > 0)
