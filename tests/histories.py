"""What monitoring writes of a batch, as far as the history keeps it, and histories of such batches."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from cases import make_case

from assay.monitoring import record
from assay.monitoring.watch import Watch

START = datetime(2024, 1, 1)


def watch_of(task: str = "binary", ordinary: Any = None, **monitor: Any) -> Watch:
    """Return what batches of a tiny table are held against, as far as trends need it."""
    case = make_case(task)
    outputs = {"out_of_fold": {"means": {"mean_prediction": [1000.0, 100.0]}}}
    reference = {
        "ordinary": {"limits": ordinary or {}},
        "outputs": outputs,
        "performance": {"target_sd": 200.0},
    }
    params = case.params.monitor.model_copy(update=monitor)
    return Watch(case.schema, {}, reference, params, case.params.task)


def result_of(
    number: int = 0, features: dict[str, float] | None = None, days: int = 30, **changes: Any
) -> dict[str, Any]:
    """Return the result of a batch; `features` are the shifts of their means, in standard deviations."""
    first = START + timedelta(days=days * number)
    outputs = {
        "distribution": {"js_distance": 0.03},
        "mean": {"now": 0.16, "before": 0.15, "holdout": 0.15},
        "flagged_rate": {"now": 0.2, "before": 0.19, "holdout": 0.19},
        "joint": {"reconstruction_error": {"now": 1.2, "before": 1.1, "ratio": 1.09}},
    }
    result = {
        "batch": {
            "name": f"batch {number}",
            "input": {
                "files": [
                    {
                        "file": "new.parquet",
                        "bytes": 1,
                        "sha256": sha256(b"%d" % number).hexdigest(),
                    }
                ]
            },
            **{"rows_in": 2010, "rows_scored": 2000, "rows_rejected": 10, "outcomes_known": 1500},
            "first_time": first.isoformat(),
            "last_time": (first + timedelta(days=days - 1)).isoformat(),
        },
        "model": {
            **{"run_id": "run", "manifest_sha256": "m" * 64, "reference_sha256": "r" * 64},
            "primary_metric": "roc_auc",
        },
        "verdict": {"level": "fine", "judged": True},
        "findings": [],
        "features": [
            {
                **{"name": name, "js_distance": 0.02, "standardised_mean_shift": shift},
                **{"missing_rate": {"now": 0.01, "before": 0.01}, "unknown_rate": None},
            }
            for name, shift in (features or {"signal": 0.1}).items()
        ],
        "outputs": outputs,
        "estimate": {"metric": "roc_auc", "value": 0.71, "ci_low": 0.68, "ci_high": 0.74},
        "performance": {
            "n": 1500,
            "metrics": {"roc_auc": {"value": 0.7, "ci_low": 0.66, "ci_high": 0.74}},
            "outcome_mean": {"now": 0.17, "before": 0.16, "holdout": 0.15},
        },
        "operations": {"latency_seconds": {"p99": 0.03}},
    }
    return {**result, **changes}


def row_of(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the row of such a batch, recorded an hour after its last."""
    moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    return record.history_row(result_of(number, **changes), moment)


def history_of(rows: Any) -> pd.DataFrame:
    """Return a history with rows, as it is read back."""
    return pd.DataFrame(list(rows), columns=list(record.COLUMNS))


def creeping(batches: int, step: float, rows: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Return a history in which the mean of one of ten features moves by `step` deviations a batch.

    The feature begins as far below its mean as it ends above it.
    """
    rng = np.random.default_rng(seed)
    told = []
    for number in range(batches):
        shifts = dict(zip("abcdefghi", rng.normal(size=9) / np.sqrt(rows), strict=True))
        creep = step * (number - (batches - 1) / 2) + rng.normal() / np.sqrt(rows)
        told.append(row_of(number, features={"signal": creep, **shifts}))
    return history_of(told)
