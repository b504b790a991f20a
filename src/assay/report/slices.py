"""The model card's part about slices."""

from typing import Any

import pandas as pd

from assay.slices.judge import FAILS, HARD

# Cuts whose weakest slice is shown.
_CUTS = 8


def slices_facts(table: pd.DataFrame, found: pd.DataFrame) -> dict[str, Any]:
    """Return the variables of `card_slices.md.j2` that tables tell.

    Parameters
    ----------
    table, found : DataFrame
        `reports/tables/slices.csv` and `found_slices.csv`.
    """
    return {
        "weak_slices": _weak(table),
        "found_slices": _weak(found),
        "weakest_slices": weakest(table).head(_CUTS).to_dict("records"),
    }


def weakest(table: pd.DataFrame) -> pd.DataFrame:
    """Return of each cut the slice that is most surely worse than all rows, the surest first.

    The lower end of the difference decides, because the lowest of many metrics would be that of the
    smallest slice. What is missing has a cut of its own.
    """
    judged = table[table["difference_ci_low"].notna()]
    by_cut = judged.groupby([judged["cut"], judged["kind"] == "missing"], sort=False)
    rows = judged.loc[by_cut["difference_ci_low"].idxmax()]
    return rows.sort_values(["difference_ci_low", "cut", "kind"], ascending=[False, True, True])


def _weak(slices: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return the slices that fail or are hard, in their order."""
    return slices[slices["verdict"].isin([FAILS, HARD])].to_dict("records")
