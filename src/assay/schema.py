"""The roles of a table's columns."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.column_types import (
    DATES,
    MOMENTS,
    NOTHING,
    NUMBERS,
    SECONDS,
    TEXTS,
    dtype_name,
    held,
    held_by_dtype,
)
from assay.errors import SchemaError
from assay.features import (
    LARGEST,
    Feature,
    Kind,
    category_text,
    faultless,
    model_frame,
    part_name,
    restored_frame,
    times_of,
    whole_text,
)
from assay.sections import DataParams, Datetimes, TaskParams, TaskType
from assay.time_features import AGE, HOUR, PARTS, WEEKDAY, TimeArray, has_hours
from assay.time_values import read_times

__all__ = [
    "LARGEST",
    "ROW",
    "Feature",
    "Kind",
    "Label",
    "Schema",
    "carried_columns",
    "category_text",
    "column_kind",
    "encoded_target",
    "feature_columns",
    "infer_schema",
    "model_frame",
    "restored_frame",
    "same_label",
    "schema_from_json",
    "target_labels",
    "typed_table",
    "whole_text",
    "with_plain_roles",
]

# Position of a row in the source table: the key that joins splits, predictions and tables.
ROW = "assay_row"

Label = bool | int | float | str


@dataclass(frozen=True)
class Schema:
    """What each column of the feature table is.

    Attributes
    ----------
    unit : str
        What one row is.
    task : {"binary", "multiclass", "regression"}
        What kind of target it is.
    target : str
        The column to predict.
    labels : tuple
        The target's values in the order of their codes: the negative one, then the positive one; all
        classes in their own order; nothing for a regression.
    id_columns, passthrough_columns : tuple of str
        Columns that are no features and stand in front of predictions.
    time_column, group_column : str or None
        When the row is decided on; the entity that rows may share.
    carried_dtypes : dict
        The dtypes of the carried columns in the feature table, by `assay.column_types.dtype_name`.
    excluded : dict
        Columns that no model may see, with their reasons.
    features : tuple of Feature
        In the order of the feature table; the parts of one column beside each other.
    """

    unit: str
    task: TaskType
    target: str
    labels: tuple[Label, ...]
    id_columns: tuple[str, ...]
    passthrough_columns: tuple[str, ...]
    time_column: str | None
    group_column: str | None
    carried_dtypes: Mapping[str, str]
    excluded: Mapping[str, str]
    features: tuple[Feature, ...]

    @property
    def feature_names(self) -> list[str]:
        """Names of the features, in order."""
        return [feature.name for feature in self.features]

    @property
    def input_columns(self) -> list[str]:
        """Columns that a table to score must have: those behind the features, then those ages need."""
        sources = [feature.source for feature in self.features]
        references = [feature.reference for feature in self.features if feature.reference]
        return list(dict.fromkeys([*sources, *references]))

    @property
    def carried_columns(self) -> list[str]:
        """Columns that are no features and stay beside predictions, without repeats."""
        return list(self.carried_dtypes)

    def names_of(self, kind: Kind) -> list[str]:
        """Names of the features of one kind, in order."""
        return [feature.name for feature in self.features if feature.kind == kind]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-like value that `schema_from_json` reads back."""
        return asdict(self)


def schema_from_json(content: Mapping[str, Any]) -> Schema:
    """Read back what `Schema.to_json` gave; members of a later Assay are ignored."""
    known = {field.name: content[field.name] for field in fields(Schema)}
    names = {field.name for field in fields(Feature)}
    known["features"] = tuple(
        Feature(**{name: value for name, value in feature.items() if name in names})
        for feature in content["features"]
    )
    for name in ("labels", "id_columns", "passthrough_columns"):
        known[name] = tuple(known[name])
    return Schema(**known)


def column_kind(column: "pd.Series[Any]", declared_categorical: bool = False) -> Kind | None:
    """Say how a model can read a column by itself; None where it cannot.

    Numbers, booleans, durations and times of day are numeric; numbers may be declared categorical. Texts
    and pandas categories are categorical. Dates and times have parts that can be read, and lists, bytes
    and mixtures have nothing.
    """
    found = held(column)
    if found == TEXTS:
        return "categorical"
    if found in {NUMBERS, NOTHING}:
        is_category = isinstance(column.dtype, pd.CategoricalDtype)
        declared = declared_categorical and found == NUMBERS
        return "categorical" if is_category or declared else "numeric"
    return "numeric" if found in SECONDS and not declared_categorical else None


def infer_schema(
    frame: pd.DataFrame,
    data: DataParams,
    task: TaskParams,
    datetimes: Datetimes = "drop",
    datetime_reference: str | None = None,
) -> Schema:
    """Give every column of a checked feature table its role.

    Parameters
    ----------
    frame : DataFrame
        A table that has passed `assay.checks`.
    data, task : DataParams, TaskParams
        Sections of `params.yaml`.
    datetimes, datetime_reference
        Keys of its section `preprocess`: what becomes of dates and times.

    Raises
    ------
    SchemaError
        If a column has no kind that a model can read, or an age has nothing to be counted to.
    """
    features, excluded = list[Feature](), dict(data.exclude_columns)
    moments, reference = [], datetime_reference or data.time_column
    for name in feature_columns(frame, data):
        column, declared = frame[name], name in data.categorical_columns
        if not column.notna().any():
            excluded[name] = "has no value in any row"
        elif held(column) in MOMENTS and not declared:
            moments.append(name)
            features += _time_features(frame, name, datetimes, reference)
        else:
            kind = column_kind(column, declared)
            if kind is None:
                raise SchemaError(
                    f"column {name!r} holds {held(column)} and cannot be a feature. "
                    "Convert it, or list it in data.exclude_columns."
                )
            features.append(Feature(name, kind, dtype_name(column)))
    # What ages are counted to is needed, also where it is no feature itself.
    needed = {name for feature in features for name in (feature.source, feature.reference)}
    reason = f"holds dates or times (preprocess.datetimes is {datetimes})"
    excluded |= {name: reason for name in moments if name not in needed}
    return Schema(
        unit=data.unit,
        task=task.type,
        target=data.target,
        labels=_labels(frame[data.target], task),
        id_columns=tuple(data.id_columns),
        passthrough_columns=tuple(data.passthrough_columns),
        time_column=data.time_column,
        group_column=data.group_column,
        carried_dtypes={name: dtype_name(frame[name]) for name in carried_columns(data)},
        excluded=excluded,
        features=tuple(features),
    )


def _time_features(
    frame: pd.DataFrame, name: str, datetimes: Datetimes, reference: str | None
) -> Iterator[Feature]:
    """Yield what a model is to see of a column of dates or times."""
    dtype = dtype_name(frame[name])
    if datetimes in {"parts", "parts_and_age"}:
        hours = held_by_dtype(dtype) != DATES and has_hours(
            read_times(frame[name], name, dtype).values
        )
        for part in PARTS:
            if part != AGE and (part != HOUR or hours):
                kind: Kind = "categorical" if part == WEEKDAY else "numeric"
                yield Feature(part_name(name, part), kind, dtype, name, part)
    if datetimes in {"age", "parts_and_age"} and name != reference:
        if reference is None or held(frame[reference]) not in MOMENTS:
            raise SchemaError(
                f"the age of column {name!r} has nothing to be counted to. "
                "Set preprocess.datetime_reference to a column of dates or times."
            )
        to = dtype_name(frame[reference])
        yield Feature(part_name(name, AGE), "numeric", dtype, name, AGE, reference, to)


def _labels(target: "pd.Series[Any]", task: TaskParams) -> tuple[Label, ...]:
    """Return the labels in the order of their codes."""
    if task.type == "regression":
        return ()
    found = target_labels(target)
    if task.positive_label is None:
        # Numbers by size, anything else by its text: the order of rows must not decide.
        return tuple(sorted(found, key=lambda label: (isinstance(label, str), label)))
    positive = next(label for label in found if same_label(label, task.positive_label))
    return (next(label for label in found if label != positive), positive)


def carried_columns(data: DataParams) -> list[str]:
    """Return the columns that are no features and stay beside predictions, in their order there."""
    optional = [name for name in (data.time_column, data.group_column) if name]
    return list(dict.fromkeys([*data.id_columns, *optional, *data.passthrough_columns]))


def feature_columns(frame: pd.DataFrame, data: DataParams) -> list[str]:
    """Return the columns without another role, in the order of the table."""
    others = {data.target, *carried_columns(data), *data.exclude_columns}
    return [name for name in frame.columns if name not in others]


def _plain_times(times: "pd.Series[Any]") -> TimeArray:
    """Return the time column without zone: times that have one are told in UTC."""
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    if times.dtype.kind == "M":
        plain: TimeArray = times.to_numpy()
        return plain
    read: TimeArray = faultless(read_times(times, str(times.name), dtype_name(times)))
    return read


def target_labels(target: "pd.Series[Any]") -> list[Label]:
    """Return the distinct values of a target as Python's own, in order of appearance."""
    return [v.item() if hasattr(v, "item") else v for v in target.dropna().unique().tolist()]


def same_label(label: Label, wanted: Label) -> bool:
    """Say whether two labels are the same; `True` is not 1, though Python thinks so."""
    return isinstance(label, bool) == isinstance(wanted, bool) and label == wanted


def with_plain_roles(frame: pd.DataFrame, data: DataParams) -> pd.DataFrame:
    """Return a table with target and time column in their plain forms.

    A target of decimals becomes the nearest 64-bit numbers, and a time column of ISO 8601 texts becomes
    times, if all of them are some.
    """
    plain: dict[str, Any] = {}
    if data.target in frame.columns and dtype_name(frame[data.target]) == "decimal":
        plain[data.target] = frame[data.target].astype("float64")
    if data.time_column is not None and data.time_column in frame.columns:
        times = times_of_texts(frame[data.time_column])
        if times is not None:
            plain[data.time_column] = times
    return frame.assign(**plain) if plain else frame


def times_of_texts(column: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """Return a column of ISO 8601 texts, all with a zone or all without, as times; None if it is none."""
    if held(column) != TEXTS:
        return None
    for zone in (None, "UTC"):
        dtype = "datetime64[us]" if zone is None else "datetime64[us, UTC]"
        read = read_times(column, str(column.name), dtype, untyped=True)
        if not read.faults:
            return pd.Series(read.values, index=column.index, name=column.name).dt.tz_localize(zone)
    return None


def rows_at(frame: pd.DataFrame, positions: "npt.NDArray[np.int64]") -> pd.DataFrame:
    """Return the rows at some positions, with an index from 0; the table itself if they are all."""
    if len(positions) == len(frame):
        return frame
    return frame.iloc[positions].reset_index(drop=True)


def typed_table(
    frame: pd.DataFrame, schema: Schema, positions: "npt.NDArray[np.int64] | None" = None
) -> pd.DataFrame:
    """Return the table that every later stage reads.

    Columns: the row's position in the source, the carried columns, the target (as codes 0 to k - 1,
    or as float64), the columns of times behind features (without zone), and the features in their model
    form. Excluded columns are gone.

    Parameters
    ----------
    frame : DataFrame
        Rows with an outcome.
    schema : Schema
    positions : ndarray of int, shape (n,), optional
        Their positions in the source; 0 to n - 1 by default.
    """
    rows = np.arange(len(frame), dtype="int64") if positions is None else positions
    columns: dict[str, Any] = {ROW: rows}
    for name in schema.carried_columns:
        columns[name] = frame[name].to_numpy()
    if schema.time_column:
        columns[schema.time_column] = _plain_times(frame[schema.time_column])
    columns[schema.target] = encoded_target(frame[schema.target], schema)
    times = times_of(frame, schema.features)
    columns |= {name: values for name, values in times.items() if name not in columns}
    return pd.concat([pd.DataFrame(columns), model_frame(frame, schema.features, times)], axis=1)


def encoded_target(target: "pd.Series[Any]", schema: Schema) -> np.ndarray[Any, np.dtype[Any]]:
    """Return a target without missing values as codes of its labels, or as numbers."""
    if schema.task == "regression":
        return target.astype("float64").to_numpy()
    codes = np.zeros(len(target), dtype="int8")
    for code, label in enumerate(schema.labels):
        codes[(target == label).to_numpy(dtype=bool)] = code
    return codes
