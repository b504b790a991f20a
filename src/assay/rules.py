"""The rule that people use today: an expression over features."""

from typing import Any

import numpy as np
import pandas as pd

from assay.errors import ParamsError


def rule_holds(X: pd.DataFrame, query: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return where a rule holds, shape (n,).

    Parameters
    ----------
    X : DataFrame, shape (n, p)
        Features in model form.
    query : str
        A pandas expression, true or false for each row.

    Raises
    ------
    ParamsError
        If it is something else, or cannot be evaluated.
    """
    holds = rule_values(X, query)
    if holds.dtype != bool:
        raise ParamsError(
            f"params.yaml: baseline.rule {query!r} must be true or false for each row, "
            f"got {holds.dtype}. Compare something, as in 'seats > 100'."
        )
    return holds


def rule_values(X: pd.DataFrame, query: str) -> np.ndarray[Any, np.dtype[Any]]:
    """Return a rule's value for each row, shape (n,)."""
    try:
        result = np.asarray(X.eval(query, engine="python"))
    except Exception as error:  # pandas raises many kinds for a query that it cannot read
        raise ParamsError(
            f"params.yaml: baseline.rule {query!r} cannot be evaluated: {error}. "
            f"It may use features only: {', '.join(map(str, X.columns))}."
        ) from None
    if result.shape != (len(X),):
        raise ParamsError(
            f"params.yaml: baseline.rule {query!r} must have one value for each row, got "
            f"{result.shape or 'a single one'}. Name a feature in it."
        )
    return result
