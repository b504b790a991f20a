"""Rows on their way between a database and the scorer: batches of Arrow, of equal length."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from assay.errors import ArtifactError, SchemaError


@dataclass(frozen=True)
class Rows:
    """The result of a query, read as it is asked for.

    Attributes
    ----------
    schema : pyarrow.Schema
        Names are unique; there is at least one column.
    batches : iterator of pyarrow.RecordBatch
        Rows in the order of the query, `batch_rows` in every batch but the last; none is empty.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def trimmed(query: str, where: str) -> str:
    """Return a query without its final semicolon, ready to stand in brackets.

    Raises
    ------
    ArtifactError
        If nothing is left.
    """
    text = re.sub(r"[;\s]+$", "", query)
    if not text:
        raise ArtifactError(f"{where}: the query is empty. Write a SELECT.")
    # A comment at the end would swallow a closing bracket.
    return f"{text}\n"


def check_unique(names: Iterable[str], where: str) -> None:
    """Refuse columns that share a name.

    Raises
    ------
    SchemaError
        If a name occurs more than once.
    """
    known = list(names)
    repeated = sorted({name for name in known if known.count(name) > 1})
    if repeated:
        raise SchemaError(
            f"{where}: column names must be unique, got more than one of: {', '.join(repeated)}. "
            "Rename them, in a query by AS."
        )


def resliced(batches: Iterable[pa.RecordBatch], batch_rows: int) -> Iterator[pa.RecordBatch]:
    """Cut and join batches to `batch_rows` rows each; only the last may have fewer."""
    pending: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        pending.append(batch)
        count += batch.num_rows
        if count < batch_rows:
            continue
        whole = pa.concat_batches(pending)
        full = count - count % batch_rows
        for start in range(0, full, batch_rows):
            yield whole.slice(start, batch_rows)
        pending, count = [whole.slice(full)], count - full
    if count:
        yield pa.concat_batches(pending)
