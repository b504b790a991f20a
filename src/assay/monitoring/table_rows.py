"""Rows of the table that a model was made of, as a batch has them."""

from typing import Any

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray
from assay.monitoring.clusters import Codes, cluster_codes
from assay.monitoring.rows import HashArray, ScoredRows, mixed
from assay.predictions import predictions_of
from assay.schema import ROW, Schema
from assay.time_features import TimeArray


def table_rows(table: pd.DataFrame, predicted: pd.DataFrame, schema: Schema) -> ScoredRows:
    """Return rows of the table with their predictions.

    Parameters
    ----------
    table : DataFrame
        Rows in typed form: features in model form, the target as it is learned from.
    predicted : DataFrame
        Predictions by row of the source, of all rows or of some; NaN is left for others.
    schema : Schema
    """
    aligned = predicted.set_index(ROW).reindex(table[ROW]).reset_index(drop=True)
    return ScoredRows(
        features=table[schema.feature_names].reset_index(drop=True),
        predicted=predictions_of(aligned, schema),
        keys=keys_of(table[ROW].to_numpy()),
        outcome=table[schema.target].to_numpy(dtype=float),
        times=times_of(table, schema),
        groups=groups_of(table, schema),
    )


def keys_of(rows: "np.ndarray[Any, np.dtype[np.int64]]") -> HashArray:
    """Return the keys of rows by their places in the source."""
    return mixed(rows.astype(np.uint64))


def times_of(table: pd.DataFrame, schema: Schema) -> TimeArray | None:
    """Return when each row is decided on; None without a time column."""
    if schema.time_column is None:
        return None
    times: TimeArray = table[schema.time_column].to_numpy().astype("datetime64[us]")
    return times


def groups_of(table: pd.DataFrame, schema: Schema) -> HashArray | None:
    """Return a number for each row's group; None without a group column."""
    if schema.group_column is None:
        return None
    codes = cluster_codes(None, table[schema.group_column])["group"]
    return np.asarray(codes, dtype=np.uint64)


def codes_of(table: pd.DataFrame, schema: Schema) -> Codes:
    """Return which rows share a day, and a group; see `assay.monitoring.clusters.cluster_codes`."""
    groups = None if schema.group_column is None else table[schema.group_column]
    return cluster_codes(times_of(table, schema), groups)


def known_rows(rows: ScoredRows) -> ScoredRows:
    """Return the rows that have a prediction."""
    flat: FloatArray = np.reshape(rows.predicted, (len(rows), -1))
    return rows.at(np.asarray(~np.isnan(flat).any(axis=1)))
