"""What a batch is held against, and scored rows, of the tiny tables."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from cases import Case

from assay.monitoring.rows import ScoredRows, row_keys
from assay.monitoring.watch import Watch


def watch_of(
    case: Case, reference: dict[str, Any] | None = None, decision: Any = None, **monitor: Any
) -> Watch:
    """Return what batches of a case are held against; keys of `monitor` may be changed."""
    told = {"ordinary": {"limits": {}}, "slices": []} | (reference or {})
    params = case.params.monitor.model_copy(update=monitor)
    return Watch(case.schema, decision or {}, told, params, case.params.task)


def scored_rows(watch: Watch, n: int, seed: int) -> ScoredRows:
    """Return rows like those of `make_table`, with predictions that are right and their outcomes."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(
        {
            "signal": np.where(rng.uniform(size=n) < 0.05, np.nan, rng.normal(size=n)),
            "noise": rng.normal(size=n),
            "count": rng.integers(0, 9, n).astype(float),
            "kind": pd.Series(rng.choice(["a", "b", "c"], n), dtype=object).where(
                rng.uniform(size=n) > 0.05, np.nan
            ),
        }
    )
    signal = features["signal"].fillna(0).to_numpy()
    if watch.schema.task == "binary":
        predicted = 1 / (1 + np.exp(0.8 - 1.5 * signal - rng.normal(size=n) / 10))
        outcome = (rng.uniform(size=n) < predicted).astype(float)
    elif watch.schema.task == "multiclass":
        predicted = rng.dirichlet([1, 1, 1], n)
        outcome = (rng.uniform(size=(n, 1)) > predicted.cumsum(axis=1)).sum(axis=1).astype(float)
    else:
        predicted = 20 + 3 * signal + rng.normal(size=n) / 10
        outcome = predicted + 3 * rng.normal(size=n)
    times = np.datetime64("2024-03-01T00", "us") + np.arange(n) * np.timedelta64(1, "h")
    groups = row_keys(10**6, 50)[rng.integers(0, 50, n)]
    return ScoredRows(features, predicted, row_keys(seed * 10**6, n), outcome, times, groups)


def changed(rows: ScoredRows, **values: Any) -> ScoredRows:
    """Return rows with some values changed."""
    return replace(rows, **values)
