"""The model card's part about what breaks the model."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from assay.report.rendering import render

_ROWS = 5


def robustness_facts(drops: pd.DataFrame) -> dict[str, Any]:
    """Return what `card_robustness.md.j2` tells of a table of drops, read back from CSV or not.

    Parameters
    ----------
    drops : DataFrame
        `Robustness.drops`.
    """
    broken = drops[drops["beyond_chance"].astype(bool)].sort_values(
        ["drop", "perturbation", "feature"], ascending=[False, True, True]
    )
    shown = broken.head(_ROWS).to_dict("records")
    return {
        "metric": str(drops["metric"].iloc[0]),
        "drops": drops,
        "top": shown,
        "broken_count": len(broken),
        "never_missing": any(
            row["perturbation"] == "missing" and row["training_missing_rate"] == 0 for row in shown
        ),
    }


def robustness_part(
    drops: pd.DataFrame,
    support: pd.DataFrame,
    robustness: Mapping[str, Any],
    feedback: Mapping[str, Any],
) -> str:
    """Return the part as Markdown.

    Parameters
    ----------
    drops, support : DataFrame
        `Robustness.drops` and `Robustness.support.table`.
    robustness, feedback : dict
        From `robustness_json` and `feedback_json`.
    """
    moved = support[support["rule"] == "moved"]
    return render(
        "card_robustness.md.j2",
        **robustness_facts(drops),
        robustness=robustness,
        moved=dict(zip(moved["feature"], moved["rate"], strict=True)),
        feedback=feedback,
    )
