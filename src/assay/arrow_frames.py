"""How an Arrow table becomes a DataFrame."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import SchemaError, listed, repeats

# The years 1 to 9999, in seconds since 1970.
_FIRST_SECOND, _END_SECOND = -62_135_596_800, 253_402_300_800


def frame_of(table: pa.Table, path: Path) -> pd.DataFrame:
    """Return an Arrow table as pandas has it; missing texts are NaN, never None.

    Parameters
    ----------
    table : Table
    path : Path
        Where it was read, for messages.

    Raises
    ------
    SchemaError
        If two columns share a name.
    """
    repeated = repeats(table.column_names)
    if repeated:
        raise SchemaError(
            f"{path}: column names must be unique, got more than one of: {listed(repeated)}. "
            "Rename them."
        )
    frame: pd.DataFrame = _as_pandas_has_it(table).to_pandas(ignore_metadata=True)
    # Parquet gives None where others give NaN; to an encoder they would be two categories. pandas
    # would make numbers of a column with nothing but missing texts.
    objects = frame.select_dtypes("object")
    if objects.shape[1]:
        plain = {
            name: column.where(column.notna(), np.nan).astype(object)
            for name, column in objects.items()
        }
        frame = pd.DataFrame({name: plain.get(name, column) for name, column in frame.items()})
    return frame.reset_index(drop=True)


def _as_pandas_has_it(table: pa.Table) -> pa.Table:
    """Return a table whose values Python has: dates of any year, times of day to the microsecond.

    What pandas saved as categories are some again: Parquet keeps that of texts only.
    """
    categories = _saved_categories(table.schema)
    for index, field in enumerate(table.schema):
        column, kind = table.column(index), field.type
        if pa.types.is_date(kind) and not _in_calendar(column):
            column = column.cast(pa.timestamp("s"))
        elif kind == pa.time64("ns"):
            column = column.cast(pa.time64("us"), safe=False)
        elif field.name in categories and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            column = column.dictionary_encode()
        else:
            continue
        table = table.set_column(index, pa.field(field.name, column.type), column)
    return table


def _saved_categories(schema: pa.Schema) -> set[str]:
    try:
        columns = (schema.pandas_metadata or {}).get("columns", [])
        return {column["name"] for column in columns if column["pandas_type"] == "categorical"}
    except (AttributeError, KeyError, TypeError, ValueError):
        # Anyone can write this note, in any way.
        return set()


def _in_calendar(dates: pa.ChunkedArray) -> bool:
    """Say whether Python knows the year of each date."""
    bounds = pc.min_max(dates.cast(pa.timestamp("s")).cast(pa.int64())).as_py()
    return bounds["min"] is None or (bounds["min"] >= _FIRST_SECOND and bounds["max"] < _END_SECOND)
