"""Which rows have a value that training had not, and how many have one by chance."""

from typing import Any

import numpy as np
import pandas as pd

from assay.schema import Schema
from assay.uncertainty.bootstrap import IntArray

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
REASONS = ("below", "above", "unseen", "missing")


def outside_training(
    features: pd.DataFrame, train: pd.DataFrame, schema: Schema
) -> dict[tuple[str, str], BoolArray]:
    """Return the rows outside what training had, by feature and reason.

    Parameters
    ----------
    features : DataFrame, shape (n, p)
        Rows in model form.
    train : DataFrame
        The training rows, in model form.
    schema : Schema

    Returns
    -------
    dict of (feature, reason) to ndarray of bool, shape (n,)
        Of each reason that some row has: `below` the least or `above` the greatest number of training,
        a category that was `unseen`, `missing` where no training row was.
    """
    found = {}
    for name in schema.feature_names:
        column, trained = features[name], train[name]
        reasons = {}
        if name in schema.names_of("numeric"):
            reasons["below"] = column < trained.min()
            reasons["above"] = column > trained.max()
        else:
            reasons["unseen"] = column.notna() & ~column.isin(set(trained.dropna()))
        if not trained.isna().any():
            reasons["missing"] = column.isna()
        for reason, rows in reasons.items():
            if rows.any():
                found[name, reason] = rows.to_numpy(dtype=bool)
    return found


def outside_by_chance(train: pd.DataFrame, schema: Schema, units: IntArray | None) -> BoolArray:
    """Return the training rows that lie outside what all other units have: the rate of chance.

    A new unit of the same kind is as likely to lie outside as a training unit is outside the others.

    Parameters
    ----------
    train : DataFrame, shape (n, p)
        Training rows with the features, in model form.
    schema : Schema
        Only its features count.
    units : ndarray of int, shape (n,), optional
        The group of each row, where groups are new; None if rows are drawn one by one.

    Returns
    -------
    ndarray of bool, shape (n,)

    References
    ----------
    Good 1953, "The population frequencies of species and the estimation of population parameters"
    (the rate of unseen categories is that of the categories seen once).
    """
    unit = np.arange(len(train)) if units is None else units
    alone = np.zeros(len(train), dtype=bool)
    for name in schema.feature_names:
        column = train[name]
        if name in schema.names_of("numeric"):
            values = column.to_numpy(dtype=float)
            alone |= _above_others(values, unit) | _above_others(-values, unit)
        else:
            known = column.notna().to_numpy()
            codes, _ = pd.factorize(column)
            alone |= known & _in_one_unit(codes, unit)
        missing = column.isna().to_numpy()
        if missing.any():
            alone |= missing & _in_one_unit(np.where(missing, 0, -1), unit)
    return alone


def _above_others(values: "np.ndarray[Any, np.dtype[np.float64]]", unit: IntArray) -> BoolArray:
    """Return the rows whose value is above those of all other units; NaN is none."""
    filled = np.where(np.isnan(values), -np.inf, values)
    top = int(filled.argmax())
    others = filled[unit != unit[top]]
    if not len(others):
        return np.zeros(len(values), dtype=bool)
    above: BoolArray = (filled > others.max()) & (filled > -np.inf)
    return above


def _in_one_unit(codes: IntArray, unit: IntArray) -> BoolArray:
    """Return the rows whose code (0 upwards) no other unit has."""
    known = codes >= 0
    single = np.zeros(len(codes), dtype=bool)
    if known.any():
        pairs = np.unique(np.stack([codes[known], unit[known]]), axis=1)
        counts = np.bincount(pairs[0], minlength=int(codes.max()) + 1)
        single[known] = counts[codes[known]] == 1
    return single
