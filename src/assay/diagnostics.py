"""What a task's predictions look like on the holdout: the tables behind its curves.

Every task has every table, so that the pipeline has the same files for all; one that a task has no use
for is empty.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from assay.metrics.binary import roc_auc, roc_curve
from assay.metrics.core import FloatArray, LabelArray, binned_gap
from assay.reliability import CalibrationStage
from assay.schema import Schema

# The data of plots, with their columns.
CURVES: Mapping[str, tuple[str, ...]] = {
    "roc": ("false_positive_rate", "true_positive_rate"),
    "precision_recall": ("recall", "precision"),
    "calibration": ("mean_prediction", "mean_outcome", "row_count", "ci_low", "ci_high"),
    "residuals": ("prediction", "residual"),
    "qq": ("normal_quantile", "residual_quantile"),
}
PER_CLASS = (
    *("class", "n", "predicted_count", "precision", "recall", "f1"),
    *("roc_auc", "mean_probability", "ece"),
)
# Points of a stored curve; more would not show.
_CURVE_POINTS = 200
_RESIDUAL_POINTS = 1000


def curve_tables(
    y_true: Any, predicted: FloatArray, schema: Schema, calibration: CalibrationStage
) -> dict[str, pd.DataFrame]:
    """Return the data behind the plots of the holdout, by the names of `CURVES`.

    For more than two classes, ROC and precision-recall pool the decisions of each class against the
    rest (micro-average), and calibration is that of the highest probability.

    Parameters
    ----------
    y_true : ndarray, shape (n,)
    predicted : ndarray, shape (n,) or (n, k)
    schema : Schema
    calibration : CalibrationStage
        That of the same predictions; told are bins of equal width for probabilities, of equal mass for
        numbers.
    """
    tables = {name: pd.DataFrame(columns=list(columns)) for name, columns in CURVES.items()}
    if schema.task == "regression":
        return tables | _regression_tables(y_true, predicted, calibration)
    outcome, score = y_true, predicted
    if schema.task == "multiclass":
        outcome = (y_true[:, None] == np.arange(predicted.shape[1])).astype(int).ravel()
        score = predicted.ravel()
    return tables | {
        "roc": roc_table(outcome, score),
        "precision_recall": precision_recall_table(outcome, score),
        "calibration": _calibration_table(calibration.bins["equal_width"]),
    }


def roc_table(outcome: LabelArray, score: FloatArray) -> pd.DataFrame:
    """Return a ROC curve, thinned."""
    false_rate, true_rate, _ = roc_curve(outcome, score)
    return _thinned(_table("roc", false_rate, true_rate))


def precision_recall_table(outcome: LabelArray, score: FloatArray) -> pd.DataFrame:
    """Return precision against recall, thinned."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(outcome, score)
    # Without the last point, which no threshold gives: precision 1 where nothing is flagged.
    return _thinned(_table("precision_recall", recall[:-1][::-1], precision[:-1][::-1]))


def _regression_tables(
    y_true: FloatArray, y_pred: FloatArray, calibration: CalibrationStage
) -> dict[str, pd.DataFrame]:
    from scipy.special import ndtri

    residual = y_true - y_pred
    order = np.argsort(y_pred, kind="stable")
    shares = np.linspace(0, 1, _CURVE_POINTS + 2)[1:-1]
    spread = residual.std()
    standardised = (residual - residual.mean()) / (spread if spread > 0 else 1.0)
    shown = order[np.unique(np.linspace(0, len(order) - 1, _RESIDUAL_POINTS).round().astype(int))]
    return {
        "calibration": _calibration_table(calibration.bins["equal_mass"]),
        "residuals": _table("residuals", y_pred[shown], residual[shown]),
        "qq": _table("qq", ndtri(shares), np.quantile(standardised, shares)),
    }


def per_class_table(y_true: Any, predicted: FloatArray, schema: Schema, bins: int) -> pd.DataFrame:
    """Return the quality of each class against the rest; empty unless the task is multiclass.

    `precision` is missing where a class is never predicted, `recall` and `roc_auc` where it has no row.
    """
    rows = []
    if schema.task == "multiclass":
        y_pred = predicted.argmax(axis=1)
        for code, label in enumerate(schema.labels):
            rows.append(
                _class_row(str(label), y_true == code, y_pred == code, predicted[:, code], bins)
            )
    return pd.DataFrame(rows, columns=list(PER_CLASS))


def _class_row(
    label: str, actual: Any, decided: Any, probability: FloatArray, bins: int
) -> Sequence[Any]:
    every = np.ones((1, len(actual)))
    hits, n, chosen = int((actual & decided).sum()), int(actual.sum()), int(decided.sum())
    return (
        label,
        n,
        chosen,
        hits / chosen if chosen else np.nan,
        hits / n if n else np.nan,
        2 * hits / (n + chosen) if n + chosen else np.nan,
        float(roc_auc(actual.astype(int), probability, every)[0]),
        float(probability.mean()),
        float(binned_gap(actual.astype(float), probability, every, bins)[0]),
    )


def _calibration_table(bins: pd.DataFrame) -> pd.DataFrame:
    return bins.rename(columns={"n": "row_count"})[list(CURVES["calibration"])]


def _table(name: str, *columns: Any) -> pd.DataFrame:
    return pd.DataFrame(dict(zip(CURVES[name], columns, strict=True)))


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """Keep at most `_CURVE_POINTS` rows, evenly spaced along the first column, ends included."""
    x = curve.iloc[:, 0].to_numpy()
    keep = np.searchsorted(x, np.linspace(x[0], x[-1], _CURVE_POINTS - 2))
    keep = np.unique(np.r_[0, np.minimum(keep, len(x) - 1), len(x) - 1])
    return pd.DataFrame(curve.iloc[keep].reset_index(drop=True))
