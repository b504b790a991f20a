"""Decisions about people, whose groups are known to be treated alike or not."""

from typing import Any

import numpy as np
import pandas as pd

from assay.decisions.rows import Rows
from assay.fairness.assess import Fairness, assess_fairness
from assay.features import Feature
from assay.schema import Schema
from assay.uncertainty.bootstrap import Bootstrap

LABELS: dict[str, tuple[Any, ...]] = {
    "binary": (0, 1),
    "multiclass": ("a", "b", "c"),
    "regression": (),
}
DECISIONS: dict[str, dict[str, Any]] = {
    "binary": {"kind": "threshold", "threshold": 0.5},
    "multiclass": {"kind": "most_probable_class", "min_confidence": 0.0},
    "regression": {
        "kind": "interval", "coverage": 0.9, "edges": [], "low": [-2.0], "high": [2.0],
        "limits": [None, None], "rationale": "",
    },
}  # fmt: skip


def schema_of(
    task: str = "binary", features: tuple[str, ...] = ("x",), group: str | None = None
) -> Schema:
    return Schema(
        "person", task, "y", LABELS[task], (), (), None, group, {}, {},  # type: ignore[arg-type]
        tuple(Feature(name, "numeric", "float64") for name in features),
    )  # fmt: skip


def assessed(
    y_true: Any,
    predicted: Any,
    table: pd.DataFrame,
    columns: list[str],
    task: str = "binary",
    min_rows: int = 50,
    clusters: Any = None,
    seed: int = 0,
    resamples: int = 100,
) -> Fairness:
    return assess_fairness(
        schema_of(task, tuple(name for name in table if name not in columns)),
        DECISIONS[task],
        Rows(np.asarray(y_true), np.asarray(predicted, dtype=float), clusters=clusters),
        table,
        table,
        columns,
        min_rows,
        Bootstrap(resamples, 0.95, seed, clusters),
    )
