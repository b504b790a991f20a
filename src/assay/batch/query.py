"""The answer to a query, as rows to score; see `assay.batch.sources.Source`."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assay.acceptance import check_columns
from assay.batch.reading import Batch
from assay.databases.access import read_query, redacted
from assay.databases.rows import Rows
from assay.schema import Schema


@dataclass(frozen=True)
class QuerySource:
    """Rows of a query, which come once; see `Source`."""

    name: str
    query: str
    rows: Rows
    opened: ExitStack
    asked: list[bool] = field(default_factory=list)

    @property
    def schema(self) -> pa.Schema:
        """Columns of the answer."""
        return self.rows.schema

    @property
    def untyped(self) -> bool:
        """A database has types."""
        return False

    @property
    def texts(self) -> frozenset[str]:
        """None: texts are texts."""
        return frozenset()

    @property
    def layout(self) -> list[Any]:
        """Nothing that lasts."""
        return []

    @property
    def row_count(self) -> int | None:
        """Not known before all are read."""
        return None

    @property
    def paths(self) -> list[Path]:
        """No files."""
        return []

    @property
    def described(self) -> dict[str, Any]:
        """The database, and which query it was; its text may hold what nobody else should read."""
        digest = hashlib.sha256(self.query.encode()).hexdigest()
        return {"name": self.name, "query_sha256": digest}

    def close(self) -> None:
        """Leave the database, whose locks would stop whoever writes to the same tables."""
        self.opened.close()

    def faults(self, schema: Schema) -> list[str]:
        """Return what is missing or too much in the answer."""
        return check_columns(self.schema.names, schema, f"the query at {self.name}")

    def batches(self, columns: Sequence[str] | None, schema: Schema) -> Iterator[Batch]:
        """Yield the rows, numbered from 1."""
        del schema
        if self.asked:
            raise RuntimeError("the rows of a query come once")
        self.asked.append(True)
        first = 1
        for table in self.rows.batches:
            numbers = np.arange(first, first + table.num_rows, dtype="int64")
            first += table.num_rows
            yield Batch(table if columns is None else table.select(list(columns)), numbers)


@contextmanager
def open_query(url: str, query: str, batch_rows: int) -> Iterator[QuerySource]:
    """Run a query, and give its rows within the context.

    Raises
    ------
    AssayError
        See `assay.databases.access.read_query`.
    """
    with ExitStack() as opened:
        rows = opened.enter_context(read_query(url, query, batch_rows))
        yield QuerySource(redacted(url), query, rows, opened)
