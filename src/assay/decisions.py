"""From predictions to what is done: one decision per task, chosen out-of-fold, applied to new rows.

Two classes have a threshold, more classes the most probable one with a reject option, numbers an interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.conformal import Limits, coverage_of, fit_intervals, interval_rule_from_json
from assay.metrics.core import FloatArray, TargetArray
from assay.rejection import RejectionCurve, decide_classes, decided_rates, rejection_curve
from assay.schema import Label, Schema
from assay.sections import TaskParams, ThresholdParams
from assay.thresholds import (
    OperatingPoint,
    ThresholdCurve,
    curve_points,
    decide,
    report_decision,
    rule_from_params,
    threshold_curve,
)
from assay.uncertainty.rates import wilson_interval

# The data of plots, with their columns; every task writes all, and leaves empty what it has no use for.
TABLES: Mapping[str, tuple[str, ...]] = {
    "threshold": tuple(ThresholdCurve.__annotations__),
    "confusion": ("actual", "predicted"),
    "rejection": ("decided_rate", "accuracy", "min_confidence"),
    "coverage": ("wanted_coverage", "measured_coverage", "mean_width"),
}
_CURVE_POINTS = 200
# Levels at which intervals are tried on the holdout.
_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)


@dataclass(frozen=True)
class Rows:
    """Outcomes and predictions of the same rows.

    Attributes
    ----------
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
    """

    y_true: TargetArray
    predicted: FloatArray


@dataclass(frozen=True)
class DecisionReport:
    """A decision with what it does.

    Attributes
    ----------
    decision : dict
        The content of `models/decision.json`.
    metrics : dict
        The content of `metrics/threshold.json`.
    tables : dict of str to DataFrame
        By the names of `TABLES`.
    rationale : str
    drawn : ThresholdDrawn, ClassesDrawn or IntervalsDrawn
        What its figures show.
    """

    decision: Mapping[str, Any]
    metrics: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    rationale: str
    drawn: "ThresholdDrawn | ClassesDrawn | IntervalsDrawn"


@dataclass(frozen=True)
class ThresholdDrawn:
    """The out-of-fold curve of its rows, and the point on the holdout."""

    curve: ThresholdCurve
    row_count: int
    holdout: OperatingPoint
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class ClassesDrawn:
    """The out-of-fold curve of its rows, the chosen confidence, and the decided holdout rows."""

    curve: RejectionCurve
    row_count: int
    min_confidence: float
    confusion: np.ndarray[Any, np.dtype[np.int64]]
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class IntervalsDrawn:
    """Coverage by level, and the holdout with its intervals."""

    coverage: pd.DataFrame
    wanted: float
    holdout: Rows
    low: FloatArray
    high: FloatArray


def decide_task(
    schema: Schema,
    task: TaskParams,
    params: ThresholdParams,
    out_of_fold: Rows,
    holdout: Rows,
    confidence: float,
) -> DecisionReport:
    """Choose the task's decision out-of-fold, and report it on the holdout.

    Parameters
    ----------
    schema : Schema
    task : TaskParams
        The limits of a regression's intervals.
    params : ThresholdParams
        The section `threshold`.
    out_of_fold : Rows
        The decision is chosen on these alone.
    holdout : Rows
        Only to report.
    confidence : float
        Of the interval of a measured coverage.

    Raises
    ------
    GateError
        If no decision does what is asked for.
    """
    if schema.task == "regression":
        limits = (task.clip_low, task.clip_high)
        return _intervals(params, limits, out_of_fold, holdout, confidence)
    if schema.task == "multiclass":
        return _classes(schema, params, out_of_fold, holdout)
    return _threshold(schema, params, out_of_fold, holdout)


def _tables(**known: pd.DataFrame) -> dict[str, pd.DataFrame]:
    empty = {name: pd.DataFrame(columns=list(columns)) for name, columns in TABLES.items()}
    return empty | known


def _threshold(
    schema: Schema, params: ThresholdParams, out_of_fold: Rows, holdout: Rows
) -> DecisionReport:
    rule = rule_from_params(params)
    decision = decide(out_of_fold.y_true, out_of_fold.predicted, rule, schema.unit, schema.labels)
    report = report_decision(decision, holdout.y_true, holdout.predicted, rule.costs)
    curve = threshold_curve(out_of_fold.y_true, out_of_fold.predicted, rule.costs)
    tables = _tables(
        threshold=pd.DataFrame(vars(curve_points(curve, _CURVE_POINTS))),
        confusion=report.labelled(schema.labels),
    )
    drawn = ThresholdDrawn(curve, len(out_of_fold.y_true), report.holdout, schema.labels)
    return DecisionReport(decision.to_json(), report.to_json(), tables, decision.rationale, drawn)


def _classes(
    schema: Schema, params: ThresholdParams, out_of_fold: Rows, holdout: Rows
) -> DecisionReport:
    chosen = decide_classes(
        out_of_fold.y_true,
        out_of_fold.predicted,
        params.accept_accuracy,
        schema.unit,
        schema.labels,
    )
    curve = rejection_curve(out_of_fold.y_true, out_of_fold.predicted)
    keep = np.unique(np.linspace(0, len(curve.accuracy) - 1, _CURVE_POINTS).round().astype(int))
    points = {name: getattr(curve, name)[keep] for name in TABLES["rejection"]}
    decided = holdout.predicted.max(axis=1) >= chosen.min_confidence
    actual, predicted = holdout.y_true[decided], holdout.predicted.argmax(axis=1)[decided]
    names = np.array([str(label) for label in schema.labels], dtype=object)
    k = len(names)
    confusion = np.bincount(actual.astype(int) * k + predicted, minlength=k * k).reshape(k, k)
    metrics = {
        "applicable": True,
        "strategy": "most_probable_class",
        "min_confidence": chosen.min_confidence,
        "out_of_fold": decided_rates(
            out_of_fold.y_true, out_of_fold.predicted, chosen.min_confidence
        ),
        "holdout": decided_rates(holdout.y_true, holdout.predicted, chosen.min_confidence),
        "holdout_all_decided": decided_rates(holdout.y_true, holdout.predicted, 0.0),
    }
    tables = _tables(
        rejection=pd.DataFrame(points),
        confusion=pd.DataFrame({"actual": names[actual], "predicted": names[predicted]}),
    )
    drawn = ClassesDrawn(
        curve, len(out_of_fold.y_true), chosen.min_confidence, confusion, schema.labels
    )
    return DecisionReport(chosen.to_json(), metrics, tables, chosen.rationale, drawn)


def _intervals(
    params: ThresholdParams, limits: Limits, out_of_fold: Rows, holdout: Rows, confidence: float
) -> DecisionReport:
    y_true, y_pred = out_of_fold.y_true.astype(float), out_of_fold.predicted
    wanted, bins = params.interval_coverage, params.interval_bins
    rule = fit_intervals(y_true, y_pred, wanted, bins, limits)
    levels = []
    for level in sorted({*_LEVELS, wanted}):
        # The extreme levels ask for more rows than a small table has.
        if len(y_true) * (1 - level) / 2 >= 1:
            tried = fit_intervals(y_true, y_pred, level, bins, limits)
            levels.append((level, *coverage_of(tried, holdout.y_true, holdout.predicted)))
    coverage = pd.DataFrame(levels, columns=list(TABLES["coverage"]))
    measured, width = coverage_of(rule, holdout.y_true, holdout.predicted)
    low, high = wilson_interval(measured, len(holdout.y_true), confidence)
    metrics = {
        "applicable": False,
        "strategy": "interval",
        "interval": {
            "wanted_coverage": wanted,
            "holdout_coverage": {"value": measured, "ci_low": low, "ci_high": high},
            "mean_width": width,
            "bin_count": len(rule.low),
        },
    }
    ends = rule.interval(holdout.predicted)
    drawn = IntervalsDrawn(coverage, wanted, holdout, *ends)
    return DecisionReport(
        rule.to_json(), metrics, _tables(coverage=coverage), rule.rationale, drawn
    )


def decided_columns(
    decision: Mapping[str, Any], predicted: FloatArray, probabilities: bool = False
) -> pd.DataFrame:
    """Return the columns that a scored file gets.

    Parameters
    ----------
    decision : dict
        The content of `decision.json`.
    predicted : ndarray, shape (n,) or (n, k)
        Calibrated.
    probabilities : bool
        Whether two classes get a column for the probability of each; more classes always do.
    """
    kind = decision["kind"]
    if kind == "interval":
        low, high = interval_rule_from_json(decision).interval(predicted)
        return pd.DataFrame(
            {
                "prediction": predicted,
                "prediction_low": low,
                "prediction_high": high,
            }
        )
    if kind == "most_probable_class":
        return _class_columns(decision, predicted)
    threshold, labels = float(decision["threshold"]), np.array(decision["labels"])
    columns = {
        "score": predicted,
        # One type whatever is flagged: that of the labels.
        "prediction": labels[(predicted >= threshold).astype(int)],
        "threshold": np.full(len(predicted), threshold),
    }
    if probabilities:
        negative, positive = decision["labels"]
        columns[f"probability_{negative}"] = 1 - predicted
        columns[f"probability_{positive}"] = predicted
    return pd.DataFrame(columns)


def _class_columns(decision: Mapping[str, Any], y_prob: FloatArray) -> pd.DataFrame:
    labels = decision["labels"]
    confidence = y_prob.max(axis=1) if len(y_prob) else np.empty(0)
    codes = y_prob.argmax(axis=1) if len(y_prob) else np.empty(0, dtype=int)
    prediction = pd.Series(np.array(labels, dtype=object)[codes], dtype=object)
    prediction = prediction.where(confidence >= decision["min_confidence"], None)
    whole = [isinstance(label, int) and not isinstance(label, bool) for label in labels]
    if all(whole):
        # Missing values would make floats of NumPy's integers.
        prediction = prediction.astype("Int64")
    columns = {"prediction": prediction, "confidence": confidence}
    for code, label in enumerate(labels):
        columns[f"probability_{label}"] = y_prob[:, code]
    return pd.DataFrame(columns)


def predictions_in(scored: pd.DataFrame, decision: Mapping[str, Any]) -> FloatArray:
    """Return the calibrated predictions that `decided_columns` was given, from a scored table."""
    kind = decision["kind"]
    if kind == "most_probable_class":
        names = [f"probability_{label}" for label in decision["labels"]]
        return scored[names].to_numpy(dtype=float)
    return scored["prediction" if kind == "interval" else "score"].to_numpy(dtype=float)


def outcomes(decision: Mapping[str, Any], scored: pd.DataFrame) -> dict[str, int]:
    """Count what was decided for the rows of a scored table: flagged ones, or undecided ones."""
    if decision["kind"] == "interval":
        return {}
    if decision["kind"] == "most_probable_class":
        return {"undecided": int(scored["prediction"].isna().sum())}
    return {"flagged": int((scored["score"] >= scored["threshold"]).sum())}


def outcomes_told(decision: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    """Say in a few words what `outcomes` counted."""
    if decision["kind"] == "interval":
        return f"with intervals that are to hold {decision['coverage']:.0%} of outcomes"
    if decision["kind"] == "most_probable_class":
        return (
            f"{counts.get('undecided', 0):,} left undecided below a confidence of "
            f"{decision['min_confidence']:.4f}"
        )
    return f"{counts.get('flagged', 0):,} at or above the threshold of {decision['threshold']:.4f}"
