"""Rows on the way in: checked against the input contract, and brought into the form of the model.

What a column must be is told by the contract, never guessed from the rows at hand: a row is read the
same alone, in a batch and in a whole file.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from assay.column_values import Column, kind_told, read_categories, read_numbers
from assay.contract import InputContract
from assay.errors import SchemaError, listed, nearest, numbered, shown
from assay.row_faults import Fault
from assay.schema import Schema

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
        In the order of features, then of rows.
    coerced : dict
        Values that were read as something else, by column and kind: `text_as_number`,
        `text_as_missing`.
    unknown_categories : dict
        Rows with a category that fitting never saw, by feature; only features that have some.
    """

    features: pd.DataFrame
    faults: list[Fault] = field(default_factory=list)
    coerced: dict[str, dict[str, int]] = field(default_factory=dict)
    unknown_categories: dict[str, int] = field(default_factory=dict)


def check_columns(names: Sequence[str], schema: Schema, source: str) -> list[str]:
    """Return the faults of a table's column names: features that are missing, a target that is there.

    Parameters
    ----------
    names : sequence of str
        The table's columns.
    schema : Schema
    source : str
        The table's name, for messages.
    """
    faults = []
    missing = [name for name in schema.feature_names if name not in names]
    if missing:
        extras = [name for name in names if name not in schema.feature_names]
        close = {name: nearest(name, extras) for name in missing[:_HINTS]}
        hints = [f"{shown(found)} for {shown(name)}" for name, found in close.items() if found]
        hint = f" Nearest in the file: {', '.join(hints)}." if hints else ""
        columns = "column is" if len(missing) == 1 else "columns are"
        faults.append(
            f"{source}: {len(missing)} required {columns} missing: {listed(missing)}.{hint} "
            "Add them, or retrain without them."
        )
    if schema.target in names:
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
    known = {*schema.feature_names, *schema.carried_columns, *schema.excluded, *carried}
    extras = [name for name in names if name not in known]
    if extras:
        notes.append(f"left out, unknown to the model: {listed(extras)}")
    return notes


def accept(
    columns: Mapping[str, Column], contract: InputContract, source: str, untyped: bool = False
) -> Accepted:
    """Read the features of a table that has all of them.

    Numbers in texts and numbers of another type are read; texts that mark a missing number count as
    missing; categories that fitting never saw are tolerated. All of it is counted. Texts that are no
    numbers, and numbers that are infinite or too large to compute with, are faults of their rows.

    Parameters
    ----------
    columns : mapping of str to Series or Array
        At least the features of the contract, all of one length.
    contract : InputContract
        What the model asks for.
    source : str
        The table's name, for messages.
    untyped : bool
        Whether the table has texts only, as a CSV file has; a number in a text is then no coercion.

    Raises
    ------
    SchemaError
        If a column holds times, durations, bytes or nested values; the message lists all.
    """
    features = contract.schema.features
    wrong = type_faults({f.name: columns[f.name] for f in features}, contract.schema)
    if wrong:
        raise SchemaError(numbered([f"{source}: {fault}" for fault in wrong]))
    accepted = Accepted(pd.DataFrame())
    form: dict[str, Any] = {}
    for feature in features:
        name, column = feature.name, columns[feature.name]
        if feature.kind == "categorical":
            texts = read_categories(column, feature, contract.categories[name])
            form[name] = texts.values
            if texts.unknown:
                accepted.unknown_categories[name] = texts.unknown
        else:
            numbers = read_numbers(column, feature, untyped)
            form[name] = numbers.values
            accepted.faults += numbers.faults
            if numbers.coerced:
                accepted.coerced[name] = numbers.coerced
    rows = len(next(iter(form.values()))) if form else 0
    accepted.features = pd.DataFrame(form, index=pd.RangeIndex(rows))
    return accepted


def type_faults(columns: Mapping[str, Column | pa.DataType], schema: Schema) -> list[str]:
    """Return a sentence for each feature whose column holds neither numbers nor texts.

    Parameters
    ----------
    columns : mapping of str to Series, Array or DataType
        By name; those that are no features are passed over.
    schema : Schema
    """
    faults = []
    for feature in schema.features:
        column = columns.get(feature.name)
        told = None if column is None else kind_told(column)
        if told:
            wanted = "categories" if feature.kind == "categorical" else "numbers"
            faults.append(f"column {feature.name!r} holds {told}, expected {wanted}. Convert it.")
    return faults
