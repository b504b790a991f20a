"""What each feature contributes to the prediction of each row, in the user's features."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier

from assay.interpretation.explainers import Codes, Columns, Explainer, explainer_of, kind_of
from assay.metrics.core import FloatArray
from assay.predictor import raw_predictions
from assay.preprocessing import source_features
from assay.schema import Schema

# Numbers that an explainer holds at once: 32 MB. Rows are explained in parts, which changes no value.
_NUMBERS_AT_ONCE = 4_000_000
# Rows, what each feature adds to each output, the bases, and the output that is explained by row.
Part = tuple[slice, FloatArray, FloatArray, Codes]


@dataclass(frozen=True)
class Contributions:
    """What features add to the outputs of rows.

    Attributes
    ----------
    values : ndarray, shape (n, p)
        By row and feature, in the order of the schema.
    base : ndarray, shape (n,)
        The output where no feature is known. With the values of a row it adds up to its output.
    """

    values: FloatArray
    base: FloatArray


@dataclass(frozen=True)
class RowExplainer:
    """Explains rows of a fitted pipeline; from `row_explainer`, once for all rows.

    Attributes
    ----------
    schema : Schema
    preprocessor, model : estimator
        The fitted steps; of a transformed target, the estimator that sees it transformed.
    explainer : Explainer
    """

    schema: Schema
    preprocessor: Any
    model: Any
    explainer: Explainer

    def contributions(self, features: pd.DataFrame, codes: Codes | None = None) -> Contributions:
        """Return what each feature adds to each row's output.

        A row's values are the same in any company, to the last bit.

        Parameters
        ----------
        features : DataFrame, shape (n, p)
            In model form; n may be 0.
        codes : ndarray of int, shape (n,), optional
            Of more than two classes, the one whose output is explained, by row; by default the one that
            the pipeline finds most probable. With fewer outputs it plays no part.
        """
        n, p = len(features), len(self.schema.features)
        found = Contributions(np.zeros((n, p)), np.zeros(n))
        for rows, values, base, chosen in self.parts(features, codes):
            found.values[rows] = values[np.arange(len(values)), :, chosen]
            found.base[rows] = base[chosen]
        return found

    def parts(self, features: pd.DataFrame, codes: Codes | None = None) -> Iterator[Part]:
        """Yield what each feature adds to every output, some rows at a time.

        Parameters
        ----------
        features, codes
            See `contributions`.

        Yields
        ------
        rows : slice
        values : ndarray, shape (m, p, k)
        base : ndarray, shape (k,)
        chosen : ndarray of int, shape (m,)
            Which output is explained for each row.
        """
        size = self._rows_at_once
        for start in range(0, len(features), size):
            rows = slice(start, min(start + size, len(features)))
            matrix = self._matrix(features.iloc[rows])
            values, base = self.explainer.added(matrix)
            yield rows, values, base, self._chosen(matrix, None if codes is None else codes[rows])

    def outputs(self, features: pd.DataFrame, codes: Codes | None = None) -> FloatArray:
        """Return what the contributions of each row must add up to, (n,), from the model itself."""
        matrix = self._matrix(features)
        whole: FloatArray = self.explainer.output(matrix)
        chosen: FloatArray = whole[np.arange(len(matrix)), self._chosen(matrix, codes)]
        return chosen

    @property
    def _rows_at_once(self) -> int:
        outputs = len(self.model.classes_) if _many_classes(self.model) else 1
        return max(1, _NUMBERS_AT_ONCE // (outputs * (len(self.explainer.columns.source) + 1)))

    def _matrix(self, features: pd.DataFrame) -> FloatArray:
        return np.asarray(self.preprocessor.transform(features), dtype=float)

    def _chosen(self, matrix: FloatArray, codes: Codes | None) -> Codes:
        """Return which output is explained for each row."""
        if not _many_classes(self.model):
            return np.zeros(len(matrix), dtype=int)
        if codes is not None:
            return codes
        found: Codes = raw_predictions(self.model, matrix).argmax(axis=1)
        return found


def row_explainer(pipeline: Any, schema: Schema, background: pd.DataFrame) -> RowExplainer:
    """Return what explains the rows of a pipeline.

    Its final estimator is explained on the transformed columns, and the columns of one feature are
    summed: indicators of categories and of missing values count for their feature.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted; steps `features` and `model`.
    schema : Schema
    background : DataFrame, shape (b, p)
        Rows of training in model form. They stand for "the feature is unknown" in a linear model, whose
        center is their mean, and where predictions are asked. Trees and constants do without: b may be 0.

    Raises
    ------
    ArtifactError
        If the model cannot be explained without a background and there is none, or without the package
        shap and that is not installed.

    References
    ----------
    Lundberg and Lee 2017; Lundberg et al. 2020 (trees).
    """
    preprocessor, (model, _) = pipeline.named_steps["features"], _explained(pipeline)
    names = schema.feature_names
    source = np.array([names.index(name) for name in source_features(preprocessor, names)])
    rows = np.empty((0, len(source)))
    if len(background):
        rows = np.asarray(preprocessor.transform(background), dtype=float)
    columns = Columns(tuple(names), source, rows)
    return RowExplainer(schema, preprocessor, model, explainer_of(model, columns))


def output_name(pipeline: Any, schema: Schema) -> str:
    """Name what contributions add up to: "log-odds", "probability of the predicted class", the target."""
    model, transformed = _explained(pipeline)
    if not is_classifier(model):
        return f"log1p of {schema.target}" if transformed else schema.target
    on_margin = kind_of(model).on_margin
    if not _many_classes(model):
        return "log-odds" if on_margin else "probability"
    # Of more than two classes a model gives scores whose differences are log-odds.
    return f"{'score' if on_margin else 'probability'} of the predicted class"


def explained_output(pipeline: Any, schema: Schema) -> str:
    """Say what the effects of reasons add up to, as in "log-odds of late = 1".

    It is what the model says, before calibration and limits. Of a target that is transformed, it is the
    transformed one; of more than two classes, the score or probability of the row's class.
    """
    name = output_name(pipeline, schema)
    if schema.task == "binary":
        return f"{name} of {schema.target} = {schema.labels[1]}"
    return f"{name} of {schema.target}" if schema.task == "multiclass" else name


def _explained(pipeline: Any) -> tuple[Any, bool]:
    """Return the estimator that is explained, and whether it sees its target transformed."""
    model = pipeline.named_steps["model"]
    transformed = hasattr(model, "regressor_")
    return (model.regressor_ if transformed else model), transformed


def _many_classes(model: Any) -> bool:
    return is_classifier(model) and len(model.classes_) > 2
