"""How the holdout was predicted, as batches with outcomes are held against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.conformal import interval_rule_from_json
from assay.costs import OF_CLASSES, OF_NUMBERS, NumberCosts
from assay.metrics.calibration import levels
from assay.metrics.catalogue import primary_metric, task_metrics
from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.monitoring.by_window import window_reference
from assay.monitoring.clusters import cluster_codes, intraclass
from assay.monitoring.figures import Codes, mean_figure, metric_figure, shared_of_metric
from assay.monitoring.retraining import retraining_reference
from assay.newsvendor import quantile_rule_from_json
from assay.params import Params
from assay.predictions import predictions_of
from assay.schema import ROW, Schema
from assay.sections import CostParams, TaskType
from assay.time_features import TimeArray

# The holdout is looked at once.
_RESAMPLES = 1000


@dataclass(frozen=True)
class PredictedRows:
    """Rows with what happened, what was predicted, and which of them share a day or a group.

    Attributes
    ----------
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
    codes : dict of str to ndarray of int, each of shape (n,)
    times : ndarray of datetime64, shape (n,), or None
    """

    y_true: TargetArray
    predicted: FloatArray
    codes: Codes
    times: TimeArray | None = None

    def __len__(self) -> int:
        return len(self.y_true)

    @classmethod
    def of(cls, rows: pd.DataFrame, predictions: pd.DataFrame, schema: Schema) -> "PredictedRows":
        """Join predictions to their rows.

        Parameters
        ----------
        rows : DataFrame
            With the row's number, the time and the group, where there are some.
        predictions : DataFrame
            With the row's number and `y_true`.
        schema : Schema
        """
        own = rows.set_index(ROW).loc[predictions[ROW].to_numpy()]
        return cls(
            predictions["y_true"].to_numpy(),
            predictions_of(predictions, schema),
            codes_of(own, schema),
            own[schema.time_column].to_numpy() if schema.time_column else None,
        )

    def at(self, chosen: npt.NDArray[np.bool_]) -> "PredictedRows":
        """Return some of the rows; days and groups are numbered anew."""
        codes = {
            kind: np.unique(found[chosen], return_inverse=True)[1]
            for kind, found in self.codes.items()
        }
        times = None if self.times is None else self.times[chosen]
        return PredictedRows(self.y_true[chosen], self.predicted[chosen], codes, times)


def codes_of(rows: pd.DataFrame, schema: Schema) -> Codes:
    """Return which rows of a table share a day, and a group."""
    time, group = schema.time_column, schema.group_column
    return cluster_codes(rows[time].to_numpy() if time else None, rows[group] if group else None)


def performance_reference(
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    out_of_fold: pd.DataFrame,
    holdout_predictions: pd.DataFrame,
    schema: Schema,
    decision: Mapping[str, Any],
    params: Params,
    judged: Mapping[str, Any],
) -> dict[str, Any]:
    """Describe how right the model was on the holdout, with how sure that is.

    Parameters
    ----------
    train, holdout : DataFrame
        The parts of the split, with the target in model form.
    out_of_fold, holdout_predictions : DataFrame
        Calibrated predictions by row. How alike the rows of one day are is learned from the first, of
        which there are more.
    schema : Schema
    decision : dict
        The content of `models/decision.json`.
    params : Params
    judged : dict
        The content of `metrics/holdout.json`: the rule for training again is the model card's.

    Returns
    -------
    dict
        `n`, `primary_metric`, `metrics`, `by_window` (see `window_reference`), `constant` (what the
        primary metric is of one prediction for all rows), `shared`, `outcomes`, `gap`, `coverage`, `value_per_row`,
        `target_sd` and `retraining`; figures as `Figure.to_json` gives them.
    """
    task, seed = params.task.type, params.task.seed
    metric = primary_metric(task, params.task.primary_metric)
    told = PredictedRows.of(holdout, holdout_predictions, schema)
    known = PredictedRows.of(train, out_of_fold, schema)
    shared = shared_of_metric(metric, known.y_true, known.predicted, known.codes, seed)
    metrics = {
        name: metric_figure(
            each, told.y_true, told.predicted, told.codes, shared, seed, _RESAMPLES
        ).to_json()
        for name, each in task_metrics(task).items()
    }
    return {
        "n": len(told),
        "primary_metric": metric.name,
        "metrics": metrics,
        "by_window": window_reference(
            metric, task, (told, known), metrics, shared, params.monitor, seed
        ),
        "constant": _constant(metric, task, told, known),
        "shared": shared,
        "outcomes": _outcomes(train, holdout, schema),
        "gap": _gap(task, told, known),
        "coverage": _coverage(decision, told, known) if task == "regression" else None,
        "value_per_row": _value(task, decision, params.threshold.costs, told),
        "target_sd": float(train[schema.target].std()) if task == "regression" else None,
        "retraining": retraining_reference(metric, judged),
    }


def _constant(
    metric: Metric, task: TaskType, told: PredictedRows, known: PredictedRows
) -> float | None:
    """Return the metric of what training has on average, as the prediction for every row."""
    if task == "multiclass":
        one = np.bincount(known.y_true.astype(np.int64), minlength=known.predicted.shape[1])
        predicted = np.tile(one / one.sum(), (len(told), 1))
    else:
        predicted = np.full(len(told), float(np.mean(known.y_true)))
    value = float(metric.value(told.y_true, predicted))
    return value if np.isfinite(value) else None


def alike(values: FloatArray, codes: Codes) -> dict[str, dict[str, float]]:
    """Return the intraclass correlation of rows' values, and the number of days or groups, by kind."""
    return {
        kind: {"correlation": intraclass(values, found), "count": float(found.max() + 1)}
        for kind, found in codes.items()
        if len(found)
    }


def outcome_columns(y_true: TargetArray, schema: Schema) -> dict[str, FloatArray]:
    """Return what the mean of is told of outcomes: the positive class, each class, or the number."""
    if schema.task == "multiclass":
        return {
            str(label): (y_true == code).astype(float) for code, label in enumerate(schema.labels)
        }
    return {schema.target: np.asarray(y_true, dtype=float)}


def _outcomes(train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema) -> list[dict[str, Any]]:
    parts = {"training": train, "holdout": holdout}
    columns = {
        name: (outcome_columns(rows[schema.target].to_numpy(), schema), codes_of(rows, schema))
        for name, rows in parts.items()
    }
    told = []
    for label, values in columns["training"][0].items():
        shared = alike(values, columns["training"][1])
        figures = {
            name: mean_figure(found[label], codes, shared).to_json()
            for name, (found, codes) in columns.items()
        }
        told.append({"label": label, "shared": shared, **figures})
    return told


def _gap(task: TaskType, told: PredictedRows, known: PredictedRows) -> dict[str, Any]:
    gaps = []
    for rows in (told, known):
        outcome, level = levels(task, rows.y_true, rows.predicted)
        gaps.append((outcome - level, outcome, level))
    shared = alike(gaps[1][0], known.codes)
    figure = mean_figure(gaps[0][0], told.codes, shared)
    return figure.to_json() | {
        "shared": shared,
        "mean_outcome": float(gaps[0][1].mean()),
        "mean_prediction": float(gaps[0][2].mean()),
    }


def _coverage(
    decision: Mapping[str, Any], told: PredictedRows, known: PredictedRows
) -> dict[str, Any]:
    held = [within_interval(decision, rows.y_true, rows.predicted) for rows in (told, known)]
    shared = alike(held[1], known.codes)
    figure = mean_figure(held[0], told.codes, shared)
    return figure.to_json() | {"shared": shared, "wanted": float(decision["coverage"])}


def within_interval(
    decision: Mapping[str, Any], y_true: TargetArray, predicted: FloatArray
) -> FloatArray:
    """Return whether each outcome lies in the interval of its prediction: 1 or 0."""
    low, high = interval_rule_from_json(decision).interval(predicted)
    return ((y_true >= low) & (y_true <= high)).astype(float)


def _value(
    task: TaskType, decision: Mapping[str, Any], costs: CostParams | None, told: PredictedRows
) -> dict[str, Any] | None:
    """Return what a row's decision was worth, where costs are plain numbers."""
    plain = {} if costs is None else _plain(costs)
    values = row_values(task, decision, plain, told.y_true, told.predicted)
    if values is None:
        return None
    return mean_figure(values, told.codes, alike(values, told.codes)).to_json() | {"costs": plain}


def _plain(costs: CostParams) -> dict[str, float]:
    """Return the costs by name; none where some of them stand in columns."""
    named = {name: getattr(costs, name) for name in (*OF_CLASSES, *OF_NUMBERS)}
    given = {name: value for name, value in named.items() if value is not None}
    if any(isinstance(value, str) for value in given.values()):
        return {}
    return {name: float(value) for name, value in given.items()}


def row_values(
    task: TaskType,
    decision: Mapping[str, Any],
    costs: Mapping[str, float],
    y_true: TargetArray,
    predicted: FloatArray,
) -> FloatArray | None:
    """Return minus what the decision on each row costs, by its outcome; None where that is not known.

    Parameters
    ----------
    task : str
    decision : dict
        The content of `decision.json`.
    costs : dict of str to float
        By the names of `threshold.costs`; empty where they are not plain numbers.
    y_true, predicted : ndarray
    """
    if task == "binary" and "threshold" in decision and "false_positive" in costs:
        flagged, positive = predicted >= decision["threshold"], y_true == 1
        of_positive = np.where(flagged, costs["true_positive"], costs["false_negative"])
        of_negative = np.where(flagged, costs["false_positive"], costs["true_negative"])
        return -np.where(positive, of_positive, of_negative)
    if task == "regression" and "quantile" in decision and "over_prediction" in costs:
        over, under = (np.full(len(predicted), costs[name]) for name in OF_NUMBERS)
        acted = quantile_rule_from_json(decision).shifted(predicted)
        return -NumberCosts(over, under).of_predictions(y_true, acted)
    return None
