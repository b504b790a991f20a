"""How good is the model on rows it never saw, against what it must beat, and how sure is that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.errors import DataError, GateError
from assay.metrics.catalogue import ROW_LOSS, primary_metric, row_loss, task_metrics
from assay.metrics.core import FloatArray, TargetArray
from assay.predictions import prediction_columns, refuse_infinite
from assay.schema import Schema
from assay.sections import EvaluateParams, GateParams, TaskParams
from assay.uncertainty.bootstrap import Bootstrap, IntArray
from assay.uncertainty.estimate import Estimate
from assay.uncertainty.paired import paired_estimates


@dataclass(frozen=True)
class Judgement:
    """The model and the best baseline on the holdout.

    Attributes
    ----------
    model, baseline : dict of str to Estimate
        Every metric of each, by name; one that cannot be resampled has its value at both ends.
    gain : dict of str to Estimate
        How much better the model is, paired on the same rows; positive is better.
    baseline_name : str
        The baseline that was best out-of-fold.
    primary : str
        The metric that the gate looks at.
    gate : GateVerdict
    """

    model: Mapping[str, Estimate]
    baseline: Mapping[str, Estimate]
    gain: Mapping[str, Estimate]
    baseline_name: str
    primary: str
    gate: "GateVerdict"


@dataclass(frozen=True)
class GateVerdict:
    """Whether the model may ship, and the figures behind it."""

    passed: bool
    action: str
    sentence: str


def judge_holdout(
    y_true: TargetArray,
    predicted: FloatArray,
    baseline_predicted: FloatArray,
    baseline_name: str,
    task: TaskParams,
    params: EvaluateParams,
    clusters: IntArray | None = None,
) -> Judgement:
    """Judge the model's holdout predictions against the baseline's for the same rows.

    A metric that these rows cannot have (every outcome is 0, say) is left out.

    Parameters
    ----------
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
        The model's calibrated predictions.
    baseline_predicted : ndarray, shape (n,) or (n, k)
        Those of the baseline that was best out-of-fold.
    baseline_name : str
    task : TaskParams
    params : EvaluateParams
        The section `evaluate`.
    clusters : ndarray of int, shape (n,), optional
        The group of each row; whole groups are resampled.
    """
    refuse_infinite(predicted, "the model")
    refuse_infinite(baseline_predicted, f"the baseline {baseline_name!r}")
    bootstrap = Bootstrap(params.resamples, params.confidence, task.seed, clusters)
    metrics = {
        name: metric
        for name, metric in task_metrics(task.type, params.ece_bins).items()
        if np.isfinite([metric.value(y_true, p) for p in (predicted, baseline_predicted)]).all()
    }
    found = {
        name: paired_estimates(metric, y_true, predicted, baseline_predicted, bootstrap)
        for name, metric in metrics.items()
    }
    primary = primary_metric(task.type, task.primary_metric).name
    if primary not in found:
        raise DataError(
            f"task.primary_metric: {primary} is not defined on the holdout. Choose another, or a "
            "larger split.holdout_fraction."
        )
    verdict = gate_verdict(found[primary].gain, primary, baseline_name, params)
    return Judgement(
        {name: paired.model for name, paired in found.items()},
        {name: paired.reference for name, paired in found.items()},
        {name: paired.gain for name, paired in found.items()},
        baseline_name,
        primary,
        verdict,
    )


def gate_verdict(
    gain: Estimate, metric: str, baseline_name: str, params: EvaluateParams
) -> GateVerdict:
    """Say whether the gain over the baseline is enough."""
    gate = params.gate
    judged = gain.value if gate.on == "value" else gain.ci_low
    # A lower end that nobody knows is not above anything.
    known = gate.on == "value" or bool(gain.method)
    passed = known and judged > gate.min_gain_over_baseline
    # Rounding first, so that nothing is told as -0.
    value, low, high = (round(x, 4) + 0.0 for x in (gain.value, gain.ci_low, gain.ci_high))
    sentence = (
        f"gain in {metric} over the baseline {baseline_name!r}: {value:.4f} "
        f"({_told_interval(gain, low, high, params.confidence)}); "
        f"asked for: {gate.on} above {gate.min_gain_over_baseline:g}"
    )
    return GateVerdict(passed, gate.action, sentence)


def _told_interval(gain: Estimate, low: float, high: float, confidence: float) -> str:
    if not gain.method:
        return "without interval: too few resamples have a value"
    return f"{confidence:.0%} interval {low:.4f} to {high:.4f}"


def refuse_at_gate(verdict: GateVerdict, gate: GateParams) -> None:
    """Stop if the gate was not passed and says so.

    Raises
    ------
    GateError
        If the action is `fail` and the gain is too small.
    """
    if not verdict.passed and gate.action == "fail":
        raise GateError(
            f"evaluate.gate: the model is not shown to beat the baseline; {verdict.sentence}. Do not "
            "ship it. Look for better features, or set evaluate.gate.action to warn to see the card."
        )


def worst_cases(
    holdout: pd.DataFrame, predicted: FloatArray, schema: Schema, count: int
) -> pd.DataFrame:
    """Return the rows that the model predicts worst, the worst first.

    Parameters
    ----------
    holdout : DataFrame
        Holdout rows.
    predicted : ndarray, shape (n,) or (n, k)
    schema : Schema
        The columns that name a row come first, then prediction and loss.
    count : int
        At most so many rows.
    """
    loss = row_loss(schema.task, holdout[schema.target].to_numpy(), predicted)
    order = np.argsort(-loss, kind="stable")[:count]
    first = [name for name in schema.carried_columns if name in holdout.columns]
    others = [name for name in holdout.columns if name not in first]
    rows = holdout.iloc[order].reset_index(drop=True)
    columns = prediction_columns(predicted, schema).iloc[order].reset_index(drop=True)
    columns[ROW_LOSS[schema.task]] = loss[order]
    return pd.concat([rows[first], columns, rows[others]], axis=1)


def judgement_json(judgement: Judgement) -> dict[str, Any]:
    """Return the judgement as the nested scalars of `metrics/holdout.json`."""
    return {
        "applicable": True,
        "row_count": next(iter(judgement.model.values())).n,
        "model": _intervals(judgement.model),
        "baseline": {"name": judgement.baseline_name, **_intervals(judgement.baseline)},
        "gain_over_baseline": _intervals(judgement.gain),
        "gate": {
            "metric": judgement.primary,
            "passed": judgement.gate.passed,
            "action": judgement.gate.action,
        },
    }


def _intervals(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    """Return value and ends of each estimate; the value alone where there is no interval."""
    return {
        name: {"value": e.value, "ci_low": e.ci_low, "ci_high": e.ci_high}
        if e.method
        else {"value": e.value}
        for name, e in estimates.items()
    }
