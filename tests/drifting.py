"""Batches of numbers and categories, with and without drift, and what they are held against."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from cases import changed_params

from assay.contract import build_contract
from assay.features import Feature
from assay.monitoring.clusters import cluster_codes, cluster_reference
from assay.monitoring.input_reference import input_reference
from assay.monitoring.rows import ScoredRows, row_keys
from assay.monitoring.watch import Watch
from assay.schema import Schema

PER_DAY = 60
_NO_LIMITS: dict[str, Any] = {"window_count": 0, "limits": {}}


def schema_of(features: pd.DataFrame) -> Schema:
    """Return the schema of a table in model form: texts are categories."""
    kinds = {
        name: "categorical" if features[name].dtype == object else "numeric" for name in features
    }
    named = tuple(Feature(str(name), kind, "float64") for name, kind in kinds.items())  # type: ignore[arg-type]
    return Schema("row", "binary", "y", (0, 1), (), (), None, None, {}, {}, named)


def thirty(n: int, seed: int, shared: float = 0.0) -> ScoredRows:
    """Return rows of thirty features, of 60 a day; weather has this correlation within a day."""
    rng = np.random.default_rng(seed)
    day = np.arange(n) // PER_DAY
    weather = np.sqrt(shared) * rng.normal(size=(day.max() + 1, 8))[day]
    weather += np.sqrt(1 - shared) * rng.normal(size=(n, 8))
    columns: dict[str, Any] = {f"weather {k}": 57 + 18 * weather[:, k] for k in range(8)}
    columns |= {f"measure {k}": rng.normal(size=n) for k in range(12)}
    columns["rain"] = np.where(rng.uniform(size=n) < 0.05, rng.exponential(size=n), 0.0)
    columns["hour"] = rng.integers(5, 24, n).astype(float)
    columns["flag"] = (rng.uniform(size=n) < 0.1).astype(float)
    columns["constant"] = np.ones(n)
    columns["nothing"] = np.full(n, np.nan)
    for count in (3, 7, 20, 60, 120):
        shares = 1 / np.arange(1, count + 1)
        codes = rng.choice(count, n, p=shares / shares.sum())
        columns[f"{count} kinds"] = np.array([f"k{k}" for k in range(count)], dtype=object)[codes]
    times = np.datetime64("2024-01-01", "us") + day * np.timedelta64(1, "D")
    unknown = np.full(n, np.nan)
    return ScoredRows(pd.DataFrame(columns), np.full(n, 0.5), row_keys(0, n), unknown, times)


def held_against(rows: ScoredRows, **monitor: Any) -> Watch:
    """Return what batches are held against, where these rows trained the model."""
    schema, params = schema_of(rows.features), changed_params()
    codes = cluster_codes(rows.times, rows.groups)
    reference = {
        "row_count": len(rows),
        "clusters": cluster_reference(codes, len(rows)),
        "inputs": input_reference(rows.features, build_contract(schema, rows.features), codes),
        "ordinary": _NO_LIMITS,
        "slices": [],
    }
    limits = params.monitor.model_copy(update=monitor)
    return Watch(schema, {}, reference, limits, params.task)


def with_column(rows: ScoredRows, name: str, values: Any) -> ScoredRows:
    """Return rows with another column."""
    return replace(rows, features=rows.features.assign(**{name: values}))
