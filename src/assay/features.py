"""What a model sees of a table, and the one form in which it sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pandas as pd

from assay.column_types import SECONDS, held_by_dtype
from assay.errors import DataError
from assay.row_faults import FaultTally
from assay.time_features import Part, TimeArray, part_values
from assay.time_values import Read, read_seconds, read_times

# Forests compute in 32 bits, and scaling overflows in 64: no model can see a larger number.
LARGEST = float(np.finfo("float32").max)

Kind = Literal["numeric", "categorical"]


@dataclass(frozen=True)
class Feature:
    """What a model may see: a column of the table, or a part of one that holds times.

    Attributes
    ----------
    name : str
        The user's name of the column; of a part, with a dot and the part behind it.
    kind : {"numeric", "categorical"}
        How the model reads it. Durations are numbers of seconds, times of day are so since midnight.
    source_dtype : str
        Of the column in the feature table, from `assay.column_types.dtype_name`.
    source : str
        The column of the table.
    part : str or None
        One of `assay.time_features.PARTS`; None where the feature is the column itself.
    reference, reference_dtype : str or None
        The column of times that an age is counted to, and what it holds.
    """

    name: str
    kind: Kind
    source_dtype: str
    source: str = ""
    part: Part | None = None
    reference: str | None = None
    reference_dtype: str | None = None

    def __post_init__(self) -> None:
        if not self.source:
            object.__setattr__(self, "source", self.name)

    @property
    def in_seconds(self) -> bool:
        """Whether the column holds durations or times of day, which a model reads as seconds."""
        return self.kind == "numeric" and held_by_dtype(self.source_dtype) in SECONDS


def part_name(source: str, part: Part) -> str:
    """Return the name of the feature that is a part of a column of times."""
    return f"{source}.{part}"


def time_dtypes(features: Sequence[Feature]) -> dict[str, str]:
    """Return the columns of dates and times that features are made of, each with its dtype in training."""
    found: dict[str, str] = {}
    for feature in features:
        if feature.part:
            found[feature.source] = feature.source_dtype
        if feature.reference and feature.reference_dtype:
            found.setdefault(feature.reference, feature.reference_dtype)
    return found


def model_frame(
    frame: pd.DataFrame,
    features: Sequence[Feature],
    times: Mapping[str, TimeArray] | None = None,
) -> pd.DataFrame:
    """Return the features in the one form that models are fitted on and score.

    Parameters
    ----------
    frame : DataFrame
        Has the column behind every feature, of the type that training had.
    features : sequence of Feature
        In the order that is wanted.
    times : mapping of str to ndarray, optional
        From `times_of`, where they were read before.

    Returns
    -------
    DataFrame
        Numeric features as float64, categorical ones as text objects; missing is NaN in both. The
        index is 0 to n - 1.
    """
    times = times_of(frame, features) if times is None else times
    columns: dict[str, Any] = {}
    for feature in features:
        if feature.part:
            columns[feature.name] = time_part(feature, times)
        elif feature.in_seconds:
            read = read_seconds(frame[feature.source], feature.source, feature.source_dtype)
            columns[feature.name] = faultless(read)
        else:
            columns[feature.name] = _restored(frame[feature.source], feature.kind)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def times_of(frame: pd.DataFrame, features: Sequence[Feature]) -> dict[str, TimeArray]:
    """Read the columns of times behind features, as `assay.time_values.read_times` does.

    Raises
    ------
    DataError
        See `faultless`.
    """
    return {
        name: faultless(read_times(frame[name], name, dtype))
        for name, dtype in time_dtypes(features).items()
    }


def faultless(read: Read[Any]) -> Any:
    """Return the values of a column of a table to learn from, all of which must be readable.

    Raises
    ------
    DataError
        If some are not; the checks of a table find them before.
    """
    if read.faults:
        tally = FaultTally()
        tally.add(read.faults)
        raise DataError(f"{'; '.join(tally.told())}. Mend the rows, or leave the values missing.")
    return read.values


def time_part(feature: Feature, times: Mapping[str, TimeArray]) -> np.ndarray[Any, np.dtype[Any]]:
    """Return a feature that is a part of a column of times, in model form.

    Parameters
    ----------
    feature : Feature
        Has a part.
    times : mapping of str to ndarray
        The columns of `time_dtypes`, as `assay.time_values.read_times` gives them.
    """
    if feature.part is None:
        raise ValueError(f"{feature.name} is no part")
    reference = times[feature.reference] if feature.reference else None
    return part_values(times[feature.source], feature.part, reference)


def restored_frame(frame: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """Return features that were written in model form, in that form; see `model_frame`.

    Parameters
    ----------
    frame : DataFrame
        Has a column of the name of every feature.
    features : sequence of Feature
    """
    columns = {feature.name: _restored(frame[feature.name], feature.kind) for feature in features}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def _restored(column: "pd.Series[Any]", kind: Kind) -> np.ndarray[Any, np.dtype[Any]]:
    if kind == "numeric":
        return column.astype("float64").to_numpy()
    return category_text(column).to_numpy()


def category_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column's values as texts, missing ones as NaN.

    A whole number has the same text whether it came as an integer or as a float, because one
    missing value is enough to make pandas read integers as floats.
    """
    present = column.notna().to_numpy()
    texts = np.full(len(column), np.nan, dtype=object)
    values = column.to_numpy(dtype=object)[present]
    if pd.api.types.infer_dtype(values, skipna=False) != "string":
        values = [whole_text(value) for value in values]
    texts[present] = values
    return pd.Series(texts, index=column.index, dtype=object)


def whole_text(value: object) -> str:
    """Return a value's text; a whole float has that of the integer, and a decimal that of the number."""
    if isinstance(value, Decimal) and value.is_finite():
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
