"""Watched slices as JSON and back, and which rows of a batch are theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt

from assay.monitoring.rows import ScoredRows
from assay.schema import Schema
from assay.slices.conditions import (
    Condition,
    Equals,
    Missing,
    Slice,
    Source,
    Values,
    View,
    Within,
)
from assay.time_features import Part, part_values

_KINDS: Mapping[str, type[Condition]] = {
    "equals": Equals,
    "missing": Missing,
    "within": Within,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def slice_json(each: Slice) -> dict[str, Any]:
    """Return a slice as a JSON-like value; infinite ends are null."""
    conditions = []
    for condition in each.conditions:
        told = asdict(condition) | {"source": list(condition.source)}
        if isinstance(condition, Within):
            ends = {"low": condition.low, "high": condition.high}
            told |= {name: end if np.isfinite(end) else None for name, end in ends.items()}
        conditions.append({"is": _NAMES[type(condition)], **told})
    return {
        "feature": each.feature,
        "name": each.name,
        "kind": each.kind,
        "conditions": conditions,
    }


def slice_of_json(content: Mapping[str, Any]) -> Slice:
    """Read back what `slice_json` gave; other members are ignored."""
    conditions = tuple(map(_condition, content["conditions"]))
    return Slice(content["feature"], content["name"], content["kind"], conditions)


def _condition(content: Mapping[str, Any]) -> Condition:
    told = dict(content)
    kind = _KINDS[told.pop("is")]
    told["source"] = tuple(told["source"])
    if kind is Within:
        told["low"] = -np.inf if told["low"] is None else float(told["low"])
        told["high"] = np.inf if told["high"] is None else float(told["high"])
    return kind(**told)


def memberships(rows: ScoredRows, slices: Sequence[Slice], schema: Schema) -> npt.NDArray[np.bool_]:
    """Return which rows belong to which slices.

    Parameters
    ----------
    rows : ScoredRows
    slices : sequence of Slice
        Of features, and of what comes again in time: months of the year, weekdays, hours.
    schema : Schema

    Returns
    -------
    ndarray of bool, shape (n, s)
        False where a slice is cut by time and the rows have none.
    """
    view = _view(rows, {source for each in slices for source in each.sources}, schema)
    inside = np.zeros((len(rows), len(slices)), dtype=bool)
    for number, each in enumerate(slices):
        if each.sources <= view.keys():
            inside[:, number] = each.inside(view)
    return inside


def _view(rows: ScoredRows, sources: set[Source], schema: Schema) -> View:
    view: dict[Source, Values] = {}
    for name, part in sorted(sources):
        if part == "":
            view[name, part] = rows.features[name].to_numpy()
        elif part in get_args(Part) and name == schema.time_column and rows.times is not None:
            view[name, part] = part_values(rows.times, cast(Part, part))
    return view
