"""Is the model too good to be true? Its score, and how much of it one feature holds up."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from assay.checks.findings import Finding, accept_known
from assay.finding_codes import OF_MODEL
from assay.sections import TaskType

# The scale on which `validate.max_model_score` is meant: 1 is perfect, whatever the shares of classes.
# Of many classes the AUC is near 1 for honest models too; the balanced accuracy is not.
SCORE_OF: Mapping[TaskType, str] = {
    "binary": "roc_auc",
    "multiclass": "balanced_accuracy",
    "regression": "r2",
}
# One of two features may well do most of the work.
_FEWEST_FEATURES = 3


def judge_model(
    task: TaskType,
    holdout: Mapping[str, float],
    out_of_fold: Mapping[str, float],
    importance: pd.DataFrame,
    max_score: float,
    max_share: float,
    ignore: Mapping[str, str],
) -> list[Finding]:
    """Return what is suspicious of a model, none of it an error.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
    holdout, out_of_fold : dict of str to float
        Metrics by name, of which the task's `SCORE_OF` is looked at.
    importance : DataFrame
        From `fold_importance`.
    max_score, max_share : float
        `validate.max_model_score` and `validate.max_importance_share`.
    ignore : dict of str to str
        `validate.ignore`.
    """
    found = [
        *_too_good(SCORE_OF[task], holdout, out_of_fold, max_score),
        *_one_feature(importance, max_share),
    ]
    return accept_known(found, ignore, OF_MODEL)


def _too_good(
    metric: str, holdout: Mapping[str, float], out_of_fold: Mapping[str, float], limit: float
) -> Iterator[Finding]:
    scores = {"holdout": holdout.get(metric), "out_of_fold": out_of_fold.get(metric)}
    known: dict[str, float] = {place: s for place, s in scores.items() if s is not None}
    if not known or max(known.values()) <= limit:
        return
    told = " and ".join(f"{s:.3f} {place.replace('_', '-')}" for place, s in known.items())
    evidence: dict[str, Any] = {f"{place}_score": score for place, score in known.items()}
    yield Finding(
        "leak_model_score",
        "warning",
        f"the model's {metric} is {told}, above {limit} (validate.max_model_score).",
        "Look for a feature that is only known later, and for rows that depend on each other; accept "
        "the finding in validate.ignore with the reason if the task is that easy.",
        evidence={"metric": metric, **evidence},
    )


def _one_feature(importance: pd.DataFrame, limit: float) -> Iterator[Finding]:
    if len(importance) < _FEWEST_FEATURES:
        return
    top = importance.iloc[0]
    if top["share"] > limit:
        yield Finding(
            "leak_importance",
            "warning",
            f"feature {top['feature']!r} holds {top['share']:.0%} of what the model loses when features "
            f"are shuffled, above {limit:.0%} (validate.max_importance_share).",
            "Ask whether it is known at the time of the decision; accept the finding in "
            "validate.ignore with the reason if it is.",
            (str(top["feature"]),),
            {"share": float(top["share"]), "loss": float(top["loss"])},
        )
