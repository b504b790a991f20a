"""The model card's part about what breaks the model."""

from typing import Any

import pandas as pd

from assay.metrics.catalogue import ROW_LOSS
from assay.sections import TaskType

_ROWS = 5


def robustness_facts(drops: pd.DataFrame, support: pd.DataFrame, task: TaskType) -> dict[str, Any]:
    """Return the variables of `card_robustness.md.j2` that tables tell.

    Parameters
    ----------
    drops, support : DataFrame
        `reports/tables/robustness.csv` and `support.csv`.
    task : {"binary", "multiclass", "regression"}
    """
    moved = support[support["rule"] == "moved"]
    broken = drops[drops["beyond_chance"].astype(bool)].sort_values(
        ["drop", "perturbation", "feature"], ascending=[False, True, True]
    )
    shown = broken.head(_ROWS).to_dict("records")
    return {
        "drops": drops,
        "top": shown,
        "loss_name": ROW_LOSS[task].removeprefix("row_").replace("_", " "),
        "broken_count": len(broken),
        "moved": dict(zip(moved["feature"], moved["rate"], strict=True)),
        "never_missing": any(
            row["perturbation"] == "missing" and row["training_missing_rate"] == 0 for row in shown
        ),
    }
