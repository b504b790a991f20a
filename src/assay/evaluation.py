"""How good is the model on rows it never saw, against what it must beat, and how sure is that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.errors import GateError
from assay.metrics import (
    FloatArray,
    LabelArray,
    ScoredMetric,
    binary_metrics,
    primary_metric,
    row_log_loss,
)
from assay.params import EvaluateParams, GateParams, TaskParams
from assay.splits import Folds
from assay.uncertainty import Bootstrap, Estimate, metric_estimate, paired_gain


@dataclass(frozen=True)
class Judgement:
    """The model and the best baseline on the holdout.

    Attributes
    ----------
    model, baseline : dict of str to Estimate
        Every metric of each, by name.
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
    y_true: LabelArray,
    y_score: FloatArray,
    baseline_score: FloatArray,
    baseline_name: str,
    task: TaskParams,
    params: EvaluateParams,
) -> Judgement:
    """Judge the model's holdout scores against the baseline's on the same rows.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
    y_score : ndarray, shape (n,)
        The model's calibrated scores.
    baseline_score : ndarray, shape (n,)
        Scores of the baseline that was best out-of-fold.
    baseline_name : str
    task : TaskParams
    params : EvaluateParams
        The section `evaluate`.
    """
    bootstrap = Bootstrap(params.resamples, params.confidence, task.seed)
    metrics = binary_metrics(params.ece_bins)
    model = {
        name: metric_estimate(metric, y_true, y_score, bootstrap)
        for name, metric in metrics.items()
    }
    baseline = {
        name: metric_estimate(metric, y_true, baseline_score, bootstrap)
        for name, metric in metrics.items()
    }
    gain = {
        name: paired_gain(metric, y_true, y_score, baseline_score, bootstrap)
        for name, metric in metrics.items()
    }
    primary = primary_metric(task.primary_metric).name
    verdict = gate_verdict(gain[primary], primary, baseline_name, params)
    return Judgement(model, baseline, gain, baseline_name, primary, verdict)


def gate_verdict(
    gain: Estimate, metric: str, baseline_name: str, params: EvaluateParams
) -> GateVerdict:
    """Say whether the gain over the baseline is enough."""
    gate = params.gate
    judged = gain.value if gate.on == "value" else gain.ci_low
    passed = judged > gate.min_gain_over_baseline
    sentence = (
        f"gain in {metric} over the baseline {baseline_name!r}: {gain.value:.4f} "
        f"({params.confidence:.0%} interval {gain.ci_low:.4f} to {gain.ci_high:.4f}); "
        f"asked for: {gate.on} above {gate.min_gain_over_baseline:g}"
    )
    return GateVerdict(passed, gate.action, sentence)


def refuse_at_gate(verdict: GateVerdict, gate: GateParams) -> None:
    """Stop if the gate was not passed and says so.

    Raises
    ------
    GateError
        If the action is `fail` and the gain is too small.
    """
    if not verdict.passed and gate.action == "fail":
        raise GateError(
            f"evaluate.gate: the model does not beat the baseline; {verdict.sentence}. Do not ship "
            "it. Look for better features, or set evaluate.gate.action to warn to see the card."
        )


def best_baseline(fold_means: Mapping[str, float], metric: ScoredMetric) -> str:
    """Return the baseline with the best mean fold score (never chosen on the holdout)."""
    sign = 1 if metric.greater_is_better else -1
    return max(fold_means, key=lambda name: sign * fold_means[name])


def fold_scores(
    metric: ScoredMetric, y_true: LabelArray, scores: FloatArray, folds: Folds
) -> list[float]:
    """Return a metric of out-of-fold scores on each fold, fold 1 first."""
    return [
        metric.value(y_true[folds.fold == number], scores[folds.fold == number])
        for number in range(1, folds.fold_count + 1)
    ]


def fold_metrics(
    y_true: LabelArray, scores: FloatArray, folds: Folds, ece_bins: int
) -> dict[str, dict[str, float]]:
    """Return mean and standard deviation over the folds of every metric."""
    result = {}
    for name, metric in binary_metrics(ece_bins).items():
        values = fold_scores(metric, y_true, scores, folds)
        result[name] = {
            "cv_mean": float(np.mean(values)),
            "cv_std": float(np.std(values, ddof=1)),
        }
    return result


def worst_cases(
    holdout: pd.DataFrame,
    y_true: LabelArray,
    y_score: FloatArray,
    carried: Sequence[str],
    count: int,
) -> pd.DataFrame:
    """Return the rows whose outcome the model thought least likely, the worst first.

    Parameters
    ----------
    holdout : DataFrame
        Holdout rows.
    y_true, y_score : ndarray, shape (n,)
    carried : sequence of str
        Columns that name a row; they come first.
    count : int
        At most so many rows.
    """
    loss = row_log_loss(y_true, y_score)
    order = np.argsort(-loss, kind="stable")[:count]
    first = [name for name in carried if name in holdout.columns]
    others = [name for name in holdout.columns if name not in first]
    table = holdout.iloc[order][[*first, *others]].reset_index(drop=True)
    table.insert(len(first), "y_score", y_score[order])
    table.insert(len(first) + 1, "row_log_loss", loss[order])
    return table


def judgement_json(judgement: Judgement) -> dict[str, Any]:
    """Return the judgement as the nested scalars of `metrics/holdout.json`."""
    return {
        "applicable": True,
        "row_count": next(iter(judgement.model.values())).n,
        "model": {name: _interval(estimate) for name, estimate in judgement.model.items()},
        "baseline": {
            "name": judgement.baseline_name,
            **{name: _interval(estimate) for name, estimate in judgement.baseline.items()},
        },
        "gain_over_baseline": {
            name: _interval(estimate) for name, estimate in judgement.gain.items()
        },
        "gate": {
            "metric": judgement.primary,
            "passed": judgement.gate.passed,
            "action": judgement.gate.action,
        },
    }


def _interval(estimate: Estimate) -> dict[str, float]:
    return {
        "value": estimate.value,
        "ci_low": estimate.ci_low,
        "ci_high": estimate.ci_high,
    }
