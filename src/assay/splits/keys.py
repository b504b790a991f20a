"""A 64-bit number for each row that depends on what the row holds, and on nothing else.

No seed and no position enters it: a row keeps its number when rows are added, removed or reordered,
and whatever type a column was stored in. Nor do the rows that are added change what an old row
holds: a class counts by its label, and a cell without a value does not count. Equal rows are numbered.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.schema import ROW, Schema, category_text

KeyArray = npt.NDArray[np.uint64]

# The SipHash key of every hash; with another, every random split would be another.
_HASH_KEY = "assay-split-keys"
# The golden ratio's bits, whose multiples are far apart (Steele et al. 2014, SplitMix).
_SALT_STEP = 0x9E3779B97F4A7C15


def row_keys(table: pd.DataFrame, schema: Schema) -> KeyArray:
    """Return the key of each row, shape (n,): its id, or all that it holds where it has none.

    Rows without an id that are equal in every column are counted, and each has a key of its own. Sharing
    one, those with equal features and one outcome would go to one side and those with the other outcome
    to the other, and no model could be judged on them.
    """
    if schema.id_columns:
        return _keys(table, schema.id_columns, schema)
    keys = _content_keys(table, schema)
    # Which of equal rows is counted first makes no difference.
    number = pd.Series(keys).groupby(keys).cumcount().to_numpy().astype(np.uint64)
    return np.where(number > 0, salted(keys ^ pd.util.hash_array(number), 0), keys)


def group_keys(table: pd.DataFrame, schema: Schema) -> KeyArray:
    """Return the key of each row's group, shape (n,); the schema must name a group column."""
    return _keys(table, [schema.group_column] if schema.group_column else [], schema)


def feature_keys(table: pd.DataFrame, schema: Schema) -> KeyArray:
    """Return a key that rows share if they are equal in every feature, shape (n,)."""
    return _keys(table, schema.feature_names, schema)


def salted(keys: KeyArray, salt: int) -> KeyArray:
    """Return keys in another pseudo-random order for each salt, shape (n,)."""
    offset = np.uint64(salt * _SALT_STEP % 2**64)
    return np.asarray(pd.util.hash_array(keys + offset), dtype=np.uint64)


def _content_keys(table: pd.DataFrame, schema: Schema) -> KeyArray:
    """Sum the hashes of each row's cells, each with its column's name; missing cells add nothing.

    A column whose first value comes with an added row so leaves the keys of the others as they were.
    """
    keys = np.zeros(len(table), dtype=np.uint64)
    # A time counts as what it is, whatever parts of it a model is to see.
    unheld = {ROW, *(feature.name for feature in schema.features if feature.part)}
    numeric = _numeric(schema)
    for name in (str(column) for column in table.columns if column not in unheld):
        cells = _plain(table, name, numeric)
        if name == schema.target and schema.labels:
            # A class that is added gives the others new codes.
            cells = category_text(pd.Series(np.array(schema.labels, dtype=object)[table[name]]))
        in_column = pd.util.hash_array(np.array([name], dtype=object), hash_key=_HASH_KEY)
        in_cell = pd.util.hash_array(cells.to_numpy(), hash_key=_HASH_KEY)
        pair = pd.util.hash_array(in_cell ^ in_column)
        keys += np.where(cells.notna(), pair, np.uint64(0))
    return keys


def _keys(table: pd.DataFrame, names: Sequence[str], schema: Schema) -> KeyArray:
    """Hash some columns of a validated table; their order is irrelevant, missing equals missing."""
    numeric = _numeric(schema)
    plain = pd.DataFrame(
        {name: _plain(table, name, numeric) for name in sorted(names)}, index=table.index
    )
    keys = pd.util.hash_pandas_object(plain, index=False, hash_key=_HASH_KEY)
    return keys.to_numpy(dtype=np.uint64)


def _numeric(schema: Schema) -> set[str]:
    """Return the columns that are float64 in every validated table, and too many to be written as texts."""
    targets = [schema.target] if schema.task == "regression" else []
    return {*schema.names_of("numeric"), *targets}


def _plain(table: pd.DataFrame, name: str, numeric: Collection[str]) -> "pd.Series[Any]":
    """Return a column as numbers or texts of which equal ones have equal bits."""
    return _numbers(table[name]) if name in numeric else category_text(table[name])


def _numbers(column: "pd.Series[float]") -> "pd.Series[float]":
    """Return numbers of which equal ones have equal bits: 0 for -0, one NaN for all."""
    numbers = column + 0.0
    return numbers.where(numbers.notna(), np.nan)
