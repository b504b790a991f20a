"""Checks of a table's content: key, groups, and what is in the features."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from assay.checks.costs import COST_CONTENT_CHECKS
from assay.checks.findings import Check, Finding, Wanted
from assay.column_types import NUMBERS, TEXTS, dtype_name, held
from assay.schema import LARGEST, column_kind


def _key(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    names = wanted.data.id_columns
    if not names:
        return
    if frame[names].isna().any(axis=None):
        yield Finding(
            "key_missing",
            "error",
            f"the key ({', '.join(names)}) has missing values, expected none.",
            "Give every row a key, or name other id columns.",
            tuple(names),
        )
    repeated = int(frame.duplicated(names).sum())
    if repeated:
        example = frame.loc[frame.duplicated(names), names].iloc[0].tolist()
        yield Finding(
            "key_repeated",
            "error",
            f"the key ({', '.join(names)}) is repeated in {repeated} rows, such as {example}.",
            "Drop the repeats, or name the columns that do identify a row.",
            tuple(names),
            {"repeated_count": repeated},
        )


def _group_missing(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    name = wanted.data.group_column
    if name and frame[name].isna().any():
        count = int(frame[name].isna().sum())
        yield Finding(
            "group_missing",
            "error",
            f"data.group_column {name!r} is missing in {count} rows, expected none.",
            "Give each row its entity, or set data.group_column to null.",
            (name,),
            {"missing_count": count},
        )


def _infinite(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        if not pd.api.types.is_float_dtype(frame[name]):
            continue
        values = np.abs(frame[name].to_numpy(dtype=float, na_value=np.nan))
        for count, fault in (
            (int(np.isinf(values).sum()), "infinite"),
            (int(((values > LARGEST) & np.isfinite(values)).sum()), f"beyond {LARGEST:.2g}"),
        ):
            if count:
                yield Finding(
                    "infinite_values",
                    "error",
                    f"feature {name!r} is {fault} in {count} rows, expected finite numbers that a "
                    "model can compute with.",
                    "Mend the division or the overflow that made them, or leave them missing.",
                    (name,),
                    {"infinite_count": count},
                )


def _constant(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        distinct = frame[name].nunique(dropna=True)
        if distinct == 0:
            yield Finding(
                "all_missing",
                "warning",
                f"feature {name!r} has no value at all.",
                "Mend its source, or exclude it.",
                (name,),
            )
        elif distinct == 1 and frame[name].notna().all():
            yield Finding(
                "constant",
                "warning",
                f"feature {name!r} has one value only, {frame[name].iloc[0]!r}.",
                "Exclude it; it can teach nothing.",
                (name,),
            )


def _missingness(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        rate = float(frame[name].isna().mean())
        if wanted.limits.max_missing_rate < rate < 1:
            yield Finding(
                "missing_rate",
                "warning",
                f"feature {name!r} is missing in {rate:.1%} of rows, above "
                f"{wanted.limits.max_missing_rate:.0%} (validate.max_missing_rate).",
                "Ask why; a value that is filled in late may leak the outcome.",
                (name,),
                {"missing_rate": rate},
            )


def _duplicates(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    names = wanted.features(frame)
    if not names:
        return
    rate = float(frame.duplicated([*names, wanted.data.target]).mean())
    if rate > wanted.limits.max_duplicate_rate:
        yield Finding(
            "duplicate_rows",
            "warning",
            f"{rate:.1%} of rows repeat another in every feature and the target, above "
            f"{wanted.limits.max_duplicate_rate:.1%} (validate.max_duplicate_rate).",
            "If they are copies of one case, drop them: across the split they flatter the score. If "
            "they are different cases that coincide, as in a table of few values, keep them, and accept "
            "the finding in validate.ignore with the reason.",
            evidence={"duplicate_rate": rate},
        )


def _id_like(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        column = frame[name]
        # Numbers have a check of their own, `numeric_id`: quantities may well be distinct.
        if pd.api.types.is_numeric_dtype(column) or not column.notna().any():
            continue
        if held(column) not in {NUMBERS, TEXTS} or dtype_name(column) == "decimal":
            # Times, durations and amounts may well be all different.
            continue
        rate = column.nunique() / int(column.notna().sum())
        if rate > wanted.limits.id_like_unique_rate:
            yield Finding(
                "id_like",
                "warning",
                f"feature {name!r} has {rate:.0%} distinct values, like an id.",
                "List it in data.id_columns, or exclude it: it can only be learnt by heart.",
                (name,),
                {"unique_rate": rate},
            )


def _category_count(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    for name in wanted.features(frame):
        if column_kind(frame[name], name in wanted.data.categorical_columns) != "categorical":
            continue
        count = int(frame[name].nunique())
        if count > wanted.limits.max_category_count:
            yield Finding(
                "many_categories",
                "warning",
                f"feature {name!r} has {count} categories, above "
                f"{wanted.limits.max_category_count} (validate.max_category_count).",
                "Group the rare ones in the source; they share one column here.",
                (name,),
                {"category_count": count},
            )


CONTENT_CHECKS: tuple[Check, ...] = (
    _key,
    _group_missing,
    _infinite,
    _constant,
    _missingness,
    _duplicates,
    _id_like,
    _category_count,
    *COST_CONTENT_CHECKS,
)
