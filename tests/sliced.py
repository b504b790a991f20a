"""Tables whose predictions are right, with what is needed to spoil them: the tests of slices."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from cases import Case, make_case

from assay.evidence import Evidence, Predicted
from assay.slices.table import examine_slices
from assay.uncertainty.bootstrap import Bootstrap


@cache
def case_of(task: str) -> Case:
    return make_case(task)


def rows_of(n: int, rng, start: str = "2024-01-01") -> pd.DataFrame:
    """Return rows of the case's columns, over 60 days."""
    kind = rng.choice(list("abc"), n, p=[0.5, 0.3, 0.2]).astype(object)
    hours = np.sort(rng.integers(0, 24 * 60, n))
    return pd.DataFrame(
        {
            "assay_row": np.arange(n),
            "row_key": [f"k{number}" for number in range(n)],
            "moment": (pd.Timestamp(start) + pd.to_timedelta(hours, unit="h")).astype(
                "datetime64[us]"
            ),
            "entity": rng.integers(0, n // 5, n),
            "remark": "",
            "signal": np.where(rng.uniform(size=n) < 0.1, np.nan, rng.normal(size=n)),
            "noise": rng.normal(size=n),
            "count": rng.integers(0, 9, n).astype(float),
            "kind": np.where(rng.uniform(size=n) < 0.1, np.nan, kind),
        }
    )


def right_predictions(task: str, rows: pd.DataFrame, rng, clustered: bool = False) -> Predicted:
    """Return outcomes that are drawn from what is predicted; of groups, they rise and fall together."""
    from scipy.special import ndtr, stdtrit

    n, level = len(rows), 1.2 * rows["signal"].fillna(0).to_numpy() + (rows["kind"] == "b") - 0.8
    level = np.asarray(level, dtype=float)
    drawn = rng.uniform(size=n)
    if clustered:
        shared = rng.normal(size=n)[rows["entity"].to_numpy()]
        drawn = ndtr(np.sqrt(0.4) * shared + np.sqrt(0.6) * rng.normal(size=n))
    if task == "binary":
        score = 1 / (1 + np.exp(-level))
        return Predicted(rows, (drawn < score).astype(int), score)
    if task == "multiclass":
        odds = np.exp(np.column_stack([level, np.zeros(n), -level]))
        shares = odds / odds.sum(axis=1, keepdims=True)
        codes = (drawn[:, None] > shares.cumsum(axis=1)[:, :-1]).sum(axis=1)
        return Predicted(rows, codes, shares)
    told = 10 + 3 * level
    return Predicted(rows, told + np.exp(0.2 * level) * stdtrit(5, drawn), told)


def clean(
    task: str = "binary",
    n: int = 900,
    seed: int = 0,
    scorer: str | None = None,
    clustered: bool = False,
    **interpret,
) -> Evidence:
    """Return evidence of a model whose predictions are right."""
    case, rng = case_of(task), np.random.default_rng([5, seed])
    train, holdout = (
        right_predictions(task, rows_of(size, rng, start), rng, clustered)
        for size, start in ((2 * n, "2023-11-01"), (n, "2024-01-01"))
    )
    groups = pd.factorize(holdout.rows["entity"])[0] if clustered else None
    params = case.params
    known = replace(train, rows=train.rows.assign(outcome=train.y_true))
    return Evidence(
        None,
        case.schema,
        replace(holdout, rows=holdout.rows.assign(outcome=holdout.y_true)),
        known,
        known.rows,
        params.interpret.model_copy(update={"slice_min_rows": 60} | interpret),
        params.task.model_copy(update={"primary_metric": scorer} if scorer else {}),
        Bootstrap(100, 0.95, seed, groups),
    )


def changed(known: Predicted, rows, y_true) -> Predicted:
    """Return predicted rows with other outcomes where a mask holds."""
    y_new = np.where(rows, y_true, known.y_true)
    return replace(known, y_true=y_new, rows=known.rows.assign(outcome=y_new))


def wrong_outcomes(task: str, known: Predicted):
    """Return outcomes that contradict the predictions."""
    if task == "binary":
        return 1 - known.y_true
    if task == "multiclass":
        return (known.y_true + 1) % 3
    return 2 * np.median(known.y_predicted) - known.y_true


def error_slices(evidence: Evidence, numeric) -> pd.DataFrame:
    """Return the slices of categories, of some numbers and of times; none is searched."""
    params = evidence.params.model_copy(
        update={"found_slice_depth": 0, "slice_numeric_count": len(numeric)}
    )
    return examine_slices(replace(evidence, params=params), numeric).table
