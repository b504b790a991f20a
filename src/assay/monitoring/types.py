"""Columns that come in another type than training had them in."""

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from assay.batch.counts import Counts
from assay.column_types import MIXED, NOTHING, NUMBERS, TEXTS, held, held_by_dtype
from assay.errors import counted, shown
from assay.monitoring.check import Check
from assay.monitoring.watch import Watch
from assay.schema import Schema

_NUMBERS = ("int", "uint", "float", "bool", "decimal")
_TEXTS = ("object", "str", "string", "large_string")


def held_in_training(dtype: str) -> str | None:
    """Return what a column of a dtype held; None where the dtype does not tell.

    Parameters
    ----------
    dtype : str
        From `assay.column_types.dtype_name`.
    """
    known = held_by_dtype(dtype)
    if known is not None:
        return known
    plain = dtype.lower()
    if plain.startswith(_NUMBERS):
        return NUMBERS
    return TEXTS if plain.startswith(_TEXTS) else None


def type_checks(types: Mapping[str, pa.DataType], counts: Counts, watch: Watch) -> list[Check]:
    """Return a check for each column that the model reads, where columns have types.

    Chance has no part in it. The effect is the share of values that are read as something else: of texts
    among numbers those that were counted; all, where a category comes as a number or a number as a text.

    Parameters
    ----------
    types : dict of str to DataType
        Of the columns of the batch, whose place knows types.
    counts : Counts
        Of the batch.
    watch : Watch
    """
    checks = []
    for name, dtype in _trained(types, watch.schema).items():
        trained, now = held_in_training(dtype), held(types[name])
        told = counts.coerced.get(name, {})
        read = sum(told.values())
        if trained is None and not read:
            continue
        other = trained is not None and now not in {trained, NOTHING, MIXED}
        rate = min(1.0, read / counts.rows_in) if read else float(other)
        checks.append(_check(name, rate, str(types[name]), dtype, told, counts.rows_in, watch))
    return checks


def _trained(types: Mapping[str, pa.DataType], schema: Schema) -> dict[str, str]:
    """Return the dtype in training of each column that the model reads, and that has a type now."""
    found: dict[str, str] = {}
    for feature in schema.features:
        found.setdefault(feature.source, feature.source_dtype)
        if feature.reference and feature.reference_dtype:
            found.setdefault(feature.reference, feature.reference_dtype)
    return {name: dtype for name, dtype in found.items() if name in types}


def _check(
    name: str,
    rate: float,
    kind: str,
    dtype: str,
    told: Mapping[str, int],
    rows: int,
    watch: Watch,
) -> Check:
    check = Check(
        "inputs", name, "type", rate, 0.0, rate, 0.0, 0.0, 0.0,
        f"{shown(name)}: {rate:.1%} of {counted(rows, 'row')} had to be read as something else"
        f"{f' ({_coercions(told)})' if told else ''}: it comes as {kind}, and was {dtype} in training.",
        f"Look at what writes {shown(name)}: a column of another type often has another unit, code or "
        "spelling too.",
    )  # fmt: skip
    warn, alarm = watch.limits("rate", check.key)
    # Values are read as what they say; what they say is asked by the other checks.
    brief = f"{shown(name)} comes as {kind}, and was {dtype} in training"
    return replace(check, warn_from=warn, alarm_from=alarm, at_most="warning", brief=brief)


def _coercions(told: Mapping[str, int]) -> str:
    return ", ".join(f"{kind.replace('_', ' ')}: {count:,}" for kind, count in sorted(told.items()))


def type_notes(types: Mapping[str, pa.DataType], counts: Counts, schema: Schema) -> dict[str, str]:
    """Return what is told beside a column that comes in another type, whatever became of its values.

    Parameters
    ----------
    types : dict of str to DataType
        Of the columns of the batch, whose place knows types.
    counts : Counts
    schema : Schema
    """
    notes = {}
    for name, dtype in _trained(types, schema).items():
        trained, now = held_in_training(dtype), held(types[name])
        told = counts.coerced.get(name, {})
        if (trained is None or now in {trained, NOTHING}) and not told:
            continue
        read = f"; {_coercions(told)}" if told else ""
        notes[name] = f"comes as {types[name]}, was {dtype} in training{read}"
    return notes
