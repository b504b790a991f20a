"""What each way to act is worth per 1,000 rows, and how much the model's is worth more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.decisions.resampled import joint_estimates, table_scalars
from assay.metrics.core import FloatArray, weighted_sums
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.estimate import Estimate, without_interval

PER = 1000
MODEL, BASELINE, RULE, ALL, NONE = "model", "baseline", "rule", "all", "none"


@dataclass(frozen=True)
class Option:
    """A way to act on rows.

    Attributes
    ----------
    name : str
    cost : ndarray, shape (n,)
        What it costs each row, given the outcome.
    acted_rate : float or None
        Share of rows acted on; None where there is no such thing.
    threshold : float or None
        From which score on it acts.
    """

    name: str
    cost: FloatArray
    acted_rate: float | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class Valued:
    """An option with its worth.

    Attributes
    ----------
    option : Option
    value : Estimate
        Minus its mean cost, per 1,000 rows.
    gain : Estimate
        How much more the model is worth, paired on the same rows; 0 for the model.
    saved : Estimate
        How much more it is worth than the last option, likewise.
    """

    option: Option
    value: Estimate
    gain: Estimate
    saved: Estimate


def value_options(options: Sequence[Option], bootstrap: Bootstrap) -> list[Valued]:
    """Value every option on the same rows; the first is the model's, and the last the plainest one.

    Groups are drawn whole, so that resamples differ in their number of rows, and means are ratios.
    """
    n = len(options[0].cost)

    def values(weights: FloatArray) -> FloatArray:
        totals = np.column_stack([weighted_sums(weights, option.cost) for option in options])
        # What costs nothing is worth 0, not -0.
        each: FloatArray = -PER * totals / weights.sum(axis=1)[:, None] + 0.0
        return np.concatenate([each, each[:, :1] - each, each - each[:, -1:]], axis=1)

    k = len(options)
    found = joint_estimates(bootstrap.for_gains(n), values, 3 * k, n)
    nothing = without_interval(0.0, n)
    gains, saved = [nothing, *found[k + 1 : 2 * k]], [*found[2 * k : -1], nothing]
    return [Valued(*each) for each in zip(options, found[:k], gains, saved, strict=True)]


def value_table(valued: Sequence[Valued]) -> pd.DataFrame:
    """Return the rows of `reports/tables/value.csv`."""
    rows = [
        {
            "option": each.option.name,
            "threshold": each.option.threshold,
            "acted_rate": each.option.acted_rate,
            **table_scalars(each.value, ("value_per_1000", "ci_low", "ci_high")),
            **table_scalars(each.gain, ("gain_per_1000", "gain_ci_low", "gain_ci_high")),
        }
        for each in valued
    ]
    # The model gains nothing over itself.
    rows[0] |= dict.fromkeys(("gain_per_1000", "gain_ci_low", "gain_ci_high"), np.nan)
    return pd.DataFrame(rows)


def value_metrics(valued: Sequence[Valued], unit: str) -> dict[str, Any]:
    """Return the scalars of `value` in `metrics/threshold.json`."""
    return {
        "applicable": True,
        "unit": unit,
        "per_rows": PER,
        "options": {each.option.name: _option_metrics(each) for each in valued},
        "gain_over": {each.option.name: each.gain.to_json() for each in valued[1:]},
    }


def _option_metrics(valued: Valued) -> dict[str, float]:
    told = {"acted_rate": valued.option.acted_rate, "threshold": valued.option.threshold}
    return valued.value.to_json() | {k: v for k, v in told.items() if v is not None}


def not_valued(reason: str) -> dict[str, Any]:
    """Return what stands in the place of a value that is not known."""
    return {"applicable": False, "reason": reason}
