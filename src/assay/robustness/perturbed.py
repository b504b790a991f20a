"""The matrix of the holdout with some features changed, and what the model says of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.metrics.core import FloatArray
from assay.predictor import raw_predictions
from assay.preprocessing import source_features
from assay.used_columns import used_columns

NameArray = np.ndarray[Any, np.dtype[np.object_]]


@dataclass(frozen=True)
class Perturbed:
    """The holdout as the model sees it, of which features can be replaced.

    Attributes
    ----------
    matrix : ndarray, shape (n, m)
        The holdout's rows, preprocessed.
    source : ndarray of str, shape (m,)
        The feature behind each column of the matrix.
    used : ndarray of bool, shape (m,)
        Whether the model may read the column.
    transform, judge : callable
        From features to a matrix, and from a matrix to calibrated predictions.
    """

    matrix: FloatArray
    source: NameArray
    used: "np.ndarray[Any, np.dtype[np.bool_]]"
    transform: Callable[[pd.DataFrame], FloatArray]
    judge: Callable[[FloatArray], FloatArray]

    def reads(self, feature: str) -> bool:
        """Say whether any value of a feature can change a prediction."""
        return bool(self.used[self.source == feature].any())

    def same(self, feature: str, one: FloatArray, other: FloatArray) -> bool:
        """Say whether two matrices, shape (1, m), have the same columns of a feature."""
        columns = self.source == feature
        return np.array_equal(one[:, columns], other[:, columns], equal_nan=True)

    def replaced(self, features: Sequence[str], changed: FloatArray) -> FloatArray:
        """Return the predictions where some features have the columns of another matrix.

        Parameters
        ----------
        features : sequence of str
        changed : ndarray, shape (n, m) or (1, m)
            One row stands for all.
        """
        columns = np.flatnonzero(np.isin(self.source, list(features)))
        matrix = self.matrix.copy()
        matrix[:, columns] = changed[:, columns]
        return self.judge(matrix)


def perturbed_of(evidence: Evidence) -> Perturbed:
    """Preprocess the holdout once; each feature is preprocessed by itself."""
    predictor = evidence.predictor
    preprocessor, model = (predictor.pipeline.named_steps[step] for step in ("features", "model"))

    def transform(features: pd.DataFrame) -> FloatArray:
        return np.asarray(preprocessor.transform(features), dtype=float)

    source = np.array(source_features(preprocessor, evidence.schema.feature_names), dtype=object)
    return Perturbed(
        transform(evidence.features),
        source,
        used_columns(model, len(source)),
        transform,
        lambda matrix: predictor.calibrator.apply(raw_predictions(model, matrix)),
    )
