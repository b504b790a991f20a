"""How far each feature moves predictions, and whether the holdout's values of it can show that."""

from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.interpretation.importance import Shuffles
from assay.metrics.core import FloatArray

COLUMNS = ["feature", "moved", "moved_by_training", "holdout_values", "treated_alike"]


def movements(evidence: Evidence, shuffles: Shuffles) -> pd.DataFrame:
    """Return how far each feature moves predictions of holdout rows, with which values.

    Parameters
    ----------
    evidence : Evidence
    shuffles : Shuffles
        Of the holdout.

    Returns
    -------
    DataFrame
        In the order of the schema: `feature`; `moved` and `moved_by_training`, the mean absolute change
        of the prediction (of many classes, the sum over them) when it is shuffled in the holdout, and
        when it has values of training rows; `holdout_values`, how many different ones the holdout has
        (missing is one); `treated_alike`, the share of rows whose prediction stays the same when they
        have the holdout's median of a number, or its most frequent category.
    """
    n, names = len(shuffles), shuffles.names
    rng = np.random.default_rng([evidence.task.seed, 9])
    drawn = rng.integers(0, len(evidence.train), n)
    train = evidence.train[names].iloc[drawn].reset_index(drop=True)
    preprocessor = evidence.predictor.pipeline.named_steps["features"]
    other = np.asarray(preprocessor.transform(train), dtype=float)
    order = rng.permutation(n)
    rows = []
    for name in names:
        columns, column = shuffles.columns([name]), evidence.features[name]
        moved = by_training = 0.0
        alike = 1.0
        if shuffles.reads([name]):
            held = shuffles.values(columns)
            usual = np.repeat(held[[_usual_row(column)]], n, axis=0)
            shuffled, replaced, same = (
                _changes(shuffles.predicted(columns, values), shuffles.before)
                for values in (held[order], other[:, columns], usual)
            )
            moved, by_training = float(shuffled.mean()), float(replaced.mean())
            alike = float(np.mean(same <= 1e-12))
        rows.append((name, moved, by_training, int(column.nunique(dropna=False)), alike))
    return pd.DataFrame(rows, columns=COLUMNS)


def _changes(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return each row's absolute change, summed over classes."""
    changes: FloatArray = np.abs(one - other).reshape(len(one), -1).sum(axis=1)
    return changes


def _usual_row(column: "pd.Series[Any]") -> int:
    """Return the position of a row with the median of a number, or the most frequent category."""
    known = np.flatnonzero(column.notna())
    if not len(known):
        return 0
    values = column.iloc[known]
    if pd.api.types.is_numeric_dtype(values):
        order = np.argsort(values.to_numpy(dtype=float), kind="stable")
        return int(known[order[(len(order) - 1) // 2]])
    return int(known[np.argmax((values == values.mode().iloc[0]).to_numpy())])


def holdout_is_later(evidence: Evidence) -> bool:
    """Say whether nearly all holdout rows are later than nearly all training rows."""
    column = evidence.schema.time_column
    if column is None:
        return False
    trained, held = (
        np.sort(rows[column].to_numpy()) for rows in (evidence.train, evidence.holdout.rows)
    )
    # Nearly: of the training rows 5% may be later, and of the holdout's earlier.
    return bool(held[len(held) // 20] >= trained[len(trained) * 19 // 20])
