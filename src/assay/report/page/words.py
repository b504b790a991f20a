"""Metrics in words: what each is called, and what it says."""

from collections.abc import Mapping

_TITLES: Mapping[str, str] = {
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "ece": "Calibration error (ECE)",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "f1_macro": "F1, mean over classes",
    "f1_weighted": "F1, weighted by class size",
    "roc_auc_ovr": "ROC AUC, one class against the rest",
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "r2": "R\N{SUPERSCRIPT TWO}",
    "median_absolute_error": "Median absolute error",
    "p90_absolute_error": "90% of errors are below",
    "mape": "Mean absolute error, relative (MAPE)",
    "smape": "Mean absolute error, symmetric (sMAPE)",
    "bias": "Bias (mean prediction less outcome)",
}

_MEANINGS: Mapping[str, str] = {
    "roc_auc": (
        "How often the model scores a positive row above a negative one, both drawn at random; "
        "0.5 is chance, 1 is perfect."
    ),
    "average_precision": (
        "Precision, averaged over all thresholds; the share of positives is chance, 1 is perfect."
    ),
    "log_loss": "How surprised the probabilities are by what happened; 0 is perfect, less is better.",
    "brier": "Mean squared distance of probability and outcome; 0 is perfect, less is better.",
    "ece": "How far probabilities are from observed rates on average; 0 is perfect, less is better.",
    "accuracy": "The share of rows that are classified right.",
    "balanced_accuracy": "The share of each class that is found, averaged over the classes.",
    "f1_macro": "The balance of precision and recall, averaged over the classes; 1 is perfect.",
    "f1_weighted": "The balance of precision and recall, weighted by class size; 1 is perfect.",
    "roc_auc_ovr": (
        "How often a row of a class gets more for it than a row of another; 0.5 is chance, 1 is perfect."
    ),
    "mae": "How far a prediction is off on average, in the target's unit; less is better.",
    "rmse": (
        "How far predictions are off, large errors counting more, in the target's unit; less is better."
    ),
    "r2": "The share of the outcome's variance that is predicted; 0 is a constant, 1 is perfect.",
    "median_absolute_error": "Half of all predictions are off by at most this; less is better.",
    "p90_absolute_error": "Nine in ten predictions are off by at most this; less is better.",
    "mape": "How far a prediction is off on average, relative to the outcome; less is better.",
    "smape": "As MAPE, relative to the mean of outcome and prediction; less is better.",
    "bias": "Above 0 the model predicts too much on average, below 0 too little.",
}


def metric_title(name: str) -> str:
    """Return what a metric is called."""
    return _TITLES.get(name, name)


def of_metric(name: str) -> str:
    """Return what a metric is called within a sentence."""
    title = metric_title(name)
    return title if title[:3].isupper() or title[1:2].isupper() else title[:1].lower() + title[1:]


def metric_meaning(name: str) -> str:
    """Return what a metric says, in one sentence; nothing of one that is not known."""
    return _MEANINGS.get(name, "")
