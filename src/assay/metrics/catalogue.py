"""Which metrics each task has, and which one selects its models."""

from collections.abc import Mapping

from assay.metrics.binary import binary_metrics, row_log_loss
from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.metrics.multiclass import multiclass_metrics
from assay.metrics.multiclass import row_log_loss as row_log_loss_of_classes
from assay.metrics.regression import regression_metrics, row_absolute_error
from assay.sections import MetricName, TaskType

# scikit-learn's name of a scorer, and the metric behind it.
_SCORERS: Mapping[MetricName, str] = {
    "roc_auc": "roc_auc",
    "average_precision": "average_precision",
    "neg_log_loss": "log_loss",
    "neg_brier_score": "brier",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced_accuracy",
    "f1_macro": "f1_macro",
    "f1_weighted": "f1_weighted",
    "roc_auc_ovr": "roc_auc_ovr",
    "neg_mean_absolute_error": "mae",
    "neg_root_mean_squared_error": "rmse",
    "neg_median_absolute_error": "median_absolute_error",
    "r2": "r2",
}


def task_metrics(task: TaskType, ece_bins: int = 10) -> dict[str, Metric]:
    """Return every metric of a task by name, in the order of reports."""
    if task == "regression":
        metrics = regression_metrics()
    elif task == "multiclass":
        metrics = multiclass_metrics(ece_bins)
    else:
        metrics = binary_metrics(ece_bins)
    return {metric.name: metric for metric in metrics}


def primary_metric(task: TaskType, scorer_name: MetricName) -> Metric:
    """Return the metric behind a scikit-learn scorer name, such as `neg_log_loss`."""
    return task_metrics(task)[_SCORERS[scorer_name]]


def undefined_remedy(task: TaskType) -> str:
    """Say where a metric of a task has no value on a fold, and what to do about it."""
    if task == "regression":
        return "where outcomes do not vary. Choose neg_mean_absolute_error, or use fewer folds."
    return "where a class has no row. Choose neg_log_loss, or use fewer folds."


# The loss of a single row, by which worst cases and slices are ranked.
ROW_LOSS: Mapping[TaskType, str] = {
    "binary": "row_log_loss",
    "multiclass": "row_log_loss",
    "regression": "absolute_error",
}


def row_loss(task: TaskType, y_true: TargetArray, predicted: FloatArray) -> FloatArray:
    """Return the loss of each row, shape (n,); `ROW_LOSS` has its name."""
    if task == "regression":
        return row_absolute_error(y_true, predicted)
    if task == "multiclass":
        return row_log_loss_of_classes(y_true, predicted)
    return row_log_loss(y_true, predicted)
