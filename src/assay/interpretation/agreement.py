"""Three signals of each feature side by side: what the model loses, what moves it, what the data say."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from assay.errors import listed
from assay.evidence import Evidence
from assay.interpretation.groups import LEVEL
from assay.interpretation.importance import Shuffles, zero_importance_p_values
from assay.interpretation.interactions import strongest_interactions
from assay.interpretation.movements import holdout_is_later, movements
from assay.interpretation.shap_values import Explanation
from assay.interpretation.univariate import univariate_signals
from assay.interpretation.verdicts import SURE, judge
from assay.uncertainty.many import holm_adjusted

COLUMNS = [
    *("feature", "verdict", "meaning", "importance", "ci_low", "ci_high"),
    *("importance_p_value", "importance_rank"),
    *("shap_share", "shap_rank", "alone_score", "alone_chance", "alone_p_value", "alone_rank"),
    "alone_shown",
    *("left_score", "left_chance", "left_p_value", "grouped_with", "interacts_with", "shap_p99"),
    *("moved", "moved_by_training", "holdout_values", "treated_alike"),
]


def signal_agreement(
    evidence: Evidence,
    shuffles: Shuffles,
    importance: pd.DataFrame,
    explanation: Explanation,
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
        From `importance_table`.
    explanation : Explanation
    groups, members
        From `grouped_importance`.

    Returns
    -------
    DataFrame
        By feature, the most important first: `verdict` (one of `VERDICTS`) and `meaning`; `importance`
        with its interval, its p-value (corrected for all features by Holm) and rank; `shap_share` (of the sum of all
        mean absolute SHAP values) and its rank; what it tells alone and its rank, whether that is shown
        (beyond chance, and better than to guess: an AUC above 0.5, an R2 above 0), and what it tells of
        the model's errors, from `univariate_signals`; `grouped_with` (null without a group);
        `interacts_with`, from `strongest_interactions`, of features that matter and tell nothing alone
        (null where nothing does); `shap_p99`, the 99% quantile of its absolute SHAP values; and what
        `movements` returns.
    """
    table = importance.copy()
    units = shuffles.bootstrap.units(len(shuffles))
    values = table["importance"].to_numpy(dtype=float)
    table["importance_p_value"] = holm_adjusted(
        zero_importance_p_values(values, table["standard_error"].to_numpy(dtype=float), units)
    )
    means = explanation.mean_absolute()
    total = float(means.sum())
    table["mean_abs_shap"] = table["feature"].map(means)
    table["shap_share"] = table["mean_abs_shap"] / total if total > 0 else 0.0
    table["shap_p99"] = table["feature"].map(explanation.values.abs().quantile(0.99))
    alone = univariate_signals(evidence)
    table = table.merge(alone, on="feature", how="left", sort=False)
    guess = 0.0 if evidence.schema.task == "regression" else 0.5
    table["alone_shown"] = (table["alone_p_value"] < LEVEL) & (table["alone_score"] > guess)
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
    table = table.merge(movements(evidence, shuffles), on="feature", how="left", sort=False)
    table["interacts_with"] = _partners(table, explanation)
    found = _group_matters(groups)
    matters = {name: found[number] for name, number in group_of.items()}
    judged = judge(table, matters, evidence.schema.task, holdout_is_later(evidence))
    table["verdict"] = [verdict for verdict, _ in judged]
    table["meaning"] = [meaning for _, meaning in judged]
    return table[COLUMNS]


def _ranks(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return column.rank(ascending=False, method="min", na_option="bottom").astype("int64")


def _partners(table: pd.DataFrame, explanation: Explanation) -> "pd.Series[Any]":
    """Return what the features interact with that matter, and are not shown to tell anything alone."""
    asked = (table["importance_p_value"] < SURE) & (table["importance"] > 0)
    asked &= ~table["alone_shown"]
    names = list(table["feature"][asked.to_numpy()])
    found = strongest_interactions(explanation.values, explanation.features, names)
    partners = dict(zip(found["feature"], found["interacts_with"], strict=True))
    return pd.Series([partners.get(name) for name in table["feature"]], table.index, dtype=object)


def _others(name: str, group_of: dict[Any, int], members: Sequence[tuple[str, ...]]) -> str | None:
    if name not in group_of:
        return None
    return listed(other for other in members[group_of[name]] if other != name)


def _group_matters(groups: pd.DataFrame) -> list[bool]:
    found = (groups["importance"] > 0) & (groups["p_value"] < LEVEL)
    return [bool(each) for each in found]


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
