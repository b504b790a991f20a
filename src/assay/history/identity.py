"""What a holdout and what a model's predictions for it are known by, whatever files hold them."""

import hashlib

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray, TargetArray


def rows_sha256(keys: pd.DataFrame, y_true: TargetArray) -> str:
    """Return the hash of the rows of a holdout with their outcomes; features have no part in it.

    Another feature makes another file of the same holdout, which was asked all the same.

    Parameters
    ----------
    keys : DataFrame, shape (n, k)
        What names a row.
    y_true : ndarray, shape (n,)
    """
    text = keys.assign(_outcome=y_true).to_csv(index=False, header=False, lineterminator="\n")
    return hashlib.sha256("\n".join(sorted(text.splitlines())).encode()).hexdigest()


def predictions_sha256(predicted: FloatArray) -> str:
    """Return the hash of predictions, shape (n,) or (n, k), to the last bit."""
    content = np.ascontiguousarray(predicted, dtype="<f8")
    return hashlib.sha256(content.tobytes()).hexdigest()
