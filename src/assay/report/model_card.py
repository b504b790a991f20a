"""`reports/model_card.md`: what the model is, how good, for what, and what to watch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.report.rendering import render
from assay.schema import Schema

# Slices and candidates that the card shows.
_SHOWN = 5


@dataclass(frozen=True)
class CardFacts:
    """Everything that the card tells; it computes nothing itself.

    Attributes
    ----------
    run : dict
        The content of `run_meta.json`.
    schema : Schema
    metrics : dict
        The metrics files by stage.
    decision : dict
        The content of `models/decision.json`.
    leaderboard, importance, slices : DataFrame
        Tables of `reports/tables/`.
    """

    run: Mapping[str, Any]
    schema: Schema
    metrics: Mapping[str, Mapping[str, Any]]
    decision: Mapping[str, Any]
    leaderboard: pd.DataFrame
    importance: pd.DataFrame
    slices: pd.DataFrame


def model_card(facts: CardFacts) -> str:
    """Return the card as Markdown."""
    params = facts.run["params"]
    leaderboard = facts.leaderboard.fillna({"failure": "", "params": ""})
    ranked = leaderboard[leaderboard["failure"] == ""]
    return render(
        "model_card.md.j2",
        run=facts.run,
        params=params,
        schema=facts.schema,
        decision=facts.decision,
        m=facts.metrics,
        baselines=[(n, v) for n, v in facts.metrics["baseline"].items() if isinstance(v, dict)],
        metric_names=list(facts.metrics["holdout"]["model"]),
        ranked=ranked.to_dict("records"),
        failed=leaderboard[leaderboard["failure"] != ""].to_dict("records"),
        importance=facts.importance.head(_SHOWN).to_dict("records"),
        weak_slices=facts.slices.head(_SHOWN).to_dict("records"),
        slice_metric=facts.metrics["holdout"]["gate"]["metric"],
        confidence=params["evaluate"]["confidence"],
    )
