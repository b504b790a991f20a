"""Where the outcomes of a batch come from: nowhere yet, a column of the input, or a table of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from assay.batch.sources import Source
from assay.errors import DataError, SchemaError, counted, listed, nearest, numbered, shown
from assay.metrics.core import FloatArray
from assay.monitoring.check import Check
from assay.monitoring.labels_file import Labels, read_labels
from assay.monitoring.outcome_values import UnknownOutcomes, read_outcomes
from assay.monitoring.row_ids import id_example, id_hashes, id_kinds
from assay.monitoring.rows import HashArray, row_keys
from assay.schema import Schema


@dataclass
class Outcomes:
    """Gives the rows of a batch their keys and outcomes; threads may ask at the same time.

    Attributes
    ----------
    schema : Schema
        Of the model.
    source : Source
        The batch.
    column : str or None
        The column of the batch with outcomes.
    labels : Labels or None
        The table with outcomes.
    """

    schema: Schema
    source: Source
    column: str | None = None
    labels: Labels | None = None
    _unknown: UnknownOutcomes = field(default_factory=UnknownOutcomes)
    _rows: int = 0
    _named: int = 0
    _known: int = 0
    _example: tuple[int, str] | None = None
    _lock: Any = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        types = {each.name: each.type for each in self.source.schema}
        there = self.schema.id_columns and all(name in types for name in self.schema.id_columns)
        self._kinds = id_kinds(self.schema, types) if there else {}
        if self.labels is not None:
            self._kinds = dict(self.labels.kinds)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that must be read of the batch for them, beside what the model reads."""
        return (*self._kinds, *([] if self.column is None else [self.column]))

    def keys_and_outcomes(
        self, columns: Mapping[str, pa.Array], first_row: int
    ) -> tuple[HashArray, FloatArray]:
        """Return what rows are drawn by, and their outcomes.

        Parameters
        ----------
        columns : dict of str to Array
            At least those of `columns`, of the rows that were scored, each of shape (n,).
        first_row : int
            The place of the first of them in the batch, from 0; other calls have other places.

        Returns
        -------
        keys : ndarray of uint64, shape (n,)
            Hashes of ids; where rows have none, of their places.
        outcome : ndarray of float64, shape (n,)
            Codes of classes, or numbers; NaN where there is none yet, or it is unknown.
        """
        count = len(next(iter(columns.values()))) if columns else 0
        keys = row_keys(first_row, count)
        hashes, known = np.zeros(count, np.uint64), np.zeros(count, dtype=bool)
        if self._kinds:
            hashes, known = id_hashes(columns, self._kinds, self.schema)
            keys = np.where(known, hashes, keys)
        if self.labels is not None:
            found = self.labels.of(hashes, known)
            self._count(found.values, int(found.named.sum()), found.unknown)
            if count and (self._example is None or first_row < self._example[0]):
                example = first_row, id_example(columns, self.schema.id_columns)
                with self._lock:
                    self._example = min(self._example or example, example)
            return keys, found.values
        if self.column is None:
            return keys, np.full(count, np.nan)
        where = f"{self.source.name}: column {self.column!r}"
        read = read_outcomes(columns[self.column], self.schema, where)
        self._count(read.values, count, read.counts())
        return keys, read.values

    def _count(self, values: FloatArray, named: int, unknown: Mapping[str, int]) -> None:
        with self._lock:
            self._rows += len(values)
            self._named += named
            self._known += int((~np.isnan(values)).sum())
            self._unknown.add(unknown)

    def check(self) -> None:
        """Refuse outcomes that cannot be those of the batch; call it after the last row.

        Raises
        ------
        DataError
            If no row of the batch is named, or no outcome is a class of the model, or a number.
        """
        if not self._rows:
            return
        if self.labels is not None and not self._named and self.labels.kept_below is None:
            example = "" if self._example is None else self._example[1]
            raise DataError(
                f"{self.labels.name} names none of the {counted(self._rows, 'row')} of "
                f"{self.source.name}: got {counted(self.labels.row_count, 'row')} such as "
                f"{self.labels.example}, expected rows such as {example}. Name the table of outcomes "
                "of this batch."
            )
        if self._unknown.total and not self._known:
            got = listed(list(self._unknown.named)[:5])
            expected = (
                "numbers"
                if self.schema.task == "regression"
                else listed([str(label) for label in self.schema.labels])
            )
            raise DataError(
                f"{self._where}: none of {counted(self._unknown.total, 'outcome')} is "
                f"{self._kind}: got {got}, expected {expected}. Name another column, or map its "
                "values."
            )

    @property
    def unknown(self) -> dict[str, int]:
        """How often each value came that is no class of the model, or no number."""
        return self._unknown.told()

    @property
    def notes(self) -> list[str]:
        """What else is to be told of them, as whole sentences."""
        told, labels = [], self.labels
        if labels is not None and labels.broken:
            lines = counted(labels.broken, "line")
            told.append(f"{lines} of {labels.name} are no rows, and were left out.")
        if labels is not None and labels.kept_below is not None:
            told.append(
                f"{labels.name} has more outcomes than fit: {labels.id_count:,} of them are used, "
                "those of rows that were drawn at random."
            )
        return told

    @property
    def described(self) -> dict[str, Any]:
        """Where outcomes come from, for the result."""
        if self.labels is not None:
            return {
                "file": self.labels.name,
                "rows": self.labels.row_count,
                "rows_named": self._named,
            }
        return {"column": self.column}

    @property
    def _kind(self) -> str:
        return "a number" if self.schema.task == "regression" else "a class of the model"

    @property
    def _where(self) -> str:
        if self.labels is not None:
            return f"{self.labels.name}: column {self.schema.target!r}"
        return f"{self.source.name}: column {self.column!r}"

    def checks(self) -> list[Check]:
        """Return an alarm where outcomes are no class of the model, or no number."""
        if not self._unknown.total:
            return []
        rows, seen = self._unknown.total, self._known + self._unknown.total
        told = [
            f"outcome {shown(name)!r} is no class of the model in {counted(count, 'row')}"
            if self.schema.task != "regression"
            else f"outcome {shown(name)!r} is no number in {counted(count, 'row')}"
            for name, count in list(self.unknown.items())[:3]
        ]
        more = len(self.unknown) - len(told)
        rest = f"; and {more:,} more such values" if more > 0 else ""
        return [
            Check(
                area="performance",
                subject=self.schema.target,
                measure="unknown_outcome_rate",
                now=rows / seen,
                before=0.0,
                effect=rows / seen,
                # One is too many: no such row could be in training.
                warn_from=0.0,
                alarm_from=0.0,
                p_value=0.0,
                sentence=f"{'; '.join(told)}{rest}. They are left out of every figure.",
                look_at=f"Look at where {self.schema.target} comes from: a new class needs a new "
                "model, another spelling a mapping.",
            )
        ]


def open_outcomes(
    labels: str | None, labels_file: Path | None, schema: Schema, source: Source
) -> Outcomes:
    """Find out where the outcomes of a batch come from.

    Parameters
    ----------
    labels : str or None
        A column of the batch.
    labels_file : Path or None
        A table with the model's id columns and its target.
    schema : Schema
        Of the model.
    source : Source
        The batch.

    Raises
    ------
    SchemaError
        If columns are missing, or both are given.
    DataError
        If the table of outcomes contradicts itself.
    """
    if labels is not None and labels_file is not None:
        raise SchemaError(
            "--labels and --labels-file: outcomes come from one place. Leave one out."
        )
    if labels_file is not None:
        table = read_labels(Path(labels_file), schema, source)
        return Outcomes(schema, source, labels=table)
    if labels is not None:
        _check_column(labels, schema, source)
    return Outcomes(schema, source, column=labels)


def _check_column(name: str, schema: Schema, source: Source) -> None:
    faults = []
    if name not in source.schema.names:
        close = nearest(name, source.schema.names)
        hint = f" Nearest: {shown(close)}." if close else ""
        faults.append(
            f"--labels: {source.name} has no column {name!r}.{hint} Name the column with outcomes, "
            "or leave --labels out."
        )
    elif name in schema.input_columns:
        faults.append(
            f"--labels: column {name!r} of {source.name} is a feature, and no outcome. Name another."
        )
    if faults:
        raise SchemaError(numbered(faults))
