"""The strongest reasons of each row's prediction, as columns beside it."""

from typing import Any

import numpy as np
import pandas as pd

from assay.interpretation.contributions import RowExplainer
from assay.interpretation.explainers import Codes
from assay.schema import Feature, category_text


def reason_columns(k: int) -> list[str]:
    """Return the names of the columns of k reasons, in order."""
    suffixes = ("", "_value", "_effect")
    return [f"reason_{rank}{suffix}" for rank in range(1, k + 1) for suffix in suffixes]


def strongest_reasons(
    explainer: RowExplainer, features: pd.DataFrame, k: int, codes: Codes | None = None
) -> pd.DataFrame:
    """Return the k features that move each row's output most, the strongest first.

    A row's reasons are the same in any company, to the last bit. A feature without effect on a row is no
    reason: where fewer than k have one, the last ranks are null. There are always k of them, also where
    the model has fewer features.

    Parameters
    ----------
    explainer : RowExplainer
        From `row_explainer`.
    features : DataFrame, shape (n, p)
        In model form; n may be 0.
    k : int
        At least 1.
    codes : ndarray of int, shape (n,), optional
        Of more than two classes, the one that each row's reasons are for, such as the most probable one
        after calibration; by default the most probable one before it.

    Returns
    -------
    DataFrame
        The columns of `reason_columns`, by rank: the feature (string), the row's value of it as text
        (string; null where missing), and its effect (float64): what the feature adds to what
        `explained_output` names, above 0 if it raises it. Of equal effects, the earlier feature first.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    schema, effects = explainer.schema, explainer.contributions(features, codes).values
    order = np.argsort(-np.abs(effects), axis=1, kind="stable")
    names = np.array(schema.feature_names, dtype=object)
    columns: dict[str, Any] = {}
    for rank in range(1, k + 1):
        n = len(features)
        name, value, effect = (np.full(n, None), np.full(n, None), np.full(n, np.nan))
        if rank <= len(names):
            picked = order[:, rank - 1]
            ranked = effects[np.arange(n), picked]
            shown = ranked != 0
            name[shown], effect[shown] = names[picked[shown]], ranked[shown]
            for position in np.unique(picked[shown]):
                rows = np.flatnonzero(shown & (picked == position))
                value[rows] = _value_texts(features, schema.features[position], rows)
        texts = (pd.Series(found, dtype="string") for found in (name, value))
        columns |= zip(reason_columns(rank)[-3:], (*texts, effect), strict=True)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(features)))


def _value_texts(features: pd.DataFrame, feature: Feature, rows: Codes) -> Any:
    """Return values as texts, as a file would have them; missing ones as NaN."""
    texts = category_text(features[feature.name].iloc[rows])
    if feature.kind == "numeric" and feature.source_dtype.lower().startswith("bool"):
        texts = texts.replace({"0": "False", "1": "True"})
    return texts.to_numpy()
