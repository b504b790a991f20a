"""The time line of training set and holdout."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def time_line(split: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return where both parts lie between the first and the last row, in percent; nothing without times.

    Parameters
    ----------
    split : dict
        The content of `metrics/split.json`.
    """
    if "train_first_time" not in split:
        return []
    parts = {"train": "training set", "holdout": "holdout"}
    ends = {
        part: [pd.Timestamp(split[f"{part}_{end}_time"]) for end in ("first", "last")]
        for part in parts
    }
    first = min(moment for both in ends.values() for moment in both)
    whole = (max(moment for both in ends.values() for moment in both) - first).total_seconds() or 1
    return [
        {
            "part": part,
            "name": name,
            "from": str(ends[part][0])[:16],
            "to": str(ends[part][1])[:16],
            "left": round(100 * (ends[part][0] - first).total_seconds() / whole, 2),
            "width": round(100 * (ends[part][1] - ends[part][0]).total_seconds() / whole, 2),
            "rows": split[f"{part}_count"],
        }
        for part, name in parts.items()
    ]
