"""Checks of `interpret.explain_rows`: the table has the rows that it names."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.checks.findings import Finding, Wanted
from assay.errors import listed, nearest, shown
from assay.schema import ROW, category_text

# Names that have a finding each; the others are counted.
_TOLD = 20


def find_explained_rows(
    frame: pd.DataFrame,
    positions: "npt.NDArray[np.int64]",
    wanted: Wanted,
    names: Sequence[str | int],
) -> Iterator[Finding]:
    """Find rows of `interpret.explain_rows` that are none of the table.

    Whether a row is in the holdout is known after `split`; `interpret` tells that.

    Parameters
    ----------
    frame : DataFrame
        The rows that are modelled; the declared columns are there.
    positions : ndarray of int, shape (n,)
        Their positions in the source.
    wanted : Wanted
    names : sequence of str or int
        The key's value.

    Yields
    ------
    Finding
        `explain_rows`, an error for each row.
    """
    if not names:
        return
    ids = wanted.data.id_columns
    column = ids[0] if ids else ROW
    known = category_text(frame[column] if ids else pd.Series(positions)).dropna()
    rows = dict.fromkeys(str(name) for name in known)
    missing = [name for name in dict.fromkeys(map(str, names)) if name not in rows]
    for name in missing[:_TOLD]:
        close = nearest(name, rows)
        yield _finding(shown(name), column, f" Nearest: {shown(close)}." if close else "")
    if missing[_TOLD:]:
        yield _finding(listed(missing[_TOLD:]), column, "")


def _finding(told: str, column: str, hint: str) -> Finding:
    return Finding(
        "explain_rows",
        "error",
        f"interpret.explain_rows names {told}, which the modelled rows do not have; expected values of "
        f"{column}.{hint}",
        "Correct the name, or delete the entry.",
        () if column == ROW else (column,),
    )
