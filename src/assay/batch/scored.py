"""One batch through the model: scored rows, rejected rows, and what happened to them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.acceptance import accept
from assay.batch.carried import CarriedColumns
from assay.batch.counts import Counts
from assay.batch.reading import Batch
from assay.bundle import Bundle
from assay.decisions.columns import outcomes
from assay.errors import SchemaError, numbered
from assay.row_faults import Fault
from assay.schema import Label
from assay.scoring import RowScorer, good_rows

# In front of the row as it came.
_REJECTED = pa.schema(
    [
        ("rejected_file", pa.string()),
        ("rejected_row", pa.int64()),
        ("rejected_reason", pa.string()),
        ("rejected_column", pa.string()),
        ("rejected_value", pa.string()),
    ]
)


@dataclass(frozen=True)
class ScoredBatch:
    """What became of a batch; a table is None where it has no rows."""

    scored: pa.RecordBatch | None
    rejected: pa.RecordBatch | None
    counts: Counts


@dataclass(frozen=True)
class BatchScorer:
    """Scores batches, each on its own: the same rows whatever the batch, in any thread.

    Attributes
    ----------
    bundle : Bundle
    rows : RowScorer
    carried : CarriedColumns
    source : Schema
        Columns of the batches.
    untyped : bool
        Whether they are texts because the format knows no types.
    named : bool
        Whether messages must say in which file a row stands.
    predicted : Schema
        See `predicted_schema`.
    aside : bool
        Whether rows that cannot be scored are kept; batches then have all columns of the source.
    """

    bundle: Bundle
    rows: RowScorer
    carried: CarriedColumns
    source: pa.Schema
    untyped: bool
    named: bool
    predicted: pa.Schema
    aside: bool

    @property
    def schema(self) -> pa.Schema:
        """Columns of scored rows.

        Raises
        ------
        SchemaError
            If a carried column has the name of a predicted one.
        """
        double = [name for name in self.carried.types if name in self.predicted.names]
        if double:
            told = [f"the input's column {name!r} is the name of a prediction" for name in double]
            raise SchemaError(numbered([f"{line}. Rename it, or leave it out." for line in told]))
        return pa.schema([*self.carried.types.items(), *self.predicted])

    @property
    def rejected_schema(self) -> pa.Schema:
        """Columns of rejected rows."""
        own = [field for field in self.source if field.name not in _REJECTED.names]
        return pa.schema([*_REJECTED, *own])

    def check(self, batch: Batch) -> ScoredBatch:
        """Count what scoring would meet, without scoring."""
        return self._run(batch, predict=False)

    def score(self, batch: Batch) -> ScoredBatch:
        """Score the rows that can be.

        Raises
        ------
        OtherTypeError
            If a carried column must be texts in the whole output.
        """
        return self._run(batch, predict=True)

    def _run(self, batch: Batch, predict: bool) -> ScoredBatch:
        started = time.perf_counter()
        table = batch.table
        columns = {name: table.column(name) for name in self.bundle.contract.schema.input_columns}
        accepted = accept(columns, self.bundle.contract, batch.file, self.untyped)
        good = good_rows(accepted)
        rows = len(good) + len(batch.broken)
        counts = Counts(1, rows, int(good.sum()), block_rows=rows)
        counts.coerced, counts.unknown_categories = accepted.coerced, accepted.unknown_categories
        counts.faults.add(*self._faults(batch, accepted.faults))
        aside = self.aside and bool(counts.faults.rows)
        rejected = self._rejected(batch, accepted.faults) if aside else None
        if not predict or not good.any():
            return ScoredBatch(None, rejected, counts)
        features = accepted.features if good.all() else accepted.features[good]
        decided = self.rows.columns(features)
        counts.seconds = [round(time.perf_counter() - started, 6)]
        counts.outcomes = outcomes(self.bundle.decision, decided)
        kept = table if good.all() else table.filter(pa.array(good))
        own = pa.RecordBatch.from_pandas(decided, schema=self.predicted, preserve_index=False)
        arrays = [*self.carried.take(kept), *own.columns]
        names = [*self.carried.types, *own.schema.names]
        return ScoredBatch(pa.RecordBatch.from_arrays(arrays, names=names), rejected, counts)

    def _faults(
        self, batch: Batch, faults: Sequence[Fault]
    ) -> tuple[list[Fault], Mapping[int, str]]:
        """Return the faults of rows and of broken lines, and how to name each to the user."""
        where = f"{batch.file}, " if self.named else ""
        # Broken lines have no position among the rows.
        lines = [
            Fault(-1 - number, line.reason, None, line.text)
            for number, line in enumerate(batch.broken)
        ]
        places = {fault.row: f"{where}row {batch.rows[fault.row]:,}" for fault in faults}
        places |= {
            -1 - number: f"{where}row {line.row:,}" for number, line in enumerate(batch.broken)
        }
        return [*faults, *lines], places

    def _rejected(self, batch: Batch, faults: Sequence[Fault]) -> pa.RecordBatch:
        first: dict[int, Fault] = {}
        for fault in faults:
            first.setdefault(fault.row, fault)
        rows = sorted(first)
        told = [(int(batch.rows[row]), first[row]) for row in rows]
        told += [(line.row, Fault(-1, line.reason, None, line.text)) for line in batch.broken]
        order = np.argsort([number for number, _ in told], kind="stable")
        own = [
            pa.array([batch.file] * len(told), pa.string()),
            pa.array([told[i][0] for i in order], pa.int64()),
            *(
                pa.array([getattr(told[i][1], name) for i in order], pa.string())
                for name in ("reason", "column", "value")
            ),
        ]
        # A broken line has no values: its index is null, and so is what is taken by it.
        index = pa.array([rows[i] if i < len(rows) else None for i in order], pa.int64())
        fields = [field for field in self.rejected_schema if field.name not in _REJECTED.names]
        values = [
            _plain(batch.table.column(field.name), field.type).take(index) for field in fields
        ]
        return pa.RecordBatch.from_arrays([*own, *values], schema=self.rejected_schema)


def _plain(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column without the codes that it was read with."""
    return column if column.type == kind else column.cast(kind)


def predicted_schema(bundle: Bundle, rows: RowScorer) -> pa.Schema:
    """Return the columns that every scored row gets, with their types."""
    names = bundle.contract.schema.feature_names
    none = pd.DataFrame({name: np.empty(0, dtype=object) for name in names})
    for feature in bundle.contract.schema.features:
        if feature.kind == "numeric":
            none[feature.name] = none[feature.name].astype("float64")
    decided = rows.columns(none)
    labels: Sequence[Label] = bundle.decision.get("labels", ())
    fields = []
    for name, column in decided.items():
        if name == "prediction" and labels:
            kind = pa.array(list(labels)).type
        else:
            texts = isinstance(column.dtype, pd.StringDtype) or column.dtype == object
            kind = pa.string() if texts else pa.from_numpy_dtype(column.dtype)
        fields.append((name, kind))
    return pa.schema(fields)
