"""Columns that stay beside predictions: in which type, whatever the rows of a batch happen to hold."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import SchemaError, nearest, numbered
from assay.schema import Schema

# A number as one writes it: "007" is a name.
_WHOLE = r"^(0|-?[1-9][0-9]{0,18})$"
# What pandas reads beyond these depends on the clock ("now") or is a guess ("2013").
_ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})"
_TIME = re.compile(r"datetime64\[(s|ms|us|ns)(?:, (.+))?\]")


class OtherTypeError(Exception):
    """A text is not of the type that training had; the column must stay as texts in the whole output."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


@dataclass(frozen=True)
class CarriedColumns:
    """The columns that stand in front of predictions.

    Attributes
    ----------
    source : dict
        The input's type of each column, in the order of the output.
    types : dict
        The output's type of each.
    """

    source: Mapping[str, pa.DataType]
    types: Mapping[str, pa.DataType]

    def take(self, batch: pa.RecordBatch) -> list[pa.Array]:
        """Return the columns of a batch in the types of the output.

        Raises
        ------
        OtherTypeError
            If a text cannot be read as what its column had in training.
        """
        return [
            _retyped(_decoded(batch.column(name)), kind, name)
            if kind != self.source[name]
            else _decoded(batch.column(name))
            for name, kind in self.types.items()
        ]

    def with_texts(self, names: Sequence[str]) -> "CarriedColumns":
        """Return the same columns, these ones as texts."""
        kept = {n: self.source[n] if n in names else kind for n, kind in self.types.items()}
        return CarriedColumns(self.source, kept)


def carried_columns(
    source: pa.Schema,
    schema: Schema,
    wanted: Sequence[str] | None,
    name: str,
    untyped: Collection[str],
) -> CarriedColumns:
    """Choose the carried columns and their types.

    A column keeps the input's type. Texts that have none get the type that the column had in training,
    if every one of them allows it: whole numbers written as such, times in ISO 8601.

    Parameters
    ----------
    source : Schema
        Of the input.
    schema : Schema
        Of the model.
    wanted : sequence of str or None
        Columns of the input; None for those that the model's schema carries.
    name : str
        The input's, for messages.
    untyped : collection of str
        Columns that are texts only because their place knows no types.

    Raises
    ------
    SchemaError
        If a wanted column is not there.
    """
    if wanted is None:
        names = [column for column in schema.carried_columns if column in source.names]
    else:
        names = list(dict.fromkeys(wanted))
        faults = []
        for column in names:
            if column not in source.names:
                close = nearest(column, source.names)
                hint = f" Nearest in the input: {close}." if close else ""
                faults.append(f"--columns: {column!r} is no column of {name}.{hint}")
        if faults:
            raise SchemaError(numbered(faults))
    kinds = {column: source.field(column).type for column in names}
    types = {
        column: (_type_in_training(schema.carried_dtypes.get(column, "")) or kind)
        if column in untyped
        else kind
        for column, kind in kinds.items()
    }
    return CarriedColumns(kinds, types)


def _type_in_training(dtype: str) -> pa.DataType | None:
    if dtype.lower().startswith(("int", "uint", "float")):
        return pa.int64()
    time = _TIME.fullmatch(dtype)
    return pa.timestamp(time[1], "UTC" if time[2] else None) if time else None


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column


def _retyped(texts: pa.Array, kind: pa.DataType, name: str) -> pa.Array:
    whole = pa.types.is_integer(kind)
    # A time without a zone is another kind of time than one with it, either way.
    pattern = _WHOLE if whole else f"{_ISO}{'' if kind.tz is None else _ZONE}$"
    if pc.all(pc.match_substring_regex(texts, pattern)).as_py() is False:
        raise OtherTypeError(name)
    try:
        if whole:
            return pc.cast(texts, kind)
        utc = kind.tz is not None
        times = pd.to_datetime(texts.to_pandas(), errors="raise", format="ISO8601", utc=utc)
        # Nothing is rounded: a cast that would lose a digit fails.
        return pa.array(times, from_pandas=True, type=pa.timestamp("ns", kind.tz)).cast(kind)
    except (ValueError, pa.ArrowException):
        raise OtherTypeError(name) from None
