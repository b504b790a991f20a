"""For whom does the decision work? Groups of people, or of whatever else, beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.decisions.rows import Rows
from assay.fairness.groups import Groups, sensitive_groups
from assay.fairness.measures import View, views_of
from assay.fairness.parity import EQUALIZED_ODDS, Parity, judged, parities_of, parity_table
from assay.fairness.proxies import COLUMNS as PROXY_COLUMNS
from assay.fairness.proxies import Proxies, find_proxies
from assay.fairness.rates import Measured, measure_groups
from assay.schema import Schema
from assay.uncertainty.bootstrap import Bootstrap, clusters_of

COLUMNS = (
    *("column", "class", "group", "rows", "judged", "measure", "n", "value", "ci_low", "ci_high"),
    *("p_value", "differs", "reason"),
)
PLOT_COLUMNS = ("group", "measure", "value")
# The question whose answer corrects a measure's p-values for the other questions.
_QUESTION = {
    "selection_rate": "demographic_parity",
    "tpr": "equal_opportunity",
    "fpr": "predictive_equality",
    "precision": "predictive_parity",
    "calibration_gap": "calibration",
    "mean_error": "bias",
    "mae": "error_size",
    "coverage": "coverage",
}


@dataclass(frozen=True)
class Assessed:
    """The groups of a column, and what is measured of them for each view.

    Attributes
    ----------
    groups : Groups
    views : dict of str to list of Measured
        By class.
    """

    groups: Groups
    views: Mapping[str, Sequence[Measured]]


@dataclass(frozen=True)
class Fairness:
    """What is known of groups.

    Attributes
    ----------
    table : DataFrame
        A row for each measure of each group, with `COLUMNS`.
    parity : DataFrame
        A row for each question about each column, with `assay.fairness.parity.COLUMNS`.
    proxies : DataFrame
        A row for each feature that may tell a column, with `assay.fairness.proxies.COLUMNS`.
    assessed : tuple of Assessed
    parities : tuple of Parity
    together : tuple of Proxies
        What all features together tell of each column.
    row_count, min_rows : int
        Rows of the holdout; of a group that is judged.
    confidence : float
    """

    table: pd.DataFrame
    parity: pd.DataFrame
    proxies: pd.DataFrame
    assessed: tuple[Assessed, ...]
    parities: tuple[Parity, ...]
    together: tuple[Proxies, ...]
    row_count: int
    min_rows: int
    confidence: float


def assess_fairness(
    schema: Schema,
    decision: Mapping[str, Any],
    holdout: Rows,
    rows: pd.DataFrame,
    others: pd.DataFrame,
    columns: Sequence[str],
    min_rows: int,
    bootstrap: Bootstrap,
) -> Fairness:
    """Compare what a decision does to the groups of each sensitive column.

    Parameters
    ----------
    schema : Schema
    decision : dict
        The content of `models/decision.json`.
    holdout : Rows
        What the decision is judged on; it reports, and chooses nothing.
    rows : DataFrame
        The same rows of the validated table.
    others : DataFrame
        Rows of the validated table that are not of the holdout: they cut numbers into bands, and show
        which features tell a column.
    columns : sequence of str
        The sensitive columns; none gives empty tables.
    min_rows : int
        Groups with fewer are listed, and not judged.
    bootstrap : Bootstrap
        How rows of the holdout, or their groups, are resampled.
    """
    groups = sensitive_groups(rows, others, columns, schema, min_rows)
    views = views_of(schema, decision, holdout) if groups else []
    assessed = tuple(
        Assessed(each, _measured(each, views, bootstrap, number))
        for number, each in enumerate(groups)
    )
    asked = [
        parity
        for each in assessed
        for view in views
        for parity in parities_of(each.groups, view, each.views[view.label], bootstrap)
    ]
    parities = judged(asked, bootstrap.confidence)
    clusters = clusters_of(others, schema.group_column)
    together = find_proxies(others, columns, schema, clusters, bootstrap)
    tables = [each.table for each in together]
    return Fairness(
        _table(assessed, parities, bootstrap.confidence),
        parity_table(parities),
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(PROXY_COLUMNS)),
        assessed,
        tuple(parities),
        tuple(together),
        len(rows),
        min_rows,
        bootstrap.confidence,
    )  # fmt: skip


def _measured(
    groups: Groups, views: Sequence[View], bootstrap: Bootstrap, number: int
) -> dict[str, list[Measured]]:
    return {
        view.label: measure_groups(view, groups, bootstrap, (bootstrap.seed, 7, number, place))
        for place, view in enumerate(views)
    }


def _table(
    assessed: Sequence[Assessed], parities: Sequence[Parity], confidence: float
) -> pd.DataFrame:
    corrected = {(each.column, each.label, each.name): each.p_value for each in parities}
    rows = []
    for each in assessed:
        for label, measured in each.views.items():
            for one in measured:
                key = (each.groups.column, label, _QUESTION.get(one.measure.name, ""))
                rows += _group_rows(
                    each.groups, label, one, corrected.get(key, np.nan), 1 - confidence
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _group_rows(
    groups: Groups, label: str, found: Measured, corrected: float, level: float
) -> list[tuple[Any, ...]]:
    """Return the rows of one measure.

    A group differs only where its column does: its p-value is never below that of the question, which
    is corrected for all of them.
    """
    name = found.measure.name
    p_values = np.maximum(found.group_p_values(), corrected)
    rows = []
    for code, group in enumerate(groups.labels):
        estimate, p_value = found.estimates[code], float(p_values[code])
        ends = (np.nan, np.nan)
        if estimate is not None and estimate.method:
            ends = (estimate.ci_low, estimate.ci_high)
        rows.append(
            (
                *(groups.column, label, group, int(groups.rows[code]), bool(groups.judged[code])),
                *(name, int(found.rows[code]), float(found.value[code]), *ends),
                *(p_value, bool(p_value < level), _reason(groups, found, code)),
            )
        )
    return rows


def _reason(groups: Groups, found: Measured, code: int) -> str:
    """Say why a group has no value, or is not compared."""
    if not found.rows[code]:
        return found.measure.empty
    if not groups.judged[code]:
        return f"too few rows (fewer than {groups.min_rows:,})"
    if not found.measure.tested:
        return ""
    if not groups.known[code]:
        return "held against known values apart"
    if not found.compared[code]:
        return "too few of these rows to compare"
    return "" if found.chance is not None else "no other group to compare with"


def plot_table(found: Fairness) -> pd.DataFrame:
    """Return the selection rate, or the mean absolute error, of each judged group, for `dvc plots`."""
    table = found.table
    shown = table[table["judged"].astype(bool) & table["measure"].isin(["selection_rate", "mae"])]
    of_class = shown["class"].map(lambda label: f" ({label})" if label else "")
    return pd.DataFrame(
        {
            "group": shown["column"] + " = " + shown["group"] + of_class,
            "measure": shown["measure"],
            "value": shown["value"],
        },
        columns=list(PLOT_COLUMNS),
    ).reset_index(drop=True)


def fairness_json(found: Fairness) -> dict[str, Any]:
    """Return the scalars of `metrics/fairness.json`."""
    if not found.assessed:
        return {"applicable": False}
    columns: dict[str, Any] = {}
    proxies = {each.column: each for each in found.together}
    for each in found.assessed:
        name = each.groups.column
        of_column = [parity for parity in found.parities if parity.column == name]
        columns[name] = {
            "crossed": each.groups.crossed,
            "source": each.groups.source,
            "against_missing": each.groups.against_missing,
            "group_count": len(each.groups.labels),
            "judged_group_count": int((each.groups.judged & each.groups.known).sum()),
            "not_judged_row_count": int(each.groups.rows[~each.groups.judged].sum()),
            "alarm": any(parity.alarm for parity in of_column),
            **_questions(of_column),
        }
        if name in proxies:
            columns[name]["proxies"] = proxies[name].to_json()
    asked = [each for each in found.parities if each.name != EQUALIZED_ODDS]
    return {
        "applicable": True,
        "row_count": found.row_count,
        "min_rows": found.min_rows,
        "confidence": found.confidence,
        "column_count": len(found.together),
        "question_count": sum(not np.isnan(each.p_value) for each in asked),
        "alarm_count": sum(each.alarm for each in asked),
        "columns": columns,
    }


def _questions(found: Sequence[Parity]) -> dict[str, Any]:
    """Return each question's figures; of several classes, those of the one that is surest to differ."""
    names = dict.fromkeys(parity.name for parity in found)
    told = {}
    for name in names:
        asked = [parity for parity in found if parity.name == name]
        worst = min(
            asked, key=lambda each: (np.nan_to_num(each.p_value, nan=2.0), -each.difference)
        )
        told[name] = _scalars(worst, any(each.label for each in asked))
    return told


def _scalars(parity: Parity, has_classes: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"verdict": parity.verdict, "alarm": parity.alarm}
    if has_classes:
        told["class"] = parity.label
    if np.isnan(parity.difference):
        return told
    told |= {
        "measure": parity.measure,
        "highest": parity.highest,
        "lowest": parity.lowest,
        "difference": _estimate(parity.difference, parity.ci_low, parity.ci_high),
        "chance_up_to": parity.chance_up_to,
        "p_value": parity.p_value,
    }
    if not np.isnan(parity.ratio):
        told["ratio"] = _estimate(parity.ratio, parity.ratio_ci_low, parity.ratio_ci_high)
        told["chance_down_to"] = parity.chance_down_to
    return told


def _estimate(value: float, low: float, high: float) -> dict[str, float]:
    if not np.isfinite([low, high]).all():
        return {"value": value}
    return {"value": value, "ci_low": low, "ci_high": high}
