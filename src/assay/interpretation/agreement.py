"""Three signals of each feature side by side: what the model loses, what moves it, what the data say."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from assay.errors import listed
from assay.evidence import Evidence
from assay.interpretation.groups import LEVEL
from assay.interpretation.importance import Shuffles, zero_importance_p_values
from assay.interpretation.univariate import univariate_signals
from assay.metrics.core import FloatArray
from assay.uncertainty.many import holm_adjusted

COLUMNS = [
    *("feature", "verdict", "meaning", "importance", "ci_low", "ci_high"),
    *("importance_p_value", "importance_rank"),
    *("shap_share", "shap_rank", "alone_score", "alone_chance", "alone_p_value", "alone_rank"),
    *("left_score", "left_chance", "left_p_value", "grouped_with", "moved", "moved_by_training"),
]
MATTERS, NOTHING = "agree: matters", "agree: does not matter"
UNUSED, TOGETHER, HIDDEN = "used, not useful", "only together", "hidden"
TELLING, UNTESTABLE, UNCLEAR = "telling, not used", "not testable", "unclear"
VERDICTS = (MATTERS, NOTHING, HIDDEN, TOGETHER, UNCLEAR, UNUSED, TELLING, UNTESTABLE)
# What somebody should look at.
OPEN = (UNUSED, TELLING, UNTESTABLE)
# A feature moves the model that has this share of all mean absolute SHAP values, and this part of an
# equal share: of few features, each has some by the noise of a fit.
MOVES, EQUAL = 0.05, 0.5
# What only the importance shows, and neither of the others, must be this unlikely by chance.
SURE = 0.01
# A feature tells much alone that tells this part of what the most telling one does.
TELLS = 0.2
# A feature hardly varies in the holdout where shuffling moves predictions by less than this part of
# what values of training rows do.
VARIES = 0.1


def signal_agreement(
    evidence: Evidence,
    shuffles: Shuffles,
    importance: pd.DataFrame,
    groups: pd.DataFrame,
    members: Sequence[tuple[str, ...]],
) -> pd.DataFrame:
    """Return what importance, SHAP values and the data say of each feature, and what that means.

    Parameters
    ----------
    evidence : Evidence
    shuffles : Shuffles
        Of the holdout.
    importance : DataFrame
        From `importance_table`, with `mean_abs_shap`.
    groups, members
        From `grouped_importance`.

    Returns
    -------
    DataFrame
        By feature, the most important first: `verdict` (one of `VERDICTS`) and `meaning`; `importance`
        with its interval, its p-value (corrected for all features by Holm) and rank; `shap_share` (of the sum of all
        mean absolute SHAP values) and its rank; what it tells alone and its rank, and what it tells of
        the model's errors, from `univariate_signals`; `grouped_with` (null without a group); `moved` and `moved_by_training` (the mean absolute
        change of the prediction when it is shuffled in the holdout, and when it has values of training
        rows).
    """
    table = importance.copy()
    units = shuffles.bootstrap.units(len(shuffles))
    values = table["importance"].to_numpy(dtype=float)
    table["importance_p_value"] = holm_adjusted(
        zero_importance_p_values(values, table["standard_error"].to_numpy(dtype=float), units)
    )
    total = float(table["mean_abs_shap"].sum())
    table["shap_share"] = table["mean_abs_shap"] / total if total > 0 else 0.0
    alone = univariate_signals(evidence)
    table = table.merge(alone, on="feature", how="left", sort=False)
    for column, rank in (
        ("importance", "importance_rank"),
        ("shap_share", "shap_rank"),
        ("alone_score", "alone_rank"),
    ):
        table[rank] = _ranks(table[column])
    group_of: dict[Any, int] = {
        name: number for number, names in enumerate(members) for name in names
    }
    table["grouped_with"] = [_others(name, group_of, members) for name in table["feature"]]
    moves = _movements(evidence, shuffles)
    table["moved"] = [moves[name][0] for name in table["feature"]]
    table["moved_by_training"] = [moves[name][1] for name in table["feature"]]
    matters = _group_matters(groups)
    best = float((table["alone_score"] - table["alone_chance"]).max())
    judged = [
        _judged(
            row,
            best,
            matters[group_of[row.feature]] if row.feature in group_of else False,
            len(table),
        )
        for row in table.itertuples(index=False)
    ]
    table["verdict"] = [verdict for verdict, _ in judged]
    table["meaning"] = [meaning for _, meaning in judged]
    return table[COLUMNS]


def _ranks(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return column.rank(ascending=False, method="min", na_option="bottom").astype("int64")


def _others(name: str, group_of: dict[Any, int], members: Sequence[tuple[str, ...]]) -> str | None:
    if name not in group_of:
        return None
    return listed(other for other in members[group_of[name]] if other != name)


def _group_matters(groups: pd.DataFrame) -> list[bool]:
    found = (groups["importance"] > 0) & (groups["p_value"] < LEVEL)
    return [bool(each) for each in found]


def _movements(evidence: Evidence, shuffles: Shuffles) -> dict[str, tuple[float, float]]:
    """Return how far each feature moves predictions: shuffled, and with values of training rows.

    Of many classes it is the sum over classes.
    """
    n, names = len(shuffles), shuffles.names
    rng = np.random.default_rng([evidence.task.seed, 9])
    drawn = rng.integers(0, len(evidence.train), n)
    train = evidence.train[names].iloc[drawn].reset_index(drop=True)
    preprocessor = evidence.predictor.pipeline.named_steps["features"]
    other = np.asarray(preprocessor.transform(train), dtype=float)
    order = rng.permutation(n)
    found = {}
    for name in names:
        columns = shuffles.columns([name])
        if not shuffles.reads([name]):
            found[name] = (0.0, 0.0)
            continue
        shuffled = shuffles.predicted(columns, shuffles.values(columns)[order])
        replaced = shuffles.predicted(columns, other[:, columns])
        found[name] = (_distance(shuffled, shuffles.before), _distance(replaced, shuffles.before))
    return found


def _distance(one: FloatArray, other: FloatArray) -> float:
    return float(np.abs(one - other).sum() / len(one))


def _judged(row: Any, best: float, group_matters: bool, count: int) -> tuple[str, str]:
    """Return the verdict on a feature, and what it means."""
    tells = row.alone_p_value < LEVEL
    sure = row.importance > 0 and row.importance_p_value < LEVEL
    moving = row.shap_share >= max(MOVES, EQUAL / count)
    much = tells and row.alone_score - row.alone_chance >= TELLS * best
    place = f"{ordinal(row.shap_rank)} of {count} by SHAP"
    # By itself an interval above 0 is nothing where many are looked at; with a second witness it is.
    if tells and (sure or row.ci_low > 0):
        return MATTERS, _MATTERS
    if sure:
        by_itself = moving and row.importance_p_value < SURE
        return (TOGETHER, _TOGETHER) if by_itself else (UNCLEAR, _UNCLEAR)
    still = moving and row.moved < VARIES * row.moved_by_training
    if group_matters and (much or moving) and not still:
        return HIDDEN, f"others tell the same: it goes with {row.grouped_with}"
    if moving:
        return _moving(row, f"the model moves with it ({place})", still)
    if much:
        missed = row.left_p_value < LEVEL and row.left_score > 0
        return (TELLING, _TELLING) if missed else (HIDDEN, _TOLD_BY_OTHERS)
    return NOTHING, _LITTLE if tells else _NOTHING


def _moving(row: Any, place: str, still: bool) -> tuple[str, str]:
    """Return the verdict on a feature that moves the model and is not shown to be useful."""
    if still:
        return UNTESTABLE, (
            f"{place}, but the holdout has hardly any variation in it: shuffling cannot show what it "
            "does"
        )
    if row.ci_low > 0:
        return UNCLEAR, f"{place}; {_UNCLEAR}"
    why = "it may have learned noise, or the period differs"
    if row.alone_p_value < LEVEL:
        why = "the period may differ, or the holdout have too few rows to show it"
    return UNUSED, f"{place}, and is not shown to predict better for it on the holdout: {why}"


_MATTERS = "it tells of the target alone, and the model predicts better for it"
_UNCLEAR = "its importance is above 0, and no more than chance can do among so many features"
_TOGETHER = (
    "it shows nothing alone, and the model predicts better for it: it tells in company of others (an "
    "interaction)"
)
_TELLING = (
    "it tells much alone, the model hardly moves with it, and the model's out-of-fold errors still go "
    "with it: the model misses what it tells"
)
_TOLD_BY_OTHERS = (
    "it tells much alone, and others tell the same: the model does without it, and its out-of-fold "
    "errors do not go with it"
)
_LITTLE = "it tells a little alone, and nothing that the model needs"
_NOTHING = "it tells nothing alone, hardly moves the model, and is not missed"


def ordinal(rank: int) -> str:
    """Write a rank, as in `2nd`."""
    ending = "th" if 10 <= rank % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"


def rank_agreement(agreement: pd.DataFrame) -> dict[str, float]:
    """Return Spearman's correlations of the three rankings; those that are defined."""
    pairs = {
        "importance_and_shap": ("importance", "shap_share"),
        "importance_and_alone": ("importance", "alone_score"),
        "shap_and_alone": ("shap_share", "alone_score"),
    }
    found = {}
    for name, (one, other) in pairs.items():
        both = agreement[[one, other]].dropna()
        if len(both) > 2 and both.nunique().min() > 1:
            value = float(both[one].rank().corr(both[other].rank()))
            if np.isfinite(value):
                found[name] = round(value, 6)
    return found
