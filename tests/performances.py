"""A model of which everything is known, its holdout, and batches of it as they were tallied."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from cases import make_case
from watches import watch_of

from assay.conformal import fit_intervals
from assay.monitoring.performance_reference import performance_reference
from assay.monitoring.rows import ScoredRows, row_keys
from assay.monitoring.sample import RowSample
from assay.monitoring.watch import Watch
from assay.monitoring.watched_slices import SliceTally
from assay.predictions import prediction_columns
from assay.schema import ROW


def logistic(values: Any) -> Any:
    return 1 / (1 + np.exp(-values))


class World:
    """Rows whose probabilities are those that the model says, but for what changes.

    Parameters
    ----------
    task : str
    share : float
        Of positive rows, about.
    spread : float
        Of the log odds: 0.9 gives a ROC AUC of about 0.72.
    shock : float
        Standard deviation of what the log odds of one day's rows share, and the model does not know.
    level : float
        The same of what the model does know.
    """

    def __init__(
        self,
        task: str = "binary",
        share: float = 0.15,
        spread: float = 0.9,
        shock: float = 0.0,
        level: float = 0.0,
    ) -> None:
        self.level = level
        self.task, self.share, self.spread, self.shock = task, share, spread, shock

    def rows(self, n: int, days: int, seed: int, **change: float) -> dict[str, Any]:
        """Return predictions, outcomes and days of n rows.

        `blur` is noise in what the model sees, so that it ranks worse; `shift` is added to the log odds,
        `wider` multiplies errors.
        """
        rng = np.random.default_rng([seed, 7])
        day = np.sort(rng.integers(0, days, n))
        shocks = rng.normal(0, self.shock, days)[day]
        if self.task == "regression":
            predicted = rng.normal(20, 3, n)
            noise = change.get("wider", 1.0) * rng.normal(0, 2, n)
            outcome = predicted + noise + shocks + change.get("shift", 0.0)
            return {"predicted": predicted, "outcome": outcome, "day": day}
        if self.task == "multiclass":
            predicted = rng.dirichlet([2, 1, 1], n)
            drawn = rng.uniform(size=(n, 1)) > predicted.cumsum(axis=1)
            return {"predicted": predicted, "outcome": drawn.sum(axis=1).astype(float), "day": day}
        odds = np.log(self.share / (1 - self.share)) - self.spread**2 / 4
        odds = odds + (rng.normal(0, self.level, days)[day] if self.level else 0.0)
        seen = rng.normal(0, self.spread, n)
        keep = 1 - change.get("blur", 0.0)
        true = keep * seen + np.sqrt(1 - keep**2) * rng.normal(0, self.spread, n)
        happens = logistic(odds + true + shocks + change.get("shift", 0.0))
        outcome = (rng.uniform(size=n) < happens).astype(float)
        flat = np.sqrt(1 + self.shock**2 * np.pi / 8)
        return {"predicted": logistic((odds + seen) / flat), "outcome": outcome, "day": day}


def reference_of(
    world: World,
    n: int = 4_000,
    days: int = 75,
    seed: int = 1,
    cadence: str = "month",
    least: int = 200,
) -> Watch:
    """Return what batches of a world are held against; its training rows are four times as many."""
    case = make_case(world.task)
    monitor = case.params.monitor.model_copy(update={"cadence": cadence, "min_rows": least})
    case = replace(case, params=case.params.model_copy(update={"monitor": monitor}))
    parts, predictions = [], []
    for place, (rows, over) in enumerate(((4 * n, 4 * days), (n, days))):
        found = world.rows(rows, over, seed + 100 * place)
        numbers = np.arange(rows) + place * 10**6
        outcome = found["outcome"]
        codes = outcome if world.task == "regression" else outcome.astype(int)
        parts.append(
            pd.DataFrame(
                {
                    ROW: numbers,
                    "moment": _times(found["day"]),
                    "entity": numbers.astype(str),
                    "outcome": codes,
                }
            )
        )
        told = prediction_columns(found["predicted"], case.schema)
        predictions.append(pd.concat([pd.DataFrame({ROW: numbers, "y_true": codes}), told], axis=1))
    decision: dict[str, Any] = {"threshold": 0.2}
    if world.task == "regression":
        known = predictions[0]
        decision = fit_intervals(
            known["y_true"].to_numpy(), known["y_pred"].to_numpy(), 0.9, 1
        ).to_json()
    judged = _judged(predictions[1], case, n)
    told = performance_reference(
        *(parts[0], parts[1], predictions[0], predictions[1]),
        case.schema, decision, case.params, judged,
    )  # fmt: skip
    return watch_of(case, {"performance": told}, decision)


def _judged(predictions: pd.DataFrame, case: Any, n: int) -> dict[str, Any]:
    from assay.metrics.catalogue import primary_metric
    from assay.predictions import predictions_of
    from assay.uncertainty.bootstrap import Bootstrap

    metric = primary_metric(case.params.task.type, case.params.task.primary_metric)
    statistic = metric.statistic(
        predictions["y_true"].to_numpy(), predictions_of(predictions, case.schema)
    )
    found = Bootstrap(200, 0.95, 0).estimate(statistic, n)
    return {"row_count": n, "model": {metric.name: found.to_json()}}


def _times(day: Any) -> Any:
    return np.datetime64("2024-01-01", "us") + day * np.timedelta64(1, "D")


def tallied(watch: Watch, found: dict[str, Any], seed: int = 0) -> Any:
    """Return as much of a tally of scored rows as performance asks for."""
    n = len(found["outcome"])
    rows = ScoredRows(
        pd.DataFrame(index=range(n)),
        found["predicted"],
        row_keys(seed * 10**7, n),
        found["outcome"],
        _times(found["day"]),
        found.get("groups"),
    )
    known = rows.at(~np.isnan(rows.outcome))
    return SimpleNamespace(
        row_count=n,
        outcome_count=len(known),
        scored=RowSample.of(rows, watch),
        judged=RowSample.of(known, watch),
        slices=SliceTally.of(rows, watch),
    )
