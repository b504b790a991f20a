"""What a split is like, counted from its rows: sizes, balance, and what its parts share."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from assay.schema import Schema
from assay.sections import SplitParams
from assay.splits.by_time import TimeArray, embargo_of
from assay.splits.folds import Folds
from assay.splits.keys import KeyArray, group_keys
from assay.splits.parts import Split, TargetArray

# Strategies that train on nothing later than what judges.
_IN_TIME_ORDER = {"time", "group_time"}


def split_summary(
    split: Split, table: pd.DataFrame, schema: Schema, params: SplitParams
) -> dict[str, Any]:
    """Return the scalars of `metrics/split.json` that need no model.

    Parameters
    ----------
    split : Split
    table : DataFrame
        The validated table that was split.
    schema : Schema
        Its roles; what is said of times and groups depends on their columns.
    params : SplitParams
        The section `split`; the promises of its strategy are counted, and must hold.
    """
    y_true = table[schema.target].to_numpy()
    placed = len(split.train) + len(split.holdout) + len(split.dropped)
    summary: dict[str, Any] = {
        "strategy": params.strategy,
        "train_count": len(split.train),
        "holdout_count": len(split.holdout),
        "holdout_rate": len(split.holdout) / len(table),
        **_balance("train", y_true[split.train], schema),
        **_balance("holdout", y_true[split.holdout], schema),
        "fold_count": split.folds.fold_count,
        "out_of_fold_count": int(split.folds.validated.sum()),
        "embargoed_count": len(table) - placed,
        "dropped_count": len(split.dropped),
    }
    if params.strategy == "group_time":
        summary["seen_groups"] = params.seen_groups
    if schema.time_column:
        times = table[schema.time_column].to_numpy().astype("datetime64[us]")
        in_order = params.strategy in _IN_TIME_ORDER
        summary |= _time_proof(times, split, params.embargo_days if in_order else None)
    if schema.group_column:
        groups = group_keys(table, schema)
        summary |= _group_proof(groups, split, keeps_groups_apart(params))
    for number, (fitted, validated) in enumerate(split.folds.split(), start=1):
        summary[f"fold_{number}"] = {
            "train_count": len(fitted),
            "validation_count": len(validated),
            **_balance("validation", y_true[split.train][validated], schema),
        }
    return summary


def keeps_groups_apart(params: SplitParams) -> bool:
    """Say whether a strategy promises that no group is on both sides of a boundary."""
    drops = params.strategy == "group_time" and params.seen_groups == "drop"
    return params.strategy == "group" or drops


def _balance(part: str, y_true: TargetArray, schema: Schema) -> dict[str, Any]:
    """Describe the target of a part in the words of its task."""
    if schema.task == "regression":
        return {f"{part}_target_mean": float(y_true.mean())}
    if schema.task == "binary":
        return {f"{part}_positive_rate": float(y_true.mean())}
    rates = np.bincount(y_true, minlength=len(schema.labels)) / len(y_true)
    by_label = {str(name): float(rate) for name, rate in zip(schema.labels, rates, strict=True)}
    return {f"{part}_class_rates": by_label, f"{part}_smallest_class_rate": float(rates.min())}


def _time_proof(times: TimeArray, split: Split, embargo_days: float | None) -> dict[str, Any]:
    """State the extremes of each part, and how much training is as late as what it judges.

    The embargo is None where no order in time is promised.
    """
    train, holdout = times[split.train], times[split.holdout]
    latest, first = train.max(), holdout.min()
    overlap = int((train >= first).sum())
    proof: dict[str, Any] = {
        "train_first_time": str(train.min()),
        "train_last_time": str(latest),
        "holdout_first_time": str(first),
        "holdout_last_time": str(holdout.max()),
        "time_overlap_count": overlap,
        "time_overlap_rate": overlap / len(train),
    }
    if embargo_days is not None:
        day = np.timedelta64(1, "D")
        least = min(train[new].min() - train[old].max() for old, new in split.folds.split())
        proof |= {
            "gap_days": float((first - latest) / day),
            "least_fold_gap_days": float(least / day),
        }
        # A broken promise is our fault, and keeps its traceback.
        if min(first - latest, least) <= embargo_of(embargo_days):
            raise AssertionError(
                "a training row is not earlier than the rows it is judged by, or by no more than "
                "the embargo"
            )
    return proof


def _group_proof(groups: KeyArray, split: Split, apart: bool) -> Mapping[str, Any]:
    """State how many groups stand on both sides, and how much of the holdout is of known groups."""
    train, holdout = groups[split.train], groups[split.holdout]
    shared = np.intersect1d(train, holdout)
    fold_overlap = _fold_overlap(train, split.folds)
    if apart and (len(shared) or fold_overlap):
        raise AssertionError("a group stands on both sides of a split that keeps groups apart")
    return {
        "group_count": len(np.unique(groups)),
        "train_group_count": len(np.unique(train)),
        "holdout_group_count": len(np.unique(holdout)),
        "group_overlap_count": len(shared),
        "group_overlap_row_rate": float(np.isin(holdout, shared).mean()),
        "fold_group_overlap_count": fold_overlap,
    }


def _fold_overlap(groups: KeyArray, folds: Folds) -> int:
    """Return the groups on both sides of the fold that has most of them."""
    return max(len(np.intersect1d(groups[old], groups[new])) for old, new in folds.split())
