"""The roles of a table's columns, and the one form in which every model sees features."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
import pandas as pd

from assay.errors import SchemaError
from assay.params import DataParams, TaskParams, TaskType

# Position of a row in the source table: the key that joins splits, predictions and tables.
ROW = "assay_row"

# Forests compute in 32 bits, and scaling overflows in 64: no model can see a larger number.
LARGEST = float(np.finfo("float32").max)

Kind = Literal["numeric", "categorical"]
Label = bool | int | float | str


@dataclass(frozen=True)
class Feature:
    """A column that a model may see.

    Attributes
    ----------
    name : str
        The user's name of the column.
    kind : {"numeric", "categorical"}
        How the model reads it.
    source_dtype : str
        Its pandas dtype in the feature table.
    """

    name: str
    kind: Kind
    source_dtype: str


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
        The pandas dtypes of the carried columns in the feature table.
    excluded : dict
        Columns that no model may see, with their reasons.
    features : tuple of Feature
        In the order of the feature table.
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
    names = [field.name for field in fields(Feature)]
    known["features"] = tuple(
        Feature(**{name: feature[name] for name in names}) for feature in content["features"]
    )
    for name in ("labels", "id_columns", "passthrough_columns"):
        known[name] = tuple(known[name])
    return Schema(**known)


def column_kind(column: "pd.Series[Any]", declared_categorical: bool = False) -> Kind | None:
    """Say how a model can read a column; None where it cannot.

    Numbers and booleans are numeric, unless declared categorical. Texts and pandas categories are
    categorical. Times, lists, bytes and mixtures have no reading of their own.
    """
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred in {"string", "categorical"}:
        return "categorical"
    if inferred in {"integer", "floating", "boolean", "mixed-integer-float"}:
        return "categorical" if declared_categorical else "numeric"
    if inferred == "empty":
        return "numeric"
    return None


def infer_schema(frame: pd.DataFrame, data: DataParams, task: TaskParams) -> Schema:
    """Give every column of a checked feature table its role.

    Parameters
    ----------
    frame : DataFrame
        A table that has passed `assay.checks`.
    data, task : DataParams, TaskParams
        Sections of `params.yaml`.

    Raises
    ------
    SchemaError
        If a column has no kind that a model can read.
    """
    features, excluded = [], dict(data.exclude_columns)
    for name in feature_columns(frame, data):
        if not frame[name].notna().any():
            excluded[name] = "has no value in any row"
            continue
        kind = column_kind(frame[name], name in data.categorical_columns)
        if kind is None:
            raise SchemaError(
                f"column {name!r} of type {frame[name].dtype} cannot be a feature. "
                "Convert it, or list it in data.exclude_columns."
            )
        features.append(Feature(name, kind, str(frame[name].dtype)))
    return Schema(
        unit=data.unit,
        task=task.type,
        target=data.target,
        labels=_labels(frame[data.target], task),
        id_columns=tuple(data.id_columns),
        passthrough_columns=tuple(data.passthrough_columns),
        time_column=data.time_column,
        group_column=data.group_column,
        carried_dtypes={name: str(frame[name].dtype) for name in carried_columns(data)},
        excluded=excluded,
        features=tuple(features),
    )


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


def _plain_times(times: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return times without zone: those with one are told in UTC."""
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        return times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times


def target_labels(target: "pd.Series[Any]") -> list[Label]:
    """Return the distinct values of a target as Python's own, in order of appearance."""
    return [v.item() if hasattr(v, "item") else v for v in target.dropna().unique().tolist()]


def same_label(label: Label, wanted: Label) -> bool:
    """Say whether two labels are the same; `True` is not 1, though Python thinks so."""
    return isinstance(label, bool) == isinstance(wanted, bool) and label == wanted


def typed_table(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return the table that every later stage reads.

    Columns: the row's position in the source, the carried columns, the target (as codes 0 to k - 1,
    or as float64), and the features in their model form. Excluded columns are gone.
    """
    typed = pd.DataFrame({ROW: np.arange(len(frame), dtype="int64")})
    for name in schema.carried_columns:
        typed[name] = frame[name].to_numpy()
    if schema.time_column:
        typed[schema.time_column] = _plain_times(frame[schema.time_column]).to_numpy()
    typed[schema.target] = encoded_target(frame[schema.target], schema)
    return pd.concat([typed, model_frame(frame, schema.features)], axis=1)


def encoded_target(target: "pd.Series[Any]", schema: Schema) -> np.ndarray[Any, np.dtype[Any]]:
    """Return a target without missing values as codes of its labels, or as numbers."""
    if schema.task == "regression":
        return target.astype("float64").to_numpy()
    codes = np.zeros(len(target), dtype="int8")
    for code, label in enumerate(schema.labels):
        codes[(target == label).to_numpy(dtype=bool)] = code
    return codes


def model_frame(frame: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """Return the features in the one form that models are fitted on and score.

    Parameters
    ----------
    frame : DataFrame
        Has every feature; numeric features hold numbers already.
    features : sequence of Feature
        The columns to take, in order.

    Returns
    -------
    DataFrame
        Numeric features as float64, categorical ones as text objects; missing is NaN in both. The
        index is 0 to n - 1.
    """
    columns = {
        feature.name: (
            frame[feature.name].astype("float64").to_numpy()
            if feature.kind == "numeric"
            else category_text(frame[feature.name]).to_numpy()
        )
        for feature in features
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def category_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column's values as texts, missing ones as NaN.

    A whole number has the same text whether it came as an integer or as a float, because one
    missing value is enough to make pandas read integers as floats.
    """
    present = column.notna().to_numpy()
    texts = np.full(len(column), np.nan, dtype=object)
    texts[present] = [whole_text(value) for value in column[present]]
    return pd.Series(texts, index=column.index, dtype=object)


def whole_text(value: object) -> str:
    """Return a value's text; a whole float has that of the integer."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
