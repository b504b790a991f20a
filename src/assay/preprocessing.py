"""Columns become numbers: one unfitted transformer, shared by baselines and candidates alike."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from assay.schema import Schema
from assay.sections import PreprocessParams, TaskParams

# The step of features of high cardinality, whichever way they are encoded.
_HIGH = "high_cardinality"
# Inner folds of the cross-fitted encoder of the target: scikit-learn's own number.
_INNER_FOLDS = 5


def build_preprocessor(
    schema: Schema, params: PreprocessParams, task: TaskParams, train: pd.DataFrame
) -> ColumnTransformer:
    """Return the unfitted transformer from model-form features to a matrix.

    Numbers are imputed and scaled; categories become indicator columns. A missing category is one of
    them; those with too few rows share a column, which an unknown one joins (where none is rare, all
    columns of an unknown one are 0). Of a feature of high cardinality either the most frequent
    categories keep their columns, or all become numbers: their mean targets (`_target_means`). It must
    be fitted inside each fold, by `fit_transform`.

    Parameters
    ----------
    schema : Schema
        The features and their kinds.
    params : PreprocessParams
        The section `preprocess`.
    task : TaskParams
        Its type and its seed.
    train : DataFrame
        The training rows in model form, which say what has high cardinality. Never holdout rows.
    """
    high = high_cardinality_features(train, schema, params.max_categories)
    few = [name for name in schema.names_of("categorical") if name not in high]
    numeric, steps = schema.names_of("numeric"), []
    if numeric:
        steps.append(("numeric", _numbers(params), numeric))
    if few:
        steps.append(("categorical", _indicators(params), few))
    if high and params.high_cardinality == "target":
        steps.append((_HIGH, _target_means(task), high))
    elif high:
        steps.append((_HIGH, _indicators(params, params.max_categories), high))
    return ColumnTransformer(steps)


def high_cardinality_features(
    train: pd.DataFrame, schema: Schema, max_categories: int
) -> list[str]:
    """Return the categorical features with more categories than so many; missing is none.

    Parameters
    ----------
    train : DataFrame
        Training rows in model form.
    schema : Schema
    max_categories : int
    """
    return [
        name for name in schema.names_of("categorical") if train[name].nunique() > max_categories
    ]


def _numbers(params: PreprocessParams) -> Pipeline:
    imputer = SimpleImputer(
        strategy=params.numeric_imputation,
        add_indicator=params.missing_indicator,
        # A column without a value in some fold must still be a column.
        keep_empty_features=True,
    )
    return Pipeline([("impute", imputer), ("scale", StandardScaler())])


def _indicators(params: PreprocessParams, at_most: int | None = None) -> OneHotEncoder:
    """Return the encoder to a column for each category, in all at most so many for a feature."""
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=params.min_category_count,
        max_categories=at_most,
        sparse_output=False,
    )


def _target_means(task: TaskParams) -> Pipeline:
    """Return the encoder to the mean target of a category, drawn towards that of all rows.

    The rows of its own `fit_transform` get means from other rows only; their own outcomes would tell
    what they are to predict. Missing is a category; one that is unknown has the mean of all rows. Of
    more than two classes there is a column for each.
    """
    kinds = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}
    encoder = TargetEncoder(
        # Whole numbers would be taken for classes.
        target_type=kinds[task.type],
        cv=_INNER_FOLDS,
        random_state=task.seed,
    )
    return Pipeline([("encode", encoder), ("scale", StandardScaler())])


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
        elif name in ("categorical", _HIGH):
            for column, drawn in zip(columns, _category_widths(transformer), strict=True):
                sources.extend([column] * drawn)
    unknown = set(sources) - set(features)
    if unknown:
        raise ValueError(f"columns of no feature: {sorted(unknown)}")
    return sources


def _category_widths(encoder: OneHotEncoder | Pipeline) -> list[int]:
    """Return how many columns each categorical feature has in the output of its encoder."""
    if isinstance(encoder, Pipeline):
        means = encoder.named_steps["encode"]
        return [len(means.encodings_) // means.n_features_in_] * means.n_features_in_
    widths = []
    for categories, infrequent in zip(
        encoder.categories_, encoder.infrequent_categories_, strict=True
    ):
        merged = 0 if infrequent is None else len(infrequent) - 1
        widths.append(len(categories) - merged)
    return widths
