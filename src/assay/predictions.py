"""Predictions as columns of a table, and back: one shape per task.

A binary score is `y_score`, the probabilities of k classes are `y_prob_0` to `y_prob_<k-1>`, a number is
`y_pred`. A prefix tells other predictions for the same rows apart.
"""

import numpy as np
import pandas as pd

from assay.errors import DataError
from assay.metrics.core import FloatArray
from assay.schema import ROW, Schema


def prediction_columns(predicted: FloatArray, schema: Schema, prefix: str = "") -> pd.DataFrame:
    """Return predictions as named columns.

    Parameters
    ----------
    predicted : ndarray, shape (n,) or (n, k)
        As the task has them.
    schema : Schema
    prefix : str
        Such as `baseline_`.
    """
    names = _names(schema, prefix)
    return pd.DataFrame(np.reshape(predicted, (len(predicted), len(names))), columns=names)


def predictions_of(table: pd.DataFrame, schema: Schema, prefix: str = "") -> FloatArray:
    """Return the array that `prediction_columns` was given."""
    names = _names(schema, prefix)
    array: FloatArray = np.ascontiguousarray(table[names].to_numpy(dtype=float))
    return array if schema.task == "multiclass" else array[:, 0]


def refuse_infinite(predicted: FloatArray, who: str) -> None:
    """Stop if a prediction is infinite; a model of the logarithm can overflow.

    Raises
    ------
    DataError
        With what limits predictions.
    """
    count = int(np.isinf(predicted).sum())
    if count:
        raise DataError(
            f"{who} predicts infinite numbers for {count} rows, expected finite ones. Set "
            "task.clip_high, or task.target_transform to none."
        )


def by_row(predictions: pd.DataFrame, table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Put a table's carried columns in front of predictions that are keyed by row."""
    names = [name for name in schema.carried_columns if name in table.columns]
    carried = table.set_index(ROW)[names].loc[predictions[ROW]].reset_index(drop=True)
    return pd.concat([carried, predictions.drop(columns=ROW).reset_index(drop=True)], axis=1)


def _names(schema: Schema, prefix: str) -> list[str]:
    if schema.task == "multiclass":
        return [f"{prefix}y_prob_{code}" for code in range(len(schema.labels))]
    return [prefix + ("y_pred" if schema.task == "regression" else "y_score")]
