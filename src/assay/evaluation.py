"""How good is the model on rows it never saw, against what it must beat, and how sure is that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.errors import DataError
from assay.gate import FEW_OF_A_CLASS, GateVerdict, gate_scorer, gate_verdict
from assay.metrics.catalogue import primary_metric, task_metrics
from assay.metrics.core import FloatArray, TargetArray
from assay.predictions import refuse_infinite
from assay.sections import EvaluateParams, TaskParams
from assay.uncertainty.bootstrap import Bootstrap, IntArray, affordable_resamples
from assay.uncertainty.estimate import Estimate
from assay.uncertainty.paired import Paired, compared

BASELINE_GAINS = (
    *("baseline", "metric", "model_value", "baseline_value"),
    *("gain", "ci_low", "ci_high", "method", "n"),
)


@dataclass(frozen=True)
class Judgement:
    """The model and every baseline on the holdout.

    Attributes
    ----------
    versus : dict of str to dict of str to Paired
        By baseline, then by metric; one that cannot be resampled has its value at both ends.
    best : str
        The baseline that was best out-of-fold.
    primary : str
        The metric that chose the model.
    gate : GateVerdict
    interval : dict
        How intervals were made: `method` (and `gain_method`, of gains), `confidence`, `resamples`, the
        `units` that were drawn (rows, or groups) and, of two classes, `rarer_class_rows` with a
        `caution` where they are few.
    left_out : dict of str to str
        Why a baseline is not compared, by its name.
    """

    versus: Mapping[str, Mapping[str, Paired]]
    best: str
    primary: str
    gate: GateVerdict
    interval: Mapping[str, Any]
    left_out: Mapping[str, str]

    @property
    def model(self) -> dict[str, Estimate]:
        """Every metric of the model that the best baseline has too."""
        return {name: paired.model for name, paired in self.versus[self.best].items()}

    @property
    def baseline(self) -> dict[str, Estimate]:
        """Every metric of the best baseline."""
        return {name: paired.reference for name, paired in self.versus[self.best].items()}

    @property
    def gain(self) -> dict[str, Estimate]:
        """How much better than the best baseline the model is; positive is better."""
        return {name: paired.gain for name, paired in self.versus[self.best].items()}


def judge_holdout(
    y_true: TargetArray,
    predicted: FloatArray,
    baselines: Mapping[str, FloatArray],
    best: str,
    task: TaskParams,
    params: EvaluateParams,
    clusters: IntArray | None = None,
) -> Judgement:
    """Judge the model's holdout predictions against those of every baseline for the same rows.

    A metric that these rows cannot have (every outcome is 0, say) is left out, and so is a baseline
    that predicts infinite numbers, unless it is the best; `Judgement.left_out` names it.

    Parameters
    ----------
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
        The model's calibrated predictions.
    baselines : dict of str to ndarray
        Those of each baseline, by name.
    best : str
        The baseline that was best out-of-fold.
    task : TaskParams
    params : EvaluateParams
        The section `evaluate`.
    clusters : ndarray of int, shape (n,), optional
        The group of each row; whole groups are resampled.
    """
    refuse_infinite(predicted, "the model")
    refuse_infinite(baselines[best], f"the baseline {best!r}")
    finite = {name: each for name, each in baselines.items() if np.isfinite(each).all()}
    bootstrap = bootstrap_of(params, task, predicted.size, clusters)
    metrics = task_metrics(task.type, params.ece_bins)
    versus = compared(metrics, y_true, predicted, finite, bootstrap)
    scorer = gate_scorer(task, params.gate)
    for key, name in (("task.primary_metric", task.primary_metric), ("evaluate.gate", scorer)):
        metric = primary_metric(task.type, name).name
        if metric not in versus[best]:
            raise DataError(
                f"{key}: {metric} is not defined on the holdout. Choose another, or a larger "
                "split.holdout_fraction."
            )
    judged = versus[best][primary_metric(task.type, scorer).name]
    rarer = (
        min(int(y_true.sum()), int(len(y_true) - y_true.sum())) if task.type == "binary" else None
    )
    return Judgement(
        versus,
        best,
        primary_metric(task.type, task.primary_metric).name,
        gate_verdict(judged.model, judged.gain, scorer, best, task, params, rarer),
        {
            "method": bootstrap.method,
            "gain_method": bootstrap.for_gains(len(y_true)).method,
            "confidence": params.confidence,
            "resamples": bootstrap.resamples,
            "units": bootstrap.units(len(y_true)),
            **_of_the_rarer_class(rarer),
        },
        {name: "it predicts infinite numbers" for name in baselines if name not in finite},
    )


def _of_the_rarer_class(rows: int | None) -> dict[str, Any]:
    """Return the rows of the rarer of two classes and, where they are few, what that does."""
    if rows is None:
        return {}
    if rows >= FEW_OF_A_CLASS:
        return {"rarer_class_rows": rows}
    caution = (
        f"The holdout has {rows} {'row' if rows == 1 else 'rows'} of the rarer class: of fewer than "
        f"{FEW_OF_A_CLASS}, these intervals are too narrow"
    )
    return {"rarer_class_rows": rows, "caution": caution}


def bootstrap_of(
    params: EvaluateParams, task: TaskParams, cells: int, clusters: IntArray | None = None
) -> Bootstrap:
    """Return how the holdout's rows, or their groups, are resampled.

    Parameters
    ----------
    params : EvaluateParams
        Its number of resamples is what is asked for; see `affordable_resamples`.
    task : TaskParams
    cells : int
        Predicted numbers: rows, or rows times classes.
    clusters : ndarray of int, shape (n,), optional
        The group of each row.
    """
    resamples = affordable_resamples(params.resamples, cells)
    return Bootstrap(resamples, params.confidence, task.seed, clusters, params.interval)


def baseline_gains(judgement: Judgement) -> pd.DataFrame:
    """Return what the model gains over each baseline by each metric, the primary metric first.

    Without interval, `ci_low` and `ci_high` are missing.
    """
    rows = []
    for baseline, metrics in judgement.versus.items():
        for metric in sorted(metrics, key=lambda name: name != judgement.primary):
            paired = metrics[metric]
            gain = paired.gain
            ends = (gain.ci_low, gain.ci_high) if gain.method else (np.nan, np.nan)
            values = (paired.model.value, paired.reference.value, gain.value)
            rows.append((baseline, metric, *values, *ends, gain.method, gain.n))
    return pd.DataFrame(rows, columns=list(BASELINE_GAINS))


def judgement_json(judgement: Judgement, params: EvaluateParams) -> dict[str, Any]:
    """Return the judgement as the nested scalars of `metrics/holdout.json`."""
    gate, verdict = params.gate, judgement.gate
    asked = {} if gate.min_value is None else {"min_value": gate.min_value}
    return {
        "applicable": True,
        "row_count": next(iter(judgement.model.values())).n,
        "interval": dict(judgement.interval),
        "model": _scalars(judgement.model),
        "baseline": {"name": judgement.best, **_scalars(judgement.baseline)},
        "gain_over_baseline": _scalars(judgement.gain),
        "gain_over": {
            name: {verdict.metric: metrics[verdict.metric].gain.to_json()}
            for name, metrics in judgement.versus.items()
            if verdict.metric in metrics
        },
        **({"left_out": dict(judgement.left_out)} if judgement.left_out else {}),
        "gate": {
            "metric": verdict.metric,
            "passed": verdict.passed,
            "action": gate.action,
            "on": gate.on,
            "min_gain_over_baseline": gate.min_gain_over_baseline,
            **asked,
            "sentence": verdict.sentence,
        },
    }


def _scalars(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    return {name: estimate.to_json() for name, estimate in estimates.items()}
