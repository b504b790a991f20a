"""Checks of `interpret.expected_direction`: its names are features that are numbers."""

from collections.abc import Iterator, Mapping

import pandas as pd

from assay.checks.findings import Finding, Wanted
from assay.errors import AssayError, nearest
from assay.schema import infer_schema


def find_directions(
    frame: pd.DataFrame, wanted: Wanted, expected: Mapping[str, str]
) -> Iterator[Finding]:
    """Find names of `interpret.expected_direction` that are no numeric feature.

    Parameters
    ----------
    frame : DataFrame
        The rows that are modelled.
    wanted : Wanted
    expected : mapping of str to str
        The key's value: directions by feature. Parts of times go by the names that models see, such as
        `departure.month`.

    Yields
    ------
    Finding
        `expected_direction`, an error.
    """
    if not expected:
        return
    # Labels play no part, and may be what another check refuses.
    task = wanted.task.model_copy(update={"positive_label": None})
    try:
        schema = infer_schema(frame, wanted.data, task, wanted.datetimes, wanted.datetime_reference)
    except (AssayError, KeyError, TypeError, ValueError):
        # Another check tells what is wrong with the columns.
        return
    kinds = {feature.name: feature.kind for feature in schema.features}
    numbers = [name for name, kind in kinds.items() if kind == "numeric"]
    for name in expected:
        if kinds.get(name) == "numeric":
            continue
        fault = f"interpret.expected_direction names {name!r}, which is {_what(name, kinds, frame, wanted)}"
        close = nearest(name, numbers)
        hint = f" Nearest: {close}." if close else ""
        yield Finding(
            "expected_direction",
            "error",
            f"{fault}; expected a feature that is a number.{hint}",
            "Correct the name, or delete the entry.",
            (name,),
        )


def _what(name: str, kinds: Mapping[str, str], frame: pd.DataFrame, wanted: Wanted) -> str:
    if name in kinds:
        return "a category"
    if name in wanted.data.exclude_columns:
        return "in data.exclude_columns"
    role = wanted.declared.get(name)
    if role:
        return f"in {role}"
    return "no feature" if name in frame.columns else "not in the table"
