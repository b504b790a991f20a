"""What a metric is within windows of the calendar: what a batch of one window is held against.

Part of a metric over many days or months is that these differ: where the share of positives and the scores
go up together from one month to the next, the whole ranks better than any month. A batch of a month has no
such differences, and an unchanged model would look worse on it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.gate import FEWEST_OF_A_CLASS
from assay.metrics.catalogue import task_metrics
from assay.metrics.core import Metric, TargetArray
from assay.monitoring.figures import Figure, Shared, figure_of_json, metric_figure
from assay.monitoring.windows import calendar_windows, windows_spanned
from assay.sections import MonitorParams, TaskType

if TYPE_CHECKING:
    from assay.monitoring.performance_reference import PredictedRows

# Resamples of each window.
_RESAMPLES = 200
# A batch of less than half a window lacks differences within the window; one of more than one and a half
# has some between windows.
SHORT, LONG = 0.5, 1.5


def window_reference(
    metric: Metric,
    task: TaskType,
    parts: "tuple[PredictedRows, PredictedRows]",
    whole: Mapping[str, Mapping[str, Any]],
    shared: Shared,
    monitor: MonitorParams,
    seed: int,
) -> dict[str, Any] | None:
    """Return the mean of each metric over windows of the holdout, weighted by rows.

    Parameters
    ----------
    metric : Metric
        The primary one, whose error is measured within windows; others have that of the whole holdout.
    task : str
    parts : tuple of PredictedRows
        The holdout, and the training rows with out-of-fold predictions. Where the holdout has no window
        with rows enough, its metrics are moved by as much as windows of the second differ from their whole.
    whole : dict
        The metrics of the whole holdout, as `Figure.to_json` gives them.
    shared : dict
        As for `metric_figure`.
    monitor : MonitorParams
    seed : int

    Returns
    -------
    dict or None
        `cadence`, `of` ("holdout" or "out_of_fold"), `windows`, `rows` and `metrics`; None without times,
        or where no window has rows enough.
    """
    of, rows = "holdout", parts[0]
    windows = _windows(metric, task, rows, monitor)
    if not windows:
        of, rows = "out_of_fold", parts[1]
        windows = _windows(metric, task, rows, monitor)
    if not windows:
        return None
    sizes = np.array([len(each) for each in windows], dtype=float)
    figures = {}
    for name, each in task_metrics(task).items():
        figure = figure_of_json(whole[name])
        values = np.array([each.value(part.y_true, part.predicted) for part in windows])
        known = np.isfinite(values)
        if known.any() and np.isfinite(figure.value):
            value = float(np.average(values[known], weights=sizes[known]))
            if of == "out_of_fold":
                value += figure.value - each.value(rows.y_true, rows.predicted)
            error = figure.standard_error
            if name == metric.name and of == "holdout":
                within = [
                    metric_figure(
                        each, part.y_true, part.predicted, part.codes, shared, seed, _RESAMPLES
                    ).standard_error
                    for part in windows
                ]
                error = float(np.fmax(error, np.sqrt(np.sum((sizes / sizes.sum() * within) ** 2))))
            figure = _moved(figure, value, error)
        figures[name] = figure.to_json()
    return {
        "cadence": monitor.cadence,
        "of": of,
        "windows": len(windows),
        "rows": int(sizes.sum()),
        "metrics": figures,
    }


def _windows(
    metric: Metric, task: TaskType, rows: "PredictedRows", monitor: MonitorParams
) -> list["PredictedRows"]:
    """Return the rows of each window that define the metric well enough."""
    if rows.times is None:
        return []
    found = calendar_windows(rows.times, monitor.cadence, monitor.min_rows)
    parts = [rows.at(found == window) for window in range(int(found.max(initial=-1)) + 1)]
    return [
        part
        for part in parts
        if enough_classes(part.y_true, task, metric)
        and np.isfinite(metric.value(part.y_true, part.predicted))
    ]


def enough_classes(y_true: TargetArray, task: TaskType, metric: Metric) -> bool:
    """Say whether outcomes have rows enough of each class for a metric to be judged."""
    if task == "regression" or metric.name == "accuracy":
        return True
    counts = np.bincount(y_true.astype(np.int64), minlength=2)
    if task == "binary":
        return bool(counts.min() >= FEWEST_OF_A_CLASS)
    # A class that nobody has now is no class of this batch; of one alone there is nothing to rank.
    return bool((counts > 0).sum() > 1)


def _moved(figure: Figure, value: float, error: float) -> Figure:
    """Return a figure with another value, and its interval as wide as its error now is."""
    wider = error / figure.standard_error if figure.standard_error > 0 else 1.0
    return replace(
        figure,
        value=value,
        ci_low=value - wider * (figure.value - figure.ci_low),
        ci_high=value + wider * (figure.ci_high - figure.value),
        standard_error=error,
    )


def holdout_of(
    reference: Mapping[str, Any], name: str, first: datetime | None, last: datetime | None
) -> tuple[Figure, str | None]:
    """Return what a batch's metric is held against, and the windows over which the holdout had it.

    Parameters
    ----------
    reference : dict
        `performance` of the reference.
    name : str
        Of the metric.
    first, last : datetime or None
        Of the batch.

    Returns
    -------
    tuple of Figure and str or None
        None: over the whole holdout, as for a batch without times, and one of more than one and a half
        windows.
    """
    whole = figure_of_json(reference["metrics"][name])
    told = reference.get("by_window")
    if not told or name not in told["metrics"]:
        return whole, None
    spanned = windows_spanned(first, last, told["cadence"])
    if spanned is None or spanned > LONG:
        return whole, None
    return figure_of_json(told["metrics"][name]), str(told["cadence"])


def is_short(reference: Mapping[str, Any], first: datetime | None, last: datetime | None) -> bool:
    """Say whether a batch is shorter than half of the windows that the holdout's metric was taken over."""
    told = reference.get("by_window")
    spanned = windows_spanned(first, last, told["cadence"]) if told else None
    return spanned is not None and spanned < SHORT


def why_short(count: int, reference: Mapping[str, Any]) -> str:
    """Say why batches that are too short do not count for training again; nothing where there are none."""
    if not count:
        return ""
    cadence = reference["by_window"]["cadence"]
    which = "1 batch" if count == 1 else f"{count:,} batches"
    return (
        f" {which} of less than half a {cadence} {'does' if count == 1 else 'do'} not count, for lack of "
        f"differences between days that the holdout has by {cadence}: set monitor.cadence to how often "
        "batches come, or monitor longer ones."
    )
