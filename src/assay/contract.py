"""The input contract: what a file must look like to be scored, and what is mended on the way in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from assay.errors import SchemaError, counted, nearest, numbered
from assay.schema import Feature, Schema, category_text, model_frame, schema_from_json


@dataclass(frozen=True)
class InputContract:
    """The schema of a scored file, with what the model saw while it was fitted.

    Attributes
    ----------
    schema : Schema
        The roles of the columns.
    categories : dict
        For each categorical feature, the texts seen in fitting, sorted.
    ranges : dict
        For each numeric feature, the least and the greatest value seen; None where it had none.
    """

    schema: Schema
    categories: Mapping[str, list[str]]
    ranges: Mapping[str, list[float] | None]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-like value that `contract_from_json` reads back."""
        return {
            "schema": self.schema.to_json(),
            "categories": dict(self.categories),
            "ranges": dict(self.ranges),
        }


@dataclass
class Accepted:
    """A table that met the contract.

    Attributes
    ----------
    features : DataFrame
        The features in model form, rows in the order of the input.
    carried : DataFrame
        Ids, time, group and passthrough columns that the input has, in the same order.
    notes : list of str
        What was left out or coerced, one sentence each.
    unknown_categories : dict
        Rows with a category that fitting never saw, by feature; only features that have some.
    coerced : dict
        Values that could not be read as what they must be and count as missing, by column.
    """

    features: pd.DataFrame
    carried: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    unknown_categories: dict[str, int] = field(default_factory=dict)
    coerced: dict[str, int] = field(default_factory=dict)


def build_contract(schema: Schema, fitted: pd.DataFrame) -> InputContract:
    """Make the contract of a model that was fitted on these rows.

    Parameters
    ----------
    schema : Schema
        The roles of the columns.
    fitted : DataFrame
        The rows of the fit, features in model form.
    """
    categories = {
        name: sorted(fitted[name].dropna().unique().tolist())
        for name in schema.names_of("categorical")
    }
    ranges: dict[str, list[float] | None] = {}
    for name in schema.names_of("numeric"):
        values = fitted[name].dropna()
        ranges[name] = [float(values.min()), float(values.max())] if len(values) else None
    return InputContract(schema, categories, ranges)


def contract_from_json(content: Mapping[str, Any]) -> InputContract:
    """Read back what `InputContract.to_json` gave."""
    return InputContract(
        schema_from_json(content["schema"]), content["categories"], content["ranges"]
    )


def accept(frame: pd.DataFrame, contract: InputContract, source: str) -> Accepted:
    """Check a table against the contract and bring it into model form.

    Columns beyond the contract are left out with a note; numbers in texts and numbers of another
    type are read; values that cannot be read, and infinite ones, count as missing; categories that
    fitting never saw are tolerated. All of it is counted.

    Parameters
    ----------
    frame : DataFrame
        The table to score.
    contract : InputContract
        What the model asks for.
    source : str
        The table's name, for messages.

    Raises
    ------
    SchemaError
        If a feature is missing or holds another kind of value, or if the target is present; the
        message lists every fault.
    """
    schema = contract.schema
    faults = _faults(frame, schema, source)
    accepted = Accepted(features=pd.DataFrame(), carried=pd.DataFrame())
    columns: dict[str, pd.Series[Any]] = {}
    for feature in schema.features:
        if feature.name in frame.columns:
            column, fault = _read_feature(frame[feature.name], feature, accepted)
            columns[feature.name] = column
            if fault:
                faults.append(f"{source}: {fault}")
    if faults:
        raise SchemaError(numbered(faults))
    accepted.features = model_frame(pd.DataFrame(columns, index=frame.index), schema.features)
    for name, known in contract.categories.items():
        texts = accepted.features[name]
        count = int((texts.notna() & ~texts.isin(known)).sum())
        if count:
            accepted.unknown_categories[name] = count
    _carry(frame, schema, accepted)
    return accepted


def _faults(frame: pd.DataFrame, schema: Schema, source: str) -> list[str]:
    faults = []
    names = [str(name) for name in frame.columns]
    missing = [name for name in schema.feature_names if name not in names]
    if missing:
        extras = [name for name in names if name not in schema.feature_names]
        close = {name: nearest(name, extras) for name in missing}
        hints = [f"{found} for {name}" for name, found in close.items() if found]
        hint = f" Nearest in the file: {', '.join(hints)}." if hints else ""
        columns = "column is" if len(missing) == 1 else "columns are"
        faults.append(
            f"{source}: {len(missing)} required {columns} missing: {', '.join(missing)}.{hint} "
            "Add them, or retrain without them."
        )
    if schema.target in names:
        faults.append(
            f"{source}: the target column {schema.target!r} is present; a row to score has no "
            "outcome yet. Drop it, or compare outcomes after scoring."
        )
    return faults


def _read_feature(
    column: "pd.Series[Any]", feature: Feature, accepted: Accepted
) -> tuple["pd.Series[Any]", str | None]:
    """Return the column as its kind, and a fault where it holds another kind of value."""
    name = feature.name
    if column.dtype.kind in "mM" or isinstance(column.dtype, pd.DatetimeTZDtype):
        wanted = "categories" if feature.kind == "categorical" else "numbers"
        return column, f"column {name!r} holds times or durations, expected {wanted}. Convert it."
    if feature.kind == "categorical":
        return _read_categories(column, feature), None
    numbers = _read_numbers(column, feature)
    lost = int((numbers.isna() & column.notna()).sum())
    if lost and lost == int(column.notna().sum()):
        example = column.dropna().iloc[0]
        return numbers, f"column {name!r} must hold numbers, got texts such as {example!r}."
    lost += int(np.isinf(numbers).sum())
    if lost:
        accepted.coerced[name] = lost
        accepted.notes.append(
            f"{name}: no finite number in {counted(lost, 'row')}, read as missing"
        )
    return numbers.where(~np.isinf(numbers)), None


def _read_categories(column: "pd.Series[Any]", feature: Feature) -> "pd.Series[Any]":
    """Return texts; where training had numbers as codes, "5.0" is the code 5."""
    if _was_number(feature.source_dtype) and not pd.api.types.is_numeric_dtype(column):
        numbers = _read_numbers(column, feature)
        # A text that is no number stays what it is: an unknown category.
        column = numbers.astype(object).where(numbers.notna(), column)
    return category_text(column)


def _was_number(dtype: str) -> bool:
    return dtype.lower().startswith(("int", "uint", "float"))


_TRUTH = {"true": 1.0, "false": 0.0}


def _read_numbers(column: "pd.Series[Any]", feature: Feature) -> "pd.Series[Any]":
    """Return float64 values; NaN for what is no number."""
    if feature.source_dtype.lower().startswith("bool") and column.dtype == object:
        column = column.map(lambda value: _TRUTH.get(str(value).strip().lower(), value))
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    if pd.api.types.is_numeric_dtype(column):
        return numbers
    # pandas reads a text's last digit wrong now and then; Python does not.
    exact = [
        number if np.isnan(number) else float(value)
        for value, number in zip(column, numbers, strict=True)
    ]
    return pd.Series(exact, index=column.index, dtype="float64")


def _carry(frame: pd.DataFrame, schema: Schema, accepted: Accepted) -> None:
    """Take the columns that stay beside predictions, and say which columns play no part."""
    present = [name for name in schema.carried_columns if name in frame.columns]
    carried = frame[present].reset_index(drop=True)
    for name in present:
        if name == schema.time_column:
            carried[name] = _read_times(carried[name], accepted)
        elif _was_number(schema.carried_dtypes.get(name, "")):
            carried[name] = _read_keys(carried[name])
    accepted.carried = carried
    absent = [name for name in schema.carried_columns if name not in frame.columns]
    if absent:
        accepted.notes.append(f"not in the input, so not in the output: {', '.join(absent)}")
    excluded = [name for name in schema.excluded if name in frame.columns]
    if excluded:
        accepted.notes.append(f"left out, excluded from the model: {', '.join(excluded)}")
    known = {*schema.feature_names, *schema.carried_columns, *schema.excluded}
    extras = [str(name) for name in frame.columns if name not in known]
    if extras:
        accepted.notes.append(f"left out, unknown to the model: {', '.join(extras)}")


def _read_keys(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Give the numbers of a text column their type back, so that predictions can be joined by them.

    Only if every text is a whole number written as such: "007" is a name, not the number 7.
    """
    if column.dtype != object:
        return column
    texts = column.astype(str)
    whole = column.notna() & texts.str.fullmatch(r"0|-?[1-9][0-9]{0,17}")
    return column.astype("int64") if whole.all() and len(column) else column


def _read_times(column: "pd.Series[Any]", accepted: Accepted) -> "pd.Series[Any]":
    """Read a carried time column; a number stays a number, since its unit is anybody's guess."""
    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return column
    times = pd.to_datetime(column, errors="coerce", format="ISO8601")
    lost = int((times.isna() & column.notna()).sum())
    if lost:
        name = str(column.name)
        accepted.coerced[name] = lost
        accepted.notes.append(
            f"{name}: no ISO 8601 time in {counted(lost, 'row')}, read as missing"
        )
    return times
