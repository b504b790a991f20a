"""What a model is examined by: rows that did not train what predicts them, and their predictions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.metrics.catalogue import primary_metric
from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.predictions import predictions_of
from assay.predictor import Predictor
from assay.schema import ROW, Schema
from assay.sections import InterpretParams, TaskParams
from assay.uncertainty.bootstrap import Bootstrap, IntArray, clusters_of

# Groups that a sample of whole groups has at least.
_FEWEST_GROUPS = 20


@dataclass(frozen=True)
class Predicted:
    """Rows with what happened and what was predicted for them.

    Attributes
    ----------
    rows : DataFrame, shape (n, c)
        Names of the row, time, group, target and features in model form.
    y_true : ndarray, shape (n,)
        Codes of classes 0 to k - 1, or numbers.
    y_predicted : ndarray, shape (n,) or (n, k)
        As the task has them, calibrated.
    """

    rows: pd.DataFrame
    y_true: TargetArray
    y_predicted: FloatArray

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, rows: npt.NDArray[Any]) -> "Predicted":
        """Return the rows at positions, or of a mask."""
        kept = self.rows.iloc[np.flatnonzero(rows) if rows.dtype == bool else rows]
        return Predicted(kept.reset_index(drop=True), self.y_true[rows], self.y_predicted[rows])


@dataclass(frozen=True)
class Evidence:
    """A model, the rows that judge it, and the rows that trained it.

    Attributes
    ----------
    predictor : Predictor
    schema : Schema
    holdout : Predicted
        At most `interpret.sample_rows` rows. They report, and choose nothing.
    out_of_fold : Predicted
        Training rows that a fold validates, predicted by models that had not seen them.
    train : DataFrame
        All training rows, as `Predicted.rows` has them.
    params : InterpretParams
    task : TaskParams
    bootstrap : Bootstrap
        How rows of `holdout`, or their groups, are resampled.
    """

    predictor: Predictor
    schema: Schema
    holdout: Predicted
    out_of_fold: Predicted
    train: pd.DataFrame
    params: InterpretParams
    task: TaskParams
    bootstrap: Bootstrap

    @property
    def features(self) -> pd.DataFrame:
        """The features of the holdout's rows, in model form."""
        return self.holdout.rows[self.schema.feature_names]

    @property
    def metric(self) -> Metric:
        """The primary metric."""
        return primary_metric(self.task.type, self.task.primary_metric)


def gather_evidence(
    predictor: Predictor,
    schema: Schema,
    holdout: pd.DataFrame,
    train: pd.DataFrame,
    out_of_fold: pd.DataFrame,
    params: InterpretParams,
    task: TaskParams,
) -> Evidence:
    """Predict the holdout's rows, a sample of many, and join out-of-fold predictions to their rows.

    Parameters
    ----------
    predictor : Predictor
    schema : Schema
    holdout, train : DataFrame
        The parts of the split.
    out_of_fold : DataFrame
        Out-of-fold predictions by row.
    params, task : InterpretParams, TaskParams
    """
    sample = holdout.iloc[_sampled(holdout, schema, params.sample_rows, task.seed)]
    sample = sample.reset_index(drop=True)
    known = train.set_index(ROW, drop=False).loc[out_of_fold[ROW].to_numpy()]
    return Evidence(
        predictor,
        schema,
        Predicted(
            sample,
            sample[schema.target].to_numpy(),
            predictor.predict(sample[schema.feature_names]),
        ),
        Predicted(
            known.reset_index(drop=True),
            out_of_fold["y_true"].to_numpy(),
            predictions_of(out_of_fold, schema),
        ),
        train,
        params,
        task,
        Bootstrap(
            params.resamples, params.confidence, task.seed, clusters_of(sample, schema.group_column)
        ),
    )


def _sampled(table: pd.DataFrame, schema: Schema, most: int, seed: int) -> IntArray:
    """Return positions of at most so many rows, groups whole, in the order of the table.

    Where few groups would fit, rows are drawn from all: a few groups tell nothing of the others.
    """
    n = len(table)
    if n <= most:
        return np.arange(n)
    rng = np.random.default_rng(seed)
    groups = clusters_of(table, schema.group_column)
    if groups is not None:
        sizes, room = np.bincount(groups), most
        chosen = np.zeros(len(sizes), dtype=bool)
        for group in rng.permutation(len(sizes)):
            if sizes[group] <= room:
                chosen[group] = True
                room -= int(sizes[group])
        if chosen.sum() >= _FEWEST_GROUPS:
            return np.flatnonzero(chosen[groups])
    return np.sort(rng.permutation(n)[:most])
