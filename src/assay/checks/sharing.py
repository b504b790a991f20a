"""Sentinels of rows that depend on each other, on their order, or on what came later."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from assay.checks.findings import Finding, Wanted
from assay.checks.identifiers import (
    FEWEST_VALUES,
    Entity,
    are_whole,
    comes_back,
    constant_within,
    informative_columns,
    is_entity,
    is_numeric_id,
)
from assay.checks.later import feature_times, later_rate
from assay.checks.order import ORDER_SCORE, follows_time, order_score, running_number
from assay.checks.sample import IntArray, LeakSample, column_values, times_as_numbers
from assay.column_types import SECONDS, held
from assay.errors import counted

SharingCheck = Callable[[LeakSample, pd.DataFrame, Wanted], Iterator[Finding]]

# More rows than this whose feature is later than the decision, in share and number, are no typos.
_LATER_RATE, _LATER_ROWS = 0.01, 5
_EXCLUDE = (
    "Exclude it if it is not known yet at the time of the decision; accept the finding in "
    "validate.ignore with the reason if it is planned ahead."
)
# Columns that a finding names.
_NAMED = 5


def _row_order(sample: LeakSample, frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    time_column = wanted.data.time_column
    time = None if time_column is None else times_as_numbers(sample.frame[time_column])
    places = {"": sample.position.astype(np.float64)}
    for name in wanted.data.id_columns:
        number = running_number(sample.frame[name])
        if number is not None:
            places[name] = number
    for name, place in places.items():
        # A number that grows with time has a trend, as any series may.
        if not sample.is_class and follows_time(place, time):
            continue
        score = order_score(place, sample)
        if score <= ORDER_SCORE:
            continue
        measure = "AUC" if sample.is_class else "R2 of ranks"
        what = f"the running number in {name!r}" if name else "the position of a row in the table"
        yield Finding(
            "leak_row_order",
            "warning",
            f"{what} tells the target {wanted.data.target!r}: {measure} {score:.3f} out-of-fold, "
            f"above {ORDER_SCORE}; the rows are sorted, or stand in blocks, by outcome.",
            "Find out what they were sorted by, or put together from; no feature may follow from it, "
            "and data.id_columns must be no features.",
            (name,) if name else (),
            {"order_score": score},
        )


def _after_decision(sample: LeakSample, frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    time_column = wanted.data.time_column
    decision = None if time_column is None else feature_times(sample.frame[time_column])
    if decision is None:
        return
    instead = (
        f"Name a time that is known by then, such as {time_column!r}, in "
        "preprocess.datetime_reference; accept the finding in validate.ignore with the reason if it is "
        "planned ahead."
    )
    reference = _aging_reference(sample, wanted)
    asked = {name: (f"feature {name!r}", _EXCLUDE) for name in sample.features}
    if reference is not None:
        asked[reference] = (
            f"preprocess.datetime_reference {reference!r}, which ages are counted to,",
            instead,
        )
    for name, (shown, action) in asked.items():
        times = feature_times(sample.frame[name])
        if times is None:
            continue
        rate, rows = later_rate(times, decision)
        if rate > _LATER_RATE and rate * rows >= _LATER_ROWS:
            yield Finding(
                "leak_after_decision",
                "warning",
                f"{shown} is later than data.time_column {time_column!r} in {rate:.1%} of "
                f"{counted(rows, 'row')}.",
                action,
                (name,),
                {"later_rate": rate, "row_count": rows},
            )


def _aging_reference(sample: LeakSample, wanted: Wanted) -> str | None:
    """Return the column that ages are counted to, where it is not the time of the decision."""
    references = {part.feature.reference for part in sample.parts} - {
        None,
        wanted.data.time_column,
    }
    return next(iter(references), None)


def _repeated_entities(
    sample: LeakSample, frame: pd.DataFrame, wanted: Wanted
) -> Iterator[Finding]:
    if wanted.data.group_column is not None:
        return
    rng = np.random.default_rng(wanted.task.seed)
    columns = {name: values.bins for name, values in sample.features.items()}
    if sample.is_class:
        columns[wanted.data.target] = sample.target
    others, found = informative_columns(columns, rng), []
    for name, codes in _candidates(sample, wanted):
        constant = tuple(other for other in constant_within(codes, others, rng) if other != name)
        informative = len(others.names) - (name in others.names)
        # Every column is counted in the whole table only if it may matter.
        if not is_entity(len(constant), informative, 1.0):
            continue
        counts = comes_back(frame[name])
        if counts is not None and is_entity(len(constant), informative, counts[1]):
            found.append(Entity(name, *counts, constant, informative))
    if found:
        # The finest of a hierarchy, such as a customer of a region.
        best = max(found, key=lambda entity: (entity.value_count, len(entity.constant)))
        yield _entity_finding(best, [entity.name for entity in found if entity is not best])


def _entity_finding(entity: Entity, also: list[str]) -> Finding:
    named = ", ".join(map(repr, entity.constant[:_NAMED]))
    more = ", ..." if len(entity.constant) > _NAMED else ""
    others = f" (so do {', '.join(map(repr, also[:_NAMED]))})" if also else ""
    return Finding(
        "repeated_entities",
        "warning",
        f"column {entity.name!r} seems to name entities that come back{others}: "
        f"{entity.value_count:,} values with {entity.rows_per_value:.1f} rows each, within which "
        f"{len(entity.constant)} of {entity.informative_count} columns stay the same ({named}{more}). "
        "What is learnt of one by heart would count as skill.",
        "Name it in data.group_column, and use split.strategy group if new ones are to be scored.",
        (entity.name,),
        {
            "value_count": entity.value_count,
            "rows_per_value": entity.rows_per_value,
            "constant_count": len(entity.constant),
            "informative_count": entity.informative_count,
        },
    )


def _candidates(sample: LeakSample, wanted: Wanted) -> Iterator[tuple[str, IntArray]]:
    """Yield the codes of every text and whole number with values enough to name entities."""
    carried = [*wanted.data.id_columns, *wanted.data.passthrough_columns]
    beside = {name: column_values(sample.frame[name]) for name in dict.fromkeys(carried)}
    for name, values in {**sample.features, **beside}.items():
        if _is_time(sample.frame[name]):
            continue
        numbers, codes = values.numbers, values.codes
        if numbers is not None:
            if not are_whole(values.ordered):
                continue
            codes = np.asarray(pd.factorize(pd.Series(numbers))[0])
        if codes is not None and codes.max() + 1 >= FEWEST_VALUES:
            yield name, codes


def _is_time(column: "pd.Series[Any]") -> bool:
    """Say whether a column holds times or durations, which may well be all different."""
    return held(column) in SECONDS or feature_times(column) is not None


def _numeric_id(sample: LeakSample, frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    limit = wanted.limits.id_like_unique_rate
    for name, values in sample.features.items():
        if values.numbers is None or _is_time(sample.frame[name]):
            continue
        # What repeats in the sample repeats in the table.
        if is_numeric_id(values.ordered, limit) is None:
            continue
        rate = is_numeric_id(column_values(frame[name]).ordered, limit)
        if rate is not None:
            yield Finding(
                "numeric_id",
                "warning",
                f"feature {name!r} has whole numbers of which {rate:.1%} are distinct, like an id.",
                "List it in data.id_columns, or exclude it: it can only be learnt by heart.",
                (name,),
                {"unique_rate": rate},
            )


SHARING_CHECKS: tuple[SharingCheck, ...] = (
    _row_order,
    _after_decision,
    _repeated_entities,
    _numeric_id,
)
