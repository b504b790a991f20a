"""Which signals drive the model, and can that be believed?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.evidence import Evidence
from assay.interpretation.agreement import rank_agreement, signal_agreement
from assay.interpretation.direction import AGAINST, MOSTLY, ROUGH, judge_directions
from assay.interpretation.groups import HIDDEN, feature_groups, grouped_importance
from assay.interpretation.importance import Shuffles, importance_table
from assay.interpretation.interactions import strongest_interactions
from assay.interpretation.local import local_explanations
from assay.interpretation.partial_dependence import PartialDependence, partial_dependence
from assay.interpretation.shap_values import Explanation, explain
from assay.interpretation.verdicts import OPEN, USEFUL, VERDICTS

# What SHAP's explanation may miss the model's output by.
_ADDITIVITY_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Interpretation:
    """Everything that `interpret` found of signals.

    Attributes
    ----------
    importance : DataFrame
        From `importance_table`, with the mean absolute SHAP value beside it.
    groups : DataFrame
        From `grouped_importance`.
    explanation : Explanation
    interactions : DataFrame
        From `strongest_interactions`, of the features with a plot of SHAP dependence.
    partial : PartialDependence
    local : DataFrame
        From `local_explanations`.
    agreement : DataFrame
        From `signal_agreement`.
    directions : DataFrame
        From `judge_directions`.
    """

    importance: pd.DataFrame
    groups: pd.DataFrame
    explanation: Explanation
    interactions: pd.DataFrame
    partial: PartialDependence
    local: pd.DataFrame
    agreement: pd.DataFrame
    directions: pd.DataFrame


def interpret_model(evidence: Evidence) -> Interpretation:
    """Explain a model on the holdout, and compare what the explanations say.

    Raises
    ------
    ParamsError
        If a row of `interpret.explain_rows` is none of the holdout.
    """
    params, schema = evidence.params, evidence.schema
    # First, because it may refuse what is asked for.
    local = local_explanations(evidence)
    shuffles = Shuffles(
        evidence.predictor,
        evidence.features,
        evidence.holdout.y_true,
        evidence.metric,
        params.permutation_repeats,
        evidence.bootstrap,
    )
    singles = shuffles.each()
    importance = importance_table(shuffles, singles)
    found_groups = feature_groups(
        evidence.train, schema, params.correlated_from, evidence.task.seed
    )
    groups, members = grouped_importance(shuffles, singles, found_groups)
    explanation = explain(evidence)
    importance["mean_abs_shap"] = importance["feature"].map(explanation.mean_absolute())
    top = list(explanation.mean_absolute().index[: params.dependence_feature_count])
    partial = partial_dependence(evidence, _with_curves(evidence, importance))
    agreement = signal_agreement(evidence, shuffles, importance, explanation, groups, members)
    useful = agreement["feature"][agreement["verdict"].isin(USEFUL).to_numpy()]
    return Interpretation(
        importance,
        groups,
        explanation,
        strongest_interactions(explanation.values, explanation.features, top),
        partial,
        local,
        agreement,
        judge_directions(evidence, partial, set(useful)),
    )


def _with_curves(evidence: Evidence, importance: pd.DataFrame) -> Sequence[str]:
    """Return the features with a curve: the most important ones, and those with an expectation."""
    names = list(importance["feature"].head(evidence.params.dependence_feature_count))
    known = evidence.schema.feature_names
    expected = [name for name in evidence.params.expected_direction if name in known]
    return list(dict.fromkeys([*names, *expected]))


# Features in the data of a plot; more names would overlap.
_PLOTTED = 25


def plot_tables(found: Interpretation) -> dict[str, pd.DataFrame]:
    """Return the data behind the bars of "importance" and "shap": the top features of each."""
    means = found.explanation.mean_absolute().rename("mean_abs_shap").rename_axis("feature")
    return {
        "importance": found.importance[["feature", "importance"]].head(_PLOTTED),
        "shap": means.reset_index().head(_PLOTTED),
    }


def interpretation_json(found: Interpretation) -> dict[str, Any]:
    """Return the scalars of `metrics/interpret.json` that tell of signals."""
    explained = found.explanation
    return {
        "applicable": True,
        **_top_json(found.importance),
        "positive_importance_count": int((found.importance["ci_low"] > 0).sum()),
        "feature_count": len(found.importance),
        "shap": {
            "row_count": len(explained.values),
            "method": explained.method,
            "output": explained.output,
            "additivity_gap": round(explained.additivity_gap, 9),
            "additive": bool(explained.additivity_gap < _ADDITIVITY_TOLERANCE),
        },
        "groups": _groups_json(found.groups),
        "agreement": _agreement_json(found.agreement),
        "directions": _directions_json(found.directions),
    }


def _top_json(importance: pd.DataFrame) -> dict[str, Any]:
    """Return the most important feature, of equal ones that with more SHAP; nothing where none matters."""
    by = ["importance", "mean_abs_shap"]
    top = importance.sort_values(by, ascending=False, kind="stable").iloc[0]
    if not top["importance"] > 0:
        return {}
    return {"top_feature": str(top["feature"]), "top_importance": float(top["importance"])}


def _groups_json(groups: pd.DataFrame) -> dict[str, Any]:
    if groups.empty:
        return {"applicable": False, "count": 0}
    top = groups.iloc[0]
    return {
        "applicable": True,
        "count": len(groups),
        "hidden_count": int((groups["meaning"] == HIDDEN).sum()),
        "top_features": str(top["features"]),
        "top_importance": float(top["importance"]),
        "top_ci_low": float(top["ci_low"]),
        "top_ci_high": float(top["ci_high"]),
    }


def _agreement_json(agreement: pd.DataFrame) -> dict[str, Any]:
    verdicts = agreement["verdict"]
    return {
        "open_count": int(verdicts.isin(OPEN).sum()),
        # Where no feature is shown to tell anything alone, this witness is blind.
        "alone_shown_count": int(agreement["alone_shown"].sum()),
        "verdicts": {verdict: int((verdicts == verdict).sum()) for verdict in VERDICTS},
        "rank_correlation": rank_agreement(agreement),
    }


def _directions_json(directions: pd.DataFrame) -> dict[str, Any]:
    if directions.empty:
        return {"applicable": False, "count": 0}
    verdicts = directions["verdict"]
    summary: dict[str, Any] = {
        "applicable": True,
        "count": len(directions),
        "mostly_count": int((verdicts == MOSTLY).sum()),
        "against_count": int((verdicts == AGAINST).sum()),
        "rough_count": int((verdicts == ROUGH).sum()),
    }
    odd = directions[verdicts.isin([MOSTLY, AGAINST]).to_numpy()]
    if len(odd):
        worst = odd.sort_values("reversal_share", ascending=False, kind="stable").iloc[0]
        summary |= {
            "worst_feature": str(worst["feature"]),
            "worst_reversal_share": float(worst["reversal_share"]),
        }
    return summary
