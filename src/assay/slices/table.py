"""Where the model is weak: every slice of the holdout, judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.evidence import Evidence
from assay.slices.advice import Adviser
from assay.slices.conditions import Slice
from assay.slices.cuts import cut_slices
from assay.slices.found import search_slices
from assay.slices.judge import FAILS, VERDICTS, Judge, judged_columns, ranked

# Slices in the data of a plot; more names would overlap.
_PLOTTED = 25
_ADVICE = ("look_at", "next_action")


def slice_columns(metric: str) -> tuple[str, ...]:
    """Return the columns of the table of slices."""
    return (*judged_columns(metric), *_ADVICE)


def found_columns(metric: str) -> tuple[str, ...]:
    """Return the columns of the table of found slices."""
    rest = (
        name for name in judged_columns(metric) if name not in {"feature", "slice", "kind", "cut"}
    )
    return ("rule", "oof_n", "oof_excess", *rest, *_ADVICE)


@dataclass(frozen=True)
class Slices:
    """Where the model is weak.

    Attributes
    ----------
    table : DataFrame
        Slices by one feature or by time, with the columns of `slice_columns`: those that fail first,
        then those that are hard.
    found : DataFrame
        Slices that out-of-fold errors pointed at, with the columns of `found_columns`, in that order.
    metric : str
        The primary metric.
    greater_is_better : bool
        Its direction.
    whole : float
        The metric of all rows.
    whole_expected : float
        What it would be if the predictions were right.
    rows : int
        Of the holdout.
    period : str
        "day" or "hour": rows of one may depend on each other, and were judged so; empty where the
        holdout has no times, or too few of them.
    periods : int
        How many of these.
    level : float
        By how much all rows' mean prediction is above their mean outcome.
    confidence : float
        Of intervals and verdicts.
    """

    table: pd.DataFrame
    found: pd.DataFrame
    metric: str
    greater_is_better: bool
    whole: float
    whole_expected: float
    rows: int
    period: str
    periods: int
    level: float
    confidence: float


def examine_slices(evidence: Evidence, numeric_by_importance: Sequence[str]) -> Slices:
    """Cut the holdout into slices, search for more in out-of-fold errors, and judge them.

    Parameters
    ----------
    evidence : Evidence
    numeric_by_importance : sequence of str
        Numeric features, the most important first; the first `slice_numeric_count` are cut.
    """
    judge = Judge(evidence)
    adviser = Adviser(judge)
    numeric = numeric_by_importance[: evidence.params.slice_numeric_count]
    table = _cut(judge, adviser, evidence.schema.names_of("categorical"), numeric)
    return Slices(
        table,
        _searched(judge, adviser),
        judge.metric.name,
        judge.metric.greater_is_better,
        judge.whole.value,
        judge.whole.expected,
        len(evidence.holdout),
        judge.periods.unit if judge.periods else "",
        judge.periods.count if judge.periods else 0,
        float(judge.gap.mean()),
        evidence.bootstrap.confidence,
    )


def _cut(
    judge: Judge, adviser: Adviser, categorical: Sequence[str], numeric: Sequence[str]
) -> pd.DataFrame:
    cut = cut_slices(judge.evidence, categorical, numeric)
    table = judge.table(cut)
    _advise(adviser, table, [each for each, _ in cut])
    return ranked(table)[list(slice_columns(judge.metric.name))]


def _searched(judge: Judge, adviser: Adviser) -> pd.DataFrame:
    evidence = judge.evidence
    candidates = search_slices(evidence)
    slices = [(each.slice, each.inside) for each in candidates]
    table = judge.table(slices)
    table["oof_n"] = pd.array([each.oof_n for each in candidates], dtype="int64")
    table["oof_excess"] = pd.array([each.oof_excess for each in candidates], dtype="float64")
    table["rule"] = table["slice"]
    _advise(adviser, table, [each for each, _ in slices])
    return ranked(table)[list(found_columns(judge.metric.name))]


def _advise(adviser: Adviser, table: pd.DataFrame, slices: Sequence[Slice]) -> None:
    """Add the columns of advice."""
    advice = [
        adviser.advice(each, verdict, why)
        for each, verdict, why in zip(slices, table["verdict"], table["why"], strict=True)
    ]
    for number, name in enumerate(_ADVICE):
        table[name] = pd.Series([each[number] for each in advice], dtype=object)


def plot_table(slices: Slices) -> pd.DataFrame:
    """Return the data of the bars: how much worse than on all rows, the most severe first.

    Returns
    -------
    DataFrame
        At most 25 rows that could be judged: `slice` (text, unique), `difference` (positive is worse),
        `difference_ci_low`, `difference_ci_high`, `verdict`.
    """
    judged = slices.table[slices.table["difference"].notna()].head(_PLOTTED)
    names = judged["feature"].astype(str) + " = " + judged["slice"].astype(str)
    twice = names.duplicated(keep=False)
    table = pd.DataFrame(
        {
            "slice": names.where(~twice, names + " (" + judged["kind"].astype(str) + ")"),
            **{name: judged[name] for name in ("difference", "difference_ci_low")},
            **{name: judged[name] for name in ("difference_ci_high", "verdict")},
        }
    )
    return table.reset_index(drop=True)


def slices_json(slices: Slices) -> dict[str, Any]:
    """Return the scalars of `metrics/interpret.json` that tell of slices."""
    table, found = slices.table, slices.found
    content: dict[str, Any] = {
        "applicable": True,
        "count": len(table),
        "metric": slices.metric,
        **({"period": slices.period, "periods": slices.periods} if slices.period else {}),
        "confidence": slices.confidence,
        "off_level": int((table["gap_p_value"] < 1 - slices.confidence).sum()),
        **{
            name: float(value)
            for name, value in (("whole", slices.whole), ("whole_expected", slices.whole_expected))
            if pd.notna(value)
        },
        "verdicts": {_key(name): int((table["verdict"] == name).sum()) for name in VERDICTS},
        "kinds": {
            name: int((table["kind"] == name).sum())
            for name in ("category", "quantile", "missing", "time")
        },
        "found": {
            "count": len(found),
            "verdicts": {_key(name): int((found["verdict"] == name).sum()) for name in VERDICTS},
        },
    }
    failing = table[table["verdict"] == FAILS]
    if len(failing):
        worst = failing.iloc[0]
        content["worst"] = {
            "feature": worst["feature"],
            "slice": worst["slice"],
            **_facts(worst, slices),
        }
    failing = found[found["verdict"] == FAILS]
    if len(failing):
        content["found"]["worst"] = {
            "rule": failing.iloc[0]["rule"],
            **_facts(failing.iloc[0], slices),
        }
    return content


def _facts(row: "pd.Series[Any]", slices: Slices) -> dict[str, Any]:
    numbers = {
        "value": row[slices.metric],
        **{name: row[name] for name in ("ci_low", "ci_high", "expected", "calibration_gap")},
    }
    told = {name: float(value) for name, value in numbers.items() if pd.notna(value)}
    return {"why": row["why"], "n": int(row["n"]), **told}


def _key(verdict: str) -> str:
    return verdict.replace(" ", "_")
