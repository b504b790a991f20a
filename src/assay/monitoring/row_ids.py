"""Ids of rows as 64-bit hashes, by which rows meet whatever types their tables have."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assay.column_types import NUMBERS, decoded, held, held_by_dtype, is_text, objects_of
from assay.features import whole_text
from assay.monitoring.rows import HashArray, mixed
from assay.schema import Schema
from assay.time_values import read_times

Kind = Literal["number", "time", "text"]

_WHOLE = r"^[+-]?[0-9]{1,18}(\.0*)?$"
# Of `pandas.util.hash_array`: the same in every version of this code.
_KEY = "assay-row-id-key"


def id_kinds(schema: Schema, *types: Mapping[str, pa.DataType]) -> dict[str, Kind]:
    """Return as what the values of each id column are compared.

    They are numbers where training or one of the tables has numbers: "007" is then 7. They are times
    where training had times. Otherwise they are texts, and "007" is not "7".

    Parameters
    ----------
    schema : Schema
    *types : dict of str to DataType
        Of the columns of each table that is compared.
    """
    kinds: dict[str, Kind] = {}
    for name in schema.id_columns:
        dtype = schema.carried_dtypes.get(name, "")
        if held_by_dtype(dtype) is not None:
            kinds[name] = "time"
            continue
        numbers = dtype.lower().startswith(("int", "uint", "float", "decimal")) or any(
            _is_number(table[name]) for table in types if name in table
        )
        kinds[name] = "number" if numbers else "text"
    return kinds


def _is_number(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return any(test(value) for test in tests)


def id_hashes(
    columns: Mapping[str, pa.Array], kinds: Mapping[str, Kind], schema: Schema
) -> tuple[HashArray, npt.NDArray[np.bool_]]:
    """Return a hash of each row's ids, and which rows have all of them.

    Parameters
    ----------
    columns : dict of str to Array
        At least the id columns.
    kinds : dict
        Of `id_kinds`.
    schema : Schema
    """
    length = len(next(iter(columns.values())))
    hashes = np.zeros(length, dtype=np.uint64)
    known = np.ones(length, dtype=bool)
    for name, kind in kinds.items():
        column = decoded(columns[name])
        if kind == "time" and held(column) != NUMBERS:
            read = read_times(column, name, schema.carried_dtypes[name], untyped=True)
            present = ~np.isnat(read.values)
            values = mixed(read.values.astype("datetime64[us]").view(np.uint64))
        else:
            values, present = _values(column, kind)
        known &= present
        # The order of columns counts: (1, 2) is not (2, 1).
        hashes = mixed(hashes * np.uint64(31) + values)
    return hashes, known


def _values(column: pa.Array, kind: Kind) -> tuple[HashArray, npt.NDArray[np.bool_]]:
    present = column.is_valid().to_numpy(zero_copy_only=False)
    if kind == "text" and is_text(column.type):
        texts = pc.utf8_trim_whitespace(column)
        present &= pc.fill_null(pc.not_equal(texts, ""), False).to_numpy(zero_copy_only=False)
        return _hashed(texts.to_numpy(zero_copy_only=False)), present
    if pa.types.is_integer(column.type) and column.type != pa.uint64() and kind == "number":
        whole = pc.fill_null(pc.cast(column, pa.int64()), 0).to_numpy(zero_copy_only=False)
        return mixed(whole.view(np.uint64)), present
    if not is_text(column.type):
        objects = [whole_text(value) for value in objects_of(column)]
        column = pa.array(objects, pa.string())
    texts = pc.utf8_trim_whitespace(column)
    present &= pc.fill_null(pc.not_equal(texts, ""), False).to_numpy(zero_copy_only=False)
    values = _hashed(texts.to_numpy(zero_copy_only=False))
    if kind == "number":
        matched = pc.match_substring_regex(texts, _WHOLE)
        digits = pc.replace_substring_regex(texts, r"^\+|\.0*$", "")
        digits = pc.if_else(pc.fill_null(matched, False), digits, "0")
        numbers = pc.cast(digits, pa.int64()).to_numpy(zero_copy_only=False)
        is_whole = pc.fill_null(matched, False).to_numpy(zero_copy_only=False)
        values = np.where(is_whole, mixed(numbers.view(np.uint64)), values)
    return values, present


def _hashed(texts: npt.NDArray[Any]) -> HashArray:
    objects = np.asarray(texts, dtype=object)
    return np.asarray(pd.util.hash_array(objects, hash_key=_KEY, categorize=False), dtype=np.uint64)


def id_example(columns: Mapping[str, pa.Array], names: Sequence[str], row: int = 0) -> str:
    """Return the ids of a row for a sentence."""
    told = [f"{name}={str(columns[name][row].as_py())[:80]!r}" for name in names]
    return ", ".join(told)
