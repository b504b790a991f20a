"""Columns become numbers: one unfitted transformer, shared by baselines and candidates alike."""

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from assay.params import PreprocessParams, TaskParams
from assay.schema import Schema


def build_preprocessor(schema: Schema, params: PreprocessParams) -> ColumnTransformer:
    """Return the unfitted transformer from model-form features to a matrix.

    Numbers are imputed and scaled; categories become indicator columns. A missing category is one of
    them; those with too few rows share a column, which an unknown one joins (where none is rare, all
    columns of an unknown one are 0). It must be fitted inside each fold.

    Parameters
    ----------
    schema : Schema
        The features and their kinds.
    params : PreprocessParams
        The section `preprocess`.
    """
    numeric, categorical = schema.names_of("numeric"), schema.names_of("categorical")
    steps = []
    if numeric:
        numbers = Pipeline(
            [
                (
                    "impute",
                    SimpleImputer(
                        strategy=params.numeric_imputation,
                        add_indicator=params.missing_indicator,
                        # A column without a value in some fold must still be a column.
                        keep_empty_features=True,
                    ),
                ),
                ("scale", StandardScaler()),
            ]
        )
        steps.append(("numeric", numbers, numeric))
    if categorical:
        indicators = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=params.min_category_count,
            sparse_output=False,
        )
        steps.append(("categorical", indicators, categorical))
    return ColumnTransformer(steps)


def build_sampler(resampling: str, seed: int) -> Any:
    """Return imbalanced-learn's unfitted sampler of this name; None for "none".

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    if resampling == "none":
        return None
    # Imported late: it is heavy, and scoring never needs it.
    if resampling == "random_under":
        from imblearn.under_sampling import RandomUnderSampler

        return RandomUnderSampler(random_state=seed)
    if resampling == "smote":
        from imblearn.over_sampling import SMOTE

        return SMOTE(random_state=seed)
    raise ValueError(f"unknown resampling {resampling!r}")


def on_target(estimator: Any, task: TaskParams) -> Any:
    """Return the estimator, fitted on the target as the task transforms it and undoing it after."""
    if task.target_transform == "log1p":
        return TransformedTargetRegressor(estimator, func=np.log1p, inverse_func=np.expm1)
    return estimator


def source_features(preprocessor: ColumnTransformer, features: list[str]) -> list[str]:
    """Return, for each column of a fitted transformer's output, the feature that it came from.

    Parameters
    ----------
    preprocessor : ColumnTransformer
        Fitted, from `build_preprocessor`.
    features : list of str
        Names of the input features.

    Returns
    -------
    list of str
        One name per output column, in order.
    """
    sources: list[str] = []
    for name, transformer, columns in preprocessor.transformers_:
        if name == "numeric":
            sources.extend(columns)
            indicator = transformer.named_steps["impute"].indicator_
            if indicator is not None:
                sources.extend(columns[index] for index in indicator.features_)
        elif name == "categorical":
            for column, drawn in zip(columns, _category_widths(transformer), strict=True):
                sources.extend([column] * drawn)
    unknown = set(sources) - set(features)
    if unknown:
        raise ValueError(f"columns of no feature: {sorted(unknown)}")
    return sources


def _category_widths(encoder: OneHotEncoder) -> list[int]:
    """Return how many indicator columns each feature has after rare categories were merged."""
    widths = []
    for categories, infrequent in zip(
        encoder.categories_, encoder.infrequent_categories_, strict=True
    ):
        merged = 0 if infrequent is None else len(infrequent) - 1
        widths.append(len(categories) - merged)
    return widths
