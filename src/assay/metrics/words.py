"""What metrics are called in a sentence."""

_METRICS = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "calibration error",
    "balanced_accuracy": "balanced accuracy",
    "f1_macro": "F1 (mean of classes)",
    "f1_weighted": "F1 (weighted by classes)",
    "roc_auc_ovr": "ROC AUC (one class against the rest)",
    "mae": "mean absolute error",
    "rmse": "RMSE",
    "r2": "R2",
    "median_absolute_error": "median absolute error",
    "p90_absolute_error": "90% quantile of the absolute error",
    "mape": "MAPE",
    "smape": "sMAPE",
}


def metric_words(name: str) -> str:
    """Return how a metric is called in a sentence; an unknown name stands as it is."""
    return _METRICS.get(name, name)
