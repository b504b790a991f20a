"""What the sentinels say of a table, for the tests of them."""

from typing import Any

import numpy as np
import pandas as pd
from conftest import make_params, make_table, parse_params

from assay.checks.findings import Finding, Wanted
from assay.checks.table import LEAK_CODES, check_table

TASKS = ("binary", "multiclass", "regression")


def wanted_for(task: str = "binary", **sections: dict[str, Any]) -> Wanted:
    """Return what the params of the tiny table say, with some keys of sections changed."""
    raw = make_params(task)
    for name, changes in sections.items():
        raw[name] |= changes
    params = parse_params(raw)
    times = params.preprocess
    return Wanted(
        params.data, params.task, params.validate_, times.datetimes, times.datetime_reference
    )


def leaks(table: pd.DataFrame, task: str = "binary", **sections: dict[str, Any]) -> list[Finding]:
    """Return what the sentinels found."""
    found = check_table(table, wanted_for(task, **sections))
    return [finding for finding in found if finding.code in LEAK_CODES]


def told(table: pd.DataFrame, task: str = "binary", **sections: dict[str, Any]) -> dict[str, str]:
    """Return severities by `code:column`, or by the code where there is no column."""
    return {
        ":".join([finding.code, *finding.columns]): finding.severity
        for finding in leaks(table, task, **sections)
    }


def plain_table(task: str, rows: int = 2_000, seed: int = 3) -> pd.DataFrame:
    """Return a clean table of a task."""
    return make_table(rows, seed, task)


def codes_of(table: pd.DataFrame) -> np.ndarray:
    """Return the outcome as numbers 0 to k - 1, or as it is."""
    outcome = table["outcome"]
    return pd.factorize(outcome)[0] if outcome.dtype == object else outcome.to_numpy()
