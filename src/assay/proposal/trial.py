"""What the first two stages would say to a proposal: its findings, and whether its split works."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.checks.findings import Finding, Wanted
from assay.checks.repeats import find_repeats
from assay.checks.table import check_table
from assay.errors import SplitError
from assay.params import Params
from assay.schema import infer_schema, rows_at, typed_table, with_plain_roles
from assay.splits.split import split_table

# Fewer folds than were asked for, where these cannot be had.
_FEWER_FOLDS = (4, 3, 2)


@dataclass(frozen=True)
class Trial:
    """What came of a trial.

    Attributes
    ----------
    findings : tuple of Finding
        Of `validate`, errors first.
    strategy : str
        The split that works, or the one that was asked for.
    fold_count : int
    refused : str
        Why the strategy that was asked for does not work; nothing if it does.
    split_error : str
        What `split` would stop at, whatever the strategy; nothing if it would not.
    """

    findings: tuple[Finding, ...]
    strategy: str
    fold_count: int
    refused: str = ""
    split_error: str = ""

    @property
    def errors(self) -> list[Finding]:
        """The findings that `validate` stops at."""
        return [finding for finding in self.findings if finding.severity == "error"]


def check(frame: pd.DataFrame, params: Params, sampled: bool) -> list[Finding]:
    """Return what `validate` finds in a table, or in rows drawn from it, which may be fewer."""
    frame = with_plain_roles(frame, params.data)
    limits = params.validate_
    fewest = min(limits.min_rows, max(len(frame), 1)) if sampled else limits.min_rows
    limits = limits.model_copy(update={"min_rows": fewest})
    times = params.preprocess
    wanted = Wanted(
        params.data,
        params.task,
        limits,
        times.datetimes,
        times.datetime_reference,
        sensitive_columns=params.evaluate.sensitive_columns,
        sensitive_min_rows=params.evaluate.sensitive_min_rows,
    )
    return check_table(frame, wanted)


def try_out(
    frame: pd.DataFrame, params: Params, sampled: bool, checked: Sequence[Finding] | None = None
) -> Trial:
    """Check a table with proposed params and, if `validate` would pass it, split it.

    Parameters
    ----------
    frame : DataFrame
        The rows looked at.
    params : Params
    sampled : bool
        Whether these are not all rows.
    checked : sequence of Finding, optional
        From `check`, if it was asked about the same params.
    """
    findings = tuple(check(frame, params, sampled) if checked is None else checked)
    asked, folds = params.split.strategy, params.split.fold_count
    if any(finding.severity == "error" for finding in findings):
        return Trial(findings, asked, folds)
    times = params.preprocess
    frame = with_plain_roles(frame, params.data)
    target = frame[params.data.target]
    # What has no outcome is left out, or `validate` would not have passed it.
    rows = rows_at(frame, np.flatnonzero(target.notna().to_numpy()))
    schema = infer_schema(rows, params.data, params.task, times.datetimes, times.datetime_reference)
    typed = typed_table(rows, schema)
    first = ""
    for strategy in _instead_of(asked):
        for count in (folds, *(fewer for fewer in _FEWER_FOLDS if fewer < folds)):
            change = {"strategy": strategy, "fold_count": count}
            section = params.split.model_copy(update=change)
            try:
                split = split_table(typed, schema, section)
            except SplitError as error:
                first = first or str(error)
                continue
            train, holdout = typed.iloc[split.train], typed.iloc[split.holdout]
            repeats = find_repeats(train, holdout, schema)
            stops = ""
            if repeats.are_copies(section.max_duplicate_rate):
                stops = (
                    f"{repeats.rate:.1%} of the holdout's rows repeat a training row in every feature, "
                    f"above {section.max_duplicate_rate:.1%} (split.max_duplicate_rate). If they are "
                    "copies, drop them when the table is made; if rows are alike by chance, because "
                    "features have few values, raise the limit."
                )
            return Trial(findings, strategy, count, first, stops)
    return Trial(findings, asked, folds, first, first)


def _instead_of(strategy: str) -> tuple[str, ...]:
    """Return the strategies to try, from the one that is asked for on.

    None falls back to rows at random: where rows follow in time, or one entity has several, that
    would flatter, and nobody would ask why.
    """
    return ("group_time", "time") if strategy == "group_time" else (strategy,)
