"""Figures of `evaluate`: what the holdout says of the model, for each task.

Each function takes arrays or tables and returns figures by name; nothing here opens a file.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assay.diagnostics import precision_recall_table, roc_table
from assay.metrics.core import FloatArray
from assay.plots.labels import label, labels
from assay.plots.style import BLUE, CLASSES, GREY, MODEL, ORANGE, UNCALIBRATED, panels, titled_axes
from assay.reliability import Calibration
from assay.schema import Schema
from assay.sections import TaskType

# Classes that a figure tells apart; the others are in the table.
_SHOWN_CLASSES = 6
_WHAT: Mapping[TaskType, str] = {
    "binary": "Score (predicted probability)",
    "multiclass": "Confidence (highest probability)",
    "regression": "Prediction",
}
# Before and after calibration.
_STAGE_LOOKS = ((UNCALIBRATED, "s"), (MODEL, "o"))


def holdout_figures(
    y_true: Any,
    predictions: Mapping[str, FloatArray],
    calibration: Calibration,
    schema: Schema,
    confidence: float,
) -> dict[str, Figure]:
    """Return the figures of a task by name.

    Parameters
    ----------
    y_true : ndarray, shape (n,)
    predictions : dict of str to ndarray
        For the same rows, by what the legend calls them; the first is the model's.
    calibration : Calibration
        Of the model's predictions.
    schema : Schema
    confidence : float
        Of the intervals of `calibration`.
    """
    drawn = {"calibration": calibration_figure(calibration, _WHAT[schema.task], confidence)}
    if schema.task == "regression":
        return drawn | _regression_figures(y_true, next(iter(predictions.values())), schema)
    if schema.task == "multiclass":
        return drawn | _multiclass_figures(y_true, next(iter(predictions.values())), schema)
    n = f"holdout (n = {len(y_true):,})"
    prevalence = float(np.mean(y_true))
    outcomes = {name: (y_true, score) for name, score in predictions.items()}
    return drawn | {
        "roc": roc_figure(outcomes, f"ROC curve, {n}"),
        "precision_recall": precision_recall_figure(
            outcomes, f"Precision and recall, {n}", prevalence
        ),
    }


def roc_figure(outcomes: Mapping[str, tuple[Any, FloatArray]], title: str) -> Figure:
    """ROC curves of several outcomes and scores."""
    with titled_axes(title) as (figure, axes):
        for color, (name, (outcome, score)) in zip(CLASSES, outcomes.items(), strict=False):
            curve = roc_table(outcome, score)
            axes.plot(
                curve["false_positive_rate"], curve["true_positive_rate"], color=color, label=name
            )
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="chance")
        axes.set(xlabel="False-positive rate", ylabel="True-positive rate (recall)")
        axes.set_aspect("equal", adjustable="box")
        axes.legend(loc="lower right")
    return figure


def precision_recall_figure(
    outcomes: Mapping[str, tuple[Any, FloatArray]], title: str, prevalence: float | None
) -> Figure:
    """Precision against recall of several outcomes and scores."""
    with titled_axes(title) as (figure, axes):
        for color, (name, (outcome, score)) in zip(CLASSES, outcomes.items(), strict=False):
            curve = precision_recall_table(outcome, score)
            axes.plot(curve["recall"], curve["precision"], color=color, label=name)
        if prevalence is not None:
            axes.axhline(
                prevalence, color=GREY, linestyle=":", label=f"prevalence {prevalence:.3f}"
            )
        axes.set(xlabel="Recall", ylabel="Precision", xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="upper right" if prevalence is not None else "lower left")
    return figure


def calibration_figure(calibration: Calibration, what: str, confidence: float) -> Figure:
    """Mean outcome against mean prediction of bins, before and after calibration, over a histogram."""
    stages = dict(calibration.stages)
    if stages["raw"] is stages["calibrated"]:
        del stages["raw"]
    names = {
        "raw": "before",
        "calibrated": "not calibrated" if len(stages) == 1 else f"after {calibration.method}",
    }
    after, looks = stages["calibrated"], _STAGE_LOOKS[-len(stages) :]
    predictions = np.concatenate([stage.prediction for stage in stages.values()])
    marks = pd.concat([stage.bins["equal_mass"] for stage in stages.values()])
    with panels(2, 1, sharex=True, height_ratios=(4, 1), figsize=(6.4, 5.6)) as (figure, grid):
        axes, histogram = grid
        figure.suptitle(
            f"Calibration, holdout (n = {len(after.outcome):,}, "
            f"{len(after.bins['equal_mass'])} bins of equal mass)",
            x=0.01, ha="left",
        )  # fmt: skip
        columns = ["mean_prediction", "mean_outcome", "ci_low", "ci_high"]
        low, high = _limits(marks[columns].to_numpy(), calibration.task)
        axes.plot([low, high], [low, high], color=GREY, linestyle=":", label="perfect")
        for (name, stage), (color, marker) in zip(stages.items(), looks, strict=True):
            bins, error = stage.bins["equal_mass"], stage.metrics["equal_mass_error"]
            x, y = bins["mean_prediction"], bins["mean_outcome"]
            axes.errorbar(
                x, y,
                yerr=np.vstack([y - bins["ci_low"], bins["ci_high"] - y]).clip(min=0),
                color=color, marker=marker, capsize=3,
                label=f"{names[name]}: error {error['value']:.3g}, "
                f"by chance up to {error['chance_q95']:.3g}",
            )  # fmt: skip
        axes.set(ylabel=f"Mean outcome, {confidence:.0%} interval", ylim=(low, high))
        # Above the axes, where no bin can be.
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
        edges = np.histogram_bin_edges(predictions, 40)
        for (name, stage), (color, _) in zip(stages.items(), looks, strict=True):
            kind = "stepfilled" if name == "calibrated" else "step"
            histogram.hist(stage.prediction, bins=edges, color=color, histtype=kind)
        histogram.set(xlabel=what, ylabel="Rows")
    return figure


def _limits(values: FloatArray, task: str) -> tuple[float, float]:
    """Return an axis that holds the values, within what probabilities can be."""
    low, high = float(values.min()), float(values.max())
    margin = 0.03 * (high - low) or 0.05
    if task == "regression":
        return low - margin, high + margin
    return max(low - margin, -0.02), min(high + margin, 1.02)


def _multiclass_figures(y_true: Any, y_prob: FloatArray, schema: Schema) -> dict[str, Figure]:
    counts = np.bincount(y_true.astype(int), minlength=len(schema.labels))
    largest = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code]]
    shown = largest[:_SHOWN_CLASSES]
    names = labels(schema.labels)
    outcomes = {names[code]: ((y_true == code).astype(int), y_prob[:, code]) for code in shown}
    of = "" if len(shown) == len(schema.labels) else f"; {len(shown)} largest classes"
    n = f"one class against the rest, holdout (n = {len(y_true):,}{of})"
    return {
        "roc": roc_figure(outcomes, f"ROC curves, {n}"),
        "precision_recall": precision_recall_figure(outcomes, f"Precision and recall, {n}", None),
    }


def _regression_figures(
    y_true: FloatArray, y_pred: FloatArray, schema: Schema
) -> dict[str, Figure]:
    n = f"holdout (n = {len(y_true):,})"
    residual, target = y_true - y_pred, label(schema.target)
    return {
        "actual": _actual_figure(y_true, y_pred, target, n),
        "residuals": _residual_figure(residual, y_pred, target, n),
        "errors": _error_figure(residual, target, n),
        "qq": _qq_figure(residual, n),
    }


def _actual_figure(y_true: FloatArray, y_pred: FloatArray, target: str, n: str) -> Figure:
    with titled_axes(f"Outcome against prediction, {n}") as (figure, axes):
        axes.scatter(y_pred, y_true, s=6, color=BLUE, alpha=_alpha(len(y_true)), linewidths=0)
        ends = [min(y_pred.min(), y_true.min()), max(y_pred.max(), y_true.max())]
        axes.plot(ends, ends, color="black", linewidth=0.8, linestyle="--", label="perfect")
        axes.set(xlabel=f"Predicted {target}", ylabel=f"Actual {target}")
        axes.legend(loc="upper left")
    return figure


def _residual_figure(residual: FloatArray, y_pred: FloatArray, target: str, n: str) -> Figure:
    """Residual against prediction, with the mean and the middle nine tenths of ten bins."""
    order = np.argsort(y_pred, kind="stable")
    parts = [part for part in np.array_split(order, 10) if len(part)]
    x = [y_pred[part].mean() for part in parts]
    with titled_axes(f"Residual against prediction, {n}") as (figure, axes):
        axes.scatter(y_pred, residual, s=6, color=BLUE, alpha=_alpha(len(residual)), linewidths=0)
        axes.axhline(0, color="black", linewidth=0.8)
        axes.plot(
            x, [residual[part].mean() for part in parts],
            color=ORANGE, marker="o", label="mean of ten bins",
        )  # fmt: skip
        for quantile, label in ((0.05, "5% and 95% of ten bins"), (0.95, None)):
            axes.plot(
                x, [np.quantile(residual[part], quantile) for part in parts],
                color=ORANGE, linestyle=":", label=label,
            )  # fmt: skip
        axes.set(xlabel=f"Predicted {target}", ylabel="Residual (actual less predicted)")
        axes.legend(loc="best")
    return figure


def _error_figure(residual: FloatArray, target: str, n: str) -> Figure:
    with titled_axes(f"Distribution of residuals, {n}") as (figure, axes):
        axes.hist(residual, bins=60, color=BLUE)
        axes.axvline(0, color="black", linewidth=0.8)
        mean = float(residual.mean())
        axes.axvline(mean, color=ORANGE, linestyle="--", label=f"mean {mean:.4g}")
        axes.set(xlabel=f"Residual of {target} (actual less predicted)", ylabel="Rows")
        axes.legend(loc="upper right")
    return figure


def _qq_figure(residual: FloatArray, n: str) -> Figure:
    from scipy.special import ndtri

    shares = (np.arange(len(residual)) + 0.5) / len(residual)
    spread = residual.std()
    ordered = np.sort((residual - residual.mean()) / (spread if spread > 0 else 1.0))
    with titled_axes(f"Residuals against a normal distribution, {n}") as (figure, axes):
        axes.plot(ndtri(shares), ordered, color=BLUE, marker=".", markersize=3, linestyle="none")
        ends = [ndtri(shares[0]), ndtri(shares[-1])]
        axes.plot(ends, ends, color="black", linewidth=0.8, linestyle="--", label="normal")
        axes.set(xlabel="Quantile of a normal distribution", ylabel="Standardised residual")
        axes.legend(loc="upper left")
    return figure


def _alpha(rows: int) -> float:
    """Return an opacity at which many points still show where they are dense."""
    return float(np.clip(400 / max(rows, 1), 0.08, 0.6))
