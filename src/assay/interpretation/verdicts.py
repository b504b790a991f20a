"""What three signals of a feature mean together, in a word and in a sentence with its numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.interpretation.groups import LEVEL

MATTERS, NOTHING = "agree: matters", "agree: does not matter"
BY_TWO, TOGETHER, HIDDEN = "matters, alone not shown", "only together", "hidden"
UNCLEAR, UNUSED = "unclear", "used, not useful"
TELLING, UNTESTABLE = "telling, not used", "not testable"
VERDICTS = (MATTERS, NOTHING, BY_TWO, HIDDEN, TOGETHER, UNCLEAR, UNUSED, TELLING, UNTESTABLE)
# What somebody should look at.
OPEN = (UNUSED, TELLING, UNTESTABLE)
# Those of which the model is shown to predict better for a feature.
USEFUL = (MATTERS, BY_TWO, TOGETHER)
# A feature moves the model that has this share of all mean absolute SHAP values, and this part of an
# equal share: of few features, each has some by the noise of a fit. Where its importance is sure, less
# is asked.
MOVES, EQUAL, EQUAL_IF_SURE = 0.05, 0.75, 0.5
# What only the importance shows, and neither of the others, must be this unlikely by chance.
SURE = 0.01
# A feature tells something alone that tells this part of what the most telling one does.
TELLS = 0.2
# A feature hardly varies in the holdout where shuffling moves predictions by less than this part of
# what values of training rows do.
VARIES = 0.1
# The model treats a feature's values alike where so many rows keep their prediction.
_ALIKE = 0.9
# It uses a feature for few rows where the 99% quantile of its effects is so many times their mean.
_FEW = 5.0


@dataclass(frozen=True)
class _Among:
    """What is known of all features together.

    Attributes
    ----------
    count : int
        Features.
    best : float
        What the most telling one tells alone, above chance.
    blind : bool
        Whether nothing is shown to tell anything alone.
    least_share, least_large : float
        The smallest share of SHAP values, and 99% quantile of absolute ones, of a feature that is shown
        to matter; infinite where none is.
    score : str
        What `alone_score` is.
    later : bool
        Whether the holdout is later than the training rows.
    """

    count: int
    best: float
    blind: bool
    least_share: float
    least_large: float
    score: str
    later: bool

    def by_shap(self, row: Any) -> str:
        """Say a feature's share of SHAP values."""
        place = f"{ordinal(row.shap_rank)} of {self.count}"
        return f"{row.shap_share:.1%} of all mean absolute SHAP values, {place}"

    def alone(self, row: Any) -> str:
        """Say what a feature tells alone."""
        place = f"{ordinal(row.alone_rank)} of {self.count}"
        return f"{self.score} {row.alone_score:.3f}, {place}"

    def uses(self, row: Any) -> bool:
        """Say whether the model uses a feature as much as one that matters: in all, or in some rows."""
        return bool(row.shap_share >= self.least_share or row.shap_p99 >= self.least_large)


def judge(
    table: pd.DataFrame, group_matters: dict[str, bool], task: str, later: bool
) -> list[tuple[str, str]]:
    """Return the verdict on each feature, and what it means.

    Parameters
    ----------
    table : DataFrame
        The columns of `signal_agreement` but these two, and `mean_abs_shap`.
    group_matters : dict of str to bool
        Whether the group of a feature is shown to matter; those without a group are absent.
    task : str
    later : bool
        Whether the holdout is later than the training rows.
    """
    shown = table["alone_shown"].to_numpy(dtype=bool)
    above = table["importance"].to_numpy(dtype=float) > 0
    sure = above & (table["importance_p_value"].to_numpy(dtype=float) < LEVEL)
    useful = sure | (shown & (table["ci_low"].to_numpy(dtype=float) > 0))
    among = _Among(
        count=len(table),
        best=float((table["alone_score"] - table["alone_chance"]).max()),
        blind=not shown.any(),
        least_share=float(np.min(table["shap_share"].to_numpy()[useful], initial=np.inf)),
        least_large=float(np.min(table["shap_p99"].to_numpy()[useful], initial=np.inf)),
        score={"binary": "AUC", "multiclass": "mean AUC"}.get(task, "R2 of ranks"),
        later=later,
    )
    return [
        _judged(row, among, group_matters.get(str(row.feature), False))
        for row in table.itertuples(index=False)
    ]


def _judged(row: Any, among: _Among, group_matters: bool) -> tuple[str, str]:
    tells = bool(row.alone_shown)
    sure = row.importance > 0 and row.importance_p_value < LEVEL
    moving = row.shap_share >= max(MOVES, EQUAL / among.count)
    some = tells and row.alone_score - row.alone_chance >= TELLS * among.best
    # By itself an interval above 0 is nothing where many are looked at; with a second witness it is.
    if tells and (sure or row.ci_low > 0):
        return MATTERS, _MATTERS
    if sure:
        by_itself = row.shap_share >= max(MOVES, EQUAL_IF_SURE / among.count)
        by_itself = by_itself and row.importance_p_value < SURE
        return _without_telling(row, among) if by_itself else (UNCLEAR, _UNCLEAR)
    still = moving and row.moved < VARIES * row.moved_by_training
    if group_matters and (some or moving) and not still:
        return HIDDEN, f"others tell the same: it goes with {row.grouped_with}"
    if moving:
        return _moving(row, among, still)
    if some:
        return _telling(row, among)
    return NOTHING, _LITTLE if tells else _NOTHING


def _without_telling(row: Any, among: _Among) -> tuple[str, str]:
    """Return the verdict on a feature that matters, and is not shown to tell anything alone."""
    if not among.blind and not pd.isna(row.interacts_with):
        other = f"what it adds depends on others, most on {row.interacts_with}"
        return TOGETHER, f"the model predicts better for it; it shows nothing alone: {other}"
    every = "; nor is what any other feature tells" if among.blind else ""
    return BY_TWO, (
        f"the model moves with it and predicts better for it; what it tells alone is not shown{every}"
    )


def _moving(row: Any, among: _Among, still: bool) -> tuple[str, str]:
    """Return the verdict on a feature that moves the model and is not shown to be useful."""
    place = f"the model moves with it ({among.by_shap(row)})"
    if still:
        return UNTESTABLE, f"{place}, but {_why_still(row)}: shuffling cannot show what it does"
    if row.ci_low > 0:
        return UNCLEAR, f"{place}; {_UNCLEAR}"
    why = "it may have learned noise"
    if row.alone_shown:
        why = "the holdout may have too few rows to show it"
    why += ", or the holdout's later period differs" if among.later else ""
    return UNUSED, f"{place}, and is not shown to predict better for it on the holdout: {why}"


def _why_still(row: Any) -> str:
    """Say why shuffling the holdout's values of a feature hardly moves predictions."""
    if row.holdout_values == 1:
        return "the holdout has one value of it only"
    if row.treated_alike >= _ALIKE:
        rest = 1 - row.treated_alike
        but = f" but {rest:.1%}" if rest >= 0.0005 else " but less than 0.1%" if rest > 0 else ""
        return (
            f"in all{but} of the holdout's rows its values ({row.holdout_values:,} different ones) lie "
            "where the model treats them alike"
        )
    return (
        "the holdout's values of it differ too little (they move predictions by "
        f"{row.moved:.2g} on average, those of training rows would by {row.moved_by_training:.2g})"
    )


def _telling(row: Any, among: _Among) -> tuple[str, str]:
    """Return the verdict on a feature that tells something alone, and has no share that moves the model."""
    alone = f"it tells something alone ({among.alone(row)})"
    missed = row.left_p_value < LEVEL and row.left_score > 0
    if not missed:
        return HIDDEN, (
            f"{alone}, and the model is not shown to predict better for it: others tell the same, for "
            "its out-of-fold errors are not shown to go with it"
        )
    if among.uses(row):
        few = ", most of it in few rows" if row.shap_p99 > _FEW * row.mean_abs_shap else ""
        return UNCLEAR, (
            f"{alone}, the model uses it ({among.by_shap(row)}{few}), and is not shown to predict better "
            "for it; its out-of-fold errors still go with it"
        )
    return TELLING, (
        f"{alone}, the model hardly moves with it ({among.by_shap(row)}; less than with any feature that "
        "matters), and its out-of-fold errors still go with it: the model misses what it tells"
    )


_MATTERS = "it tells of the target alone, and the model predicts better for it"
_UNCLEAR = "its importance is above 0, and no more than chance can do among so many features"
_LITTLE = "it tells a little alone, and nothing that the model is shown to need"
_NOTHING = "it tells nothing alone, hardly moves the model, and is not missed"


def ordinal(rank: int) -> str:
    """Write a rank, as in `2nd`."""
    ending = "th" if 10 <= rank % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"
