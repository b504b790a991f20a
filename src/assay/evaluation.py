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
    binary_metrics,
    primary_metric,
    reliability,
    roc_curve,
    row_log_loss,
)
from assay.params import EvaluateParams, GateParams, TaskParams
from assay.uncertainty import Bootstrap, Estimate, IntArray, metric_estimate, paired_gain


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
    y_true: LabelArray,
    y_score: FloatArray,
    baseline_score: FloatArray,
    baseline_name: str,
    task: TaskParams,
    params: EvaluateParams,
    clusters: IntArray | None = None,
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
    clusters : ndarray of int, shape (n,), optional
        The group of each row; whole groups are resampled.
    """
    bootstrap = Bootstrap(params.resamples, params.confidence, task.seed, clusters)
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
            f"evaluate.gate: the model is not shown to beat the baseline; {verdict.sentence}. Do not "
            "ship it. Look for better features, or set evaluate.gate.action to warn to see the card."
        )


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


# Points of a stored curve; more would not show.
_CURVE_POINTS = 200


def curve_tables(y_true: LabelArray, y_score: FloatArray, bins: int) -> dict[str, pd.DataFrame]:
    """Return the data behind the ROC, precision-recall and calibration plots.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
    y_score : ndarray, shape (n,)
    bins : int
        Equal-width bins of the calibration curve.

    Returns
    -------
    dict of str to DataFrame
        "roc", "precision_recall" and "calibration"; long curves are thinned to 200 points.
    """
    from sklearn.metrics import precision_recall_curve

    false_rate, true_rate, _ = roc_curve(y_true, y_score)
    precision, recall, _ = precision_recall_curve(y_true, y_score)
    # Without the last point, which no threshold gives: precision 1 where nothing is flagged.
    precision, recall = precision[:-1], recall[:-1]
    mean_score, observed, counts = reliability(y_true, y_score, bins)
    return {
        "roc": _thinned(
            pd.DataFrame({"false_positive_rate": false_rate, "true_positive_rate": true_rate})
        ),
        "precision_recall": _thinned(
            pd.DataFrame({"recall": recall[::-1], "precision": precision[::-1]})
        ),
        "calibration": pd.DataFrame(
            {"mean_score": mean_score, "observed_rate": observed, "row_count": counts}
        ),
    }


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """Keep at most `_CURVE_POINTS` rows, evenly spaced along the first column, ends included."""
    x = curve.iloc[:, 0].to_numpy()
    keep = np.searchsorted(x, np.linspace(x[0], x[-1], _CURVE_POINTS - 2))
    keep = np.unique(np.r_[0, np.minimum(keep, len(x) - 1), len(x) - 1])
    return pd.DataFrame(curve.iloc[keep].reset_index(drop=True))
