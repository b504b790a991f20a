"""Outcomes as a table has them, read as codes of the model's classes or as numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.column_types import MISSING_TEXTS, NOTHING, NUMBERS, TEXTS, decoded, held
from assay.column_values import read_numbers
from assay.errors import SchemaError, shown
from assay.features import Feature, whole_text
from assay.metrics.core import FloatArray
from assay.schema import Label, Schema, same_label

# Values that are told by name.
_NAMED = 20
_TRUTH = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


@dataclass
class UnknownOutcomes:
    """Values that are no class of the model, or no number, with how often they came.

    Counts are exact, whatever the order of rows: the first values in alphabetical order are kept by
    name, the others are counted together.

    Attributes
    ----------
    total : int
    named : dict of str to int
    """

    total: int = 0
    named: dict[str, int] = field(default_factory=dict)

    def add(self, counts: Mapping[str, int]) -> None:
        """Count more of them."""
        self.total += sum(counts.values())
        merged = Counter(self.named) + Counter(counts)
        self.named = {name: merged[name] for name in sorted(merged)[:_NAMED]}

    def told(self) -> dict[str, int]:
        """Return counts by value, the rest under "others"."""
        rest = self.total - sum(self.named.values())
        return self.named | ({"(others)": rest} if rest else {})


@dataclass(frozen=True)
class ReadOutcomes:
    """Outcomes of some rows.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        Codes of classes, or numbers; NaN where there is none yet, or it is unknown.
    unknown : ndarray of int, shape (n,)
        0 where a value is missing or known; place + 1 in `texts` where it is neither.
    texts : list of str
        What unknown values are.
    """

    values: FloatArray
    unknown: npt.NDArray[np.int32]
    texts: list[str]

    def counts(self, rows: npt.NDArray[Any] | slice = slice(None)) -> dict[str, int]:
        """Return how often each unknown value stands in some rows."""
        found = np.bincount(self.unknown[rows], minlength=len(self.texts) + 1)[1:]
        merged: Counter[str] = Counter()
        for text, count in zip(self.texts, found, strict=True):
            merged[text] += int(count)
        return {text: count for text, count in merged.items() if count}


def read_outcomes(column: pa.Array, schema: Schema, where: str) -> ReadOutcomes:
    """Read a column of outcomes as the model's target.

    Texts are read as what training had: "1", "1.0" and "True" may all be the class 1. Texts that mark a
    missing value, such as "" and "NA", are missing, unless a class has this name.

    Parameters
    ----------
    column : Array
    schema : Schema
    where : str
        The column in words, for messages.

    Raises
    ------
    SchemaError
        If the column holds neither texts nor numbers nor categories.
    """
    column = decoded(column)
    holds = held(column)
    if holds not in {TEXTS, NUMBERS, NOTHING}:
        wanted = "numbers" if schema.task == "regression" else "classes"
        raise SchemaError(f"{where} holds {holds}, expected {wanted}. Name another column.")
    if schema.task == "regression":
        return _read_numbers(column, schema)
    return _read_classes(column, schema)


def _read_numbers(column: pa.Array, schema: Schema) -> ReadOutcomes:
    read = read_numbers(column, Feature(schema.target, "numeric", "float64"), untyped=True)
    unknown = np.zeros(len(column), dtype=np.int32)
    texts: dict[str, int] = {}
    for fault in read.faults:
        unknown[fault.row] = texts.setdefault(_named(fault.value), len(texts)) + 1
    return ReadOutcomes(read.values, unknown, list(texts))


def _read_classes(column: pa.Array, schema: Schema) -> ReadOutcomes:
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    encoded = column.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    distinct = encoded.dictionary.to_pylist()
    # One more at the end, for -1: what is missing.
    values, unknown = np.full(len(distinct) + 1, np.nan), np.zeros(len(distinct) + 1, np.int32)
    texts: dict[str, int] = {}
    for place, value in enumerate(distinct):
        code = class_code(value, schema.labels)
        if code is not None:
            values[place] = code
        elif not _is_missing(value):
            unknown[place] = texts.setdefault(_named(str(value)), len(texts)) + 1
    return ReadOutcomes(values[codes], unknown[codes], list(texts))


def class_code(value: Any, labels: tuple[Label, ...]) -> int | None:
    """Return the code of the class that a value means; None where it means none."""
    tests = (same_label, _same_meaning)
    for test in tests:
        for code, label in enumerate(labels):
            if test(label, value):
                return code
    return None


def _same_meaning(label: Label, value: Any) -> bool:
    if isinstance(label, bool):
        return _TRUTH.get(str(value).strip().lower()) is label
    if isinstance(label, str):
        return whole_text(value).strip() == label.strip()
    if isinstance(value, str):
        text = value.strip().lower()
        value = {"true": "1", "false": "0"}.get(text, text) if "_" not in text else "nan"
    try:
        return float(value) == float(label)
    except (TypeError, ValueError, OverflowError):
        return False


def _is_missing(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in MISSING_TEXTS
    return value is None or bool(np.isnan(value) if isinstance(value, float) else False)


def _named(value: str) -> str:
    return shown(value)
