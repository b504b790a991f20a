"""A 64-bit number for each row that depends on what the row holds, and on nothing else.

No seed and no position enters it: a row keeps its number when rows are added, removed or reordered,
and whatever type a column was stored in.
"""

from collections.abc import Sequence

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

    Rows without an id that are equal in every column have the same key.
    """
    names = list(schema.id_columns) or [str(name) for name in table.columns if name != ROW]
    return _keys(table, names, schema)


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


def _keys(table: pd.DataFrame, names: Sequence[str], schema: Schema) -> KeyArray:
    """Hash some columns of a validated table; their order is irrelevant, missing equals missing."""
    # These are float64 in every validated table, and too many to be written as texts.
    numbers = set(schema.names_of("numeric"))
    if schema.task == "regression":
        numbers.add(schema.target)
    plain = pd.DataFrame(
        {
            name: _numbers(table[name]) if name in numbers else category_text(table[name])
            for name in sorted(names)
        },
        index=table.index,
    )
    keys = pd.util.hash_pandas_object(plain, index=False, hash_key=_HASH_KEY)
    return keys.to_numpy(dtype=np.uint64)


def _numbers(column: "pd.Series[float]") -> "pd.Series[float]":
    """Return numbers of which equal ones have equal bits: 0 for -0, one NaN for all."""
    numbers = column + 0.0
    return numbers.where(numbers.notna(), np.nan)
