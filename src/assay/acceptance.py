"""Rows on the way in: checked against the input contract, and brought into the form of the model.

What a column must be is told by the contract, never guessed from the rows at hand: a row is read the
same alone, in a batch and in a whole file.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from assay.column_types import (
    DATES,
    DURATIONS,
    MIXED,
    NOTHING,
    NUMBERS,
    TEXTS,
    TIMES,
    TIMES_OF_DAY,
    ZONED_TIMES,
    Column,
    held,
    held_by_dtype,
)
from assay.column_values import read_categories, read_numbers
from assay.contract import InputContract
from assay.errors import SchemaError, listed, nearest, numbered, shown
from assay.features import time_dtypes, time_part
from assay.row_faults import Fault
from assay.schema import Schema
from assay.time_features import TimeArray
from assay.time_values import read_seconds, read_times

# What a model can want of a column, beside what training can have had.
CATEGORIES = "categories"
# What each can be read from. A date has no zone, so it is no time that has one; nor is such a time a date.
_READABLE = {
    wanted: {*own, TEXTS, MIXED, NOTHING}
    for wanted, own in {
        NUMBERS: (NUMBERS,),
        CATEGORIES: (NUMBERS,),
        TIMES: (TIMES, DATES),
        ZONED_TIMES: (ZONED_TIMES,),
        DATES: (DATES, TIMES),
        DURATIONS: (DURATIONS,),
        TIMES_OF_DAY: (TIMES_OF_DAY,),
    }.items()
}
# Missing columns for which the nearest name is looked up.
_HINTS = 20


@dataclass
class Accepted:
    """Rows in model form, with what happened to them.

    Attributes
    ----------
    features : DataFrame
        In model form, rows in the order of the input; a value at fault is missing.
    faults : list of Fault
        In the order of the columns behind features, then of rows.
    coerced : dict
        Values that were read as something else, by column and kind: `text_as_number`,
        `text_as_missing`, and those of `assay.time_values.Read`.
    unknown_categories : dict
        Rows with a category that fitting never saw, by feature; only features that have some.
    """

    features: pd.DataFrame
    faults: list[Fault] = field(default_factory=list)
    coerced: dict[str, dict[str, int]] = field(default_factory=dict)
    unknown_categories: dict[str, int] = field(default_factory=dict)

    def note(self, column: str, read: Any) -> Any:
        """Take over what happened to a column that was read; return its values."""
        self.faults += read.faults
        if read.coerced:
            self.coerced[column] = read.coerced
        return read.values


def check_columns(names: Sequence[str], schema: Schema, source: str) -> list[str]:
    """Return the faults of a table's column names: what the model needs, a target that is there.

    Parameters
    ----------
    names : sequence of str
        The table's columns.
    schema : Schema
    source : str
        The table's name, for messages.
    """
    faults = []
    there, needed = set(names), dict.fromkeys(schema.input_columns)
    missing = [name for name in needed if name not in there]
    if missing:
        extras = [name for name in names if name not in needed]
        close = {name: nearest(name, extras) for name in missing[:_HINTS]}
        hints = [f"{shown(found)} for {shown(name)}" for name, found in close.items() if found]
        hint = f" Nearest in the file: {', '.join(hints)}." if hints else ""
        columns = "column is" if len(missing) == 1 else "columns are"
        faults.append(
            f"{source}: {len(missing)} required {columns} missing: {listed(missing)}.{hint} "
            "Add them, or retrain without them."
        )
    if schema.target in there:
        faults.append(
            f"{source}: the target column {schema.target!r} is present; a row to score has no "
            "outcome yet. Drop it, or compare outcomes after scoring."
        )
    return faults


def left_out(names: Sequence[str], schema: Schema, carried: Collection[str]) -> list[str]:
    """Return a sentence for each kind of column that plays no part.

    Parameters
    ----------
    names : sequence of str
        The table's columns.
    schema : Schema
    carried : collection of str
        Columns that go to the output.
    """
    notes = []
    absent = [name for name in schema.carried_columns if name not in names]
    if absent:
        notes.append(f"not in the input, so not in the output: {listed(absent)}")
    excluded = [name for name in names if name in schema.excluded and name not in carried]
    if excluded:
        notes.append(f"left out, excluded from the model: {listed(excluded)}")
    known = {*schema.input_columns, *schema.carried_columns, *schema.excluded, *carried}
    extras = [name for name in names if name not in known]
    if extras:
        notes.append(f"left out, unknown to the model: {listed(extras)}")
    return notes


def accept(
    columns: Mapping[str, Column], contract: InputContract, source: str, untyped: bool = False
) -> Accepted:
    """Read the features of a table that has what they are made of.

    Numbers in texts and numbers of another type are read, and so are times in ISO 8601; texts that mark
    a missing number or time count as missing; categories that fitting never saw are tolerated. All of
    it is counted. Texts that are no numbers or times, numbers that are infinite or too large to compute
    with, and times with a zone where training had none, or without where it had one, are faults of their
    rows.

    Parameters
    ----------
    columns : mapping of str to Series or Array
        At least the input columns of the contract, all of one length.
    contract : InputContract
        What the model asks for.
    source : str
        The table's name, for messages.
    untyped : bool
        Whether the table has texts only, as a CSV file has; a number in a text is then no coercion.

    Raises
    ------
    SchemaError
        If a column is of a type that cannot hold what training had; the message lists all.
    """
    schema = contract.schema
    wrong = type_faults({name: columns[name] for name in schema.input_columns}, schema)
    if wrong:
        raise SchemaError(numbered([f"{source}: {fault}" for fault in wrong]))
    accepted = Accepted(pd.DataFrame())
    form: dict[str, Any] = {}
    times: dict[str, TimeArray] = {}
    dtypes = time_dtypes(schema.features)
    for feature in schema.features:
        name, column = feature.name, columns[feature.source]
        if feature.part:
            for needed in (feature.source, feature.reference):
                if needed and needed not in times:
                    read = read_times(columns[needed], needed, dtypes[needed], untyped)
                    times[needed] = accepted.note(needed, read)
            form[name] = time_part(feature, times)
            if feature.kind == "categorical":
                new = pd.Series(form[name]).dropna()
                unknown = int((~new.isin(contract.categories[name])).sum())
                accepted.unknown_categories |= {name: unknown} if unknown else {}
        elif feature.kind == "categorical":
            texts = read_categories(column, feature, contract.categories[name])
            form[name] = texts.values
            if texts.unknown:
                accepted.unknown_categories[name] = texts.unknown
        elif feature.in_seconds:
            seconds = read_seconds(column, name, feature.source_dtype, untyped)
            form[name] = accepted.note(name, seconds)
        else:
            form[name] = accepted.note(name, read_numbers(column, feature, untyped))
    rows = len(next(iter(form.values()))) if form else 0
    accepted.features = pd.DataFrame(form, index=pd.RangeIndex(rows))
    return accepted


def type_faults(columns: Mapping[str, Column | pa.DataType], schema: Schema) -> list[str]:
    """Return a sentence for each column whose type cannot hold what the model needs of it.

    Parameters
    ----------
    columns : mapping of str to Series, Array or DataType
        By name; those that the model does not need are passed over.
    schema : Schema
    """
    faults, times = [], time_dtypes(schema.features)
    wanted: dict[str, str] = {}
    for feature in schema.features:
        if not feature.part:
            numbers = held_by_dtype(feature.source_dtype) if feature.in_seconds else NUMBERS
            wanted[feature.source] = (
                CATEGORIES if feature.kind == "categorical" else numbers or NUMBERS
            )
    wanted |= {name: held_by_dtype(dtype) or TIMES for name, dtype in times.items()}
    for name in schema.input_columns:
        column = columns.get(name)
        if column is None:
            continue
        found, expected = held(column), wanted[name]
        if found in _READABLE[expected] or (isinstance(column, pd.Series) and column.isna().all()):
            continue
        told = f"{found}, expected {expected}"
        if (found, expected) == (TIMES, ZONED_TIMES):
            told = "times without a zone, expected times with one"
        elif (found, expected) == (ZONED_TIMES, TIMES):
            told = "times with a zone, expected times without one"
        faults.append(f"column {name!r} holds {told}. Convert it.")
    return faults
