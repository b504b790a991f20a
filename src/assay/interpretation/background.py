"""The training rows that stand for "the feature is unknown", wherever a prediction is explained."""

import pandas as pd

from assay.schema import Schema

# They ship with the model and are few, because a model that only its predictions explain is asked for
# all of them again and again.
_ROWS = 50


def background_rows(train: pd.DataFrame, schema: Schema, seed: int) -> pd.DataFrame:
    """Return some training rows in model form, against which predictions are explained.

    They are the same in `interpret`, in the run folder, and hence in `predict --reasons`.

    Parameters
    ----------
    train : DataFrame
        All training rows.
    schema : Schema
    seed : int
    """
    rows = train.sample(min(_ROWS, len(train)), random_state=seed).sort_index()
    return rows[schema.feature_names]
