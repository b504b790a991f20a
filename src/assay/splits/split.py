"""Which rows the model may see, and which judge it: the strategy that `params.yaml` names."""

from collections.abc import Callable, Mapping

import pandas as pd

from assay.errors import SplitError
from assay.schema import Schema
from assay.sections import SplitParams
from assay.splits.by_group import split_by_group
from assay.splits.by_row import split_by_row
from assay.splits.by_time import split_by_group_and_time, split_by_time
from assay.splits.keys import group_keys, row_keys
from assay.splits.parts import Split

Strategy = Callable[[pd.DataFrame, Schema, SplitParams], Split]


def split_table(table: pd.DataFrame, schema: Schema, params: SplitParams) -> Split:
    """Split a validated table as the section `split` asks.

    Parameters
    ----------
    table : DataFrame
        From `typed_table`.
    schema : Schema
        Its roles.
    params : SplitParams
        The section `split`.

    Raises
    ------
    SplitError
        If the split cannot be made; the message says what would work.
    """
    for key, column in (
        ("time_column", schema.time_column),
        ("group_column", schema.group_column),
    ):
        # The strategies are named by the roles that they need.
        if column is None and key.removesuffix("_column") in params.strategy.split("_"):
            raise SplitError(
                f"split.strategy {params.strategy} needs a data.{key}, which is null. "
                "Name one, or use another strategy (random needs neither)."
            )
    return _STRATEGIES[params.strategy](table, schema, params)


def _random(table: pd.DataFrame, schema: Schema, params: SplitParams) -> Split:
    return split_by_row(
        row_keys(table, schema),
        table[schema.target].to_numpy(),
        params.holdout_fraction,
        params.fold_count,
        schema.labels,
    )


def _group(table: pd.DataFrame, schema: Schema, params: SplitParams) -> Split:
    return split_by_group(
        group_keys(table, schema),
        table[schema.target].to_numpy(),
        params.holdout_fraction,
        params.fold_count,
        schema.labels,
    )


def _time(table: pd.DataFrame, schema: Schema, params: SplitParams) -> Split:
    return split_by_time(
        table[schema.time_column].to_numpy(),
        table[schema.target].to_numpy(),
        params.holdout_fraction,
        params.fold_count,
        params.embargo_days,
        schema.labels,
    )


def _group_time(table: pd.DataFrame, schema: Schema, params: SplitParams) -> Split:
    return split_by_group_and_time(
        table[schema.time_column].to_numpy(),
        group_keys(table, schema),
        table[schema.target].to_numpy(),
        params.holdout_fraction,
        params.fold_count,
        params.embargo_days,
        params.seen_groups == "drop",
        schema.labels,
    )


_STRATEGIES: Mapping[str, Strategy] = {
    "random": _random,
    "group": _group,
    "time": _time,
    "group_time": _group_time,
}
