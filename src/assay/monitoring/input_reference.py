"""What each feature was in training, for batches to be compared with."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from assay.contract import InputContract
from assay.metrics.core import FloatArray
from assay.monitoring.binning import (
    COARSE,
    FINE,
    IntArray,
    bin_edges,
    binned,
    bins_of,
    category_counts,
    category_places,
    coarse_places,
    top_categories,
)
from assay.monitoring.clusters import Codes, shared_by_kind
from assay.monitoring.sharing import bin_sharing


def input_reference(train: pd.DataFrame, contract: InputContract, codes: Codes) -> dict[str, Any]:
    """Describe every feature of the training rows.

    Parameters
    ----------
    train : DataFrame
        Training rows, features in model form.
    contract : InputContract
        Of the rows that the shipped model was fitted on: what it knows.
    codes : dict of str to ndarray of int, each of shape (n,)
        From `assay.monitoring.clusters.cluster_codes`, of the training rows.

    Returns
    -------
    dict of str to dict
        By feature, in the order of the schema: `kind`, `row_count` (with a value), `missing_count`,
        `counts` (of bins or categories), `shared` and `missing_shared` (how far rows of a cluster share
        bins, and missing values); of numbers `edges`, `coarse`, `sums`, `mean`, `deviation`, `range`; of
        categories `categories`, `others`, `unseen_rate`.
    """
    return {
        feature.name: _numeric(train[feature.name], contract.ranges[feature.name], codes)
        if feature.kind == "numeric"
        else _categorical(train[feature.name], contract.categories[feature.name], codes)
        for feature in contract.schema.features
    }


def _numeric(column: "pd.Series[Any]", fitted: list[float] | None, codes: Codes) -> dict[str, Any]:
    values = column.to_numpy(dtype=float)
    known = ~np.isnan(values)
    fine, coarse = bin_edges(values[known], FINE), bin_edges(values[known], COARSE)
    counts, sums = binned(values, fine)
    places = np.full(len(values), -1, dtype=np.int64)
    places[known] = bins_of(values[known], coarse)
    some = bool(known.any())
    return {
        "kind": "numeric",
        **_missing(~known, codes),
        "edges": fine.tolist(),
        "coarse": coarse_places(fine, coarse).tolist(),
        "counts": counts.tolist(),
        "sums": sums.tolist(),
        "mean": float(values[known].mean()) if some else None,
        "deviation": _deviation(values[known]) if some else None,
        "range": fitted,
        "shared": bin_sharing(places, len(coarse) + 1, codes),
    }


def _deviation(values: FloatArray) -> float:
    """Return the standard deviation; exactly 0 where all values are equal."""
    return float(values.std()) if values.min() < values.max() else 0.0


def _categorical(column: "pd.Series[Any]", fitted: list[str], codes: Codes) -> dict[str, Any]:
    top = top_categories(column)
    others = sorted(set(fitted) - set(top))
    places = category_places(column, top, others)
    return {
        "kind": "categorical",
        **_missing(places < 0, codes),
        "categories": top,
        "others": others,
        "counts": category_counts(places, top).tolist(),
        "unseen_rate": unseen_rate(column, codes),
        "shared": bin_sharing(places, len(top) + 2, codes),
    }


def _missing(missing: "np.ndarray[Any, np.dtype[np.bool_]]", codes: Codes) -> dict[str, Any]:
    return {
        "row_count": int((~missing).sum()),
        "missing_count": int(missing.sum()),
        "missing_shared": shared_by_kind(missing.astype(float), codes)
        if missing.any()
        else dict.fromkeys(codes, 0.0),
    }


def unseen_rate(column: "pd.Series[Any]", codes: Mapping[Any, IntArray]) -> float:
    """Return the share of rows whose category no other day has: what a new day must be expected to bring.

    Without days, no other group; without either, no other row.

    Parameters
    ----------
    column : Series, shape (n,)
        Texts, NaN where missing, which are left out.
    codes : dict of str to ndarray of int, each of shape (n,)

    References
    ----------
    Good 1953, "The population frequencies of species and the estimation of population parameters".
    """
    known = column.notna().to_numpy()
    if not known.any():
        return 0.0
    cluster = next(iter(codes.values()), np.arange(len(column)))[known]
    category = pd.factorize(pd.Index(column[known], dtype=object))[0]
    pairs = pd.DataFrame({"category": category, "cluster": cluster}).drop_duplicates()
    clusters = np.bincount(pairs["category"])
    return float((clusters[category] == 1).mean())
