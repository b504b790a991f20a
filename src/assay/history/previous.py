"""The model against the one that was shipped before it, on holdout rows that neither has trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from assay.costs import RowCosts
from assay.decisions.options import Option, Valued, value_options
from assay.errors import ArtifactError
from assay.metrics.catalogue import task_metrics
from assay.predictions import predictions_of
from assay.schema import Schema
from assay.uncertainty.bootstrap import Bootstrap, affordable_resamples, clusters_of
from assay.uncertainty.paired import Paired, compared

# On fewer rows nothing would be said.
_LEAST_ROWS = 50


@dataclass(frozen=True)
class CommonRows:
    """Rows of two holdouts with the predictions of both models.

    Attributes
    ----------
    current, previous : DataFrame, equal length
        Carried columns, `y_true` and predictions, in the same order of rows.
    all_rows : bool
        Whether these are all rows of both holdouts.
    """

    current: pd.DataFrame
    previous: pd.DataFrame
    all_rows: bool


def common_rows(
    current: pd.DataFrame, previous: pd.DataFrame, same_holdout: bool, keys: Sequence[str]
) -> CommonRows:
    """Find the rows that both models were judged on.

    Parameters
    ----------
    current, previous : DataFrame
        Carried columns, `y_true` and predictions of each holdout row.
    same_holdout : bool
        Whether both are of one holdout, by the hash of its rows.
    keys : sequence of str
        Columns that name a row.

    Raises
    ------
    ArtifactError
        If rows cannot be told, too few are in both, or their outcomes are not the same.
    """
    if not keys and same_holdout and current["y_true"].equals(previous["y_true"]):
        # Rows that only their numbers name stand in the order of these.
        return CommonRows(current, previous, all_rows=True)
    if not keys:
        raise ArtifactError(
            "the two holdouts differ, and data.id_columns names no column by which rows of both could "
            "be told. Name one, or compare with a run of this holdout."
        )
    absent = [name for name in keys if name not in previous.columns]
    if absent:
        raise ArtifactError(
            f"the previous run's predictions have no {', '.join(absent)} (data.id_columns). "
            "Compare with a later run."
        )
    ours = current.set_index(list(keys))
    theirs = previous.set_index(list(keys))
    both = ours.index.intersection(theirs.index, sort=False)
    if len(both) < _LEAST_ROWS:
        raise ArtifactError(
            f"the two holdouts share {len(both)} rows, expected at least {_LEAST_ROWS}: only rows that "
            "neither model trained on may compare them. Compare with a run of a later split."
        )
    left, right = ours.loc[both].reset_index(), theirs.loc[both].reset_index()
    changed = int((left["y_true"].to_numpy() != right["y_true"].to_numpy()).sum())
    if changed:
        raise ArtifactError(
            f"{changed} of the {len(both)} common rows have another outcome than they had for the "
            "previous run. The two models were not asked the same question."
        )
    return CommonRows(left, right, all_rows=len(both) == len(current) == len(previous))


def compare_with_previous(
    rows: CommonRows, schema: Schema, bootstrap: Bootstrap, ece_bins: int
) -> dict[str, Paired]:
    """Return every metric of both models on the same rows, and what the current one gains.

    Parameters
    ----------
    rows : CommonRows
    schema : Schema
    bootstrap : Bootstrap
        Without groups; those of the rows are taken.
    ece_bins : int

    Raises
    ------
    ArtifactError
        If the previous run predicted something else.
    """
    try:
        previous = predictions_of(rows.previous, schema)
    except KeyError:
        raise ArtifactError(
            "the previous run's predictions are of another task, or of other classes. "
            "Compare with a run of the same task."
        ) from None
    current, y_true = predictions_of(rows.current, schema), rows.current["y_true"].to_numpy()
    clusters = clusters_of(rows.current, schema.group_column)
    resamples = affordable_resamples(bootstrap.resamples, current.size)
    plan = replace(bootstrap, resamples=resamples, clusters=clusters)
    metrics = task_metrics(schema.task, ece_bins)
    return compared(metrics, y_true, current, {"previous": previous}, plan)["previous"]


def value_against(
    rows: CommonRows,
    thresholds: tuple[float, float],
    costs: RowCosts,
    schema: Schema,
    bootstrap: Bootstrap,
) -> Valued:
    """Return what the previous run is worth at its own threshold, and how much more the current one.

    Parameters
    ----------
    rows : CommonRows
    thresholds : (float, float)
        The current model's, and the previous one's.
    costs : RowCosts
        Of the rows; the current ones for both.
    schema : Schema
    bootstrap : Bootstrap
        Without groups; those of the rows are taken.
    """
    y_true = rows.current["y_true"].to_numpy()
    options = []
    for name, table, threshold in zip(
        ("model", "previous"), (rows.current, rows.previous), thresholds, strict=True
    ):
        flagged = predictions_of(table, schema) >= threshold
        cost = costs.of_decisions(y_true, flagged)
        options.append(Option(name, cost, float(flagged.mean()), threshold))
    clusters = clusters_of(rows.current, schema.group_column)
    return value_options(options, replace(bootstrap, clusters=clusters))[1]


def comparison_json(
    found: Mapping[str, Paired],
    primary: str,
    origin: Mapping[str, Any],
    rows: CommonRows,
    value: Valued | None = None,
) -> dict[str, Any]:
    """Return the content of `reports/history/comparison.json`.

    Parameters
    ----------
    found : dict of str to Paired
    primary : str
        The metric that the sentence is about.
    origin : dict
        Which two models these are.
    rows : CommonRows
    value : Valued, optional
        The previous run's; None where there are no thresholds or no costs.
    """
    of_value = {} if value is None else {"value_gain": value.gain.to_json()}
    return {
        "applicable": True,
        **origin,
        "row_count": len(rows.current),
        "all_rows": rows.all_rows,
        "primary": primary,
        "verdict": verdict(found[primary]),
        **of_value,
        "metrics": {
            name: {
                "current": each.model.to_json(),
                "previous": each.reference.to_json(),
                "gain": each.gain.to_json(),
            }
            for name, each in found.items()
        },
    }


def verdict(paired: Paired) -> str:
    """Say in a word or two what an interval of the gain shows."""
    gain = paired.gain
    if not gain.method:
        return "not known"
    if gain.ci_low == gain.ci_high:
        # Only the same predictions have such an interval.
        return "the same"
    if gain.ci_low > 0:
        return "better"
    return "worse" if gain.ci_high < 0 else "no difference shown"
